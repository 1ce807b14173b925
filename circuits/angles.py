"""Checks of the angles that are put into a circuit's segments, done once, at the public edge."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from circuits.circuit import Circuit
from circuits.gates.gate_types import Slot, slot_count

Angles = Mapping[str, Any]


def check_shapes(circuit: Circuit, angles: Angles) -> None:
    """Check names and shapes of one set of angles, `{segment: (size,)}`; safe under tracing.

    Raises:
        ValueError: on a missing, unknown or misshapen segment.

    >>> from circuits import build_circuit, gate
    >>> check_shapes(build_circuit([gate("rx", 0, angle=("w", 0))]), {"w": np.zeros(1)})
    """
    _check_names(circuit, angles)
    for segment, size in circuit.segments.items():
        if np.shape(angles[segment]) != (size,):
            raise ValueError(
                f"Angles of segment {segment!r} must have shape ({size},), "
                f"but have shape {np.shape(angles[segment])}."
            )


def check_angles(circuit: Circuit, angles: Angles) -> dict[str, npt.NDArray[np.float64]]:
    """Check the angles of one or many evaluations and return them as float64 arrays on the host.

    Args:
        circuit: whose segments must be filled.
        angles: `{segment: (size,) or (b, size)}` in radians; all batched segments share `b`.

    Returns:
        `{segment: (size,) or (b, size)}` in the order of the circuit's segments.

    Raises:
        ValueError: on a missing, unknown or misshapen segment, batches of different length, an
            empty batch, NaN or infinity, or amplitudes that are all zero.
        TypeError: on traced angles (inside `jax.jit`, `grad` or `vmap`).

    >>> from circuits import build_circuit, gate
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> check_angles(circuit, {"w": [[0], [1]]})["w"].shape
    (2, 1)
    """
    _check_names(circuit, angles)
    arrays = {name: _to_host(angles[name]) for name in circuit.segments}
    for name, array in arrays.items():
        _check_array(name, array, circuit.segments[name])
    _check_amplitudes(circuit, arrays)
    lengths = {name: len(array) for name, array in arrays.items() if array.ndim == 2}
    if len(set(lengths.values())) > 1:
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


def _check_names(circuit, angles):
    if set(angles) != set(circuit.segments):
        raise ValueError(
            f"Argument `angles` must have the segments {sorted(circuit.segments)}, "
            f"but has {sorted(angles)}."
        )


def _check_array(name, array, size):
    if array.ndim not in (1, 2) or array.shape[-1] != size or not len(array):
        raise ValueError(
            f"Angles of segment {name!r} must have shape ({size},) or (b, {size}), "
            f"but have shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"Angles of segment {name!r} must be finite, but contain NaN or infinity.")


def _check_amplitudes(circuit, arrays):
    for item in circuit.gates:
        if item.name == "amplitudes" and isinstance(item.angle, Slot):
            first, segment = item.angle.index, item.angle.segment
            entries = arrays[segment][..., first : first + slot_count(item)]
            if not np.any(entries, axis=-1).all():
                raise ValueError(
                    f"Amplitudes in segment {segment!r} must not all be zero, but are."
                )
