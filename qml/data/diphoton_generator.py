"""Makes the di-photon events with Pythia 8: `python -m qml.data.diphoton_generator OUT.npz`.

Signal is gluon fusion to a 125 GeV Higgs boson that decays to two photons; background is the
prompt continuum, q qbar -> yy and the box gg -> yy, in a 5 GeV window around the Higgs mass. A
spin-0 particle decays isotropically, and gluons radiate more than quarks: so signal photons are
more central and their pair recoils harder. How much harder depends on where the initial-state
shower starts, the option `--shower`; see `SHOWERS`.

Events come in chunks, each with a seed of its own, so the result does not depend on how many
processes share the work.
"""

import argparse
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from qml.data.dataset import content_digest, stratified_split
from qml.data.diphoton import SAMPLES, TRAIN_SHARE, kinematics

CHUNK = 1000  # events a seed
SPLIT_SEED = 2017
PT_MIN = (32.0, 25.0)  # GeV, harder and softer photon: a typical di-photon trigger
ETA_MAX = 2.5  # photons are measured where there is a tracker in front of the calorimeter
MASS_WINDOW = (122.5, 127.5)  # GeV

COMMON = (
    "Print:quiet = on",
    "Beams:eCM = 8000.",
    "PartonLevel:MPI = off",
    "HadronLevel:all = off",
    "Random:setSeed = on",
)
SHOWERS = {  # pTHatMin acts on the background alone: the signal process has no pTHat
    # Pythia's default: the shower of the signal may fill all phase space, but that of the
    # background starts at the pT of its photons.
    "default": ("SpaceShower:pTmaxMatch = 0", "PhaseSpace:pTHatMin = 25."),
    # All phase space for both. pTHat then starts well below the photon cuts, because the recoil
    # against a hard shower can lift a photon over them.
    "matched": ("SpaceShower:pTmaxMatch = 2", "PhaseSpace:pTHatMin = 10."),
}
PROCESSES = {  # in the order of their labels, 0 and 1
    "background": (
        "PromptPhoton:ffbar2gammagamma = on",
        "PromptPhoton:gg2gammagamma = on",
        "PhaseSpace:mHatMin = 122.",
        "PhaseSpace:mHatMax = 128.",
    ),
    "signal": (
        "HiggsSM:gg2H = on",
        "25:m0 = 125.",
        "25:onMode = off",
        "25:onIfMatch = 22 22",
    ),
}


def generate(
    n_events: int,
    shower: str = "default",
    jobs: int = 1,
    tick: Callable[[], Any] = lambda: None,
) -> dict:
    """Generate both classes and arrange them as the shipped files are.

    Args:
        n_events: events of each class.
        shower: one of `SHOWERS`.
        jobs: processes that share the work; the result does not depend on it.
        tick: called once for each finished chunk.

    Returns:
        `x` (2 n_events, 8) float32 and `y` (2 n_events,) uint8: first the training rows (60%),
        then the test rows, each part shuffled, the classes balanced in both.

    Raises:
        ValueError: on fewer than one event or job, or an unknown shower.
        ModuleNotFoundError: where Pythia is not installed.
        RuntimeError: where Pythia refuses its settings.

    >>> arrays = generate(3)  # doctest: +SKIP
    >>> arrays["x"].shape  # doctest: +SKIP
    (6, 8)
    """
    for name, value in {"n_events": n_events, "jobs": jobs}.items():
        if value < 1:
            raise ValueError(f"Argument `{name}` must be a positive int, but is {name}={value}.")
    if shower not in SHOWERS:
        known = ", ".join(SHOWERS)
        raise ValueError(f"Argument `shower` must be one of {known}, but is {shower!r}.")
    _pythia8()  # fails here, in words, and not in a worker
    sizes = [min(CHUNK, n_events - start) for start in range(0, n_events, CHUNK)]
    tasks = [
        (process, chunk, size, shower) for process in PROCESSES for chunk, size in enumerate(sizes)
    ]
    parts = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        chunks = pool.map if jobs > 1 else map  # a pool that nobody uses starts no process
        for part in chunks(generate_chunk, *zip(*tasks, strict=True)):
            parts.append(part)
            tick()
    x, y = kinematics(np.concatenate(parts)), np.repeat([0, 1], n_events)
    rows = file_order(n_events)
    return {"x": x[rows].astype(np.float32), "y": y[rows].astype(np.uint8)}


def file_order(n_events: int) -> np.ndarray:
    """Event number of each row of the file: background has 0 to n-1, signal n to 2n-1.

    >>> sorted((file_order(5)[:6] // 5).tolist())  # three of each class train
    [0, 0, 0, 1, 1, 1]
    """
    return np.concatenate(stratified_split(np.repeat([0, 1], n_events), TRAIN_SHARE, SPLIT_SEED))


