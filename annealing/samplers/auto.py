"""The sampler for a problem one knows nothing about."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from annealing.qubo import Qubo
from annealing.samplers.bifurcation import SimulatedBifurcation
from annealing.samplers.bit_planes import WORD
from annealing.samplers.chromatic import ChromaticAnnealing
from annealing.samplers.graphs import DENSE, density, ising
from annealing.samplers.multispin import MultiSpinAnnealing, common_unit
from annealing.samplers.native.calls import picked_kernel
from annealing.samplers.protocol import Samples, check_count, check_request
from annealing.samplers.stopping import UNLIMITED, Budget

# Processor seconds of D-Wave's annealer in C++ (run of benchmarks/annealing/sparse.py and dense.py:
# 45 to 140 million turns a second on 3 to 20 neighbours, 22 on 99, 4 on 499): of a coupling and of
# a spin in a sweep; of a coupling while a model is built.
COUPLING, SPIN, BUILD = 0.8e-9, 1.3e-8, 1.5e-6
# Seconds before ours draws anything, first calls in a fresh process: loading compiled loops, and
# compiling a program in JAX.
LOADING, COMPILING = 0.5, 2.0
# Fewer reads than these are turned faster by C++, one after the other (same run: a block of 64
# reads goes at the pace of 7 to 10 in C++, one of 512 in words at that of 1 to 3).
FEW, FEW_IN_WORDS = 8, 4
# Dense problems of so many variables are in words up to 9 times, in lanes about as soon at their
# target as by bifurcation (run of dense.py: SK ±1, boosting).
IN_WORDS, IN_LANES = 2000, 500


@dataclass(frozen=True)
class AutoSampler:
    """Picks a sampler by the work to do, the density and the couplings, and says why.

    - Less work for D-Wave's annealer in C++ than loading or compiling ours takes goes there, and so
      do reads so few that they leave ours idle, unless `budget` asks for what it lacks.
    - Couplings and fields that are small integers of one unit: `MultiSpinAnnealing` (without numba
      only sparse ones, from 32 reads on; dense ones up to 2000 variables).
    - Else, where more than a tenth of all pairs are coupled: `SimulatedBifurcation`, discrete; with
      numba only beyond 500 variables.
    - Else `ChromaticAnnealing`.

    `Exhaustive` is never picked: it answers with the lowest states, not with draws.

    `info` is that of the sampler picked, with its name as "picked", and "why". The choice depends
    on the problem, the request and whether numba is there, never on a clock, so that the same seed
    gives the same samples everywhere.

    Args:
        sweeps: sweeps, or steps, of a read.
        budget: when to stop early.

    >>> from annealing.qubo import qubo_from_matrix
    >>> samples = AutoSampler().sample(qubo_from_matrix([[-1.0]]), reads=4, seed=0)
    >>> samples.bits.tolist(), samples.info["picked"]
    ([[1]], 'SimulatedAnnealing')
    """

    sweeps: int = 1000
    budget: Budget = UNLIMITED

    def __post_init__(self):
        check_count("sweeps", self.sweeps)

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class."""
        qubo = check_request(qubo, reads, seed)
        sampler, why = choose(qubo, reads, self.sweeps, self.budget)
        samples = sampler.sample(qubo, reads=reads, seed=seed)
        picked = {"sampler": "AutoSampler", "picked": type(sampler).__name__, "why": why}
        return samples._replace(info={**samples.info, **picked})


def choose(qubo: Qubo, reads: int, sweeps: int, budget: Budget) -> tuple[Any, str]:
    """A sampler for `reads` reads of a validated problem, and the reason in a sentence.

    >>> from annealing.qubo import qubo_from_terms
    >>> ring = qubo_from_terms({(i, (i + 1) % 5000): 1.0 for i in range(5000)})
    >>> type(choose(ring, 100, 1000, UNLIMITED)[0]).__name__
    'MultiSpinAnnealing'
    """
    from annealing.on_dimod import SimulatedAnnealing  # imports this folder: no circle if late

    n, share = qubo.n_variables, density(qubo)
    native, dense = picked_kernel("auto") == "native", share > DENSE
    pairs = share * n * (n - 1) / 2
    seconds = reads * sweeps * (pairs * COUPLING + n * SPIN) + pairs * BUILD
    size = f"{n} variables with {share:.2g} of all pairs coupled"
    if seconds < (LOADING if native else COMPILING) and budget == UNLIMITED:
        why = f"about {seconds:.2g} s of work for C++, less than starting a program takes: {size}"
        return SimulatedAnnealing(sweeps=sweeps), why
    kind = "dense" if dense else "sparse"
    whole = (native or not dense) and n <= (IN_WORDS if dense else n) and _is_whole(qubo)
    if whole and reads >= (FEW_IN_WORDS if native else WORD):
        why = f"{kind}, with small integers for couplings and fields: {size}"
        return MultiSpinAnnealing(sweeps=sweeps, budget=budget), why
    if dense and not (native and n <= IN_LANES):
        return SimulatedBifurcation(steps=sweeps, budget=budget), f"dense: {size}"
    if reads < FEW and budget == UNLIMITED:
        why = f"{kind}, and C++ is faster for {reads} reads, one after the other: {size}"
        return SimulatedAnnealing(sweeps=sweeps), why
    reason = f"{reads} reads do not fill a word" if whole else "couplings or fields of any size"
    return ChromaticAnnealing(sweeps=sweeps, budget=budget), f"{kind}, {reason}: {size}"


def _is_whole(qubo: Qubo) -> bool:
    h, J, _ = ising(qubo)
    return common_unit(np.concatenate([h, J.values])) is not None
