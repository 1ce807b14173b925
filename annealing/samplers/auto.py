"""The sampler for a problem one knows nothing about."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from annealing.qubo import Qubo
from annealing.samplers.bifurcation import SimulatedBifurcation
from annealing.samplers.chromatic import ChromaticAnnealing
from annealing.samplers.engines import DENSE, density
from annealing.samplers.graphs import ising
from annealing.samplers.multispin import WORD, MultiSpinAnnealing, common_unit
from annealing.samplers.protocol import Samples, check_count, check_request
from annealing.samplers.stopping import UNLIMITED, Budget

# Seconds of the C++ annealer, as measured (benchmarks/annealing): of a coupling and of a spin in a
# sweep, of a coupling while a model is built.
COUPLING, SPIN, BUILD = 1e-9, 1.5e-8, 1.5e-6
COMPILING = 1.0  # seconds: what a program of ours costs before it draws anything


@dataclass(frozen=True)
class AutoSampler:
    """Picks a sampler by the work to do, the density and the couplings, and says why.

    - Less than a second of work for D-Wave's annealer in C++, which need not be compiled, goes
      there, unless `budget` asks for what it lacks.
    - Where more than a tenth of all pairs are coupled: `SimulatedBifurcation`, discrete.
    - Else, couplings and fields that are small integers of one unit, and at least 32 reads:
      `MultiSpinAnnealing`.
    - Else `ChromaticAnnealing`.

    `Exhaustive` is never picked: it answers with the lowest states, not with draws.

    `info` is that of the sampler picked, with its name as "picked", and "why". The choice depends
    on the problem and the request alone, so that the same seed gives the same samples everywhere.

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
    pairs = share * n * (n - 1) / 2
    seconds = reads * sweeps * (pairs * COUPLING + n * SPIN) + pairs * BUILD
    size = f"{n} variables with {share:.2g} of all pairs coupled"
    if seconds < COMPILING and budget == UNLIMITED:
        why = f"about {seconds:.2g} s of work for C++, less than compiling a program takes: {size}"
        return SimulatedAnnealing(sweeps=sweeps), why
    if share > DENSE:
        return SimulatedBifurcation(steps=sweeps, budget=budget), f"dense: {size}"
    if reads < WORD:
        why = f"sparse, and {reads} reads do not fill a word of {WORD}: {size}"
        return ChromaticAnnealing(sweeps=sweeps, budget=budget), why
    h, J, _ = ising(qubo)
    if common_unit(np.concatenate([h, J.values])) is None:
        why = f"sparse, with couplings or fields that are no small integers: {size}"
        return ChromaticAnnealing(sweeps=sweeps, budget=budget), why
    why = f"sparse, with small integers for couplings and fields: {size}"
    return MultiSpinAnnealing(sweeps=sweeps, budget=budget), why
