"""Native kernels against the same program in plain JAX, and its derivative against JAX's own."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits.simulation.native import calls as native

pytest.importorskip("numba", reason="numba, the extra `native`, is not installed")

REAL = {"complex64": "float32", "complex128": "float64"}
TOLERANCE = {"complex64": 3e-6, "complex128": 1e-14}


def run(program, n):
    """The native program as a function of psi and matrices, with its derivative by `rewind`."""

    @partial(jax.custom_vjp, nondiff_argnums=(0,))
    def apply(placed, psi, *tables):
        return native.run(placed, n, psi, native.Tables(*tables))

    def forward(placed, psi, *tables):
        final = apply(placed, psi, *tables)
        return final, (final, tables)

    def backward(placed, residual, cotangent):
        final, tables = residual
        tables = native.Tables(*tables)
        _, before, sums = native.rewind(placed, n, final, cotangent, tables)
        return before, *sums, None, None

    apply.defvjp(forward, backward)

    def from_matrices(psi, ones, twos, many, phases, indices):
        numbers = jnp.concatenate([parts(ones).ravel(), parts(twos).ravel()])
        return apply(places(program, n, len(ones)), psi, numbers, parts(many), phases, indices)

    return from_matrices


def parts(matrices):
    return jnp.stack([matrices.real, matrices.imag], 1)


def places(program, n, n_ones):
    """The program with places for its numbers: 2x2 matrices before 4x4, permutations in order."""

    def placed(kind, *where, slot):
        if kind == "permute":
            return kind, (0, 2**n + 1)[slot], low_bits(n)[slot]
        if kind == "flip":
            return kind, *where, slot
        if kind == "phases":
            return kind, wires_of_phases(n)[slot], (0, 2**n)[slot]
        if kind == "matrix":
            slot = 8 * slot if len(where[0]) == 1 else 8 * n_ones + 32 * slot
        return kind, *where, slot

    return tuple(placed(*operation[:-1], slot=operation[-1]) for operation in program)


def plain(program, n, psi, ones, twos, many, phases, indices):
    """The oracle: one operation after the other, by einsum."""
    psi = psi.reshape(2**n, -1)
    for kind, *where, slot in program:
        if kind == "matrix":
            matrix = (ones, twos)[len(where[0]) - 1][slot]
            psi = multiply(matrix, psi, where[0], n)
        elif kind == "columns":
            many_by_column = jax.vmap(lambda m, v: multiply(m, v, where[0], n)[:, 0], (-1, 1), 1)  # noqa: B023
            psi = many_by_column(many[slot], psi)
        elif kind == "phases":
            psi = psi * phases_of(phases, n, slot)[:, None].astype(psi.dtype)
        elif kind == "flip":
            psi = psi[flipped(n, where[0], slot)]
        else:
            psi = psi[index_of(indices, n, slot)]
    return psi


def wires_of_phases(n):
    """Of the two tables: one of all basis states, one of first, middle and last wire."""
    return tuple(range(n)), tuple(sorted({0, n // 2, n - 1}))


def phases_of(phases, n, slot):
    """The factor of every basis state."""
    wires, start = wires_of_phases(n)[slot], (0, 2**n)[slot]
    shape = [2 if wire in wires else 1 for wire in range(n)]
    table = phases[start : start + 2 ** len(wires)].reshape(shape)
    return jnp.broadcast_to(table, (2,) * n).ravel()


def flipped(n, controls, target):
    """The index of a controlled flip."""
    states = np.arange(2**n)
    holds = np.all([states >> (n - 1 - wire) & 1 for wire in controls], axis=0)
    return states ^ holds.astype(int) << (n - 1 - target)


def low_bits(n):
    """Of the two permutations: one of all states at once, one by its halves."""
    return n, max(n // 2, min(n, 4))


def two_permutations(rng, n):
    """Their tables: any bijection of all states, and one that is made of two halves."""
    bits = low_bits(n)[1]
    low, high = rng.permutation(2**bits), rng.permutation(2 ** (n - bits)) << bits
    high ^= rng.integers(2**bits, size=len(high))
    return np.concatenate([rng.permutation(2**n), [0], low, high]).astype(np.int32)


def index_of(indices, n, slot):
    """The whole index of a permutation."""
    bits, start = low_bits(n)[slot], (0, 2**n + 1)[slot]
    low, high, _ = np.split(indices[start:], [2**bits, 2**bits + 2 ** (n - bits)])
    return (high[:, None] ^ low).ravel()


def multiply(matrix, psi, wires, n):
    axes, k = list(range(n + 1)), len(wires)
    new = [100 + wire for wire in wires]
    result = [100 + axis if axis in wires else axis for axis in axes]
    tensor = psi.reshape((2,) * n + (-1,))
    matrix = matrix.reshape((2,) * (2 * k))
    return jnp.einsum(matrix, [*new, *wires], tensor, axes, result).reshape(2**n, -1)


def unitaries(rng, count, size):
    normal = rng.normal(size=(2, count, size, size))
    return np.linalg.qr(normal[0] + 1j * normal[1])[0]


def arrays(rng, n, columns, dtype, real_phases=False):
    shape = (2**n, columns) if columns else (2**n,)
    psi = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    if real_phases:
        phases = rng.choice([-1.0, 1.0], 2**n + 8).astype(REAL[dtype])
    else:
        phases = np.exp(1j * rng.normal(size=2**n + 8)).astype(dtype)
    indices = two_permutations(rng, n)
    ones, twos = unitaries(rng, 3, 2), unitaries(rng, 3, 4)
    many = np.moveaxis(unitaries(rng, 3 * max(columns, 1), 2).reshape(3, -1, 2, 2), 1, 3)
    given = (jnp.asarray(a.astype(dtype)) for a in (psi, ones, twos, many))
    return *given, phases, indices


def random_program(rng, n, length, columns=False):
    def operation():
        kinds = ["matrix"] * 6 + ["phases", "permute", "flip", "flip"]
        kind = rng.choice(kinds + ["columns"] * (4 * columns))
        if kind == "flip":
            *controls, target = rng.permutation(n)[: rng.integers(1, n + 1)].tolist()
            return "flip", tuple(controls), target
        if kind in ("phases", "permute"):
            return str(kind), int(rng.integers(2))
        if kind == "columns":
            return "columns", (int(rng.integers(n)),), int(rng.integers(3))
        wires = rng.permutation(n)[: rng.integers(1, min(n, 2) + 1)]
        return "matrix", tuple(map(int, wires)), int(rng.integers(3))

    return tuple(operation() for _ in range(length))


def check(program, n, dtype, given):
    """State, and cotangents of psi and the matrices, beside the oracle's."""
    psi, ones, twos, many, phases, indices = given
    rng = np.random.default_rng(1)
    seed = (rng.normal(size=psi.shape) + 1j * rng.normal(size=psi.shape)).astype(dtype)

    def both(function):
        state, pull = jax.vjp(lambda *each: function(*each, phases, indices), psi, ones, twos, many)
        return state, *pull(jnp.asarray(seed))

    got = both(jax.jit(run(program, n)))
    want = both(jax.jit(lambda *inputs: plain(program, n, *inputs).reshape(psi.shape)))
    for a, b in zip(got, want, strict=True):
        assert a.dtype == dtype
        atol = TOLERANCE[dtype] * (1 + float(np.abs(b).max()))
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("n", [1, 2, 5, 13])
def test_state_and_gradient_of_random_programs_equal_jax(n, dtype):
    rng = np.random.default_rng(n)
    check(random_program(rng, n, 12), n, dtype, arrays(rng, n, 0, dtype, real_phases=n == 5))


