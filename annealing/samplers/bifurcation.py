"""Simulated bifurcation: classical oscillators that fall to one side or the other.

Each spin is the sign of a position x in [-1, 1] with momentum y. While the pump a(t) grows from
0 to 1, the rest at the origin loses its stability and the couplings decide who goes where:

    dy/dt = -(1 - a(t)) x - c (J g(x) + h),      dx/dt = y,

with inelastic walls at |x| = 1. g(x) = x is *ballistic*, g(x) = sign(x) *discrete* bifurcation:
H. Goto et al., Science Advances 7, eabe7953 (2021). (The sign of J is turned against theirs, since
h.s + s.J.s / 2 is to be small.) One step of all reads is one matrix product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from annealing.qubo import Qubo
from annealing.samplers.dense import Dense, as_bits, dense, product, signs, spectral_radius
from annealing.samplers.descent import polished, steepest_descent
from annealing.samplers.protocol import Samples, check_count, check_request, collect
from annealing.samplers.stopping import UNLIMITED, Budget, Method, draw, read_keys

AMPLITUDE = 0.1  # of the first positions and momenta: small against the walls
SPREAD = 0.5  # of the coupling between ballistic reads, see the class


class State(NamedTuple):
    """Positions and momenta (N, r), and the coupling strength (r,) of each read."""

    x: jax.Array
    y: jax.Array
    strength: jax.Array


@dataclass(frozen=True)
class SimulatedBifurcation:
    """Simulated bifurcation on the dense coupling matrix, the first choice for dense problems.

    The coupling c is 1 over the spectral radius of J, the point where the origin turns unstable at
    the end of the pump. For random couplings this is the published 0.5 / (sqrt(n) rms(J)); measured
    on learning problems, whose matrices are not random, it ends lower. Fields act directly.

    Ballistic reads follow the largest eigenvector rather than their random start and mostly end in
    one state. So each has its own c, up to half more or less; their answers are still few, and
    counting them says nothing about probabilities. Discrete reads need no such spread.

    Args:
        steps: time steps of a read. Costs 2 n**2 multiplications each.
        variant: "discrete" finds lower states given time, "ballistic" good ones in few steps.
        step_size: time of one step; the method is stable below 2.
        coupling: c in the inverse unit of the energies; by default from the spectral radius.
        polish: whether a steepest descent follows.
        budget: when to stop early.

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix([[-1.0, 2.0], [0.0, -2.0]])
    >>> samples = SimulatedBifurcation(steps=50).sample(qubo, reads=4, seed=0)
    >>> samples.bits[0].tolist(), samples.energies[0].item()
    ([0, 1], -2.0)
    """

    steps: int = 1000
    variant: Literal["discrete", "ballistic"] = "discrete"
    step_size: float = 1.0
    coupling: float | None = None
    polish: bool = True
    budget: Budget = UNLIMITED

    def __post_init__(self):
        check_count("steps", self.steps)
        if self.variant not in ("discrete", "ballistic"):
            raise ValueError(
                f"Argument `variant` must be discrete or ballistic, but is {self.variant!r}."
            )
        if not 0 < self.step_size < 2:
            raise ValueError(
                "Argument `step_size` must lie between 0 and 2, where the oscillators are stable, "
                f"but is step_size={self.step_size}."
            )
        if self.coupling is not None and not 0 < self.coupling < np.inf:
            raise ValueError(
                f"Argument `coupling` must be positive, but is coupling={self.coupling}."
            )

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class."""
        qubo = check_request(qubo, reads, seed)
        model = dense(qubo)
        coupling = self._coupling(model)
        # Device arrays are arguments of the compiled programs, never constants in them.
        strength, dt = jnp.float32(coupling * model.scale), jnp.float32(self.step_size)
        method = Method(
            init=lambda keys: start(keys, len(model.h), strength, jnp.float32(self._spread)),
            step=lambda state, pump, count: advance(
                model.J, model.h, dt, state, pump, count, self._discrete
            ),
            read=lambda state: as_bits(signs(state.x), model.n),
            schedule=pump,
            bytes_per_read=5 * 4 * len(model.h),
        )
        method = polished(method, qubo) if self.polish else method
        info = {
            "sampler": "SimulatedBifurcation",
            "requested": self._words(self.coupling),
            "effective": self._words(coupling),
        }
        return draw(
            qubo,
            method,
            reads=reads,
            seed=seed,
            sweeps=self.steps,
            budget=self.budget,
            info=info,
        )

    def sample_many(self, qubos: Sequence[Qubo], *, reads: int, seed: int) -> list[Samples]:
        """The samples of several problems of one size, computed together.

        For scans, of penalties say: small problems share the fixed cost of a step, and one
        program serves them all. Each answer is that of `sample`. All states are held at once, and
        `budget` is not looked at.

        Raises:
            ValueError: no problems, of different sizes, or a malformed request.
        """
        qubos = [check_request(qubo, reads, seed) for qubo in qubos]
        if len({qubo.n_variables for qubo in qubos}) != 1:
            raise ValueError("Argument `qubos` must hold problems of one size, at least one.")
        begin = perf_counter()
        models = [dense(qubo) for qubo in qubos]
        couplings = [self._coupling(model) for model in models]
        bits = self._bits_of_many(models, couplings, reads, seed)
        if self.polish:
            bits = [steepest_descent(*pair) for pair in zip(qubos, bits, strict=True)]
        many = {"instances": len(qubos), "sweeps": self.steps}
        asked = {"reads": int(reads), "seed": int(seed), **many}
        info = {
            "sampler": "SimulatedBifurcation",
            "requested": {**asked, **self._words(self.coupling)},
            "seconds": {"all_instances": perf_counter() - begin},
            "simulated": True,
        }
        effective = [{**asked, **self._words(coupling)} for coupling in couplings]
        return [
            collect(qubo, drawn, {**info, "effective": its_own})
            for qubo, drawn, its_own in zip(qubos, bits, effective, strict=True)
        ]

    def _bits_of_many(
        self, models: list[Dense], couplings: list[float], reads: int, seed: int
    ) -> list[np.ndarray]:
        """Bits (reads, n) of each of several models of one size."""
        J, h = jnp.stack([m.J for m in models]), jnp.stack([m.h for m in models])
        scales = [model.scale for model in models]
        strengths = jnp.asarray(np.multiply(couplings, scales), jnp.float32)
        keys, spread = read_keys(seed, 0, reads, 1), jnp.float32(self._spread)
        state = jax.vmap(start, (None, None, 0, None))(keys, h.shape[-1], strengths, spread)
        steps = jax.vmap(partial(advance, discrete=self._discrete), (0, 0, None, 0, None, None))
        dt, pumps = jnp.float32(self.step_size), jnp.asarray(pump(self.steps), jnp.float32)
        state = steps(J, h, dt, state, pumps, jnp.int32(self.steps))
        return [as_bits(signs(x), model.n) for x, model in zip(state.x, models, strict=True)]

    @property
    def _discrete(self) -> bool:
        return self.variant == "discrete"

    @property
    def _spread(self) -> float:
        return 0.0 if self._discrete else SPREAD

    def _coupling(self, model: Dense) -> float:
        """c in the inverse unit of the energies."""
        if self.coupling is not None:
            return self.coupling
        radius = spectral_radius(np.asarray(model.J))
        # Without couplings any strength will do: fields push each spin to its side.
        return 1.0 / ((radius if radius > 0 else 1.0) * model.scale)

    def _words(self, coupling: float | None) -> dict:
        return {
            "variant": self.variant,
            "step_size": self.step_size,
            "coupling": coupling,
            "polish": self.polish,
        }


