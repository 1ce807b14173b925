"""Checks of the angles that are put into a circuit's segments, done once, at the public edge."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.core import Tracer
from jax.experimental import checkify

from circuits.circuit import Circuit
from circuits.gates.gate_types import Slot, slot_count

Angles = Mapping[str, Any]

_last_slots: tuple[Any, list[tuple[str, int, int]]] = ((), [])  # see `_amplitude_slots`

NOT_FINITE = "Angles of segment {!r} must be finite, but contain NaN or infinity."


def check_shapes(circuit: Circuit, angles: Angles) -> None:
    """Check one set of angles, `{segment: (size,)}`: names and shapes, and values that are at hand.

    Safe under tracing, where there are no values yet (see `checked`). Values on an accelerator are
    not looked at either, as the program would have to wait for them.

    Raises:
        ValueError: on a missing, unknown or misshapen segment, what is not a real number, NaN or
            infinity.
        TypeError: on angles that are no mapping.

    >>> from circuits import build_circuit, gate
    >>> check_shapes(build_circuit([gate("rx", 0, angle=("w", 0))]), {"w": np.zeros(1)})
    """
    _check_names(circuit, angles)
    for segment, size in circuit.segments.items():
        array = _real(segment, angles[segment])
        shape = array.shape
        if shape != (size,):
            batched = len(shape) == 2 and shape[1] == size
            raise ValueError(
                f"Angles of segment {segment!r} must have shape ({size},), but have shape {shape}"
                f"{'; map over a batch with `jax.vmap`' if batched else ''}."
            )
        if _at_hand(array):
            _check_finite(segment, np.asarray(array))


def real_angles(circuit: Circuit, angles: Angles) -> dict[str, jax.Array]:
    """Check one set of angles as `check_shapes` does, and return JAX's arrays of real numbers.

    Segments come sorted by name, as circuits that list them in another order are equal and share
    programs: `named_angles` puts the arrays of one into those of the other.

    >>> from circuits import build_circuit, gate
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0)), gate("rx", 0, angle=("a", 0))])
    >>> list(real_angles(circuit, {"w": [1.0], "a": [2.0]}))
    ['a', 'w']
    """
    check_shapes(circuit, angles)
    real = jnp.result_type(float)
    return {name: jnp.asarray(angles[name], real) for name in sorted(circuit.segments)}


def named_angles(circuit: Circuit, arrays: Iterable[jax.Array]) -> dict[str, jax.Array]:
    """Return arrays in the order of `real_angles` as `{segment: array}`.

    >>> from circuits import build_circuit, gate
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0)), gate("rx", 0, angle=("a", 0))])
    >>> named_angles(circuit, ["first", "second"])
    {'a': 'first', 'w': 'second'}
    """
    return dict(zip(sorted(circuit.segments), arrays, strict=True))


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of angles, compiled, that refuses NaN and infinity while it runs.

    Under `jit` values are not known when a circuit is checked, and NaN would pass through it
    silently. This costs a pass over the angles and a wait for each result: it is for finding
    where a computation goes wrong, not for training.

    Args:
        function: of `{segment: array}` and further arguments that `jax.jit` takes, such as
            ``expectation(...)``, a gradient of it, or a function mapped over a batch.

    Returns:
        The same function; it raises ValueError with the name of the segment. It cannot be traced
        itself: put `jit`, `grad` and `vmap` inside.

    >>> from circuits import build_circuit, expectation, gate, z
    >>> values = expectation(build_circuit([gate("rx", 0, angle=("w", 0))]), z(0))
    >>> slope = checked(jax.grad(lambda angles: values(angles)[0]))
    >>> try:
    ...     slope({"w": np.array([np.nan], np.float32)})
    ... except ValueError as error:
    ...     print(str(error).split(" (")[0])
    Angles of segment 'w' must be finite, but contain NaN or infinity.
    """

    def guarded(angles: Angles, *arguments):
        for name, array in angles.items():
            # The message is a format string, and braces of a name are none of its fields.
            message = NOT_FINITE.format(name).replace("{", "{{").replace("}", "}}")
            checkify.check(jnp.isfinite(array).all(), message)
        return function(angles, *arguments)

    compiled = jax.jit(checkify.checkify(guarded, errors=checkify.user_checks))

    def run(angles: Angles, *arguments):
        error, result = compiled(angles, *arguments)
        error.throw()
        return result

    return run


