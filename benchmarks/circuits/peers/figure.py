"""The plot: time against qubits, one panel a work, with the limit drawn in."""

from pathlib import Path

from floors import byte_floor, flop_floor
from report import OURS, grouped, label, measured
from workload import Task

# Colours told apart by readers with colour-vision deficiencies, and a marker for each as well.
STYLES = {
    OURS: ("#d1242f", "o"), "tensorcircuit": ("#0072b2", "s"),
    "tensorcircuit-scan": ("#56b4e9", "D"), "horqrux": ("#009e73", "^"), "qujax": ("#8c6d31", "v"),
    "qulacs": ("#cc79a7", "P"), "lightning": ("#e69f00", "X"), "catalyst": ("#7b5cb8", "<"),
    "qsim": ("#333333", ">"), "aer": ("#7f7f7f", "h"), "pennylane": ("#b8b800", "*"),
}  # fmt: skip


def draw(rows: list[dict], folder: Path) -> None:
    """Write peers.svg and peers.png; only works measured at two sizes or more have a panel."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    panels = find_panels(grouped(rows))
    machine = next((row["limits"] for row in rows if "limits" in row), None)
    if not panels:
        return
    columns = min(4, len(panels))
    lines = -(-len(panels) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(3.6 * columns, 3.2 * lines + 0.9), squeeze=False
    )
    for axis, panel in zip(axes.flat, panels, strict=False):
        draw_panel(axis, panel, machine)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    handles = {}
    for axis in axes.flat:
        found = zip(*axis.get_legend_handles_labels(), strict=True)
        handles |= {name: handle for handle, name in found}
    figure.legend(
        handles.values(), handles.keys(), loc="lower center", ncols=2 * columns,
        frameon=False, fontsize=8,
    )  # fmt: skip
    figure.supylabel("time, ms (best)", fontsize=10)
    figure.tight_layout(rect=(0.01, 0.6 / figure.get_figheight(), 1, 1))
    for ending in ("svg", "png"):
        figure.savefig(folder / f"peers.{ending}", dpi=130, metadata=None)
    plt.close(figure)


def find_panels(groups) -> list[dict[Task, dict]]:
    """Groups of tasks that differ in the number of qubits alone."""
    panels: dict[Task, dict] = {}
    for task, programs in groups.items():
        panels.setdefault(task._replace(n=0), {})[task] = programs
    return [panel for panel in panels.values() if len(panel) > 1]


def draw_panel(axis, panel, machine) -> None:
    for name, (colour, marker) in STYLES.items():
        points = [(task.n, 1000 * programs[name]["best"]) for task, programs in panel.items()
                  if measured(programs.get(name, {}))]  # fmt: skip
        if points:
            wide = {"linewidth": 2.4, "zorder": 5} if name == OURS else {"linewidth": 1.1}
            axis.plot(*zip(*points, strict=True), color=colour, marker=marker, markersize=5,
                      label=name, **wide)  # fmt: skip
    if machine is not None:
        draw_limit(axis, list(panel), machine)
    axis.set_yscale("log")
    axis.set_xticks([task.n for task in panel])
    axis.set_title(label(next(iter(panel))).replace(", 1,000 samples", ""), fontsize=9)
    axis.set_xlabel("qubits", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.grid(axis="y", linewidth=0.4, alpha=0.5)
    axis.spines[["top", "right"]].set_visible(False)


def draw_limit(axis, tasks, machine) -> None:
    sizes = [task.n for task in tasks]
    flops = [1000 * flop_floor(task, machine["flops"]) for task in tasks]
    moved = [1000 * byte_floor(task, machine["bandwidth"]) for task in tasks]
    axis.plot(
        sizes,
        flops,
        color="black",
        linestyle="--",
        linewidth=1,
        label="floor by flops (gradients: an estimate)",
    )
    axis.plot(sizes, moved, color="black", linestyle=":", linewidth=1, label="by bytes")
