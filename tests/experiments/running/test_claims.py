"""Claims: those of the living exclude, those of the dead are taken over by one."""

import os
import subprocess
import sys
import time

import pytest

from experiments.running import claims as claims_module
from experiments.running.claims import Claims


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def far(tmp_path, monkeypatch):
    """Claims as another machine holds them."""
    with monkeypatch.context() as patch:
        patch.setattr(claims_module, "_here", lambda: ("far", "away"))
        return Claims(tmp_path)


def beat(claims, name, when):
    """What the heart of `claims` does at a time of its own machine's clock."""
    os.utime(claims.folder / name / claims.me, (when, when))


def test_a_name_has_one_owner_until_it_is_released(tmp_path):
    one, two = Claims(tmp_path), Claims(tmp_path)
    assert (one.take("a"), two.take("a"), two.take("b")) == (True, False, True)
    one.release("a")
    assert two.take("a")
    one.release("a")  # of no effect: it is not ours
    assert two.holds("a")


def test_leaving_the_context_releases(tmp_path):
    with Claims(tmp_path) as claims:
        assert claims.take("a")
    assert list(tmp_path.iterdir()) == []


def test_a_claim_of_a_dead_process_is_taken_at_once(tmp_path):
    code = "import sys; from pathlib import Path; from experiments.running.claims import Claims"
    code += "; assert Claims(Path(sys.argv[1])).take('a')"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert Claims(tmp_path).take("a")


def test_a_claim_of_another_process_with_the_same_number_is_dead(tmp_path):
    before = Claims(tmp_path)
    parts = before.me.split("~")
    before.me = "~".join([*parts[:3], "12", parts[4]])
    assert before.take("a")
    assert Claims(tmp_path).take("a")


def test_a_far_claim_is_dead_when_its_heart_stood_still_for_a_lease(tmp_path, far, clock):
    near = Claims(tmp_path, 10.0, clock)
    assert far.take("a")
    assert not near.take("a")
    clock.now = 9.0
    beat(far, "a", 1e9)  # by a clock that is decades late
    assert not near.take("a")
    clock.now = 19.0
    assert not near.take("a")
    clock.now = 19.1
    assert near.take("a")
    assert (far.holds("a"), near.holds("a")) == (False, True)


def test_a_far_heart_that_beats_keeps_its_claim(tmp_path, far, clock):
    near = Claims(tmp_path, 10.0, clock)
    assert far.take("a")
    for now in range(0, 100, 10):
        clock.now = now
        beat(far, "a", 2e9 - now)  # by a clock that runs backwards
        assert not near.take("a")
    assert far.holds("a")


def test_the_heart_of_a_context_beats(tmp_path):
    with Claims(tmp_path, lease=0.01) as claims:
        assert claims.take("a")
        beat(claims, "a", 1e9)
        file, limit = tmp_path / "a" / claims.me, time.monotonic() + 60
        while file.stat().st_mtime == 1e9 and time.monotonic() < limit:
            time.sleep(0.001)
        assert file.stat().st_mtime > 1e9


def test_of_many_who_take_over_one_succeeds(tmp_path, far, clock):
    assert far.take("a")
    many = [Claims(tmp_path, 10.0, clock) for _ in range(10)]
    assert not any(claims.take("a") for claims in many)  # all have seen it now
    owners = [claims.owner("a") for claims in many]
    clock.now = 10.1
    taken = [c._take_over("a", o) for c, o in zip(many, owners, strict=True)]
    assert sum(taken) == 1
