"""Noise as plain data: which channels follow which gates, and how readout errs."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from circuits.channels import readout_confusion
from circuits.circuit import Circuit, build_circuit, circuit_to_dict
from circuits.gates.gate_types import Gate, is_unitary
from circuits.observables import PauliSum


class NoiseModel(NamedTuple):
    """Channels after gates, and the confusion of bits at readout.

    Args:
        one: "kraus" gates on wire 0: they follow every gate on one wire, there.
        two: "kraus" gates on wires 0 and 1: they follow every gate on two wires, on the first and
            second of these; a gate on more wires is followed on each pair of neighbours.
        readout: probabilities that a 0 is read as 1 and that a 1 is read as 0.

    >>> from circuits.channels import amplitude_damping, depolarizing
    >>> model = NoiseModel(one=(amplitude_damping(0.01, 0),), two=(depolarizing(0.02, 0, 1),))
    >>> model.readout
    (0.0, 0.0)
    """

    one: tuple[Gate, ...] = ()
    two: tuple[Gate, ...] = ()
    readout: tuple[float, float] = (0.0, 0.0)


def add_noise(circuit: Circuit, noise: NoiseModel | None) -> Circuit:
    """Return the circuit with the channels of a noise model after its unitary gates.

    A phase of the whole state ("gphase") is no operation of a device and has no noise. A gate
    under a condition is followed by its noise whether it acts or not.

    Args:
        circuit: of any gates.
        noise: None for none.

    Raises:
        ValueError: where the model holds something else than channels on its wires.

    >>> from circuits import gate
    >>> from circuits.channels import bit_flip
    >>> noisy = add_noise(build_circuit([gate("h", 3)]), NoiseModel(one=(bit_flip(0.1, 0),)))
    >>> [(item.name, item.wires) for item in noisy.gates]
    [('h', (3,)), ('kraus', (3,))]
    """
    if noise is None:
        return circuit
    check_noise(noise)
    gates = tuple(each for item in circuit.gates for each in (item, *_following(item, noise)))
    return circuit._replace(gates=gates)


def check_noise(noise: NoiseModel) -> None:
    """Raise ValueError where a noise model cannot be meant.

    >>> from circuits.channels import bit_flip
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
    readout_confusion(*noise.readout)


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
    if noise is None or noise.readout == (0.0, 0.0):
        return checked
    return tuple(_confused(item, *noise.readout) for item in checked)


def noise_to_dict(noise: NoiseModel | None) -> dict[str, Any] | None:
    """Return a noise model as plain data, fit for JSON.

    >>> noise_to_dict(NoiseModel())
    {'one': [], 'two': [], 'readout': [0.0, 0.0]}
    """
    if noise is None:
        return None
    parts = {"one": noise.one, "two": noise.two}
    listed = {
        name: circuit_to_dict(build_circuit(part, 2))["gates"] for name, part in parts.items()
    }
    return listed | {"readout": [float(value) for value in noise.readout]}


def _following(item: Gate, noise: NoiseModel) -> list[Gate]:
    if not is_unitary(item) or item.name == "gphase":
        return []
    wires = item.wires
    if len(wires) == 1:
        return [each._replace(wires=wires) for each in noise.one]
    pairs = [(wires[at], wires[at + 1]) for at in range(len(wires) - 1)]
    return [
        each._replace(wires=tuple(pair[at] for at in each.wires))
        for pair in pairs
        for each in noise.two
    ]


def _confused(observable: PauliSum, zero_as_one: float, one_as_zero: float) -> PauliSum:
    keep, shift = 1 - zero_as_one - one_as_zero, one_as_zero - zero_as_one
    total = PauliSum(())
    for value, string in observable.terms:
        strings = [(value, ())]
        for letter in string:
            kept = [(keep * factor, (*done, letter)) for factor, done in strings]
            strings = kept + [(shift * factor, done) for factor, done in strings if shift]
        total = total + PauliSum(tuple(strings))
    return total
