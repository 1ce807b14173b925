"""Training in several QUBOs, one after another or a piece each."""

from qml.annealed.factorizing import Factorized, factorize
from qml.annealed.head import Head, fit_head
from qml.annealed.splitting import Split, split_categories
from qml.annealed.zooming import Zoomed, zoom

__all__ = [
    "Zoomed",
    "zoom",
    "Split",
    "split_categories",
    "Factorized",
    "factorize",
    "Head",
    "fit_head",
]
