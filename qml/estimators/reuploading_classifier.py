"""The data re-uploading circuit as a scikit-learn classifier that can be offloaded."""

from os import PathLike
from pathlib import Path

import jax
import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from circuits import Backend
from qml.checkpoints import Frozen, freeze, thaw
from qml.estimators.labels import BinaryClassifier, binary_labels, checked
from qml.jobs import Ledgered
from qml.models import predict, reuploading_model
from qml.offloading import Inference, infer
from qml.preprocessing import fit_scaler, scale_features
from qml.training import cosine_adam, fit


class ReuploadingClassifier(BinaryClassifier):
    """Binary classifier: a data re-uploading circuit trained by JAX and optax.

    Args:
        n_qubits: qubits; features beyond it share qubits.
        n_layers: how often the inputs are encoded.
        steps: gradient steps.
        batch_size: events a step; None takes all.
        learning_rate: Adam's, decayed by a cosine to zero.
        random_state: int, RandomState or None; decides start and batches.

    After `fit`: `classes_`, `frozen_` (the checkpoint's content), `losses_` (steps,), `seconds_`.
    Source: arXiv:1907.02085. Simulation is exact, so features and qubits are limited by memory:
    2**n_qubits amplitudes an event.

    Example:
        >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]]); y = np.array(["b", "b", "s", "s"])
        >>> model = ReuploadingClassifier(n_qubits=1, n_layers=2, steps=100, random_state=0)
        >>> model.fit(x, y).predict(x).tolist()
        ['b', 'b', 's', 's']
    """

    def __init__(
        self,
        n_qubits: int = 4,
        n_layers: int = 2,
        steps: int = 200,
        batch_size: int | None = 128,
        learning_rate: float = 0.05,
        random_state=None,
    ):
        self.n_qubits = n_qubits
        self.n_layers = n_layers
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X, y):
        """Train on X (N, f) and labels y (N,) of two classes."""
        X, y = checked(self, X, y)
        self.classes_, labels = binary_labels(y)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        scaler = fit_scaler(X)
        model = self._model()
        result = fit(
            model,
            np.asarray(scale_features(scaler, X)),
            labels,
            key=jax.random.key(seed),
            optimizer=cosine_adam(self.learning_rate, self.steps),
            steps=self.steps,
            batch_size=self.batch_size,
        )
        self.frozen_: Frozen = freeze(model, result.params, scaler)
        self._params = jax.tree.map(np.asarray, result.params)
        self.losses_, self.seconds_ = result.losses, result.seconds
        return self

    def decision_function(self, X) -> np.ndarray:
        """Scores (b,) of X (b, f); positive means `classes_[1]`."""
        check_is_fitted(self)
        X = checked(self, X, reset=False)
        scaled = np.asarray(scale_features(self.frozen_.scaler, X))
        return predict(self._model(), self._params, scaled)

    def offload(self, X, backend: Backend, jobs: str | PathLike | None = None) -> Inference:
        """Predict X (b, f) on a circuit backend from the frozen model.

        With `jobs`, the folder of a ledger, each step is kept on disk and the same call goes on
        where it was stopped; see `qml.jobs.Ledgered`, which has limits on time and cost too.

        Returns scores, their standard errors and the backend's result.
        """
        check_is_fitted(self)
        X = checked(self, X, reset=False)
        if jobs is not None:
            backend = Ledgered(backend, Path(jobs))
        return infer(*thaw(self.frozen_), X, backend)

    def _model(self):
        return reuploading_model(
            self.n_features_in_, n_qubits=self.n_qubits, n_layers=self.n_layers
        )
