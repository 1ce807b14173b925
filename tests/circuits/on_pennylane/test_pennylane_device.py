"""The PennyLane device `qml.jax` against default.qubit, and its gradients in every way."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qp
import pytest
from pennylane import numpy as pnp
from pennylane.exceptions import DeviceError, QuantumFunctionError

from circuits.on_pennylane import JaxDevice
from circuits.on_pennylane.operations import EXACT, MATRICES, NOTHING, ROTATIONS, is_known

# PennyLane 0.45 calls functions of JAX that jax 0.11 has removed, which is why it breaks there.
pytestmark = pytest.mark.filterwarnings("ignore:jax.core:DeprecationWarning")

# There it does not trace a QNode at all, on whatever device.
compiles = pytest.mark.skipif(
    jax.__version_info__ >= (0, 11) and qp.version().startswith("0.45"),
    reason="PennyLane 0.45 asks for jax.core.is_concrete, which jax 0.11 has removed",
)

RNG = np.random.default_rng(3)
WEIGHTS = RNG.normal(size=qp.StronglyEntanglingLayers.shape(1, 2))
INPUTS = RNG.normal(size=(3, 2))
standard = jax.numpy_dtype_promotion("standard")  # PennyLane mixes types of numbers


def layers(weights, x):
    qp.AngleEmbedding(x, wires=range(2))
    qp.StronglyEntanglingLayers(weights, wires=range(2))


def two_values(weights, x):
    layers(weights, x)
    return qp.expval(qp.Z(0)), qp.expval(0.5 * qp.X(0) @ qp.Y(1) + qp.Z(1))


def nodes(function, **options):
    """The same QNode here and on default.qubit."""
    return [qp.QNode(function, dev, **options) for dev in (JaxDevice(), qp.device("default.qubit"))]


def test_pennylane_finds_the_device_by_name():
    device = qp.device("qml.jax", wires=2)
    assert isinstance(device, JaxDevice)
    assert (device.name, list(device.wires)) == ("qml.jax", [0, 1])


def test_what_the_file_of_capabilities_names_is_what_is_read():
    named = {name for name in JaxDevice.capabilities.operations if hasattr(qp, name)}
    channels = {name for name in named if issubclass(getattr(qp, name), qp.operation.Channel)}
    ours = {*EXACT, *ROTATIONS, *MATRICES, *NOTHING, "BasisState", "BasisEmbedding"}
    assert named - channels == {name for name in ours if hasattr(qp, name)} - {"CPhase", "Snapshot"}
    assert is_known(qp.BitFlip(0.1, 0))


MEASUREMENTS = [
    lambda: qp.expval(qp.Hermitian([[1, 2j], [-2j, 0]], 1)),
    lambda: qp.var(qp.X(0) @ qp.Z(1)),
    lambda: qp.probs(wires=[1, 0]),
    lambda: qp.state(),
    lambda: qp.density_matrix(1),
    lambda: qp.purity(0),
]


def test_measurements_of_a_batch_agree_with_default_qubit():
    def many(weights, x):
        layers(weights, x)
        return tuple(measure() for measure in MEASUREMENTS)

    ours, theirs = (node(WEIGHTS, INPUTS) for node in nodes(many))
    for value, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-12)


def test_expectation_values_of_a_batch_agree_with_default_qubit():
    ours, theirs = (node(WEIGHTS, INPUTS) for node in nodes(two_values))
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_noise_runs_on_density_matrices():
    def noisy(x):
        qp.RX(x, 0)
        qp.AmplitudeDamping(0.3, 0)
        qp.CNOT([0, 1])
        qp.DepolarizingChannel(0.1, 1)
        return qp.expval(qp.Z(1)), qp.probs(wires=[0, 1]), qp.density_matrix(0)

    expected = qp.QNode(noisy, qp.device("default.mixed", wires=2))(0.7)
    for value, other in zip(qp.QNode(noisy, JaxDevice())(0.7), expected, strict=True):
        np.testing.assert_allclose(value, other, atol=1e-12)


def test_measurements_in_the_middle_are_deferred():
    def circuit(x):
        qp.RX(x, 0)
        bit = qp.measure(0, reset=True)
        qp.cond(bit, qp.RY)(0.4, 1)
        return qp.expval(qp.Z(1)), qp.expval(bit), qp.probs(wires=0)

    ours, theirs = (node(0.7) for node in nodes(circuit))
    for value, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(value, other, atol=1e-12)


def test_shots_follow_the_distribution_and_the_seed():
    def circuit(x):
        qp.RX(x, 0)
        qp.CNOT([0, 1])
        return qp.expval(qp.Z(0)), qp.var(qp.Z(0)), qp.counts(wires=[0, 1]), qp.sample(wires=1)

    run = [qp.set_shots(qp.QNode(circuit, JaxDevice(seed=4)), 4000)(1.0) for _ in range(2)]
    mean, variance, counts, bits = run[0]
    error = np.sin(1.0) / np.sqrt(4000)
    assert abs(mean - np.cos(1.0)) < 5 * error
    assert abs(variance - np.sin(1.0) ** 2) < 0.05
    assert set(counts) == {"00", "11"}
    assert bits.shape == (4000, 1)
    assert np.array_equal(bits, run[1][3])
    vector = qp.set_shots(qp.QNode(circuit, JaxDevice(seed=4)), [10, 20])(1.0)
    assert [row[3].shape for row in vector] == [(10, 1), (20, 1)]


def test_autograd_takes_the_devices_own_derivatives():
    weights = pnp.array(WEIGHTS, requires_grad=True)
    slopes = []
    for node in nodes(two_values):
        stacked = lambda w, node=node: pnp.stack(node(w, INPUTS[0]))  # noqa: E731
        slopes.append(qp.jacobian(stacked)(weights))
    np.testing.assert_allclose(slopes[0], slopes[1], atol=1e-12)


def test_the_device_differentiates_probabilities_and_batches_of_tapes():
    def spread(x):
        qp.RX(x, 0)
        qp.CNOT([0, 1])
        return qp.probs(wires=[0, 1]), qp.var(qp.X(1))

    points = pnp.array([0.3, 0.8], requires_grad=True)
    for point in points:
        slopes = []
        for node in nodes(spread):
            joined = lambda x, node=node: pnp.concatenate([v.reshape(-1) for v in node(x)])  # noqa: E731
            slopes.append(qp.jacobian(joined)(point))
        np.testing.assert_allclose(slopes[0], slopes[1], atol=1e-12)


@compiles
@pytest.mark.parametrize("method", ["best", "device"])
def test_compiled_gradients_of_a_batch(method):
    ours = qp.QNode(two_values, JaxDevice(), diff_method=method)
    theirs = qp.QNode(two_values, qp.device("default.qubit"))
    weights = pnp.array(WEIGHTS, requires_grad=True)
    expected = [qp.grad(lambda w, x=x: sum(theirs(w, x)))(weights) for x in INPUTS]
    with standard:
        slope = jax.grad(lambda weights, x: sum(ours(weights, x)))
        many = jax.jit(jax.vmap(slope, (None, 0)))(jnp.asarray(WEIGHTS), jnp.asarray(INPUTS))
    np.testing.assert_allclose(many, expected, atol=1e-10)


@compiles
def test_second_derivatives_of_a_compiled_qnode():
    def node(x):
        qp.RX(x[0], 0)
        qp.RY(x[1], 0)
        return qp.expval(qp.Z(0))

    with standard:
        found = jax.jit(jax.hessian(qp.QNode(node, JaxDevice())))(jnp.array([0.3, 0.5]))
    cosines, sines = np.cos([0.3, 0.5]), np.sin([0.3, 0.5])
    mixed = sines.prod()
    expected = [[-cosines.prod(), mixed], [mixed, -cosines.prod()]]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_parameters_that_are_no_angles_are_left_to_parameter_shift():
    def node(c):
        qp.RX(0.3, 0)
        return qp.expval(qp.Hamiltonian(c, [qp.Z(0), qp.X(0)]))

    slopes = qp.grad(qp.QNode(node, JaxDevice()))(pnp.array([0.2, 0.4], requires_grad=True))
    np.testing.assert_allclose(slopes, [np.cos(0.3), 0], atol=1e-12)
    with pytest.raises(QuantumFunctionError, match="does not support device"):
        qp.QNode(node, JaxDevice(), diff_method="device")(pnp.array([0.2, 0.4]))


def test_amplitudes_are_differentiated_by_parameter_shifts():
    """PennyLane's products with derivatives by vectors end in a mismatch of shapes."""

    def node(vector):
        qp.AmplitudeEmbedding(vector, wires=[0, 1], normalize=True)
        qp.H(0)
        return qp.expval(qp.Z(0))

    point = pnp.array([0.5, 0.5, -0.5, 0.5], requires_grad=True)
    found = qp.grad(qp.QNode(node, JaxDevice()))(point)
    np.testing.assert_allclose(found, [-1, 1, 1, 1], atol=1e-12)


