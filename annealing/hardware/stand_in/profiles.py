"""Profiles of annealers: the figures of a machine that `AnnealerStandIn` takes the place of.

The figures stand in `profiles.toml`, each with where it was read or "assumed". They describe a
machine of some day approximately; they are no specification, and no calibration of anything.
"""

import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from annealing.hardware.chips import chip_graph

FLAWLESS = {"h_step": 0.0, "j_step": 0.0, "h_error": 0.0, "j_error": 0.0, "readout_error": 0.0}


class ChipProfile(NamedTuple):
    """The figures of one annealer; `_replace` makes a variant.

    Coefficients are in the chip's units, in which the energy is B(s) / 2 (h.s + s.J.s); times in
    seconds. `sources` says of each figure where it is from.

    Attributes:
        name: of the profile.
        stands_for: the machine the figures are of.
        topology, shape: wiring, as of `MockAnnealer`.
        qubits: working ones of the whole machine.
        qubit_yield, coupler_yield: share of qubits that work, and of the couplers between them.
        h_range, j_range: coefficients that can be set.
        h_step, j_step: between two values that can be set; 0 for none. Really it varies with the
            value.
        h_error, j_error: standard deviation of what is set, about what was asked for.
        readout_error: probability that a qubit is read as its opposite.
        kelvin: temperature of the qubits.
        single_qubit_temperature: T of the magnetisation -tanh(h / T) of a free qubit. That this is
            meant is our reading; within a fifth it is 2 k T / B(s) at the freeze-out.
        freezeout: s after which a free qubit turns no more.
        sweeps_per_second: sweeps of a simulation that a second of annealing is taken for.
        programming_time, programming_thermalization: to load a problem, and to cool after it.
        readout_times: to read one qubit, and all.
        delay_time: between two reads.
        access_overhead_time: before a problem; not charged.
        annealing_times: shortest and longest.
        longest_run, most_reads: of one submission.
        schedule: rows (s, A, B) in GHz.
        sources: (figure, where it is from).
    """

    name: str
    stands_for: str
    topology: str
    shape: tuple[int, ...]
    qubits: int
    qubit_yield: float
    coupler_yield: float
    h_range: tuple[float, float]
    j_range: tuple[float, float]
    h_step: float
    j_step: float
    h_error: float
    j_error: float
    readout_error: float
    kelvin: float
    single_qubit_temperature: float
    freezeout: float
    sweeps_per_second: float
    programming_time: float
    programming_thermalization: float
    readout_times: tuple[float, float]
    delay_time: float
    access_overhead_time: float
    annealing_times: tuple[float, float]
    longest_run: float
    most_reads: int
    schedule: tuple[tuple[float, float, float], ...]
    sources: tuple[tuple[str, str], ...] = ()

    @property
    def beta(self) -> float:
        """Inverse temperature at which a free qubit freezes, in the inverse chip unit."""
        return 1 / self.single_qubit_temperature


def chip_profile(name: str) -> ChipProfile:
    """The profile called `name`: "advantage2", "advantage2_small" (six by six) or "advantage".

    Raises:
        ValueError: there is no such profile.

    >>> profile = chip_profile("advantage2")
    >>> profile.stands_for, profile.h_range, round(profile.beta, 2)
    ('Advantage2_system1', (-4.0, 4.0), 8.93)
    >>> dict(profile.sources)["h_step"]
    'assumed: that of Advantage_system6, none is published for Advantage2'
    """
    profiles = read_profiles()
    if name not in profiles:
        raise ValueError(f"Argument `profile` must be one of {list(profiles)}, but is {name!r}.")
    return profiles[name]


@cache
def read_profiles(text: str | None = None) -> dict[str, ChipProfile]:
    """All profiles of `text`, in the form of `profiles.toml`, which is read where it is absent.

    Raises:
        ValueError: a figure names no source and is not called assumed.

    >>> list(read_profiles())
    ['advantage2', 'advantage2_small', 'advantage']
    """
    if text is None:
        text = (files("annealing.hardware") / "profiles.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    sources = table.pop("sources")
    return {name: _profile(name, entry, sources) for name, entry in table.items()}


def _profile(name: str, entry: dict[str, Any], sources: dict[str, str]) -> ChipProfile:
    figures = entry.pop("figures")
    for figure, (_, source) in figures.items():
        if source.partition(":")[0] not in {"assumed", *sources}:
            raise ValueError(f"Figure {figure!r} of profile {name!r} names no source: {source!r}.")
    values = {figure: _frozen(value) for figure, (value, _) in figures.items()}
    told = tuple((figure, _spelled(source, sources)) for figure, (_, source) in figures.items())
    entry = {key: _frozen(value) for key, value in entry.items()}
    return ChipProfile(name=name, **entry, **values, sources=told)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _spelled(source: str, sources: dict[str, str]) -> str:
    """A source with its key written out."""
    key, colon, note = source.partition(":")
    return sources.get(key, key) + colon + note


def flawless(profile: ChipProfile) -> ChipProfile:
    """`profile` with exact coefficients and readout: what is left is temperature and dynamics.

    >>> flawless(chip_profile("advantage")).readout_error
    0.0
    """
    return profile._replace(**FLAWLESS)


@lru_cache(maxsize=16)
def working_graph(profile: ChipProfile, defects: int = 0) -> Any:
    """The qubits that work and their couplers, a `networkx.Graph`.

    Which ones do not is drawn at random, since lists of them are not published. A chip so drawn
    holds smaller cliques than a whole one: 106 variables on advantage2, for 184.

    Args:
        profile: says how many.
        defects: seed; each seed is another chip of the same make.

    >>> profile = chip_profile("advantage2_small")
    >>> len(working_graph(profile)), len(working_graph(profile._replace(qubit_yield=1.0)))
    (1202, 1248)
    """
    graph = chip_graph(profile.topology, profile.shape).copy()
    rng = np.random.default_rng(defects)
    graph.remove_nodes_from(_lost(rng, sorted(graph), profile.qubit_yield))
    graph.remove_edges_from(_lost(rng, sorted(map(sorted, graph.edges)), profile.coupler_yield))
    return graph


def _lost(rng: np.random.Generator, parts: list, kept: float) -> list:
    chosen = rng.choice(len(parts), round((1 - kept) * len(parts)), replace=False)
    return [parts[i] for i in chosen]


def schedule_of(profile: ChipProfile, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A and B (k,) in GHz at `s` (k,): ln A and B between the rows of the profile, linearly.

    >>> A, B = schedule_of(chip_profile("advantage"), np.array([0.0, 1.0]))
    >>> A.round(2).tolist(), B.round(2).tolist()
    ([9.63, 0.0], [0.23, 7.57])
    """
    points, A, B = np.array(profile.schedule).T
    return np.exp(np.interp(s, points, np.log(A))), np.interp(s, points, B)
