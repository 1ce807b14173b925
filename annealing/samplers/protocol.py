"""What a sampler is: one method, from a QUBO to bit strings, best first."""

from typing import Any, NamedTuple, Protocol

import numpy as np

from annealing.qubo import Qubo, validated

MAX_SEED = 2**31 - 1  # the largest that every vendor's sampler takes


class Samples(NamedTuple):
    """What a sampler drew: `r` distinct bit strings, lowest energy first.

    `bits` (r, n) uint8, `energies` (r,) float64 in the unit of the QUBO, offset included,
    `occurrences` (r,) int64. `info` is JSON-able: "sampler", "requested" and "effective"
    parameters, "seconds" of each stage, "simulated" (False only where hardware or a vendor's
    remote solver drew the reads), and what else the sampler has to tell.
    """

    bits: np.ndarray
    energies: np.ndarray
    occurrences: np.ndarray
    info: dict


class Sampler(Protocol):
    """Anything that draws bit strings of low energy.

    The same `seed` gives the same samples (where the sampler has a seed at all; "effective" in
    `info` says None where not), and the reads of one call are independent draws. `occurrences` sum
    to the effective number of reads.
    """

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` bit strings of `qubo`."""
        ...


def check_request(qubo: Qubo, reads: int, seed: int) -> Qubo:
    """The validated QUBO of a request to sample; every sampler of ours starts with this line.

    Raises:
        ValueError: `qubo` is malformed or not finite, `reads` not positive, `seed` out of range.

    >>> from annealing.qubo import qubo_from_matrix
    >>> check_request(qubo_from_matrix([[1.0]]), reads=0, seed=0)
    Traceback (most recent call last):
    ValueError: Argument `reads` must be a positive int, but is reads=0.
    """
    check_count("reads", reads)
    if not _is_int(seed) or not 0 <= seed <= MAX_SEED:
        raise ValueError(
            f"Argument `seed` must be an int from 0 to {MAX_SEED}, but is seed={seed!r}."
        )
    return validated(qubo)


def check_count(name: str, value: Any) -> None:
    """Refuse a number of reads, sweeps or the like that is not a positive int.

    >>> check_count("sweeps", 0.5)
    Traceback (most recent call last):
    ValueError: Argument `sweeps` must be a positive int, but is sweeps=0.5.
    """
    if not _is_int(value) or value < 1:
        raise ValueError(f"Argument `{name}` must be a positive int, but is {name}={value!r}.")


def _is_int(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def collect(qubo: Qubo, bits: np.ndarray, info: dict, occurrences: Any = None) -> Samples:
    """Samples from raw reads: equal ones joined, energies taken from `qubo`, best first.

    Args:
        qubo: the problem sampled.
        bits: reads (r, n) of 0 and 1, in any order.
        info: see `Samples`.
        occurrences: (r,) how often each row was read; once by default.

    >>> from annealing.qubo import qubo_from_matrix
    >>> reads = np.array([[1], [0], [1]])
    >>> collect(qubo_from_matrix([[-1.0]]), reads, {}).occurrences
    array([2, 1])
    """
    counts = np.ones(len(bits), dtype=int) if occurrences is None else np.asarray(occurrences)
    # Packed into bytes, equal rows are found by sorting an eighth of the data; ties in energy then
    # stand in the order of the bit strings read as numbers.
    packed = np.packbits(bits.astype(np.uint8), axis=1)
    packed = np.pad(packed, ((0, 0), (0, 1)))  # a problem without variables has no bytes to sort
    _, first, place = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    distinct = bits[first].astype(np.uint8)
    energies = qubo.energy(distinct)
    order = np.argsort(energies, kind="stable")
    total = np.bincount(place.ravel(), counts, minlength=len(first)).astype(np.int64)
    return Samples(distinct[order], energies[order], total[order], info)
