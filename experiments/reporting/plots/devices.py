"""What devices gave: expectation values against the exact ones, energies of an annealer's reads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from experiments.reporting.plots.style import (
    COLOURS,
    GREY,
    MARKERS,
    SIZE,
    add_legend,
    add_tip,
    few_ticks,
    line_style,
    new_axes,
)

DRAWN = 500  # points of one device that are drawn; slope and RMSE are of all


def device_scatter(
    exact: np.ndarray, device: Sequence[tuple[str, np.ndarray]], title: str = ""
) -> Figure:
    """Expectation values of devices against the exact ones, with slope and RMSE.

    Args:
        exact: (v,) exact expectation values.
        device: (label, (v,) values of that device).
        title: the figure's title.

    Returns:
        the figure, with the line device = exact; of many values a random part is drawn.

    Example:
        >>> exact = np.array([-1.0, 0.0, 1.0])
        >>> figure = device_scatter(exact, [("damped", 0.9 * exact)])
        >>> figure.axes[0].get_legend_handles_labels()[1]
        ['damped: slope 0.900, RMSE 0.082']
    """
    figure, axes = new_axes(title, "exact expectation value", "device expectation value")
    axes.plot([-1, 1], [-1, 1], color=GREY, lw=1.2, zorder=3)
    # Not every n-th one: the values of one event lie together, so a stride could skip observables.
    drawn = np.random.default_rng(0).permutation(len(exact))[:DRAWN]
    for index, (label, values) in enumerate(device):
        slope = float(np.polyfit(exact, values, 1)[0])
        rmse = float(np.sqrt(np.mean((values - exact) ** 2)))
        style: dict[str, Any] = {
            "color": COLOURS[index % len(COLOURS)],
            "marker": MARKERS[index % len(MARKERS)],
        }
        text = f"{label}: slope {slope:.3f}, RMSE {rmse:.3f}"
        points = axes.plot(exact[drawn], values[drawn], ls="none", ms=3, mew=0, alpha=0.5, **style)
        add_tip(points[0], text)
        axes.plot([], [], ls="none", ms=6, label=text, **style)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.13 * (0.5 + len(device)))  # the legend stands above the points
    axes.set_yticks([-1, -0.5, 0, 0.5, 1])
    add_legend(axes, loc="upper left")
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

    Example:
        >>> figure = energies([("annealer", np.array([-1.0, -1.0, 0.0, 2.0]))])
        >>> figure.axes[0].get_legend_handles_labels()[1]
        ['annealer: 50% at the lowest']
    """
    lowest = _lowest(samples) if ground is None else ground
    highest = max(float(e.max()) for _, e in samples)
    figure, axes = new_axes(title, "energy above the lowest", "share of reads at or below")
    for index, (label, energy) in enumerate(samples):
        gap = np.sort(energy) - lowest
        share = np.arange(1, len(gap) + 1) / len(gap)
        text = f"{label}: {np.mean(gap < 1e-9):.0%} at the lowest"
        x = np.concatenate([[min(gap[0], 0.0)], gap, [highest - lowest]])
        y = np.concatenate([[0.0], share, [1.0]])
        add_tip(axes.step(x, y, where="post", label=text, **line_style(index))[0], text)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    few_ticks(axes.xaxis)
    add_legend(axes, loc="lower right")
    return figure


def energy_histogram(
    samples: Sequence[tuple[str, np.ndarray]],
    ground: float | None = None,
    bins: int = 30,
    title: str = "",
) -> Figure:
    """How often each energy above the lowest one was read, in bins shared by all samplers.

    Args:
        samples: (label, (r,) energies of the reads).
        ground: the lowest energy there is, where known; else the lowest one seen.
        bins: number of bins.
        title: the figure's title.

    Returns:
        the figure; y is the share of reads in a bin, so samplers of unlike reads compare.

    Example:
        >>> figure = energy_histogram([("annealer", np.array([-1.0, -1.0, 0.0, 2.0]))], bins=3)
        >>> figure.axes[0].get_ylabel()
        'share of reads'
    """
    lowest = _lowest(samples) if ground is None else ground
    highest = max(float(e.max()) for _, e in samples)
    edges = np.linspace(0, max(highest - lowest, 1e-12), bins + 1)
    figure, axes = new_axes(title, "energy above the lowest", "share of reads", SIZE)
    for index, (label, energy) in enumerate(samples):
        # Rounding may put the ground state a hair below zero.
        share = np.histogram(np.maximum(energy - lowest, 0), edges)[0] / len(energy)
        axes.stairs(share, edges, fill=True, color=COLOURS[index % len(COLOURS)], alpha=0.15)
        axes.stairs(share, edges, label=label, baseline=None, **line_style(index))
    axes.set_ylim(0, None)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    few_ticks(axes.xaxis)
    add_legend(axes, loc="upper right")
    return figure


def _lowest(samples: Sequence[tuple[str, np.ndarray]]) -> float:
    return min(float(energy.min()) for _, energy in samples)
