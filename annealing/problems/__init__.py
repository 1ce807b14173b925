"""Learning tasks as QUBOs, one formulation a file."""

from annealing.problems.boosting import boosting
from annealing.problems.least_squares import least_squares

__all__ = ["boosting", "least_squares"]
