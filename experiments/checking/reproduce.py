"""`qml reproduce`: make a published table again, and say of every cell whether it holds."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from experiments.checking.predictions import keep_predictions, kept_predictions
from experiments.checking.published import Published, PublishedCell, load_published
from experiments.checking.recipes import RECIPES, Arrays, Measured, Recipe

SAME = 1e-9  # published figures are kept to twelve digits
COLOURS = {
    "exact": "green",
    "within": "green",
    "holds": "green",
    "known error": "yellow",
    "differs": "bold red",
    "missing": "red",
}
HOLDS = ("exact", "within", "holds", "known error")


class CellCheck(NamedTuple):
    """One cell: `published`, `ours`, `difference` (ours - published), `tolerance`, `verdict`.

    The verdict is "exact", "within" (the tolerance), "holds" (a claimed sign), "known error" (the
    source is wrong, our corrected value holds), "differs" or "missing" (its data are not there).
    """

    name: str
    published: str
    ours: str
    difference: str
    tolerance: str
    verdict: str
    note: str = ""


class Reproduction(NamedTuple):
    """An entry made again; `seconds` is the wall time it took."""

    entry: Published
    checks: tuple[CellCheck, ...]
    quick: bool
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 only if every cell holds."""
        return 0 if all(check.verdict in HOLDS for check in self.checks) else 1


