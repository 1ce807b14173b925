"""Data sets with two classes, each with a fixed split, a digest and a card."""

from qml.data.dataset import Dataset, content_digest, make_dataset
from qml.data.datasets import DATASETS, load_dataset
from qml.data.open_data import lhcb_published_scores
from qml.data.toy import toy_linear, toy_rings

__all__ = [
    "load_dataset",
    "DATASETS",
    "Dataset",
    "make_dataset",
    "content_digest",
    "toy_rings",
    "toy_linear",
    "lhcb_published_scores",
]
