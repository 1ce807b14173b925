"""Simulated annealing of dense problems, all reads at once, at nearly the price of a product."""

from dataclasses import dataclass
from typing import Literal

import jax
import numpy as np
from jax import lax

from annealing.qubo import Qubo
from annealing.samplers.dense import Dense, as_bits, dense, start, sweep
from annealing.samplers.descent import polished, steepest_descent
from annealing.samplers.protocol import Samples, check_count, check_request
from annealing.samplers.schedules import HOT, betas
from annealing.samplers.stopping import UNLIMITED, Budget, Method, draw

FROZEN = 0.001  # share of the spins that would still turn in a local minimum at the cold end
SCOUTS = 16  # random local minima the cold end is read from


@dataclass(frozen=True)
class DenseAnnealing:
    """Simulated annealing of dense problems, all reads at once.

    `SimulatedBifurcation` mostly reaches the same energies sooner; this one draws from the
    Boltzmann distribution where it is slow enough, and has no step size to be wrong. It pays from
    some tens of reads on; a single one is quicker in C++.

    Args:
        sweeps: Metropolis sweeps of a read; each costs 2 n**2 multiplications.
        beta_range: first and last inverse temperature, in the inverse unit of the energies; by
            default `dense_beta_range`.
        schedule: "linear" or "geometric" in between; "auto" is geometric where the range is wide.
        polish: whether a steepest descent follows.
        budget: when to stop early.

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix([[-1.0, 2.0], [0.0, -2.0]])
    >>> samples = DenseAnnealing(sweeps=50).sample(qubo, reads=4, seed=0)
    >>> samples.bits[0].tolist(), samples.energies[0].item()
    ([0, 1], -2.0)
    """

    sweeps: int = 1000
    beta_range: tuple[float, float] | None = None
    schedule: Literal["auto", "linear", "geometric"] = "auto"
    polish: bool = True
    budget: Budget = UNLIMITED

    def __post_init__(self):
        check_count("sweeps", self.sweeps)
        if self.beta_range is not None:
            betas(*self.beta_range, 2, self.schedule)  # refuses what is not a range

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class."""
        qubo = check_request(qubo, reads, seed)
        model = dense(qubo)
        J, h = model.J, model.h
        hot, cold = self.beta_range or dense_beta_range(qubo, model)
        method = Method(
            init=lambda keys: start(keys, len(h)),
            step=lambda state, block, count: anneal(J, h, state, block, count),
            read=lambda state: as_bits(state[0], model.n),
            schedule=lambda sweeps: model.scale * betas(hot, cold, sweeps, self.schedule),
            bytes_per_read=4 * 4 * len(h),
        )
        method = polished(method, qubo) if self.polish else method
        words = {"schedule": self.schedule, "polish": self.polish}
        info = {
            "sampler": "DenseAnnealing",
            "requested": {"beta_range": self.beta_range and list(self.beta_range), **words},
            "effective": {"beta_range": [hot, cold], **words},
        }
        return draw(
            qubo,
            method,
            reads=reads,
            seed=seed,
            sweeps=self.sweeps,
            budget=self.budget,
            info=info,
        )


def dense_beta_range(qubo: Qubo, model: Dense) -> tuple[float, float]:
    """First and last inverse temperature for a dense problem, measured on local minima of it.

    It starts at 0.3 over the root mean square of the fields, as `schedules.beta_range`. It ends
    where in 16 random local minima one spin in a thousand would still turn in a sweep; with one in
    a hundred, boosting problems end far above their minima, and glasses gain nothing. The smallest
    couplings, from which sparse problems take their cold end, say nothing here: fields of many
    terms are never that small.

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix([[0.0, 4.0], [0.0, 0.0]])
    >>> [round(beta, 2) for beta in dense_beta_range(qubo, dense(qubo))]
    [0.21, 1.83]
    """
    J, h = np.asarray(model.J), np.asarray(model.h)
    squares = (h**2 + (J**2).sum(axis=1))[: model.n]
    if not squares.any():
        return 0.1, 1.0  # all energies are equal, any temperature will do
    hot = HOT / np.sqrt(squares.mean(dtype=float))  # in units of the scale, which float32 may lack
    starts = np.random.default_rng(0).integers(0, 2, (SCOUTS, model.n))
    minima = np.zeros((SCOUTS, len(h)), np.float32)
    minima[:, : model.n] = 2.0 * steepest_descent(qubo, starts) - 1
    gaps = -2.0 * minima * (minima @ J + h)
    gaps = gaps[gaps > 0].astype(float)  # a spin that nothing holds turns at every temperature
    betas = hot * np.geomspace(1, 1e6, 200)
    turning = np.array([np.exp(-beta * gaps).mean() for beta in betas]) if len(gaps) else 0 * betas
    cold = betas[np.argmax(turning < FROZEN)]
    return float(hot / model.scale), float(cold / model.scale)


@jax.jit
def anneal(J: jax.Array, h: jax.Array, state: tuple, betas: jax.Array, count: jax.Array) -> tuple:
    """`count` sweeps of spins and noise with the first of `betas`."""

    def one(i, state):
        spins, noise = state
        return sweep(J, h[:, None], spins, noise, betas[i])

    return lax.fori_loop(0, count, one, state)
