"""Roof duality: variables whose value is certain are set before anything is sampled."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from annealing.on_dimod import to_bqm
from annealing.qubo import Qubo
from annealing.samplers.protocol import Sampler, Samples, check_request, collect
from annealing.wrappers.parts import joint_info, restricted


@dataclass(frozen=True)
class RoofDuality:
    """Sets the bits that roof duality proves equal in *all* ground states, and samples the rest.

    Roof duality is a maximum flow (P. Hammer, P. Hansen and B. Simeone, Math. Programming 28, 121
    (1984)); here D-Wave's, `dwave.preprocessing`. It sets many bits where fields are strong and
    couplings few, and none in a problem without fields, which looks the same with all bits turned.
    Where all are set nothing is sampled, and the answer is the only ground state.

    The weak form, which also sets bits of only some ground states, is not offered: in version
    0.6.11 of D-Wave's such bits are at times not of one ground state together. Coefficients are
    rounded to 64-bit integers: those 1e-15 of the largest count for nothing, in the bound too.

    `info` adds "fixed" ("variables" and their "bits") and "lower_bound" of the energy.

    Args:
        sampler: who draws the rest.

    >>> from annealing.qubo import qubo_from_matrix
    >>> from annealing.samplers.exhaustive import Exhaustive
    >>> qubo = qubo_from_matrix([[-3.0, 1.0], [0.0, 2.0]])
    >>> samples = RoofDuality(Exhaustive()).sample(qubo, reads=5, seed=0)
    >>> samples.bits.tolist(), samples.info["fixed"], samples.info["wrapped"]
    ([[1, 0]], {'variables': [0, 1], 'bits': [1, 0]}, [])
    """

    sampler: Sampler

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class."""
        qubo = check_request(qubo, reads, seed)
        start = perf_counter()
        lower_bound, fixed = certain_bits(qubo)
        pattern = np.zeros(qubo.n_variables, dtype=np.uint8)
        pattern[list(fixed)] = list(fixed.values())
        free = np.setdiff1d(np.arange(qubo.n_variables), list(fixed))
        reduced = perf_counter() - start
        bits, counts, infos = pattern[None], np.array([reads]), []
        if len(free):
            part = self.sampler.sample(restricted(qubo, free, pattern), reads=reads, seed=seed)
            bits, counts, infos = (
                np.tile(pattern, (len(part.bits), 1)),
                part.occurrences,
                [part.info],
            )
            bits[:, free] = part.bits
        info = joint_info("RoofDuality", {}, reads, counts.sum(), seed, infos)
        info["seconds"]["reduce"] = reduced
        info["fixed"] = {"variables": list(fixed), "bits": list(fixed.values())}
        info["lower_bound"] = lower_bound
        return collect(qubo, bits, info, counts)


def certain_bits(qubo: Qubo) -> tuple[float, dict[int, int]]:
    """A lower bound of the energy, and {variable: bit} of bits equal in all ground states.

    >>> from annealing.qubo import qubo_from_matrix
    >>> certain_bits(qubo_from_matrix([[-3.0, 1.0], [0.0, 2.0]]))[1]
    {0: 1, 1: 0}
    """
    from dwave.preprocessing import roof_duality

    lower_bound, fixed = roof_duality(to_bqm(qubo), strict=True)
    return float(lower_bound), dict(sorted(fixed.items()))
