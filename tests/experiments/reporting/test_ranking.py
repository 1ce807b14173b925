"""The critical difference figure of a matrix of scores."""

import numpy as np
import pytest

from experiments.reporting.ranking import ranks_figure
from experiments.scoring import ScoreMatrix

VALUES = np.array([[0.9, 0.8, 0.7], [0.9, 0.7, 0.6], [0.8, 0.7, 0.5], [0.9, 0.8, np.nan]])
FOUND = ScoreMatrix(["a", "b", "c"], ["w", "x", "y", "z"], VALUES)


def test_ranks_are_of_the_data_sets_that_all_models_have():
    caption, figure = ranks_figure(FOUND)
    assert "3 models by AUC on 3 data sets" in caption
    assert caption.endswith("Left out, since not all models were run on them: z.")
    titles = [text.get_text() for text in figure.axes[0].texts]
    assert {"a", "b", "c"} <= set(titles)
    tips = [line.get_gid() or "" for line in figure.axes[0].lines]
    assert "tip:a: average rank 1.00" in tips
    assert "tip:c: average rank 3.00" in tips


def test_smaller_may_be_better():
    _, figure = ranks_figure(FOUND, "log_loss")
    tips = [line.get_gid() or "" for line in figure.axes[0].lines]
    assert "tip:c: average rank 1.00" in tips


def test_too_little_to_rank_is_refused():
    with pytest.raises(ValueError, match="there are 3 models and 1 such data sets"):
        ranks_figure(FOUND._replace(values=VALUES[[0, 3]], datasets=["w", "z"]))
