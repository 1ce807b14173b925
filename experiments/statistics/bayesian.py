"""How probable it is that one row is better, worse, or as good for all practical purposes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from experiments.statistics.paired import informative_error
from experiments.statistics.replicates import paired_differences


class Posterior(NamedTuple):
    """Probabilities that a minus b lies below, inside and above the region of equivalence."""

    worse: float
    equivalent: float
    better: float


def bayesian_t_test(a: ArrayLike, b: ArrayLike, *, rope: float, test_to_train: float) -> Posterior:
    """Bayesian correlated t test with a region of practical equivalence.

    Corani & Benavoli, Machine Learning 100, 285 (2015): under a flat prior the mean difference
    follows Student's law with s - 1 degrees of freedom, centred on the mean, its variance that of
    `corrected_t_test`. Unlike a p value it can say that two rows are equally good.

    Args:
        a: (s,) score of the first row on each split; larger is better.
        b: (s,) score of the second row on the same splits.
        rope: differences within ±rope count as none, in the unit of the scores; 0.01 is usual for
            an accuracy (Benavoli et al., J. Mach. Learn. Res. 18 (77), 1 (2017)).
        test_to_train: as in `corrected_t_test`.

    Returns:
        Probabilities that a is worse, equivalent and better; their sum is 1.

    Raises:
        ValueError: as `corrected_t_test`, and on a region that is negative or infinite.

    >>> posterior = bayesian_t_test(
    ...     [0.80, 0.81, 0.79], [0.80, 0.80, 0.80], rope=0.05, test_to_train=0.5
    ... )
    >>> round(posterior.worse, 3), round(posterior.equivalent, 3), round(posterior.better, 3)
    (0.016, 0.968, 0.016)
    """
    if not 0 <= rope < np.inf:
        raise ValueError(f"Argument `rope` must be finite and not negative, but is {rope}.")
    differences = paired_differences(a, b)
    error = informative_error(differences, test_to_train)
    if error == 0:
        return Posterior(0.0, 1.0, 0.0)
    freedom, mean = differences.size - 1, float(differences.mean())
    worse = float(stdtr(freedom, (-rope - mean) / error))
    better = float(stdtr(freedom, (mean - rope) / error))
    return Posterior(worse, max(0.0, 1 - worse - better), better)
