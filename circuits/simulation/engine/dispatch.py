"""One JAX operation for a whole circuit, so that JAX tells us what is asked of it.

Tracing a function of one sample hides that it will be mapped over a batch or differentiated, yet
the best program depends on both. As an operation of its own, a circuit is told: under `vmap` its
arrays gain a batch as the last axis, and where it is differentiated the program that is made for
gradients takes its place. All JAX transformations compose with it as with any other operation.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

Program = Callable[..., jax.Array]


def circuit_operation(name: str, forward: Program, gradient: Program) -> Program:
    """Return a function of arrays whose program depends on how it is used.

    Args:
        name: shown in jaxprs.
        forward: ``(*arrays, **options)``, for arrays (size,) or (size, b) with one b, returns an
            array of shape `out`, or (*out, b) where an array is batched.
        gradient: the same function in a form that is good to differentiate.

    Returns:
        ``(*arrays, out, dtype, **options)`` for arrays (size,); options must be hashable.

    >>> double = circuit_operation("double", lambda x, **_: 2 * x, lambda x, **_: 2 * x)
    >>> rows = jax.vmap(lambda x: double(x, out=(1,), dtype=x.dtype))(jnp.ones((3, 1)))
    >>> print(rows.ravel())
    [2. 2. 2.]
    """
    primitive = Primitive(name)

    def plain(function, *arrays, out, dtype, **options):
        del out, dtype
        return function(*arrays, **options)

    @lru_cache(maxsize=512)
    def compiled(function, options):
        return jax.jit(partial(plain, function, **dict(options)))

    def batch(arrays, dims, *, out, **options):
        arrays, sizes = _batch_last(arrays, dims)
        if not prod(sizes):  # nothing to run, and no program is made for it
            return jnp.zeros((*out, *sizes), options["dtype"]), len(out)
        made = primitive.bind(*arrays, out=out, **options)
        return made.reshape(*out, *sizes), len(out)

    def derive(primals, tangents, **options):
        function, arrays = compiled(gradient, tuple(options.items())), list(primals)
        # Where JAX knows that nothing moves, no derivative is computed only to be dropped.
        moving = [at for at, each in enumerate(tangents) if not isinstance(each, ad.Zero)]

        def move(*moved):
            for at, array in zip(moving, moved, strict=True):
                arrays[at] = array
            return function(*arrays)

        return jax.jvp(move, [primals[at] for at in moving], [tangents[at] for at in moving])

    def run(*arrays, **options):
        return compiled(forward, tuple(options.items()))(*arrays)

    primitive.def_impl(run)
    primitive.def_abstract_eval(_abstract)
    mlir.register_lowering(primitive, mlir.lower_fun(partial(plain, forward), False))
    batching.primitive_batchers[primitive] = batch
    ad.primitive_jvps[primitive] = derive
    return primitive.bind


def _abstract(*arrays, out, dtype, **options):
    del options
    sizes = [array.shape[1] for array in arrays if array.ndim == 2]
    return ShapedArray((*out, *sizes[:1]), dtype)


def _batch_last(
    arrays: Sequence[jax.Array], dims: Sequence[int | None]
) -> tuple[list[jax.Array], tuple[int, ...]]:
    """Arrays (size,) or (size, b) after one more mapping, and the sizes that b is made of.

    A mapping of what is mapped already makes one batch of both, the outer one first.
    """
    moved = [
        x if dim is None else jnp.moveaxis(x, dim, 1) for x, dim in zip(arrays, dims, strict=True)
    ]
    mapped = [dim is not None for dim in dims]
    outer = next(x.shape[1] for x, new in zip(moved, mapped, strict=True) if new)
    inner = next(
        (x.shape[-1] for x, new in zip(moved, mapped, strict=True) if x.ndim == 2 + new), None
    )
    if inner is None:
        return moved, (outer,)
    return [_join(x, new, outer, inner) for x, new in zip(moved, mapped, strict=True)], (
        outer,
        inner,
    )


def _join(array: jax.Array, is_outer: bool, outer: int, inner: int) -> jax.Array:
    is_inner = array.ndim == 2 + is_outer
    if not is_inner and not is_outer:
        return array
    shape: tuple[Any, ...] = (array.shape[0], outer if is_outer else 1, inner if is_inner else 1)
    whole = jnp.broadcast_to(array.reshape(shape), (array.shape[0], outer, inner))
    return whole.reshape(array.shape[0], prod((outer, inner)))


def linear_operation(
    name: str, forward: Callable, transposed: Callable, like: Callable
) -> Callable:
    """Return ``(residual, linear) -> forward(residual, linear)`` with a transpose of its own.

    Args:
        name: shown in jaxprs.
        forward: linear in its second argument; both are trees of arrays, and so is the result.
        transposed: ``(residual, cotangent)`` to the cotangent of `linear`, one tree, too.
        like: the part of the residual that has the result's shapes and types.

    Unlike `jax.custom_vjp`, forward mode and derivatives of any order work too: they see `forward`.

    >>> times = lambda r, x: r * x
    >>> scale = linear_operation("scale", times, times, like=lambda r: r)
    >>> square = lambda x: scale(x, x)
    >>> print(jax.grad(lambda x: scale(3.0, x))(2.0), jax.jvp(square, (3.0,), (1.0,))[1])
    3.0 6.0
    """
    primitive = Primitive(name)
    primitive.multiple_results = True

    def run(*flat, trees):
        residual, linear = _unflatten(flat, trees)
        return jax.tree.leaves(forward(residual, linear))

    def derive(primals, tangents, trees):
        changes = tuple(ad.instantiate_zeros(tangent) for tangent in tangents)
        return jax.jvp(partial(run, trees=trees), tuple(primals), changes)

    def transpose(cotangents, *flat, trees):
        residual, _ = _unflatten(flat, trees)
        filled = [ad.instantiate_zeros(cotangent) for cotangent in cotangents]
        made = transposed(residual, jax.tree.unflatten(trees[2], filled))
        return [*[None] * trees[0].num_leaves, *jax.tree.leaves(made)]

    def batch(arrays, dims, trees):
        made = jax.vmap(partial(run, trees=trees), dims)(*arrays)
        return made, [0] * len(made)

    def shapes(*flat, trees):
        return [
            ShapedArray(x.shape, x.dtype) for x in jax.tree.leaves(like(_unflatten(flat, trees)[0]))
        ]

    primitive.def_impl(run)
    primitive.def_abstract_eval(shapes)
    mlir.register_lowering(primitive, mlir.lower_fun(run, True))
    ad.primitive_jvps[primitive] = derive
    ad.primitive_transposes[primitive] = transpose
    batching.primitive_batchers[primitive] = batch

    def call(residual, linear):
        (first, tree_first), (second, tree_second) = map(jax.tree.flatten, (residual, linear))
        flat = [jnp.asarray(x) for x in (*first, *second)]
        tree = jax.tree.structure(like(residual))
        return jax.tree.unflatten(
            tree, primitive.bind(*flat, trees=(tree_first, tree_second, tree))
        )

    return call


def _unflatten(flat, trees):
    count = trees[0].num_leaves
    return jax.tree.unflatten(trees[0], flat[:count]), jax.tree.unflatten(trees[1], flat[count:])
