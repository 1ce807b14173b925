"""Records: nothing is torn, nothing is lost, later successes replace earlier failures."""

import subprocess
import sys

import numpy as np
import pytest

from experiments.records import Record, append_record, latest, read_arrays, read_records


def record(digest, status="ok"):
    return Record(digest, "s", "row", 0, status, {"auc": 0.5}, {}, {}, {}, "2026-01-01T00:00:00")


def test_what_is_written_is_read(tmp_path):
    for digest in "abc":
        append_record(tmp_path, record(digest), {"scores": np.arange(3.0)})
    assert read_records(tmp_path).records == [record(d) for d in "abc"]
    np.testing.assert_array_equal(read_arrays(tmp_path, "b")["scores"], [0, 1, 2])


def test_a_torn_last_line_is_set_aside_and_the_next_record_is_whole(tmp_path):
    append_record(tmp_path, record("a"), {})
    append_record(tmp_path, record("b"), {})
    file = tmp_path / "records.jsonl"
    file.write_bytes(file.read_bytes()[:-25])
    read = read_records(tmp_path)
    assert ([r.digest for r in read.records], read.torn) == (["a"], 1)
    append_record(tmp_path, record("c"), {})
    read = read_records(tmp_path)
    assert ([r.digest for r in read.records], read.torn) == (["a", "c"], 1)


def test_a_later_success_replaces_a_failure(tmp_path):
    append_record(tmp_path, record("a", "failed"), {})
    append_record(tmp_path, record("a"), {})
    assert latest(read_records(tmp_path).records)["a"].status == "ok"


def test_missing_arrays_say_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="delete its line in records"):
        read_arrays(tmp_path, "a")


def test_an_absent_folder_holds_no_record(tmp_path):
    assert read_records(tmp_path / "none").records == []


WRITER = """
import sys
from pathlib import Path
from experiments.records import Record, append_record
for i in range(50):
    long = {"text": "x" * 20000}
    append_record(Path(sys.argv[1]),
                  Record(f"{sys.argv[2]}-{i}", "s", "r", 0, "ok", {}, {}, long, {}, ""), {})
"""


def test_processes_that_write_at_once_do_not_tear_lines(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    read = read_records(tmp_path)
    assert (len({r.digest for r in read.records}), read.torn) == (150, 0)