@compiles
def test_matrices_of_one_and_two_wires_are_differentiated_in_jax():
    def node(angle):
        half = angle / 2
        rows = [[jnp.cos(half), -jnp.sin(half)], [jnp.sin(half), jnp.cos(half)]]
        qp.QubitUnitary(jnp.array(rows), 0)
        return qp.expval(qp.Z(0))

    def damped(chance):
        qp.AmplitudeDamping(chance, 0)
        return qp.expval(qp.Z(0))

    with standard:
        slope = jax.grad(qp.QNode(node, JaxDevice()))(0.4)
        with pytest.raises(ValueError, match="'AmplitudeDamping' are constants of a circuit here"):
            jax.grad(qp.QNode(damped, JaxDevice()))(0.4)
    np.testing.assert_allclose(slope, -np.sin(0.4), atol=1e-7)


def test_shadows_of_a_batch_are_taken_of_each_state():
    def node(x):
        qp.RX(x, 0)
        return qp.classical_shadow([0, 1])

    found = qp.set_shots(qp.QNode(node, JaxDevice(wires=2, seed=1)), 5)(np.array([0.1, 0.2, 3.1]))
    assert found.shape == (3, 2, 5, 2)


def test_operators_are_gates_where_they_are_unitary():
    """A sum of operators has no number of dimensions of parameters; a control may have no wires."""

    def signs():
        qp.H(0)
        qp.FlipSign(1, wires=[0])
        qp.H(0)

    for gates in (lambda: 1.0 * qp.X(0), lambda: qp.dot([1.0], [qp.X(0)]), signs):
        node = qp.QNode(lambda gates=gates: (gates(), qp.expval(qp.Z(0)))[1], JaxDevice(wires=1))
        assert node() == pytest.approx(-1)


