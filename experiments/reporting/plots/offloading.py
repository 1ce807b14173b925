"""What offloading takes and loses: score against shots, and against the noise of the device."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.reporting.plots.scores import sweep
from experiments.reporting.plots.style import COLOURS, GREY, add_legend, add_tip, point_style

Sweep = tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Level = tuple[float, float, float]


def score_by_shots(
    series: Sequence[Sweep], exact: Level | None = None, *, score: str = "AUC", title: str = ""
) -> Figure:
    """Score against the number of shots, beside the score without shot noise.

    Args:
        series: (label, shots (v,), score (v,), low (v,), high (v,)), one a device.
        exact: score, low and high of the exact prediction on the same events.
        score: name of the score.
        title: the figure's title.

    Returns:
        the figure; shots on a log scale, the exact score as a dotted line with its interval.

    Example:
        >>> shots, auc = np.array([16, 64, 256]), np.array([0.70, 0.74, 0.75])
        >>> figure = score_by_shots([("ideal", shots, auc, auc - 0.01, auc + 0.01)], (0.76,) * 3)
        >>> figure.axes[0].get_legend_handles_labels()[1]
        ['ideal', 'exact']
    """
    figure = sweep(series, "shots", score=score, logarithmic=True, title=title)
    _level(figure, exact)
    return figure


def score_by_noise(
    raw: Sequence[np.ndarray],
    mitigated: Sequence[tuple[str, float, Level]] = (),
    exact: Level | None = None,
    *,
    score: str = "AUC",
    title: str = "",
) -> Figure:
    """Score against how many times the device's own noise there was, raw and mitigated.

    Args:
        raw: noise factors (v,), 1 for the device as it is, scores (v,), low (v,) and high (v,).
        mitigated: (label, factor, (score, low, high)) of each method; an extrapolation stands at 0.
        exact: score, low and high without noise.
        score: name of the score.
        title: the figure's title.

    Returns:
        the figure; the mitigated scores as single points with error bars.

    Example:
        >>> factor = np.array([1.0, 3.0, 5.0])
        >>> auc = 0.76 - 0.02 * factor
        >>> figure = score_by_noise((factor, auc, auc, auc), [("zero-noise", 0.0, (0.75,) * 3)])
        >>> figure.axes[0].get_legend_handles_labels()[1]
        ['raw', 'zero-noise']
    """
    factor, value, low, high = (np.asarray(part, float) for part in raw)
    curve = [("raw", factor, value, low, high)]
    figure = sweep(curve, "noise factor", score=score, title=title)
    axes = figure.axes[0]
    for index, (label, at, (value, low, high)) in enumerate(mitigated, start=1):
        style: dict[str, Any] = point_style(index) | {"ms": 8}
        axes.plot([at, at], [low, high], color=style["color"], lw=1.4)
        point = axes.plot([at], [value], label=label, **style)[0]
        add_tip(point, f"{label}: {value:.4f} [{low:.4f}, {high:.4f}]")
    places = np.unique([*factor, *(at for _, at, _ in mitigated)])
    axes.set_xticks(places, [f"{place:g}" for place in places])
    axes.margins(x=0.08)
    _level(figure, exact)
    return figure


def _level(figure: Figure, exact: Level | None) -> None:
    """The exact score as a line across, its interval as a band behind everything."""
    axes = figure.axes[0]
    if exact is not None:
        value, low, high = exact
        axes.axhspan(low, high, color=COLOURS[-1], alpha=0.12, lw=0, zorder=0)
        axes.axhline(value, color=GREY, lw=1.2, ls=":", label="exact")
    add_legend(axes)
