"""Polynomials in bits of any degree, and a QUBO with the same minima (from HUBO to QUBO).

A polynomial is plain data, {tuple of variables: coefficient}: {(): 1.0, (0, 2, 5): -3.0} is
1 - 3 b_0 b_2 b_5. A bit squared is itself, so a variable stands at most once in a monomial.

Degrees above two cost ancillas, each of which is a product of variables at its best value:

    c b_1 ... b_k = min_a |c| a (k - 1 - b_1 - ... - b_k)          for c < 0, one ancilla
    b_i b_j -> a, at a price M (b_i b_j - 2 b_i a - 2 b_j a + 3 a)   one ancilla for all monomials

The first is of Freedman and Drineas, CVPR 2005, and has no weight to choose; the second of
Rosenberg, Cah. Cent. Etud. Rech. Oper. 17, 71 (1975). Its weight is as great as the part of the
polynomial that was put on the ancilla could gain by lying, and no greater. The fewest ancillas are
hard to find; the ones here are found greedily. Couplings grow, and with them the walls between
minima: an annealer finds a reduced polynomial harder than a born QUBO of the same size.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from annealing.qubo import Qubo, as_coo, finite, qubo_from_terms

Monomial = tuple[int, ...]


class Quadratized(NamedTuple):
    """A QUBO for a polynomial of `n` bits: ancilla k is variable n + k.

    `products[k]` are the variables, ancillas before it among them, whose product ancilla k is.
    """

    qubo: Qubo
    n: int
    products: tuple[Monomial, ...]

    def complete(self, bits: Any) -> np.ndarray:
        """Bits (..., n) with the best ancillas behind them, (..., n + ancillas).

        The QUBO's energy there is the polynomial's value, and no other ancillas have a lower one.

        >>> quadratize({(0, 1, 2): 1.0}).complete([[1, 1, 0], [1, 0, 1]])
        array([[1, 1, 0, 1],
               [1, 0, 1, 0]], dtype=uint8)
        """
        bits = np.asarray(bits, dtype=np.uint8)
        if bits.ndim == 0 or bits.shape[-1] != self.n:
            raise ValueError(
                f"Argument `bits` must have shape (..., {self.n}), but has shape {bits.shape}."
            )
        out = np.concatenate([bits, np.zeros((*bits.shape[:-1], len(self.products)), np.uint8)], -1)
        for k, product in enumerate(self.products):
            out[..., self.n + k] = out[..., list(product)].all(axis=-1)
        return out

    def excess(self, bits: Any) -> Any:
        """What `bits` (..., n + ancillas) pay for ancillas that are not the best: 0 or more.

        >>> quadratize({(0, 1, 2): -2.0}).excess([[1, 1, 1, 1], [1, 1, 1, 0], [0, 0, 1, 1]])
        array([0., 2., 2.])
        """
        bits = np.asarray(bits)
        price = self.qubo.energy(bits) - self.qubo.energy(self.complete(bits[..., : self.n]))
        return np.where(price > 1e-12 * _size(self.qubo), price, 0.0)[()]


def quadratize(
    terms: Mapping[Monomial, float], n: int | None = None, *, pairs: Sequence[Monomial] = ()
) -> Quadratized:
    """A QUBO whose minimum over its ancillas is the polynomial, for every value of its bits.

    Negative monomials each get an ancilla of their own, or pairs shared by many monomials get one,
    whichever takes fewer ancillas together.

    Args:
        terms: {tuple of variables: coefficient}, of any degree.
        n: number of bits; by default the largest variable plus one.
        pairs: (i, j), i < j, that get ancillas n, n + 1, ... before any others, where the structure
            of the polynomial is known to make these few enough; pairs may hold earlier ancillas.

    Raises:
        ValueError: a key is not a tuple of variables from 0 to n - 1, a value is not finite, or a
            pair is not of two variables that are there, in order.

    >>> quadratic = quadratize({(0, 1, 2): 1.0, (0, 1, 3): -1.0, (0, 1): 0.5})
    >>> quadratic.products, quadratic.qubo.energy(quadratic.complete([1, 1, 1, 0])).item()
    (((0, 1),), 1.5)
    """
    terms = collected(terms)
    least = max((m[-1] for m in terms if m), default=-1) + 1
    n = least if n is None else n
    if n < least or any(m[0] < 0 for m in terms if m):
        raise ValueError(f"Argument `terms` must have variables from 0 to {n - 1}.")
    low, products = _share_pairs(terms, [], n, _checked_pairs(pairs, n))
    if not pairs:
        by_sign = _share_pairs(*_split_negatives(terms, n), n)
        low, products = by_sign if len(by_sign[1]) <= len(products) else (low, products)
    offset = low.pop((), 0.0)
    qubo = qubo_from_terms({m: c for m, c in low.items() if c}, n + len(products), offset)
    return Quadratized(qubo, n, tuple(products))


def collected(terms: Mapping[Monomial, float]) -> dict[Monomial, float]:
    """The same polynomial with sorted variables, each once a monomial, and no zeros.

    >>> collected({(2, 0): 1.0, (0, 2, 2): 0.5, (1,): 0.0})
    {(0, 2): 1.5}
    """
    out: dict[Monomial, float] = defaultdict(float)
    for monomial, coefficient in terms.items():
        if not isinstance(monomial, tuple) or any(
            not isinstance(i, int | np.integer) for i in monomial
        ):
            raise ValueError(
                f"Argument `terms` must have tuples of ints as keys, but has {monomial!r}."
            )
        out[tuple(sorted({int(i) for i in monomial}))] += float(finite("terms", coefficient))
    return {monomial: coefficient for monomial, coefficient in out.items() if coefficient}


def from_spins(terms: Mapping[Monomial, float]) -> dict[Monomial, float]:
    """The polynomial in bits of one in spins s = 2 b - 1, whose keys hold each spin at most once.

    >>> from_spins({(0, 1): 1.0})
    {(0, 1): 4.0, (0,): -2.0, (1,): -2.0, (): 1.0}
    """
    out: dict[Monomial, float] = defaultdict(float)
    for monomial, coefficient in terms.items():
        for degree in range(len(monomial), -1, -1):
            share = coefficient * 2.0**degree * (-1.0) ** (len(monomial) - degree)
            for part in combinations(monomial, degree):
                out[part] += share
    return dict(out)


def polynomial_values(terms: Mapping[Monomial, float], bits: Any) -> Any:
    """Values (...) of the polynomial at `bits` (..., n) of 0 and 1.

    >>> polynomial_values({(): 1.0, (0, 1, 2): -3.0}, [[1, 1, 1], [1, 1, 0]])
    array([-2.,  1.])
    """
    ones = np.asarray(bits) > 0
    out = np.zeros(ones.shape[:-1])
    for monomial, coefficient in terms.items():
        out += coefficient * ones[..., list(monomial)].all(axis=-1)
    return out[()]


def _checked_pairs(pairs: Sequence[Monomial], n: int) -> list[Monomial]:
    for k, pair in enumerate(pairs):
        if len(pair) != 2 or not 0 <= pair[0] < pair[1] < n + k:
            raise ValueError(
                f"Argument `pairs` must hold (i, j) with 0 <= i < j < {n + k} at place {k}, "
                f"but has {pair}."
            )
    return [(int(i), int(j)) for i, j in pairs]


def _size(qubo: Qubo) -> float:
    """What rounding errors of energies are in proportion to."""
    couplings = as_coo(qubo).quadratic[2]
    return float(abs(qubo.offset) + np.abs(qubo.linear).sum() + np.abs(couplings).sum())


def _split_negatives(
    terms: Mapping[Monomial, float], n: int
) -> tuple[dict[Monomial, float], list[Monomial]]:
    """An ancilla for each negative monomial of degree 3 or more; what is left of the terms."""
    left: dict[Monomial, float] = defaultdict(float)
    products: list[Monomial] = []
    for monomial, c in terms.items():
        if c > 0 or len(monomial) < 3:
            left[monomial] += c
            continue
        ancilla = n + len(products)
        products.append(monomial)
        left[(ancilla,)] += -c * (len(monomial) - 1)
        for i in monomial:
            left[(i, ancilla)] += c
    return left, products


def _share_pairs(
    terms: Mapping[Monomial, float],
    products: list[Monomial],
    n: int,
    pairs: Sequence[Monomial] = (),
) -> tuple[dict[Monomial, float], list[Monomial]]:
    """Terms of degree 2 at most, and all products: after `pairs`, the one in most monomials."""
    products = list(products)
    low = defaultdict(float, {m: c for m, c in terms.items() if len(m) < 3})
    high: dict[Monomial, float] = {m: c for m, c in terms.items() if len(m) > 2}
    holders: dict[Monomial, set[Monomial]] = defaultdict(set)
    for monomial in high:
        _enter(holders, monomial)
    given = iter(pairs)
    while (pair := next(given, None) or _commonest(holders)) is not None:
        ancilla = n + len(products)
        products.append(pair)
        moved = {m: high.pop(m) for m in sorted(holders.get(pair, set()))}
        for monomial, c in moved.items():
            _leave(holders, monomial)
            shorter = (*(i for i in monomial if i not in pair), ancilla)
            if len(shorter) > 2:
                high[shorter] = c
                _enter(holders, shorter)
            else:
                low[shorter] += c
        _tie(low, pair, ancilla, _largest_gain(moved.values()))
    return low, products


def _commonest(holders: Mapping[Monomial, set[Monomial]]) -> Monomial | None:
    """The pair in most monomials, the first of equals; None where there is none."""
    return max(holders, key=lambda p: (len(holders[p]), -p[0], -p[1]), default=None)


def _enter(holders: dict[Monomial, set[Monomial]], monomial: Monomial) -> None:
    for pair in combinations(monomial, 2):
        holders[pair].add(monomial)


def _leave(holders: dict[Monomial, set[Monomial]], monomial: Monomial) -> None:
    for pair in combinations(monomial, 2):
        holders[pair].discard(monomial)
        if not holders[pair]:
            del holders[pair]


def _largest_gain(coefficients: Any) -> float:
    """A bound on what an ancilla can gain by a wrong value: the sum of either sign."""
    values = np.array(list(coefficients))
    return float(max(values[values > 0].sum(), -values[values < 0].sum())) * (1 + 1e-9)


def _tie(low: dict[Monomial, float], pair: Monomial, ancilla: int, weight: float) -> None:
    """Add Rosenberg's penalty: 0 where the ancilla is the product of the pair, else `weight` up."""
    low[pair] += weight
    low[(ancilla,)] += 3 * weight
    for i in pair:
        low[(i, ancilla)] -= 2 * weight
