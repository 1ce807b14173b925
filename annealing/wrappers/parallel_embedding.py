"""Parallel embedding: many small problems side by side on one chip, in one anneal."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

import numpy as np

from annealing.hardware.embedding import problem_edges, problem_graph
from annealing.hardware.mock_annealer import MockAnnealer
from annealing.hardware.packing import cached_slots
from annealing.ising import qubo_to_ising
from annealing.qubo import Coo, Qubo, as_coo
from annealing.samplers.protocol import Samples, check_request, collect
from annealing.wrappers.parts import joint_info, part_seeds


@dataclass(frozen=True)
class ParallelEmbedding:
    """An annealer that fills its chip: with many problems, or with copies of a single one.

    A problem of ten variables leaves most of a chip of thousands of qubits idle; side by side, all
    are answered by one anneal (E. Pelofske, G. Hahn and H. Djidjev, Sci. Rep. 12, 4499 (2022)).
    Every place on the chip takes any of the problems, since it has the couplings of all of them:
    best where they are alike. A chip has one range of couplings and one temperature, so each
    problem is scaled to a largest Ising coefficient of 1 before, as alone on a chip it would be.
    More problems than places take several calls. Energies are those of each problem.

    `info` adds "places" (how many problems the chip holds) and "calls" (of the annealer); "wrapped"
    holds the `info` of each call, whose chain breaks are those of all problems in it.

    Args:
        sampler: an annealer with a property `graph`, its qubits and couplers, and a field
            `embedding` that takes {variable: qubits}: `MockAnnealer`, say. Its `chain_break` should
            not be "discard", which drops a read for the broken chain of any problem.

    >>> from annealing.qubo import qubo_from_matrix
    >>> chip = ParallelEmbedding(MockAnnealer(shape=(2, 4), sweeps=50))
    >>> qubos = [qubo_from_matrix([[-1.0, 2.0], [0.0, -k]]) for k in (0.5, 2.0)]
    >>> [samples.bits[0].tolist() for samples in chip.sample_many(qubos, reads=5, seed=0)]
    [[1, 0], [0, 1]]
    """

    sampler: Any = field(default_factory=MockAnnealer)

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo` from copies side by side; see the class.

        With k copies the chip anneals only reads / k times.
        """
        qubo = check_request(qubo, reads, seed)
        places = self._places([qubo])
        copies = [qubo] * min(len(places), reads)
        drawn = self._anneal(copies, places, -(-reads // len(copies)), seed)
        bits = np.concatenate([np.repeat(part.bits, part.occurrences, axis=0) for part in drawn])
        # The last anneal may give more than is asked for; the best must not stay by being first.
        kept = np.random.default_rng(seed).permutation(len(bits))[:reads]
        info = self._info(places, [drawn[0].info], reads, len(kept), seed)
        return collect(qubo, bits[kept], info)

    def sample_many(self, qubos: Sequence[Qubo], *, reads: int, seed: int) -> list[Samples]:
        """The samples of several problems, `reads` of each; they may differ in size.

        Raises:
            ValueError: no problems, one that the chip cannot hold, or a malformed request.
        """
        qubos = [check_request(qubo, reads, seed) for qubo in qubos]
        if not qubos:
            raise ValueError("Argument `qubos` must hold at least one problem.")
        places = self._places(qubos)
        starts = range(0, len(qubos), len(places))
        rounds = [
            self._anneal(qubos[start : start + len(places)], places, reads, part)
            for start, part in zip(starts, part_seeds(seed, len(starts)), strict=True)
        ]
        infos = [drawn[0].info for drawn in rounds]
        return [
            one._replace(info=self._info(places, infos, reads, one.occurrences.sum(), seed))
            for drawn in rounds
            for one in drawn
        ]

    def _places(self, qubos: Sequence[Qubo]) -> list[Any]:
        """Chains for each place on the chip, which takes any of the problems."""
        edges = {edge for qubo in qubos for edge in problem_edges(qubo)}
        n = max(1, *(qubo.n_variables for qubo in qubos))
        return cached_slots(problem_graph(edges, n), self.sampler.graph)

    def _anneal(
        self, qubos: Sequence[Qubo], places: Sequence[Any], reads: int, seed: int
    ) -> list[Samples]:
        """The samples of as many problems as there are places, at most, by one call."""
        chains = [
            place[i]
            for qubo, place in zip(qubos, places, strict=False)
            for i in range(qubo.n_variables)
        ]
        annealer = replace(self.sampler, embedding=dict(enumerate(chains)))
        all_of_them = annealer.sample(joined(qubos), reads=reads, seed=seed)
        ends = accumulate(qubo.n_variables for qubo in qubos)
        return [
            collect(
                qubo,
                all_of_them.bits[:, end - qubo.n_variables : end],
                all_of_them.info,
                all_of_them.occurrences,
            )
            for qubo, end in zip(qubos, ends, strict=True)
        ]

    def _info(
        self, places: Sequence[Any], infos: Sequence[dict], reads: int, drawn: int, seed: int
    ) -> dict:
        info = joint_info("ParallelEmbedding", {}, reads, drawn, seed, infos)
        return {**info, "places": len(places), "calls": len(infos)}


def joined(qubos: Sequence[Qubo]) -> Qubo:
    """One problem of all the variables, each part scaled to a largest Ising coefficient of 1.

    >>> from annealing.qubo import qubo_from_matrix
    >>> joined([qubo_from_matrix([[2.0]]), qubo_from_matrix([[-3.0]])]).linear
    array([ 2., -2.])
    """
    parts = [_unit_scaled(qubo) for qubo in qubos]
    starts = np.cumsum([0, *(len(linear) for linear, _ in parts)])
    rows, cols, values = (
        np.concatenate([couplings[axis] for _, couplings in parts]) for axis in range(3)
    )
    shift = np.repeat(starts[:-1], [len(couplings.values) for _, couplings in parts])
    linear = np.concatenate([linear for linear, _ in parts])
    return Qubo(linear, Coo(rows + shift, cols + shift, values))


def _unit_scaled(qubo: Qubo) -> tuple[np.ndarray, Coo]:
    """Linear part and couplings of a problem, divided by its largest Ising coefficient."""
    rows, cols, values = as_coo(qubo).quadratic
    h, (_, _, J), _ = qubo_to_ising(as_coo(qubo))
    largest = max(np.abs(h).max(initial=0.0), np.abs(J).max(initial=0.0)) or 1.0
    return qubo.linear / largest, Coo(rows, cols, values / largest)
