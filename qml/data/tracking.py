"""Particle tracking: a published QUBO of ten triplets, and an event's doublets with their truth."""

import ast
import csv
import os
from pathlib import Path

import numpy as np

from annealing import Qubo, qubo_from_matrix
from qml.data.dataset import Dataset, make_dataset
from qml.data.fetching import DataFile, find_file

WORKBOOK = (
    "https://raw.githubusercontent.com/UTokyo-ICEPP/qc-workbook/"
    "8df8ef78cb76d98ca35d9764d92217b1f7af6747/source/data/"
)
TRACKING_QUBO = DataFile(
    "QUBO_05pct_input.txt",
    2_514,
    "c31179dd3a908aa2937ec15a6166767bdbdea3008ba5ff61471d553766c26129",
    WORKBOOK + "QUBO_05pct_input.txt",
)
HITS = DataFile(
    "hits.csv",
    121_845,
    "b5a4d950dff69d4fa4facc77a2f33ea35a6d6b633b617bd85d5c06afcba3237a",
    WORKBOOK + "hits.csv",
)
TRUTH = DataFile(
    "truth.csv",
    260_448,
    "cb170398fa1d019bfde2be5707bccf6901ae814a37246ada8316dc9b81fdae5e",
    WORKBOOK + "truth.csv",
)
# Volume and layer of the barrel, from the beam outwards.
LAYERS = ((8, 2), (8, 4), (8, 6), (8, 8), (13, 2), (13, 4), (13, 6), (13, 8), (17, 2), (17, 4))
LARGEST_TURN = 0.1  # radians between the two hits of a doublet, seen from the beam
LARGEST_Z0 = 200.0  # mm from the middle of the detector, where a straight doublet meets the beam
SECTORS = 20
FEATURES = ("r1", "phi1", "z1", "r2", "phi2", "z2", "turn", "z0", "slope")
UNITS = ("mm", "1", "mm", "mm", "1", "mm", "1", "mm", "1")


def tracking_qubo(folder: str | os.PathLike | None = None) -> Qubo:
    """Load the ten-segment tracking QUBO of the University of Tokyo's workbook.

    Bit i keeps triplet i; the linear terms weigh triplets, the couplings reward pairs that continue
    each other and punish pairs that share hits in conflict (Bapst et al., Comput. Softw. Big Sci.
    4, 1 (2020), arXiv:1902.08324). The repository (Apache-2.0) holds the same numbers as HDF5, with
    the pair scores in the *lower* triangle: code that reads the upper one finds no coupling at all.

    Args:
        folder: where the file is looked for first and downloaded to.

    Returns:
        The QUBO of ten variables, in the order of the file's triplets.

    Raises:
        FileNotFoundError: where the file is missing and cannot be downloaded.
        ValueError: where it is not the published one.

    >>> tracking_qubo().n_variables  # doctest: +SKIP
    10
    """
    file = find_file("tracking", TRACKING_QUBO, folder)
    scores = ast.literal_eval(file.read_text(encoding="utf-8"))
    place = {triplet: i for i, triplet in enumerate(a for a, b in scores if a == b)}
    matrix = np.zeros((len(place), len(place)))
    for (first, second), value in scores.items():
        matrix[place[first], place[second]] += value
    return qubo_from_matrix(matrix)


def tracking_doublets(folder: str | os.PathLike | None = None) -> Dataset:
    """Load the doublets of one simulated event: pairs of hits, and whether one particle made both.

    The barrel hits of a twentieth of a TrackML event; doublets are pairs of hits on neighbouring
    layers that could come from near the middle of the detector (`LARGEST_TURN`, `LARGEST_Z0`). True
    ones are 1. Doublets of one of 20 sectors in azimuth are one group, so that a random split cuts
    through few tracks.

    Args:
        folder: where the files are looked for first and downloaded to.

    Returns:
        4,938 doublets, 1,216 of them true; 9 features: cylindrical coordinates of both hits, turn
        in azimuth, z where the doublet meets the beam, and dz/dr. Sectors 0 to 13 train.

    Raises:
        FileNotFoundError: where a file is missing and cannot be downloaded.
        ValueError: where one is not the published one.

    >>> tracking_doublets().x.shape  # doctest: +SKIP
    (4938, 9)
    """
    layer, points, particle = _hits(folder)
    pairs = [
        _doublets(np.flatnonzero(layer == i), np.flatnonzero(layer == i + 1), points)
        for i in range(len(LAYERS) - 1)
    ]
    start, end = np.concatenate(pairs).T
    x = np.concatenate([points[start], points[end], _shape(points[start], points[end])], axis=1)
    sector = ((points[start, 1] + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    return make_dataset(
        "tracking_doublets",
        x,
        (particle[start] == particle[end]) & (particle[start] != "0"),
        features=FEATURES,
        units=UNITS,
        train=np.flatnonzero(sector < 14),
        test=np.flatnonzero(sector >= 14),
        card=(Path(__file__).parent / "files" / "tracking_doublets.md").read_text("utf-8"),
        groups=sector,
    )


def _hits(folder) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of the layer (n,), cylindrical coordinates (n, 3), name of the particle (n,)."""
    texts = (find_file("tracking", file, folder).read_text("utf-8") for file in (HITS, TRUTH))
    hits, truth = (list(csv.DictReader(text.splitlines())) for text in texts)
    names = {line["hit_id"]: line["particle_id"] for line in truth}
    layer = [LAYERS.index((int(hit["volume_id"]), int(hit["layer_id"]))) for hit in hits]
    x, y, z = np.array([[float(hit[axis]) for axis in "xyz"] for hit in hits]).T
    points = np.stack([np.hypot(x, y), np.arctan2(y, x), z], axis=1)
    return np.array(layer), points, np.array([names[hit["hit_id"]] for hit in hits])


def _doublets(inner: np.ndarray, outer: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Pairs (m, 2) of an inner and an outer hit that could be neighbours on a track."""
    first, last = np.meshgrid(inner, outer, indexing="ij")
    turn, z0, _ = np.moveaxis(_shape(points[first], points[last]), -1, 0)
    fits = (np.abs(turn) < LARGEST_TURN) & (np.abs(z0) < LARGEST_Z0)
    return np.stack([first[fits], last[fits]], axis=1)


def _shape(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Turn, z0 and slope (..., 3) of doublets from points (..., 3)."""
    (r1, phi1, z1), (r2, phi2, z2) = (np.moveaxis(p, -1, 0) for p in (first, last))
    turn = (phi2 - phi1 + np.pi) % (2 * np.pi) - np.pi
    slope = (z2 - z1) / (r2 - r1)
    return np.stack([turn, z1 - r1 * slope, slope], axis=-1)
