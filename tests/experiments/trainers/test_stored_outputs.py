"""Others' stored predictions as rows: the published figures come out, other events are refused."""

import os

import numpy as np
import pytest

from circuits import Exact, build_circuit, gate, z
from experiments.costs.prices import price, read_prices
from experiments.trainers.stored_outputs import (
    StoredOutputs,
    look_up,
    published_circuit,
    stored_outputs,
    stored_scores,
)
from qml import batch_angles, infer, thaw
from qml.data import aspen9_angles, load_dataset
from qml.metrics import accuracy, auc, tagging_power
from qml.offload_report import offload_summary

needs_mirror = pytest.mark.skipif(
    not os.environ.get("QML_DATA_MIRROR"),
    reason="its published files are not shipped; QML_DATA_MIRROR names no folder",
)
CIRCUIT = build_circuit([gate("rx", 0, angle=("inputs", 0))])
MADE = StoredOutputs(np.array([[0.1], [0.2]]), np.array([[0.5], [1.0]]), {"shots": 100}, packed=2)


def test_a_backend_that_remembers():
    result = MADE.expectation(CIRCUIT, z(0), {"inputs": [[0.2], [0.1], [0.2]]})
    assert result.values.ravel().tolist() == [1.0, 0.5, 1.0]
    np.testing.assert_allclose(result.std.ravel(), [0.01, np.sqrt(0.75 / 100), 0.01])
    assert result.info["circuits"] == 2  # three events, two a circuit


def test_what_nobody_asked_the_device_about_is_refused():
    with pytest.raises(ValueError, match="No output is stored for 1 of 2 events"):
        MADE.expectation(CIRCUIT, z(0), {"inputs": [[0.2], [0.15]]})
    with pytest.raises(ValueError, match="No output is stored for 1 of 1"):
        look_up(np.array([[0.0]]), np.array([[1.0]]))
    with pytest.raises(ValueError, match="have no bits"):
        MADE.sample(CIRCUIT, {"inputs": [[0.2]]}, shots=1, seed=0)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: stored_outputs(device="sycamore"),
        lambda: published_circuit(np.zeros((2, 18)), np.zeros(2), 0, name="other"),
        lambda: stored_scores(np.zeros((2, 16)), np.zeros(2), 0, outputs="other"),
        lambda: published_circuit(np.zeros((2, 3)), np.zeros(2), 0),
    ],
)
def test_unknown_names_and_other_data_are_refused(refused):
    with pytest.raises(ValueError, match=r"must be one of|set `data.name` to 'susy_aspen9'"):
        refused()


@pytest.fixture(scope="module")
def data():
    return load_dataset("susy_aspen9")


@pytest.fixture(scope="module")
def susy(data):
    """The authors' circuit on the events of the device: exact, and as the device answered."""
    model, params = thaw(published_circuit(data.x, data.y, 0).frozen)
    x, y = data.x[data.test], data.y[data.test]
    return infer(model, params, x, Exact()), infer(model, params, x, stored_outputs()), y


def _one_qubit(x):
    """<Z> of the authors' circuit, one 2 x 2 rotation after the other."""
    matrix, shift = aspen9_angles()
    up, down = np.ones(len(x), complex), np.zeros(len(x), complex)
    for index, half in enumerate((x @ matrix.T + shift).T / 2):
        if index % 3 == 1:
            cos, sin = np.cos(half), np.sin(half)
            up, down = cos * up - sin * down, sin * up + cos * down
        else:
            up, down = np.exp(-1j * half) * up, np.exp(1j * half) * down
    return np.abs(up) ** 2 - np.abs(down) ** 2


@needs_mirror
def test_the_authors_circuit_has_its_published_scores(data, susy):
    values = _one_qubit(data.x)
    assert auc(-values[5000:], data.y[5000:]) == pytest.approx(0.8488144, abs=1e-9)  # cell 91
    assert auc(-values[:5000], data.y[:5000]) == pytest.approx(0.8532208, abs=1e-6)  # cell 89
    np.testing.assert_allclose(susy[0].result.values[:, 0], values[data.test], atol=1e-9)


@needs_mirror
def test_aspen9_beside_its_own_circuit(susy):
    exact, device, labels = susy
    made = offload_summary(exact, device, labels, resamples=200)
    assert made["score"][0] == pytest.approx(0.829794, abs=1e-9)
    assert made["exact"][0] == pytest.approx(0.844312, abs=1e-9)
    assert made["change"][2] < 0  # the loss is seen
    found = made["agreement"]
    assert found["slope"] == pytest.approx(0.716184, abs=1e-6)
    assert found["rmse"] > 20 * found["shot_noise"]  # it is bias, not shots
    assert device.result.info["simulated"] is False


@needs_mirror
def test_what_aspen9_took(susy):
    info = susy[1].result.info
    cost = {"events": 2000, "shots": info["shots"], "circuits": info["circuits"], "seconds": {}}
    assert (info["shots"], info["circuits"]) == (10_000, 200)
    found = price(cost, "Rigetti on Amazon Braket", read_prices())
    assert found.amount == pytest.approx(200 * 0.30 + 200 * 10_000 * 0.00035)


@needs_mirror
def test_only_events_of_the_device_have_an_answer(data):
    model, params = thaw(published_circuit(data.x, data.y, 0).frozen)
    angles = batch_angles(model, params, data.x[[*data.train[:3], data.test[0]]])
    with pytest.raises(ValueError, match="No output is stored for 3 of 4"):
        stored_outputs().expectation(model.circuit, model.observables, angles)


@needs_mirror
def test_lhcb_jets_have_the_published_figures_in_any_order():
    data = load_dataset("lhcb_bjets")
    order = np.random.default_rng(0).permutation(len(data.y))
    scores, labels = stored_scores(data.x, data.y, 0).score(data.x[order]), data.y[order]
    assert auc(scores, labels) == pytest.approx(0.617092, abs=5e-7)
    assert accuracy(scores, labels) == pytest.approx(0.596)
    assert tagging_power(scores, labels) == pytest.approx(0.036864, abs=5e-7)


@needs_mirror
def test_lhcb_outputs_are_those_of_a_simulator_without_shots():
    """<Z> after amplitude encoding is a quadratic form of the normalised features: 136 numbers."""
    data = load_dataset("lhcb_bjets")
    x = data.x / np.linalg.norm(data.x, axis=1, keepdims=True)
    first, second = np.triu_indices(16)
    products = x[:, first] * x[:, second]
    scores = stored_scores(data.x, data.y, 0).score(data.x)
    form = np.linalg.lstsq(products, scores, rcond=None)[0]
    np.testing.assert_allclose(products @ form, scores, atol=1e-12)
