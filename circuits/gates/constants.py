"""Constant arrays inside plain data: compared and hashed by value, written as JSON."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


class Constant:
    """A read-only copy of an array that compares and hashes by type, shape and content.

    Circuits that hold matrices stay hashable by it, so that programs can be kept by circuit.

    Args:
        array: numbers of any shape; NaN and infinity are refused.

    Raises:
        ValueError: on entries that are not finite numbers.

    >>> Constant([[0, 1], [1, 0]])
    Constant(int64, shape (2, 2))
    >>> Constant([1.0, 2.0]) == Constant([1.0, 2.0])
    True
    """

    __slots__ = ("_hash", "array", "checked_as")

    def __init__(self, array: npt.ArrayLike) -> None:
        copied = np.array(array, order="C")
        if copied.dtype.kind not in "biufc" or not np.isfinite(copied).all():
            raise ValueError("Argument `array` must hold finite numbers only, but does not.")
        if copied.dtype.kind in "fc":
            copied += 0  # turns -0.0 into 0.0, which is equal but has other bytes
        copied.flags.writeable = False
        self.array: npt.NDArray[Any] = copied
        self._hash = hash((copied.dtype.str, copied.shape, copied.tobytes()))
        # What the content was found fit for, so that a large matrix is checked only once.
        self.checked_as: tuple[str, int] | None = None

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Constant) or self._hash != other._hash:
            return False
        mine, theirs = self.array, other.array
        same_kind = (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
        return same_kind and mine.tobytes() == theirs.tobytes()

    def __repr__(self) -> str:
        if self.array.ndim == 0:
            return f"Constant({self.array.item()})"
        return f"Constant({self.array.dtype}, shape {self.array.shape})"


def constant_to_dict(constant: Constant) -> dict[str, Any]:
    """Return a constant as plain data: its shape, and its numbers row by row.

    >>> constant_to_dict(Constant([1.0, 2j]))
    {'shape': [2], 'real': [1.0, 0.0], 'imag': [0.0, 2.0]}
    """
    flat = constant.array.ravel()
    data = {"shape": list(constant.array.shape), "real": np.real(flat).tolist()}
    return data | {"imag": np.imag(flat).tolist()} if np.iscomplexobj(flat) else data


def constant_from_dict(data: Mapping[str, Any]) -> Constant:
    """Return the constant that `constant_to_dict` wrote.

    Raises:
        ValueError: on a missing key, or numbers that do not fill the shape.

    >>> constant_from_dict({"shape": [2], "real": [1, 0]})
    Constant(int64, shape (2,))
    """
    try:
        shape, real = tuple(data["shape"]), np.asarray(data["real"])
    except KeyError as error:
        raise ValueError(f"The data of an array must have the key {error}.") from None
    numbers = real + 1j * np.asarray(data["imag"]) if "imag" in data else real
    if numbers.shape != (math.prod(shape),):
        raise ValueError(f"An array of shape {shape} cannot hold numbers of shape {numbers.shape}.")
    return Constant(numbers.reshape(shape))
