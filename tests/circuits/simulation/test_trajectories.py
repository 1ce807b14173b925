import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import GATES, build_circuit, gate, matrix, pauli, z
from circuits.dense import density
from circuits.noise import (
    amplitude_damping,
    channel,
    depolarizing,
    pauli_channel,
    thermal_relaxation,
)
from circuits.simulation.open_systems import trajectories as module
from circuits.simulation.open_systems.density import density_expectation
from circuits.simulation.open_systems.trajectories import (
    is_random,
    trajectory_expectation,
    trajectory_samples,
)

COUNT = 2000
OBSERVABLES = (z(0), z(1), pauli("XY", (0, 2)) - pauli("ZZ", (1, 2)), pauli("X", 1))
ANGLES = {"w": np.array([0.3, -0.8, 1.9, 0.6])}


def circuits():
    """Channels of both kinds, measurements with feed-forward, repeated layers, wide gates."""
    rotations = [gate("ry", q, angle=("w", q)) for q in range(3)]
    ring = [gate("cx", q, (q + 1) % 3) for q in range(3)]
    damped = [amplitude_damping(0.2, q) for q in range(3)]
    mixed = [depolarizing(0.1, 0, 1), pauli_channel({"X": 0.1, "Z": 0.2}, 2)]
    rng = np.random.default_rng(2)
    isometry = np.linalg.qr(rng.normal(size=(12, 4)))[0].reshape(3, 4, 4)
    return {
        "mixture": [*rotations, *mixed, *ring, *mixed],
        "damped": [*rotations, *ring, *damped, *rotations],
        "layers": 4 * [*rotations, *damped, *ring, *mixed],
        "two wires": [*rotations, channel(isometry, 2, 0), *ring, channel(isometry, 1, 2)],
        "feed-forward": [
            *rotations,
            gate("cx", 0, 1),
            gate("measure", 0, data=0),
            gate("rx", 1, angle=("w", 3), condition=(0, 1)),
            gate("reset", 0),
            gate("ry", 0, angle=0.4, condition=(0, 0)),
            gate("measure", 2, data=0),
            gate("h", 0, condition=(0, 1)),
            thermal_relaxation(50.0, 60.0, 10.0, 1, excited=0.1),
        ],
        "wide": [
            gate("amplitudes", 2, 0, data=np.array([0.5, 0.5, 0.1j, np.sqrt(0.49)])),
            gate("measure", 2, data=0),
            gate("permutation", 2, 0, 1, data=rng.permutation(8), condition=(0, 1)),
            gate("diagonal", 1, 0, 2, angle=("w", 3), data=rng.normal(size=8)),
            *damped,
            gate("unitary", 1, 2, 0, data=np.linalg.qr(rng.normal(size=(8, 8)))[0]),
        ],
    }


def make(gates):
    return build_circuit(gates, 3, {"w": 4})


@pytest.mark.parametrize("name", list(circuits()))
def test_means_agree_with_density_matrices_within_five_errors(name):
    circuit = make(circuits()[name])
    rho = density(circuit, ANGLES)
    expected = [np.trace(rho @ matrix(item, 3)).real for item in OBSERVABLES]
    estimates = jax.jit(trajectory_expectation(circuit, OBSERVABLES, COUNT))
    means, errors = estimates(ANGLES, jax.random.key(0))
    assert means.shape == errors.shape == (4,)
    assert 0.001 < np.max(errors) < 2 / COUNT**0.5
    np.testing.assert_array_less(np.abs(means - np.array(expected)), 5 * errors + 1e-12)


@pytest.mark.parametrize("name", ["layers", "feed-forward"])
def test_samples_follow_the_diagonal_of_the_density_matrix(name):
    circuit = make(circuits()[name])
    chances = density(circuit, ANGLES).diagonal().real
    bits = jax.jit(trajectory_samples(circuit, COUNT))(ANGLES, jax.random.key(1))
    assert (bits.shape, bits.dtype) == ((COUNT, 3), np.uint8)
    counts = np.bincount(np.asarray(bits) @ [4, 2, 1], minlength=8)
    errors = np.sqrt(COUNT * chances * (1 - chances))
    np.testing.assert_array_less(np.abs(counts - COUNT * chances), 5 * errors + 1e-9)


