"""A stand-in for an annealer: what a run would cost, and roughly give, without an account.

A problem goes all the way it would go: chains on a chip with broken parts, coefficients scaled into
its ranges, quantised and set with errors, reads drawn at its temperature, read out with errors,
majority vote. The figures are those of a `ChipProfile`, published or assumed as it says.
Everything returned is simulated.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any, Literal, NamedTuple, cast

import numpy as np

from annealing.hardware.chain_strength import Rule, chain_strength, rule_name
from annealing.hardware.embedding import checked_embedding, clique_chains, problem_edges
from annealing.hardware.embedding_cache import cached_embedding
from annealing.hardware.stand_in.profiles import ChipProfile, chip_profile, working_graph
from annealing.hardware.stand_in.programming import Placement, Program, place, program, spread
from annealing.hardware.stand_in.timing import check_annealing_time, qpu_access_time
from annealing.ising import qubo_to_ising
from annealing.on_dimod import to_bqm
from annealing.qubo import Coo, Qubo, as_coo
from annealing.samplers.protocol import Samples, check_count, check_request, collect

DYNAMICS = ("classical", "path integral")


class Run(NamedTuple):
    """One submission: `bits` (r, k) as read, what the chip held, `info` of who drew them."""

    bits: np.ndarray
    program: Program
    info: dict


@dataclass(frozen=True)
class AnnealerStandIn:
    """An annealer in software, with a real one's graph, ranges, errors, temperature and times.

    It draws from equilibrium, or what is left of it when a fast anneal ends; it has no coherent
    dynamics, no errors that depend on the neighbours, no drift, one temperature for all qubits. It
    shows what precision, embedding and temperature cost; it predicts no machine's score.

    `info` adds to that of `MockAnnealer` "scale" (chip units for one unit of the Ising model),
    "beta" (at which a free qubit freezes, in the inverse unit of the QUBO) and "estimates" (times
    of a real run in microseconds, see `qpu_access_time`, and the machine they are for).

    Args:
        profile: "advantage2", "advantage2_small", "advantage", or a profile of your own.
        shape: of another chip of the same make; smaller ones are quicker to embed in.
        annealing_time: in seconds; 20 microseconds is the machines' default.
        chain_strength: in the unit of the Ising couplings, or a rule, as of `MockAnnealer`.
        auto_scale: whether coefficients are stretched or shrunk to the chip's ranges, as the
            machines do; else those out of range are refused, and chips' units are the problem's.
        dynamics: "classical", thermal flips along B(s), which end at a known temperature; or "path
            integral", slower, in which the transverse field takes part.
        sweeps: of a read; by default `annealing_time` times the profile's assumed rate.
        embedding: "clique", "auto" or {variable: qubits}, as of `MockAnnealer`.
        defects: seed of what is broken on the chip.
        kernel: of the classical dynamics, as of `ChromaticAnnealing`.

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix(np.triu(np.ones((8, 8))) - 3 * np.eye(8))
    >>> stand_in = AnnealerStandIn("advantage2_small", shape=(2, 4))
    >>> samples = stand_in.sample(qubo, reads=20, seed=1)
    >>> samples.energies[0].item(), samples.info["physical_variables"]
    (-3.0, 16)
    >>> round(samples.info["estimates"]["qpu_access_time"]), samples.info["simulated"]
    (10309, True)
    """

    profile: str | ChipProfile = "advantage2"
    shape: tuple[int, ...] | None = None
    annealing_time: float = 20e-6
    chain_strength: Rule = None
    auto_scale: bool = True
    dynamics: Literal["classical", "path integral"] = "classical"
    sweeps: int | None = None
    embedding: str | Mapping = "clique"
    defects: int = 0
    kernel: Literal["auto", "native", "jax"] = "auto"

    def __post_init__(self):
        check_annealing_time(self.annealing_time, self.chip)
        if self.dynamics not in DYNAMICS:
            raise ValueError(
                f"Argument `dynamics` must be one of {DYNAMICS}, but is {self.dynamics!r}."
            )
        if self.sweeps is not None:
            check_count("sweeps", self.sweeps)
        if not isinstance(self.embedding, Mapping) and self.embedding not in ("clique", "auto"):
            raise ValueError(
                "Argument `embedding` must be clique, auto or {variable: qubits}, but is "
                f"{self.embedding!r}."
            )

    @property
    def chip(self) -> ChipProfile:
        """The profile, of the shape asked for."""
        profile = chip_profile(self.profile) if isinstance(self.profile, str) else self.profile
        return profile if self.shape is None else profile._replace(shape=tuple(self.shape))

    @property
    def graph(self) -> Any:
        """The qubits and couplers that work, as a `networkx.Graph`."""
        return working_graph(self.chip, self.defects)

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class.

        Raises:
            ValueError: the request is malformed, the chip too small, or a coefficient out of range.
        """
        qubo = check_request(qubo, reads, seed)
        start = perf_counter()
        placed = self._placed(qubo)
        strength = chain_strength(self.chain_strength, to_bqm(qubo, "SPIN"), placed.chains)
        h, J, _ = qubo_to_ising(as_coo(qubo))
        on_qubits = spread(placed, h, cast(Coo, J), strength)
        embedded = perf_counter()
        run = self.run(*on_qubits, reads=reads, seed=seed)
        bits, broken = majority(run.bits, placed, np.random.default_rng([seed, 2]))
        requested = {"reads": int(reads), "seed": int(seed), **self._words()}
        used = {"sweeps": self.used_sweeps, "chain_strength": strength}
        info = {
            "sampler": "AnnealerStandIn",
            "requested": requested,
            "effective": {**requested, **run.info["effective"], **used},
            "seconds": {"embed": embedded - start, **run.info["seconds"]},
            "simulated": True,
            "logical_variables": qubo.n_variables,
            "physical_variables": len(placed.qubits),
            "max_chain_length": int(placed.lengths.max(initial=0)),
            "chain_strength": strength,
            "chain_break_fraction": broken,
            **self.told(run),
        }
        return collect(qubo, bits, info)

    def run(self, h: np.ndarray, J: Coo, *, reads: int, seed: int) -> Run:
        """One submission of fields `h` (k,) and couplings `J` of qubits that have these couplers.

        Returns:
            what was read, `bits` (r, k), and what the chip held.
        """
        errors, readout = (np.random.default_rng([seed, stage]) for stage in (0, 1))
        held = program(self.chip, h, J, auto_scale=self.auto_scale, rng=errors)
        if not len(h):
            nothing = {"seconds": {}, "effective": {"reads": int(reads)}}
            return Run(np.zeros((reads, 0), np.uint8), held, nothing)
        bits, info = self._anneal(held, reads=int(reads), seed=int(seed), sweeps=self.used_sweeps)
        flipped = readout.random(bits.shape) < self.chip.readout_error
        return Run(bits ^ flipped, held, info)

    def told(self, run: Run) -> dict[str, Any]:
        """What there is to tell of a run: "scale", "beta" and "estimates", see the class."""
        chip, scale, (reads, qubits) = self.chip, run.program.scale, run.bits.shape
        times = qpu_access_time(reads, self.annealing_time, max(1, qubits), chip)
        estimates = {**times, "stands_for": chip.stands_for, "profile": chip.name}
        return {"scale": scale, "beta": chip.beta * scale, "estimates": estimates}

    @property
    def used_sweeps(self) -> int:
        """Sweeps of a read: those asked for, or as many as the annealing time is taken for."""
        rate = self.chip.sweeps_per_second
        return int(self.sweeps or max(1, round(self.annealing_time * rate)))

    def as_dimod(self) -> Any:
        """The chip itself for Ocean: a structured `dimod.Sampler`, on which composites embed."""
        from annealing.hardware.stand_in.structured import StructuredStandIn

        return StructuredStandIn(self)

    def _anneal(self, held: Program, **request: int) -> tuple[np.ndarray, dict]:
        from annealing.hardware.stand_in import dynamics  # loads JAX

        if self.dynamics == "classical":
            return dynamics.anneal_classically(
                held.h, held.J, self.chip, kernel=self.kernel, **request
            )
        return dynamics.anneal_path_integral(held.h, held.J, self.chip, **request)

    def _placed(self, qubo: Qubo) -> Placement:
        n = qubo.n_variables
        if self.embedding == "clique":
            return _clique(self.chip, self.defects, n)
        graph, edges = working_graph(self.chip, self.defects), problem_edges(qubo)
        if isinstance(self.embedding, Mapping):
            chains = checked_embedding(self.embedding, edges, graph, n)
        else:
            chains = cached_embedding(edges, graph, n=n)
        return place(graph, [chains[i] for i in range(n)])

    def _words(self) -> dict:
        return {
            "profile": self.chip.name,
            "shape": list(self.chip.shape),
            "annealing_time": self.annealing_time,
            "chain_strength": rule_name(self.chain_strength),
            "auto_scale": self.auto_scale,
            "dynamics": self.dynamics,
            "sweeps": self.sweeps,
            "embedding": self.embedding if isinstance(self.embedding, str) else "given",
            "defects": self.defects,
            "kernel": self.kernel,
        }


