"""Which differences between rows are real: paired tests, posteriors, ranks, intervals over seeds.

Pure functions on arrays. `a` and `b` are scores of two rows on the same replicates (seeds, splits)
or events, larger is better, and every difference is a minus b.
"""

from experiments.statistics.bayesian import Posterior, bayesian_t_test
from experiments.statistics.multiplicity import Best, holm, not_worse_than_best
from experiments.statistics.paired import (
    PairedTest,
    corrected_t_test,
    mcnemar_test,
    wilcoxon_test,
)
from experiments.statistics.ranks import (
    Friedman,
    average_ranks,
    critical_difference,
    friedman_test,
    indistinct_groups,
    nemenyi_test,
)
from experiments.statistics.replicates import bca_interval, t_interval

__all__ = [
    "t_interval",
    "bca_interval",
    "PairedTest",
    "corrected_t_test",
    "wilcoxon_test",
    "mcnemar_test",
    "Posterior",
    "bayesian_t_test",
    "holm",
    "Best",
    "not_worse_than_best",
    "average_ranks",
    "Friedman",
    "friedman_test",
    "critical_difference",
    "nemenyi_test",
    "indistinct_groups",
]
