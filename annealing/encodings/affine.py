"""How bits write down real parameters: an affine map, so that a quadratic loss stays quadratic.

    theta = shift + matrix @ bits

Parameter i owns the k consecutive columns from i * k on, the most significant bit first. Here
every word of k bits is allowed; `annealing.encodings.choices` has those of which only some are.
"""

from typing import Any, NamedTuple

import numpy as np

from annealing.qubo import finite


class Encoding(NamedTuple):
    """The affine map from `n` bits to `p` parameters: `shift` (p,) and `matrix` (p, n).

    `words` (w, n / p) are the bits that one parameter may have; None: any.
    """

    shift: np.ndarray
    matrix: np.ndarray
    words: np.ndarray | None = None

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
        if self.words is not None:
            levels = self._levels(self.words)
            return levels.min(axis=1), levels.max(axis=1)
        low = self.shift + np.minimum(self.matrix, 0.0).sum(axis=1)
        return low, self.shift + np.maximum(self.matrix, 0.0).sum(axis=1)

    def encode(self, theta: Any) -> np.ndarray:
        """Bits (n,) of the levels nearest to the parameters `theta` (p,): plain rounding.

        Raises:
            ValueError: `theta` has another shape, or a bit writes more than one parameter.

        >>> fixed_point(2, 2, 0.0, 3.0).encode([0.6, 9.0])
        array([0, 1, 1, 1], dtype=uint8)
        """
        theta = finite("theta", theta, ndim=1)
        if theta.shape != self.shift.shape:
            raise ValueError(
                f"Argument `theta` must have shape {self.shift.shape}, but has {theta.shape}."
            )
        if self.words is not None:
            distance = np.abs(self._levels(self.words) - theta[:, None])
            return self.words[distance.argmin(axis=1)].ravel().astype(np.uint8)
        pairs = zip(self._digits(), theta - self.shift, strict=True)
        return np.concatenate([_nearest_word(digits, target) for digits, target in pairs])

    def _levels(self, words: np.ndarray) -> np.ndarray:
        """(p, w): what each of `words` (w, k) writes."""
        return self.shift[:, None] + self._digits() @ words.T

    def _digits(self) -> np.ndarray:
        """(p, k): the values of each parameter's own bits."""
        p, n = self.matrix.shape
        own = np.eye(p, dtype=bool).repeat(n // p, axis=1)
        if own.shape != (p, n) or self.matrix[~own].any():
            raise ValueError(
                "Only an encoding whose parameters own bits of their own, equally many and in "
                "order, can be inverted by rounding; search with a sampler instead."
            )
        return self.matrix[own].reshape(p, -1)


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
    digits = 2.0 ** np.arange(bits - 1, -1, -1)
    return Encoding(low.copy(), block_diagonal(np.outer(step, digits)))


def unsigned(p: int, bits: int, step: Any = 1.0) -> Encoding:
    """`p` parameters that count from 0 to 2**bits - 1 in units of `step`, one number or (p,).

    >>> unsigned(1, 2, 0.5).decode([[0, 0], [0, 1], [1, 0], [1, 1]]).ravel()
    array([0. , 0.5, 1. , 1.5])
    """
    return fixed_point(p, bits, 0.0, finite("step", step) * (2**bits - 1))


def signed(p: int, bits: int, scale: Any = 1.0) -> Encoding:
    """`p` parameters on 2**bits levels that are symmetric about 0, from -scale to scale.

    Each is a sum of spins of weight 1, 2, 4, ...: an even number of levels, so 0 is none of them;
    `twos_complement` has 0 and lacks the symmetry.

    >>> signed(1, 2, 3.0).decode([[0, 0], [0, 1], [1, 0], [1, 1]]).ravel()
    array([-3., -1.,  1.,  3.])
    """
    scale = finite("scale", scale)
    return fixed_point(p, bits, -scale, scale)


def around(centre: Any, width: Any, bits: int) -> Encoding:
    """Levels in the box centre +- width: the box that shrinks around the last answer.

    Repeated with a smaller `width` it gives any precision with two or three bits a parameter, see
    arXiv:2505.02788 (least squares) and arXiv:1908.04480 (one bit).

    Args:
        centre: (p,).
        width: half of the box's width, one number or (p,), positive.
        bits: bits of one parameter.

    >>> around([0.5, -2.0], 0.5, bits=1).decode([[0, 0], [1, 1]])
    array([[ 0. , -2.5],
           [ 1. , -1.5]])
    """
    centre, width = finite("centre", centre, ndim=1), finite("width", width)
    return fixed_point(len(centre), bits, centre - width, centre + width)


def geometric(p: int, bits: int, base: float = 2.0, scale: Any = 1.0) -> Encoding:
    """`p` parameters scale * (b_0 base**(bits - 1) + ... + b_{bits - 1}), from 0 on.

    The encoding of the support vector machine of Willsch et al., arXiv:1906.06283. A base above 2
    reaches further and leaves gaps; one below 2 writes some numbers more than once.

    Args:
        p: number of parameters.
        bits: bits of one parameter.
        base: ratio of one bit's value to the next one's, positive.
        scale: value of the last bit, one number or (p,), positive.

    >>> geometric(1, 2, base=10.0).decode([[0, 0], [0, 1], [1, 0], [1, 1]]).ravel()
    array([ 0.,  1., 10., 11.])
    """
    _check_sizes(p, bits)
    scale, base = np.broadcast_to(finite("scale", scale), p), float(finite("base", base))
    if not (scale > 0).all() or not base > 0:
        raise ValueError(
            f"Arguments `scale` and `base` must be positive, but are {scale} and {base}."
        )
    digits = base ** np.arange(bits - 1.0, -1.0, -1.0)
    return Encoding(np.zeros(p), block_diagonal(np.outer(scale, digits)))


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
    digits = np.r_[-1.0, 0.5 ** np.arange(1, bits)]
    return Encoding(np.zeros(p), block_diagonal(np.outer(scale, digits)))


def _nearest_word(digits: np.ndarray, target: float) -> np.ndarray:
    """Bits (k,) with bits.digits nearest to `target`, found among 2**(k/2) sums of each half."""
    k, half = len(digits), len(digits) // 2
    high, low = _sums(digits[:half]), _sums(digits[half:])
    order = np.argsort(low, kind="stable")
    above = np.searchsorted(low[order], target - high).clip(1, len(low) - 1)
    candidates = order[np.stack([above - 1, above])]  # (2, 2**half)
    distance = np.abs(high + low[candidates] - target)
    side, left = np.unravel_index(distance.argmin(), distance.shape)
    number = left * len(low) + candidates[side, left]
    return (number >> np.arange(k)[::-1] & 1).astype(np.uint8)


def _sums(digits: np.ndarray) -> np.ndarray:
    """(2**k,) sums of every choice of `digits` (k,), the first digit the most significant bit."""
    sums = np.zeros(1)
    for digit in digits:
        sums = (sums[:, None] + [0.0, digit]).ravel()
    return sums


def block_diagonal(digits: np.ndarray) -> np.ndarray:
    """(p, p * k): row i holds `digits` (p, k) of row i in the columns of parameter i.

    >>> block_diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 2., 0., 0.],
           [0., 0., 3., 4.]])
    """
    p, k = digits.shape
    return np.kron(np.eye(p), np.ones(k)) * digits.ravel()


def _check_sizes(p: int, bits: int, least_bits: int = 1) -> None:
    if p < 1:
        raise ValueError(f"Argument `p` must be a positive int, but is p={p}.")
    if bits < least_bits:
        raise ValueError(
            f"Argument `bits` must be an int from {least_bits} on, but is bits={bits}."
        )
