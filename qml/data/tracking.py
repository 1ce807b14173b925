"""Particle tracking as a QUBO: which triplets of detector hits lie on one track?"""

import ast
import os

import numpy as np

from annealing import Qubo, qubo_from_matrix
from qml.data.fetching import DataFile, find_file

TRACKING_QUBO = DataFile(
    "QUBO_05pct_input.txt",
    2_514,
    "c31179dd3a908aa2937ec15a6166767bdbdea3008ba5ff61471d553766c26129",
    "https://raw.githubusercontent.com/UTokyo-ICEPP/qc-workbook/"
    "8df8ef78cb76d98ca35d9764d92217b1f7af6747/source/data/QUBO_05pct_input.txt",
)


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
