"""The description of a bundle: complete, consistent, and free of secrets."""

import json
import shutil
import tomllib
import zipfile
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

import pytest

from experiments.bundles import pack, verify
from experiments.bundles.spec_text import spec_text
from experiments.records import append_record, read_records
from experiments.specs import load_spec, parse_spec


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
    assert again == replace(spec, source="")
