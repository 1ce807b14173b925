"""Data that a gate refuses, and that it takes."""

import numpy as np
import pytest

from circuits import gate
from circuits.gates.constants import Constant
from circuits.gates.gate_data import NEEDS_ANGLE

EYE = np.eye(2)


@pytest.mark.parametrize(
    ("name", "wires", "data", "message"),
    [
        ("unitary", (0,), np.diag([1, 2]), r"not unitary: .* 3.0e\+00 off identity"),
        ("unitary", (0,), [[1, 1e-3], [0, 1]], r"not unitary: .* 1.0e-03 off identity"),
        ("unitary", (0, 1), EYE, r"must have shape \(4, 4\) .* but has shape \(2, 2\)"),
        ("unitary", (0,), [[np.nan, 0], [0, 1]], "must be finite numbers"),
        ("unitary", range(13), EYE, "at most 12 wires, but has 13"),
        ("unitary", (0,), None, "needs an array as `data`, but has None"),
        ("unitary", (0,), "XY", "needs an array as `data`, but has 'XY'"),
        ("generated", (0,), [[0, 1], [0, 0]], r"not Hermitian: .* by 1.0e\+00"),
        ("driven", (0,), EYE, r"of shape \(2, 2, 2\) for its wires, .* has shape \(2, 2\)"),
        ("driven", (0,), [EYE / 2, EYE], r"drive .* does not square to one: .* 7.5e-01 off"),
        ("driven", (0,), [EYE, [[0, 1], [0, 0]]], r"rest of gate 'driven' is not Hermitian"),
        ("diagonal", (0,), [1j, 0], "must be real"),
        ("diagonal", (0,), [0, 0, 0], r"must have shape \(2,\)"),
        ("permutation", (0,), [0, 0], "each int from 0 to 1 once"),
        ("permutation", (0,), [0.0, 1.0], "each int from 0 to 1 once"),
        ("evolution", (0, 1), "X", "needs 2 letters I, X, Y or Z"),
        ("evolution", (0,), "H", "needs 1 letters I, X, Y or Z"),
        ("amplitudes", (0,), [1, 1], "must have norm 1, but has norm 1.41421"),
        ("kraus", (0,), [EYE / 2], r"do not preserve the trace: .* 7.5e-01 off"),
        ("kraus", (0,), EYE, r"must have shape \(m, 2, 2\), but has shape \(2, 2\)"),
        ("kraus", (0,), np.zeros((0, 2, 2)), r"must have shape \(m, 2, 2\)"),
        ("measure", (0,), -1, "one non-negative int, its classical bit"),
        ("measure", (0,), 0.5, "one non-negative int, its classical bit"),
        ("reset", (0,), 1, "'reset' takes no data"),
        ("reset", (0, 1), None, "'reset' acts on 1 distinct wires"),
        ("unitary", (), np.eye(1), "acts on one or more distinct wires"),
        ("unitary", (1, 1), np.eye(4), r"distinct wires, but got \(1, 1\)"),
        ("h", (0,), EYE, "'h' takes no data"),
    ],
)
def test_data_that_does_not_fit_is_refused(name, wires, data, message):
    angle = 0.1 if name in NEEDS_ANGLE else None
    with pytest.raises(ValueError, match=message):
        gate(name, *wires, angle=angle, data=data)


@pytest.mark.parametrize(
    ("angle", "data"), [(None, None), (("x", 0), [1, 0]), (("x", 0, 2.0), None), (0.5, None)]
)
def test_amplitudes_are_either_a_vector_or_a_slot(angle, data):
    with pytest.raises(ValueError, match="needs either a vector as `data` or a slot of scale 1"):
        gate("amplitudes", 0, angle=angle, data=data)


def test_matrices_of_single_precision_are_taken_and_kept_in_double():
    turn = np.array([[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]], np.float32)
    data = gate("unitary", 0, data=turn).data
    assert isinstance(data, Constant)
    assert data.array.dtype == np.complex128


def test_a_large_matrix_is_checked_once():
    first = gate("unitary", 0, data=EYE)
    assert gate("unitary", 3, data=first.data).data is first.data
