"""The stochastic rule against the exact derivative: by quadrature, and by chance."""

import jax
import numpy as np
import pytest

from circuits import Exact, Shots, build_circuit, expectation, gate, parameter_shift, pauli, z
from circuits.backends import Density
from circuits.gradients.stochastic_shifts import driven_gates, split_estimates
from circuits.noise import amplitude_damping
from circuits.operations import driven, when
from circuits.simulation.open_systems.density import density_expectation

RNG = np.random.default_rng(1)
MIXED = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
ZX = np.kron(np.diag([1, -1]), [[0, 1], [1, 0]])
OBSERVABLES = (z(0), pauli("XY", (0, 1)) + 0.5)
PAIR = driven(ZX, (MIXED + MIXED.conj().T) / 3, (1, 0), ("w", 0, -0.5))
SINGLE = driven([[0, 1], [1, 0]], [[0.4, 0], [0, -0.4]], 1, ("w", 1))
TURNS = [gate("ry", q, angle=0.7 + q) for q in (0, 1)]
PURE = build_circuit([*TURNS, PAIR, SINGLE, gate("crx", 0, 1, angle=("x", 0)), PAIR])
NOISY = build_circuit(
    [*TURNS, PAIR, amplitude_damping(0.2, 0), gate("measure", 1, data=0), when(SINGLE, 0), *TURNS]
)
ANGLES = {"w": np.array([0.9, -1.3]), "x": np.array([[0.4], [1.1]])}


def exact(make, circuit, angles):
    slope = jax.jit(jax.jacrev(make(circuit, OBSERVABLES)))
    rows = [angles | {"x": x} for x in angles["x"]] if "x" in angles else [angles]
    found = [slope(row) for row in rows]
    return {name: np.stack([each[name] for each in found]) for name in angles}


@pytest.mark.parametrize(
    ("make", "circuit", "backend"),
    [
        pytest.param(expectation, PURE, Exact(), id="pure"),
        pytest.param(density_expectation, NOISY, Density(), id="noisy", marks=pytest.mark.slow),
    ],
)
def test_the_rule_is_exact_by_quadrature(make, circuit, backend):
    angles = {name: ANGLES[name] for name in circuit.segments}
    nodes, weights = np.polynomial.legendre.leggauss(10)
    places = driven_gates(circuit, ("w",))
    found = split_estimates(circuit, OBSERVABLES, angles, backend, places, (nodes + 1) / 2)
    means = np.einsum("s,bdsk->bkd", weights / 2, found.estimates)
    total = np.zeros((len(means), 2, 2))
    for at, item in enumerate(found.gates):
        total[:, :, item.angle.index] += item.angle.scale * means[:, :, at]
    wanted = exact(make, circuit, angles)["w"]
    np.testing.assert_allclose(total, wanted, atol=1e-9)


def test_random_splits_have_no_bias_and_say_their_error():
    turned = PURE + build_circuit([gate("ry", 1, angle=("w", 1))])
    wanted = exact(expectation, turned, ANGLES)
    found = parameter_shift(turned, OBSERVABLES, ANGLES, Exact(), splits=400, seed=3)
    for name, array in wanted.items():
        assert found.values[name].shape == array.shape
        np.testing.assert_array_less(np.abs(found.values[name] - array), 4 * found.std[name] + 1e-9)
    assert 0.001 < found.std["w"].max() < 0.1
    assert not found.std["x"].any()
    assert (found.info["splits"], found.info["evaluations"]) == (400, 2 + 4 + 2 * 3 * 400)


def test_the_error_falls_with_the_root_of_the_splits_and_seeds_decide():
    def run(splits, seed=0):
        angles = {"w": ANGLES["w"]}
        return parameter_shift(
            build_circuit([PAIR, SINGLE]), OBSERVABLES, angles, Exact(), splits=splits, seed=seed
        )

    few, many = run(100), run(1600)
    np.testing.assert_allclose(few.std["w"].max() / many.std["w"].max(), 4, rtol=0.3)
    assert np.array_equal(run(100).values["w"], few.values["w"])
    assert not np.array_equal(run(100, seed=1).values["w"], few.values["w"])


def test_errors_of_shots_are_in_those_of_the_splits():
    circuit, angles = build_circuit([PAIR]), {"w": ANGLES["w"][:1]}
    exactly = parameter_shift(circuit, z(1), angles, Exact(), splits=50)
    found = parameter_shift(circuit, z(1), angles, Shots(100, seed=2), splits=50)
    # Half a difference of two values, each of a variance of at most 1 / 100, 50 times.
    most = np.hypot(exactly.std["w"], 0.5 * (0.02 / 50) ** 0.5)
    assert exactly.std["w"] < found.std["w"] < 1.3 * most
    assert np.abs(found.values["w"] - exactly.values["w"]) < 5 * found.std["w"]
    assert found.info["split_backend"]["shots"] == 100


def test_one_split_tells_no_error():
    with pytest.raises(ValueError, match="`splits` must be at least 2, but is splits=1"):
        parameter_shift(PURE, OBSERVABLES, ANGLES, Exact(), splits=1)