def pump(steps: int) -> np.ndarray:
    """The pump a(t) at each step, from 0 to 1 in equal steps.

    >>> pump(3).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.linspace(0.0, 1.0, steps)


@partial(jax.jit, static_argnames="n")
def start(keys: jax.Array, n: int, strength: jax.Array, spread: jax.Array) -> State:
    """Random oscillators near the origin, those of a read from its key."""

    def one(key):
        position, momentum, factor = jax.random.split(key, 3)
        x, y = (
            jax.random.uniform(k, (n,), jnp.float32, -AMPLITUDE, AMPLITUDE)
            for k in (position, momentum)
        )
        return x, y, strength * (1 + spread * jax.random.uniform(factor, (), jnp.float32, -1, 1))

    x, y, strengths = jax.vmap(one)(keys)
    return State(x.T, y.T, strengths)


@partial(jax.jit, static_argnames="discrete")
def advance(
    J: jax.Array,
    h: jax.Array,
    dt: jax.Array,
    state: State,
    pumps: jax.Array,
    count: jax.Array,
    discrete: bool,
) -> State:
    """`count` steps with the first rows of `pumps`, symplectic Euler: y first, then x with it."""

    def step(i, state):
        x, y, strength = state
        force = product(J, signs(x) if discrete else x) + h[:, None]
        y = y - dt * ((1 - pumps[i]) * x + strength * force)
        x = x + dt * y
        # A wall takes the momentum of whoever runs into it.
        return State(jnp.clip(x, -1, 1), jnp.where(jnp.abs(x) > 1, jnp.float32(0), y), strength)

    return lax.fori_loop(jnp.int32(0), count, step, state)
