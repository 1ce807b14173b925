"""How training went."""

import numpy as np
from matplotlib.figure import Figure

from experiments.reporting.plots.style import COLOURS, add_legend, new_axes


def training_curve(losses: np.ndarray, title: str = "") -> Figure:
    """Loss against step, mean and range over seeds, smoothed over 2 % of the steps.

    Args:
        losses: (seeds, steps).
        title: the figure's title.

    Returns:
        the figure.

    Example:
        >>> figure = training_curve(np.ones((3, 100)))
        >>> figure.axes[0].get_ylabel()
        'training loss (mean of 2 steps)'
    """
    width = max(1, losses.shape[1] // 50)
    kernel = np.ones(width) / width
    smooth = np.stack([np.convolve(row, kernel, mode="valid") for row in losses])
    step = np.arange(smooth.shape[1]) + width
    name = "training loss" + (f" (mean of {width} steps)" if width > 1 else "")
    figure, axes = new_axes(title, "step", name)
    seeds = f"mean and range of {len(losses)} seeds" if len(losses) > 1 else "one seed"
    axes.fill_between(step, smooth.min(0), smooth.max(0), color=COLOURS[0], alpha=0.2, lw=0)
    axes.plot(step, smooth.mean(0), color=COLOURS[0], lw=1.5, label=seeds)
    axes.margins(x=0.01)
    add_legend(axes, loc="upper right")
    return figure
