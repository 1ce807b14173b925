"""Classical shadows against exact values, within their errors and within the bound."""

import numpy as np
import pytest

from circuits import Exact, Shots, build_circuit, gate, pauli, z
from circuits.shadows import Shadow, classical_shadow, shadow_expectation, shadow_size

OBSERVABLES = (z(0), pauli("XZ", (0, 1)) + 0.3, pauli("YY", (1, 0)), pauli("", ()))


@pytest.fixture(scope="module")
def circuit():
    gates = [gate("ry", 0, angle=("x", 0)), gate("cx", 0, 1), gate("rx", 1, angle=("x", 1))]
    return build_circuit([*gates, gate("ry", 0, angle=0.7)])


@pytest.fixture(scope="module")
def expected(circuit, angles):
    return Exact().expectation(circuit, OBSERVABLES, angles).values


@pytest.fixture(scope="module")
def shadow(circuit, angles):
    return classical_shadow(Shots(), circuit, angles, snapshots=8000, seed=1)


@pytest.mark.parametrize("parts", [1, 9])
def test_values_are_exact_within_their_errors(shadow, expected, parts):
    values, std = shadow_expectation(shadow, OBSERVABLES, parts)
    widening = 1.0 if parts == 1 else np.sqrt(np.pi / 2)
    np.testing.assert_array_less(np.abs(values - expected), 4 * widening * std + 1e-12)


def test_errors_grow_with_the_weight(shadow):
    """The variance of a string of weight w is 3**w less the square of its value."""
    values, std = shadow_expectation(shadow, OBSERVABLES[:3])
    values[:, 1] -= 0.3
    scale = np.sqrt((3.0 ** np.array([1, 2, 2]) - values**2) / 8000)
    np.testing.assert_allclose(std, scale, rtol=0.05)


def test_bases_are_random_and_follow_the_seed(circuit, angles, shadow):
    counts = np.bincount(shadow.letters.ravel(), minlength=3)
    np.testing.assert_array_less(np.abs(counts - counts.mean()), 4 * np.sqrt(counts.mean()))
    first, again = (
        classical_shadow(Shots(), circuit, angles, snapshots=10, seed=seed) for seed in (5, 5)
    )
    assert np.array_equal(first.letters, again.letters)
    assert np.array_equal(first.bits, again.bits)


def test_errors_keep_the_bound(circuit, angles, expected):
    wanted = 0.6
    snapshots, parts = shadow_size(OBSERVABLES, wanted)
    shadow = classical_shadow(Shots(), circuit, angles, snapshots=snapshots, seed=2)
    values, _ = shadow_expectation(shadow, OBSERVABLES, parts)
    assert np.abs(values - expected).max() < wanted


def test_the_bound_is_that_of_the_paper():
    parts = int(np.ceil(2 * np.log(2 * 100 / 0.01)))
    found = shadow_size([pauli("XYZ", (0, 1, 2))] * 100, error=0.1, failure=0.01)
    assert found == (parts * 34 * 27 * 100, parts)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shadow_size(z(0), 0.0), "error > 0"),
        (lambda: shadow_size(z(0), 0.1, 1.0), "failure < 1"),
    ],
)
def test_wrong_sizes_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_wrong_arguments_are_refused(circuit, angles):
    empty = Shadow(np.zeros((1, 2, 1), np.uint8), np.zeros((1, 2, 1), np.uint8))
    with pytest.raises(ValueError, match="at most the 2 snapshots"):
        shadow_expectation(empty, z(0), 3)
    with pytest.raises(ValueError, match="`snapshots` must be a positive int"):
        classical_shadow(Shots(), circuit, angles, snapshots=0, seed=0)
