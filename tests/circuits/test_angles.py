import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import batch_length, build_circuit, check_angles, expectation, gate, state, z
from circuits.angles import checked
from circuits.backends import Exact


@pytest.fixture
def circuit():
    return build_circuit([gate("rx", 0, angle=("inputs", 0)), gate("ry", 0, angle=("weights", 1))])


def test_arrays_come_back_as_float64_in_the_order_of_the_circuit(circuit):
    angles = {"weights": jnp.zeros(2, jnp.float32), "inputs": [[1], [2], [3]]}
    checked = check_angles(circuit, angles)
    assert list(checked) == ["inputs", "weights"]
    assert {name: (a.shape, a.dtype) for name, a in checked.items()} == {
        "inputs": ((3, 1), np.float64),
        "weights": ((2,), np.float64),
    }
    assert batch_length(checked) == 3
    assert batch_length(check_angles(circuit, {"weights": np.zeros(2), "inputs": np.ones(1)})) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": [np.nan]}, "'inputs' must be finite"),
        ({"inputs": [[0.0], [np.inf]]}, "'inputs' must be finite"),
        ({"weights": np.zeros(3)}, r"'weights' must have shape \(2,\) or \(b, 2\), .*\(3,\)"),
        ({"weights": 0.0}, r"'weights' must have shape .* but have shape \(\)"),
        ({"weights": np.zeros((1, 1, 2))}, r"but have shape \(1, 1, 2\)"),
        ({"weights": np.zeros((0, 2))}, r"but have shape \(0, 2\)"),
        ({"other": np.zeros(2)}, r"must have the segments \['inputs', 'weights'\], but has"),
        (
            {"weights": np.zeros((3, 2)), "inputs": np.zeros((4, 1))},
            "same length, but have {'inputs': 4, 'weights': 3}",
        ),
    ],
)
def test_wrong_angles_are_refused(circuit, changes, message):
    with pytest.raises(ValueError, match=message):
        check_angles(circuit, {"inputs": np.zeros(1), "weights": np.zeros(2)} | changes)


def test_amplitudes_that_are_all_zero_are_refused_whichever_circuit_was_asked_about_before():
    first, second = (
        build_circuit([gate("amplitudes", 0, angle=("x", at))], segments={"x": 4}) for at in (0, 2)
    )
    for zeros in (slice(0, 2), slice(2, 4)):
        row = np.ones(4)
        row[zeros] = 0
        wrong, right = (first, second) if zeros.start == 0 else (second, first)
        for _ in range(2):
            check_angles(right, {"x": row})
            with pytest.raises(ValueError, match="Amplitudes in segment 'x' must not all be zero"):
                check_angles(wrong, {"x": np.stack([np.ones(4), row])})


def test_missing_segments_are_refused(circuit):
    with pytest.raises(ValueError, match=r"but has \['inputs'\]"):
        check_angles(circuit, {"inputs": np.zeros(1)})


@pytest.mark.parametrize("function", [state, lambda circuit: expectation(circuit, z(0))])
def test_the_simulator_refuses_wrong_shapes_rather_than_clamp_an_index(circuit, function):
    short = {"inputs": jnp.zeros(1), "weights": jnp.zeros(1)}
    with pytest.raises(
        ValueError, match=r"'weights' must have shape \(2,\), but have shape \(1,\)"
    ):
        jax.jit(function(circuit))(short)
    with pytest.raises(ValueError, match="must have the segments"):
        function(circuit)({"inputs": jnp.zeros(1)})


def test_backends_say_that_they_cannot_be_traced(circuit):
    def loss(weights):
        angles = {"inputs": np.zeros(1), "weights": weights}
        return Exact().expectation(circuit, z(0), angles).values.sum()

    with pytest.raises(TypeError, match=r"cannot be traced by JAX.*circuits\.expectation"):
        jax.grad(loss)(jnp.zeros(2))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_checked_functions_name_the_segment_under_jit(circuit, wrong):
    values = expectation(circuit, z(0))
    good = {"inputs": np.array([0.3]), "weights": np.array([0.1, 0.2])}
    bad = good | {"weights": np.array([0.0, wrong])}
    assert np.isnan(jax.jit(values)(bad)).all()
    gradient = checked(jax.grad(lambda angles, factor: factor * values(angles)[0]))
    expected = jax.jit(jax.grad(lambda angles: 2.0 * values(angles)[0]))(good)
    for name, array in gradient(good, 2.0).items():
        np.testing.assert_allclose(array, expected[name], atol=1e-14)
    with pytest.raises(
        ValueError, match="segment 'weights' must be finite, but contain NaN or inf"
    ):
        gradient(bad, 2.0)


def test_a_checked_function_may_map_over_a_batch_and_have_braces_in_a_name():
    odd = build_circuit([gate("rx", 0, angle=("{w}", 0))])
    batched = checked(jax.vmap(expectation(odd, z(0))))
    np.testing.assert_allclose(batched({"{w}": np.zeros((3, 1))}), np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"segment '\{w\}' must be finite"):
        batched({"{w}": np.array([[0.0], [np.nan], [0.0]])})


@pytest.mark.parametrize("wrong", [np.nan, -np.inf])
def test_values_at_hand_are_checked_without_jit(circuit, wrong):
    for inputs in (np.array([wrong]), jnp.array([wrong]), [wrong]):
        with pytest.raises(ValueError, match="segment 'inputs' must be finite"):
            state(circuit)({"inputs": inputs, "weights": np.zeros(2)})
