"""Drawings: every gate is there once, on its wires, and none stands on another."""

import pytest

from circuits import build_circuit, gate, reuploading
from circuits.drawing import draw, gate_symbols, place_gates

MIXED = build_circuit(
    [
        gate("ry", 0, angle=("inputs", 0)),
        gate("cx", 0, 2),
        gate("swap", 0, 1),
        gate("h", 2),
        gate("ecr", 2, 1),
        gate("measure", 0, data=0),
        gate("x", 1, condition=(0, 1)),
        gate("rzz", 0, 1, angle=("w", 1, 2.0)),
        gate("rz", 2, angle=0.5),
    ]
)


def test_text_of_every_kind_of_gate():
    assert draw(MIXED).splitlines() == [
        "q0: ─[RY inputs[0]]────●────x───[MEASURE]───────────────[RZZ 2·w[1]]──",
        "                       │    │                                 │",
        "q1: ───────────────────┼────x─────[ECR]────[X if c0=1]──[RZZ 2·w[1]]──",
        "                       │            │",
        "q2: ──────────────────[X]──[H]────[ECR]─────[RZ 0.5]──────────────────",
    ]


@pytest.mark.parametrize("circuit", [MIXED, reuploading(4, 2, 4)])
def test_gates_of_one_column_share_no_wire_and_keep_their_order(circuit):
    placed = place_gates(circuit)
    assert tuple(item.gate for item in placed) == circuit.gates
    taken, last = set(), {}
    for item in placed:
        span = range(min(item.gate.wires), max(item.gate.wires) + 1)
        cells = {(wire, item.column) for wire in span}
        assert not cells & taken
        taken |= cells
        for wire in item.gate.wires:
            assert last.get(wire, -1) < item.column
            last[wire] = item.column


@pytest.mark.parametrize(
    ("made", "symbols"),
    [
        (gate("cswap", 2, 0, 1), {2: "●", 0: "x", 1: "x"}),
        (gate("ccz", 0, 1, 2), {0: "●", 1: "●", 2: "Z"}),
        (gate("crx", 1, 0, angle=1.5), {1: "●", 0: "RX 1.5"}),
        (gate("unitary", 0, data=[[0, 1], [1, 0]]), {0: "UNITARY"}),
    ],
)
def test_symbols(made, symbols):
    assert gate_symbols(made) == symbols


def test_a_long_circuit_goes_on_below_and_loses_nothing():
    circuit = reuploading(3, 4, 3)
    text = draw(circuit, width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert text.count("inputs[") + text.count("weights[") == sum(circuit.segments.values())
    assert text.count("q0: ") == text.count("q2: ") > 1


def test_a_column_wider_than_the_page_is_drawn_all_the_same():
    assert draw(build_circuit([gate("rx", 0, angle=("a_long_name", 0))]), width=5).endswith("─")


def test_a_circuit_without_gates_is_its_wires():
    assert draw(build_circuit([], n_qubits=2)) == "q0:\n\nq1:"
