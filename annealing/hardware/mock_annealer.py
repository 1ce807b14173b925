"""An annealer with the wiring of D-Wave's chips, without the chip.

A qubit of a real annealer couples to some 15 or 20 others. A dense problem is embedded: each of its
variables becomes a chain of qubits held together by a strong coupling, and a read in which a chain
disagrees with itself is repaired by majority vote. `MockAnnealer` goes all this way with D-Wave's
own tools and lets simulated annealing stand in for the last step. It shows what embedding costs; it
has no noise, no temperature and no quantum dynamics, and says so in everything it returns.
"""

from copy import copy
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from annealing.hardware.chips import mock_chip
from annealing.hardware.embedding import clique_embedding
from annealing.on_dimod import bits_of, default_beta_range, to_bqm
from annealing.qubo import Coo, Qubo
from annealing.samplers.protocol import Samples, check_count, check_request, collect


@dataclass(frozen=True)
class MockAnnealer:
    """A structured annealer in software: clique embedding, simulated annealing, majority vote.

    `info` adds "logical_variables", "physical_variables", "max_chain_length", "chain_strength" (in
    the unit of the Ising couplings) and "chain_break_fraction" (chains broken, mean over reads).

    Args:
        topology: "zephyr" (Advantage2), "pegasus" (Advantage) or "chimera" (2000Q).
        shape: size of the chip; zephyr (6, 4) has 1248 qubits and holds 88 dense variables, the
            (12, 4) of Advantage2 4800 qubits and 184 variables.
        sweeps: Metropolis sweeps of a read.
        chain_strength: coupling within a chain; by default sqrt(2) times the root mean square of
            the couplings times the root of the mean degree (`uniform_torque_compensation`).

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix(np.triu(np.ones((8, 8))) - 3 * np.eye(8))
    >>> samples = MockAnnealer(shape=(2, 4), sweeps=100).sample(qubo, reads=10, seed=1)
    >>> samples.energies[0].item(), samples.info["physical_variables"]
    (-3.0, 16)
    """

    topology: str = "zephyr"
    shape: tuple[int, ...] = (6, 4)
    sweeps: int = 1000
    chain_strength: float | None = None

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class.

        Raises:
            ValueError: the request is malformed, or the chip too small for the variables.
        """
        from dwave.embedding import unembed_sampleset

        qubo = check_request(qubo, reads, seed)
        check_count("sweeps", self.sweeps)
        chip = self.topology, tuple(self.shape)
        mock_chip(*chip)  # loading Ocean takes seconds and is no part of embedding
        start = perf_counter()
        chains = clique_embedding(*chip, qubo.n_variables)
        logical = to_bqm(qubo, "SPIN")
        strength = self._strength(logical)
        physical = chains.embed_bqm(logical, chain_strength=strength)
        embedded = perf_counter()
        raw = self._annealer(physical, seed).sample(physical, num_reads=int(reads))
        sampled = perf_counter()
        answer = unembed_sampleset(raw, chains, logical, chain_break_fraction=True)
        bits, occurrences = bits_of(answer, qubo.n_variables)
        broken = np.average(answer.record.chain_break_fraction, weights=occurrences)
        options = {"sweeps": self.sweeps, "topology": self.topology, "shape": list(self.shape)}
        requested = {"reads": int(reads), "seed": int(seed), **options}
        info = {
            "sampler": "MockAnnealer",
            "requested": {**requested, "chain_strength": self.chain_strength},
            "effective": {**requested, "chain_strength": strength},
            "seconds": {"embed": embedded - start, "sample": sampled - embedded},
            "simulated": True,
            "logical_variables": qubo.n_variables,
            "physical_variables": len(physical.variables),
            "max_chain_length": chains.max_chain_length,
            "chain_strength": strength,
            "chain_break_fraction": float(broken),
        }
        return collect(qubo, bits, info, occurrences)

    def _strength(self, logical: Any) -> float:
        from dwave.embedding.chain_strength import uniform_torque_compensation

        strength = self.chain_strength
        if strength is not None and not strength > 0:
            raise ValueError(f"Argument `chain_strength` must be positive, but is {strength}.")
        return float(uniform_torque_compensation(logical) if strength is None else strength)

    def _annealer(self, physical: Any, seed: int) -> Any:
        """The mock of the chip, its last step set up for this one call."""
        h, couplings, _ = physical.to_numpy_vectors()
        mock = copy(mock_chip(self.topology, tuple(self.shape)))
        mock.substitute_kwargs = {
            "num_sweeps": self.sweeps,
            "beta_range": default_beta_range(h, Coo(*couplings)),
            "seed": int(seed),
        }
        return mock
