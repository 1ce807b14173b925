"""Budgets: a run stops starting cells, says so, keeps what is done and goes on with more."""

import json
from dataclasses import replace

import pytest

from experiments.catalogue import MODELS
from experiments.records import Record, read_records
from experiments.run import missing_cells, run
from experiments.running.budget import STOPS, Spending, busy_seconds
from experiments.specs import Budget, load_spec

ROWS = 'rows=[{id="sum", model="sum"}]'


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


def record(digest, second=0.0, seconds=1.0, **cost):
    told = cost | {"resources": {"wall_s": seconds}}
    time = f"2026-01-01T00:00:{second:06.3f}+00:00"
    return Record(digest, "s", "r", 0, "ok", {}, told, {}, {}, time)


def test_without_a_budget_nothing_is_read_or_used_up():
    def never():
        raise AssertionError
        yield

    account = Spending(Budget(), never())
    account.add(record("a"))
    assert account.exhausted(1000) == ""


def test_cells_shots_and_reads_are_counted_once():
    account = Spending(Budget(cells=3, shots=100, reads=50), [record("a", total_shots=90)])
    assert account.exhausted(1) == ""
    assert account.exhausted(2) == "3 of 3 cells"
    for _ in range(2):
        account.add(record("b", reads=30))
    assert account.exhausted(0) == ""
    account.add(record("c", reads=30, total_shots=10))
    assert account.exhausted(0) == "3 of 3 cells, 100 of 100 shots, 60 of 50 reads"


def test_seconds_are_wall_clock_of_all_sessions():
    clock = Clock()
    account = Spending(Budget(seconds=10.0), [record("a", 9.0, 4.0), record("b", 10.0, 3.5)], clock)
    clock.now = 4.9
    assert account.exhausted(2) == ""
    clock.now = 5.1
    assert account.exhausted(0) == "10 of 10 s"


def test_the_union_of_times_counts_workers_once():
    cells = [record("a", 10.0, 5.0), record("b", 12.0, 5.0), record("c", 30.0, 1.0)]
    assert busy_seconds(cells) == pytest.approx(8.0)
    assert busy_seconds(cells[::-1]) == pytest.approx(8.0)
    assert busy_seconds([]) == 0
    odd = [cells[0]._replace(time="yesterday"), cells[0]._replace(cost={})]
    assert busy_seconds(odd) == 0


def test_a_run_stops_at_its_budget_says_so_and_goes_on(small_toml, tmp_path):
    spec = load_spec(str(small_toml), [ROWS, "seeds=[0, 1, 2, 3]", "budget.cells=2"])
    sentence = r"The budget of 'small' is used up \(2 of 2 cells\) with 2 cells missing"
    for stops in (1, 2):
        with pytest.raises(InterruptedError, match=sentence):
            run(spec, tmp_path)
        assert [r.seed for r in read_records(tmp_path).records] == [0, 1]
        told = [json.loads(line) for line in (tmp_path / STOPS).read_text().splitlines()]
        assert len(told) == stops
        assert (told[-1]["missing"], told[-1]["budget"]["cells"]) == (2, 2)
    assert not list((tmp_path / "claims").iterdir())
    assert len(missing_cells(spec, tmp_path)) == 2
    records = run(replace(spec, budget=Budget(cells=4)), tmp_path)
    assert [r.seed for r in records] == [0, 1, 2, 3]
    assert run(replace(spec, budget=Budget(cells=1)), tmp_path) == records  # nothing to start


def test_what_is_done_already_is_told_though_it_comes_last(small_toml, tmp_path):
    spec = load_spec(str(small_toml), [ROWS, "seeds=[3]"])
    run(spec, tmp_path)
    told = []

    class Display:
        def stage(self, *stage):
            pass

        def finished(self, record, done, total):
            told.append((record.seed, done, total))

    more = replace(spec, seeds=(0, 1, 3), budget=Budget(cells=2))
    with pytest.raises(InterruptedError, match="1 cell missing"):
        run(more, tmp_path, display=Display())
    assert told == [(0, 1, 3), (3, 2, 3)]  # seed 3 counts before it is reached


def test_shots_and_reads_of_real_cells(small_toml, tmp_path):
    rows = 'rows=[{id="q", model="circuit", backend="shots"}, {id="sum", model="sum"}]'
    spec = load_spec(str(small_toml), [rows, "seeds=[0]", "budget.shots=4000"])
    with pytest.raises(InterruptedError, match=r"\(4000 of 4000 shots\) with 1 cell missing"):
        run(spec, tmp_path)
    assert read_records(tmp_path).records[0].cost["total_shots"] == 40 * 100
    rows = 'rows=[{id="a", model="ensemble", sampler="exhaustive"}, {id="sum", model="sum"}]'
    spec = load_spec(str(small_toml), [rows, "seeds=[0]", "budget.reads=1"])
    with pytest.raises(InterruptedError, match=r" of 1 reads\) with 1 cell missing"):
        run(spec, tmp_path / "reads")


def test_one_computation_of_two_rows_is_one_cell(small_toml, tmp_path):
    rows = 'rows=[{id="a", model="sum"}, {id="b", model="sum"}]'
    spec = load_spec(str(small_toml), [rows, "seeds=[0]", "budget.cells=1"])
    assert len(run(spec, tmp_path, workers=2)) == 2


def test_failures_are_tried_again_within_the_budget_only(small_toml, tmp_path, monkeypatch):
    spec = load_spec(str(small_toml), [ROWS, "seeds=[0, 1]"])
    with monkeypatch.context() as patch:
        patch.setitem(MODELS, "untrained_sum", lambda x, y, seed: 1 / 0)
        run(spec, tmp_path)
    more = replace(spec, budget=Budget(cells=1))
    with pytest.raises(InterruptedError, match="1 cell missing"):
        run(more, tmp_path, retry_failed=True)
    records = run(spec, tmp_path, retry_failed=True)
    assert [record.status for record in records] == ["ok", "ok"]


def test_workers_do_not_exceed_the_cells(small_toml, tmp_path):
    spec = load_spec(str(small_toml), [ROWS, "seeds=[0, 1, 2, 3]", "budget.cells=1"])
    with pytest.raises(InterruptedError, match="3 cells missing"):
        run(spec, tmp_path, workers=2)
    assert len(read_records(tmp_path).records) == 1
