"""Parallel tempering: copies of a read at many temperatures that trade places.

Neighbouring temperatures swap their states with probability min(1, exp(dbeta * dE)), even and odd
pairs in turn, which lets states travel from the hot end to the cold in straight lines: S. Syed et
al., J. R. Stat. Soc. B 84, 321 (2022). Temperatures are placed, as there, so that every pair
rejects equally often.
"""

from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from annealing.qubo import Qubo
from annealing.samplers.chromatic import Tables
from annealing.samplers.descent import polished
from annealing.samplers.engines import Engine, engine
from annealing.samplers.ladders import EVERY, State, advance, forget, start
from annealing.samplers.protocol import Samples, check_count, check_request
from annealing.samplers.schedules import betas as schedule
from annealing.samplers.stopping import UNLIMITED, Budget, Method, draw

STAGES = 5  # times the temperatures are placed anew, the last time with most rounds
SCOUTS = 8  # ladders they are placed with
ROUNDS = 25  # rounds of the first stage
PERCOLATED = 0.5  # a cluster of more than this share of the differing spins is nearly a relabelling


@dataclass(frozen=True)
class ParallelTempering:
    """Parallel tempering, with isoenergetic cluster moves where clusters stay small.

    Each read is a ladder of its own, two ladders with cluster moves. The temperatures are placed by
    a pilot run of eight ladders, "pilot" of the seconds in `info`. `info["tempering"]` gives the
    temperatures, the swap rate of each pair, round trips from the cold end over the hot end and
    back for each read, and whether clusters were used and why. Few round trips mean too few rounds
    or temperatures.

    Cluster moves (J. Houdayer, Eur. Phys. J. B 22, 479 (2001); Z. Zhu, A. Ochoa, H. Katzgraber,
    Phys. Rev. Lett. 115, 077201 (2015)) exchange, between two states of one temperature, a
    connected cluster of spins in which they differ; the sum of their energies stays. In dense
    graphs nearly all differing spins form one cluster and nothing is gained.

    Args:
        rounds: of one sweep of all temperatures and one attempt to swap.
        temperatures: how many; by default sqrt(n), at least 8 and at most 40.
        beta_range: first and last inverse temperature, in the inverse unit of the energies; by
            default as the annealers choose it.
        adaptive: whether a pilot run places the temperatures; if not, they have equal ratios.
        clusters: "auto" lets the pilot run find out whether clusters percolate.
        answer: "best" state a read has met, or the "coldest" at the end: a draw from the Boltzmann
            distribution at the last inverse temperature, if rounds suffice; never polished.
        polish: whether a steepest descent follows behind "best".
        budget: when to stop early.

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix([[-1.0, 2.0], [0.0, -2.0]])
    >>> samples = ParallelTempering(rounds=20).sample(qubo, reads=4, seed=0)
    >>> samples.bits.tolist(), samples.info["tempering"]["clusters"]
    ([[0, 1]], False)
    """

    rounds: int = 500
    temperatures: int | None = None
    beta_range: tuple[float, float] | None = None
    adaptive: bool = True
    clusters: bool | Literal["auto"] = "auto"
    answer: Literal["best", "coldest"] = "best"
    polish: bool = True
    budget: Budget = UNLIMITED

    def __post_init__(self):
        check_count("rounds", self.rounds)
        if self.temperatures is not None:
            check_count("temperatures", self.temperatures)
            if self.temperatures < 2:
                raise ValueError("Argument `temperatures` must be at least 2, but is 1.")
        if self.beta_range is not None:
            schedule(*self.beta_range, 2)  # refuses what is not a range
        for name, value, known in (
            ("clusters", self.clusters, (True, False, "auto")),
            ("answer", self.answer, ("best", "coldest")),
        ):
            if value not in known:
                raise ValueError(f"Argument `{name}` must be one of {known}, but is {value!r}.")

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class."""
        qubo = check_request(qubo, reads, seed)
        begin = perf_counter()
        made = engine(qubo)
        betas, clusters, why = self._ladder(made, seed)
        placed, seen = perf_counter() - begin, []
        method = _method(made, betas, clusters, self.answer, seen)
        polish = self.polish and self.answer == "best"
        method = polished(method, qubo) if polish else method
        ends = [float(beta / made.scale) for beta in (betas[0], betas[-1])]
        chosen = {"clusters": clusters, "temperatures": len(betas), "beta_range": ends}
        names = ("temperatures", "beta_range", "adaptive", "clusters", "answer", "polish")
        asked = {name: getattr(self, name) for name in names}
        asked["beta_range"] = self.beta_range and list(self.beta_range)
        samples = draw(
            qubo,
            method,
            reads=reads,
            seed=seed,
            sweeps=self.rounds,
            budget=self.budget,
            info={
                "sampler": "ParallelTempering",
                "requested": asked,
                "effective": {**asked, **chosen, "polish": polish},
            },
        )
        report = {**diagnostics(betas / made.scale, seen), "clusters": clusters, "why": why}
        seconds = {"pilot": placed, **samples.info["seconds"]}
        return samples._replace(info={**samples.info, "seconds": seconds, "tempering": report})

    def _ladder(self, made: Engine, seed: int) -> tuple[np.ndarray, bool, str]:
        """Inverse temperatures in the engine's units, whether clusters are used, and why."""
        count = self.temperatures or int(np.clip(np.sqrt(len(made.place)), 8, 40))
        betas = made.scale * schedule(*(self.beta_range or made.ends), count, "geometric")
        clusters, why = _wanted(made, self.clusters)
        to_find_out = clusters and self.clusters == "auto"
        if self.adaptive or to_find_out:
            placed, share = pilot(made, betas, seed, clusters)
            betas = placed if self.adaptive else betas
            if to_find_out:
                clusters, why = _useful(share)
        return betas, clusters, why


