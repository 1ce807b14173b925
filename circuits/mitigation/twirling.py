"""Pauli twirling: random Paulis around two-qubit gates make any noise of theirs a Pauli channel."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit
from circuits.gates.gate_types import Gate
from circuits.mitigation.paulis import conjugated, letter_bits, pauli_gates
from circuits.mitigation.wrapping import Array, average, free_segment, repeated, wrapped_info
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Backend, Result, check_count, check_seed

# Clifford gates on two wires: they turn Pauli strings into Pauli strings.
TWIRLED = ("cx", "cy", "cz", "ecr", "swap", "iswap", "dcx")


@dataclass(frozen=True)
class PauliTwirling:
    """Averages over random Paulis before each two-qubit Clifford gate and what undoes them after.

    Coherent errors of these gates, which add up in the amplitude, become random ones, which add up
    in the probability and which other methods can describe. Each set of angles gets instances of
    its own; their Paulis are angles of one circuit, rx and rz by 0 or pi.

    Args:
        backend: what runs the instances, as a batch.
        instances: random circuits for each set of angles; their scatter is part of `std`.
        seed: decides the Paulis.

    Source:
        Wallman and Emerson, Phys. Rev. A 94, 052325 (2016), Sec. II.

    >>> from circuits import Exact, build_circuit, gate, pauli
    >>> circuit = build_circuit([gate("h", 0), gate("cx", 0, 1)])
    >>> result = PauliTwirling(Exact(), 4).expectation(circuit, pauli("XX", (0, 1)), {})
    >>> result.values.round(6), result.info["cost"]
    (array([[1.]]), {'calls': 1, 'circuits': 4, 'shots': None})
    """

    backend: Backend
    instances: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        check_count("instances", self.instances)
        check_seed(self.seed)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables, averaged over instances; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        twirled, arrays, count = _twirled(circuit, angles, self.instances, self.seed)
        run = self.backend.expectation(twirled, checked, arrays)
        shape = (-1, count, len(checked))
        values, std = average(run.values.reshape(shape), run.std.reshape(shape))
        options = {"instances": self.instances, "seed": self.seed}
        found = {"instances": count, "twirled_gates": _count(circuit)}
        info = wrapped_info("PauliTwirling", circuit, [(run, checked)], options, found)
        return Result(values, std, info)

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n), the shots dealt out to the instances; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        instances = min(self.instances, shots)
        twirled, arrays, count = _twirled(circuit, angles, instances, seed)
        each = -(-shots // count)
        bits = self.backend.sample(twirled, arrays, shots=each, seed=seed)
        dealt = bits.reshape(-1, count, each, circuit.n_qubits).swapaxes(1, 2)
        return dealt.reshape(-1, count * each, circuit.n_qubits)[:, :shots]


def twirled_circuit(circuit: Circuit, segment: str) -> Circuit:
    """Return the circuit with Paulis before and after each gate of `TWIRLED`, as angles.

    Eight angles a gate: bits (x, z) of the Paulis on both wires before, then after, times pi.

    >>> from circuits import build_circuit, gate
    >>> twirled_circuit(build_circuit([gate("cx", 0, 1)]), "paulis").segments
    {'paulis': 8}
    """
    gates: list[Gate] = []
    place = 0
    for item in circuit.gates:
        if not _is_twirled(item):
            gates.append(item)
            continue
        pairs = [pauli_gates(segment, place + at, item.wires[at % 2]) for at in range(4)]
        gates += [*pairs[0], *pairs[1], item, *pairs[2], *pairs[3]]
        place += 4
    return circuit._replace(gates=tuple(gates), segments=circuit.segments | {segment: 2 * place})


def _is_twirled(item: Gate) -> bool:
    return item.name in TWIRLED and item.condition is None


def _count(circuit: Circuit) -> int:
    return sum(map(_is_twirled, circuit.gates))


def _twirled(circuit: Circuit, angles: Angles, instances: int, seed: int):
    """Circuit, angles of b * m rows, and m; where there is nothing to twirl, m = 1."""
    arrays = check_angles(circuit, angles)
    if not _count(circuit):
        return circuit, arrays, 1
    segment = free_segment(circuit, "paulis")
    paulis = _draw(circuit, batch_length(arrays) * instances, seed)
    twirled = twirled_circuit(circuit, segment)
    return twirled, repeated(arrays, instances) | {segment: paulis}, instances


def _draw(circuit: Circuit, rows: int, seed: int) -> Array:
    """Angles (rows, 8 * gates) of random Paulis and of what undoes them."""
    names = [item.name for item in circuit.gates if _is_twirled(item)]
    before = np.random.default_rng(seed).integers(16, size=(rows, len(names)))
    tables = np.stack([conjugated(name) for name in names])
    after = tables[np.arange(len(names)), before]
    bits = np.stack([letter_bits(before, 2), letter_bits(after, 2)], axis=2)
    return (np.pi * bits.reshape(rows, -1)).astype(np.float64)
