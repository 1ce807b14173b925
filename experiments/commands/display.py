"""Progress of a run: bars on a terminal, one plain line a cell elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from experiments.records import Record, place
from experiments.reporting.notes import metric_name


class Bars:
    """A bar for the cells of the run and one for the stage of the current cell."""

    def __init__(self, progress: Progress, title: str):
        """Add both bars to a rich progress display."""
        self.progress = progress
        self.cells = progress.add_task(title, total=None)
        self.current = progress.add_task("loading", total=None)

    def stage(self, label: str, done: int, total: int) -> None:
        """Show how far the current cell has come."""
        # A stage of one step has no inner progress: an indeterminate bar says that it is busy.
        self.progress.update(
            self.current, description=label, completed=done, total=total if total > 1 else None
        )

    def finished(self, record: Record, done: int, total: int) -> None:
        """Move the outer bar."""
        self.progress.update(self.cells, completed=done, total=total)


class Lines:
    """One line a finished cell, for logs and pipes."""

    def __init__(self, console: Console):
        """Keep the console."""
        self.console = console

    def stage(self, label: str, done: int, total: int) -> None:
        """Stages are not shown in a log."""

    def finished(self, record: Record, done: int, total: int) -> None:
        """Print the cell's result."""
        text = f"[{done:3d}/{total}] {place(record)}: {_score(record)}"
        self.console.print(text, highlight=False, markup=False)


def _score(record: Record) -> str:
    """The AUC, or the first metric where events have no classes."""
    if not record.metrics:
        return f"failed: {record.error}"
    name = "auc" if "auc" in record.metrics else next(iter(record.metrics))
    return f"{metric_name(name)} {record.metrics[name]:.4f}"


@contextmanager
def live_display(title: str) -> Iterator[Bars | Lines]:
    """Choose the display that fits where the output goes.

    Args:
        title: what the outer bar says.

    Yields:
        a display for `run`.
    """
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield Lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bars(progress, title)
