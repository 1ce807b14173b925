"""The energies an annealer found, against those that need no annealer."""

from typing import Any

import numpy as np

from qml.estimators.solving import Solution

COLOURS = {"rounded": "#b3541e", "relaxed": "#2f6f4f"}


def energy_histogram(solution: Solution, bins: int = 30) -> Any:
    """Histogram of the energies of all reads, above the best known energy.

    Lines mark the loss of the rounded and of the relaxed classical solution, where the problem has
    them: reads to the right of "rounded" are worse than rounding.

    Args:
        solution: `solution_` of a fitted estimator, or one of its `solutions_`.
        bins: of the histogram.

    Returns:
        a `matplotlib.figure.Figure`; `figure.savefig("energies.svg")` writes it.

    Example:
        >>> from qml.estimators import QUBORidge
        >>> x = np.arange(6.0)[:, None]
        >>> ridge = QUBORidge(random_state=0).fit(x, 2 * x[:, 0])
        >>> energy_histogram(ridge.solution_).axes[0].get_ylabel()
        'reads'
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0, 3.2), layout="constrained")
    axes = figure.subplots()
    above = solution.samples.energies - solution.best_known
    axes.hist(above, bins=bins, weights=solution.samples.occurrences, color="#4c6a92")
    for name, colour in COLOURS.items():
        if name in solution.losses:
            loss = solution.losses[name] - solution.best_known
            axes.axvline(loss, color=colour, linestyle="--", label=f"{name} solution")
    axes.axvline(0.0, color="black", linewidth=1.0, label=f"best known ({solution.by})")
    axes.set_xlabel("energy above the best known")
    axes.set_ylabel("reads")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small")
    how = "simulated" if solution.samples.info["simulated"] else "hardware"
    total = int(np.sum(solution.samples.occurrences))
    axes.set_title(f"{solution.samples.info['sampler']} ({how}), {total} reads", fontsize="medium")
    return figure
