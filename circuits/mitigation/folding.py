"""Circuits made longer by pairs of a gate and its inverse: more noise, the same meaning."""

from circuits.circuit import Circuit
from circuits.gates.gate_types import Gate, is_unitary
from circuits.modifiers import inverse


def fold(circuit: Circuit, scale: float, folding: str = "global") -> tuple[Circuit, float]:
    """Return a circuit of about `scale` times as many gates that does the same.

    Args:
        circuit: with "amplitudes" gates in front only where folding is global.
        scale: at least 1; odd integers are met exactly, others as well as whole gates allow.
        folding: "global" repeats the circuit backwards and forwards, and for what is left its last
            gates; "local" each gate by itself, and for what is left gates at even distances.

    Returns:
        The circuit, and the factor that its number of unitary gates really grew by.

    Raises:
        ValueError: on other arguments, or where a gate that must be undone is not unitary.

    Source:
        Giurgica-Tiron et al., IEEE QCE 2020, 306, arXiv:2005.10921, Sec. III.

    >>> from circuits import build_circuit, gate
    >>> folded, scale = fold(build_circuit([gate("h", 0), gate("s", 0)]), 2)
    >>> [item.name for item in folded.gates], scale
    (['h', 's', 'sdg', 's'], 2.0)
    """
    check_scale(scale)
    if folding not in ("global", "local"):
        raise ValueError(f"Argument `folding` must be 'global' or 'local', but is {folding!r}.")
    size = sum(map(_counts, circuit.gates))
    pairs = round((scale - 1) * size / 2)
    if not pairs:
        return circuit, 1.0
    folded = (_global if folding == "global" else _local)(circuit.gates, size, pairs)
    return circuit._replace(gates=folded), 1 + 2 * pairs / size


def check_scale(scale: float) -> None:
    """Raise ValueError where a scale is below 1.

    >>> check_scale(3)
    """
    if not 1 <= scale < float("inf"):
        raise ValueError(f"Scales of noise must be finite and at least 1, but one is {scale}.")


def _counts(item: Gate) -> bool:
    """Whether a gate takes time on a device and can be undone."""
    return is_unitary(item) and item.name != "gphase"


def _global(gates: tuple[Gate, ...], size: int, pairs: int) -> tuple[Gate, ...]:
    start = next(at for at, item in enumerate(gates) if item.name != "amplitudes")
    body = gates[start:]
    whole, rest = divmod(pairs, size)
    last = _last(body, rest)
    return gates + (_undone(body) + body) * whole + _undone(last) + last


def _last(gates: tuple[Gate, ...], count: int) -> tuple[Gate, ...]:
    """The shortest end of the circuit that holds `count` gates which count."""
    start = len(gates)
    while count:
        start -= 1
        count -= _counts(gates[start])
    return gates[start:]


def _undone(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    return tuple(inverse(item) for item in reversed(gates))


def _local(gates: tuple[Gate, ...], size: int, pairs: int) -> tuple[Gate, ...]:
    each, rest = divmod(pairs, size)
    more = {at * size // rest for at in range(rest)}
    folded: list[Gate] = []
    place = 0
    for item in gates:
        folded.append(item)
        if _counts(item):
            folded += [inverse(item), item] * (each + (place in more))
            place += 1
    return tuple(folded)
