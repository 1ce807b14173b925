"""Doubt a bundle: every checksum, and every figure of its table from the stored predictions.

Nothing is trained and no data set is needed, since labels and scores lie in the arrays. What holds
then is that table, page, records, scores and checksums belong together. Who made a bundle, it
cannot say: compare the SHA-256 of the zip file with the one that its author published.
"""

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from experiments.bundles.archive import LIMIT, extract
from experiments.bundles.checks import (
    METRICS,
    check_checkpoints,
    check_labels,
    check_records,
    compare_derived,
    compare_description,
    sound_records,
)
from experiments.bundles.crate import check_crate
from experiments.bundles.derived import derive
from experiments.bundles.layout import bundled_files, check_files, read_bundle_json
from experiments.records import Record


class Verification(NamedTuple):
    """What was checked in a bundle and what did not hold, one sentence each.

    `files`, `records` and `figures` (entries of the table) count what was compared; `notes` say
    what was not.
    """

    bundle: Path
    files: int
    records: int
    figures: int
    problems: list[str]
    notes: list[str]

    @property
    def ok(self) -> bool:
        """Whether everything that was compared holds; only then does the command end with 0."""
        return not self.problems


def verify(
    bundle: Path,
    *,
    with_data: bool = False,
    limit: int = LIMIT,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Check a bundle from the zip file alone.

    Args:
        bundle: the zip file.
        with_data: also compare the stored labels with the data set, which may be downloaded.
        limit: at most this many bytes are expanded; 2 GiB unless raised.
        progress: called with (rows of the table done, rows).

    Returns:
        what was checked and what did not hold.

    Raises:
        FileNotFoundError: no such bundle.
        ValueError: not a bundle, or one that is not safe to read.
    """
    with TemporaryDirectory() as place:
        folder, again = Path(place) / "bundle", Path(place) / "again"
        folder.mkdir()
        again.mkdir()
        extract(bundle, folder, limit)
        told = read_bundle_json(folder, bundle)
        problems = check_files(folder) + check_crate(folder)
        records, figures = [], 0

        def sound() -> list[str]:
            nonlocal records
            records, found = sound_records(folder)
            return found

        def derived() -> list[str]:
            nonlocal figures
            table = derive(folder, again, told, progress)
            found, figures = compare_derived(folder, again)
            return found + compare_description(folder, table)

        problems += _guarded("lines of records.jsonl", folder, sound)
        problems += _guarded("records", folder, lambda: check_records(folder, records))
        problems += _guarded("checkpoints", folder, lambda: check_checkpoints(folder, records))
        problems += _guarded("table", folder, derived)
        if with_data:
            problems += _guarded("labels", folder, lambda: check_labels(folder, records))
        files = len(bundled_files(folder))
    notes = _notes(told, records, with_data)
    return Verification(bundle, files, len(records), figures, problems, notes)


def _guarded(what: str, folder: Path, check: Callable[[], list[str]]) -> list[str]:
    """The content is a stranger's: whatever it makes fail is a finding, never a traceback."""
    try:
        return check()
    except Exception as error:
        cause = f"{type(error).__name__}: {error}".replace(f"{folder}/", "").splitlines()[0]
        return [f"The {what} cannot be checked: {cause}"]


def _notes(told: dict[str, Any], records: list[Record], with_data: bool) -> list[str]:
    notes = [
        "Not checked: the training itself; unpack and run into a new folder to repeat it.",
        "Checked by its checksum only: what is drawn in the figures of the page.",
    ]
    if not with_data:
        notes.append(
            "Not checked without the data set: that the stored labels and event numbers are those "
            "of its test rows."
        )
    others = sorted({name for r in records for name in r.metrics} - METRICS.keys())
    if others:
        notes.append(f"Metrics of the records that were not recomputed: {', '.join(others)}.")
    if (ours := metadata.version("qml-offload")) != told.get("program"):
        notes.append(
            f"The bundle was packed by version {told.get('program')} and checked by {ours}: tables "
            "and pages of two versions may differ in form."
        )
    return notes
