# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Quickstart: four ways through one problem
#
# Higgs to two photons against prompt di-photons: train classically or on an annealer, predict classically or on a circuit
# device. Every step of `qml demo`, small, in Python.

# %%
# %matplotlib inline
import jax
import numpy as np

from annealing import Exhaustive, MockAnnealer, SimulatedAnnealing
from circuits import Exact, PennyLaneBackend, Shots
from experiments.reporting.plots import device_scatter, energies, roc, training_curve
from qml import (
    fit,
    fit_ensemble,
    fit_scaler,
    freeze,
    infer,
    load_checkpoint,
    load_dataset,
    reuploading_model,
    save_checkpoint,
    scale_features,
    score_ensemble,
    thaw,
)
from qml.metrics import auc, bootstrap, paired_difference, roc_curve

# %% [markdown]
# ## The data
# They come with the project, with a checksum, a data card and fixed training and test rows.

# %%
data = load_dataset("diphoton")
x, y = data.x[data.train[:2000]], data.y[data.train[:2000]]
x_test, y_test = data.x[data.test[:2000]], data.y[data.test[:2000]]
print(", ".join(data.features))

# %% [markdown]
# ## Classical baseline
# Nothing quantum is worth a word without it.

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

baseline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
baseline_scores = baseline.decision_function(x_test)
print("logistic regression", bootstrap(auc, baseline_scores, y_test, seed=0))

# %% [markdown]
# ## Train classically, predict on a circuit device
# A data re-uploading circuit, trained with JAX and optax, frozen, saved, and read back from its checkpoint.

# %%
scaler = fit_scaler(x)
model = reuploading_model(x.shape[1], n_qubits=4, n_layers=2)
trained = fit(model, np.asarray(scale_features(scaler, x)), y, key=jax.random.key(0), steps=200)
save_checkpoint("runs/quickstart/circuit", freeze(model, trained.params, scaler))
frozen, digest = load_checkpoint("runs/quickstart/circuit")
print("checkpoint", digest[:16], "seconds", trained.seconds)

# %%
training_curve(trained.losses[None])

# %%
circuit_model, params = thaw(frozen)
exact = infer(circuit_model, params, x_test, Exact())
shots = infer(circuit_model, params, x_test, Shots(shots=512, seed=0))
pennylane = infer(circuit_model, params, x_test, PennyLaneBackend("default.qubit"))
for name, outcome in {"exact": exact, "512 shots": shots, "default.qubit": pennylane}.items():
    print(f"{name:14s}", bootstrap(auc, outcome.scores, y_test, seed=0))
print("shots - exact ", paired_difference(auc, shots.scores, exact.scores, y_test, seed=0))

# %%
device_scatter(exact.result.values.ravel(), [("512 shots", shots.result.values.ravel())])

# %% [markdown]
# ## Train on an annealer, predict classically
# An ensemble of weak classifiers whose weights are the ground state of a QUBO. Small enough for an exact answer, so that the
# annealers can be judged.

# %%
settings = {"count": 16, "max_correlation": 0.95, "shifts": (-0.5, 0.0, 0.5), "scale": 4.0}
samplers = {
    "exhaustive": Exhaustive(),
    "annealing": SimulatedAnnealing(sweeps=200),
    "mock Zephyr": MockAnnealer(sweeps=200),
}
ensembles = {
    name: fit_ensemble(x, y, sampler, reads=50, **settings) for name, sampler in samplers.items()
}
for name, ensemble in ensembles.items():
    score = bootstrap(auc, score_ensemble(ensemble, x_test), y_test, seed=0)
    print(f"{name:14s}", score, "switched on:", int(ensemble.weights.sum()))

# %%
lowest = float(ensembles["exhaustive"].samples.energies[0])
reads = [
    (name, np.repeat(e.samples.energies, e.samples.occurrences))
    for name, e in ensembles.items()
    if name != "exhaustive"
]
energies(reads, lowest)

# %% [markdown]
# ## All of it in one figure

# %%
scores = {
    "logistic regression": baseline_scores,
    "re-uploading, exact": exact.scores,
    "annealed ensemble": score_ensemble(ensembles["annealing"], x_test),
}
curves = []
for name, values in scores.items():
    fpr, tpr = roc_curve(values, y_test)[:2]
    curves.append((f"{name} ({auc(values, y_test):.3f})", tpr, fpr))
roc(curves)

# %% [markdown]
# The table with intervals, seeds and baselines is one command: `qml demo`.
