"""The figures of the annealing benchmarks."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from figures import RESULTS


def draw_ratios(stem: str, rows: list[dict], key: str, label: str) -> None:
    """Bars of one figure of merit, instances side by side, one colour a program."""
    rows = [row for row in rows if row[key]]
    names = list(dict.fromkeys(row["program"] for row in rows))
    places = {name: i for i, name in enumerate(dict.fromkeys(row["instance"] for row in rows))}
    figure, axes = _figure(1, width=5.0 + 1.1 * len(places))
    axes[0].set_prop_cycle(color=_colours())  # twenty of them: no two programs look alike
    for k, name in enumerate(names):
        own = [row for row in rows if row["program"] == name]
        x = [places[row["instance"]] + (k + 0.5) / len(names) * 0.8 - 0.4 for row in own]
        axes[0].bar(x, [row[key] for row in own], 0.8 / len(names), label=name)
    axes[0].set_yscale("log")
    axes[0].set_ylabel(label)
    axes[0].set_xticks(range(len(places)), list(places), rotation=30, ha="right")
    axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    _save(figure, stem)


def draw_scaling(stem: str, rows: list[dict], keys: Iterable[tuple[str, str]]) -> None:
    """Lines over the number of variables in double logarithms, one panel a family and figure."""
    families = list(dict.fromkeys(row["family"] for row in rows))
    keys = list(keys)
    figure, axes = _figure(len(families) * len(keys), width=4.6 * len(keys), columns=len(keys))
    panels = ((family, key) for family in families for key in keys)
    for panel, (family, (key, label)) in zip(axes, panels, strict=True):
        for name in dict.fromkeys(row["program"] for row in rows if row["family"] == family):
            own = [row for row in rows if (row["family"], row["program"]) == (family, name)]
            n, y = (np.array([row[what] for row in own]) for what in ("n", key))
            if len(n) > 1 and (y > 0).all():
                panel.loglog(n, y, "o-", label=f"{name}: n^{exponent(n, y):.2f}")
        panel.set(xlabel="variables", ylabel=label, title=family)
        panel.legend(frameon=False, fontsize=8)
    _save(figure, stem)


def exponent(n: Any, y: Any) -> float:
    """Slope of a straight line through the logarithms.

    >>> round(exponent(np.array([1.0, 2.0, 4.0]), np.array([3.0, 12.0, 48.0])), 6)
    2.0
    """
    return float(np.polyfit(np.log(n), np.log(y), 1)[0])


def _figure(panels: int, width: float, columns: int = 1) -> tuple[Any, list]:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    rows = -(-panels // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(width, 4.0 * rows), squeeze=False, layout="constrained"
    )
    return figure, list(axes.ravel())


def _colours() -> list:
    import matplotlib as mpl

    return list(mpl.colormaps["tab20"].colors)


def _save(figure: Any, stem: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    for kind in ("svg", "png"):
        figure.savefig(RESULTS / f"{stem}.{kind}", bbox_inches="tight", dpi=120)
