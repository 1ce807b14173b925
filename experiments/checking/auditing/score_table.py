"""A CSV of scores as a table: whatever its encoding, its separator and the names of its columns.

One line of the file is one score: a model on a data set with a seed. Columns are found by their
usual names (`ROLES`), or by the names that a caller gives.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

# Role -> usual names, compared in lower case without punctuation; the first that is there is taken.
ROLES = {
    "model": "model method classifier estimator algorithm modelname",
    "dataset": "dataset datasetname data task problem",
    "benchmark": "benchmark bench suite collection group",
    "seed": "seed randomstate run repeat repetition trial fold split",
    "test": "testacc testaccuracy testscore acctest accuracytest testmean testaccmean test "
    "accuracy acc meanaccuracy score",
    "train": "trainacc trainaccuracy trainscore acctrain accuracytrain trainmean trainingaccuracy "
    "trainaccmean train",
    "valid": "valacc valaccuracy validacc validationaccuracy valscore val cvscore bestscore",
    "n_test": "ntest testsize ntestrows testrows testevents nevents events",
    "n_train": "ntrain trainsize ntrainrows trainrows trainevents",
    "repeats": "seeds nseeds nruns repeats nrepeats nfolds count",
    "selected_on": "selectedon selection selectedby tunedon",
}
# Single precision, as JAX and torch print it, is good to half of 2**-23 of a score near 1.
FINEST = 6e-8
SEPARATORS = ",;\t|"
MISSING = {"", "-", "na", "n/a", "nan", "none", "null"}


class Column(NamedTuple):
    """Shares of correct rows; all arrays are (r,).

    `values` NaN where missing; `tolerance` half a unit of the last digit that is given; `size`
    how many rows a share was taken over, 0 where unknown.
    """

    values: np.ndarray
    tolerance: np.ndarray
    size: np.ndarray


class ScoreTable(NamedTuple):
    """Scores, one a row; texts are (r,) arrays of str, "" where the file has no such column.

    `line` numbers of the rows in their file; `repeats` how many runs a row averages; `others` the
    text of all columns that have no role; `remarks` what was odd about the file.
    """

    line: np.ndarray
    benchmark: np.ndarray
    model: np.ndarray
    dataset: np.ndarray
    seed: np.ndarray
    train: Column
    test: Column
    valid: np.ndarray
    repeats: np.ndarray
    selected_on: np.ndarray
    others: np.ndarray
    remarks: tuple[str, ...] = ()


class Cell(NamedTuple):
    """One model on one data set of one benchmark; how it reads is its label."""

    benchmark: str
    model: str
    dataset: str


def table_cells(table: ScoreTable) -> dict[Cell, np.ndarray]:
    """Row numbers (from 0) of every cell, in the order of the file.

    Args:
        table: the scores.

    Returns:
        {cell: row numbers}.
    """
    found: dict[Cell, list[int]] = {}
    keys = zip(table.benchmark, table.model, table.dataset, strict=True)
    for row, key in enumerate(keys):
        found.setdefault(Cell(*map(str, key)), []).append(row)
    return {cell: np.array(rows) for cell, rows in found.items()}


def read_scores(file: Path, columns: Mapping[str, str] | None = None) -> ScoreTable:
    """Read a CSV of scores.

    Args:
        file: text in UTF-8, UTF-16 or Latin-1, separated by comma, semicolon, tab or bar.
        columns: {role: column name} where a column has an unusual name; roles are `ROLES`.

    Returns:
        the table; percentages are divided by 100 and remarked upon.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no rows, an unknown role, or no column for the model or the test score.
    """
    if not file.is_file():
        raise FileNotFoundError(f"No file {file}; give a CSV of scores or a results folder.")
    text = decode(file.read_bytes())
    lines, separator = _lines(text)
    if len(lines) < 2:
        raise ValueError(f"File {file} must hold a header and at least one row, but does not.")
    (_, head), *body = lines
    place = _places(file, head, columns or {})
    remarks = [_ragged(line, row, head) for line, row in body if len(row) != len(head)]
    padded = [row + [""] * (len(head) - len(row)) for _, row in body]
    texts = {role: [row[at].strip() for row in padded] for role, at in place.items()}
    rest = [at for at in range(len(head)) if at not in place.values()]
    others = ["\0".join(row[at] for at in rest) for row in padded]
    return score_table(
        [line for line, _ in body], texts, others, decimal_comma=separator != ",", remarks=remarks
    )


def score_table(
    line, texts: Mapping[str, list[str]], others=None, *, decimal_comma=False, remarks=()
) -> ScoreTable:
    """A table from the texts of its columns.

    Args:
        line: r line numbers.
        texts: {role: r texts}; `model` and `test` must be among them.
        others: r texts of the columns without a role.
        decimal_comma: read `0,95` as 0.95.
        remarks: what was odd so far.

    Returns:
        the table.

    Example:
        >>> table = score_table([2, 3], {"model": ["SVC"] * 2, "test": ["91.5", "90"]})
        >>> table.test.values.tolist(), table.test.tolerance.tolist()
        ([0.915, 0.9], [0.0005, 0.0005])
    """
    rows, remarks = len(line), list(remarks)
    word = {role: np.array(texts.get(role, [""] * rows), dtype=str) for role in ROLES}
    number = {
        role: _numbers(role, texts[role], decimal_comma, remarks) if role in texts else None
        for role in ("train", "test", "valid", "n_train", "n_test", "repeats")
    }
    blank = np.full(rows, np.nan)
    counts = {role: _counts(_or(number[role], blank)) for role in ("n_train", "n_test", "repeats")}
    columns = {}
    for role in ("train", "test"):
        values = _or(number[role], blank)
        places = _tolerance(texts.get(role, [""] * rows), word["model"])
        scale = _percent(role, values, remarks)
        columns[role] = Column(
            values / scale, np.maximum(places / scale, FINEST), counts[f"n_{role}"]
        )
    return ScoreTable(
        line=np.asarray(line),
        valid=_or(number["valid"], blank),
        repeats=counts["repeats"],
        others=np.array(others if others is not None else [""] * rows, dtype=str),
        remarks=tuple(remarks),
        **{name: word[name] for name in ("benchmark", "model", "dataset", "seed", "selected_on")},
        **columns,
    )


def decode(content: bytes) -> str:
    """Bytes as text: UTF-8 or UTF-16 with or without a mark, else Latin-1.

    Args:
        content: a file's bytes.

    Returns:
        the text without a byte order mark.

    Example:
        >>> [decode("é,b".encode(name)) for name in ("utf-8-sig", "utf-16", "latin-1")]
        ['é,b', 'é,b', 'é,b']
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if (
        b"\0" in content[:200]
    ):  # UTF-16 without a mark: which byte of a pair is zero tells the order
        little = content[1:200:2].count(0) > content[0:200:2].count(0)
        return content.decode("utf-16-le" if little else "utf-16-be", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _lines(text: str) -> tuple[list[tuple[int, list[str]]], str]:
    """(line number, fields) of every line that is not empty, and the separator."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=separator)
    try:
        rows = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise ValueError(f"The text is no CSV: {error} (line {reader.line_num}).") from error
    return rows, separator


def _places(file: Path, head: list[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Where the column of each role stands."""
    names = [name.strip() for name in head]
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in names]
    place = {}
    for role, usual in ROLES.items():
        found = [plain.index(name) for name in usual.split() if name in plain]
        place |= {role: found[0]} if found else {}
    for role, name in columns.items():
        if role not in ROLES or name not in names:
            raise ValueError(
                f"Column {role}={name}: the role must be one of {', '.join(ROLES)}, the name one "
                f"of {', '.join(names)}."
            )
        place[role] = names.index(name)
    if lacking := [role for role in ("model", "test") if role not in place]:
        raise ValueError(
            f"File {file} has no column for {' and '.join(lacking)}, only {', '.join(names)}; "
            f"name it, for example {lacking[0]}={names[0]}."
        )
    return place