@pytest.mark.parametrize("columns", [1, 3, 16, 20])
def test_batches_in_columns_equal_jax(columns):
    rng = np.random.default_rng(columns)
    program = (*random_program(rng, 4, 8), ("permute", 0), ("phases", 1))
    check(program, 4, "complex64", arrays(rng, 4, columns, "complex64"))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("columns", [1, 5, 16, 40])
def test_matrices_of_each_column_equal_jax(columns, dtype):
    rng = np.random.default_rng(columns)
    program = random_program(rng, 5, 14, columns=True)
    check(program, 5, dtype, arrays(rng, 5, columns, dtype))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_every_kind_of_gate_equals_jax(dtype):
    """Each pair of six wires in both orders: rows and lanes of a register in every combination."""
    n, rng = 6, np.random.default_rng(0)
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
    given = arrays(rng, n, 0, dtype)
    state = given[0]
    for wires in [(a,) for a in range(n)] + pairs:
        got = run([("matrix", wires, 1)], n)(*given)
        matrix = np.asarray(given[len(wires)][1])
        want = multiply(matrix, state, wires, n).ravel()
        np.testing.assert_allclose(got, want, rtol=0, atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("columns", [0, 3, 16])
def test_every_kind_of_flip_permutes(dtype, columns):
    """Controls in the rows of a tile, in lanes of a register, outside the tile; any target."""
    n, rng = 13, np.random.default_rng(0)
    given = arrays(rng, n, columns, dtype)
    sets = [(), (0,), (12,), (5,), (0, 12), (3, 11), (0, 5, 9, 12)]
    program = [("flip", tuple(w for w in c if w != t), t) for t in range(n) for c in sets]
    state = given[0]
    for _, controls, target in program:
        state = state[flipped(n, controls, target)]
    np.testing.assert_array_equal(jax.jit(run(program, n))(*given), state)


def test_more_wires_than_one_sweep_holds_run_in_order():
    n, rng = 14, np.random.default_rng(0)
    layer = [("matrix", (wire,), wire % 3) for wire in range(n)]
    ladder = [("matrix", (wire, wire + 1), wire % 3) for wire in range(n - 1)]
    check((*layer, *ladder, ("permute", 1), *layer), n, "complex64", arrays(rng, n, 0, "complex64"))


def test_no_operation_leaves_the_state():
    given = arrays(np.random.default_rng(0), 5, 0, "complex64")
    np.testing.assert_array_equal(run([], 5)(*given), given[0])


def test_vmap_over_matrices_equals_one_after_the_other():
    psi, ones, *rest = arrays(np.random.default_rng(0), 5, 0, "complex128")
    apply = run([("matrix", (1,), 0), ("permute", 0), ("matrix", (4,), 1)], 5)
    several = jnp.stack([ones, ones[::-1]])
    got = jax.vmap(lambda ones: apply(psi, ones, *rest))(several)
    np.testing.assert_array_equal(got, jnp.stack([apply(psi, ones, *rest) for ones in several]))


def test_input_is_left_as_it_was():
    given = arrays(np.random.default_rng(0), 6, 0, "complex64")
    before = np.array(given[0])
    run([("matrix", (0,), 0)], 6)(*given)
    np.testing.assert_array_equal(given[0], before)


def test_memory_is_two_states_forward_and_four_for_the_gradient():
    n = 14
    psi, ones, *rest = arrays(np.random.default_rng(0), n, 0, "complex64")
    apply = run([*(("matrix", (w,), 0) for w in range(n)), ("permute", 0)], n)

    def state(ones):
        return apply(jnp.zeros_like(psi).at[0].set(1), ones, *rest)

    def loss(ones):
        return jnp.sum(jnp.abs(state(ones)[: 2 ** (n - 1)]) ** 2)

    for function, limit in ((state, 2.2), (jax.grad(loss), 4.3)):
        memory = jax.jit(function).lower(ones).compile().memory_analysis()
        used = memory.temp_size_in_bytes + memory.output_size_in_bytes
        assert used < limit * psi.nbytes


@pytest.mark.parametrize(
    ("operation", "n"),
    [
        (("matrix", (2,), 0), 2),
        (("matrix", (0, 0), 0), 2),
        (("matrix", (0, 1, 2), 0), 3),
        (("swap", 0), 2),
        (("matrix", 0), 2),
        (("permute", 0), 2),
        (("permute", 0, 3), 5),
        (("permute", 0, 0), 0),
        (("phases", 0), 3),
        (("phases", (1, 0), 0), 2),
        (("flip", (1,), 1), 2),
        (("flip", (0,), 2), 2),
    ],
)
def test_bad_programs_are_refused(operation, n):
    with pytest.raises(ValueError, match=r"Argument `(program|n)` must"):
        native.run([operation], n, *_with_tables(max(n, 1)))


@pytest.mark.parametrize(
    ("number", "change", "error", "message"),
    [
        (0, lambda a: a.real, TypeError, "`psi` must be complex64 or complex128, but is float32"),
        (0, lambda a: a[:8], ValueError, r"`psi` must have shape \(16\), but has \(8,\)"),
        (1, lambda a: a[None], ValueError, r"`matrices` must have shape \(s\)"),
        (1, lambda a: a[:15], ValueError, "needs its place among the 15 entries of `matrices`"),
        (1, lambda a: a.astype(np.float64), TypeError, "`matrices` must be float32"),
        (2, lambda a: a[..., :0], ValueError, r"`many` must have shape \(m, 2, 2, 2, 1\)"),
        (3, lambda a: a.astype(np.complex128), TypeError, "`phases` must be complex64 or float32"),
        (4, lambda a: a.astype(np.int64), TypeError, "`indices` must be int32"),
    ],
)
def test_bad_arrays_are_refused(number, change, error, message):
    psi, tables = _with_tables(4)
    given = [psi, *tables]
    given[number] = change(given[number])
    with pytest.raises(error, match=message):
        native.run([("matrix", (0,), 8)], 4, given[0], native.Tables(*given[1:]))


def _with_tables(n):
    psi, ones, _, many, *constants = arrays(np.random.default_rng(0), n, 0, "complex64")
    return psi, native.Tables(parts(ones).ravel(), parts(many), *constants)
