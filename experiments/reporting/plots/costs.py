"""What a score or a solution costs: Pareto front, time to solution, scaling."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.reporting.plots.style import (
    COLOURS,
    GREY,
    SIZE,
    add_legend,
    add_tip,
    few_ticks,
    line_style,
    log_axis,
    new_axes,
    point_style,
)

ARROW: dict[str, Any] = {"marker": r"$\uparrow$", "ms": 11, "ls": "none"}


class PowerLaw(NamedTuple):
    """time = factor * size**exponent; `error` is the exponent's standard error."""

    exponent: float
    error: float
    factor: float


def pareto_front(cost: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Which points no other point beats: none is as cheap and as good, and better in one.

    Args:
        cost: (v,) lower is better.
        score: (v,) higher is better.

    Returns:
        (v,) bool.

    Example:
        >>> pareto_front(np.array([1.0, 2.0, 3.0]), np.array([0.7, 0.9, 0.8])).tolist()
        [True, True, False]
    """
    cheaper = np.asarray(np.subtract.outer(cost, cost))
    gain = np.asarray(np.subtract.outer(score, score))
    beats = (cheaper <= 0) & (gain >= 0) & ((cheaper < 0) | (gain > 0))  # [i, j]: i beats j
    return np.logical_not(beats.any(axis=0))


def pareto(
    points: Sequence[tuple[str, float, float, float, float]],
    *,
    cost: str = "seconds",
    score: str = "AUC",
    title: str = "",
) -> Figure:
    """Score against cost, the front of what nothing else beats drawn through.

    Args:
        points: (label, cost > 0, score, low, high).
        cost: name and unit of the cost.
        score: name of the score.
        title: the figure's title.

    Returns:
        the figure; filled points are on the front.

    Raises:
        ValueError: a cost that is not positive, since the axis is logarithmic.

    Example:
        >>> figure = pareto([("a", 1.0, 0.7, 0.6, 0.8), ("b", 9.0, 0.6, 0.5, 0.7)])
        >>> figure.axes[0].get_xscale()
        'log'
    """
    if any(not point[1] > 0 for point in points):
        raise ValueError("Argument `points` must have costs > 0, since they stand on a log scale.")
    rows = -(-len(points) // 2)
    figure, axes = new_axes(title, cost, score, (SIZE[0], 3.6 + 0.19 * rows))
    x, y = (np.array([point[i] for point in points]) for i in (1, 2))
    front = pareto_front(x, y)
    order = np.argsort(x[front])
    axes.step(x[front][order], y[front][order], where="post", color=GREY, lw=1, ls="--", zorder=0)
    for index, (point, best) in enumerate(zip(points, front, strict=True)):
        _point(axes, index, point, bool(best))
    log_axis(axes.xaxis)
    few_ticks(axes.yaxis)
    axes.margins(x=0.08)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8.5, frameon=False)
    return figure


def time_to_solution(
    series: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]],
    *,
    size: str = "variables",
    title: str = "",
) -> Figure:
    """Time to see a solution with a stated probability, against problem size.

    Args:
        series: (label, size (v,), seconds (v,), low (v,), high (v,)); an infinite time means that
            no read found the solution, and `low` is then what is known of it.
        size: name of the problem size.
        title: the figure's title.

    Returns:
        the figure; an arrow upwards is a lower bound.

    Example:
        >>> size, time = np.array([8, 16]), np.array([0.1, np.inf])
        >>> figure = time_to_solution([("annealer", size, time, time / 2, time * 2)])
        >>> figure.axes[0].get_yscale()
        'log'
    """
    figure, axes = new_axes(title, size, "time to solution / s")
    for index, (label, at, value, low, high) in enumerate(series):
        found = np.isfinite(value)
        style = point_style(index) | line_style(index)
        axes.plot(at[found], value[found], label=label, **style)
        for point in zip(at, value, low, high, strict=True):
            _time(axes, index, label, size, *point)
    if not all(np.isfinite(value).all() for _, _, value, *_ in series):
        axes.plot([], [], label="never found: lower bound", color=GREY, **ARROW)
    log_axis(axes.yaxis)
    axes.margins(x=0.06, y=0.1)
    add_legend(axes, loc="upper left")
    return figure


def fit_power_law(size: np.ndarray, time: np.ndarray) -> PowerLaw:
    """Least squares of log time on log size.

    Args:
        size: (v,) positive, at least three values of which two differ.
        time: (v,) positive, in seconds.

    Returns:
        exponent, its standard error (residual scatter, v - 2 degrees of freedom), and factor.

    Raises:
        ValueError: too few points, or points that have no logarithm.

    Example:
        >>> law = fit_power_law(np.array([1.0, 2.0, 4.0]), np.array([3.0, 12.0, 48.0]))
        >>> round(law.exponent, 6), round(law.factor, 6)
        (2.0, 3.0)
    """
    x, y = np.asarray(size, float), np.asarray(time, float)
    if x.size < 3 or np.ptp(x) == 0 or not (np.isfinite(y).all() and min(x.min(), y.min()) > 0):
        raise ValueError(
            "Arguments `size` and `time` must be positive and finite, at least three points of "
            f"unlike size, but are {x.tolist()} and {y.tolist()}."
        )
    x, y = np.log(x), np.log(y)
    spread = np.sum((x - x.mean()) ** 2)
    exponent = float(np.sum((x - x.mean()) * (y - y.mean())) / spread)
    start = float(y.mean() - exponent * x.mean())
    variance = np.sum((y - start - exponent * x) ** 2) / (x.size - 2)
    return PowerLaw(exponent, float(np.sqrt(variance / spread)), float(np.exp(start)))


def scaling(
    series: Sequence[tuple[str, np.ndarray, np.ndarray]],
    *,
    size: str = "size",
    time: str = "seconds",
    title: str = "",
) -> Figure:
    """Time against size, both logarithmic, with the fitted power law of each series.

    Args:
        series: (label, size (v,), time (v,)), as `fit_power_law` takes them.
        size: name of the size.
        time: name and unit of the time.
        title: the figure's title.

    Returns:
        the figure; the legend holds exponents with their standard errors.

    Example:
        >>> size = np.array([1.0, 2.0, 4.0])
        >>> figure = scaling([("simulator", size, 3 * size**2)])
        >>> figure.axes[0].get_legend_handles_labels()[1]
        ['simulator: exponent 2.00 ± 0.00']
    """
    figure, axes = new_axes(title, size, time)
    for index, (label, at, seconds) in enumerate(series):
        law = fit_power_law(at, seconds)
        text = f"{label}: exponent {law.exponent:.2f} ± {law.error:.2f}"
        grid = np.geomspace(np.min(at), np.max(at), 50)
        axes.plot(grid, law.factor * grid**law.exponent, **line_style(index))
        axes.plot([], [], label=text, **point_style(index) | line_style(index))
        for x, y in zip(at, seconds, strict=True):
            add_tip(axes.plot([x], [y], **point_style(index))[0], f"{label}, {size} {x:g}: {y:.3g}")
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    add_legend(axes, loc="upper left")
    return figure


def _point(axes: Axes, index: int, point: tuple[str, float, float, float, float], best: bool):
    label, x, y, low, high = point
    style = point_style(index) | {"ms": 7, "mew": 1.4}
    if not best:
        style["mfc"] = "white"
    axes.plot([x, x], [low, high], color=COLOURS[index % len(COLOURS)], lw=1, alpha=0.5)
    text = f"{label}: {y:.4f} [{low:.4f}, {high:.4f}] for {x:.3g}"
    add_tip(axes.plot([x], [y], label=label, **style)[0], text)


def _time(axes: Axes, index: int, label: str, size: str, x, value, low, high) -> None:
    colour, bound = COLOURS[index % len(COLOURS)], not np.isfinite(value)
    if bound:
        text = f"{label}, {size} {x:g}: more than {low:.3g} s"
        point = axes.plot([x], [low], color=colour, **ARROW)[0]
    else:
        text = f"{label}, {size} {x:g}: {value:.3g} s [{low:.3g}, {high:.3g}]"
        if np.isfinite(high):
            axes.plot([x, x], [low, high], color=colour, lw=1.2)
        point = axes.plot([x], [value], **point_style(index))[0]
    add_tip(point, text)
