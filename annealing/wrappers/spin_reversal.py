"""Spin reversal: the same problem in other gauges, so that an annealer's biases average out."""

from dataclasses import dataclass

import numpy as np

from annealing.qubo import Coo, Qubo
from annealing.samplers.protocol import Sampler, Samples, check_count, check_request, collect
from annealing.wrappers.parts import field, joint_info, part_seeds


@dataclass(frozen=True)
class SpinReversal:
    """Splits the reads over random gauges: the meaning of half of the bits is turned in each.

    Energies stay as they are, and a perfect sampler draws the same. In a real one, whose qubits
    lean to one side and whose couplers are off by some percent, such errors change sign with the
    gauge: the average over gauges is nearer to the problem that was meant (S. Boixo et al.,
    Nature Physics 10, 218 (2014), arXiv:1304.4595, average so). Each gauge is a call of its own,
    and on hardware a programming of the chip.

    `info` adds "gauge_energies", the mean energy of each gauge: if they differ by more than their
    scatter, the sampler is biased. "wrapped" holds the `info` of each call.

    Args:
        sampler: who draws.
        gauges: how many; no more than reads are used.

    >>> from annealing.qubo import qubo_from_matrix
    >>> from annealing.samplers.exhaustive import Exhaustive
    >>> qubo = qubo_from_matrix([[-1.0, 2.0], [0.0, -2.0]])
    >>> samples = SpinReversal(Exhaustive()).sample(qubo, reads=4, seed=0)
    >>> samples.bits.tolist(), samples.occurrences.tolist()
    ([[0, 1]], [4])
    """

    sampler: Sampler
    gauges: int = 4

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class."""
        qubo = check_request(qubo, reads, seed)
        check_count("gauges", self.gauges)
        gauges = min(self.gauges, reads)
        flips = np.random.default_rng(seed).integers(2, size=(gauges, qubo.n_variables))
        shares = [reads // gauges + (k < reads % gauges) for k in range(gauges)]
        parts = [
            self.sampler.sample(turned(qubo, flip), reads=int(share), seed=part)
            for flip, share, part in zip(flips, shares, part_seeds(seed, gauges), strict=True)
        ]
        bits = np.concatenate([part.bits ^ flip for part, flip in zip(parts, flips, strict=True)])
        counts = np.concatenate([part.occurrences for part in parts])
        infos = [part.info for part in parts]
        info = joint_info("SpinReversal", {"gauges": gauges}, reads, counts.sum(), seed, infos)
        info["requested"]["gauges"] = self.gauges
        info["gauge_energies"] = [
            float(np.average(part.energies, weights=part.occurrences)) for part in parts
        ]
        return collect(qubo, bits, info, counts)


def turned(qubo: Qubo, flips: np.ndarray) -> Qubo:
    """The problem with the energies of `qubo` where the bits with `flips` (n,) = 1 mean the other.

    Its energy at b is that of `qubo` at b XOR flips; in spins, fields and couplings change sign
    with the spins they belong to.

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix([[-1.0, 2.0], [0.0, -2.0]])
    >>> turned(qubo, np.array([1, 0])).energy([1, 1]), qubo.energy([0, 1])
    (np.float64(-2.0), np.float64(-2.0))
    """
    sign = 1.0 - 2.0 * flips  # bit = flip + sign * new bit
    linear, offset = sign * field(qubo, flips), float(qubo.energy(flips))
    if isinstance(qubo.quadratic, Coo):
        rows, cols, values = qubo.quadratic
        return Qubo(linear, Coo(rows, cols, sign[rows] * sign[cols] * values), offset)
    return Qubo(linear, sign[:, None] * qubo.quadratic * sign, offset)