def _ragged(line: int, row: list[str], head: list[str]) -> str:
    return f"Line {line} has {len(row)} fields where the header has {len(head)}."


def _numbers(role: str, texts: list[str], decimal_comma: bool, remarks: list[str]) -> np.ndarray:
    """Numbers, NaN where there is none; what is neither a number nor a usual blank is remarked."""
    values = np.full(len(texts), np.nan)
    strange = []
    for row, text in enumerate(texts):
        plain = text.rstrip("%").strip()
        try:
            values[row] = float(plain.replace(",", ".") if decimal_comma else plain)
        except ValueError:
            strange += [text] if plain.lower() not in MISSING else []
    if strange:
        remarks.append(f"Column of {role}: {len(strange)} entries are no number ({strange[0]!r}).")
    return values


def _tolerance(texts: list[str], models: np.ndarray) -> np.ndarray:
    """Half a unit of the last digit: the most digits in any score of a model are its precision."""
    digits = np.array([_digits(text) for text in texts])
    most: dict[str, int] = {}
    for model, count in zip(models.tolist(), digits.tolist(), strict=True):
        most[model] = max(count, most.get(model, 0))
    return 0.5 * 10.0 ** -np.array([most[model] for model in models.tolist()], dtype=float)


def _digits(text: str) -> int:
    mantissa, _, exponent = text.rstrip("%").lower().replace(",", ".").partition("e")
    shift = int(exponent) if exponent.lstrip("+-").isdigit() else 0
    return max(0, len(mantissa.partition(".")[2].strip()) - shift)


def _percent(role: str, values: np.ndarray, remarks: list[str]) -> float:
    """100 where most scores lie above 1 and none above 100, else 1."""
    given = values[np.isfinite(values)]
    if given.size == 0 or given.max() > 100 or np.mean(given > 1) <= 0.5:
        return 1.0
    remarks.append(f"Column of {role}: read as percentages.")
    return 100.0


def _counts(values: np.ndarray) -> np.ndarray:
    """Whole numbers, 0 where there is none."""
    return np.clip(np.nan_to_num(values, nan=0.0), 0, 1e9).astype(int)


def _or(values: np.ndarray | None, blank: np.ndarray) -> np.ndarray:
    return blank if values is None else values
