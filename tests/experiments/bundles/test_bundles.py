"""Result bundles: packed, doubted, unpacked, and forged in every way that came to mind."""

import csv
import io
import shutil
import tomllib
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.bundles import pack, unpack, verify
from experiments.bundles.spec_text import to_toml
from experiments.records import append_record, read_records
from experiments.reporting.formats import HEADS, table_cells
from experiments.reporting.tables import make_table
from experiments.run import run
from experiments.specs import load_spec
from qml.data import DATASETS

ARRAYS = "ARRAYS"  # stands for the arrays of the first record


def _swap(old, new, count=1):
    def change(content):
        assert old in content
        return content.replace(old, new, count)

    return change


def _arrays(**changed):
    def change(content):
        arrays = dict(np.load(io.BytesIO(content)))
        arrays |= {name: function(arrays[name]) for name, function in changed.items()}
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)
        return stream.getvalue()

    return change


def _gone(content):
    return None


def test_a_fresh_bundle_holds(bundle):
    found = verify(bundle)
    assert (found.problems, found.ok) == ([], True)
    assert (found.records, found.figures) == (12, 6 * len(HEADS))
    assert found.files == len(zipfile.ZipFile(bundle).namelist())


def test_the_table_in_the_bundle_is_the_table_as_printed(bundle, finished):
    table = make_table(*finished, resamples=50)
    text = zipfile.ZipFile(bundle).read("table.csv").decode()
    assert list(csv.reader(io.StringIO(text))) == [list(HEADS), *table_cells(table)]


def test_the_table_has_the_columns_of_the_metrics_of_its_spec(finished, tmp_path):
    spec = load_spec_with(finished[0], metrics=("balanced_accuracy", "brier", "auc"))
    out = pack(spec, finished[1], tmp_path / "b.zip", resamples=20)
    head = zipfile.ZipFile(out).read("table.csv").decode().splitlines()[0]
    assert head.split(",")[4:7] == ["balanced accuracy [95 %]", "± seeds", "brier"]
    assert verify(out).problems == []


def test_random_splits_are_refused_in_a_sentence(finished, tmp_path):
    data = replace(finished[0].data, split="kfold", folds=2)
    with pytest.raises(ValueError, match="only a fixed split can be packed and verified"):
        pack(load_spec_with(finished[0], data=data), finished[1], tmp_path / "b.zip")


def test_packing_twice_gives_the_same_bytes(bundle, finished, tmp_path):
    again = pack(
        *finished, tmp_path / "b.zip", author="Ada <https://orcid.org/0000-0001>", resamples=50
    )
    assert again.read_bytes() == bundle.read_bytes()
    assert list(tmp_path.iterdir()) == [again]


def test_after_unpacking_nothing_runs_again_and_the_table_is_the_same(bundle, finished, tmp_path):
    file = unpack(bundle, tmp_path / "run")
    spec, before = load_spec(str(file)), (tmp_path / "run" / "records.jsonl").read_bytes()
    assert spec == finished[0]
    records = run(spec, tmp_path / "run")
    assert (tmp_path / "run" / "records.jsonl").read_bytes() == before
    assert records == read_records(finished[1]).records
    tables = [make_table(finished[0], f, resamples=50) for f in (tmp_path / "run", finished[1])]
    assert table_cells(tables[0]) == table_cells(tables[1])


def test_a_bundle_of_a_part_goes_on_with_the_rest(small_spec, finished, tmp_path):
    part = load_spec_with(finished[0], seeds=(1,))
    out = pack(part, finished[1], tmp_path / "part.zip", resamples=20)
    assert verify(out).problems == []
    file = unpack(out, tmp_path / "run")
    assert load_spec(str(file)).seeds == (1,)
    assert [r.seed for r in read_records(tmp_path / "run").records] == [1] * 6


def load_spec_with(spec, **changed):
    """The spec as overrides leave it: its source still says what the file says."""
    return replace(spec, **changed)


def test_the_data_set_is_not_needed_to_verify(bundle, monkeypatch):
    monkeypatch.delitem(DATASETS, "toy_linear")
    found = verify(bundle)
    assert found.ok
    assert "toy_linear" not in DATASETS
    assert any("Not checked without the data set" in note for note in found.notes)
    assert not verify(bundle, with_data=True).ok


def test_labels_are_compared_with_the_data_set_where_it_is_there(bundle):
    found = verify(bundle, with_data=True)
    assert found.problems == []
    assert not any("data set" in note for note in found.notes)


def test_honest_checksums_tell_of_every_change(forge):
    changes = {
        ARRAYS: _arrays(scores=lambda s: -s),
        "table.csv": _swap(b"0.", b"1."),
        "table.md": _gone,
        "added.txt": lambda _: b"x",
        "manifest-sha256.txt": lambda content: content + b"junk\n",
    }
    found = "\n".join(verify(forge(changes, honest=True)).problems)
    assert ".npz was changed: its SHA-256 is" in found
    assert "File table.csv was changed" in found
    assert "File table.md is missing: manifest-sha256.txt lists it" in found
    assert "File added.txt was added" in found
    assert "of manifest-sha256.txt is not a SHA-256 and a path" in found