def _wanted(made: Engine, clusters: bool | str) -> tuple[bool, str]:
    if not isinstance(made.model, Tables):
        return False, "the problem is dense, and clusters of differing spins percolate"
    return bool(clusters), "as requested"


def _useful(share: np.ndarray) -> tuple[bool, str]:
    """Whether clusters stay small at a quarter of the temperatures at least."""
    small = int((share < PERCOLATED).sum())
    what = f"clusters hold less than {PERCOLATED:.0%} of the differing spins at {small} of "
    return 4 * small >= len(share), what + f"{len(share)} temperatures of the pilot run"


def pilot(
    made: Engine, betas: np.ndarray, seed: int, clusters: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Inverse temperatures (t,) at which all pairs reject equally often, and cluster shares (t,).

    From `betas`, in the engine's units, the ends of which stay. The share is the mean part of the
    differing spins of two states that a cluster holds.
    """
    key = jax.random.fold_in(jax.random.key(seed), np.uint32(2**32 - 1))  # no read has this number
    keys = jax.random.split(key, SCOUTS)
    state = start(made.model, keys, made.rows, len(betas), 1)
    for stage in range(STAGES):
        rounds = jnp.int32(ROUNDS << stage)
        state = forget(state)
        device = jnp.asarray(betas, jnp.float32)
        state = advance(made.model, state, device, rounds, clusters)
        rejected, tried = np.asarray(state.rejected), np.asarray(state.tried)
        betas = equal_rejection(betas, rejected / np.maximum(tried, 1))
    moves = -(-int(state.round) // EVERY)
    return betas, np.asarray(state.share) / moves


def equal_rejection(betas: np.ndarray, rejected: np.ndarray) -> np.ndarray:
    """New inverse temperatures (t,) between the same ends, from the rejection of each pair (t - 1).

    The sum of rejections up to a temperature, the communication barrier, is interpolated and cut
    into equal parts (Syed et al.).

    >>> equal_rejection(np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.3])).round(2).tolist()
    [1.0, 2.66, 4.0]
    """
    # A little of each old step is kept: a pair that never rejects says nothing on where to be.
    barrier = np.concatenate([[0.0], np.cumsum(rejected + 1e-3)])
    places = np.interp(np.linspace(0, barrier[-1], len(betas)), barrier, betas)
    places[0], places[-1] = betas[0], betas[-1]
    return places


def diagnostics(betas: np.ndarray, seen: list[State]) -> dict:
    """What the ladders of all chunks have to tell, as plain numbers."""
    rejected = sum(np.asarray(state.rejected, float) for state in seen)
    tried = sum(np.asarray(state.tried, float) for state in seen)
    trips = np.concatenate([np.asarray(state.trips) for state in seen])
    return {
        "betas": [float(beta) for beta in betas],
        "swap_rates": [float(rate) for rate in 1 - rejected / np.maximum(tried, 1)],
        "round_trips": {"mean": float(trips.mean()), "least": int(trips.min())},
    }


def _method(
    made: Engine, betas: np.ndarray, clusters: bool, answer: str, seen: list[State]
) -> Method:
    ladders = 2 if clusters else 1
    device = jnp.asarray(betas, jnp.float32)

    def read(state: State) -> Any:
        if int(state.round):  # the trial run that compiles does none
            seen.append(state._replace(spins=None, noise=None, best_spins=None))
        cold = state.spins[:, state.column[::ladders, -1]]
        chosen = cold if answer == "coldest" else state.best_spins
        return np.asarray(chosen[made.place] > 0).T

    return Method(
        init=lambda keys: start(made.model, keys, made.rows, len(betas), ladders),
        step=lambda state, block, count: advance(made.model, state, device, count, clusters),
        read=read,
        schedule=np.zeros,
        bytes_per_read=24 * made.rows * len(betas) * ladders,
        most=max(1, 4096 // (len(betas) * ladders)),
    )
