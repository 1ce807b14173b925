"""Result bundles: packed, doubted, unpacked, and forged in every way that came to mind."""

import csv
import io
import json
import shutil
import stat
import tomllib
import warnings
import zipfile
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.bundles import pack, unpack, verify
from experiments.bundles.layout import sha256, write_manifest
from experiments.bundles.spec_text import spec_text, to_toml
from experiments.records import append_record, read_records
from experiments.reporting.formats import HEADS, table_cells
from experiments.reporting.tables import make_table
from experiments.run import run
from experiments.specs import load_spec, parse_spec
from qml.data import DATASETS

ARRAYS = "ARRAYS"  # stands for the arrays of the first record


@pytest.fixture(scope="module")
def bundle(finished, tmp_path_factory):
    """The packed bundle of the finished run; not to be changed."""
    out = tmp_path_factory.mktemp("bundle") / "small.zip"
    return pack(*finished, out, author="Ada <https://orcid.org/0000-0001>", resamples=50)


@pytest.fixture
def forge(bundle, tmp_path):
    """A copy of the bundle with changed files; `honest` keeps the old checksums."""

    def forged(changes, honest=False):
        folder, out = tmp_path / "forged", tmp_path / "forged.zip"
        unpack(bundle, folder)
        for path, change in changes.items():
            digest = read_records(folder).records[0].digest
            file = folder / path.replace(ARRAYS, f"arrays/{digest[:32]}.npz")
            before = file.read_bytes() if file.exists() else b""
            after = change(before)
            file.write_bytes(after) if after is not None else file.unlink()
        if not honest:
            _restate(folder)
        with zipfile.ZipFile(out, "w") as archive:
            for file in sorted(f for f in folder.rglob("*") if f.is_file()):
                archive.write(file, file.relative_to(folder))
        return out

    return forged


def _restate(folder):
    """What a careful forger does: every stated checksum is made right again."""
    metadata = folder / "ro-crate-metadata.json"
    if metadata.exists():
        crate = json.loads(metadata.read_text())
        for entity in crate["@graph"]:
            if "sha256" in entity and (folder / unquote(entity["@id"])).exists():
                entity["sha256"] = sha256(folder / unquote(entity["@id"]))
        metadata.write_text(json.dumps(crate))
    if (folder / "manifest-sha256.txt").exists():
        (folder / "manifest-sha256.txt").unlink()
        write_manifest(folder)


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
        {"records.jsonl": lambda c: b"[" * 9000 + b"\n" + c},
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


def _entry(name, content=b"x", mode=stat.S_IFREG | 0o644):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info, content


def _npz_bomb():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as arrays:
        for index in range(3):
            arrays.writestr(f"{index}.npy", bytes(2 * 10**6))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([_entry("../out.txt")], "leads outside"),
        ([_entry("a/../../out.txt")], "leads outside"),
        ([_entry("/out.txt")], "absolute path"),
        ([_entry("C:/out.txt")], "absolute path"),
        ([_entry("a\\..\\out.txt")], "backslash"),
        ([_entry("a//b.txt")], "not plain"),
        ([_entry("new\nline")], "control character"),
        ([_entry("link", b"/etc/passwd", stat.S_IFLNK | 0o777)], "is a link"),
        ([_entry("pipe", b"", stat.S_IFIFO | 0o644)], "is a link or a device"),
        ([_entry("twice"), _entry("twice")], "it holds 'twice' twice"),
        ([_entry("arrays/É"), _entry("arrays/e\u0301")], "it holds 'arrays/e\u0301' twice"),
        ([_entry("a"), _entry("a/b")], "lies below a file"),
        ([_entry("zeros", bytes(2 * 2**20))], "expands from"),
        ([_entry("large", bytes(10**5)), _entry("too", bytes(10**6))], "it expands to 1100000"),
        ([_entry("a.npz", _npz_bomb())], "its arrays expand beyond the limit, first in a.npz"),
        ([_entry("a.npz", b"no zip")], "its entry a.npz holds no arrays"),
        ([_entry("harmless")], "is not a result bundle of this project"),
        ([_entry("bundle.json", b'{"format": "else"}')], "is not a result bundle"),
        ([_entry("bundle.json", b"[" * 5000)], "is not a result bundle"),
    ],
)
def test_a_malicious_zip_is_refused_and_nothing_is_written(tmp_path, entries, message):
    file = tmp_path / "evil.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")  # zipfile says that a name is there twice: that's the point
        for info, content in entries:
            archive.writestr(info, content)
    limit = 3 * 2**20 if "expands from" in message or "arrays" in message else 10**6
    for read in (
        lambda: unpack(file, tmp_path / "run", limit=limit),
        lambda: verify(file, limit=limit),
    ):
        with pytest.raises(ValueError, match=message.replace("(", r"\(")):
            read()
    assert sorted(tmp_path.iterdir()) == [file]


