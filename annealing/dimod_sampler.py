"""Any sampler of ours as a `dimod.Sampler`, for Ocean's composites and workflows.

This module imports dimod; `annealing.AsDimod` reaches it only when asked for.
"""

import dimod
import numpy as np

from annealing.on_dimod import from_bqm
from annealing.samplers.protocol import MAX_SEED, Sampler


class AsDimod(dimod.Sampler):
    """`sampler` behind the interface of dimod: labels of any kind, bits or spins, offsets.

    Args:
        sampler: a sampler of ours.

    >>> from annealing.samplers.exhaustive import Exhaustive
    >>> AsDimod(Exhaustive()).sample_ising({"a": 1.0}, {("a", "b"): -1.0}).first.energy
    np.float64(-2.0)
    """

    def __init__(self, sampler: Sampler):
        self.sampler = sampler

    @property
    def parameters(self) -> dict:
        """Keyword arguments of `sample`."""
        return {"num_reads": [], "seed": []}

    @property
    def properties(self) -> dict:
        """What is wrapped."""
        return {"sampler": repr(self.sampler)}

    def sample(
        self, bqm: dimod.BinaryQuadraticModel, num_reads: int = 1, seed: int | None = None, **others
    ) -> dimod.SampleSet:
        """A sample set of `num_reads` reads of `bqm`; a fresh seed is drawn where none is given.

        Unknown keywords raise dimod's `SamplerUnknownArgWarning` and are ignored.
        """
        self.remove_unknown_kwargs(**others)
        seed = int(np.random.default_rng().integers(MAX_SEED)) if seed is None else seed
        samples = self.sampler.sample(from_bqm(bqm), reads=num_reads, seed=seed)
        values = samples.bits.astype(np.int8)
        if bqm.vartype is dimod.SPIN:
            values = 2 * values - 1
        return dimod.SampleSet.from_samples_bqm(
            (values, list(bqm.variables)),
            bqm,
            num_occurrences=samples.occurrences,
            info=samples.info,
        )
