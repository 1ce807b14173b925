"""The stand-in's chip as Ocean sees one: a structured `dimod.Sampler` for its composites.

This module imports dimod; `AnnealerStandIn.as_dimod` reaches it only when asked.
"""

from dataclasses import replace
from typing import Any

import dimod
import numpy as np

from annealing.hardware.stand_in.profiles import working_graph
from annealing.hardware.stand_in.timing import MICRO, problem_timing_data
from annealing.ising import qubo_to_ising
from annealing.on_dimod import from_bqm
from annealing.samplers.protocol import MAX_SEED, check_count


class StructuredStandIn(dimod.Sampler, dimod.Structured):
    """A chip whose qubits are the variables, for `EmbeddingComposite` and the like.

    It has the names of `DWaveSampler` for what it simulates, and no others: parameters it does not
    know raise dimod's `SamplerUnknownArgWarning`. Its "timing" is an estimate and says so.

    Args:
        stand_in: an `AnnealerStandIn`; its `chains` and `chain_strength` play no part.

    >>> from annealing.hardware.stand_in.annealer import AnnealerStandIn
    >>> sampler = StructuredStandIn(AnnealerStandIn("advantage2_small", shape=(2, 4)))
    >>> answer = sampler.sample_ising({sampler.nodelist[0]: 1.0}, {}, num_reads=5, seed=0)
    >>> answer.first.energy, answer.info["timing"]["simulated"]
    (np.float64(-1.0), True)
    """

    def __init__(self, stand_in: Any):
        self.stand_in = stand_in
        graph = working_graph(stand_in.chip, stand_in.defects)
        self._graph = graph
        self._nodelist = sorted(graph)
        self._edgelist = sorted((min(edge), max(edge)) for edge in graph.edges)

    @property
    def nodelist(self) -> list[int]:
        """The qubits that work."""
        return self._nodelist

    @property
    def edgelist(self) -> list[tuple[int, int]]:
        """The couplers that work."""
        return self._edgelist

    @property
    def parameters(self) -> dict:
        """Keyword arguments of `sample`."""
        return {"num_reads": [], "seed": [], "annealing_time": [], "auto_scale": []}

    @property
    def properties(self) -> dict:
        """Of the chip, under D-Wave's names."""
        chip = self.stand_in.chip
        return {
            "chip_id": f"stand-in for {chip.stands_for}",
            "category": "software",
            "topology": {"type": chip.topology, "shape": list(chip.shape)},
            "qubits": self.nodelist,
            "couplers": [list(edge) for edge in self.edgelist],
            "h_range": list(chip.h_range),
            "j_range": [-1.0, 1.0],  # of all machines; beyond it, chains want calibration
            "extended_j_range": list(chip.j_range),
            "annealing_time_range": [MICRO * time for time in chip.annealing_times],
            "num_reads_range": [1, chip.most_reads],
            "problem_timing_data": problem_timing_data(chip),
            "sources": dict(chip.sources),
        }

    def to_networkx_graph(self) -> Any:
        """The qubits and couplers that work, with the chip's coordinates."""
        return self._graph.copy()

    @dimod.bqm_structured
    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel,
        num_reads: int = 1,
        seed: int | None = None,
        annealing_time: float | None = None,
        auto_scale: bool | None = None,
        **others,
    ) -> dimod.SampleSet:
        """A sample set of `num_reads` reads of `bqm`, one programming of the chip.

        Args:
            bqm: a model on the qubits and couplers of the chip.
            num_reads: positive.
            seed: of all that is drawn; a fresh one where none is given.
            annealing_time: in microseconds, as Ocean's; by default the stand-in's.
            auto_scale: by default the stand-in's.
            others: ignored with a warning.
        """
        self.remove_unknown_kwargs(**others)
        check_count("num_reads", num_reads)
        seed = int(np.random.default_rng().integers(MAX_SEED)) if seed is None else seed
        stand_in = self._changed(annealing_time, auto_scale)
        labels = list(bqm.variables)
        h, J, _ = qubo_to_ising(from_bqm(bqm))
        run = stand_in.run(h, J, reads=num_reads, seed=seed)
        values = run.bits.astype(np.int8)
        if bqm.vartype is dimod.SPIN:
            values = 2 * values - 1
        told = stand_in.told(run)
        info = {"timing": told.pop("estimates"), "simulated": True, **told}
        return dimod.SampleSet.from_samples_bqm((values, labels), bqm, info=info).aggregate()

    def _changed(self, annealing_time: float | None, auto_scale: bool | None) -> Any:
        given = {
            "annealing_time": None if annealing_time is None else annealing_time / MICRO,
            "auto_scale": auto_scale,
        }
        return replace(
            self.stand_in, **{name: value for name, value in given.items() if value is not None}
        )
