"""Models over several data sets: their average ranks, and which of them differ."""

import numpy as np
from matplotlib.figure import Figure

from experiments.reporting import plots
from experiments.reporting.notes import metric_name
from experiments.scoring import SMALLER_IS_BETTER, ScoreMatrix
from experiments.statistics import (
    average_ranks,
    critical_difference,
    friedman_test,
    indistinct_groups,
)

LEVEL = 0.05


def ranks_figure(found: ScoreMatrix, metric: str = "auc") -> tuple[str, Figure]:
    """The critical difference diagram of a matrix of scores, with its caption.

    Args:
        found: models, data sets, and scores (d, m); data sets that some model lacks are left out,
            which the caption says.
        metric: what the scores are.

    Returns:
        caption and figure.

    Raises:
        ValueError: fewer than two models, or than two data sets that all models were run on.

    Example:
        >>> found = ScoreMatrix(["a", "b"], ["x", "y"], np.array([[0.8, 0.7], [0.9, 0.6]]))
        >>> ranks_figure(found)[0].partition(";")[0]
        'Average ranks of 2 models by AUC on 2 data sets'
    """
    whole = ~np.isnan(found.values).any(axis=1)
    values = found.values[whole]
    if len(found.models) < 2 or len(values) < 2:
        raise ValueError(
            "Ranks need two models or more that all have scores on two data sets or more, but "
            f"there are {len(found.models)} models and {len(values)} such data sets."
        )
    larger = metric not in SMALLER_IS_BETTER
    ranks = average_ranks(values, larger_is_better=larger)
    distance = critical_difference(len(ranks), len(values), alpha=LEVEL)
    chance = friedman_test(values if larger else -values).p_value
    caption = (
        f"Average ranks of {len(ranks)} models by {metric_name(metric)} on {len(values)} data "
        "sets; bars join models that do not differ significantly (Nemenyi's test, level "
        f"{LEVEL:g}); that all are equal has p = {chance:.2g} (Friedman's test)."
    )
    if lacking := [found.datasets[i] for i in np.flatnonzero(~whole)]:
        caption += f" Left out, since not all models were run on them: {', '.join(lacking)}."
    groups = indistinct_groups(ranks, distance)
    return caption, plots.critical_difference(found.models, ranks.tolist(), distance, groups)
