"""An annealer with the wiring of D-Wave's chips, without the chip.

A qubit of a real annealer couples to some 15 or 20 others. A dense problem is embedded: each of its
variables becomes a chain of qubits held together by a strong coupling, and a read in which a chain
disagrees with itself is repaired, by majority vote or otherwise. `MockAnnealer` goes all this way
with D-Wave's own tools and lets simulated annealing stand in for the last step. It shows what
embedding costs; it has no noise, no temperature and no quantum dynamics, and says so in everything
it returns.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from annealing.hardware.chain_strength import Rule, chain_strength, rule_name
from annealing.hardware.chains import chain_report, resolution
from annealing.hardware.chips import chip_graph, mock_chip
from annealing.hardware.embedding import checked_embedding, clique_embedding, problem_edges
from annealing.hardware.embedding_cache import cached_embedding
from annealing.on_dimod import bits_of, default_beta_range, to_bqm
from annealing.qubo import Coo, Qubo
from annealing.samplers.protocol import Samples, check_count, check_request, collect


@dataclass(frozen=True)
class MockAnnealer:
    """A structured annealer in software: embedding, simulated annealing, repair of chains.

    `info` adds "logical_variables", "physical_variables", "max_chain_length", "chain_strength" (in
    the unit of the Ising couplings) and "chain_break_fraction" (chains broken, mean over reads).

    Args:
        topology: "zephyr" (Advantage2), "pegasus" (Advantage) or "chimera" (2000Q).
        shape: size of the chip; zephyr (6, 4) has 1248 qubits and holds 88 dense variables, the
            (12, 4) of Advantage2 4800 qubits and 184 variables.
        sweeps: Metropolis sweeps of a read.
        chain_strength: coupling within a chain, a number or a rule of `chain_strength`; by default
            sqrt(2) times the root mean square of the couplings times the root of the mean degree
            (`uniform_torque_compensation`).
        embedding: "clique" suits every problem that fits; "auto" searches for chains of just the
            couplings there are (`cached_embedding`), so that sparse problems take fewer qubits;
            or the chains themselves, {variable: qubits}.
        chain_break: how a broken chain is read, see `resolution`. "discard" drops reads: "reads"
            of "effective" in `info` counts those left.
        report: whether `info` says under "chains" where chains broke, see `ChainReport`.

    >>> import numpy as np
    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix(np.triu(np.ones((8, 8))) - 3 * np.eye(8))
    >>> samples = MockAnnealer(shape=(2, 4), sweeps=100).sample(qubo, reads=10, seed=1)
    >>> samples.energies[0].item(), samples.info["physical_variables"]
    (-3.0, 16)
    """

    topology: str = "zephyr"
    shape: tuple[int, ...] = (6, 4)
    sweeps: int = 1000
    chain_strength: Rule = None
    embedding: str | Mapping = "clique"
    chain_break: str = "majority_vote"
    report: bool = False

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class.

        Raises:
            ValueError: the request or an option is malformed, the chip too small for the problem,
                or no read is left to keep.
        """
        from dwave.embedding import unembed_sampleset

        qubo = check_request(qubo, reads, seed)
        check_count("sweeps", self.sweeps)
        mock_chip(*self._chip)  # loading Ocean takes seconds and is no part of embedding
        start = perf_counter()
        chains = self._chains(qubo)
        logical = to_bqm(qubo, "SPIN")
        strength = chain_strength(self.chain_strength, logical, chains)
        method = resolution(self.chain_break, logical, chains, seed)
        physical = chains.embed_bqm(logical, chain_strength=strength)
        embedded = perf_counter()
        raw = self._annealer(physical, seed).sample(physical, num_reads=int(reads))
        sampled = perf_counter()
        report = chain_report(raw, chains)
        answer = unembed_sampleset(raw, chains, logical, method)
        bits, occurrences = bits_of(answer, qubo.n_variables)
        if not len(bits):
            raise ValueError(
                "Argument `chain_break` must keep a read, but with discard none is left: every "
                "read has a broken chain; raise `chain_strength`, or repair with majority_vote."
            )
        requested = {"reads": int(reads), "seed": int(seed), **self._words()}
        effective = {**requested, "reads": int(occurrences.sum()), "chain_strength": strength}
        info = {
            "sampler": "MockAnnealer",
            "requested": requested,
            "effective": effective,
            "seconds": {"embed": embedded - start, "sample": sampled - embedded},
            "simulated": True,
            "logical_variables": qubo.n_variables,
            "physical_variables": len(physical.variables),
            "max_chain_length": chains.max_chain_length,
            "chain_strength": strength,
            "chain_break_fraction": report.break_fraction,
            **({"chains": report._asdict()} if self.report else {}),
        }
        return collect(qubo, bits, info, occurrences)

    @property
    def graph(self) -> Any:
        """The chip's qubits and couplers, as a `networkx.Graph`."""
        return chip_graph(*self._chip)

    @property
    def _chip(self) -> tuple[str, tuple[int, ...]]:
        return self.topology, tuple(self.shape)

    def _chains(self, qubo: Qubo) -> Any:
        """The chains of `qubo`, as an `EmbeddedStructure`."""
        n = qubo.n_variables
        if self.embedding == "clique":
            return clique_embedding(*self._chip, n)
        if self.embedding == "auto":
            return cached_embedding(problem_edges(qubo), self.graph, n=n)
        if isinstance(self.embedding, Mapping):
            return checked_embedding(self.embedding, problem_edges(qubo), self.graph, n)
        raise ValueError(
            "Argument `embedding` must be clique, auto or {variable: qubits}, but is "
            f"{self.embedding!r}."
        )

    def _words(self) -> dict:
        return {
            "sweeps": self.sweeps,
            "topology": self.topology,
            "shape": list(self.shape),
            "chain_strength": rule_name(self.chain_strength),
            "embedding": self.embedding if isinstance(self.embedding, str) else "given",
            "chain_break": self.chain_break,
        }

    def _annealer(self, physical: Any, seed: int) -> Any:
        """The mock of the chip, its last step set up for this one call."""
        h, couplings, _ = physical.to_numpy_vectors()
        mock = copy(mock_chip(*self._chip))
        mock.substitute_kwargs = {
            "num_sweeps": self.sweeps,
            "beta_range": default_beta_range(h, Coo(*couplings)),
            "seed": int(seed),
        }
        return mock
