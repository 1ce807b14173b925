"""Simulated annealing of many reads in one machine word, for couplings that are small integers.

The spin of 64 reads (32 in JAX) is one word. An exclusive or with the neighbour's word marks the
reads in which a bond is satisfied; bit-sliced adders count the satisfied bonds of all reads at
once, plane b of the count holding its bit b (multi-spin coding: Jacobs and Rebbi, J. Comput. Phys.
41, 203 (1981); for +-J glasses Isakov et al., Comput. Phys. Commun. 192, 265 (2015)).

Turning a spin of which bonds of weight `a` out of `D` are satisfied costs 2 (2 a - D). Metropolis
accepts it with probability r**(2 a - D), r = exp(-2 beta), or 1; that is where

    2 a <= D + G,    P(G >= g) = r**g,

and the binary digits of such a geometric G are independent: digit b is 1 with probability
r**(2**b) / (1 + r**(2**b)). So G is drawn in planes too, for all reads of a word, each plane from
24 random words that are combined by AND and OR along the binary digits of its probability.

These probabilities are the same at all spins. A drawn word is therefore used at as many spins as it
has bits, turned by one more bit at each: a read meets every random bit once, which leaves it an
exact Metropolis chain, and the reads at one spin have independent bits, so that they do not merge
as reads that share their thresholds do. What is shared is one bit between different spins of
different reads of one word; reads of different words share nothing.
"""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from annealing.qubo import Qubo
from annealing.samplers.bit_planes import by_planes, chances
from annealing.samplers.chromatic import ChromaticAnnealing, temperatures
from annealing.samplers.descent import polished
from annealing.samplers.graphs import Ising, ising
from annealing.samplers.native import calls
from annealing.samplers.protocol import Samples, check_count, check_request
from annealing.samplers.schedules import betas
from annealing.samplers.stopping import UNLIMITED, Budget, Method, draw

LARGEST = 15  # coefficient, in units of the common divisor: four bit planes


@dataclass(frozen=True)
class MultiSpinAnnealing:
    """Simulated annealing of +-J and other small-integer problems, a word of reads at a time.

    Where fields and couplings are multiples -15 ... 15 of some unit (those of the Ising model, so
    that a MaxCut or a graph of +-J qualifies), this is the sampler of the highest rate; it pays
    from about 32 reads on. Other problems are handed to `ChromaticAnnealing`; "method" in
    `info["effective"]` says which it was. `reads` that do not fill the last word are cut off.

    Args:
        sweeps: of a read; each proposes to turn every spin once, by Metropolis' rule.
        beta_range: first and last inverse temperature, in the inverse unit of the energies; by
            default read off the couplings (`schedules.beta_range`).
        schedule: "linear", "geometric" or, by the width of the range, "auto".
        polish: end each read with a steepest descent to the next local minimum.
        budget: when to stop earlier, and memory.
        kernel: as of `ChromaticAnnealing`.

    >>> from annealing.ising import qubo_from_ising
    >>> ring = {(i, (i + 1) % 6): 1.0 for i in range(6)}
    >>> samples = MultiSpinAnnealing(sweeps=100).sample(
    ...     qubo_from_ising(np.zeros(6), ring), reads=64, seed=1
    ... )
    >>> samples.energies[0].item(), samples.info["effective"]["method"]
    (-6.0, 'multi-spin')
    """

    sweeps: int = 1000
    beta_range: tuple[float, float] | None = None
    schedule: Literal["auto", "linear", "geometric"] = "auto"
    polish: bool = True
    budget: Budget = UNLIMITED
    kernel: calls.Kernel = "auto"

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class.

        Raises:
            ValueError: the request is malformed, or does not fit the budget.
        """
        qubo = check_request(qubo, reads, seed)
        check_count("sweeps", self.sweeps)
        model = ising(qubo)
        unit = common_unit(np.concatenate([model.h, model.J.values]))
        if unit is None:
            return self._one_by_one(qubo, reads, seed)
        kernel = calls.picked_kernel(self.kernel)
        ends = temperatures(qubo, model, self.beta_range)
        method = self._method(model, unit, ends, kernel)
        chosen = {"schedule": self.schedule, "polish": self.polish}
        asked = self.beta_range and [float(beta) for beta in self.beta_range]
        effective = {"beta_range": list(ends), "kernel": kernel, "method": "multi-spin"}
        info = {
            "sampler": "MultiSpinAnnealing",
            "requested": {**chosen, "beta_range": asked, "kernel": self.kernel},
            "effective": {**chosen, **effective},
        }
        return draw(
            qubo,
            polished(method, qubo, kernel) if self.polish else method,
            reads=reads,
            seed=seed,
            sweeps=self.sweeps,
            budget=self.budget,
            info=info,
        )

    def _method(self, model: Ising, unit: float, ends: tuple[float, float], kernel: str) -> Method:
        h, J = np.rint(model.h / unit).astype(int), np.rint(model.J.values / unit).astype(int)

        def schedule(sweeps: int, planes: int) -> np.ndarray:
            return chances(model.scale * unit * betas(*ends, sweeps, self.schedule), planes)

        make = calls.by_words if kernel == "native" else by_planes
        return make(h, model.J._replace(values=J), schedule)

    def _one_by_one(self, qubo: Qubo, reads: int, seed: int) -> Samples:
        other = ChromaticAnnealing(
            **{field.name: getattr(self, field.name) for field in fields(self)}
        )
        samples = other.sample(qubo, reads=reads, seed=seed)
        effective = {**samples.info["effective"], "method": "chromatic"}
        info = {**samples.info, "sampler": "MultiSpinAnnealing", "effective": effective}
        return samples._replace(info=info)


def common_unit(values: np.ndarray) -> float | None:
    """The largest number of which all `values` are multiples -15 ... 15, if there is one.

    >>> common_unit(np.array([0.5, -0.75, 0.0])), common_unit(np.array([1.0, np.pi]))
    (0.25, None)
    """
    sizes = np.abs(values)
    sizes = sizes[sizes > 1e-9 * sizes.max(initial=0.0)]  # rounding leaves what should be zero
    if not sizes.size:
        return 1.0
    for parts in range(1, LARGEST + 1):
        unit = sizes.min() / parts
        multiples = sizes / unit
        if np.abs(multiples - np.rint(multiples)).max() < 1e-6:
            return float(unit) if multiples.max() < LARGEST + 0.5 else None
    return None
