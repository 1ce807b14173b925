"""The times a run would take, against D-Wave's formula and Ocean's own estimate."""

import json
from types import SimpleNamespace

import pytest

from annealing.hardware.stand_in.profiles import chip_profile, read_profiles
from annealing.hardware.stand_in.timing import (
    problem_timing_data,
    qpu_access_time,
    readout_time,
    reads_of_a_run,
)

NAMES = ["advantage2", "advantage2_small", "advantage"]


@pytest.mark.parametrize("name", NAMES)
def test_times_add_up_as_published(name):
    # T = T_p + R (T_a + T_r + T_d), T_p with the thermalisation after it.
    chip = chip_profile(name)
    times = qpu_access_time(700, 40e-6, 300, chip)
    each = 40e-6 + readout_time(300, chip) + chip.delay_time
    programming = chip.programming_time + chip.programming_thermalization
    assert times["qpu_access_time"] == pytest.approx(1e6 * (programming + 700 * each))
    assert times["qpu_programming_time"] == pytest.approx(1e6 * programming)
    assert times["qpu_sampling_time"] == pytest.approx(1e6 * 700 * each)
    assert times["qpu_anneal_time_per_sample"] == pytest.approx(40)
    assert times["submissions"] == 1
    assert times["simulated"] is True
    assert json.loads(json.dumps(times)) == times


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("reads", "anneal", "qubits"), [(1, 20e-6, 1), (50, 1e-3, 420)])
def test_ocean_estimates_the_same(name, reads, anneal, qubits):
    from dwave.cloud.solver import StructuredSolver

    chip = chip_profile(name)
    solver = SimpleNamespace(properties={"problem_timing_data": problem_timing_data(chip)})
    estimate = StructuredSolver.estimate_qpu_access_time(
        solver, qubits, num_reads=reads, annealing_time=1e6 * anneal
    )
    assert qpu_access_time(reads, anneal, qubits, chip)["qpu_access_time"] == pytest.approx(
        estimate
    )


def test_readout_takes_what_is_published_for_one_qubit_and_for_all():
    chip = chip_profile("advantage")
    assert readout_time(1, chip) == pytest.approx(18e-6)
    assert readout_time(5612, chip) == pytest.approx(173e-6)
    assert readout_time(1, chip) < readout_time(75, chip) < readout_time(5612, chip)


def test_more_of_anything_costs_more():
    chip = chip_profile("advantage2")
    base = qpu_access_time(100, 20e-6, 100, chip)["qpu_access_time"]
    for reads, anneal, qubits in ((101, 20e-6, 100), (100, 21e-6, 100), (100, 20e-6, 101)):
        assert qpu_access_time(reads, anneal, qubits, chip)["qpu_access_time"] > base
    doubled = qpu_access_time(100, 40e-6, 100, chip)["qpu_access_time"]
    assert doubled - base == pytest.approx(100 * 20)


def test_reads_beyond_the_limits_are_more_submissions_each_programmed_anew():
    chip = chip_profile("advantage2")
    most = reads_of_a_run(2000e-6, 1000, chip)
    one, two = (qpu_access_time(reads, 2000e-6, 1000, chip) for reads in (most, most + 1))
    assert (one["submissions"], two["submissions"]) == (1, 2)
    assert two["qpu_programming_time"] == 2 * one["qpu_programming_time"]
    # The duration that D-Wave compares with its limit: (anneal + readout) reads + thermalisation.
    duration = most * (2000e-6 + readout_time(1000, chip)) + chip.programming_thermalization
    assert duration <= chip.longest_run < duration + 2000e-6 + readout_time(1000, chip)
    assert qpu_access_time(10001, 0.5e-6, 1, chip)["submissions"] == 2


@pytest.mark.parametrize(
    ("reads", "anneal", "qubits", "message"),
    [
        (0, 20e-6, 1, "`reads` must be a positive int"),
        (1, 20e-6, 0, "`n_qubits` must be a positive int"),
        (1, 20.0, 1, "`annealing_time` must be from 5e-07 to 0.002 seconds on advantage2"),
    ],
)
def test_bad_requests_are_refused(reads, anneal, qubits, message):
    with pytest.raises(ValueError, match=message):
        qpu_access_time(reads, anneal, qubits, chip_profile("advantage2"))


def test_every_figure_has_a_source():
    told = {"name", "stands_for", "topology", "shape", "sources"}
    for profile in read_profiles().values():
        assert {figure for figure, _ in profile.sources} == set(profile._fields) - told
        assert all(source.startswith(("D-Wave", "assumed:")) for _, source in profile.sources)


def test_a_figure_without_source_is_refused():
    text = '[sources]\n[x]\nstands_for = "x"\n[x.figures]\nqubits = [3, "hearsay"]'
    with pytest.raises(ValueError, match="Figure 'qubits' of profile 'x' names no source"):
        read_profiles(text)


def test_unknown_profiles_are_refused():
    with pytest.raises(ValueError, match=r"`profile` must be one of .*'advantage2'.*'2000q'"):
        chip_profile("2000q")
