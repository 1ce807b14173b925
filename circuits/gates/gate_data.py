"""Gates that carry data, such as matrices, permutations and Pauli letters, and its checks."""

from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.gates.constants import Constant

# Gates that are given by their data; those of the first line are unitary.
UNITARY_DATA = ("unitary", "generated", "driven", "diagonal", "permutation", "evolution")
DATA_GATES = (*UNITARY_DATA, "amplitudes", "kraus", "measure", "reset")
NEEDS_ANGLE = ("generated", "driven", "diagonal", "evolution")

# A dense matrix on more wires than this would fill the memory: 4096 x 4096 numbers.
MAX_DENSE_WIRES = 12
# Largest deviation from unitarity and the like; single precision leaves about 1e-6.
TOLERANCE = 1e-5
# What rounding leaves of numbers near 1 that cancel.
ROUNDING = 1e-12

Data = Constant | str | None


def check_data(name: str, n_wires: int, data: Any) -> Data:
    """Return the data of a gate on `n_wires` wires, checked and in its one stored type.

    Args:
        name: one of `DATA_GATES`.
        n_wires: number of wires that the gate acts on.
        data: array or `Constant`; the letters of an "evolution"; None for a "reset".

    Raises:
        ValueError: on data that is misshapen, not finite, or not what the gate needs: unitary,
            Hermitian, a permutation, normalised, trace preserving.

    >>> check_data("permutation", 1, [1, 0])
    Constant(int32, shape (2,))
    """
    if name == "evolution":
        return _check_letters(n_wires, data)
    if data is None or isinstance(data, str):
        if name == "reset" and data is None:
            return None
        raise ValueError(f"Gate {name!r} needs an array as `data`, but has {data!r}.")
    if name == "reset":
        raise ValueError(f"Gate 'reset' takes no data, but has {data!r}.")
    return _check_constant(name, n_wires, data)


def _check_constant(name, n_wires, data) -> Constant:
    key = (name, n_wires)
    if isinstance(data, Constant) and data.checked_as == key:
        return data
    array = np.asarray(data.array if isinstance(data, Constant) else data)
    if array.dtype.kind not in "biufc" or not np.isfinite(array).all():
        raise ValueError(f"The data of gate {name!r} must be finite numbers, but is not.")
    constant = Constant(_CHECKS[name](array, n_wires))
    constant.checked_as = key
    return constant


def _check_letters(n_wires: int, data) -> str:
    if not isinstance(data, str) or set(data) - set("IXYZ") or len(data) != n_wires:
        raise ValueError(
            f"Gate 'evolution' on {n_wires} wires needs {n_wires} letters I, X, Y or Z as `data`, "
            f"but has {data!r}."
        )
    return data


def _unitary(array, n_wires) -> npt.NDArray[np.complex128]:
    _check_dense("unitary", array, n_wires)
    matrix = array.astype(np.complex128)
    _check_deviation("The matrix of gate 'unitary' is not unitary", matrix.conj().T @ matrix)
    return matrix


def _generated(array, n_wires) -> npt.NDArray[np.complex128]:
    _check_dense("generated", array, n_wires)
    return _hermitian("The generator of gate 'generated'", array)


def _driven(array, n_wires) -> npt.NDArray[np.complex128]:
    dim = 2**n_wires
    if array.shape != (2, dim, dim) or n_wires > MAX_DENSE_WIRES:
        raise ValueError(
            f"The data of gate 'driven' must be two matrices, of shape (2, {dim}, {dim}) for its "
            f"wires, at most {MAX_DENSE_WIRES}, but has shape {array.shape}."
        )
    drive = _hermitian("The drive of gate 'driven'", array[0])
    _check_deviation("The drive of gate 'driven' does not square to one", drive @ drive)
    return np.stack([drive, _hermitian("The rest of gate 'driven'", array[1])])


def _hermitian(what: str, array) -> npt.NDArray[np.complex128]:
    matrix = array.astype(np.complex128)
    deviation = np.abs(matrix - matrix.conj().T).max()
    if deviation > max(TOLERANCE * np.abs(matrix).max(), ROUNDING):
        raise ValueError(
            f"{what} is not Hermitian: it differs from its adjoint by {deviation:.1e}."
        )
    return (matrix + matrix.conj().T) / 2


def _diagonal(array, n_wires) -> npt.NDArray[np.float64]:
    _check_shape("diagonal", array, (2**n_wires,))
    if np.iscomplexobj(array):
        raise ValueError("The data of gate 'diagonal' must be real, but is complex.")
    return array.astype(np.float64)


def _permutation(array, n_wires) -> npt.NDArray[np.int32]:
    _check_shape("permutation", array, (2**n_wires,))
    if array.dtype.kind not in "iu" or not np.array_equal(np.sort(array), np.arange(array.size)):
        raise ValueError(
            f"The data of gate 'permutation' must hold each int from 0 to {array.size - 1} once, "
            "but does not."
        )
    return array.astype(np.int32)


def _amplitudes(array, n_wires) -> npt.NDArray[np.complex128]:
    _check_shape("amplitudes", array, (2**n_wires,))
    norm = np.linalg.norm(array)
    if abs(norm - 1) > TOLERANCE:
        raise ValueError(f"The data of gate 'amplitudes' must have norm 1, but has norm {norm:g}.")
    return array.astype(np.complex128) / norm


def _kraus(array, n_wires) -> npt.NDArray[np.complex128]:
    dim = 2**n_wires
    if array.ndim != 3 or array.shape[1:] != (dim, dim) or not len(array):
        raise ValueError(
            f"The data of gate 'kraus' on {n_wires} wires must have shape (m, {dim}, {dim}), "
            f"but has shape {array.shape}."
        )
    operators = array.astype(np.complex128)
    total = np.einsum("mji,mjk->ik", operators.conj(), operators)
    _check_deviation("The Kraus operators do not preserve the trace", total)
    return operators


def _measure(array, n_wires) -> npt.NDArray[np.int32]:
    if n_wires != 1 or array.shape != () or array.dtype.kind not in "iu" or array < 0:
        raise ValueError(
            f"Gate 'measure' takes one wire and one non-negative int, its classical bit, "
            f"but has {n_wires} wires and data {array!r}."
        )
    return array.astype(np.int32)


def _check_dense(name, array, n_wires):
    if n_wires > MAX_DENSE_WIRES:
        raise ValueError(
            f"Gate {name!r} holds a dense matrix, so it acts on at most {MAX_DENSE_WIRES} wires, "
            f"but has {n_wires}."
        )
    _check_shape(name, array, (2**n_wires, 2**n_wires))


def _check_shape(name, array, shape):
    if array.shape != shape:
        raise ValueError(
            f"The data of gate {name!r} must have shape {shape} for its wires, "
            f"but has shape {array.shape}."
        )


def _check_deviation(what: str, total):
    deviation = np.abs(total - np.eye(len(total))).max()
    if deviation > TOLERANCE:
        raise ValueError(f"{what}: their product with the adjoint is {deviation:.1e} off identity.")


_CHECKS = {
    "unitary": _unitary,
    "generated": _generated,
    "driven": _driven,
    "diagonal": _diagonal,
    "permutation": _permutation,
    "amplitudes": _amplitudes,
    "kraus": _kraus,
    "measure": _measure,
}
