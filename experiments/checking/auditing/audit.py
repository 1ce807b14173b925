"""`qml audit PATH`: every rule over a results folder or a CSV of scores, and a verdict."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from experiments.checking.auditing import rules
from experiments.checking.auditing.findings import SEVERITIES, Finding
from experiments.checking.auditing.leakage import check_files
from experiments.checking.auditing.score_table import ScoreTable, read_scores
from experiments.checking.auditing.sizes import with_sizes
from experiments.checking.auditing.spread import seed_spread
from experiments.checking.auditing.train_as_test import train_as_test
from experiments.specs import Spec

RULES: tuple[Callable[[ScoreTable], list[Finding]], ...] = (
    rules.outside_unit_interval,
    rules.impossible_shares,
    train_as_test,
    rules.selected_on_test,
    rules.duplicate_rows,
    rules.copied_cells,
    rules.missing_scores,
    rules.missing_seeds,
    rules.unequal_coverage,
    seed_spread,
)


class Audit(NamedTuple):
    """What was found in one place, worst first; `counts` {severity: findings}."""

    source: str
    rows: int
    findings: tuple[Finding, ...]
    counts: dict[str, int]
    verdict: str

    @property
    def exit_code(self) -> int:
        """0 where there is no error, else 1."""
        return int(self.counts["error"] > 0)


def audit(
    path: str | Path,
    *,
    n_test: int = 0,
    n_train: int = 0,
    columns: Mapping[str, str] | None = None,
    data: Path | None = None,
    spec: Spec | None = None,
) -> Audit:
    """Check a results folder of ours or a CSV of scores, one score a line.

    Args:
        path: a folder with records.jsonl, or a CSV.
        n_test: test rows behind every score of a CSV; 0 takes a column of the file, or what the
            scores themselves show.
        n_train: the same for training rows.
        columns: {role: column name} of a CSV with unusual names; see `score_table.ROLES`.
        data: folder of a CSV's data sets as NAME_train.csv and NAME_test.csv, to look for leakage.
        spec: the spec of a folder, where it is not a shipped one.

    Returns:
        the audit.

    Raises:
        FileNotFoundError: no such file or folder, or a folder without records.
        ValueError: a negative size, a table without a needed column, or without rows.
    """
    path = Path(path)
    for name, size in (("n_test", n_test), ("n_train", n_train)):
        if size < 0:
            raise ValueError(f"Argument `{name}` must be >= 0, but is {size}.")
    if path.is_dir():
        return _audit_folder(path, spec)
    return _audit_file(path, n_test, n_train, columns, data)


def check_table(table: ScoreTable) -> list[Finding]:
    """Every rule over a table.

    Args:
        table: scores, with sizes where they are known.

    Returns:
        the findings, in the order of the rules.
    """
    return [finding for rule in RULES for finding in rule(table)]


def audit_text(audit: Audit, lines: int = 6) -> str:
    """An audit as plain text: one finding a line, errors first, the verdict last.

    Args:
        audit: the audit.
        lines: at most so many line numbers are named a finding.

    Returns:
        the text, ending in a newline.

    Example:
        >>> finding = Finding("share", "error", (2, 3), "SVC: 0.975 is no share of 60 rows.")
        >>> print(audit_text(concluded("scores.csv", 9, [finding])), end="")
        scores.csv: 9 rows
        error    SVC: 0.975 is no share of 60 rows. [lines 2, 3]
        1 error, 0 warnings, 0 notes: these results cannot all be right.
    """
    shown = [f"{f.severity:8} {f.sentence}{_where(f.lines, lines)}" for f in audit.findings]
    counts = ", ".join(f"{n} {kind}{'s' * (n != 1)}" for kind, n in audit.counts.items())
    return "\n".join([f"{audit.source}: {audit.rows} rows", *shown, f"{counts}: {audit.verdict}\n"])


def concluded(source: str, rows: int, findings: list[Finding]) -> Audit:
    """The audit that findings make.

    Args:
        source: what was checked.
        rows: how many scores it holds.
        findings: in any order.

    Returns:
        the audit, errors first.
    """
    ordered = tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
    found = Counter(finding.severity for finding in ordered)
    counts = {severity: found[severity] for severity in SEVERITIES}
    verdict = "nothing was found against these results."
    if counts["warning"]:
        verdict = "nothing impossible, but read the warnings before you quote these results."
    if counts["error"]:
        verdict = "these results cannot all be right."
    return Audit(source, rows, ordered, counts, verdict)


def _audit_file(
    path: Path, n_test: int, n_train: int, columns: Mapping[str, str] | None, data: Path | None
) -> Audit:
    table = read_scores(path, columns)
    findings = [Finding("file", "warning", (), remark) for remark in table.remarks]
    if data is not None:
        table, leaks = check_files(table, data)
        findings += leaks
    sized = with_sizes(table, n_test, n_train)
    findings += _size_notes(table, sized)
    table = sized
    return concluded(str(path), len(table.line), findings + check_table(table))


def _size_notes(before: ScoreTable, after: ScoreTable) -> list[Finding]:
    """Which test sizes were read off the scores, and how many stay unknown."""
    found = []
    shown = after.test.size[(before.test.size == 0) & (after.test.size > 0)]
    if shown.size:
        sizes = ", ".join(map(str, sorted(set(shown.tolist()))))
        text = f"Test sizes that were not in the file ({sizes}) were given, or read off the scores "
        text += "of most models."
        found.append(Finding("size", "note", (), text))
    unknown = int((after.test.size == 0).sum())
    if unknown:
        text = f"The test size of {unknown} rows is not known, so that their scores were not "
        text += "checked against it; give n_test."
        found.append(Finding("size", "note", (), text))
    return found


def _audit_folder(folder: Path, spec: Spec | None) -> Audit:
    if not (folder / "records.jsonl").is_file():
        raise FileNotFoundError(
            f"Folder {folder} has no records.jsonl; give a results folder or a CSV of scores."
        )
    from experiments.checking.auditing import folder as own  # loads JAX, which a CSV does not need
    from experiments.checking.auditing.source import against_data, against_spec

    results = own.read_results(folder)
    findings = check_table(own.scores_of(results))
    checks = (own.wrong_arrays, own.different_data, own.chosen_on_test, own.mixed_origin)
    for check in (*checks, own.failed_cells, own.torn_lines, against_data):
        findings += check(results)
    return concluded(str(folder), len(results.records), findings + against_spec(results, spec))


def _where(lines: tuple[int, ...], most: int) -> str:
    if not lines:
        return ""
    more = f" and {len(lines) - most} more" if len(lines) > most else ""
    return f" [line{'s' * (len(lines) > 1)} {', '.join(map(str, lines[:most]))}{more}]"
