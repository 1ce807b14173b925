"""Exact dynamics: states at given times under a Hamiltonian that is a Pauli sum, without steps."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.observables import PauliSum, check_observables
from circuits.simulation.engine.dispatch import linear_operation
from circuits.simulation.pauli import apply_pauli_sums, as_complex

Array = npt.NDArray[np.float64]


def evolve(
    hamiltonian: PauliSum, times: Sequence[float] | Array, n_qubits: int
) -> Callable[[jax.Array], jax.Array]:
    """Return the function that computes ``exp(-i t H) |psi>`` at some times.

    By Chebyshev polynomials of ``H``, whose number grows with the time between two of the `times`
    and the sum of the absolute coefficients, a bound of ``|H|``; each costs one pass over the terms
    of ``H``. What is cut off is below the rounding. `trotterize` makes the circuit that a quantum
    computer would run.

    Args:
        hamiltonian: ``H``, constant in time.
        times: t of them, not decreasing, the first from 0 on; in units of one over those of ``H``.
        n_qubits: n.

    Returns:
        A pure function of a state (2**n,), linear, for `jit`, `grad` and `vmap`; it returns states
        (t, 2**n). Gradients evolve back and keep no state besides those returned.

    Raises:
        ValueError: on times that are negative, decreasing or not finite, or a term that acts
            outside the qubits.

    Source:
        Tal-Ezer and Kosloff, J. Chem. Phys. 81, 3967 (1984), Eq. 2.12.

    >>> from circuits import pauli
    >>> states = evolve(pauli("X", 0), [0.0, np.pi / 2], 1)(jnp.array([1.0, 0.0]))
    >>> print(states.round(3) + 0.0)
    [[1.+0.j 0.+0.j]
     [0.+0.j 0.-1.j]]
    """
    (checked,) = check_observables(hamiltonian, n_qubits)
    spans = np.diff(_checked_times(times), prepend=0.0)
    middle = sum(value for value, string in checked.terms if not string)
    terms = tuple((value, string) for value, string in checked.terms if string)
    radius = sum(abs(value) for value, _ in terms)
    scaled = PauliSum(terms) * (1 / radius) if radius else PauliSum(((0.0, ()),))
    step = _step(scaled, n_qubits)

    def run(psi: jax.Array) -> jax.Array:
        psi = as_complex(psi)
        series = _series(spans, radius, middle, float(jnp.finfo(psi.dtype).eps))
        weights = jnp.asarray(series, psi.dtype)

        def move(psi: jax.Array, row: jax.Array) -> tuple[jax.Array, jax.Array]:
            moved = step((row, jax.lax.stop_gradient(psi)), psi)
            return moved, moved

        return jax.lax.scan(move, psi, weights)[1]

    return run


def _step(scaled: PauliSum, n: int):
    """``(weights, _), psi -> sum_k weights[k] T_k(H) psi``; its transpose is that of ``H^T``."""
    flipped = PauliSum(tuple((value * _parity(string), string) for value, string in scaled.terms))

    def sum_of(operator: PauliSum):
        apply, one = apply_pauli_sums(operator, n), jnp.ones(1, jnp.result_type(float))

        def run(residual, psi: jax.Array) -> jax.Array:
            weights, _ = residual

            def term(carry, weight):
                last, now, total = carry
                return (now, 2 * apply(now, one) - last, total + weight * now), None

            first = apply(psi, one)
            # T_{-1} = T_1, so the recursion can begin one place before the first polynomial.
            return jax.lax.scan(term, (first, psi, jnp.zeros_like(psi)), weights)[0][2]

        return run

    forward, back = sum_of(scaled), sum_of(flipped)
    return linear_operation("evolve", forward, back, like=lambda residual: residual[1])


def _parity(string) -> int:
    """The sign of a Pauli string's transpose: that of Y is -Y."""
    return -1 if sum(letter == "Y" for _, letter in string) % 2 else 1


def _series(spans: Array, radius: float, middle: float, eps: float) -> npt.NDArray[np.complex128]:
    """Weights (t, K) of Chebyshev polynomials that add up to ``exp(-i span H)``, for each span."""
    from scipy.special import jv

    reach = radius * spans[:, None]
    order = np.arange(int(1.5 * reach.max()) + 40)
    bessel = jv(order, reach) * np.where(order, 2.0, 1.0)
    last = np.flatnonzero((np.abs(bessel) > eps / 8).any(0)).max()
    turned = bessel[:, : last + 1] * (-1j) ** (order[: last + 1] % 4)
    return turned * np.exp(-1j * middle * spans)[:, None]


def _checked_times(times: Sequence[float] | Array) -> Array:
    array = np.asarray(times, float)
    steps = np.diff(array, prepend=0.0) if array.ndim == 1 else array
    if array.ndim != 1 or not array.size or not np.isfinite(array).all() or (steps < 0).any():
        raise ValueError(
            "Argument `times` must hold finite numbers from 0 on that do not decrease, "
            f"but is {times!r}."
        )
    return array
