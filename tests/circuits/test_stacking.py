"""Circuits of one shape: stacked, they are the circuits they were made of."""

import jax
import numpy as np
import pytest

from circuits import Exact, build_circuit, expectation, gate, stack_circuits, z


def family(values, more=()):
    """A circuit for each value, with a slot and a number that all share."""
    return [
        build_circuit(
            [
                gate("ry", 0, angle=("w", 0)),
                gate("rx", 1, angle=float(value)),
                gate("rz", 0, angle=0.25),
                gate("cx", 0, 1),
                gate("evolution", 0, 1, angle=float(2 * value), data="XY"),
                *more,
            ],
            2,
        )
        for value in values
    ]


def test_a_stack_gives_what_its_circuits_give_one_by_one():
    circuits, weights = family([0.1, 0.7, -2.0]), {"w": np.array([0.4])}
    stacked, angles = stack_circuits(circuits)
    assert stacked.segments == {"w": 1, "angles": 2}
    assert stacked.gates[2].angle == 0.25, "what all share stays a constant"
    together = Exact().expectation(stacked, [z(0), z(1)], weights | angles).values
    alone = [Exact().expectation(each, [z(0), z(1)], weights).values[0] for each in circuits]
    np.testing.assert_allclose(together, alone, atol=1e-12)
    run = jax.vmap(expectation(stacked, [z(0), z(1)]), ({"w": None, "angles": 0},))
    np.testing.assert_allclose(run(weights | angles), alone, atol=1e-12)


def test_equal_circuits_need_no_angles():
    circuit, angles = stack_circuits(family([0.3, 0.3]))
    assert angles == {}
    assert circuit == family([0.3])[0]


@pytest.mark.parametrize(
    ("circuits", "message"),
    [
        ([], "must hold a circuit"),
        ([*family([0.1]), build_circuit([gate("h", 0)])], "same qubits and segments"),
        ([*family([0.1]), *family([0.2], [gate("h", 0)])], "circuits 0 and 1 differ at gate 5"),
        (
            [build_circuit([gate("h", 0)]), build_circuit([gate("x", 0)])],
            "circuits 0 and 1 differ at gate 0",
        ),
        ([build_circuit([gate("rx", 0, angle=("angles", 0))])] * 2, "must be a new name"),
    ],
)
def test_circuits_of_other_shapes_are_refused(circuits, message):
    with pytest.raises(ValueError, match=message):
        stack_circuits(circuits)
