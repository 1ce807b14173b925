"""One function with a program for CPUs and another for all else, chosen when it is compiled."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir


def by_platform(cpu: Callable, others: Callable, like: Callable) -> Callable:
    """Return a function of trees of arrays that is `cpu` on a CPU and `others` elsewhere.

    As `jax.lax.platform_dependent`, but only what is compiled is traced: half of the time that a
    large circuit takes. Derivatives are those of `others`; a batch is computed one by one.

    Args:
        cpu: function of trees of arrays.
        others: the same function for all platforms.
        like: the arguments that have the result's shapes and types, as one tree.

    >>> double = by_platform(lambda x: 2 * x, lambda x: x + x, like=lambda x: x)
    >>> print(jax.jit(double)(3.0))
    6.0
    """

    def call(*args):
        flat, tree = jax.tree.flatten(args)
        shape = jax.tree.structure(like(*args))
        made = _by_platform.bind(*flat, cpu=cpu, others=others, like=like, tree=tree)
        return jax.tree.unflatten(shape, made)

    return call


_by_platform = Primitive("by_platform")
_by_platform.multiple_results = True


def _leaves(which: str):
    def function(*flat, tree, **functions):
        return jax.tree.leaves(functions[which](*jax.tree.unflatten(tree, flat)))

    return function


def _shapes(*flat, **options):
    return [ShapedArray(x.shape, x.dtype) for x in _leaves("like")(*flat, **options)]


def _one_by_one(arrays, dims, **options):
    moving = [at for at, dim in enumerate(dims) if dim is not None]

    def one(moved):
        given = dict(zip(moving, moved, strict=True))
        return _by_platform.bind(*(given.get(at, x) for at, x in enumerate(arrays)), **options)

    made = jax.lax.map(one, [jnp.moveaxis(arrays[at], dims[at], 0) for at in moving])
    return made, [0] * len(made)


def _others_change(primals, tangents, **options):
    changes = tuple(map(ad.instantiate_zeros, tangents))
    return jax.jvp(partial(_leaves("others"), **options), tuple(primals), changes)


def _here(*flat, **options):
    return _leaves("cpu" if jax.default_backend() == "cpu" else "others")(*flat, **options)


_by_platform.def_impl(_here)
_by_platform.def_abstract_eval(_shapes)
mlir.register_lowering(_by_platform, mlir.lower_fun(_leaves("cpu"), True), platform="cpu")
mlir.register_lowering(_by_platform, mlir.lower_fun(_leaves("others"), True))
batching.primitive_batchers[_by_platform] = _one_by_one
ad.primitive_jvps[_by_platform] = _others_change