# Every stated checksum is made right again, as a careful forger does.
FORGERIES = {
    "scores": (
        {ARRAYS: _arrays(scores=lambda s: -s)},
        ["the stored scores give", "column 'AUC [95 %]': table.csv says", "table.md says"],
    ),
    "labels": (
        {ARRAYS: _arrays(labels=lambda y: 1 - y)},
        ["100 labels differ from those of other cells"],
    ),
    "fewer scores": (
        {ARRAYS: _arrays(scores=lambda s: s[:-1])},
        ["The records cannot be checked: ValueError", "The table cannot be checked: ValueError"],
    ),
    "no scores": ({ARRAYS: _gone}, ["No arrays arrays/"]),
    "printed figures": (
        {
            "table.csv": _swap(b",0.", b",1."),
            "table.md": _swap(b"| 0.", b"| 1."),
            "ro-crate-preview.html": _swap(b"The highest AUC, 0", b"The highest AUC, 1"),
            "records.jsonl": _swap(b'"auc":0.', b'"auc":0.0'),
            "added.txt": lambda _: b"x",
        },
        [
            "table.csv says '1.",
            "table.md says",
            "ro-crate-preview.html says",
            "but the stored scores give",
            "File added.txt is not in hasPart",
        ],
    ),
    "heads": ({"table.csv": _swap(b"AUC", b"BUC")}, ["made again it has 7, the first 'row, "]),
    "empty table": ({"table.csv": lambda _: b""}, ["table.csv has 0 lines"]),
    "no page": ({"ro-crate-preview.html": _gone}, ["compared with ro-crate-preview.html"]),
    "no manifest": ({"manifest-sha256.txt": _gone}, ["no file can be checked"]),
    "lines": (
        {"records.jsonl": lambda c: c.replace(b'"metrics":{', b'"metrics":3,"x":{', 1) + b"{"},
        ["In records.jsonl: 2 lines are no records"],
    ),
    "deep lines": (
        {"records.jsonl": lambda c: b"[" * 10**5 + b"\n" + c},
        ["The lines of records.jsonl cannot be checked: RecursionError"],
    ),
    "no records": ({"records.jsonl": _gone}, ["no finished cell"]),
    "settings": (
        {"spec.toml": _swap(b"steps = 20", b"steps = 30")},
        ["it is of no cell of spec.toml"],
    ),
    "no spec": ({"spec.toml": lambda _: b"["}, ["is not valid TOML"]),
    "data": (
        {"data.json": _swap(b'"sha256": "2', b'"sha256": "3'), "data-card.md": lambda _: b"x"},
        ["it is of no cell of spec.toml"],
    ),
    "other data": (
        {"data.json": _swap(b"toy_linear", b"toy_rings")},
        ["names data set 'toy_linear', but described is 'toy_rings'"],
    ),
    "no data": ({"data.json": lambda _: b"[]"}, ["do not describe a data set"]),
    "card": ({"data-card.md": lambda _: b"nicer"}, ["ro-crate-preview.html says"]),
    "metadata": (
        {"ro-crate-metadata.json": _swap(b"process/0.6", b"process/9", -1)},
        ["profile is not https://w3id.org/ro/wfrun/process/0.6"],
    ),
    "description": (
        {"ro-crate-metadata.json": _swap(b"The highest AUC, 0", b"The highest AUC, 1")},
        ["ro-crate-metadata.json says 'The highest AUC, 1"],
    ),
    "hidden drawing": (
        {"ro-crate-preview.html": _swap(b"</h1>", b"</h1><svg>AUC 1.000</svg>")},
        ["ro-crate-preview.html says '"],
    ),
    "renamed part": (
        {"ro-crate-metadata.json": _swap(b"table.md", b"other.md", -1)},
        ["No file other.md, which hasPart names", "File table.md is not in hasPart"],
    ),
    "no metadata": (
        {"ro-crate-metadata.json": lambda _: b'{"@graph": []}'},
        ["It is no RO-Crate: KeyError"],
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_found_by_what_follows_from_it(forge, forgery):
    changes, messages = FORGERIES[forgery]
    problems = verify(forge(changes)).problems
    assert not any("was changed" in problem for problem in problems)
    for message in messages:
        assert any(message in problem for problem in problems), problems


def test_a_changed_or_lost_checkpoint_is_found(forge, bundle):
    name = next(n for n in zipfile.ZipFile(bundle).namelist() if n.endswith(".safetensors"))
    found = verify(forge({name: lambda c: c[:-1] + b"\x01"})).problems
    assert any("was changed or cut" in problem for problem in found)
    assert any("is not in the bundle" in problem for problem in found)


def test_labels_forged_everywhere_need_the_data_to_be_found(finished, tmp_path):
    """Labels turned in all cells, all metrics and checksums made right: only the data know."""
    spec, folder = finished[0], tmp_path / "run"
    for record in read_records(finished[1]).records:
        with np.load(finished[1] / "arrays" / f"{record.digest[:32]}.npz") as stored:
            arrays = dict(stored)
        turned = {"labels": 1 - arrays["labels"], "scores": -arrays["scores"]}
        metrics = {"auc": record.metrics["auc"]}
        append_record(folder, record._replace(metrics=metrics), arrays | turned)
    shutil.copytree(finished[1] / "checkpoints", folder / "checkpoints")
    out = pack(spec, folder, tmp_path / "b.zip", resamples=20)
    assert verify(out).ok
    problems = verify(out, with_data=True).problems
    assert len(problems) == 12
    assert all("labels are not those of the data set" in problem for problem in problems)


# What a stranger may send ------------------------------------------------------------------------


TEXT = st.text(max_size=5)
SCALARS = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_any_tree_is_read_back_from_its_toml(tree):
    assert tomllib.loads(to_toml(tree)) == tree
