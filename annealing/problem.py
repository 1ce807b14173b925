"""A learning task written as a QUBO, with the way back from bits to parameters.

A loss that is quadratic in the parameters stays quadratic under an affine encoding: with
theta = shift + M b the loss theta.A.theta + b.theta + c is a QUBO in the bits, exactly.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from annealing.box_minimum import box_minimum
from annealing.encodings.affine import Encoding
from annealing.qubo import (
    Coo,
    Qubo,
    as_coo,
    by_blocks,
    finite,
    qubo_from_matrix,
    qubo_from_terms,
)


class Problem(NamedTuple):
    """A loss to minimise over bit strings.

    Every problem keeps one law, for every bit string: `qubo.energy(bits)` equals
    `loss(decode(bits)) + penalty(bits)`, the offset being part of the QUBO.

    `decode` maps bits (..., n) to parameters (..., p), `loss` parameters (..., p) to (...);
    `details` says in JSON-able words and numbers what was encoded. `penalty` maps bits (..., n) to
    the price (...) of broken constraints, which is zero where all hold; None: there are none.

    Two ways around the annealer make it honest: `relaxed()` gives the parameters (p,) of the same
    loss minimised classically without bits, and `nearest` maps parameters (p,) to the bits (n,)
    that write them best, so that `decode(nearest(relaxed()))` is the rounded classical solution.

    The functions of a formulation stand at the top of its file, their data bound by
    `functools.partial`: so a problem can be pickled, and with it what was fitted to it.
    """

    qubo: Qubo
    decode: Callable[[Any], np.ndarray]
    loss: Callable[[Any], Any]
    name: str
    details: dict
    penalty: Callable[[Any], Any] | None = None
    relaxed: Callable[[], np.ndarray] | None = None
    nearest: Callable[[Any], np.ndarray] | None = None


def broken(problem: Problem, bits: Any) -> Any:
    """Whether `bits` (..., n) break a constraint of the problem, as booleans (...).

    >>> from annealing.encodings.affine import (spin)
    >>> problem = quadratic_problem(np.zeros((2, 2)), [1.0, 1.0], 0.0, spin(2))
    >>> constrained(problem, choose(2, 1), weight=5.0).qubo.energy([[1, 1], [0, 1]])
    array([7., 0.])
    >>> broken(constrained(problem, choose(2, 1), weight=5.0), [[1, 1], [0, 1]])
    array([ True, False])
    """
    bits = np.asarray(bits)
    if problem.penalty is None:
        return np.zeros(bits.shape[:-1], dtype=bool)[()]
    return problem.penalty(bits) > 0


def quadratic_problem(
    A: Any,
    b: Any,
    c: float,
    encoding: Encoding,
    *,
    loss: Callable | None = None,
    name: str = "quadratic",
    details: Mapping | None = None,
) -> Problem:
    """The problem of minimising theta.A.theta + b.theta + c over the levels of `encoding`.

    Args:
        A: (p, p), need not be symmetric.
        b: (p,).
        c: constant.
        encoding: from bits to the p parameters.
        loss: the same function of parameters (..., p) written in its own way (from the data, say);
            the quadratic form itself by default.
        name: what the problem is called in records.
        details: what else records should say.

    Raises:
        ValueError: shapes do not fit the encoding, or a coefficient is not finite.

    >>> from annealing.encodings.affine import (spin)
    >>> problem = quadratic_problem([[0.0, 1.0], [0.0, 0.0]], [0.5, 0.0], 2.0, spin(2))
    >>> float(problem.qubo.energy([1, 0])), float(problem.loss(problem.decode([1, 0])))
    (1.5, 1.5)
    """
    p = encoding.n_parameters
    A, b, c = finite("A", A, ndim=2), finite("b", b, ndim=1), float(finite("c", c))
    if A.shape != (p, p) or b.shape != (p,):
        raise ValueError(
            f"Arguments `A` and `b` must have shapes {(p, p)} and {(p,)} to fit the encoding, "
            f"but have {A.shape} and {b.shape}."
        )

    return Problem(
        qubo=_compose(A, b, c, encoding),
        decode=encoding.decode,
        loss=partial(_form, A, b, c) if loss is None else loss,
        name=name,
        details={"variables": encoding.n_variables, "parameters": p, **(details or {})},
        relaxed=partial(_minimum, A, b, encoding),
        nearest=encoding.encode,
    )


def constrained(problem: Problem, constraint: Qubo, weight: float | None = None) -> Problem:
    """`problem` with a constraint as a penalty.

    Args:
        problem: over n variables.
        constraint: over the same n, with energy 0 where it holds and at least 1 where not, as
            `choose` makes.
        weight: price of one unit of broken constraint; by default `sufficient_weight`, with which
            no broken bit string is the ground state.

    Raises:
        ValueError: other variables, or a weight that is not positive.

    >>> from annealing.encodings.affine import (binary)
    >>> problem = quadratic_problem(np.eye(3), [-2.0, -2.0, -2.0], 0.0, binary(3))
    >>> bound = constrained(problem, choose(3, 1), weight=3.0)
    >>> bound.qubo.energy([[1, 0, 0], [1, 1, 0], [1, 1, 1]])
    array([-1.,  1.,  9.])
    """
    if constraint.n_variables != problem.qubo.n_variables:
        raise ValueError(
            f"Argument `constraint` must have {problem.qubo.n_variables} variables, "
            f"but has {constraint.n_variables}."
        )
    weight = sufficient_weight(problem.qubo) if weight is None else float(finite("weight", weight))
    if not weight > 0:
        raise ValueError(f"Argument `weight` must be positive, but is weight={weight}.")
    return problem._replace(
        qubo=added(problem.qubo, constraint, weight),
        penalty=partial(_price, constraint, weight, problem.penalty),
        details={**problem.details, "penalty_weight": weight},
    )


def choose(n: int, k: int, among: Any = None) -> Qubo:
    """The constraint that exactly `k` of the variables `among` (indices; all `n`) are 1.

    Its energy is (sum of the bits - k)^2: 0 where it holds, an integer from 1 on where not.

    >>> choose(4, 1, among=[0, 2]).energy([[1, 1, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]])
    array([0., 1., 1.])
    """
    chosen = np.zeros(n)
    chosen[np.arange(n) if among is None else np.asarray(among)] = 1.0
    return qubo_from_matrix(np.outer(chosen, chosen) - 2 * k * np.diag(chosen), float(k * k))


def sufficient_weight(qubo: Qubo) -> float:
    """A price of one unit of broken constraint that no energy of `qubo` can pay for.

    It is a bound on the highest minus the lowest energy, slightly enlarged: safe, and often more
    than needed, which costs an analogue annealer precision; a smaller one can be given and the
    answer checked with `broken`.

    >>> round(sufficient_weight(qubo_from_matrix([[1.0, -2.0], [0.0, 3.0]])), 6)
    6.0
    """
    couplings = qubo.quadratic.values if isinstance(qubo.quadratic, Coo) else qubo.quadratic
    spread = float(np.abs(qubo.linear).sum() + np.abs(couplings).sum())
    return spread * (1 + 1e-9) or 1.0


def added(qubo: Qubo, other: Qubo, weight: float = 1.0) -> Qubo:
    """The QUBO of energy `qubo` + weight * `other`, over the same variables.

    >>> added(choose(2, 1), choose(2, 1), 2.0).energy([[0, 0], [0, 1]])
    array([3., 0.])
    """
    linear = qubo.linear + weight * other.linear
    offset = qubo.offset + weight * other.offset
    first, second = qubo.quadratic, as_coo(other).quadratic
    assert isinstance(second, Coo)
    if isinstance(first, Coo):
        terms = [np.concatenate(pair) for pair in zip(first, second, strict=True)]
        terms[2][len(first.values) :] *= weight
        summed = qubo_from_terms(tuple(terms), qubo.n_variables, offset)
        return summed._replace(linear=linear)
    matrix = first.copy()
    matrix[second.rows, second.cols] += weight * second.values
    return Qubo(linear, matrix, offset)


def _form(A: np.ndarray, b: np.ndarray, c: float, theta: Any) -> Any:
    """theta.A.theta + b.theta + c of parameters `theta` (..., p)."""
    theta = np.asarray(theta, dtype=float)
    return by_blocks(lambda t: ((t @ A) * t).sum(axis=-1) + t @ b + c, theta, len(b))


def _price(constraint: Qubo, weight: float, before: Callable | None, bits: Any) -> Any:
    """What `bits` (..., n) pay for a broken constraint, and for those set `before` it."""
    price = weight * constraint.energy(bits)
    return price if before is None else price + before(bits)


def _minimum(A: np.ndarray, b: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Where theta.A.theta + b.theta is least in the encoding's box; if not convex, a local one."""
    return box_minimum(A, b, *encoding.box())


def _compose(A: np.ndarray, b: np.ndarray, c: float, encoding: Encoding) -> Qubo:
    """The QUBO of the loss theta.A.theta + b.theta + c at theta = shift + M bits."""
    from scipy.sparse import csr_array

    shift, M = encoding.shift, csr_array(encoding.matrix)  # one non-zero a bit: no cubic products
    linear = M.T @ ((A + A.T) @ shift + b)
    constant = float(shift @ A @ shift + b @ shift + c)
    return qubo_from_matrix(M.T @ (A @ M) + np.diag(linear), constant)
