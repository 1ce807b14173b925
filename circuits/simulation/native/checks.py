"""What the native kernels refuse."""

from collections.abc import Sequence

import jax.numpy as jnp

from circuits.simulation.native.schedule import Program

MAX_QUBITS = 30  # indices are int32
# Of each kind of operation, the table it refers to.
TABLES = {"matrix": "matrices", "columns": "many", "phases": "phases", "permute": "indices"}
LANES = {"complex64": 16, "complex128": 8}  # amplitudes in a register, their parts apart
LANE_BITS = 4  # what numbers the lanes of the longest register


def check_program(program: Program, n: int) -> None:
    """Refuse a program whose operations are not those of `calls.run`."""
    if not 1 <= n <= MAX_QUBITS:
        raise ValueError(f"Argument `n` must be 1 to {MAX_QUBITS} qubits, but is n={n}.")
    for operation in program:
        kind, *rest = operation
        if len(rest) != 2:
            good = False
        elif kind == "permute":
            good = min(n, LANE_BITS) <= rest[1] <= n
        elif kind == "flip":
            good = _are_wires((*rest[0], rest[1]), n)
        elif kind == "phases":
            good = _are_wires(rest[0], n) and list(rest[0]) == sorted(rest[0])
        else:
            widths = {"matrix": (1, 2), "columns": (1,)}.get(kind, ())
            good = len(rest[0]) in widths and _are_wires(rest[0], n)
        if not good:
            raise ValueError(
                f"Argument `program` must hold matrices on 1 or 2 of {n} wires, phases, flips and "
                f"permutations, each with its place, but has {operation!r}."
            )


def _are_wires(wires: Sequence[int], n: int) -> bool:
    return len(set(wires)) == len(wires) and all(0 <= wire < n for wire in wires)


def check_arrays(program: Program, n: int, psi, tables) -> None:
    """Refuse a state and tables that do not fit each other, the program or its slots."""
    if psi.dtype.name not in LANES:
        raise TypeError(f"Argument `psi` must be complex64 or complex128, but is {psi.dtype.name}.")
    real = jnp.finfo(psi.dtype).dtype.name
    columns = psi.shape[1] if psi.ndim == 2 else 1
    wanted = {
        "psi": (psi, (2**n,) if psi.ndim == 1 else (2**n, "b"), {psi.dtype.name}),
        "matrices": (tables.matrices, ("s",), {real}),
        "many": (tables.many, ("m", 2, 2, 2, columns), {real}),
        "phases": (tables.phases, ("p",), {psi.dtype.name, real}),
        "indices": (tables.indices, ("q",), {"int32"}),
    }
    for name, (array, shape, dtypes) in wanted.items():
        _check_array(name, array, shape, dtypes)
    lengths = {kind: len(getattr(tables, name)) for kind, name in TABLES.items()}
    for kind, *rest in program:
        needed, place = 1, rest[-1]
        if kind == "flip":
            continue
        if kind == "matrix":
            needed = 2 * 4 ** len(rest[0])
        elif kind == "phases":
            needed = 2 ** len(rest[0])
        elif kind == "permute":
            needed, place = 2 ** rest[1] + 2 ** (n - rest[1]), rest[0]
        if not 0 <= place <= lengths[kind] - needed:
            raise ValueError(
                f"Operation {(kind, *rest)!r} needs its place among the {lengths[kind]} entries of "
                f"`{TABLES[kind]}`, but is outside."
            )


def _check_array(name: str, array, shape, dtypes) -> None:
    fits = array.ndim == len(shape) and all(
        isinstance(size, str) or size == actual
        for size, actual in zip(shape, array.shape, strict=True)
    )
    if not fits:
        text = ", ".join(map(str, shape))
        raise ValueError(
            f"Argument `{name}` must have shape ({text}), but has {tuple(array.shape)}."
        )
    if array.dtype.name not in dtypes:
        raise TypeError(
            f"Argument `{name}` must be {' or '.join(sorted(dtypes))}, but is {array.dtype.name}."
        )
