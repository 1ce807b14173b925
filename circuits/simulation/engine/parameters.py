"""The parameter of every operation of a program from the angles: matrices and tables of phases."""

from collections.abc import Iterable, Sequence
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.gates.definitions import generator_diagonal
from circuits.simulation.engine.kernels import Matrix, Phases, Theta
from circuits.simulation.engine.matrices import (
    Angles,
    Pair,
    Places,
    angle_rows,
    block_matrices,
    place_blocks,
)
from circuits.simulation.engine.program import Factor, Op, Program


def make_parameters(
    program: Program, angles: Angles
) -> tuple[list[Theta], list[Theta], list[Theta]]:
    """Return the parameters of the operations before, inside and after the repeats.

    Args:
        program: of a circuit.
        angles: `{segment: (size,) or (size, b)}` in radians.

    Returns:
        one parameter an operation; those of the repeats have a leading axis, one row a repeat.
    """
    places = places_of(program)
    return take_parameters(program, places, block_matrices(places, angles), angles)


def places_of(program: Program) -> Places:
    """Return where the matrices of all blocks of a program stand."""
    ops = (*program.before, *(op for each in program.repeats for op in each), *program.after)
    return place_blocks(block for op in ops for block in op.blocks)


def take_parameters(
    program: Program, places: Places, arrays: Sequence[jax.Array], angles: Angles
) -> tuple[list[Theta], list[Theta], list[Theta]]:
    """Return what `make_parameters` does, from the matrices of all blocks."""

    def stacked(ops: Sequence[Op]) -> Theta:
        match ops[0].kernel:
            case Matrix():
                each = zip(*(op.blocks for op in ops), strict=True)
                return reduce(_kron, [places.take(arrays, blocks) for blocks in each])
            case Phases(wires):
                return _tables(wires, [op.factors for op in ops], angles)
        return None

    def single(op: Op) -> Theta:
        return jax.tree.map(lambda x: x[0], stacked([op]))

    inside = [stacked(ops) for ops in zip(*program.repeats, strict=True)]
    return list(map(single, program.before)), inside, list(map(single, program.after))


def _kron(first: Pair, second: Pair) -> Pair:
    """Kronecker products (r, K L, K L) of matrices (r, K, K) and (r, L, L), no batch."""
    rows, size = first[0].shape[0], first[0].shape[1] * second[0].shape[1]

    def times(a, b):
        return (a[:, :, None, :, None] * b[:, None, :, None, :]).reshape(rows, size, size)

    (a, b), (c, d) = first, second
    return times(a, c) - times(b, d), times(a, d) + times(b, c)


def constant_table(wires: Sequence[int], factors: Iterable[Factor]) -> npt.NDArray[np.complex128]:
    """Return the product (2**k,) of the constant phases among some factors, on the host.

    >>> from circuits.gates.constants import Constant
    >>> constant_table((0, 1), [Factor((1,), None, Constant([1.0, -1.0]))]).real
    array([ 1., -1.,  1., -1.])
    """
    total = np.ones(2 ** len(wires), complex)
    for factor in factors:
        if factor.values is not None:
            total = total * _spread(factor.values.array, factor.wires, wires)
    return total


def _tables(wires, factors: Sequence[tuple[Factor, ...]], angles: Angles) -> Pair:
    """Tables (r, 2**k) or (r, 2**k, b): products of constant phases and ``exp(-i angle d)``."""
    real = jnp.result_type(float)
    constant = constant_table(wires, factors[0])
    re, im = (jnp.asarray(x, real)[None] for x in (constant.real, constant.imag))
    places = [place for place, factor in enumerate(factors[0]) if factor.gate]
    if not places:
        shape = (len(factors), len(constant))
        return jnp.broadcast_to(re, shape), jnp.broadcast_to(im, shape)
    total = _sum([_turns(wires, [each[place] for each in factors], angles) for place in places])
    cosine, sine = jnp.cos(total), -jnp.sin(total)
    if (constant == 1).all():
        return cosine, sine
    re, im = (x.reshape(1, -1, *(1,) * (total.ndim - 2)) for x in (re, im))
    return re * cosine - im * sine, re * sine + im * cosine


def _turns(wires, column: Sequence[Factor], angles: Angles) -> jax.Array:
    """``angle * d`` (r, 2**k) or (r, 2**k, b) of the factors at one place of r operations."""
    gates = [factor.gate for factor in column if factor.gate]
    values = angle_rows(gates, angles)
    diagonal = _spread(generator_diagonal(gates[0]), gates[0].wires, wires)
    diagonal = jnp.asarray(diagonal, values.dtype).reshape((1, -1) + (1,) * (values.ndim - 1))
    return values[:, None] * diagonal


def _sum(turned: list[jax.Array]) -> jax.Array:
    """Sum of arrays of which some have a batch as one more last axis."""
    ndim = max(each.ndim for each in turned)
    full = [each.reshape(*each.shape, *(1,) * (ndim - each.ndim)) for each in turned]
    return reduce(jnp.add, full)


def _spread(values: npt.NDArray, wires: Sequence[int], home: Sequence[int]) -> npt.NDArray:
    """Values of the basis states of `wires` for every basis state of `home`, which holds them."""
    axes = values.reshape((2,) * len(wires)).transpose(np.argsort(wires))
    shape = [2 if wire in wires else 1 for wire in home]
    return np.broadcast_to(axes.reshape(shape), (2,) * len(home)).reshape(-1)
