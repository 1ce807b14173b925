"""Whether predicted probabilities mean what they say."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.reporting.plots.style import (
    COLOURS,
    GREY,
    SIZE,
    add_legend,
    add_tip,
    line_style,
    name_axes,
    point_style,
)


class Reliability(NamedTuple):
    """Predicted against observed share of signal in bins (v,), with a 95 % interval of the latter.

    `predicted` is the mean prediction of a bin, `count` its number of events.
    """

    predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> Reliability:
    """Group events by predicted probability and count how often they are signal.

    Bins hold equally many events, so that each says equally much; intervals are Wilson's (J. Am.
    Stat. Assoc. 22, 209 (1927)), which stay within 0 and 1.

    Args:
        probabilities: (e,) predicted probability of signal.
        labels: (e,) 1 for signal, 0 for background.
        bins: number of bins; fewer come back where there are fewer events.

    Returns:
        predicted, observed, low, high and count, each (bins,).

    Raises:
        ValueError: probabilities outside 0 and 1; use log-odds through a sigmoid.

    Example:
        >>> reliability(np.array([0.1, 0.1, 0.9, 0.9]), np.array([0, 0, 0, 1]), 2).observed.tolist()
        [0.0, 0.5]
    """
    lowest, highest = np.min(probabilities), np.max(probabilities)
    if not (lowest >= 0 and highest <= 1):
        raise ValueError(
            f"Argument `probabilities` must lie in [0, 1], but spans [{lowest:g}, {highest:g}]; "
            "pass log-odds through a sigmoid."
        )
    order = np.argsort(probabilities, kind="stable")
    groups = [g for g in np.array_split(order, bins) if g.size]
    count = np.array([g.size for g in groups])
    observed = np.array([np.mean(labels[g]) for g in groups])
    predicted = np.array([np.mean(probabilities[g]) for g in groups])
    z = 1.959964  # the normal distribution's 97.5 % quantile
    centre = (observed + z**2 / (2 * count)) / (1 + z**2 / count)
    half = (
        z * np.sqrt(observed * (1 - observed) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    )
    return Reliability(predicted, observed, centre - half, centre + half, count)


def calibration(
    curves: Sequence[tuple[str, np.ndarray, np.ndarray]], bins: int = 10, title: str = ""
) -> Figure:
    """Reliability curves, and below them where the predictions lie.

    Args:
        curves: (label, predicted probability of signal (e,), labels (e,) of 0 and 1).
        bins: bins of equally many events.
        title: the figure's title.

    Returns:
        the figure; a model that means what it says lies on the diagonal.

    Example:
        >>> p = np.linspace(0, 1, 20)
        >>> len(calibration([("model", p, (p > 0.5).astype(int))], bins=4).axes)
        2
    """
    figure = Figure(figsize=(SIZE[0], 4.9), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=GREY, lw=1)
    for index, (label, probabilities, labels) in enumerate(curves):
        found = reliability(probabilities, labels, bins)
        upper.fill_between(
            found.predicted,
            found.low,
            found.high,
            color=COLOURS[index % len(COLOURS)],
            alpha=0.18,
            lw=0,
        )
        upper.plot(
            found.predicted, found.observed, label=label, **point_style(index) | line_style(index)
        )
        for point in zip(*found, strict=True):
            _reliability_tip(upper, label, index, *point)
        lower.hist(probabilities, np.linspace(0, 1, 41), histtype="step", **_bare(index))
    name_axes(upper, title, "", "observed share of signal")
    name_axes(lower, "", "predicted probability of signal", "events")
    upper.set(xlim=(0, 1), ylim=(0, 1.02))
    add_legend(upper, loc="upper left")
    return figure


def _reliability_tip(axes: Axes, label: str, index: int, x, y, low, high, count) -> None:
    point = axes.plot([x], [y], **point_style(index))[0]
    text = f"{label}: predicted {x:.3f}, observed {y:.3f} [{low:.3f}, {high:.3f}], {count} events"
    add_tip(point, text)


def _bare(index: int) -> dict:
    """A line style under the names that histograms take."""
    style = line_style(index)
    return {"color": style["color"], "lw": style["lw"], "ls": style["ls"]}