def generate_chunk(process: str, chunk: int, n_events: int, shower: str = "default") -> np.ndarray:
    """Generate events of one process with the seed of one chunk.

    Args:
        process: "signal" or "background".
        chunk: number of the chunk, from 0; with the process it decides the seed.
        n_events: accepted events wanted; fewer give the beginning of the same list.
        shower: one of `SHOWERS`.

    Returns:
        (n_events, 2, 3) transverse momentum in GeV, pseudorapidity and azimuth of both photons.

    Raises:
        ModuleNotFoundError: where Pythia is not installed.
        RuntimeError: where Pythia refuses its settings.

    >>> generate_chunk("signal", chunk=0, n_events=2).shape  # doctest: +SKIP
    (2, 2, 3)
    """
    seed = 100_000 * (1 + list(PROCESSES).index(process)) + chunk
    settings = *COMMON, *SHOWERS[shower], *PROCESSES[process], f"Random:seed = {seed}"
    generator = _generator(settings)
    accepted = []
    while len(accepted) < n_events:
        if generator.next() and (pair := select_pair(_photons(generator.event))):
            accepted.append(pair)
    return np.array(accepted)


def select_pair(photons: Iterable[tuple[float, float, float]]) -> tuple | None:
    """Return the two hardest photons if they pass the selection, else None.

    Args:
        photons: (pT in GeV, pseudorapidity, azimuth) of each photon of an event.

    Returns:
        The harder and the softer photon, or None.

    >>> select_pair([(70.0, 0.0, 0.0), (56.0, 0.0, 3.1), (5.0, 0.0, 1.0)])
    ((70.0, 0.0, 0.0), (56.0, 0.0, 3.1))
    >>> select_pair([(70.0, 0.0, 0.0), (20.0, 0.0, 3.1)])
    """
    central = sorted((p for p in photons if abs(p[1]) < ETA_MAX), reverse=True)[:2]
    if len(central) < 2 or any(p[0] <= cut for p, cut in zip(central, PT_MIN, strict=True)):
        return None
    (pt1, eta1, phi1), (pt2, eta2, phi2) = central
    mass = math.sqrt(2 * pt1 * pt2 * (math.cosh(eta1 - eta2) - math.cos(phi1 - phi2)))
    return tuple(central) if MASS_WINDOW[0] < mass < MASS_WINDOW[1] else None


def _photons(event) -> list[tuple[float, float, float]]:
    return [(p.pT(), p.eta(), p.phi()) for p in event if p.id() == 22 and p.isFinal()]


def _generator(settings: Iterable[str]):
    generator = _pythia8().Pythia("", False)
    for setting in settings:
        if not generator.readString(setting):
            raise RuntimeError(f"Pythia does not know the setting `{setting}`.")
    if not generator.init():
        raise RuntimeError("Pythia could not be initialised; run it without `Print:quiet`.")
    return generator


def _pythia8():
    try:
        import pythia8mc  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Generating events needs Pythia 8: run `pip install 'qml-offload[hep]'` "
            "(it has wheels for Python 3.11 and 3.12)."
        ) from error
    return pythia8mc


def main(words: Sequence[str] | None = None) -> None:
    """Write the file that the command line asks for."""
    parser = argparse.ArgumentParser(description="Generate di-photon events with Pythia 8.")
    parser.add_argument("out", type=Path, help="file to write, *.npz")
    parser.add_argument("--events", type=int, default=25_000, help="events of each class")
    parser.add_argument("--shower", choices=SHOWERS, default="default", help="rule of the start")
    parser.add_argument("--jobs", type=int, default=2, help="processes that share the work")
    arguments = parser.parse_args(words)
    try:
        arrays = _generate_with_progress(arguments.events, arguments.shower, arguments.jobs)
    except (ModuleNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    np.savez_compressed(arguments.out, **arrays)
    digest = content_digest(arrays)
    print(f"{arguments.out}: {len(arrays['y'])} events, content {digest}")
    same = [name for name, sample in SAMPLES.items() if sample.content == digest]
    print(f"the same events as the shipped `{same[0]}`" if same else "not a shipped file")


def _generate_with_progress(n_events: int, shower: str, jobs: int) -> dict:
    from rich.progress import Progress

    with Progress() as progress:
        total = len(PROCESSES) * math.ceil(n_events / CHUNK)
        task = progress.add_task("Generating", total=total)
        return generate(n_events, shower, jobs, lambda: progress.advance(task))


if __name__ == "__main__":
    main()
