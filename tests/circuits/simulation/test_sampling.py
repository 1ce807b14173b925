import jax
import jax.numpy as jnp
import numpy as np

from circuits import build_circuit, gate, probabilities, samples
from circuits.simulation import sampling

KEY = jax.random.key(11)


def test_frequencies_agree_with_probabilities_within_binomial_errors():
    circuit = build_circuit(
        [gate("ry", 0, angle=1.1), gate("cx", 0, 1), gate("rx", 2, angle=("w", 0))]
    )
    angles, shots = {"w": jnp.array([0.6])}, 20_000
    bits = samples(circuit, shots)(angles, KEY)
    assert (bits.shape, bits.dtype) == ((shots, 3), jnp.uint8)
    counts = np.bincount(np.asarray(bits) @ [4, 2, 1], minlength=8)
    expected = np.asarray(probabilities(circuit)(angles))
    errors = np.sqrt(shots * expected * (1 - expected))
    np.testing.assert_array_less(np.abs(counts - shots * expected), 4 * errors + 1e-9)


def test_impossible_outcomes_never_happen():
    bell = build_circuit([gate("h", 0), gate("cx", 0, 1)])
    with jax.enable_x64(False):
        bits = np.asarray(samples(bell, 50_000)({}, jax.random.key(0)))
    assert np.array_equal(bits[:, 0], bits[:, 1])
    assert 0 < bits[:, 0].sum() < 50_000


def test_the_key_alone_decides():
    draw = jax.jit(samples(build_circuit([gate("h", wire) for wire in range(4)]), 100))
    assert np.array_equal(draw({}, KEY), draw({}, KEY))
    assert not np.array_equal(draw({}, KEY), draw({}, jax.random.key(12)))


def test_low_precision_reaches_every_outcome():
    # As single precision with 24 qubits: one running sum would have too few steps.
    weights = jnp.full(2**14, 2**-14, jnp.float16)
    drawn = np.asarray(jax.jit(sampling._draw, static_argnums=2)(weights, KEY, 2_000))
    ones = [(drawn >> bit & 1).mean() for bit in range(14)]
    np.testing.assert_allclose(ones, 0.5, atol=5 * 0.5 / 2_000**0.5)
