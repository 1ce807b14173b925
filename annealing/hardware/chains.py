"""Broken chains: how many there are, where, and what their variables are read as."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

METHODS = ("majority_vote", "weighted_random", "minimize_energy", "discard")


def resolution(method: str, logical: Any, embedding: Any, seed: int) -> Callable:
    """The way in which broken chains are read, for `dwave.embedding.unembed_sampleset`.

    Args:
        method: "majority_vote" of the qubits, a tie counts as 1; "weighted_random": the value of a
            qubit of the chain drawn at random, anew for each read; "minimize_energy": the intact
            chains stay, the others go one after the other to their lower side, the surest first;
            "discard": only reads without a broken chain are kept.
        logical: the problem, a `dimod.BinaryQuadraticModel` of spins.
        embedding: {variable: qubits}.
        seed: of the random choices.

    Raises:
        ValueError: there is no such method.

    >>> resolution("discard", None, {}, seed=0).__name__
    'discard'
    """
    from dwave.embedding import chain_breaks

    if method not in METHODS:
        raise ValueError(
            f"Argument `chain_break` must be one of {', '.join(METHODS)}, but is {method!r}."
        )
    if method == "minimize_energy":
        return chain_breaks.MinimizeEnergy(logical, embedding)
    if method == "weighted_random":
        # Ocean's own draws one qubit for all reads of a call, and from NumPy's global generator.
        rng = np.random.default_rng(seed)
        return lambda sampleset, chains: _drawn(*_table(sampleset, chains), rng)
    return getattr(chain_breaks, method)


def _table(sampleset: Any, chains: Iterable) -> tuple[np.ndarray, list[np.ndarray]]:
    """Values (r, q) of all qubits, and the columns of each chain."""
    place = {qubit: column for column, qubit in enumerate(sampleset.variables)}
    columns = [np.array([place[qubit] for qubit in chain], dtype=int) for chain in chains]
    return sampleset.record.sample, columns


def _drawn(
    values: np.ndarray, columns: Sequence[np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One qubit of each chain, drawn for each read; and the reads kept, which are all."""
    rows = np.arange(len(values))
    drawn = [values[rows, chain[rng.integers(len(chain), size=len(rows))]] for chain in columns]
    return np.stack(drawn, axis=1), rows


class ChainReport(NamedTuple):
    """What became of the chains of `n` variables in a number of reads.

    `break_fraction` share of all chains that were broken, mean over reads; `lengths` (n,) qubits of
    each chain; `break_fractions` (n,) share of reads in which it was broken; `broken_chains`
    (n + 1,) number of reads with 0, 1, … n broken chains.
    """

    break_fraction: float
    lengths: list[int]
    break_fractions: list[float]
    broken_chains: list[int]


def chain_report(sampleset: Any, embedding: Any) -> ChainReport:
    """Where chains broke in a set of physical reads, before any repair.

    Args:
        sampleset: of the embedded problem, a `dimod.SampleSet`; at least one read.
        embedding: {variable: qubits} of variables 0 to n - 1.

    >>> import dimod
    >>> reads = dimod.SampleSet.from_samples([[1, 1, -1], [1, -1, -1]], "SPIN", [0.0, 0.0])
    >>> chain_report(reads, {0: (0, 1), 1: (2,)})  # doctest: +NORMALIZE_WHITESPACE
    ChainReport(break_fraction=0.25, lengths=[2, 1], break_fractions=[0.5, 0.0],
                broken_chains=[1, 1, 0])
    """
    n, reads = len(embedding), sampleset.record.num_occurrences
    values, columns = _table(sampleset, [embedding[i] for i in range(n)])
    broken = np.zeros((len(values), n), dtype=bool)
    for i, chain in enumerate(columns):
        up = values[:, chain] > 0
        broken[:, i] = up.any(axis=1) & ~up.all(axis=1)
    counts = np.bincount(broken.sum(axis=1), reads, minlength=n + 1)
    return ChainReport(
        float(np.average(broken.mean(axis=1), weights=reads)) if n else 0.0,
        list(map(len, columns)),
        (reads @ broken / reads.sum()).tolist(),
        counts.astype(int).tolist(),
    )
