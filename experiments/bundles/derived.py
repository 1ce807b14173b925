"""What follows from a run alone: table and page. Packing writes them, verifying writes them again.

Both build from the files of the bundle and from the stand-in for its data, so what a bundle says
can be rebuilt from the bundle, on a machine that has neither the data nor anything trained.
"""

import csv
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.bundles.data import read_data, standing_in
from experiments.bundles.layout import PAGE, SPEC, TABLE_CSV, TABLE_MD
from experiments.reporting.formats import heads, table_cells, to_markdown
from experiments.reporting.report import write_report
from experiments.reporting.tables import Table, make_table
from experiments.specs import load_spec


def derive(
    folder: Path, target: Path, told: dict[str, Any], progress: Callable[[int, int], None]
) -> Table:
    """Write table and page of a bundle from its spec, records, arrays and data description.

    Args:
        folder: the bundle's files.
        target: where table.csv, table.md and the page are written.
        told: bundle.json, which holds `resamples` and `seed` of the intervals.
        progress: called with (rows done, rows).

    Returns:
        the table.

    Raises:
        ValueError: files that do not belong together, or no finished cell.
        FileNotFoundError: the arrays of a finished cell are not there.
    """
    spec, dataset = load_spec(str(folder / SPEC)), read_data(folder)
    if spec.data.name != dataset.name:
        raise ValueError(
            f"The spec names data set {spec.data.name!r}, but described is {dataset.name!r}."
        )
    with standing_in(dataset):
        table = make_table(
            spec, folder, resamples=told["resamples"], seed=told["seed"], progress=progress
        )
        write_report(table, folder, target / PAGE, again(spec.name))
    with (target / TABLE_CSV).open("w", encoding="utf-8", newline="") as file:
        rows = [heads(table.spec.metrics), *table_cells(table)]
        csv.writer(file, lineterminator="\n").writerows(rows)
    (target / TABLE_MD).write_text(to_markdown(table), encoding="utf-8")
    return table


def again(name: str) -> str:
    """The commands that make a bundle's run again, finished cells kept.

    >>> again("demo")
    'qml unpack demo.zip demo && qml run demo/spec.toml --out demo'
    """
    bundle, folder, spec = (shlex.quote(text) for text in (f"{name}.zip", name, f"{name}/{SPEC}"))
    return f"qml unpack {bundle} {folder} && qml run {spec} --out {folder}"
