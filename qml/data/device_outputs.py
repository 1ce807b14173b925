"""Outputs of quantum devices that their authors published beside a figure made from them."""

import os
from urllib.parse import quote

import numpy as np

from qml.data.fetching import DataFile, find_file

ASPEN9_URL = (
    "https://raw.githubusercontent.com/eraraya-ricardo/qhack-2021-openproject/"
    "cc65d6db1f5bc185f4e6af99b4de42bfeff45616/" + quote("QPU Results/")
)
# Named as a mirror holds them; the repository calls them label0_qpu.txt and label1_qpu.txt.
ASPEN9_FILES = (
    DataFile(
        "rigetti_aspen9_label0.txt",
        25_191,
        "cdfe684440bd31c4177b6e4d1cfbd468f0870667d72e792403df6d9d51ced4e1",
        ASPEN9_URL + "label0_qpu.txt",
    ),
    DataFile(
        "rigetti_aspen9_label1.txt",
        25_715,
        "82982f3f771c78337822b41d7a69cf58b36ddaec29a5f667411ebf691a74516a",
        ASPEN9_URL + "label1_qpu.txt",
    ),
)
# Cell 83 of the notebook QHack_Final.ipynb at the same commit (MIT): layer l turns the qubit by
# Rot(phi, theta, omega) twice, whose six angles are scale[l] * feature + shift[l].
ASPEN9_FEATURES = (0, 3, 6, 11, 15, 1)
ASPEN9_SCALE = (
    (0.7079311, 0.37632585, -0.33214605, -0.13929626, -0.7721329, -0.5372071),
    (-0.29678243, 0.01558876, -0.24696895, 0.17431983, -0.12074132, 0.37094465),
    (-0.40574065, -0.04427808, 1.0555736, -0.81905687, -1.0446428, 0.05147649),
    (-0.49339634, -0.57406455, 0.50634474, -0.4733748, 0.29814383, 0.3295614),
    (1.2720922, 0.2524813, 0.7091267, -0.12986897, 0.20881489, -0.7476898),
)
ASPEN9_SHIFT = (
    (0.5376858, -1.1241286, 2.0380347, 2.3011663, -0.61580783, 0.5203443),
    (0.7615255, -2.1535773, -0.9438669, -0.7446632, -0.8937272, 0.5636517),
    (-0.15026595, 1.9657563, -0.31717998, -0.6812052, -1.3080239, -0.09160299),
    (0.981377, 1.6538823, -0.38690042, 0.7046689, 0.03279989, -0.15615936),
    (-0.532189, -0.27468985, -0.04790952, -1.2638885, -0.93331784, -0.3911027),
)
ASPEN9_ALPHA = (0.94681466, 1.0617169)
ASPEN9_SHOTS = 10_000
ASPEN9_PACKED = 10  # events in one circuit, each on a qubit of its own


def aspen9_angles() -> tuple[np.ndarray, np.ndarray]:
    """What the classifier that ran on Aspen-9 makes of the 18 SUSY features.

    Returns:
        matrix (30, 18) and shift (30,): angles = matrix @ x + shift, in radians, of RZ, RY and RZ
        in turn, ten times.

    >>> matrix, shift = aspen9_angles()
    >>> matrix.shape, shift.shape, int(np.count_nonzero(matrix))
    ((30, 18), (30,), 30)
    """
    matrix = np.zeros((len(ASPEN9_SCALE), len(ASPEN9_FEATURES), 18))
    for place, feature in enumerate(ASPEN9_FEATURES):
        matrix[:, place, feature] = np.array(ASPEN9_SCALE)[:, place]
    return matrix.reshape(-1, 18), np.array(ASPEN9_SHIFT).ravel()


def aspen9_outputs(folder: str | os.PathLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Load what Rigetti's Aspen-9 answered for 2,000 SUSY test events.

    A data re-uploading classifier of one qubit, trained on a simulator; the winners of second place
    at QHack 2021 ran its inference on the device (github eraraya-ricardo/qhack-2021-openproject,
    MIT): the first 1,000 test events of each class, 10,000 shots, ten events on ten qubits. The
    files hold <Z> of the measured qubit; the notebook scores the fidelity with |1>, (1 - <Z>) / 2.

    Args:
        folder: where the two files are looked for first and downloaded to.

    Returns:
        (2000,) fidelities, larger is more signal-like, and (2000,) labels, 0 background, 1 signal.

    Raises:
        FileNotFoundError: where a file is missing and cannot be downloaded.
        ValueError: where one is not the published one.

    >>> aspen9_outputs()[0].shape  # doctest: +SKIP
    (2000,)
    """
    by_label = [np.loadtxt(find_file("susy_uci", file, folder)) for file in ASPEN9_FILES]
    labels = np.repeat([0, 1], [len(part) for part in by_label])
    return (1 - np.concatenate(by_label)) / 2, labels