def test_pure_circuits_are_exact_and_run_once():
    names = ["h", "t", "crx", "ccx", "rzz", "iswap"]
    angles = [0.3 if GATES[name].generator is not None else None for name in names]
    gates = [gate(n, *range(GATES[n].n_wires), angle=a) for n, a in zip(names, angles, strict=True)]
    circuit = make([gate("ry", q, angle=("w", q)) for q in range(3)] + gates)
    assert not is_random(circuit)
    run = jax.jit(trajectory_expectation(circuit, OBSERVABLES, 50))
    means, errors = run(ANGLES, jax.random.key(0))
    rho = density(circuit, ANGLES)
    expected = [np.trace(rho @ matrix(item, 3)).real for item in OBSERVABLES]
    np.testing.assert_allclose(means, expected, atol=1e-12)
    assert not errors.any()


def test_results_do_not_depend_on_the_chunks(monkeypatch):
    circuit = make(circuits()["feed-forward"][:7])
    run = jax.jit(trajectory_expectation(circuit, OBSERVABLES, 50))
    draw = jax.jit(trajectory_samples(circuit, 50))
    whole = run(ANGLES, jax.random.key(3)), draw(ANGLES, jax.random.key(3))
    monkeypatch.setattr(module, "CHUNK", 7 * 8)
    run = jax.jit(trajectory_expectation(circuit, OBSERVABLES, 50))
    draw = jax.jit(trajectory_samples(circuit, 50))
    parts = run(ANGLES, jax.random.key(3)), draw(ANGLES, jax.random.key(3))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-13), whole, parts)