def reproduce(
    name: str,
    quick: bool = False,
    from_predictions: bool = False,
    *,
    folder: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Reproduction:
    """Make a published table again and compare it cell by cell.

    Args:
        name: one of `published_ids()`, or a TOML file of the same form.
        quick: only the subset that the entry documents; below 20 seconds.
        from_predictions: train nothing; measure what an earlier call kept in `folder`, or what
            the authors stored.
        folder: where predictions are kept, as `<folder>/<id>.npz`; None keeps none.
        progress: called with (cells done, cells).

    Returns:
        one check a cell.

    Raises:
        ValueError: an unknown entry, which lists the known ones; predictions of another version
            of the entry; `from_predictions` without a folder where something would be trained.
        FileNotFoundError: none of the data, or no predictions, are there; the message says where
            they can be had.

    Example:
        >>> done = reproduce("qaml", quick=True)
        Traceback (most recent call last):
        ValueError: No published entry 'qaml'; known are bowles2024-mlp, ...
    """
    entry, start = load_published(name), time.perf_counter()
    if entry.method not in RECIPES:
        raise ValueError(f"Entry {name!r}: `method` must be one of {', '.join(RECIPES)}.")
    recipe = RECIPES[entry.method]()
    cells = [cell for cell in entry.cells if cell.quick or not quick]
    kept = kept_predictions(entry, folder) if from_predictions and not recipe.authors else None
    checks, made, absent = [], {}, []
    for done, cell in enumerate(cells, start=1):
        try:
            made[cell.name] = _predictions(cell, recipe, kept)
            checks.append(judge(cell, recipe.measure(cell, made[cell.name])))
        except FileNotFoundError as error:
            absent.append(error)
            checks.append(_missing(cell, error))
        progress(done, len(cells))
    if not made:
        raise absent[0]
    if folder is not None and not from_predictions:
        keep_predictions(entry, folder, made)
    return Reproduction(entry, tuple(checks), quick, time.perf_counter() - start)


def judge(cell: PublishedCell, measured: Measured) -> CellCheck:
    """Compare a figure with what was published.

    Args:
        cell: the published figure, its tolerance, and its correction where it is wrong.
        measured: ours.

    Returns:
        the check; a known error of the source holds where our *corrected* value does.

    Example:
        >>> cell = PublishedCell("a", 0.9, 0.01, {})
        >>> judge(cell, Measured(0.905)).verdict, judge(cell, Measured(0.95)).verdict
        ('within', 'differs')
    """
    if cell.claim:
        return _judge_claim(cell, measured)
    tolerance = measured.tolerance if cell.tolerance is None else cell.tolerance
    if tolerance is None:
        raise ValueError(f"Cell {cell.name!r} needs a `tolerance`: its events are not resampled.")
    target = cell.value if cell.corrected is None else cell.corrected
    away = abs(measured.value - target)
    verdict = "exact" if away <= SAME else "within" if away <= tolerance else "differs"
    digits = _digits(tolerance)
    note = measured.note
    if cell.corrected is not None:
        verdict = "known error" if verdict != "differs" else verdict
        note = f"corrected {cell.corrected:.{digits}f}; {note}".rstrip("; ")
    return CellCheck(
        cell.name,
        f"{cell.value:.{digits}f}",
        f"{measured.value:.{digits}f}",
        f"{round(measured.value - cell.value, digits) + 0.0:+.{digits}f}",
        f"{tolerance:.2g}" if tolerance else "exact",
        verdict,
        note,
    )


def reproduction_rich(made: Reproduction) -> Group:
    """The table with its citation above and its verdict below, for a rich console.

    Args:
        made: the reproduction.

    Returns:
        a rich renderable, up to 150 columns wide.
    """
    entry = made.entry
    head = [f"{entry.title}", f"Source: {entry.citation}", f"Where: {entry.where}"]
    head += [f"Match: {entry.match}"] + ([f"Left out: {entry.left_out}"] if entry.left_out else [])
    table = Table(box=box.SIMPLE_HEAD)
    for index, title in enumerate(("cell", "published", "ours", "difference", "tolerance")):
        table.add_column(title, justify="right" if index else "left", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("note")
    for check in made.checks:
        shown = [Text(text) for text in check]
        shown[5].stylize(COLOURS[check.verdict])
        table.add_row(*shown)
    return Group(*map(Text, head), table, *map(Text, summary(made)))


def summary(made: Reproduction) -> list[str]:
    """Counts of verdicts, the reasons of known errors, and the overall verdict.

    Args:
        made: the reproduction.

    Returns:
        sentences.
    """
    verdicts = [check.verdict for check in made.checks]
    counts = ", ".join(f"{v} {verdicts.count(v)}" for v in COLOURS if v in verdicts)
    shown = {check.name for check in made.checks if check.verdict == "known error"}
    reasons = dict.fromkeys(cell.reason for cell in made.entry.cells if cell.name in shown)
    lines = [f"Cells: {counts}; {made.seconds:.1f} s."]
    lines += [f"Known error: {reason}." for reason in reasons]
    if made.quick and len(verdicts) < len(made.entry.cells):
        lines.append(f"Quick: {len(verdicts)} of {len(made.entry.cells)} cells were made.")
    held = "Every cell holds." if made.exit_code == 0 else "Not every cell holds."
    return [*lines, held]


def _judge_claim(cell: PublishedCell, measured: Measured) -> CellCheck:
    if measured.interval is None:
        raise ValueError(f"Cell {cell.name!r} claims a sign, but its recipe gives no interval.")
    value, low, high = measured.interval
    held = low > 0 if cell.claim == "positive" else high < 0
    sign = "> 0" if cell.claim == "positive" else "< 0"
    half = (high - low) / 2
    verdict = "holds" if held else "differs"
    return CellCheck(cell.name, sign, f"{value:+.4f}", "-", f"{half:.2g}", verdict)


def _missing(cell: PublishedCell, error: FileNotFoundError) -> CellCheck:
    published = f"{cell.value:.6f}" if not cell.claim else cell.claim
    return CellCheck(cell.name, published, "-", "-", "-", "missing", str(error))


def _digits(tolerance: float) -> int:
    """Decimals that show a difference of the tolerance's size, six at least."""
    return max(6, math.floor(-math.log10(tolerance))) if tolerance else 6


def _predictions(cell: PublishedCell, recipe: Recipe, kept: dict[str, Arrays] | None) -> Arrays:
    if kept is None:
        return recipe.predict(cell)
    if cell.name not in kept:
        raise FileNotFoundError("No predictions of this cell were kept; make the entry once more.")
    return kept[cell.name]
