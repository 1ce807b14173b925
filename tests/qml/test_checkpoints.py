"""Checkpoints: nothing is lost on the way, nothing changed is accepted."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import Exact, build_circuit, gate, z
from qml import (
    circuit_model,
    fit_scaler,
    freeze,
    infer,
    load_checkpoint,
    predict,
    reuploading_model,
    save_checkpoint,
    scale_features,
    thaw,
)


@pytest.fixture
def trained():
    x = np.random.default_rng(0).normal(size=(30, 3)) * [1.0, 10.0, 0.1] + 5
    model = reuploading_model(3, n_qubits=2, n_layers=2)
    params = model.init(jax.random.key(0))
    params |= {"gain": jnp.array([1.5, -0.5]), "bias": jnp.array(0.2)}
    return x, model, params, fit_scaler(x)


def test_a_thawed_checkpoint_predicts_what_the_model_did(trained, tmp_path):
    x, model, params, scaler = trained
    digest = save_checkpoint(tmp_path / "model", freeze(model, params, scaler))
    frozen, read = load_checkpoint(tmp_path / "model")
    assert read == digest
    want = predict(model, params, np.asarray(scale_features(scaler, x)))
    np.testing.assert_allclose(infer(*thaw(frozen), x, Exact()).scores, want, atol=1e-12)


def test_trained_rotations_stay_constant_segments(trained):
    x, model, params, scaler = trained
    outcome = infer(*thaw(freeze(model, params, scaler)), x, Exact())
    frozen = freeze(model, params, scaler)
    assert not frozen.angles["weights"][0].any()
    assert frozen.angles["inputs"][0].any()
    assert len(outcome.scores) == len(x)


def test_the_same_model_gives_the_same_bytes(trained, tmp_path):
    _, model, params, scaler = trained
    for name in "ab":
        save_checkpoint(tmp_path / name, freeze(model, params, scaler))
    for suffix in (".json", ".safetensors"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_no_part_file_is_left(trained, tmp_path):
    _, model, params, scaler = trained
    save_checkpoint(tmp_path / "model", freeze(model, params, scaler))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def _change(tmp_path, **entries):
    file = tmp_path / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | entries))


def test_what_was_changed_is_refused(trained, tmp_path):
    _, model, params, scaler = trained
    save_checkpoint(tmp_path / "model", freeze(model, params, scaler))
    tensors = tmp_path / "model.safetensors"
    raw = tensors.read_bytes()
    tensors.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(ValueError, match="was changed or cut"):
        load_checkpoint(tmp_path / "model")
    tensors.write_bytes(raw[:-20])
    with pytest.raises(ValueError, match="was changed or cut"):
        load_checkpoint(tmp_path / "model")
    tensors.write_bytes(raw)
    _change(tmp_path, scaler={"low": -9.0, "high": 9.0})
    with pytest.raises(ValueError, match="was changed since"):
        load_checkpoint(tmp_path / "model")


def test_a_newer_version_asks_for_an_update(trained, tmp_path):
    _, model, params, scaler = trained
    save_checkpoint(tmp_path / "model", freeze(model, params, scaler))
    _change(tmp_path, version=2)
    with pytest.raises(ValueError, match="of version 2, but this program reads up to version 1"):
        load_checkpoint(tmp_path / "model")


def test_missing_cut_and_foreign_files_are_named(trained, tmp_path):
    with pytest.raises(FileNotFoundError, match="No checkpoint file"):
        load_checkpoint(tmp_path / "model")
    (tmp_path / "model.json").write_text('{"format": "other"}')
    with pytest.raises(ValueError, match="not a checkpoint of this project"):
        load_checkpoint(tmp_path / "model")
    (tmp_path / "model.json").write_text('{"format": ')
    with pytest.raises(ValueError, match="is not JSON"):
        load_checkpoint(tmp_path / "model")


def test_angles_that_are_not_affine_are_refused():
    model = circuit_model(
        build_circuit([gate("ry", 0, angle=("inputs", 0))]),
        (z(0),),
        init=lambda key: {},
        angles=lambda params, x: {"inputs": x**2},
        readout=lambda params, values: values[0],
    )
    with pytest.raises(ValueError, match="angles are affine"):
        freeze(model, {}, fit_scaler(np.random.default_rng(0).normal(size=(9, 1))))
