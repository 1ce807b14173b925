"""Quadratic unconstrained binary optimisation (QUBO), the one kind of problem annealers take.

    E(b) = sum_i linear_i b_i + sum_{i<j} quadratic_ij b_i b_j + offset,        b_i in {0, 1}

The Ising model is the same function of the spins s = 2 b - 1 in {-1, +1}. Everything here is NumPy
in double precision on the host; energies carry the unit of the coefficients.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

BLOCK = 2**22  # numbers held at a time by a vectorised sum: 32 MiB, whatever is asked for


class Coo(NamedTuple):
    """Couplings as coordinates: `values[k]` couples variables `rows[k] < cols[k]`, once each."""

    rows: np.ndarray
    cols: np.ndarray
    values: np.ndarray


class Qubo(NamedTuple):
    """A QUBO of `n` variables: `linear` (n,), `quadratic` strictly upper (n, n) or `Coo`, `offset`.

    Build one with `qubo_from_matrix`, `qubo_from_terms` or `qubo_from_ising`, which fold whatever
    stands below the diagonal into the upper triangle. No variables at all is a valid problem with
    one answer, the empty bit string of energy `offset`.
    """

    linear: np.ndarray
    quadratic: np.ndarray | Coo
    offset: float = 0.0

    @property
    def n_variables(self) -> int:
        """Number of variables `n`."""
        return len(self.linear)

    def energy(self, bits: Any) -> Any:
        """Energies (...) of the bit strings `bits` (..., n) of 0 and 1, in bounded memory.

        Raises:
            ValueError: `bits` has another last axis than n, or holds anything but 0 and 1.

        >>> qubo_from_matrix([[1.0, -3.0], [0.0, 1.0]]).energy([[0, 0], [0, 1], [1, 1]])
        array([ 0.,  1., -1.])
        """
        bits = np.asarray(bits)
        if bits.ndim == 0 or bits.shape[-1] != self.n_variables:
            raise ValueError(
                f"Argument `bits` must have shape (..., {self.n_variables}), "
                f"but has shape {bits.shape}."
            )
        couplings = len(self.quadratic.values) if isinstance(self.quadratic, Coo) else 0
        return by_blocks(self._block_energy, bits, max(self.n_variables, couplings))

    def _block_energy(self, bits: np.ndarray) -> np.ndarray:
        if not ((bits == 0) | (bits == 1)).all():
            raise ValueError("Argument `bits` must hold 0 and 1 only; spins are `2 * bits - 1`.")
        if isinstance(self.quadratic, Coo):
            from scipy.sparse import coo_array

            rows, cols, values = self.quadratic
            coupled = coo_array((values, (rows, cols)), shape=(self.n_variables,) * 2).tocsr()
            pairs = np.einsum("rn,nr->r", bits, coupled @ bits.T)
        else:
            pairs = ((bits @ self.quadratic) * bits).sum(axis=-1)
        return bits @ self.linear + pairs + self.offset


def by_blocks(function: Callable, x: np.ndarray, width: int) -> Any:
    """Map `function`, (r, q) -> (r,), over the last axis of `x` (..., q) in blocks of rows.

    `width` is the number of floats `function` holds for one row; the blocks are made so small that
    no more than `BLOCK` floats are held at once.

    >>> by_blocks(lambda rows: rows.sum(axis=1), np.ones((2, 3, 4)), 4)
    array([[4., 4., 4.],
           [4., 4., 4.]])
    """
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    step = max(1, BLOCK // max(1, width))
    out = np.empty(len(rows))
    for start in range(0, len(rows), step):
        out[start : start + step] = function(rows[start : start + step].astype(float))
    return out.reshape(x.shape[:-1])[()]


def finite(name: str, values: Any, *, ndim: int | None = None) -> np.ndarray:
    """Argument `name` as a finite real array of `ndim` axes (any number if None), else an error.

    >>> finite("penalty", float("nan"))
    Traceback (most recent call last):
    ValueError: Argument `penalty` must be finite, but holds NaN or infinity.
    """
    if np.iscomplexobj(values):
        raise TypeError(f"Argument `{name}` must be real, but is complex.")
    array = np.asarray(values, dtype=float)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"Argument `{name}` must have {ndim} axes, but has shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"Argument `{name}` must be finite, but holds NaN or infinity.")
    return array


def qubo_from_matrix(matrix: Any, offset: float = 0.0) -> Qubo:
    """The QUBO of energy b.matrix.b + offset, for any square `matrix` (n, n).

    The diagonal becomes the linear part (b_i squared is b_i); entries below it are added to their
    mirror images, so upper, lower and symmetric forms of one problem give one QUBO.

    Raises:
        ValueError: `matrix` is not square, or not finite.

    >>> qubo_from_matrix([[1.0, 0.0], [2.0, -1.0]]).quadratic
    array([[0., 2.],
           [0., 0.]])
    """
    matrix = finite("matrix", matrix, ndim=2)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"Argument `matrix` must be square, but has shape {matrix.shape}.")
    upper = np.triu(matrix, 1) + np.tril(matrix, -1).T
    return Qubo(matrix.diagonal().copy(), upper, float(finite("offset", offset)))


def qubo_from_terms(
    terms: Mapping | Coo | tuple, n: int | None = None, offset: float = 0.0
) -> Qubo:
    """The QUBO whose energy is the sum of `terms`, with sparse couplings.

    Args:
        terms: {(i,) or (i, j): value}, or three arrays (rows, cols, values) of one length. Pairs
            may come reversed or more than once: they are summed. i == j is a linear term.
        n: number of variables; by default the largest index plus one. A larger `n` leaves
            variables that occur in no term, which is allowed.
        offset: constant term.

    Raises:
        ValueError: an index is negative, not an integer or not below `n`; lengths differ; a value
            is not finite.

    >>> qubo_from_terms({(2, 0): 1.0, (0, 2): 0.5, (1,): -1.0}).quadratic
    Coo(rows=array([0]), cols=array([2]), values=array([1.5]))
    """
    rows, cols, values = _triples(terms)
    least = int(max(rows.max(initial=-1), cols.max(initial=-1))) + 1
    n = least if n is None else n
    if n < least or min(rows.min(initial=0), cols.min(initial=0)) < 0:
        raise ValueError(f"Argument `terms` must have indices from 0 to {n - 1}, but has others.")
    single = rows == cols
    linear = np.bincount(rows[single], values[single], minlength=n).astype(float)
    low, high = np.minimum(rows, cols)[~single], np.maximum(rows, cols)[~single]
    pairs, place = np.unique(low * n + high, return_inverse=True)
    summed = np.bincount(place, values[~single], minlength=len(pairs))
    couplings = Coo(pairs // max(n, 1), pairs % max(n, 1), summed)
    return Qubo(linear, couplings, float(finite("offset", offset)))


def _triples(terms: Mapping | Coo | tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`terms` as integer rows, integer cols and finite values of one length."""
    if isinstance(terms, Mapping):
        if any(not isinstance(key, tuple) or len(key) not in (1, 2) for key in terms):
            raise ValueError("Argument `terms` must have keys (i,) or (i, j), but has others.")
        terms = ([k[0] for k in terms], [k[-1] for k in terms], list(terms.values()))
    rows, cols = (np.asarray(index) if len(index) else np.zeros(0, int) for index in terms[:2])
    values = finite("terms", terms[2], ndim=1)
    if not rows.shape == cols.shape == values.shape:
        raise ValueError("Argument `terms` must have rows, cols and values of one length.")
    if rows.dtype.kind not in "iu" or cols.dtype.kind not in "iu":
        raise ValueError("Argument `terms` must have integer indices, but has others.")
    return rows.astype(np.int64), cols.astype(np.int64), values


