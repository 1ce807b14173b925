"""OpenQASM 3 text, written and read by Qiskit."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.circuit import Circuit
from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate
from circuits.observables import PauliSum
from circuits.on_qiskit.circuits import to_qiskit
from circuits.on_qiskit.importing import from_qiskit
from circuits.operations import evolution

_ENTRY = re.compile(r"_(\w+)_(\d+)_")


def to_openqasm3(circuit: Circuit, constants: Mapping[str, Any] | None = None) -> str:
    """Return a circuit as OpenQASM 3.

    Slots become inputs of the program: entry i of the segment "w" is called ``_w_i_`` there, as
    Qiskit writes it. What is written is the circuit up to a phase of the whole state.

    Args:
        circuit: of gates; OpenQASM has no noise.
        constants: `{segment: (size,)}` in radians, segments to be put in as numbers.

    Raises:
        ValueError: on what OpenQASM cannot say, such as "kraus", or Qiskit not (see `to_qiskit`).

    >>> from circuits import build_circuit, gate
    >>> print(to_openqasm3(build_circuit([gate("rx", 0, angle=0.5)])).splitlines()[-1])
    rx(0.5) q[0];
    """
    from qiskit import qasm3

    for item in circuit.gates:
        if item.name == "kraus":
            raise ValueError(f"OpenQASM 3 has no channels, but gate 'kraus' is on {item.wires}.")
    gates = tuple(each for item in circuit.gates for each in _writable(item))
    built, _ = to_qiskit(circuit._replace(gates=gates), constants)
    return qasm3.dumps(built)


def from_openqasm3(text: str, *, final_measurements: bool = False) -> Circuit:
    """Return the circuit of an OpenQASM 3 program.

    Inputs called ``_w_i_`` become entry i of the segment "w", others the segment "parameters",
    sorted by name; the rest is as in `from_qiskit`.

    Args:
        text: the program.
        final_measurements: as for `from_qiskit`.

    Raises:
        ImportError: where the package qiskit-qasm3-import is missing.
        TypeError: on what is no text.
        ValueError: on text that is no OpenQASM 3, or that says what a circuit here cannot.

    >>> from_openqasm3('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; cx q[0], q[1];').gates
    (Gate(name='cx', wires=(0, 1), angle=None),)
    """
    try:
        from openqasm3.parser import QASM3ParsingError
        from qiskit_qasm3_import import ConversionError, parse
    except ImportError:
        raise ImportError(
            "Reading OpenQASM 3 needs a package: pip install qiskit-qasm3-import"
        ) from None
    if not isinstance(text, str):
        raise TypeError(f"Argument `text` must be a str, but is a {type(text).__name__}.")
    # What the two packages do not foresee, such as an empty text, raises the built-in ones.
    unforeseen = (AttributeError, TypeError, ArithmeticError, LookupError)
    try:
        built = parse(text)
    except (QASM3ParsingError, ConversionError, *unforeseen) as error:
        reason = str(error) or "it cannot be parsed"
        raise ValueError(f"Argument `text` must be OpenQASM 3, but: {reason}") from error
    return from_qiskit(_with_vectors(built), final_measurements=final_measurements)


def _writable(item: Gate) -> list[Gate]:
    """A gate as Qiskit can write it: no phase of the whole state, a diagonal as its rotations."""
    if item.name == "diagonal":
        assert isinstance(item.data, Constant), "checked by `gate`"
        assert item.angle is not None, "checked by `gate`"
        turns = evolution(_parities(item.data.array, item.wires), item.angle)
        return [each._replace(condition=item.condition) for each in turns if each.name != "gphase"]
    return [] if item.name == "gphase" else [item]


def _parities(values: npt.NDArray[np.float64], wires: tuple[int, ...]) -> PauliSum:
    """A real diagonal (2**k,) as a sum of strings of Z."""
    array = values.reshape((2,) * len(wires))
    for axis in range(array.ndim):
        first, second = array.take(0, axis), array.take(1, axis)
        array = np.stack([first + second, first - second], axis) / 2
    strings = [[wires[axis] for axis in np.flatnonzero(at)] for at in np.argwhere(array)]
    terms = zip(array[array != 0].tolist(), strings, strict=True)
    return PauliSum(tuple((value, tuple((w, "Z") for w in sorted(each))) for value, each in terms))


def _with_vectors(built):
    """The circuit with vectors in place of parameters that are called like their entries."""
    from qiskit.circuit import ParameterVector

    matches = [(each, _ENTRY.fullmatch(each.name)) for each in built.parameters]
    entries = [(each, match[1], int(match[2])) for each, match in matches if match]
    sizes: dict[str, int] = {}
    for _, name, index in entries:
        sizes[name] = max(index + 1, sizes.get(name, 0))
    vectors = {name: ParameterVector(name, size) for name, size in sizes.items()}
    return built.assign_parameters({each: vectors[name][at] for each, name, at in entries})
