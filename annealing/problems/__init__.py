"""Learning tasks as QUBOs, one formulation a file."""

from annealing.problems.assignment_clustering import assignment_clustering
from annealing.problems.balanced_k_means import balanced_k_means
from annealing.problems.binary_factorization import binary_factorization
from annealing.problems.binary_network import binary_network
from annealing.problems.boosting import boosting
from annealing.problems.classification_head import classification_head
from annealing.problems.feature_selection import feature_selection
from annealing.problems.least_squares import least_squares
from annealing.problems.mimo import mimo
from annealing.problems.squared_hinge import squared_hinge
from annealing.problems.svm_dual import svm_dual
from annealing.problems.thrust import thrust
from annealing.problems.tracking import tracking
from annealing.problems.tree_split import tree_split
from annealing.problems.two_means import two_means
from annealing.problems.zoomed_boosting import zoomed_boosting

__all__ = [
    "boosting",
    "zoomed_boosting",
    "least_squares",
    "svm_dual",
    "squared_hinge",
    "assignment_clustering",
    "balanced_k_means",
    "feature_selection",
    "two_means",
    "binary_network",
    "classification_head",
    "tree_split",
    "binary_factorization",
    "mimo",
    "tracking",
    "thrust",
]
