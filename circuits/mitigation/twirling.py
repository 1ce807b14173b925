"""Pauli twirling: random Paulis around two-qubit gates make any noise of theirs a Pauli channel."""

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit
from circuits.gates.gate_types import Gate
from circuits.mitigation.paulis import conjugated, letter_bits, pauli_gates
from circuits.mitigation.placing import placed
from circuits.mitigation.wrapping import Array, average, free_segment, repeated, wrapped_info
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Backend, Result, check_count, check_seed

# Clifford gates on two wires: they turn Pauli strings into Pauli strings.
TWIRLED = ("cx", "cy", "cz", "ecr", "swap", "iswap", "dcx")
TURNED = ("rxx", "ryy", "rzz", "rzx")  # by multiples of pi / 2 only


@dataclass(frozen=True)
class PauliTwirling:
    """Averages over random Paulis before each two-qubit Clifford gate and what undoes them after.

    Coherent errors of these gates, which add up in the amplitude, become random ones, which add up
    in the probability and which other methods can describe. Each set of angles gets instances of
    its own; their Paulis are angles of one circuit, rx and rz by 0 or pi.

    For a Qiskit target the circuit is twirled after transpilation (`placed`): the device's own
    gates, with those of the swaps that routing adds. These are cx, cy, cz, ecr, swap, iswap, dcx,
    and rxx, ryy, rzz, rzx by a number that is a multiple of pi / 2. By any other angle, such as the
    rzz that some devices turn by the batch's own angles, they are no Clifford gates: they stay as
    they are, and so do their errors. The Paulis have the errors that the device has for rx and rz.

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
        made = placed(self.backend, circuit, angles)
        twirled, arrays, count = _twirled(made.circuit, angles, self.instances, self.seed)
        run = made.backend.expectation(twirled, made.moved(checked), arrays)
        shape = (-1, count, len(checked))
        values, std = average(run.values.reshape(shape), run.std.reshape(shape))
        options = {"instances": self.instances, "seed": self.seed}
        found = {"instances": count, "twirled_gates": _count(made.circuit)}
        info = wrapped_info("PauliTwirling", circuit, [(run, checked)], options, found)
        return Result(values, std, info)

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n), the shots dealt out to the instances; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        instances = min(self.instances, shots)
        made = placed(self.backend, circuit, angles)
        twirled, arrays, count = _twirled(made.circuit, angles, instances, seed)
        each = -(-shots // count)
        bits = made.backend.sample(twirled, arrays, shots=each, seed=seed)
        dealt = bits.reshape(-1, count, each, bits.shape[-1]).swapaxes(1, 2)
        return dealt.reshape(-1, count * each, bits.shape[-1])[:, :shots, list(made.places)]


def twirled_circuit(circuit: Circuit, segment: str) -> Circuit:
    """Return the circuit with Paulis before and after each gate that is twirled, as angles.

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
    if item.condition is not None:
        return False
    return item.name in TWIRLED or (item.name in TURNED and _is_quarter(item.angle))


def _is_quarter(angle: Any) -> bool:
    """Whether an angle is a number, and a multiple of pi / 2."""
    turns = float(angle) * 2 / np.pi if isinstance(angle, Real) else 0.5
    return abs(turns - round(turns)) < 1e-9


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
    kinds = [(item.name, item.angle) for item in circuit.gates if _is_twirled(item)]
    before = np.random.default_rng(seed).integers(16, size=(rows, len(kinds)))
    tables = np.stack([conjugated(*kind) for kind in kinds])  # pyright: ignore[reportArgumentType]
    after = tables[np.arange(len(kinds)), before]
    bits = np.stack([letter_bits(before, 2), letter_bits(after, 2)], axis=2)
    return (np.pi * bits.reshape(rows, -1)).astype(np.float64)
