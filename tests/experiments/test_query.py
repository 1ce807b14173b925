"""Queries: what is stored is found, nested and torn; nothing else can be read or written."""

import pytest

from experiments.query import export_parquet, query
from experiments.records import Record, append_record, read_records

pytest.importorskip("duckdb", reason="DuckDB is not installed")


def record(digest, row="r", status="ok", auc=0.5, **info):
    return Record(digest, "s", row, 0, status, {"auc": auc}, {}, info, {"versions": {}}, "")


@pytest.fixture
def folder(tmp_path):
    """Records with infos of different shapes, a failure that was repaired, and a torn line."""
    place = tmp_path / "it's a run"
    append_record(place, record("a", "one", auc=0.5, backend={"shots": 10}), {})
    append_record(place, record("b", "two", "failed"), {})
    append_record(place, record("b", "two", auc=0.7, backend={"shots": "many"}), {})
    with open(place / "records.jsonl", "ab") as file:
        file.write(b'{"digest":"c","status":"ok","met')
    return place


def test_nested_columns_of_whole_records(folder):
    answer = query([folder], "SELECT row, metrics.auc AS auc FROM records ORDER BY auc DESC")
    assert answer == (["row", "auc"], [("two", 0.7), ("one", 0.5), ("two", 0.5)])
    assert query([folder], "SELECT info.backend.shots FROM records WHERE row = 'one'").rows


def test_the_latest_record_of_a_cell(folder):
    rows = query([folder], "SELECT digest, status FROM latest ORDER BY digest").rows
    assert rows == [("a", "ok"), ("b", "ok")]


def test_several_folders_are_told_apart(folder, tmp_path):
    append_record(tmp_path / "other", record("a", other=1), {})
    sql = "SELECT folder, count(*) FROM records GROUP BY folder ORDER BY 2"
    rows = query([folder, tmp_path / "other"], sql).rows
    assert rows == [(str(tmp_path / "other"), 1), (str(folder), 3)]


def test_a_finished_run_is_asked_for_a_mean(finished):
    _, folder = finished
    by_row = {}
    for found in read_records(folder).records:
        by_row.setdefault(found.row, []).append(found.metrics["auc"])
    rows = query([folder], "SELECT row, avg(metrics.auc) FROM records GROUP BY row").rows
    assert dict(rows) == pytest.approx({row: sum(a) / len(a) for row, a in by_row.items()})


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DELETE FROM records", "must be one SELECT statement"),
        ("SELECT 1; SELECT 2", "must be one SELECT statement"),
        ("", "must be one SELECT statement"),
        ("SELECT * FROM read_csv('/etc/hostname')", "file system operations are disabled"),
        ("COPY records TO 'out.csv'", "must be one SELECT statement"),
        ("SELECT nothing FROM records", 'column "nothing" not found'),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM folder", "folder does not exist"),
    ],
)
def test_what_is_not_a_question_is_refused_in_one_sentence(folder, sql, message):
    with pytest.raises(ValueError, match=message) as told:
        query([folder], sql)
    assert "\n" not in str(told.value)


def test_folders_without_records(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no records"):
        query([tmp_path], "SELECT 1")
    (tmp_path / "records.jsonl").write_text('{"torn')
    with pytest.raises(FileNotFoundError, match="No whole record"):
        query([tmp_path], "SELECT 1")


def test_parquet_holds_the_records(finished, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    records = read_records(finished[1]).records
    assert export_parquet([finished[1]], tmp_path / "all.parquet") == len(records)
    table = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert [row["digest"] for row in table] == [record.digest for record in records]
    assert table[0]["metrics"]["auc"] == records[0].metrics["auc"]


def test_a_parquet_file_that_cannot_be_written(folder, tmp_path):
    with pytest.raises(OSError, match=r"all.parquet cannot be written"):
        export_parquet([folder], tmp_path / "nowhere" / "all.parquet")