def test_encrypted_and_oddly_compressed_entries_are_refused(tmp_path):
    for method, message in ((zipfile.ZIP_LZMA, "compressed in a way"), (None, "is encrypted")):
        file = tmp_path / "evil.zip"
        with zipfile.ZipFile(file, "w", method or zipfile.ZIP_STORED) as archive:
            archive.writestr("a", b"x")
        if method is None:
            content = bytearray(file.read_bytes())
            content[content.index(b"PK\x01\x02") + 8] |= 1
            file.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            unpack(file, tmp_path / "run")


def test_the_limit_is_two_gibibytes_and_can_be_raised(bundle, tmp_path):
    from experiments.bundles.archive import LIMIT

    assert LIMIT == 2 * 2**30
    with pytest.raises(ValueError, match="raise the limit if you trust it"):
        unpack(bundle, tmp_path / "run", limit=1000)
    assert unpack(bundle, tmp_path / "run", limit=10**8).is_file()


@pytest.mark.parametrize("cut", [0, 100, -10])
def test_what_is_no_zip_is_refused(bundle, tmp_path, cut):
    file = tmp_path / "cut.zip"
    file.write_bytes(bundle.read_bytes()[:cut])
    with pytest.raises(ValueError, match="is not a zip file, or is damaged"):
        unpack(file, tmp_path / "run")
    with pytest.raises(FileNotFoundError, match="No bundle"):
        verify(tmp_path / "none.zip")


def test_a_newer_bundle_is_refused(forge, tmp_path):
    newer = forge({"bundle.json": _swap(b'"version": 1', b'"version": 2')})
    with pytest.raises(ValueError, match="of version 2, but this program reads up to version 1"):
        verify(newer)


def test_endless_resampling_is_refused(forge):
    with pytest.raises(ValueError, match="`resamples` must be an int from 1 to"):
        verify(forge({"bundle.json": _swap(b'"resamples": 50', b'"resamples": 1000000000')}))


