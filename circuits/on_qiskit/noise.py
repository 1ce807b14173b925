"""What a vendor tells of its device's errors, as plain data, and Aer's noise model of it.

Each gate decays its qubits for as long as it takes (T1, T2) and then has the depolarizing error
that brings it to the error its vendor states. Crosstalk, leakage, coherent errors and the decay of
qubits that wait are in no vendor's numbers and so not here.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class QubitNoise(NamedTuple):
    """One qubit: its physical number, `t1` and `t2` in seconds (None: not stated; t2 <= 2 t1).

    `confusion[read][true]` (2, 2) are the probabilities of readout, as in `readout_confusion`.
    """

    qubit: int
    t1: float | None
    t2: float | None
    confusion: tuple[tuple[float, float], tuple[float, float]]
    readout_seconds: float | None


class GateNoise(NamedTuple):
    """One gate on physical `qubits`: its average infidelity `error`, decay included."""

    name: str
    qubits: tuple[int, ...]
    error: float
    seconds: float | None


class DeviceNoise(NamedTuple):
    """A device, or some qubits of it; `time` is the ISO date of its calibration, if it says."""

    device: str
    qubits: tuple[QubitNoise, ...]
    gates: tuple[GateNoise, ...]
    time: str | None = None


def target_noise(backend: Any, qubits: Sequence[int] | None = None) -> DeviceNoise:
    """Read the errors of a Qiskit backend.

    Args:
        backend: any `BackendV2`. Where it has `properties()` (IBM's, real and fake), the two
            readout errors are told apart; otherwise both are the error of its "measure".
        qubits: physical numbers; None for all. Gates that reach outside are left out.

    Returns:
        Plain data; without errors where the backend states none.

    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> noise = target_noise(GenericBackendV2(3, seed=1), [0, 2])
    >>> [item.qubit for item in noise.qubits], {item.qubits for item in noise.gates} >= {(0, 2)}
    ([0, 2], True)
    """
    wanted = [*range(backend.num_qubits)] if qubits is None else [int(qubit) for qubit in qubits]
    properties = backend.properties() if hasattr(backend, "properties") else None
    date = getattr(properties, "last_update_date", None)
    return DeviceNoise(
        backend.name,
        tuple(_qubit(backend.target, properties, qubit) for qubit in wanted),
        tuple(_gates(backend.target, set(wanted))),
        None if date is None else date.isoformat(),
    )


def depolarizing_rest(gate: GateNoise, qubits: Mapping[int, QubitNoise]) -> float:
    """Return the probability of `depolarizing` that is left of a gate's error beside the decay.

    With it, depolarizing and the decay of each qubit together have the average infidelity
    `gate.error`; 0 where the decay alone has more.

    Args:
        gate: on k qubits.
        qubits: by physical number.

    Source:
        Average from process fidelity: Nielsen, Phys. Lett. A 303, 249 (2002), Eq. 3.

    >>> round(depolarizing_rest(GateNoise("cz", (0, 1), 0.03, None), {}), 6)
    0.04
    """
    size = 2 ** len(gate.qubits)
    process = math.prod(_kept(qubits.get(qubit), gate.seconds) for qubit in gate.qubits)
    fidelity = (size * process + 1) / (size + 1)
    if size * fidelity <= 1:  # the decay leaves nothing that could be lost
        return 0.0
    error = min(gate.error, size / (size + 1))  # more than a lost state cannot be
    rest = size * (error - (1 - fidelity)) / (size * fidelity - 1)
    return min(max(rest, 0.0), 1.0)


def noise_data(noise: DeviceNoise) -> dict[str, Any]:
    """Return the noise as dicts and lists, fit for JSON.

    >>> noise_data(DeviceNoise("none", (), ()))
    {'device': 'none', 'qubits': [], 'gates': [], 'time': None}
    """
    return noise._asdict() | {
        "qubits": [item._asdict() for item in noise.qubits],
        "gates": [item._asdict() for item in noise.gates],
    }


def aer_noise(noise: DeviceNoise):
    """Return Aer's noise model of a device, its qubits renumbered from 0 in the order given.

    On these qubits it is `NoiseModel.from_backend`, but for the two errors of readout, of which
    Aer takes the mean; it takes the shorter the fewer they are.

    >>> one = QubitNoise(7, 1e-4, 1e-4, ((0.9, 0.2), (0.1, 0.8)), None)
    >>> aer_noise(DeviceNoise("one", (one,), (GateNoise("x", (7,), 0.01, 1e-7),))).noise_qubits
    [0]
    """
    from qiskit_aer.noise import NoiseModel, ReadoutError

    names = sorted({item.name for item in noise.gates})
    model = NoiseModel(basis_gates=names or None)
    places = {item.qubit: place for place, item in enumerate(noise.qubits)}
    qubits = {item.qubit: item for item in noise.qubits}
    for item in noise.gates:
        error = _aer_error(item, qubits)
        if error is not None:
            at = [places[qubit] for qubit in item.qubits]
            model.add_quantum_error(error, item.name, at, warnings=False)
    for item in noise.qubits:
        (_, zero_as_one), (one_as_zero, _) = zip(*item.confusion, strict=True)
        if zero_as_one or one_as_zero:
            table = [[1 - zero_as_one, zero_as_one], [one_as_zero, 1 - one_as_zero]]
            model.add_readout_error(ReadoutError(table), [places[item.qubit]], warnings=False)
    return model


def _aer_error(gate: GateNoise, qubits: Mapping[int, QubitNoise]):
    """Depolarizing first, then the decay, as Aer has it; None for no error."""
    from qiskit_aer.noise import depolarizing_error, thermal_relaxation_error

    rest, error = depolarizing_rest(gate, qubits), None
    for qubit in gate.qubits if gate.seconds else ():
        t1, t2 = (math.inf if time is None else time for time in qubits[qubit][1:3])
        one = thermal_relaxation_error(t1, t2, gate.seconds)
        error = one if error is None else error.expand(one)
    if not rest:
        return error
    lost = depolarizing_error(rest, len(gate.qubits))
    return lost if error is None else lost.compose(error)


def _kept(qubit: QubitNoise | None, seconds: float | None) -> float:
    """Process fidelity of one qubit's decay: the trace of its Pauli transfer matrix over 4."""
    if qubit is None or not seconds:
        return 1.0
    rate1, rate2 = (0.0 if time is None else 1 / time for time in (qubit.t1, qubit.t2))
    return (1 + math.exp(-seconds * rate1) + 2 * math.exp(-seconds * rate2)) / 4


def _qubit(target, properties, qubit: int) -> QubitNoise:
    stated = target.qubit_properties[qubit] if target.qubit_properties else None
    t1, t2 = getattr(stated, "t1", None), getattr(stated, "t2", None)
    if t1 is not None:
        t2 = 2 * t1 if t2 is None else min(t2, 2 * t1)
    measure = target["measure"].get((qubit,)) if "measure" in target else None
    error = getattr(measure, "error", None) or 0.0
    known = properties.qubit_property(qubit) if properties is not None else {}
    zero_as_one = known.get("prob_meas1_prep0", (error,))[0]
    one_as_zero = known.get("prob_meas0_prep1", (error,))[0]
    confusion = ((1 - zero_as_one, one_as_zero), (zero_as_one, 1 - one_as_zero))
    return QubitNoise(qubit, t1, t2, confusion, getattr(measure, "duration", None))


def _gates(target, wanted: set[int]):
    """Every gate inside the wanted qubits; what is no gate, such as a reset, only decays."""
    from qiskit.circuit import Gate

    for name in target.operation_names:
        places = {} if name == "measure" else target[name] or {}
        is_gate = isinstance(target.operation_from_name(name), Gate)
        for qubits, stated in places.items():
            if stated is not None and qubits is not None and wanted.issuperset(qubits):
                error = (stated.error or 0.0) if is_gate else 0.0
                yield GateNoise(name, tuple(qubits), error, stated.duration)
