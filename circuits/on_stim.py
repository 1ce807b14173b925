"""Clifford circuits on thousands of qubits, by stim's stabiliser tableaux.

A gate is Clifford where it takes every Pauli string to a Pauli string: "h", "s", "cx" and their
like, and rotations by multiples of a quarter turn. Each gate's matrix decides, not its name.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache, reduce
from importlib.metadata import version
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit, circuit_size
from circuits.estimation import basis_change, estimate, measurement_groups
from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, gate_angle, is_unitary
from circuits.gates.host_matrices import host_matrix
from circuits.gates.table import PAULIS
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Result, check_count, check_seed

# Largest deviation of a matrix from that of a Clifford gate; stim computes in single precision.
TOLERANCE = 1e-5
MAX_WIRES = 6

# Instructions of stim: names and wires of their own, counted from 0.
Instructions = tuple[tuple[str, tuple[int, ...], tuple[float, ...]], ...]


@dataclass(frozen=True)
class Stabilizer:
    """Runs Clifford circuits in polynomial time, whatever their entanglement.

    Without shots, values are exact: that of a Pauli string is -1, 0 or 1. With shots, circuits
    may also measure, reset, apply Pauli gates under a condition, and have Pauli noise: "kraus"
    gates on one or two wires that are mixtures of Pauli strings (depolarising, bit flip, ...; not
    amplitude damping). "amplitudes" are never Clifford here.
    Needs the extra: ``pip install 'qml-offload[stabilizer]'``.

    Args:
        shots: for each measurement basis; None for exact values.
        seed: decides all draws, on one machine and one version of stim.

    Source:
        Gidney, Quantum 5, 497 (2021), arXiv:2103.02202; Aaronson and Gottesman, Phys. Rev. A 70,
        052328 (2004), arXiv:quant-ph/0406196.

    >>> from circuits import build_circuit, gate, pauli
    >>> ghz = build_circuit([gate("h", 0)] + [gate("cx", q, q + 1) for q in range(999)])
    >>> print(Stabilizer().expectation(ghz, pauli("ZZ", (0, 999)), {}).values)
    [[1.]]
    """

    shots: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.shots is not None:
            check_count("shots", self.shots)
        check_seed(self.seed)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        arrays = check_angles(circuit, angles)
        start = time.perf_counter()
        if self.shots is None:
            _check_pure(circuit)
            rows = [_exact(circuit, checked, row) for row in _rows(arrays)]
            values, std = np.array(rows, float), np.zeros((len(rows), len(checked)))
        else:
            groups = measurement_groups(checked)
            rotated = [circuit + basis_change(group, circuit.n_qubits) for group in groups]
            seeds = np.random.SeedSequence(self.seed).generate_state(len(groups))
            pairs = zip(rotated, seeds.tolist(), strict=True)
            bits = [_draw(each, arrays, self.shots, seed) for each, seed in pairs]
            values, std = estimate(checked, bits)
        seconds = {"compile": 0.0, "execute": time.perf_counter() - start}
        return Result(values, std, _info(self, circuit, seconds))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n) of all qubits, measured at the end; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        return _draw(circuit, check_angles(circuit, angles), shots, seed)


def to_stim(circuit: Circuit, angles: Angles):
    """Return a Clifford circuit as a circuit of stim.

    Args:
        circuit: of Clifford gates, Pauli channels, measurements and resets.
        angles: `{segment: (size,)}` in radians.

    Returns:
        A `stim.Circuit`; its measurements are those of the circuit, in their order.

    Raises:
        ValueError: on a gate that stim has no counterpart of.
        ImportError: where stim is not installed.

    >>> from circuits import build_circuit, gate
    >>> to_stim(build_circuit([gate("h", 0), gate("cx", 0, 1)]), {}).num_qubits
    2
    """
    stim = _import()
    built = stim.Circuit()
    written: dict[int, int] = {}
    for gate in circuit.gates:
        if gate.condition is not None:
            _append_conditional(stim, built, gate, angles, written)
            continue
        for name, wires, numbers in _instructions(gate, angles):
            built.append(name, [gate.wires[wire] for wire in wires], numbers)
        if gate.name == "measure":
            written[_array(gate).item()] = built.num_measurements - 1
    return built


def _instructions(gate: Gate, angles: Angles) -> Instructions:
    if gate.name == "measure":
        return (("M", (0,), ()),)
    if gate.name == "reset":
        return (("R", (0,), ()),)
    if gate.name == "kraus":
        return _channel(_array(gate), len(gate.wires))
    if not is_unitary(gate) or len(gate.wires) > MAX_WIRES:
        raise ValueError(
            f"Gate {gate.name!r} on {len(gate.wires)} wires has no form that stim takes; "
            "`Exact` simulates it."
        )
    angle = gate_angle(gate, angles)
    return _clifford(gate.name, gate.data, len(gate.wires), None if angle is None else float(angle))


@lru_cache(maxsize=4096)
def _clifford(name: str, data, n_wires: int, angle: float | None) -> Instructions:
    """Instructions for a matrix, compared with it: stim's own tolerance is wide."""
    stim = _import()
    # In double precision, whatever that of JAX: many turns must not blur an angle.
    matrix = host_matrix(Gate(name, tuple(range(n_wires)), angle, data), angle)
    try:
        tableau = stim.Tableau.from_unitary_matrix(matrix, endian="big")
    except ValueError:
        tableau = None
    if tableau is None or not _same(tableau.to_unitary_matrix(endian="big"), matrix):
        at = "" if angle is None else f" at angle {angle:g}"
        raise ValueError(
            f"Gate {name!r}{at} is not a Clifford gate; use `Exact`, or `MatrixProduct` for many "
            "qubits with little entanglement."
        )
    return tuple(
        (step.name, tuple(target.value for target in step.targets_copy()), ())
        for step in tableau.to_circuit("elimination")
        if isinstance(step, stim.CircuitInstruction)
    )


