"""The programs of the dense samplers lower for CUDA, on a machine that has none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from annealing import qubo_from_ising
from annealing.samplers import bifurcation, dense_annealing, ladders, quantum_annealing
from annealing.samplers.dense import start
from annealing.samplers.engines import engine

KEYS = jax.random.split(jax.random.key(0), 2)
COUNT = jnp.int32(3)
ROWS = jnp.linspace(0.1, 1, 3, dtype=jnp.float32)


def lowers(program, *arguments):
    text = program.trace(*arguments).lower(lowering_platforms=("cuda",)).as_text()
    return text.startswith("module") and "stablehlo" in text


def problem(sparse):
    pairs = {(i, (i + 1) % 40): 1.0 for i in range(40)}
    return qubo_from_ising(np.zeros(40), pairs if sparse else np.ones((40, 40)))


@pytest.mark.parametrize("discrete", [True, False])
def test_bifurcation(discrete):
    J, h = engine(problem(sparse=False)).model
    state = bifurcation.start(KEYS, len(h), jnp.float32(1), jnp.float32(0))
    assert lowers(bifurcation.advance, J, h, jnp.float32(1), state, ROWS, COUNT, discrete)


def test_dense_annealing():
    J, h = engine(problem(sparse=False)).model
    assert lowers(dense_annealing.anneal, J, h, start(KEYS, len(h)), ROWS, COUNT)


@pytest.mark.parametrize("sparse", [True, False])
def test_tempering(sparse):
    made = engine(problem(sparse))
    state = ladders.start(made.model, KEYS, made.rows, 3, 2)
    assert lowers(ladders.advance, made.model, state, ROWS, COUNT, sparse)


@pytest.mark.parametrize("sparse", [True, False])
def test_quantum_annealing(sparse):
    make = quantum_annealing._sparse if sparse else quantum_annealing._dense
    model, _, rows, _, _ = make(problem(sparse), 4)
    state = quantum_annealing.start(model, KEYS, rows, 4)
    block = jnp.ones((3, 2), jnp.float32)
    assert lowers(quantum_annealing.advance, model, state, block, COUNT)
