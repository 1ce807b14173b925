"""Qiskit's circuits as ours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.circuit import Circuit, build_circuit
from circuits.gates.gate_types import Gate, classical_bit, gate
from circuits.gates.table import GATES
from circuits.noise.channels import channel
from circuits.operations import diagonal, measure, reset, unitary_gate, when

LOOSE = "parameters"
NOTHING = ("barrier", "delay")

# An angle of Qiskit: a sum of multiples of slots (segment, index), and a number.
Terms = tuple[tuple[tuple[str, int] | None, float], ...]


def from_qiskit(built: Any, *, final_measurements: bool = False) -> Circuit:
    """Return a Qiskit circuit as ours.

    A `ParameterVector` becomes a segment of its name and length. All loose parameters become the
    segment "parameters", sorted by name as Qiskit sorts them. An angle may be any linear
    expression of parameters: the gate then becomes one gate for each parameter. Gates that we have
    no name for are taken apart as Qiskit defines them; phases stay exact. Barriers and delays are
    left out.

    Args:
        built: a `qiskit.QuantumCircuit`; qubit q becomes wire q, classical bit c bit c.
        final_measurements: whether measurements that nothing follows are kept; backends measure
            all qubits by themselves.

    Raises:
        ValueError: on an angle that is not linear, or an operation that we do not have: loops,
            switches, conditions on more than one bit or inside each other, what is not a gate
            under a condition.

    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> built = QuantumCircuit(2)
    >>> for item in (built.h(0), built.rz(2 * Parameter("t"), 1), built.measure_all()): pass
    >>> from_qiskit(built).gates[1]
    Gate(name='rz', wires=(1,), angle=Slot(segment='parameters', index=0, scale=2.0))
    """
    slots, segments = _segments(built.parameters)
    bits = {bit: place for place, bit in enumerate(built.clbits)}
    wires = tuple(range(built.num_qubits))
    gates = list(_circuit(built, wires, _Reader(slots, bits)))
    if not final_measurements:
        gates, _ = split_final(gates)
    return build_circuit(gates, built.num_qubits, segments)


def split_final(gates: Sequence[Gate]) -> tuple[list[Gate], list[Gate]]:
    """Return gates without the measurements that nothing follows, and these; both in order.

    A measurement is final where its wire is not used later and no condition reads its bit.
    """
    kept: list[Gate] = []
    final: list[Gate] = []
    touched: set[int] = set()
    read: set[int] = set()
    for item in reversed(gates):
        if _is_final(item, touched, read):
            final.append(item)
            continue
        kept.append(item)
        touched.update(item.wires)
        read.update((item.condition[0],) if item.condition else ())
    return kept[::-1], final[::-1]


def segment_angles(
    parameters: Iterable[Any], values: npt.NDArray[np.float64]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return values (b, m) of a circuit's parameters as `{segment: (b, size)}` of `from_qiskit`.

    Args:
        parameters: ``built.parameters``, in its order.
        values: one column for each.

    >>> from qiskit.circuit import Parameter
    >>> segment_angles([Parameter("t")], np.array([[0.5]]))
    {'parameters': array([[0.5]])}
    """
    slots, sizes = _segments(parameters)
    angles = {name: np.zeros((len(values), size)) for name, size in sizes.items()}
    for column, parameter in enumerate(parameters):
        segment, index = slots[parameter]
        angles[segment][:, index] = values[:, column]
    return angles


@dataclass(frozen=True)
class _Reader:
    """Slots of Qiskit's parameters, and places of its classical bits."""

    slots: Mapping[Any, tuple[str, int]]
    bits: Mapping[Any, int]

    def inside(self, block: Any, bits: Sequence[int]) -> "_Reader":
        """For a circuit inside an operation on these bits."""
        return _Reader(self.slots, dict(zip(block.clbits, bits, strict=True)))

    def terms(self, angle: Any) -> Terms:
        """An angle as a linear sum."""
        if not hasattr(angle, "parameters") or not angle.parameters:
            return ((None, float(angle)),)
        parameters = sorted(angle.parameters, key=lambda each: self.slots[each])
        slopes = [angle.gradient(each) for each in parameters]
        if any(getattr(slope, "parameters", None) for slope in slopes):
            raise ValueError(
                f"Angles must be linear in their parameters, but one is {angle}; bind it, or make "
                "it a parameter of its own."
            )
        rest = float(angle.bind(dict.fromkeys(parameters, 0.0)).numeric())
        linear = [(self.slots[p], float(s)) for p, s in zip(parameters, slopes, strict=True)]
        return (*linear, *(((None, rest),) if rest else ()))


def _segments(parameters) -> tuple[dict[Any, tuple[str, int]], dict[str, int]]:
    """Slot of each parameter, and the sizes of the segments."""
    slots, sizes = {}, {}
    loose = [each for each in parameters if not hasattr(each, "vector")]
    for each in parameters:
        if hasattr(each, "vector"):
            slots[each] = (each.vector.name, each.index)
            sizes[each.vector.name] = len(each.vector)
    if loose and LOOSE in sizes:
        raise ValueError(
            f"A vector of parameters must not be called {LOOSE!r} where there are others without a "
            "vector: rename it."
        )
    slots |= {each: (LOOSE, place) for place, each in enumerate(loose)}
    return slots, sizes | ({LOOSE: len(loose)} if loose else {})


