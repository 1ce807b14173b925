"""The noise of a vendor's device for our own simulators: exact, batched and differentiable.

A gate is followed by the depolarizing channel that its stated error leaves room for beside the
decay, then by the decay of each of its qubits for as long as it takes. Crosstalk, leakage, coherent
errors and the decay of qubits that wait are in no vendor's numbers and so not here.
"""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from circuits.gates.gate_types import Gate
from circuits.noise.channels import depolarizing, thermal_relaxation
from circuits.noise.model import NoiseModel, NoiseRule, Readout
from circuits.on_qiskit.noise import (
    DeviceNoise,
    GateNoise,
    QubitNoise,
    depolarizing_rest,
    target_noise,
)


def noise_from_target(backend: Any, qubits: Sequence[int] | None = None) -> NoiseModel:
    """Return the noise of some qubits of a Qiskit backend, for `Density` and `Trajectories`.

    Args:
        backend: any `BackendV2`, such as a fake one; its `target` is read.
        qubits: physical numbers; the first is wire 0, and so on. None for all in order.

    Returns:
        One rule for each gate of the device; circuits must be made of these gates (transpiled),
        others are refused. Readout errs on each qubit by itself.

    Raises:
        ValueError: on qubits that repeat or that the backend lacks.

    Source:
        Depolarizing and decay as in Aer's `NoiseModel.from_backend`, at zero temperature.

    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> noise = noise_from_target(GenericBackendV2(4, seed=1), qubits=[2, 0])
    >>> len(noise.readouts), sorted(rule.wires for rule in noise.rules if rule.name == "cx")
    (2, [(0, 1), (1, 0)])
    """
    wanted = range(backend.num_qubits) if qubits is None else [int(qubit) for qubit in qubits]
    if len(set(wanted)) < len(wanted) or not set(wanted) <= set(range(backend.num_qubits)):
        raise ValueError(
            f"Argument `qubits` must be distinct numbers below {backend.num_qubits}, but is "
            f"{qubits}."
        )
    return device_noise_model(target_noise(backend, wanted))


def device_noise_model(noise: DeviceNoise) -> NoiseModel:
    """Return our noise model of a device's stated errors; qubit number i of the list is wire i.

    >>> qubit = QubitNoise(5, 1e-4, 1e-4, ((0.9, 0.2), (0.1, 0.8)), None)
    >>> model = device_noise_model(DeviceNoise("d", (qubit,), (GateNoise("x", (5,), 0.01, 1e-7),)))
    >>> model.readouts, [item.name for item in model.rules[0].gates]
    (((0.1, 0.2),), ['kraus', 'kraus'])
    """
    places = {item.qubit: place for place, item in enumerate(noise.qubits)}
    known = {item.qubit: item for item in noise.qubits}
    rules = [_rule(item, known, places) for item in noise.gates]
    nothing_else = NoiseRule(None, None, None)
    return NoiseModel(rules=(*rules, nothing_else), readouts=tuple(map(_readout, noise.qubits)))


def _rule(item: GateNoise, known: Mapping[int, QubitNoise], places: Mapping[int, int]) -> NoiseRule:
    wires = tuple(places[qubit] for qubit in item.qubits)
    rest = depolarizing_rest(item, known)
    lost = [depolarizing(rest, *wires)] if rest else []
    decays = [_decay(known[qubit], places[qubit], item.seconds) for qubit in item.qubits]
    return NoiseRule(item.name, wires, (*lost, *(each for each in decays if each)))


def _decay(qubit: QubitNoise, wire: int, seconds: float | None) -> Gate | None:
    if not seconds or (qubit.t1 is None and qubit.t2 is None):
        return None
    t1, t2 = (inf if time is None else time for time in (qubit.t1, qubit.t2))
    return thermal_relaxation(t1, t2, seconds, wire)


def _readout(qubit: QubitNoise) -> Readout:
    (_, one_as_zero), (zero_as_one, _) = qubit.confusion
    return zero_as_one, one_as_zero
