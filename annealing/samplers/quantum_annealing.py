"""Simulated quantum annealing: path-integral Monte Carlo of the Ising model in a transverse field.

The machine's Hamiltonian, in units of frequency,

    H(s) / h = -A(s) / 2 sum_i X_i + B(s) / 2 (sum_i h_i Z_i + sum_{i<j} J_ij Z_i Z_j),

at inverse temperature beta is, by Trotter's formula with P slices, a classical model of P copies of
the problem at beta B / (2 P), in which a spin is coupled to itself in the next slice with strength
-ln(tanh(beta A / (2 P))) / 2: M. Suzuki, Prog. Theor. Phys. 56, 1454 (1976); as an optimiser
R. Martonak, G. Santoro, E. Tosatti, Phys. Rev. B 66, 094203 (2002).
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from annealing.qubo import Qubo
from annealing.samplers import chromatic, dense
from annealing.samplers.chromatic import Tables, tables_of
from annealing.samplers.descent import polished
from annealing.samplers.graphs import Ising, is_dense, ising, layout
from annealing.samplers.protocol import Samples, check_count, check_request
from annealing.samplers.stopping import UNLIMITED, Budget, Method, draw

KELVIN = 20.8366  # k_B / h in GHz per kelvin
FIELD = 4.0  # root mean square field of a problem on the device's graph with couplings of +-1
WEAKEST = 1e-6  # of beta A / (2 P): beyond, slices are locked together at any number of sweeps


class Rings(NamedTuple):
    """A sparse problem of which each spin is a ring of slices: couplings in and across slices."""

    space: Tables
    time: Tables


class Slices(NamedTuple):
    """A dense problem `J` (N, N), `h` (N,) whose even and odd slices are updated in turn."""

    J: Any
    h: Any


@dataclass(frozen=True)
class SimulatedQuantumAnnealing:
    """Path-integral Monte Carlo, the classical simulation nearest to a quantum annealer.

    It samples the equilibrium of the device's Hamiltonian along its schedule, not its dynamics:
    sweeps are no microseconds, and noise, readout and broken parts are left out. A read is its
    slice of lowest energy. As an optimiser it costs `slices` times an annealer and, on the problems
    measured here, finds no lower energies than parallel tempering in that time.

    Args:
        sweeps: of a read; each proposes to turn every spin of every slice once.
        slices: even, at least 4. More of them are nearer to the quantum model: the error falls with
            the square of (beta B / P).
        schedule: rows (s, A, B), s from 0 to 1 rising, A and B in GHz, interpolated linearly;
            by default `typical_schedule()`, which belongs to no machine in particular.
        millikelvin: temperature; 15 is typical of the machines.
        field: root mean square field to which a problem is scaled, in units of the device's
            coupling 1; the default is that of +-1 couplings on its graph.
        polish: whether a steepest descent follows.
        budget: when to stop early.

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix([[-1.0, 2.0], [0.0, -2.0]])
    >>> samples = SimulatedQuantumAnnealing(sweeps=50).sample(qubo, reads=4, seed=0)
    >>> samples.bits.tolist(), samples.energies.tolist()
    ([[0, 1]], [-2.0])
    """

    sweeps: int = 1000
    slices: int = 16
    schedule: tuple[tuple[float, float, float], ...] | None = None
    millikelvin: float = 15.0
    field: float = FIELD
    polish: bool = True
    budget: Budget = UNLIMITED

    def __post_init__(self):
        check_count("sweeps", self.sweeps)
        check_count("slices", self.slices)
        if self.slices < 4 or self.slices % 2:
            raise ValueError(
                f"Argument `slices` must be even and at least 4, but is slices={self.slices}."
            )
        for name in ("millikelvin", "field"):
            value = getattr(self, name)
            if not 0 < value < np.inf:
                raise ValueError(f"Argument `{name}` must be positive, but is {name}={value}.")
        if self.schedule is not None:
            _checked(self.schedule)

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class."""
        qubo = check_request(qubo, reads, seed)
        method, unit = self._method(qubo)
        method = polished(method, qubo) if self.polish else method
        words = {name: getattr(self, name) for name in ("slices", "millikelvin", "field", "polish")}
        given = "typical, of no machine" if self.schedule is None else "given"
        info = {
            "sampler": "SimulatedQuantumAnnealing",
            "requested": {**words, "schedule": given},
            "effective": {**words, "schedule": given, "energy_of_coupling_1": unit},
        }
        return draw(
            qubo,
            method,
            reads=reads,
            seed=seed,
            sweeps=self.sweeps,
            budget=self.budget,
            info=info,
        )

    def _method(self, qubo: Qubo) -> tuple[Method, float]:
        """The inner loop, and which energy of the problem is the device's coupling 1."""
        P, table = self.slices, _checked(self.schedule or typical_schedule())
        model, place, rows, scale, rms = (_dense if is_dense(qubo) else _sparse)(qubo, P)
        unit = scale * (rms / self.field if rms > 0 else 1.0)
        beta = 1 / (KELVIN * self.millikelvin / 1000)

        def schedule(sweeps: int) -> np.ndarray:
            s = np.linspace(0, 1, sweeps) if sweeps > 1 else np.ones(1)
            A, B = (np.interp(s, table[:, 0], column) for column in table[:, 1:].T)
            space = beta * B / (2 * P) * scale / unit
            return np.stack([space, trotter_coupling(beta * A / (2 * P))], axis=1)

        def read(state: Any) -> np.ndarray:
            bits = np.asarray(state[0] > 0)
            slices = bits[place].reshape(qubo.n_variables, P, bits.shape[-1]).transpose(2, 1, 0)
            lowest = qubo.energy(slices).argmin(axis=1)
            return np.take_along_axis(slices, lowest[:, None, None], axis=1)[:, 0]

        method = Method(
            init=lambda keys: start(model, keys, rows, P),
            step=lambda state, block, count: advance(model, state, block, count),
            read=read,
            schedule=schedule,
            bytes_per_read=24 * rows * (P if isinstance(model, Slices) else 1),
            most=256,
        )
        return method, float(unit)


