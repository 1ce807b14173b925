"""How bits write down real parameters: an affine map, so that a quadratic loss stays quadratic.

    theta = shift + matrix @ bits

Parameter i owns the `bits` consecutive columns from i * bits on, the most significant bit first.
"""

from typing import Any, NamedTuple

import numpy as np

from annealing.qubo import finite


class Encoding(NamedTuple):
    """The affine map from `n` bits to `p` parameters: `shift` (p,) and `matrix` (p, n)."""

    shift: np.ndarray
    matrix: np.ndarray

    @property
    def n_parameters(self) -> int:
        """Number of parameters `p`."""
        return self.matrix.shape[0]

    @property
    def n_variables(self) -> int:
        """Number of bits `n`."""
        return self.matrix.shape[1]

    def decode(self, bits: Any) -> np.ndarray:
        """Parameters (..., p) written by `bits` (..., n).

        >>> spin(2).decode([[0, 0], [0, 1]])
        array([[-1., -1.],
               [-1.,  1.]])
        """
        bits = np.asarray(bits, dtype=float)
        if bits.ndim == 0 or bits.shape[-1] != self.n_variables:
            raise ValueError(
                f"Argument `bits` must have shape (..., {self.n_variables}), "
                f"but has shape {bits.shape}."
            )
        return self.shift + bits @ self.matrix.T

    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value (p,), (p,) of each parameter.

        >>> [end.tolist() for end in twos_complement(1, 2).box()]
        [[-1.0], [0.5]]
        """
        low = self.shift + np.minimum(self.matrix, 0.0).sum(axis=1)
        return low, self.shift + np.maximum(self.matrix, 0.0).sum(axis=1)

    def encode(self, theta: Any) -> np.ndarray:
        """Bits (n,) of the levels nearest to the parameters `theta` (p,): plain rounding.

        >>> fixed_point(2, 2, 0.0, 3.0).encode([0.6, 9.0])
        array([0, 1, 1, 1], dtype=uint8)
        """
        theta = finite("theta", theta, ndim=1)
        if theta.shape != self.shift.shape:
            raise ValueError(
                f"Argument `theta` must have shape {self.shift.shape}, but has {theta.shape}."
            )
        k = self.n_variables // self.n_parameters
        words = (np.arange(2**k)[:, None] >> np.arange(k)[::-1]) & 1
        own = self.matrix[np.arange(self.n_parameters)[:, None], self._own_columns()]
        distance = np.abs(words @ own.T + self.shift - theta)
        return words[distance.argmin(axis=0)].reshape(-1).astype(np.uint8)

    def _own_columns(self) -> np.ndarray:
        """(p, bits): the columns of each parameter."""
        return np.arange(self.n_variables).reshape(self.n_parameters, -1)


def binary(p: int) -> Encoding:
    """`p` parameters of one bit each, in {0, 1}.

    >>> binary(2).decode([0, 1])
    array([0., 1.])
    """
    return fixed_point(p, 1, 0.0, 1.0)


def spin(p: int) -> Encoding:
    """`p` parameters of one bit each, in {-1, +1}.

    >>> spin(2).decode([0, 1])
    array([-1.,  1.])
    """
    return fixed_point(p, 1, -1.0, 1.0)


def fixed_point(p: int, bits: int, low: Any, high: Any) -> Encoding:
    """`p` parameters on the 2**bits equally spaced levels from `low` to `high`, both included.

    Args:
        p: number of parameters.
        bits: bits of one parameter; the encoding has p * bits variables.
        low: lowest level, one number or (p,).
        high: highest level, one number or (p,). A box that shrinks around the last answer gives
            precision without more bits.

    >>> fixed_point(1, 2, -1.0, 2.0).decode([[0, 0], [0, 1], [1, 0], [1, 1]]).ravel()
    array([-1.,  0.,  1.,  2.])
    """
    _check_sizes(p, bits)
    low, high = np.broadcast_to(finite("low", low), p), np.broadcast_to(finite("high", high), p)
    if not (low < high).all():
        raise ValueError(f"Argument `high` must exceed `low`={low}, but is high={high}.")
    step = (high - low) / (2**bits - 1)
    return Encoding(low.copy(), _blocks(step, 2.0 ** np.arange(bits - 1, -1, -1)))


def twos_complement(p: int, bits: int, scale: Any = 1.0) -> Encoding:
    """`p` signed parameters: scale * (-b_0 + b_1/2 + b_2/4 + ...), from -scale to just below scale.

    The precision vector of Date, Arthur and Pusey-Nazzaro, Sci. Rep. 11, 10029 (2021). The step is
    scale * 2**(1 - bits), and 0 is a level.

    Args:
        p: number of parameters.
        bits: bits of one parameter, the first of which is the sign; at least 2.
        scale: magnitude of the lowest level, one number or (p,), positive.

    >>> twos_complement(1, 2).decode([[0, 0], [0, 1], [1, 0], [1, 1]]).ravel()
    array([ 0. ,  0.5, -1. , -0.5])
    """
    _check_sizes(p, bits, least_bits=2)
    scale = np.broadcast_to(finite("scale", scale), p)
    if not (scale > 0).all():
        raise ValueError(f"Argument `scale` must be positive, but is scale={scale}.")
    return Encoding(np.zeros(p), _blocks(scale, np.r_[-1.0, 0.5 ** np.arange(1, bits)]))


def _blocks(scale: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Block-diagonal (p, p * bits): row i holds scale_i * digits in the columns of parameter i."""
    return np.kron(np.diag(scale), digits)


def _check_sizes(p: int, bits: int, least_bits: int = 1) -> None:
    if p < 1:
        raise ValueError(f"Argument `p` must be a positive int, but is p={p}.")
    if bits < least_bits:
        raise ValueError(
            f"Argument `bits` must be an int from {least_bits} on, but is bits={bits}."
        )
