"""Measurements and resets as unitary gates on fresh qubits: exact, for engines of pure states."""

from circuits.circuit import Circuit
from circuits.gates.gate_types import Gate, classical_bit, gate
from circuits.modifiers import controlled


def defer_measurements(circuit: Circuit) -> Circuit:
    """Return a circuit without measurements, resets and conditions that gives the same averages.

    A measurement copies its qubit to a fresh one by a "cx", a condition becomes a control by that
    qubit, and a reset swaps its qubit for a fresh one. Where nothing acts between a measurement
    and a reset of the same qubit, the measurement's copy undoes it, and no further qubit is needed.
    Noise ("kraus" gates) stays as it is.

    Args:
        circuit: on n qubits, of any gates.

    Returns:
        A circuit on n qubits and one more for each measurement and each other reset; observables
        of the first n qubits have the same expectation values. Its memory may grow much faster
        than that of `density_matrix`, which keeps two numbers for a bit, or of trajectories.

    Raises:
        ValueError: where a gate under a condition cannot be controlled.

    Source:
        Nielsen and Chuang, Sec. 4.4 (principle of deferred measurement).

    >>> from circuits import build_circuit
    >>> items = [gate("h", 0), gate("measure", 0, data=0), gate("x", 1, condition=(0, 1))]
    >>> [(item.name, item.wires) for item in defer_measurements(build_circuit(items)).gates]
    [('h', (0,)), ('cx', (0, 2)), ('cx', (2, 1))]
    """
    gates: list[Gate] = []
    n_qubits = circuit.n_qubits
    home: dict[int, int] = {}  # the qubit that holds each classical bit
    copies: dict[int, int | None] = dict.fromkeys(range(n_qubits))  # None: in |0>
    for item in circuit.gates:
        if item.name == "measure":
            (wire,) = item.wires
            gates.append(gate("cx", wire, n_qubits))
            home[classical_bit(item)] = copies[wire] = n_qubits
            n_qubits += 1
        elif item.name == "reset":
            (wire,) = item.wires
            reset, n_qubits = _reset(wire, copies, n_qubits)
            gates += reset
            copies[wire] = None
        else:
            gates += _decided(item, home)
            for wire in item.wires:
                copies.pop(wire, None)
    return Circuit(tuple(gates), n_qubits, circuit.segments)


def _reset(wire: int, copies: dict[int, int | None], n_qubits: int) -> tuple[list[Gate], int]:
    """Gates that bring a wire to ``|0>``, and the number of qubits with them."""
    if wire not in copies:
        return [gate("swap", wire, n_qubits)], n_qubits + 1
    copy = copies[wire]
    return ([] if copy is None else [gate("cx", copy, wire)]), n_qubits


def _decided(item: Gate, home: dict[int, int]) -> list[Gate]:
    """A gate, under control of the qubit that holds the bit of its condition."""
    if item.condition is None:
        return [item]
    bit, value = item.condition
    plain = item._replace(condition=None)
    if bit not in home:
        return [] if value else [plain]
    flip = [] if value else [gate("x", home[bit])]
    return [*flip, controlled(plain, home[bit]), *flip]