def typical_schedule(points: int = 101) -> tuple[tuple[float, float, float], ...]:
    """Rows (s, A, B) in GHz that look like an annealer's, with A = 6.5 (1 - s)^4 and
    B = 0.3 + 8.2 s^1.5.

    An approximation of ours, not the table of any machine: those are published by its maker for
    each solver, and may be given to `SimulatedQuantumAnnealing`.

    >>> [round(value, 2) for value in typical_schedule(3)[1]]
    [0.5, 0.41, 3.2]
    """
    s = np.linspace(0, 1, points)
    A, B = 6.5 * (1 - s) ** 4, 0.3 + 8.2 * s**1.5
    return tuple(zip(s.tolist(), A.tolist(), B.tolist(), strict=True))


def trotter_coupling(x: Any) -> Any:
    """-ln(tanh(x)) / 2: how strongly a spin holds to itself in the next slice, x = beta A / (2 P).

    >>> round(float(trotter_coupling(0.5)), 4)
    0.386
    """
    return -np.log(np.tanh(np.maximum(x, WEAKEST))) / 2


def _checked(rows: Any) -> np.ndarray:
    """The table (k, 3) of a schedule, or an error."""
    table = np.asarray(rows, dtype=float)
    if table.ndim != 2 or table.shape[1] != 3 or len(table) < 2:
        raise ValueError("Argument `schedule` must have rows (s, A, B), two at least.")
    s, A, B = table.T
    rising = s[0] == 0 and s[-1] == 1 and (np.diff(s) > 0).all()
    if not (np.isfinite(table).all() and rising and (A >= 0).all() and (B >= 0).all()):
        raise ValueError(
            "Argument `schedule` must have s rising from 0 to 1 and finite A and B of at least 0."
        )
    return table


