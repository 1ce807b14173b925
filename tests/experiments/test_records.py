"""Records: nothing is torn, nothing is lost, later successes replace earlier failures."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from experiments.records import (
    Record,
    RecordFile,
    Tail,
    append_record,
    latest,
    read_arrays,
    read_records,
)
from experiments.running.remarks import refuse_changed_data, remarks


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


def test_processes_that_write_at_once_where_there_are_no_locks(tmp_path):
    code = "import fcntl; fcntl.flock = lambda *a: (_ for _ in ()).throw(OSError(37, 'no'))\n"
    writers = [
        subprocess.Popen([sys.executable, "-c", code + WRITER, str(tmp_path), name])
        for name in "ab"
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    read = read_records(tmp_path)
    assert (len({r.digest for r in read.records}), read.torn) == (100, 0)


def test_a_tail_follows_what_others_append(tmp_path):
    append_record(tmp_path, record("a"), {})
    tail = Tail(tmp_path)
    append_record(tmp_path, record("a", "failed"), {})
    append_record(tmp_path, record("b"), {})
    tail.refresh()
    assert tail.opened.records == [record("a")]
    assert tail.latest == {"a": record("a", "failed"), "b": record("b")}


def test_a_tail_never_takes_half_a_line(tmp_path):
    append_record(tmp_path, record("a"), {})
    line = (tmp_path / "records.jsonl").read_bytes().replace(b'"a"', b'"b"')
    tail = Tail(tmp_path)
    for piece, known in ((line[:40], {"a"}), (line[40:-1], {"a"}), (line[-1:], {"a", "b"})):
        with open(tmp_path / "records.jsonl", "ab") as file:
            file.write(piece)
        tail.refresh()
        assert set(tail.latest) == known


FILLER = """
import resource, sys
from pathlib import Path
from experiments.records import Record, append_record
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))  # a disk that ends in mid-write
try:
    for i in range(50):
        info = {"text": "x" * 999}
        append_record(folder, Record(f"{i}", "s", "r", 0, "ok", {}, {}, info, {}, ""), {})
except OSError as error:
    print(error)
"""


def test_a_full_disk_leaves_all_earlier_records_whole(tmp_path):
    command = [sys.executable, "-c", FILLER, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cannot be written (" in done.stdout
    assert "make room or choose another folder with --out" in done.stdout
    read = read_records(tmp_path)
    assert len(read.records) > 20
    assert ([r.digest for r in read.records], read.torn) == (
        [str(i) for i in range(len(read.records))],
        0,
    )
    append_record(tmp_path, record("next"), {})
    assert read_records(tmp_path).records[-1].digest == "next"


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="a full disk is played by /dev/full, which is not there"
)
def test_a_full_device(tmp_path):
    (tmp_path / "records.jsonl").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        append_record(tmp_path, record("a"), {})


def test_arrays_that_do_not_fit_leave_no_file_and_no_line(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left on device"):
        append_record(tmp_path, record("a"), {"scores": np.zeros(3)})
    assert list((tmp_path / "arrays").iterdir()) == []
    assert read_records(tmp_path).records == []


def test_remarks_on_a_good_folder_are_none():
    assert remarks(RecordFile([record("a"), record("b")], 0)) == []


def test_a_clock_that_was_set_back_is_told():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    late = record("a")._replace(time="2026-01-01T01:00:00+00:00")
    (told,) = remarks(RecordFile([late, record("b")], 0), now)
    assert "was written at 2026-01-01T01:00:00+00:00, in the future of this machine's" in told


def test_two_versions_of_the_code_are_told_and_their_contradictions_too():
    one = record("a")._replace(provenance={"commit": "1" * 40})
    two = one._replace(provenance={"commit": "2" * 40})
    (told,) = remarks(RecordFile([one, two], 0))
    assert told.endswith("made by 2 versions of the code (commits 111111111111, 222222222222).")
    told, _ = remarks(RecordFile([one, two._replace(metrics={"auc": 0.6})], 0))
    assert told.startswith("Row 'row', seed 0 stands twice with different results, {'auc': 0.5} (1")


def test_data_that_changed_are_refused_with_both_checksums():
    made = [record("a")._replace(data="toy", checksum="aaa")]
    refuse_changed_data(made, {("row", 0)}, "s", "toy", "aaa")
    refuse_changed_data(made, {("row", 1)}, "s", "toy", "bbb")
    refuse_changed_data(made, {("row", 0)}, "s", "other", "bbb")
    message = "Row 'row', seed 0 was run on data 'toy' with checksum aaa, but the data now have bbb"
    with pytest.raises(ValueError, match=message):
        refuse_changed_data(made, {("row", 0)}, "s", "toy", "bbb")
