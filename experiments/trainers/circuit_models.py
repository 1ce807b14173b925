"""Circuit models, trained classically."""

import jax
import numpy as np

from experiments.trainers.trained import Progress, TrainedCircuit
from qml import cosine_adam, fit, fit_scaler, freeze, reuploading_model, scale_features


def reuploading(
    x,
    y,
    seed,
    *,
    progress: Progress | None = None,
    qubits: int = 4,
    layers: int = 3,
    steps: int = 400,
    batch_size: int = 256,
    learning_rate: float = 0.03,
) -> TrainedCircuit:
    """Data re-uploading classifier, trained with JAX and optax, frozen for a device."""
    scaler = fit_scaler(x)
    model = reuploading_model(x.shape[1], n_qubits=qubits, n_layers=layers)
    result = fit(
        model,
        np.asarray(scale_features(scaler, x)),
        y,
        key=jax.random.key(seed),
        optimizer=cosine_adam(learning_rate, steps),
        steps=steps,
        batch_size=batch_size,
        progress=progress,
    )
    frozen = freeze(model, result.params, scaler)
    return TrainedCircuit(frozen, result.losses, result.seconds)