def check_angles(circuit: Circuit, angles: Angles) -> dict[str, npt.NDArray[np.float64]]:
    """Check the angles of one or many evaluations and return them as float64 arrays on the host.

    Args:
        circuit: whose segments must be filled.
        angles: `{segment: (size,) or (b, size)}` in radians; all batched segments share `b`.

    Returns:
        `{segment: (size,) or (b, size)}` in the order of the circuit's segments.

    Raises:
        ValueError: on a missing, unknown or misshapen segment, batches of different length, an
            empty batch, what is not a real number, NaN or infinity, or amplitudes that are all
            zero.
        TypeError: on angles that are no mapping, or traced (inside `jax.jit`, `grad` or `vmap`).

    >>> from circuits import build_circuit, gate
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> check_angles(circuit, {"w": [[0], [1]]})["w"].shape
    (2, 1)
    """
    _check_names(circuit, angles)
    arrays = {}
    for name, size in circuit.segments.items():
        arrays[name] = array = _to_host(_real(name, angles[name]))
        _check_array(name, array, size)
    _check_amplitudes(circuit, arrays)
    lengths = {name: len(array) for name, array in arrays.items() if array.ndim == 2}
    if len(lengths) > 1 and len(set(lengths.values())) > 1:
        raise ValueError(f"Batched segments must have the same length, but have {lengths}.")
    return arrays


def batch_length(angles: Mapping[str, npt.NDArray[np.float64]]) -> int:
    """Return b of checked angles, 1 where no segment is batched.

    >>> batch_length({"weights": np.zeros(3), "inputs": np.zeros((5, 2))})
    5
    """
    return max((len(array) for array in angles.values() if array.ndim == 2), default=1)


def _to_host(array) -> npt.NDArray[np.float64]:
    try:
        return np.asarray(array, np.float64)
    except jax.errors.TracerArrayConversionError:
        raise TypeError(
            "A backend cannot be traced by JAX; inside `jit`, `grad` or `vmap` use "
            "`circuits.expectation`."
        ) from None


def _real(name, array):
    """The angles as an array, traced ones as they are, where they are real numbers."""
    if type(array) is not np.ndarray and not isinstance(array, jax.Array):
        try:
            array = np.asarray(array)
        except ValueError:  # rows of different length
            array = np.empty(0, object)
    is_number = getattr(array.dtype, "kind", None) in tuple("biuf")  # random keys have no kind
    if not (is_number or jnp.issubdtype(array.dtype, jnp.floating)):
        raise ValueError(
            f"Angles of segment {name!r} must be an array of real numbers, but are not: complex "
            "numbers, text and rows of different length are refused."
        )
    return array


def _check_names(circuit, angles):
    if not isinstance(angles, Mapping):
        raise TypeError(
            "Argument `angles` must map the names of segments to arrays, but is a "
            f"{type(angles).__name__}."
        )
    if angles.keys() != circuit.segments.keys():
        raise ValueError(
            f"Argument `angles` must have the segments {sorted(circuit.segments)}, "
            f"but has {sorted(map(str, angles))}."
        )


def _check_array(name, array, size):
    shape = array.shape
    if len(shape) not in (1, 2) or shape[-1] != size or not shape[0]:
        raise ValueError(
            f"Angles of segment {name!r} must have shape ({size},) or (b, {size}), "
            f"but have shape {shape}."
        )
    _check_finite(name, array)


def _check_finite(name, array):
    if np.count_nonzero(np.isfinite(array)) != array.size:
        raise ValueError(NOT_FINITE.format(name))


def _at_hand(array) -> bool:
    """Whether values can be read without waiting for another device."""
    if type(array) is np.ndarray:
        return True
    if isinstance(array, Tracer):
        return False
    return next(iter(array.sharding.device_set)).platform == "cpu"


def _check_amplitudes(circuit, arrays):
    for segment, first, count in _amplitude_slots(circuit.gates):
        if not np.any(arrays[segment][..., first : first + count], axis=-1).all():
            raise ValueError(f"Amplitudes in segment {segment!r} must not all be zero, but are.")


def _amplitude_slots(gates) -> list[tuple[str, int, int]]:
    """Segment, first entry and length of what is read as amplitudes.

    Mostly one circuit is asked about again and again. Its slots are kept by identity: a hash, for
    an `lru_cache`, takes longer than looking through the gates.
    """
    global _last_slots
    known, slots = _last_slots
    if known is not gates:
        slots = [
            (item.angle.segment, item.angle.index, slot_count(item))
            for item in gates
            if item.name == "amplitudes" and isinstance(item.angle, Slot)
        ]
        _last_slots = gates, slots
    return slots
