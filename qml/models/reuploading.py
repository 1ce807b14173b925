"""The data re-uploading classifier: the inputs are encoded again in every layer.

score(x) = gain . <Z_0, ..., Z_{k-1}> + bias, with encoding angles scale * x and trained rotations
between the encodings: Pérez-Salinas et al., Quantum 4, 226 (2020), arXiv:1907.02085. A model of
L layers is a Fourier series of degree at most L * scale in each input: Schuld, Sweke, Meyer,
Phys. Rev. A 103, 032430 (2021), arXiv:2008.08605.
"""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np

import circuits
from qml.models.model import CircuitModel, Params, circuit_model


@lru_cache(maxsize=64)  # one model a shape, so that its compiled programs are shared
def reuploading_model(
    n_features: int, *, n_qubits: int = 4, n_layers: int = 3, n_readout: int | None = None
) -> CircuitModel:
    """Data re-uploading classifier with trainable input scales and an affine readout.

    Args:
        n_features: f, features a sample; each is encoded once a layer, more than one on a qubit
            where f > n_qubits.
        n_qubits: qubits; four fit every small device and its fake.
        n_layers: how often the inputs are encoded.
        n_readout: qubits that are measured (Z each); all by default.

    Returns:
        the model; params = {"weights": (p,) radians, "scale": (i,), "gain": (k,), "bias": ()}.

    Raises:
        ValueError: a count that is not a positive int.

    Example:
        >>> model = reuploading_model(8, n_qubits=4, n_layers=2)
        >>> params = model.init(jax.random.key(0))
        >>> model.apply(params, jnp.zeros(8)).shape
        ()
    """
    circuit = circuits.reuploading(n_qubits, n_layers, n_features)
    # int32 in either precision: JAX mixes up 64-bit indices when x64 is switched between calls.
    feature = np.arange(circuit.segments["inputs"], dtype=np.int32) % n_features
    observables = tuple(circuits.z(wire) for wire in range(n_readout or n_qubits))

    def init(key: jax.Array) -> Params:
        shape = (circuit.segments["weights"],)
        return {
            "weights": jax.random.normal(key, shape) * (0.3 * jnp.pi),
            "scale": jnp.ones(circuit.segments["inputs"]),
            "gain": jnp.ones(len(observables)),
            "bias": jnp.zeros(()),
        }

    def angles(params: Params, x: jax.Array) -> dict[str, jax.Array]:
        if x.shape != (n_features,):  # JAX takes the last entry for any that is beyond
            raise ValueError(
                f"Argument `x` must hold {n_features} features a sample, but has {x.shape}."
            )
        return {"inputs": params["scale"] * x[feature], "weights": params["weights"]}

    def readout(params: Params, values: jax.Array) -> jax.Array:
        return jnp.dot(params["gain"], values) + params["bias"]

    return circuit_model(circuit, observables, init=init, angles=angles, readout=readout)