def majority(bits: np.ndarray, placed: Placement, rng: np.random.Generator) -> Any:
    """Bits (r, n) of the variables by majority in their chains, and the share of chains broken.

    Ties are broken by coin.

    >>> placed = Placement(*map(np.array, ([0, 1, 2], [0, 0, 0], [0], [0, 1], [1, 2], [1, 1])))
    >>> majority(np.array([[1, 0, 1], [0, 0, 0]]), placed, np.random.default_rng(0))
    (array([[1],
           [0]], dtype=uint8), 0.5)
    """
    if not len(placed.starts):
        return bits.astype(np.uint8), 0.0
    ups = np.add.reduceat(bits.astype(np.int32), placed.starts, axis=1)
    lengths = placed.lengths
    tied = rng.random(ups.shape) < 0.5
    broken = float(((ups > 0) & (ups < lengths)).mean())
    return (2 * ups + tied > lengths).astype(np.uint8), broken


@lru_cache(maxsize=64)
def _clique(chip: ChipProfile, defects: int, n: int) -> Placement:
    """Chains for `n` variables that all couple, on the parts of the chip that work."""
    graph = working_graph(chip, defects)
    chains = clique_chains(graph, n)
    if len(chains) == n:
        return place(graph, [chains[i] for i in range(n)])
    largest = bisect_left(range(1, n), True, key=lambda k: not clique_chains(graph, k))
    raise ValueError(
        f"Argument `qubo` must have at most {largest} variables on this {chip.name} {chip.shape}, "
        f'but has {n}; use a larger `shape`, or `embedding="auto"` if few of them couple.'
    )
