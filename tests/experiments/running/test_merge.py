"""Merging: everything that is there arrives; contradictions are refused before any writing."""

import shutil

import numpy as np
import pytest

from experiments.records import (
    Record,
    append_record,
    latest,
    read_arrays,
    read_records,
    write_failure,
)
from experiments.reporting.tables import make_table
from experiments.run import run
from experiments.running.merge import merge


def record(digest, status="ok", auc=0.5, **fields):
    made = Record(digest, "s", "row", 0, status, {"auc": auc}, {}, {}, {}, "", "", "toy", "sum")
    return made._replace(**fields)


def put(folder, *args, scores=(0.1, 0.2), **kwargs):
    arrays = {"scores": np.array(scores), "labels": np.array([0, 1]), "rows": np.array([3, 4])}
    append_record(folder, record(*args, **kwargs), arrays)


@pytest.fixture
def sites(tmp_path):
    """Two folders to be filled."""
    return tmp_path / "one", tmp_path / "two"


def test_two_halves_make_the_whole_run(finished, tmp_path):
    spec, whole = finished
    digests = [found.digest for found in read_records(whole).records]
    halves = [tmp_path / name for name in ("one", "two")]
    for half, keep in zip(halves, (digests[:7], digests[5:]), strict=True):
        shutil.copytree(whole, half)
        lines = (half / "records.jsonl").read_bytes().splitlines(keepends=True)
        text = b"".join(line for line, d in zip(lines, digests, strict=True) if d in keep)
        (half / "records.jsonl").write_bytes(text)
    out = tmp_path / "out"
    assert merge(halves, out) == (12, 12, 0)
    assert merge(halves, out) == (12, 0, 0)
    one, two = (make_table(spec, folder, resamples=20) for folder in (whole, out))
    assert [line.auc for line in one.lines] == [line.auc for line in two.lines]
    before = (out / "records.jsonl").read_bytes()
    run(spec, out)
    assert (out / "records.jsonl").read_bytes() == before
    (out / "records.jsonl").unlink()
    run(spec, out, only=[digests[-1]])  # the checkpoints came along and are whole


def test_a_success_goes_before_a_failure(sites, tmp_path):
    put(sites[0], "a", "failed", metrics={})
    write_failure(sites[0], "b", "a traceback")
    append_record(sites[0], record("b", "failed", metrics={}), {})
    put(sites[1], "a")
    put(sites[1], "c")
    assert merge(sites, tmp_path / "out") == (3, 3, 0)
    found = latest(read_records(tmp_path / "out").records)
    assert {d: r.status for d, r in found.items()} == {"a": "ok", "b": "failed", "c": "ok"}
    assert (tmp_path / "out" / "failures" / "b.txt").read_text() == "a traceback"
    np.testing.assert_array_equal(read_arrays(tmp_path / "out", "c")["scores"], [0.1, 0.2])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"auc": 0.5000001}, r"Row 'row', seed 0 \(cell a\) has other metrics in .*two than in"),
        ({"scores": (0.1, 0.3)}, "has other scores in"),
        ({"digest": "b", "checksum": "mus"}, "with checksum sum, but the data now have mus"),
    ],
)
def test_contradictions_are_refused_and_nothing_is_written(sites, tmp_path, other, message):
    put(sites[0], "a")
    put(sites[1], **({"digest": "a"} | other))
    with pytest.raises(ValueError, match=message):
        merge(sites, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_arrays_that_differ_only_in_how_they_are_packed_agree(sites, tmp_path):
    put(sites[0], "a", scores=(np.nan, 0.2))
    put(sites[1], "a", scores=(np.nan, 0.2))
    file = sites[1] / "arrays" / "a.npz"
    arrays = read_arrays(sites[1], "a")
    np.savez(file, allow_pickle=False, **arrays)
    assert merge(sites, tmp_path / "out").cells == 1


def test_one_training_with_two_results_is_refused(sites, tmp_path):
    for site, content in zip(sites, (b"one", b"two"), strict=True):
        put(site, "a")
        (site / "checkpoints").mkdir()
        for name, text in (("m.safetensors", content), ("m.json", b'{"digest": "d"}')):
            (site / "checkpoints" / name).write_bytes(text)
        (site / "checkpoints" / "m.training.json").write_text("{}")
    with pytest.raises(ValueError, match=r"Checkpoint m.safetensors in .*two is another model"):
        merge(sites, tmp_path / "out")


def test_torn_lines_are_counted_and_folders_without_records_named(sites, tmp_path):
    put(sites[0], "a")
    with open(sites[0] / "records.jsonl", "ab") as file:
        file.write(b'{"digest": "b"')
    assert merge(sites[:1], tmp_path / "out") == (1, 1, 1)
    with pytest.raises(FileNotFoundError, match=r"two has no records.jsonl; nothing was merged"):
        merge(sites, tmp_path / "out")