def _array(gate: Gate) -> npt.NDArray[Any]:
    assert isinstance(gate.data, Constant)
    return gate.data.array


def _same(first, second) -> bool:
    """Whether two unitaries agree up to a global phase."""
    overlap = np.vdot(first, second)
    return bool(np.abs(first * (overlap / abs(overlap)) - second).max() < TOLERANCE)


def _channel(operators: npt.NDArray[Any], n_wires: int) -> Instructions:
    """Probabilities of the Pauli strings, from the process matrix, which must be diagonal."""
    if n_wires > 2:
        raise ValueError(f"Pauli channels act on one or two wires, but 'kraus' acts on {n_wires}.")
    letters = product(PAULIS.values(), repeat=n_wires)
    strings = np.stack([reduce(np.kron, each) for each in letters])
    parts = np.einsum("pij,mij->pm", strings.conj(), operators) / 2**n_wires
    process = parts @ parts.conj().T
    chances = process.diagonal().real
    if np.abs(process - np.diag(chances)).max() > TOLERANCE:
        raise ValueError(
            "Gate 'kraus' is not a mixture of Pauli strings, so stim cannot sample it; use a "
            "density matrix or trajectories."
        )
    name = f"PAULI_CHANNEL_{n_wires}"
    return ((name, tuple(range(n_wires)), tuple((chances[1:] / chances.sum()).tolist())),)


def _append_conditional(stim, built, gate: Gate, angles: Angles, written: Mapping[int, int]):
    """Pauli gate under a classical bit; one never measured is 0."""
    if gate.name not in ("x", "y", "z"):
        raise ValueError(
            f"stim takes only the gates 'x', 'y' and 'z' under a condition, but got {gate.name!r}."
        )
    bit, value = gate.condition  # pyright: ignore[reportGeneralTypeIssues]
    if value == 0:
        built.append(gate.name.upper(), gate.wires)
    if bit in written:
        record = stim.target_rec(written[bit] - built.num_measurements)
        built.append(f"C{gate.name.upper()}", [record, *gate.wires])


def _check_pure(circuit: Circuit) -> None:
    for gate in circuit.gates:
        if gate.name in ("kraus", "measure", "reset") or gate.condition is not None:
            raise ValueError(
                f"Exact values need a circuit without noise, measurements and conditions, but it "
                f"has the gate {gate.name!r}; give `shots`."
            )


def _exact(circuit: Circuit, observables, angles) -> list[float]:
    stim = _import()
    simulator = stim.TableauSimulator()
    simulator.set_num_qubits(circuit.n_qubits)
    simulator.do_circuit(to_stim(circuit, angles))
    strings = {string for item in observables for _, string in item.terms}
    values = {string: _peek(stim, simulator, string, circuit.n_qubits) for string in strings}
    return [sum(value * values[string] for value, string in item.terms) for item in observables]


def _peek(stim, simulator, string, n_qubits: int) -> int:
    operator = stim.PauliString(n_qubits)
    for wire, letter in string:
        operator[wire] = letter
    return simulator.peek_observable_expectation(operator)


def _draw(circuit: Circuit, arrays, shots: int, seed: int) -> npt.NDArray[np.uint8]:
    """Bits (b, shots, n), with a seed of its own for each set of angles."""
    seeds = np.random.SeedSequence(seed).generate_state(batch_length(arrays), np.uint64).tolist()
    bits = []
    for angles, each in zip(_rows(arrays), seeds, strict=True):
        built = to_stim(circuit, angles)
        built.append("M", range(circuit.n_qubits))
        drawn = built.compile_sampler(seed=each >> 1).sample(shots)
        bits.append(drawn[:, -circuit.n_qubits :].astype(np.uint8))
    return np.stack(bits)


def _rows(arrays: Mapping[str, npt.NDArray[np.float64]]) -> list[dict[str, npt.NDArray[Any]]]:
    """Each set of angles of a batch."""
    return [
        {name: array[row] if array.ndim == 2 else array for name, array in arrays.items()}
        for row in range(batch_length(arrays))
    ]


def _import():
    try:
        import stim
    except ImportError:
        raise ImportError(
            "Stabiliser circuits need stim: pip install 'qml-offload[stabilizer]'."
        ) from None
    return stim


def _info(backend: Stabilizer, circuit: Circuit, seconds):
    options = asdict(backend)
    effective = options | {"simulator": f"stim {version('stim')}"}
    return {
        "backend": "Stabilizer",
        "shots": backend.shots,
        "simulated": True,
        "seconds": seconds,
        "circuit": circuit_size(circuit),
        "requested": options,
        "effective": effective if backend.shots else effective | {"seed": None},
    }
