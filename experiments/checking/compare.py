"""`qml compare`: two run folders, cell by cell: what moved, by more than its interval or not.

Cells are matched by their digest, or else by spec, row and seed. Where both scored the same events
the difference is paired (one set of resampled events for both), else each is resampled on its own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from experiments.records import Record, latest, read_arrays, read_records
from qml.metrics import Interval, auc, paired_difference, percentile, resample

RESAMPLES = 1000
COLOURS = {"identical": "green", "within": "green", "moved": "bold red"}


class CellChange(NamedTuple):
    """One cell that both folders finished; `change` is AUC in B minus AUC in A.

    The verdict is "identical" (every score equals), "within" (the 95 % interval of the change
    holds zero) or "moved". `paired`: both scored the same events. `same_digest` False: the spec or
    the data of the cell differ.
    """

    row: str
    seed: int
    a: float
    b: float
    change: Interval
    paired: bool
    same_digest: bool
    verdict: str


class Comparison(NamedTuple):
    """Two folders compared; `environment` and `data` hold (what, in A, in B) where they differ.

    `only_a` and `only_b` say in words which cells one folder alone has finished.
    """

    folder_a: Path
    folder_b: Path
    cells: tuple[CellChange, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    environment: tuple[tuple[str, str, str], ...]
    data: tuple[tuple[str, str, str], ...]

    @property
    def exit_code(self) -> int:
        """0 only if no cell moved and both folders have the same cells."""
        moved = any(cell.verdict == "moved" for cell in self.cells)
        return 1 if moved or self.only_a or self.only_b else 0


def compare(folder_a: Path, folder_b: Path, *, resamples: int = RESAMPLES) -> Comparison:
    """Compare the finished cells of two run folders; nothing is trained.

    Args:
        folder_a: the first run's folder, the reference.
        folder_b: the second run's folder.
        resamples: bootstrap resamples of the test events.

    Returns:
        the comparison.

    Raises:
        FileNotFoundError: a folder holds no record, or the arrays of a record are gone.
        ValueError: the folders have no cell in common, which is told with the cells of both.
    """
    ours, theirs = _records(Path(folder_a)), _records(Path(folder_b))
    pairs, only_a, only_b = _matched(ours, theirs)
    if not pairs:
        raise ValueError(
            f"Folders {folder_a} and {folder_b} have no finished cell in common: "
            f"{_few(only_a)} against {_few(only_b)}."
        )
    cells = tuple(_change(Path(folder_a), Path(folder_b), a, b, resamples) for a, b in pairs)
    both = [a for a, _ in pairs], [b for _, b in pairs]
    return Comparison(
        Path(folder_a),
        Path(folder_b),
        cells,
        tuple(only_a),
        tuple(only_b),
        tuple(_differing(*([_environment(record) for record in side] for side in both))),
        tuple(_differing(*([_data(record) for record in side] for side in both))),
    )


def comparison_rich(made: Comparison) -> Group:
    """The table of cells, what differs around them, and a summary, for a rich console.

    Args:
        made: the comparison.

    Returns:
        a rich renderable.
    """
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("row", "seed", "AUC in A", "AUC in B", "B - A [95 %]", "events", "verdict"):
        right = title in ("seed", "AUC in A", "AUC in B", "B - A [95 %]")
        table.add_column(title, justify="right" if right else "left", no_wrap=True)
    for cell in made.cells:
        change = f"{cell.change.value:+.4f} [{cell.change.low:+.4f}, {cell.change.high:+.4f}]"
        events = "paired" if cell.paired else "other events"
        events += "" if cell.same_digest else ", other spec or data"
        numbers = (str(cell.seed), f"{cell.a:.4f}", f"{cell.b:.4f}", change)
        verdict = Text(cell.verdict, style=COLOURS[cell.verdict])
        table.add_row(Text(cell.row), *numbers, events, verdict)
    head = [f"A: {made.folder_a}", f"B: {made.folder_b}"]
    return Group(*map(Text, head), table, *map(Text, comparison_summary(made)))


def comparison_summary(made: Comparison) -> list[str]:
    """Sentences: how many cells moved, what is on one side only, what differs around them.

    Args:
        made: the comparison.

    Returns:
        sentences.
    """
    verdicts = [cell.verdict for cell in made.cells]
    counts = ", ".join(f"{verdict} {verdicts.count(verdict)}" for verdict in COLOURS)
    lines = [f"Cells in common: {counts}."]
    if tested := len(verdicts) - verdicts.count("identical"):
        chance = f"about {0.05 * tested:.1f} of the {tested} that are not identical"
        lines.append(f"By chance alone 5 % of cells move beyond their interval: {chance}.")
    for side, only in (("A", made.only_a), ("B", made.only_b)):
        if only:
            lines.append(f"Only {side} has {len(only)}: {', '.join(only)}.")
    changed = [cell for cell in made.cells if not cell.same_digest]
    if changed:
        lines.append(f"Cells with another digest, so another spec or other data: {len(changed)}.")
    for name, differing in (("Environment", made.environment), ("Data", made.data)):
        lines += [f"{name}: {what} is {a} in A, {b} in B." for what, a, b in differing]
        if not differing:
            lines.append(f"{name}: no difference that the records tell of.")
    return lines


def _records(folder: Path) -> list[Record]:
    """The last record of each cell, of those that ended well."""
    if not (folder / "records.jsonl").is_file():
        raise FileNotFoundError(
            f"Folder {folder} holds no records.jsonl: it is not a run's folder."
        )
    return [r for r in latest(read_records(folder).records).values() if r.status == "ok"]


def _matched(ours: list[Record], theirs: list[Record]) -> tuple[list, list[str], list[str]]:
    """Pairs by digest first, then by spec, row and seed; the names of what is left over."""
    pairs: list[tuple[Record, Record]] = []
    for key in (lambda r: r.digest, lambda r: (r.spec, r.row, r.seed)):
        there, left = {key(record): record for record in theirs}, []
        for record in ours:
            match = there.pop(key(record), None)
            if match is None:
                left.append(record)
            else:
                pairs.append((record, match))
        taken = {id(b) for _, b in pairs}
        ours, theirs = left, [record for record in theirs if id(record) not in taken]
    return pairs, [_name(r) for r in ours], [_name(r) for r in theirs]


def _change(folder_a: Path, folder_b: Path, a: Record, b: Record, resamples: int) -> CellChange:
    ours, theirs = read_arrays(folder_a, a.digest), read_arrays(folder_b, b.digest)
    same = [np.array_equal(ours[key], theirs[key]) for key in ("rows", "labels", "scores")]
    paired = same[0] and same[1]
    if paired:
        options: dict[str, Any] = {"seed": 0, "resamples": resamples}
        change = paired_difference(auc, theirs["scores"], ours["scores"], ours["labels"], **options)
    else:
        drawn = [_replicates(side, seed, resamples) for seed, side in enumerate((ours, theirs))]
        change = percentile(drawn[1] - drawn[0])
    holds_zero = change.low <= 0 <= change.high
    verdict = "identical" if all(same) else "within" if holds_zero else "moved"
    before, after = (float(auc(side["scores"], side["labels"])) for side in (ours, theirs))
    same_digest = a.digest == b.digest
    return CellChange(a.row, a.seed, before, after, change, paired, same_digest, verdict)


def _replicates(arrays: dict[str, np.ndarray], seed: int, resamples: int) -> Any:
    scores, labels = arrays["scores"], arrays["labels"]
    return resample(lambda w: auc(scores, labels, w), labels, seed=seed, resamples=resamples)


def _environment(record: Record) -> dict[str, str]:
    """Provenance, flattened: versions become entries of their own."""
    told = dict(record.provenance)
    versions = told.pop("versions", {})
    return {key: str(value) for key, value in (told | versions).items()}


def _data(record: Record) -> dict[str, str]:
    return {f"SHA-256 of {record.data or 'the data'}": record.checksum or "untold"}


def _differing(ours: list[dict], theirs: list[dict]) -> Iterator[tuple[str, str, str]]:
    """What the records of one side tell otherwise than those of the other."""
    for what in sorted({key for told in ours + theirs for key in told}):
        sides = [sorted({told.get(what, "absent") for told in side}) for side in (ours, theirs)]
        if sides[0] != sides[1]:
            yield what, " and ".join(sides[0]), " and ".join(sides[1])


def _name(record: Record) -> str:
    return f"{record.row} (seed {record.seed})"


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "") or "none"