def _sparse(qubo: Qubo, P: int) -> tuple[Rings, np.ndarray, int, float, float]:
    """The model of `P` slices as one graph, places (n * P,), rows, scale, typical field."""
    model = ising(qubo)
    n, (rows, cols, values) = len(model.h), model.J
    slices, spins = np.arange(P), np.arange(n)[:, None] * P
    within = [(index[:, None] * P + slices).ravel() for index in (rows, cols)]
    across = [(spins + slices).ravel(), (spins + (slices + 1) % P).ravel()]
    rows, cols = (np.concatenate(both) for both in zip(within, across, strict=True))
    made = layout(n * P, rows, cols)
    none = np.zeros(n * P)
    space = tables_of(made, np.repeat(model.h, P), np.append(np.repeat(values, P), none))
    time = tables_of(made, none, np.append(np.zeros(len(values) * P), none - 1))
    return Rings(space, time), made.place, made.colours * made.width, model.scale, _rms(model)


def _dense(qubo: Qubo, P: int) -> tuple[Slices, np.ndarray, int, float, float]:
    made = dense.dense(qubo)
    J, h = np.asarray(made.J, float), np.asarray(made.h, float)
    squares = (h**2 + (J**2).sum(axis=1))[: made.n]
    rms = float(np.sqrt(squares.mean())) if made.n else 0.0
    return Slices(made.J, made.h), np.arange(made.n), len(h), made.scale, rms


def _rms(model: Ising) -> float:
    """Root mean square of the fields that random surroundings exert."""
    n = len(model.h)
    total = (model.h**2).sum() + 2 * (model.J.values**2).sum()
    return float(np.sqrt(total / n)) if n else 0.0


@partial(jax.jit, static_argnums=(2, 3))
def start(model: Any, keys: jax.Array, rows: int, P: int) -> tuple[jax.Array, jax.Array]:
    """Random spins and noise: (rows, r) of rings, (rows, P, r) of slices."""
    if isinstance(model, Rings):
        spins, noise = dense.start(keys, rows)
        return spins.astype(jnp.int8), noise
    spins, noise = dense.start(keys, rows * P)
    return spins.reshape(rows, P, -1), noise.reshape(rows, P, -1)


@jax.jit
def advance(model: Any, state: Any, block: jax.Array, count: jax.Array) -> Any:
    """`count` sweeps of all slices with the first rows (space, time) of `block`."""
    one: Any = _ring_sweep if isinstance(model, Rings) else _slice_sweep
    return lax.fori_loop(0, count, lambda i, state: one(model, state, *block[i]), state)


def _ring_sweep(model: Rings, state: Any, space: jax.Array, time: jax.Array) -> Any:
    """One sweep over all spins of all slices, by the colours of the graph of rings."""
    weights = tuple(
        space * one + time * other
        for one, other in zip(model.space.weights, model.time.weights, strict=True)
    )
    tables = Tables(space * model.space.fields, model.space.slots, weights)
    return chromatic.sweep(state, tables, jnp.float32(1), "metropolis")


def _slice_sweep(model: Slices, state: Any, space: jax.Array, time: jax.Array) -> Any:
    """The even slices given the odd ones, then the odd ones."""
    spins, noise = state
    P = spins.shape[1]
    for parity in (0, 1):
        beside = jnp.roll(spins, 1, axis=1) + jnp.roll(spins, -1, axis=1)
        mine, drawn, held = (
            x[:, parity::2].reshape(len(spins), -1) for x in (spins, noise, beside)
        )
        # In units of the space coupling, as the sweep expects; held together, energies fall.
        fields = model.h[:, None] - time / space * held
        mine, drawn = dense.sweep(model.J, fields, mine, drawn, space)
        shape = (len(spins), P // 2, -1)
        spins = spins.at[:, parity::2].set(mine.reshape(shape))
        noise = noise.at[:, parity::2].set(drawn.reshape(shape))
    return spins, noise
