import numpy as np
import pytest

from annealing import Budget, ChromaticAnnealing, MultiSpinAnnealing, SteepestDescent
from annealing.qubo import qubo_from_terms

JAX = {"sweeps": 100, "kernel": "jax"}
SAMPLERS = {
    "chromatic": (lambda budget: ChromaticAnnealing(**JAX, budget=budget), 1),
    "multi-spin": (lambda budget: MultiSpinAnnealing(**JAX, budget=budget), 32),
    "descent": (lambda budget: SteepestDescent(budget=budget), 1),
}
MEMORY = 2**17


@pytest.fixture(params=SAMPLERS)
def made(request):
    return SAMPLERS[request.param]


@pytest.fixture
def glass():
    """+-1 couplings on a ring with chords, in spins; the bits' fields follow."""
    rng = np.random.default_rng(0)
    terms = {}
    for i in range(40):
        for step in (1, 7):
            J, j = rng.choice([-1.0, 1.0]), (i + step) % 40
            terms[i, j] = terms.get((i, j), 0.0) + 4 * J
            terms[i,] = terms.get((i,), 0.0) - 2 * J
            terms[j,] = terms.get((j,), 0.0) - 2 * J
    return qubo_from_terms(terms)


def test_chunks_do_not_change_the_reads(made, glass):
    make, _ = made
    whole = make(Budget(memory=2**30)).sample(glass, reads=100, seed=5)
    parts = make(Budget(memory=MEMORY)).sample(glass, reads=100, seed=5)
    for one, other in zip(whole[:3], parts[:3], strict=True):
        np.testing.assert_array_equal(one, other)


def test_more_reads_begin_with_the_same(made, glass):
    make, _ = made
    few = make(Budget()).sample(glass, reads=10, seed=5)
    many = make(Budget()).sample(glass, reads=70, seed=5)
    assert {bits.tobytes() for bits in few.bits} <= {bits.tobytes() for bits in many.bits}


def test_too_little_memory_is_refused(made, glass):
    make, _ = made
    with pytest.raises(ValueError, match=r"`memory` must be at least \d+ bytes"):
        make(Budget(memory=100)).sample(glass, reads=1, seed=0)


def test_progress_is_told_and_ends_at_the_last_block(glass):
    told = []
    make, _ = SAMPLERS["chromatic"]
    budget = Budget(memory=MEMORY, progress=told.append)
    make(budget).sample(glass, reads=100, seed=5)
    assert [now["sweeps"] for now in told[:2]] == [64, 100]
    assert told[0]["reads"] == 0 < told[-1]["reads"] < told[-1]["of"] == 100
    assert all(now["seconds"] >= 0 for now in told)


@pytest.mark.parametrize(
    ("fault", "stopped"),
    [(KeyboardInterrupt(), "interrupt"), (RuntimeError("no more"), "fault: RuntimeError: no more")],
)
def test_what_was_sampled_before_a_fault_is_kept(made, glass, fault, stopped):
    def fail(now):
        if now["reads"]:
            raise fault

    make, group = made
    budget = Budget(memory=MEMORY, progress=fail)
    samples = make(budget).sample(glass, reads=300, seed=5)
    info = samples.info
    assert info["stopped"] == stopped
    assert (
        info["requested"]["reads"] == 300 > info["effective"]["reads"] == samples.occurrences.sum()
    )
    assert samples.occurrences.sum() % group == 0
    again = make(Budget()).sample(glass, reads=info["effective"]["reads"], seed=5)
    np.testing.assert_array_equal(samples.bits, again.bits)


def test_a_fault_before_the_first_read_is_raised(made, glass):
    def fail(_):
        raise RuntimeError("at once")

    with pytest.raises(RuntimeError, match="at once"):
        made[0](Budget(progress=fail)).sample(glass, reads=3, seed=0)


def test_target_stops_between_chunks(glass):
    make, _ = SAMPLERS["chromatic"]
    every = make(Budget()).sample(glass, reads=100, seed=5)
    budget = Budget(memory=MEMORY, target=float(every.energies[-1]))
    samples = make(budget).sample(glass, reads=100, seed=5)
    assert samples.info["stopped"] == "target"
    assert samples.info["effective"]["reads"] < 100
    assert samples.energies[0] <= every.energies[-1]


def test_seconds_too_few_for_a_sweep_are_refused(made, glass):
    with pytest.raises(ValueError, match="`seconds` must suffice for one sweep"):
        made[0](Budget(seconds=1e-9)).sample(glass, reads=3, seed=0)


def test_seconds_shorten_the_schedule_of_the_first_reads_then_stop(glass, monkeypatch):
    # A clock of one second a reading, however busy the machine is.
    from annealing.samplers import stopping

    readings = iter(range(10**6))
    monkeypatch.setattr(stopping, "perf_counter", lambda: float(next(readings)))
    sampler = ChromaticAnnealing(
        sweeps=10**6, kernel="jax", budget=Budget(seconds=5.0, memory=MEMORY)
    )
    samples = sampler.sample(glass, reads=1000, seed=0)
    assert samples.info["effective"]["sweeps"] == 5  # a probe of one sweep took one second
    assert samples.info["stopped"] == "seconds"
    assert 0 < samples.info["effective"]["reads"] < 1000


def test_bad_budgets_are_refused():
    with pytest.raises(ValueError, match="`seconds` must be positive"):
        Budget(seconds=float("nan"))
    with pytest.raises(ValueError, match="`memory` must be positive"):
        Budget(memory=-1)