def test_keys_decide_all_draws_and_trajectories_are_independent():
    circuit = make([gate("h", 0), gate("measure", 0, data=0), gate("x", 1, condition=(0, 1))])
    draw = jax.jit(trajectory_samples(circuit, 200))
    first, again, other = (draw(ANGLES, jax.random.key(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(first[:, 0], first[:, 1])
    assert 60 < int(first[:, 0].sum()) < 140


def test_measuring_twice_gives_the_same_outcome():
    twice = [gate("h", 0), gate("measure", 0, data=0), gate("measure", 0, data=1)]
    twice += [gate("x", 1, condition=(0, 1)), gate("x", 1, condition=(1, 1))]
    run = jax.jit(trajectory_expectation(make(twice), z(1), 100))
    mean, error = run(ANGLES, jax.random.key(0))
    assert (mean.item(), error.item()) == (pytest.approx(1), pytest.approx(0))


def test_repeated_layers_are_traced_once():
    def length(depth):
        circuit = make(depth * [*circuits()["damped"][:6], amplitude_damping(0.1, 0)])
        run = trajectory_expectation(circuit, z(0), 10)
        return len(jax.make_jaxpr(run)(ANGLES, jax.random.key(0)).eqns)

    assert length(40) == length(20)


def test_programs_do_not_grow_with_the_channels_of_a_block():
    def length(count):
        pair = [gate("ry", 0, angle=("w", 0)), amplitude_damping(0.1, 0), depolarizing(0.1, 0, 1)]
        run = trajectory_expectation(make([gate("cx", 0, 1), *(count * pair)]), z(0), 10)
        lowered = jax.jit(run).lower(ANGLES, jax.random.key(0)).as_text()
        return lowered.count("stablehlo.while"), lowered.count("stablehlo.dot_general")

    assert length(10) == length(5)


def test_many_qubits_need_no_density_matrix():
    n = 12
    gates = [gate("h", 0)] + [gate("cx", q, q + 1) for q in range(n - 1)]
    circuit = build_circuit([*gates, amplitude_damping(0.3, 0)])
    run = jax.jit(trajectory_expectation(circuit, [z(0), pauli("ZZ", (0, n - 1))], 300))
    means, errors = run({}, jax.random.key(0))
    # The pair agrees but where the first qubit, in |1> half the time, has decayed.
    np.testing.assert_array_less(np.abs(means - np.array([0.3, 0.7])), 5 * errors)


SLOW = pytest.mark.slow
KINDS = ["feed-forward", *(pytest.param(k, marks=SLOW) for k in ("mixture", "damped", "layers"))]


@pytest.mark.parametrize("name", KINDS)
def test_gradients_agree_with_density_matrices_within_five_errors(name):
    circuit = make(circuits()[name])
    run = trajectory_expectation(circuit, OBSERVABLES, 50)
    slopes = jax.vmap(jax.jacrev(lambda w, key: run({"w": w}, key)[0]), (None, 0))
    found = jax.jit(slopes)(ANGLES["w"], jax.random.split(jax.random.key(5), 200))
    exact = jax.jit(jax.jacrev(density_expectation(circuit, OBSERVABLES)))(ANGLES)["w"]
    errors = found.std(0, ddof=1) / 200**0.5
    assert np.abs(exact).max() > 0.05
    assert errors.max() < 0.02
    np.testing.assert_array_less(np.abs(found.mean(0) - exact), 5 * errors + 1e-12)


def damped_pair():
    """Rotations whose decay is likelier the further they turn, and what a measurement decides."""
    return build_circuit(
        [
            gate("ry", 0, angle=("w", 0)),
            amplitude_damping(0.4, 0),
            gate("cx", 0, 1),
            gate("measure", 0, data=0),
            gate("rx", 1, angle=("w", 1), condition=(0, 1)),
        ]
    )


def mean_of(observable, count):
    run = trajectory_expectation(damped_pair(), observable, count)
    return lambda w, key: run({"w": w}, key)[0][0]


W, KEY = jnp.array([1.1, 0.7]), jax.random.key(2)


def test_gradients_of_a_damped_rotation_follow_the_closed_form():
    """``<Z_1> = 1 - p (1 + cos w_1)`` where the first qubit, after its decay, is 1: p = 0.6 s^2."""
    slopes = jax.jit(jax.vmap(jax.grad(mean_of(z(1), 500)), (None, 0)))
    found = slopes(W, jax.random.split(KEY, 20))
    chance = 0.6 * np.sin(W[0] / 2) ** 2
    wanted = [-0.3 * np.sin(W[0]) * (1 + np.cos(W[1])), chance * np.sin(W[1])]
    errors = found.std(0, ddof=1) / 20**0.5
    assert errors.max() < 0.01
    np.testing.assert_array_less(np.abs(found.mean(0) - np.array(wanted)), 4 * errors)


def test_a_constant_in_the_observable_adds_nothing_to_a_gradient():
    slopes = [jax.jit(jax.grad(mean_of(z(1) + shift, 30)))(W, KEY) for shift in (0.0, 1000.0)]
    assert np.abs(slopes[0]).min() > 0.01
    np.testing.assert_allclose(*slopes, atol=1e-10)


def test_gradients_in_both_modes_agree_and_do_not_depend_on_the_chunks(monkeypatch):
    mean, step = mean_of(z(1), 30), jnp.array([0.3, -2.0])
    found = jax.jit(jax.grad(mean))(W, KEY)
    forward = jax.jit(lambda w: jax.jvp(lambda w: mean(w, KEY), (w,), (step,))[1])(W)
    np.testing.assert_allclose(forward, found @ step, atol=1e-12)
    monkeypatch.setattr(module, "CHUNK", 7 * 4)
    np.testing.assert_allclose(jax.jit(jax.grad(mean_of(z(1), 30)))(W, KEY), found, atol=1e-12)


def test_the_memory_of_a_gradient_is_that_of_one_chunk(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 2**12)
    layers = make(4 * [gate("ry", 0, angle=("w", 0)), amplitude_damping(0.1, 0)])

    def peak(count):
        run = trajectory_expectation(layers, z(0), count)
        slope = jax.jit(jax.grad(lambda w: run({"w": w}, KEY)[0][0]))
        return slope.lower(ANGLES["w"]).compile().memory_analysis().temp_size_in_bytes

    assert peak(8 * 2**9) < 1.3 * peak(2 * 2**9)


def test_gradients_compile_for_gpus():
    mean = jax.jit(jax.grad(mean_of(z(1), 30)))
    exported = jax.export.export(mean, platforms=["cuda"])(W, KEY)
    assert exported.platforms == ("cuda",)


def test_gradients_of_bits_are_refused_and_so_are_bad_counts():
    circuit = make(circuits()["damped"])
    draw = trajectory_samples(circuit, 10)
    with pytest.raises(TypeError, match="Bits drawn from trajectories have no gradient"):
        jax.grad(lambda w: jnp.sum(draw({"w": w}, KEY).astype(float)))(ANGLES["w"])
    with pytest.raises(ValueError, match="`trajectories` must be at least 2"):
        trajectory_expectation(circuit, z(0), 1)
    with pytest.raises(ValueError, match="`shots` must be a positive int"):
        trajectory_samples(circuit, 0)


def test_batches_of_angles_go_through_vmap():
    circuit = make(circuits()["feed-forward"][:7])
    run = jax.jit(trajectory_expectation(circuit, OBSERVABLES, 40))
    keys = jax.random.split(jax.random.key(0), 3)
    rows = np.random.default_rng(0).normal(size=(3, 4))
    many = jax.jit(jax.vmap(run))({"w": rows}, keys)
    single = [run({"w": row}, key) for row, key in zip(rows, keys, strict=True)]
    np.testing.assert_allclose(many[0], np.stack([each[0] for each in single]), atol=1e-12)
