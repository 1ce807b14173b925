"""SQL over the records of any number of folders, by DuckDB.

    records   every whole line: digest, spec, row, seed, status, metrics, cost, …, and `folder`
    latest    the last line of each cell in each folder

Nested columns are reached with dots: `metrics.auc`, `cost.seconds.train`. A query reads these two
tables and nothing else: no files, no network, and it cannot write.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.records import record_file

LOAD = """
CREATE TABLE records AS
SELECT row_number() OVER () AS line, * EXCLUDE (filename),
       regexp_replace(filename, '/records.jsonl$', '') AS folder
FROM read_json($files, format = 'newline_delimited', union_by_name = true, filename = true,
               ignore_errors = true, maximum_depth = -1, sample_size = -1,
               map_inference_threshold = -1, convert_strings_to_integers = false)
WHERE digest IS NOT NULL AND status IS NOT NULL  -- a torn line is a row of nulls
"""
LATEST = """
CREATE VIEW latest AS SELECT * FROM records
QUALIFY row_number() OVER (PARTITION BY folder, digest ORDER BY line DESC) = 1
"""
CLOSE = """
SET python_enable_replacements = false;
SET enable_external_access = false;
SET lock_configuration = true;
"""
READING = ("SELECT", "EXPLAIN")


class Answer(NamedTuple):
    """What a query gave: names of the columns, and rows of values."""

    columns: list[str]
    rows: list[tuple]


def query(folders: Sequence[Path], sql: str) -> Answer:
    """Ask one question of the records of some folders.

    Args:
        folders: folders of runs.
        sql: one SELECT statement over `records` and `latest`.

    Returns:
        columns and rows.

    Raises:
        ValueError: not one SELECT, a name that is not there, or a reach for files.
        FileNotFoundError: a folder without records.
        ImportError: DuckDB is missing; the message names the extra.

    Example:
        >>> import tempfile
        >>> from experiments.records import Record, append_record
        >>> folder = Path(tempfile.mkdtemp())
        >>> record = Record("d1", "s", "r", 0, "ok", {"auc": 0.75}, {}, {}, {}, "")
        >>> append_record(folder, record, {})
        >>> query([folder], "SELECT row, metrics.auc FROM records").rows
        [('r', 0.75)]
    """
    duckdb = _duckdb()
    with _loaded(duckdb, folders) as database:
        database.execute(CLOSE)
        try:
            statements = database.extract_statements(sql)
            if [s.type.name in READING for s in statements] != [True]:
                raise ValueError(f"A query must be one SELECT statement, but is {sql!r}.")
            done = database.execute(statements[0])
            return Answer([column[0] for column in done.description], done.fetchall())
        except duckdb.Error as error:
            raise ValueError(f"The query failed: {_first_lines(error)}") from error


def export_parquet(folders: Sequence[Path], file: Path) -> int:
    """Write the records of some folders as one Parquet file.

    Args:
        folders: folders of runs.
        file: where to.

    Returns:
        how many records it holds.

    Raises:
        FileNotFoundError: a folder without records.
        ImportError: DuckDB is missing; the message names the extra.
        OSError: the file cannot be written.
    """
    duckdb = _duckdb()
    part = file.with_name(f"{file.name}.part")
    with _loaded(duckdb, folders) as database:
        try:
            database.table("records").write_parquet(str(part))
            part.replace(file)
        except duckdb.Error as error:
            part.unlink(missing_ok=True)
            raise OSError(f"File {file} cannot be written: {_first_lines(error)}") from error
        return database.execute("SELECT count(*) FROM records").fetchone()[0]


def _loaded(duckdb: Any, folders: Sequence[Path]) -> Any:
    files = [record_file(Path(folder)) for folder in dict.fromkeys(folders)]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"Folder {file.parent} has no records; `qml run` a spec there.")
    database = duckdb.connect()
    try:
        database.execute(LOAD, {"files": [str(file) for file in files]})
    except duckdb.BinderException as error:  # not one line with a digest
        raise FileNotFoundError(f"No whole record in {', '.join(map(str, files))}.") from error
    database.execute(LATEST)
    return database


def _first_lines(error: Exception) -> str:
    """The message without the drawing of where in the query."""
    return " ".join(str(error).partition("\n\nLINE")[0].split())


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise ImportError(
            "Queries and Parquet need the package `duckdb`; `pip install qml-offload[query]`."
        ) from error
    return duckdb