def test_a_changed_bundle_is_not_unpacked(forge, tmp_path):
    changed = forge({"table.md": lambda _: b"better"}, honest=True)
    with pytest.raises(ValueError, match=r"in 1 places, first: File table\.md was"):
        unpack(changed, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_something_is_never_touched(bundle, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty"):
        unpack(bundle, tmp_path)
    with pytest.raises(FileExistsError, match="is not empty"):
        unpack(bundle, tmp_path / "mine.txt")
    assert [f.name for f in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert unpack(bundle, tmp_path / "empty") == tmp_path / "empty" / "spec.toml"


# What the metadata say ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graph(bundle):
    crate = json.loads(zipfile.ZipFile(bundle).read("ro-crate-metadata.json"))
    assert crate["@context"] == "https://w3id.org/ro/crate/1.3/context"
    return {entity["@id"]: entity for entity in crate["@graph"]}


def test_every_term_is_in_the_context_and_every_reference_is_described(graph):
    context = json.loads((files("rocrate") / "data" / "ro-crate.jsonld").read_text())["@context"]
    for entity in graph.values():
        assert {key for key in entity if not key.startswith("@")} <= context.keys()
        assert entity["@type"] in context
        for value in entity.values():
            for reference in value if isinstance(value, list) else [value]:
                if isinstance(reference, dict):
                    web = reference["@id"].startswith(
                        ("http://schema", "https://w3id.org/ro/crate")
                    )
                    assert web or reference["@id"] in graph


def test_the_root_conforms_and_lists_every_file(graph, bundle):
    root, about = graph["./"], graph["ro-crate-metadata.json"]
    assert about["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.3"}
    assert about["about"] == {"@id": "./"}
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.6"}
    assert {"name", "description", "datePublished", "license", "author"} <= root.keys()
    apart = {"ro-crate-metadata.json", "ro-crate-preview.html"}
    parts = {unquote(part["@id"]) for part in root["hasPart"]}
    assert parts == set(zipfile.ZipFile(bundle).namelist()) - apart
    assert all(graph[part["@id"]]["@type"] == "File" for part in root["hasPart"])


def test_every_action_says_what_did_what_to_what(graph):
    actions = [entity for entity in graph.values() if entity["@type"] == "CreateAction"]
    assert len(actions) == 12 + 2 + 1  # cells, trainings that two backends share, the table
    assert all("endTime" in action for action in actions if action["@id"].startswith("#cell"))
    assert {action["@id"] for action in actions} == {m["@id"] for m in graph["./"]["mentions"]}
    for action in actions:
        assert graph[action["instrument"]["@id"]]["@type"] == "SoftwareApplication"
        assert {"@id": "spec.toml"} in action["object"]
        assert action["result"]
        assert graph[action["agent"]["@id"]]["name"] == "Ada"
    trained = [action for action in actions if action["@id"].startswith("#training")]
    for training in trained:
        users = [a for a in actions if training["result"][0] in a["object"]]
        assert len(users) == 2


def test_the_rocrate_library_reads_it(bundle):
    from rocrate.rocrate import ROCrate

    crate = ROCrate(bundle)
    assert crate.name == "A small benchmark"
    assert len(crate.get_by_type("CreateAction")) == 15
    assert crate.dereference("table.csv")["encodingFormat"] == "text/csv"


def test_a_failed_cell_is_a_failed_action(finished, tmp_path):
    spec, folder = finished[0], tmp_path / "run"
    shutil.copytree(finished[1], folder)
    last = read_records(folder).records[-1]
    append_record(folder, last._replace(status="failed", metrics={}, error="OSError: boom"), {})
    out = pack(spec, folder, tmp_path / "b.zip", resamples=20)
    assert verify(out).problems == []
    graph = json.loads(zipfile.ZipFile(out).read("ro-crate-metadata.json"))["@graph"]
    action = next(e for e in graph if e["@id"] == f"#cell-{last.digest[:32]}")
    assert action["actionStatus"] == {"@id": "http://schema.org/FailedActionStatus"}
    assert (action["error"], action["result"]) == ("OSError: boom", [{"@id": "records.jsonl"}])


# What goes in, and what never does ---------------------------------------------------------------


def test_no_environment_variable_and_no_path_of_this_machine_goes_in(
    finished, tmp_path, monkeypatch
):
    monkeypatch.setenv("SOME_TOKEN", "sentinel-of-a-secret")
    out = pack(*finished, tmp_path / "b.zip", resamples=20)
    with zipfile.ZipFile(out) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            assert b"sentinel" not in content
            assert str(Path.home()).encode() + b"/" not in content or Path.home() == Path("/")
            assert str(finished[1]).encode() not in content


def test_a_secret_that_a_record_repeats_is_refused(finished, tmp_path, monkeypatch):
    monkeypatch.setenv("VENDOR_API_KEY", "A small benchmark")
    with pytest.raises(ValueError, match="holds the value of the environment variable VENDOR_API"):
        pack(*finished, tmp_path / "b.zip", resamples=20)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"author": "<no name>"}, "`author` must be `Name`"),
        ({"licence": "do what you like"}, "`licence` must be an SPDX"),
        ({"resamples": 0}, "`resamples` must be an int from 1"),
    ],
)
def test_bad_arguments_are_refused(finished, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        pack(*finished, tmp_path / "b.zip", **{"resamples": 20} | options)
    assert list(tmp_path.iterdir()) == []


def test_a_run_with_nothing_finished_is_refused(small_spec, tmp_path):
    with pytest.raises(ValueError, match="has no finished cell of 'small'"):
        pack(small_spec, tmp_path / "none", tmp_path / "b.zip")
    with pytest.raises(ValueError, match="`out` must be a file in a folder that is there"):
        pack(small_spec, tmp_path / "none", tmp_path)


def test_a_spec_with_overrides_is_written_as_it_was_run(small_toml):
    spec = load_spec(str(small_toml), ["seeds=[5]", "backends.shots.shots=7", 'title="ü \\"q\\""'])
    again = parse_spec(tomllib.loads(spec_text(spec)))
    assert again == load_spec_with(spec, source="")


TEXT = st.text(max_size=5)
SCALARS = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_any_tree_is_read_back_from_its_toml(tree):
    assert tomllib.loads(to_toml(tree)) == tree
