"""Data sets with two classes or with values, each with a fixed split, a digest and a card."""

from qml.data.bowles2024 import bowles2024_names, load_bowles2024
from qml.data.dataset import Dataset, content_digest, holds_classes, make_dataset
from qml.data.datasets import DATASETS, load_dataset
from qml.data.device_outputs import aspen9_angles, aspen9_outputs
from qml.data.open_data import lhcb_published_scores
from qml.data.patterns import bars_and_stripes
from qml.data.toy import toy_linear, toy_rings
from qml.data.tracking import tracking_qubo

__all__ = [
    "load_dataset",
    "DATASETS",
    "Dataset",
    "make_dataset",
    "holds_classes",
    "content_digest",
    "toy_rings",
    "toy_linear",
    "lhcb_published_scores",
    "load_bowles2024",
    "bowles2024_names",
    "aspen9_outputs",
    "aspen9_angles",
    "tracking_qubo",
    "bars_and_stripes",
]
