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


def aspen9_outputs(folder: str | os.PathLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Load what Rigetti's Aspen-9 answered for 2,000 SUSY test events.

    A two-qubit data re-uploading classifier, trained on a simulator; the winners of second place
    at QHack 2021 ran its inference on the device (github eraraya-ricardo/qhack-2021-openproject,
    MIT): the first 1,000 test events of each class. The files hold <Z> of the measured qubit; the
    notebook scores the fidelity with |1>, (1 - <Z>) / 2.

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