def test_new_amplitudes_and_angles_compile_nothing():
    def node(x, w):
        qp.AmplitudeEmbedding(x, wires=[0, 1], normalize=True)
        qp.RY(w, 1)
        return qp.expval(qp.Z(1))

    from circuits.on_pennylane.programs import _program

    run = qp.QNode(node, JaxDevice())
    run([1.0, 2.0, 3.0, 4.0], 0.1)
    misses = _program.cache_info().misses
    value = run([0.3, -2.0, 3.0, 1.0], 0.7)
    assert _program.cache_info().misses == misses
    other = qp.QNode(node, qp.device("default.qubit"))([0.3, -2.0, 3.0, 1.0], 0.7)
    np.testing.assert_allclose(value, other, atol=1e-12)


def test_tapes_of_one_structure_run_as_one_program():
    tapes = [
        qp.tape.QuantumScript([qp.RX(x, "a"), qp.CNOT(["a", 0])], [qp.expval(qp.Z(0))])
        for x in (0.1, 0.5, 0.9)
    ]
    device = JaxDevice(wires=["a", 0])
    np.testing.assert_allclose(device.execute(tapes), np.cos([0.1, 0.5, 0.9]), atol=1e-12)
    np.testing.assert_allclose(
        device.compute_derivatives(tapes), -np.sin([0.1, 0.5, 0.9]), atol=1e-12
    )


@compiles
def test_traced_tapes_of_one_structure_run_as_one_program():
    def total(x):
        tapes = [
            qp.tape.QuantumScript([qp.RX(x[i], 0)], [qp.expval(qp.Z(0))], trainable_params=[0])
            for i in range(2)
        ]
        return sum(qp.execute(tapes, JaxDevice(), diff_method="best", interface="jax"))

    slope = jax.jit(jax.grad(total))(jnp.array([0.1, 0.5]))
    np.testing.assert_allclose(slope, -np.sin([0.1, 0.5]), atol=1e-12)


def test_batches_of_matrices_and_complex_states_are_split():
    def node(vector, matrix):
        qp.StatePrep(vector, wires=0)
        qp.QubitUnitary(matrix, 0)
        return qp.expval(qp.Z(0))

    matrices = np.stack([qp.RX.compute_matrix(x) for x in (0.2, 0.4)])
    vectors = np.array([[1, 0], [0, 1j]])
    values = qp.QNode(node, JaxDevice())(vectors, matrices)
    np.testing.assert_allclose(values, np.cos([0.2, 0.4]) * [1, -1], atol=1e-12)


def test_what_the_device_does_not_do_is_refused():
    node = qp.QNode(lambda: qp.sample(wires=0), JaxDevice(wires=1))
    with pytest.raises(DeviceError, match="not accepted for analytic simulation"):
        node()
    shots = qp.set_shots(
        qp.QNode(lambda: qp.expval(qp.Z(0)), JaxDevice(), mcm_method="one-shot"), 3
    )
    with pytest.raises(DeviceError, match="defers measurements"):
        shots()


def test_importing_circuits_loads_no_pennylane():
    code = "import circuits, circuits.on_pennylane, sys; print('pennylane' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