def validated(qubo: Qubo) -> Qubo:
    """`qubo` with every promise of its docstring kept, whoever built it; samplers start with this.

    Raises:
        ValueError: shapes do not fit each other, or a coefficient is not finite.

    >>> validated(Qubo(np.zeros(2), np.array([[0.0, 0.0], [2.0, 0.0]]))).quadratic
    array([[0., 2.],
           [0., 0.]])
    """
    linear = finite("qubo.linear", qubo.linear, ndim=1)
    n = len(linear)
    if isinstance(qubo.quadratic, Coo):
        finite("qubo.quadratic.values", qubo.quadratic.values, ndim=1)
        folded = qubo_from_terms(qubo.quadratic, n, qubo.offset)
    else:
        finite("qubo.quadratic", qubo.quadratic, ndim=2)
        folded = qubo_from_matrix(qubo.quadratic, qubo.offset)
    if folded.n_variables != n:
        raise ValueError(
            f"Argument `qubo` must have one linear coefficient for each of its "
            f"{folded.n_variables} variables, but has {n}."
        )
    return folded._replace(linear=linear + folded.linear)


def qubo_to_matrix(qubo: Qubo) -> np.ndarray:
    """Upper-triangular matrix (n, n) of `qubo`, linear part on the diagonal, without the offset.

    >>> qubo_to_matrix(qubo_from_terms({(1,): 3.0, (1, 0): 2.0}))
    array([[0., 2.],
           [0., 3.]])
    """
    return as_dense(qubo).quadratic + np.diag(qubo.linear)


def as_dense(qubo: Qubo) -> Qubo:
    """The same problem with couplings as a strictly upper-triangular matrix (n, n).

    >>> as_dense(qubo_from_terms({(1, 0): 2.0})).quadratic
    array([[0., 2.],
           [0., 0.]])
    """
    if not isinstance(qubo.quadratic, Coo):
        return qubo
    matrix = np.zeros((qubo.n_variables, qubo.n_variables))
    matrix[qubo.quadratic.rows, qubo.quadratic.cols] = qubo.quadratic.values
    return qubo._replace(quadratic=matrix)


def as_coo(qubo: Qubo) -> Qubo:
    """The same problem with its non-zero couplings as coordinates.

    >>> as_coo(qubo_from_matrix([[0.0, 2.0], [0.0, 0.0]])).quadratic
    Coo(rows=array([0]), cols=array([1]), values=array([2.]))
    """
    if isinstance(qubo.quadratic, Coo):
        return qubo
    rows, cols = np.nonzero(qubo.quadratic)
    return qubo._replace(quadratic=Coo(rows, cols, qubo.quadratic[rows, cols]))
