"""The audit on published scores: the train-as-test cells are found, and nothing else."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from experiments.checking import audit
from experiments.checking.auditing.score_table import read_scores
from experiments.checking.auditing.sizes import with_sizes

PUBLISHED = Path(os.environ.get("QML_DATA_MIRROR", "")) / "bowles2024"

published = pytest.mark.skipif(
    not (PUBLISHED / "scores_per_seed.csv").is_file(),
    reason="needs bowles2024/scores_per_seed.csv in the folder that QML_DATA_MIRROR names",
)
FAULTY = {
    ("SVC", degree) for degree in range(16, 21)
} | {("MLPClassifier", degree) for degree in range(13, 21)} | {
    ("SeparableVariationalClassifier", degree) for degree in range(2, 21)
}  # fmt: skip


@pytest.fixture(scope="module")
def published_audit():
    file = PUBLISHED / "scores_per_seed.csv"
    return read_scores(file), audit(file)


def _rows(table, result, rule, severity="error"):
    lines = {
        line
        for f in result.findings
        if f.rule == rule and f.severity == severity
        for line in f.lines
    }
    return [row for row, line in enumerate(table.line.tolist()) if line in lines]


@published
@pytest.mark.parametrize("name", ["two_curves-10d-{}degree", "two_manifold-10d-{}degree"])
def test_published_train_as_test_cells_are_found_and_nothing_else(published_audit, name):
    table, result = published_audit
    expected = {(model, name.format(degree)) for model, degree in FAULTY}
    series = name.split("{")[0]
    rows = [r for r in _rows(table, result, "train-as-test") if table.dataset[r].startswith(series)]
    cells = {(str(table.model[row]), str(table.dataset[row])) for row in rows}
    assert (cells, len(rows)) == (expected, 32 * 5)
    shares = [r for r in _rows(table, result, "share") if table.dataset[r].startswith(series)]
    assert len(shares) == 104
    assert set(shares) <= set(rows)


@published
def test_published_scores_have_no_other_error(published_audit):
    table, result = published_audit
    errors = [f for f in result.findings if f.severity == "error"]
    assert {f.rule for f in errors} == {"share", "train-as-test"}
    assert len({line for f in errors for line in f.lines}) == 2 * 32 * 5  # current and old names
    assert result.exit_code == 1
    sizes = with_sizes(table).test.size
    synthetic = ~np.char.startswith(table.dataset, "mnist") & ~np.char.startswith(
        table.dataset, "bars"
    )
    assert set(sizes[synthetic].tolist()) == {60}


@published
def test_published_scores_without_the_faulty_rows_are_clean(published_audit, tmp_path):
    _, result = published_audit
    lines = (PUBLISHED / "scores_per_seed.csv").read_text().splitlines()
    bad = {n for f in result.findings if f.severity == "error" for n in f.lines}
    kept = tmp_path / "kept.csv"
    kept.write_text("\n".join(line for at, line in enumerate(lines, 1) if at not in bad))
    assert audit(kept).exit_code == 0


@published
def test_published_data_sets_do_not_leak():
    result = audit(PUBLISHED / "scores_per_seed.csv", data=PUBLISHED / "datasets")
    leaks = [f for f in result.findings if f.rule == "leakage"]
    assert [f.severity for f in leaks] == ["note"], json.dumps([f.sentence for f in leaks])