def _circuit(built: Any, wires: tuple[int, ...], reader: _Reader) -> Iterator[Gate]:
    places = dict(zip(built.qubits, wires, strict=True))
    yield from _turned("gphase", wires[:1], built.global_phase, reader)
    for item in built.data:
        bits = tuple(reader.bits[bit] for bit in item.clbits)
        at = tuple(places[bit] for bit in item.qubits)
        yield from _operation(item.operation, at or wires[:1], bits, reader)


def _operation(item: Any, wires, bits, reader: _Reader) -> Iterator[Gate]:
    """Our gates for one operation of Qiskit's on `wires`."""
    name = item.name
    if name in NOTHING:
        return
    if name == "measure":
        yield measure(wires[0], bits[0])
    elif name == "reset":
        yield reset(wires[0])
    elif name == "if_else":
        yield from _conditional(item, wires, bits, reader)
    elif name == "kraus":
        yield channel(item.params, *wires[::-1])
    elif _is_standard(item):
        yield from _standard(item, wires, reader)
    else:
        yield from _defined(item, wires, bits, reader)


def _is_standard(item: Any) -> bool:
    """Whether an operation is Qiskit's own of its name, and has no other controls."""
    from qiskit.circuit.library import get_standard_gate_name_mapping

    theirs = get_standard_gate_name_mapping().get(item.name)
    return theirs is not None and isinstance(item, theirs.base_class)


def _standard(item: Any, wires, reader: _Reader) -> Iterator[Gate]:
    """A gate that we have under this name, or know the parts of."""
    name, params = item.name, item.params
    match name, params:
        case ("u" | "u3", [theta, phi, lam]):
            for part, angle in (("p", lam), ("ry", theta), ("p", phi)):
                yield from _turned(part, wires, angle, reader)
        case ("global_phase", [angle]):
            yield from _turned("gphase", wires, angle, reader)
        case ("xx_plus_yy" | "xx_minus_yy", [theta, beta]) if beta == 0:
            yield from _turned(name, wires[::-1], theta, reader)
        case ("xx_plus_yy", [theta, beta]) if beta == pi / 2:
            yield from _turned("givens", wires[::-1], theta, reader)
        case (_, []) if name in GATES:
            yield gate(name, *wires)
        case (_, [angle]) if name in GATES:
            yield from _turned(name, wires, angle, reader)
        case _:
            yield from _defined(item, wires, (), reader)


def _defined(item: Any, wires, bits, reader: _Reader) -> Iterator[Gate]:
    """A gate by its matrix where it is given by one, otherwise by its definition."""
    from qiskit.circuit.library import DiagonalGate, HamiltonianGate, UnitaryGate

    if isinstance(item, UnitaryGate):
        yield unitary_gate(item.params[0], wires[::-1])
    elif isinstance(item, DiagonalGate):
        yield diagonal(-np.angle(item.params), wires[::-1])
    elif isinstance(item, HamiltonianGate):
        matrix, time = item.params
        yield from _turned("generated", wires[::-1], time, reader, matrix)
    elif getattr(item, "definition", None) is not None and not getattr(item, "blocks", None):
        definition = item.definition
        yield from _circuit(definition, wires, reader.inside(definition, bits))
    elif _is_matrix(item):
        from qiskit.quantum_info import Operator

        yield unitary_gate(Operator(item).data, wires[::-1])
    else:
        raise ValueError(f"There is no gate here for Qiskit's operation {item.name!r} on {wires}.")


def _is_matrix(item: Any) -> bool:
    """Whether what has no definition is known by its numbers: a permutation, a Clifford."""
    free = any(getattr(each, "parameters", None) for each in getattr(item, "params", ()))
    return not free and (hasattr(item, "__array__") or item.name == "annotated")


def _turned(name: str, wires, angle: Any, reader: _Reader, data: Any = None) -> Iterator[Gate]:
    """``exp(-i angle G)`` as a product of one gate for each term of its angle."""
    for slot, value in reader.terms(angle):
        if slot is not None:
            yield gate(name, *wires, angle=(*slot, value), data=data)
        elif value or name != "gphase":
            yield gate(name, *wires, angle=value, data=data)


def _conditional(item: Any, wires, bits, reader: _Reader) -> Iterator[Gate]:
    """Gates of the branches of an "if" on one classical bit."""
    bit, value = _one_bit(item.condition, reader)
    for body, wanted in zip(item.blocks, (value, 1 - value), strict=False):
        for each in _circuit(body, wires, reader.inside(body, bits)):
            yield when(each, bit, wanted)


def _one_bit(condition: Any, reader: _Reader) -> tuple[int, int]:
    bits: Sequence[Any] = ()
    if isinstance(condition, tuple):
        bits = [condition[0]] if condition[0] in reader.bits else [*condition[0]]
    if len(bits) != 1:
        raise ValueError(f"A condition must be on one classical bit, but one is {condition}.")
    return reader.bits[bits[0]], int(condition[1])


def _is_final(item: Gate, touched: set[int], read: set[int]) -> bool:
    if item.name != "measure" or item.wires[0] in touched:
        return False
    return classical_bit(item) not in read
