"""Noise as plain data: which channels follow which gates, and how readout errs."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from circuits.circuit import Circuit, build_circuit, circuit_to_dict
from circuits.gates.gate_types import Gate, Slot, is_unitary
from circuits.modifiers import power
from circuits.noise.channels import readout_confusion
from circuits.observables import PauliSum

Readout = tuple[float, float]


class NoiseRule(NamedTuple):
    """Noise of certain gates: those of a name, on certain wires.

    Args:
        name: of the gates; None for any.
        wires: of the gates, in their order; None for any.
        gates: what follows them, "kraus" or unitary gates without slots. With `wires` given they
            act on qubits of the circuit, neighbours too (crosstalk); with None on the gate's own
            wires, counted from 0. None where there is no such gate: one is refused.
        over_rotation: fraction of its angle by which the gate itself turns too far.

    >>> from circuits.noise.channels import zz_crosstalk
    >>> NoiseRule("cx", (0, 1), (zz_crosstalk(0.02, 1, 2),)).over_rotation
    0.0
    """

    name: str | None
    wires: tuple[int, ...] | None
    gates: tuple[Gate, ...] | None
    over_rotation: float = 0.0


class NoiseModel(NamedTuple):
    """Channels after gates, and the confusion of bits at readout.

    Args:
        one: "kraus" gates on wire 0: they follow every gate on one wire, there.
        two: "kraus" gates on wires 0 and 1: they follow every gate on two wires, on the first and
            second of these; a gate on more wires is followed on each pair of neighbours.
        readout: probabilities that a 0 is read as 1 and that a 1 is read as 0.
        rules: what holds for certain gates instead of `one` and `two`; the first that fits counts.
        readouts: as `readout`, but one pair for each qubit; empty where `readout` holds for all.

    >>> from circuits.noise.channels import amplitude_damping, depolarizing
    >>> model = NoiseModel(one=(amplitude_damping(0.01, 0),), two=(depolarizing(0.02, 0, 1),))
    >>> model.readout
    (0.0, 0.0)
    """

    one: tuple[Gate, ...] = ()
    two: tuple[Gate, ...] = ()
    readout: Readout = (0.0, 0.0)
    rules: tuple[NoiseRule, ...] = ()
    readouts: tuple[Readout, ...] = ()


def add_noise(circuit: Circuit, noise: NoiseModel | None) -> Circuit:
    """Return the circuit with the channels of a noise model after its unitary gates.

    A phase of the whole state ("gphase") is no operation of a device and has no noise. A gate
    under a condition is followed by its noise whether it acts or not.

    Args:
        circuit: of any gates.
        noise: None for none.

    Raises:
        ValueError: where the model holds something else than channels on its wires, acts outside
            the circuit, or has a rule against one of its gates.

    >>> from circuits import gate
    >>> from circuits.noise.channels import bit_flip
    >>> noisy = add_noise(build_circuit([gate("h", 3)]), NoiseModel(one=(bit_flip(0.1, 0),)))
    >>> [(item.name, item.wires) for item in noisy.gates]
    [('h', (3,)), ('kraus', (3,))]
    """
    if noise is None:
        return circuit
    check_noise(noise)
    gates = tuple(each for item in circuit.gates for each in noisy_gate(item, noise))
    last = max((wire for item in gates for wire in item.wires), default=0)
    if last >= circuit.n_qubits:
        raise ValueError(
            f"The noise must act on the {circuit.n_qubits} qubits of the circuit, but acts on "
            f"wire {last}."
        )
    return circuit._replace(gates=gates)


def noisy_gate(item: Gate, noise: NoiseModel) -> tuple[Gate, ...]:
    """Return a gate with all that its noise adds, itself (perhaps turned too far) first.

    >>> from circuits import gate
    >>> model = NoiseModel(rules=(NoiseRule("rx", (2,), (), over_rotation=0.5),))
    >>> noisy_gate(gate("rx", 2, angle=1.0), model)[0].angle
    1.5
    """
    if not is_unitary(item) or item.name == "gphase":
        return (item,)
    rule = next((each for each in noise.rules if _fits(item, each)), None)
    if rule is None:
        return (item, *_following(item, noise))
    if rule.gates is None:
        raise ValueError(
            f"The noise model has no gate {item.name!r} on wires {item.wires}: transpile the "
            "circuit to the gates of the device first."
        )
    turned = power(item, 1 + rule.over_rotation) if rule.over_rotation else item
    if rule.wires is not None:
        return (turned, *rule.gates)
    return (turned, *(_placed(each, item.wires) for each in rule.gates))


def check_noise(noise: NoiseModel) -> None:
    """Raise ValueError where a noise model cannot be meant.

    >>> from circuits.noise.channels import bit_flip
    >>> check_noise(NoiseModel(one=(bit_flip(0.1, 2),)))
    Traceback (most recent call last):
    ValueError: Noise after gates on 1 wires must be 'kraus' on wires (0,), but is 'kraus' on (2,).
    """
    for gates, n_wires in ((noise.one, 1), (noise.two, 2)):
        for item in gates:
            if item.name != "kraus" or not set(item.wires) <= set(range(n_wires)):
                raise ValueError(
                    f"Noise after gates on {n_wires} wires must be 'kraus' on wires "
                    f"{tuple(range(n_wires))}, but is {item.name!r} on {item.wires}."
                )
    for rule in noise.rules:
        _check_rule(rule)
    for pair in (noise.readout, *noise.readouts):
        readout_confusion(*pair)


def qubit_readouts(noise: NoiseModel | None, n_qubits: int) -> tuple[Readout, ...]:
    """Return the probabilities of a wrong readout of each of n qubits.

    Raises:
        ValueError: where the model names another number of qubits.

    >>> qubit_readouts(NoiseModel(readout=(0.1, 0.2)), 2)
    ((0.1, 0.2), (0.1, 0.2))
    """
    if noise is None or not noise.readouts:
        return ((0.0, 0.0) if noise is None else noise.readout,) * n_qubits
    if len(noise.readouts) < n_qubits:
        raise ValueError(
            f"The noise model must have readouts of {n_qubits} qubits or more, but has "
            f"{len(noise.readouts)}."
        )
    return noise.readouts[:n_qubits]


def confused(observables: Iterable[PauliSum], noise: NoiseModel | None) -> tuple[PauliSum, ...]:
    """Return the observables whose exact values are what a confused readout gives on average.

    A letter P, read as the sign of one bit, becomes ``(1 - a - b) P + (b - a)``, with `a` the
    probability that 0 is read as 1 and `b` the other way; a string of w letters becomes up to
    ``2**w`` strings.

    >>> from circuits import z
    >>> confused([z(0)], NoiseModel(readout=(0.25, 0.5)))
    (PauliSum(terms=((0.25, ((0, 'Z'),)), (0.25, ()))),)
    """
    checked = tuple(observables)
    wires = [wire for item in checked for _, string in item.terms for wire, _ in string]
    readouts = qubit_readouts(noise, max(wires, default=0) + 1)
    if not any(map(any, readouts)):
        return checked
    return tuple(_confused(item, readouts) for item in checked)


def noise_to_dict(noise: NoiseModel | None) -> dict[str, Any] | None:
    """Return a noise model as plain data, fit for JSON.

    >>> noise_to_dict(NoiseModel())
    {'one': [], 'two': [], 'readout': [0.0, 0.0]}
    """
    if noise is None:
        return None
    data: dict[str, Any] = {"one": _written(noise.one), "two": _written(noise.two)}
    data["readout"] = [float(value) for value in noise.readout]
    if noise.rules:
        data["rules"] = [_written_rule(rule) for rule in noise.rules]
    if noise.readouts:
        data["readouts"] = [[float(value) for value in pair] for pair in noise.readouts]
    return data


def _written(gates: tuple[Gate, ...]) -> list[dict[str, Any]]:
    n_qubits = max((wire + 1 for item in gates for wire in item.wires), default=1)
    return circuit_to_dict(build_circuit(gates, n_qubits))["gates"]


def _written_rule(rule: NoiseRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "wires": None if rule.wires is None else [int(wire) for wire in rule.wires],
        "gates": None if rule.gates is None else _written(rule.gates),
        "over_rotation": float(rule.over_rotation),
    }


def _fits(item: Gate, rule: NoiseRule) -> bool:
    return rule.name in (None, item.name) and rule.wires in (None, item.wires)


def _check_rule(rule: NoiseRule) -> None:
    for item in rule.gates or ():
        if not (item.name == "kraus" or is_unitary(item)) or isinstance(item.angle, Slot):
            raise ValueError(
                "Noise of a rule must be 'kraus' or unitary gates without slots, but is "
                f"{item.name!r} on {item.wires} with angle {item.angle!r}."
            )
    if not math.isfinite(rule.over_rotation):
        raise ValueError(f"Argument `over_rotation` must be finite, but is {rule.over_rotation}.")


def _following(item: Gate, noise: NoiseModel) -> list[Gate]:
    wires = item.wires
    if len(wires) == 1:
        return [_placed(each, wires) for each in noise.one]
    pairs = [(wires[at], wires[at + 1]) for at in range(len(wires) - 1)]
    return [_placed(each, pair) for pair in pairs for each in noise.two]


def _placed(item: Gate, wires: tuple[int, ...]) -> Gate:
    return item._replace(wires=tuple(wires[at] for at in item.wires))


def _confused(observable: PauliSum, readouts: tuple[Readout, ...]) -> PauliSum:
    total = PauliSum(())
    for value, string in observable.terms:
        strings = [(value, ())]
        for letter in string:
            zero_as_one, one_as_zero = readouts[letter[0]]
            keep, shift = 1 - zero_as_one - one_as_zero, one_as_zero - zero_as_one
            kept = [(keep * factor, (*done, letter)) for factor, done in strings]
            strings = kept + [(shift * factor, done) for factor, done in strings if shift]
        total = total + PauliSum(tuple(strings))
    return total
