"""Figures of a run, one function each: arrays in, matplotlib Figure out."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe-Ito colours, distinct for colour-blind readers, then grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#888888")
SIZE = (5.2, 3.9)


def roc(curves: Sequence[tuple[str, np.ndarray, np.ndarray]], title: str = "") -> Figure:
    """ROC as physicists read it: background rejection against signal efficiency.

    Args:
        curves: (label, true positive rate, false positive rate), each rate rising from 0 to 1.
        title: the figure's title.

    Returns:
        the figure; y is 1 / false positive rate on a log scale.
    """
    figure, axes = _axes(
        title, "signal efficiency", "background rejection (1 / false positive rate)"
    )
    for index, (label, tpr, fpr) in enumerate(curves):
        keep = (fpr > 0) & (tpr > 0.05)
        axes.plot(tpr[keep], 1 / fpr[keep], label=label, **_style(index))
    grid = np.linspace(0.05, 1, 200)
    axes.plot(grid, 1 / grid, color="0.7", lw=1, ls=":", label="random")
    axes.set(yscale="log", xlim=(0, 1), ylim=(1, None))
    axes.legend(fontsize=7, frameon=False)
    return figure


def device_scatter(
    exact: np.ndarray, device: Sequence[tuple[str, np.ndarray]], title: str = ""
) -> Figure:
    """Expectation values of devices against the exact ones, with slope and RMSE.

    Args:
        exact: (v,) exact expectation values.
        device: (label, (v,) values of that device).
        title: the figure's title.

    Returns:
        the figure, with the line device = exact.
    """
    figure, axes = _axes(title, "exact expectation value", "device expectation value")
    for index, (label, values) in enumerate(device):
        slope = float(np.polyfit(exact, values, 1)[0])
        rmse = float(np.sqrt(np.mean((values - exact) ** 2)))
        text = f"{label}: slope {slope:.3f}, RMSE {rmse:.3f}"
        axes.plot(exact, values, ".", ms=2.5, alpha=0.4, color=COLOURS[index], label=text)
    axes.plot([-1, 1], [-1, 1], color="0.4", lw=1)
    legend = axes.legend(fontsize=7, frameon=False, markerscale=3)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)
    return figure


def energies(
    samples: Sequence[tuple[str, np.ndarray]], ground: float | None = None, title: str = ""
) -> Figure:
    """Cumulative share of reads with at most this energy above the lowest one.

    Args:
        samples: (label, (r,) energies of the reads).
        ground: the lowest energy there is, where known; else the lowest one seen.
        title: the figure's title.

    Returns:
        the figure; a curve that starts high at 0 finds the ground state often.
    """
    lowest = min(float(e.min()) for _, e in samples) if ground is None else ground
    figure, axes = _axes(title, "energy above the lowest", "share of reads at or below")
    for index, (label, energy) in enumerate(samples):
        gap = np.sort(energy) - lowest
        share = np.arange(1, len(gap) + 1) / len(gap)
        start, end = [min(gap[0], 0.0)], [max(float(e.max()) for _, e in samples) - lowest]
        axes.step(
            np.concatenate([start, gap, end]),
            np.concatenate([[0.0], share, [1.0]]),
            where="post",
            label=f"{label}: {np.mean(gap < 1e-9):.0%} at the lowest",
            **_style(index),
        )
    axes.set(ylim=(0, 1.02))
    axes.legend(fontsize=7, frameon=False, loc="lower right")
    return figure


def training_curve(losses: np.ndarray, title: str = "") -> Figure:
    """Loss against step, mean and range over seeds, smoothed over 2 % of the steps.

    Args:
        losses: (seeds, steps).
        title: the figure's title.

    Returns:
        the figure.
    """
    width = max(1, losses.shape[1] // 50)
    kernel = np.ones(width) / width
    smooth = np.stack([np.convolve(row, kernel, mode="valid") for row in losses])
    step = np.arange(smooth.shape[1]) + width
    figure, axes = _axes(title, "step", f"training loss (mean of {width} steps)")
    axes.fill_between(step, smooth.min(0), smooth.max(0), color=COLOURS[0], alpha=0.2, lw=0)
    axes.plot(
        step, smooth.mean(0), color=COLOURS[0], label=f"mean and range of {len(losses)} seeds"
    )
    axes.legend(fontsize=7, frameon=False)
    return figure


def auc_forest(
    lines: Sequence[tuple[str, float, float, float]], reference: float | None, title: str = ""
) -> Figure:
    """Score of every row with its interval, one below the other.

    Args:
        lines: (label, value, low, high), top first.
        reference: a vertical line, for example the trivial model's score.
        title: the figure's title.

    Returns:
        the figure.
    """
    figure = Figure(figsize=(6.6, 0.32 * len(lines) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    place = np.arange(len(lines))[::-1]
    for y, (_, value, low, high) in zip(place, lines, strict=True):
        axes.plot([low, high], [y, y], color=COLOURS[0], lw=1.6)
        axes.plot([value], [y], "o", color=COLOURS[0], ms=4)
    if reference is not None:
        axes.axvline(reference, color="0.5", lw=1, ls=":")
    axes.set_yticks(place, [label for label, *_ in lines], fontsize=8)
    _finish(axes, title, "AUC", "")
    return figure


def _axes(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    _finish(axes, title, x, y)
    return figure, axes


def _finish(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=9, loc="left")
    axes.set_xlabel(x, fontsize=8)
    axes.set_ylabel(y, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _style(index: int) -> dict:
    dashes = ("-", "--", "-.")[index // len(COLOURS) % 3]
    return {"color": COLOURS[index % len(COLOURS)], "lw": 1.3, "ls": dashes}
