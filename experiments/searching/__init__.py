"""Search for a model's settings: folds of the training events, trials made, and the choice."""

from experiments.searching.choice import Chosen, Nested, nested_scores, search
from experiments.searching.folds import fold_rows

__all__ = ["search", "Chosen", "nested_scores", "Nested", "fold_rows"]
