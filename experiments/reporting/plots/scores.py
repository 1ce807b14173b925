"""How well rows score: forest of intervals, ROC, score against a swept quantity."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from experiments.reporting.plots.style import (
    COLOURS,
    GREY,
    SIZE,
    SMALL,
    add_legend,
    add_tip,
    few_ticks,
    line_style,
    log_axis,
    name_axes,
    new_axes,
    point_style,
)

EFFICIENCIES = np.linspace(0.05, 1, 300)  # where an ROC is drawn; finer would only weigh the page


def score_forest(
    lines: Sequence[tuple[str, float, float, float]],
    reference: float | None,
    *,
    score: str = "AUC",
    title: str = "",
) -> Figure:
    """Score of every row with its interval, one below the other.

    Args:
        lines: (label, value, low, high), top first.
        reference: a vertical line, for example the trivial model's score.
        score: name of the score.
        title: the figure's title.

    Returns:
        the figure.

    Example:
        >>> figure = score_forest([("trees", 0.78, 0.77, 0.79), ("sum", 0.75, 0.74, 0.76)], 0.75)
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['trees', 'sum']
    """
    labels = [textwrap.fill(label, 34) for label, *_ in lines]
    step = 0.32 if not any("\n" in label for label in labels) else 0.4
    figure, axes = new_axes(title, score, "", (SIZE[0], step * len(lines) + 0.9))
    place = np.arange(len(lines))[::-1]
    for y, (label, value, low, high) in zip(place, lines, strict=True):
        bar = axes.plot(
            [low, value, high], [y] * 3, "o-", color=COLOURS[0], lw=2, ms=5, markevery=[1]
        )
        add_tip(bar[0], f"{label}: {value:.4f} [{low:.4f}, {high:.4f}]")
    if reference is not None:
        axes.axvline(reference, color=GREY, lw=1.2, ls=":", zorder=0)
    axes.set_yticks(place, labels, fontsize=SMALL)
    axes.set_ylim(-0.6, len(lines) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.92")
    few_ticks(axes.xaxis)
    return figure


def roc(curves: Sequence[tuple[str, np.ndarray, np.ndarray]], title: str = "") -> Figure:
    """ROC as physicists read it: background rejection against signal efficiency.

    Args:
        curves: (label, true positive rate (g,), false positive rate (g,)), each rate rising from 0
            to 1.
        title: the figure's title.

    Returns:
        the figure; y is 1 / false positive rate on a log scale. From two curves on, a second panel
        divides each by the first, since good curves lie on top of each other.

    Example:
        >>> rate = np.linspace(0, 1, 11)
        >>> len(roc([("a", rate, rate**2), ("b", rate, rate)]).axes)
        2
    """
    drawn = [(label, _rejection(tpr, fpr)) for label, tpr, fpr in curves]
    figure = Figure(figsize=(SIZE[0], 4.9 if len(drawn) > 1 else 4.0), layout="constrained")
    upper, *lower = figure.subplots(
        min(len(drawn), 2), 1, sharex=True, squeeze=False, height_ratios=(2.6, 1)[: len(drawn)]
    ).ravel()
    upper.plot(EFFICIENCIES, 1 / EFFICIENCIES, color=GREY, lw=1, label="random")
    for index, (label, rejection) in enumerate(drawn):
        add_tip(upper.plot(EFFICIENCIES, rejection, label=label, **line_style(index))[0], label)
    name_axes(upper, title, "" if lower else "signal efficiency", "background rejection 1/FPR")
    upper.set(yscale="log", xlim=(0, 1), ylim=(1, None))
    handles, labels = upper.get_legend_handles_labels()
    add_legend(upper, handles=handles[1:] + handles[:1], labels=labels[1:] + labels[:1])
    for axes in lower:
        _ratios(axes, drawn)
    return figure


def sweep(
    series: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]],
    quantity: str,
    *,
    score: str = "AUC",
    logarithmic: bool = False,
    reference: tuple[str, float] | None = None,
    title: str = "",
) -> Figure:
    """Score against a swept quantity, with interval bands.

    Args:
        series: (label, quantity (v,), score (v,), low (v,), high (v,)).
        quantity: name of what is swept: qubits, shots, noise, training events.
        score: name of the score.
        logarithmic: draw the quantity on a log scale.
        reference: (label, score) of a horizontal line, for example the classical baseline.
        title: the figure's title.

    Returns:
        the figure.

    Example:
        >>> shots, auc = np.array([16, 64, 256]), np.array([0.70, 0.74, 0.75])
        >>> sweep([("circuit", shots, auc, auc - 0.01, auc + 0.01)], "shots").axes[0].get_xlabel()
        'shots'
    """
    figure, axes = new_axes(title, quantity, score)
    for index, (label, at, value, low, high) in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        axes.fill_between(
            at, low, high, color=colour, alpha=0.18 if len(series) < 3 else 0.08, lw=0
        )
        axes.plot(at, np.transpose([low, high]), color=colour, lw=0.6, alpha=0.7)
        axes.plot(at, value, **point_style(index) | line_style(index), label=label)
        for x, y, down, up in zip(at, value, low, high, strict=True):
            point = axes.plot([x], [y], **point_style(index))[0]
            add_tip(point, f"{label}, {quantity} {x:g}: {y:.4f} [{down:.4f}, {up:.4f}]")
    if reference is not None:
        axes.axhline(reference[1], color=GREY, lw=1.2, ls=":", label=reference[0])
    places = np.unique(np.concatenate([at for _, at, *_ in series]))
    _quantity_axis(axes, places, logarithmic)
    add_legend(axes)
    return figure


def _rejection(tpr: np.ndarray, fpr: np.ndarray) -> np.ndarray:
    """1 / FPR of the tightest cut that keeps each of `EFFICIENCIES`; NaN where none is rejected."""
    index = np.minimum(np.searchsorted(tpr, EFFICIENCIES - 1e-12), len(tpr) - 1)
    kept = np.asarray(fpr, float)[index]
    return np.divide(1.0, kept, out=np.full(len(kept), np.nan), where=kept > 0)


def _ratios(axes: Axes, drawn: list[tuple[str, np.ndarray]]) -> None:
    first = drawn[0][1]
    seen = [np.ones(1)]
    for index, (label, rejection) in enumerate(drawn):
        ratio = rejection / first
        add_tip(axes.plot(EFFICIENCIES, ratio, **line_style(index))[0], label)
        seen.append(ratio[(EFFICIENCIES > 0.2) & np.isfinite(ratio)])
    low, high = np.min(np.concatenate(seen)), np.max(np.concatenate(seen))
    margin = 0.08 * (high - low) + 0.01  # of the noisy left end only what fits is shown
    axes.set(xlim=(0, 1), ylim=(low - margin, high + margin))
    name_axes(axes, "", "signal efficiency", "ratio to\nfirst")
    few_ticks(axes.yaxis, 4)


def _quantity_axis(axes: Axes, places: np.ndarray, logarithmic: bool) -> None:
    if logarithmic:
        log_axis(axes.xaxis)
    if len(places) <= 8:
        axes.set_xticks(places, [f"{x:g}" for x in places])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", which="minor", length=0)
