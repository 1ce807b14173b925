"""What is odd about a folder of records: told in sentences, or refused."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from experiments.records import Record, RecordFile

SLACK = timedelta(minutes=5)  # by how much the clocks of two good machines may differ


def remarks(found: RecordFile, now: datetime | None = None) -> list[str]:
    """What a person should know about records before they trust a table of them.

    Args:
        found: the records of a folder.
        now: the time; the clock's by default.

    Returns:
        one sentence each for torn lines, cells with two results, several versions of the code, and
        times in the future.

    Example:
        >>> remarks(RecordFile([], 2))
        ['2 torn lines of records.jsonl were set aside; all others are kept.']
    """
    told = [_torn(found.torn), *_contradictions(found.records), _versions(found.records)]
    told.append(_clock(found.records, now or datetime.now(UTC)))
    return [sentence for sentence in told if sentence]


def refuse_changed_data(
    records: Iterable[Record], cells: set[tuple[str, int]], spec: str, data: str, checksum: str
) -> None:
    """Refuse to mix results on other data of the same name into one table.

    Args:
        records: what the folder holds.
        cells: (row, seed) of the cells to be run.
        spec: name of the spec.
        data: name of the data set.
        checksum: SHA-256 of the data now.

    Raises:
        ValueError: a record of such a cell was made on other data; both checksums are named.
    """
    for record in records:
        same = (record.spec, record.data) == (spec, data) and (record.row, record.seed) in cells
        if same and record.checksum != checksum:
            raise ValueError(
                f"Row {record.row!r}, seed {record.seed} was run on data {data!r} with checksum "
                f"{record.checksum}, but the data now have {checksum}; restore the data or choose "
                "another folder with --out."
            )


def differing_metrics(one: Record, two: Record) -> list[str]:
    """Metrics that two results of one cell state differently; one may hold more than the other."""
    common = one.metrics.keys() & two.metrics.keys()
    return sorted(name for name in common if one.metrics[name] != two.metrics[name])


def _torn(count: int) -> str:
    if not count:
        return ""
    lines, were = ("line", "was") if count == 1 else ("lines", "were")
    return f"{count} torn {lines} of records.jsonl {were} set aside; all others are kept."


def _contradictions(records: list[Record]) -> list[str]:
    """Equal digests are the same computation, so their results have to be the same."""
    first: dict[str, Record] = {}
    told = []
    for record in records:
        if record.status != "ok":
            continue
        before = first.setdefault(record.digest, record)
        if differing_metrics(before, record):
            told.append(
                f"Row {record.row!r}, seed {record.seed} stands twice with different results, "
                f"{_made(before)} and {_made(record)}; the later one is used."
            )
    return told


def _versions(records: list[Record]) -> str:
    commits = sorted({str(record.provenance.get("commit") or "none") for record in records})
    if len(commits) < 2:
        return ""
    short = ", ".join(commit[:12] for commit in commits)
    return f"The records were made by {len(commits)} versions of the code (commits {short})."


def _clock(records: list[Record], now: datetime) -> str:
    newest = max(records, key=lambda record: record.time, default=None)
    if newest is None or not newest.time:
        return ""
    try:
        written = datetime.fromisoformat(newest.time)
    except ValueError:
        return f"Row {newest.row!r}, seed {newest.seed} has no readable time: {newest.time!r}."
    written = written if written.tzinfo else written.replace(tzinfo=UTC)
    if written - now <= SLACK:
        return ""
    return (
        f"Row {newest.row!r}, seed {newest.seed} was written at {newest.time}, in the future of "
        "this machine's clock; a clock was set back or is wrong, so times are not to be compared "
        "(the order in the file is what counts)."
    )


def _made(record: Record) -> str:
    commit = str(record.provenance.get("commit") or "no commit")[:12]
    return f"{record.metrics} ({commit}, {record.time})"
