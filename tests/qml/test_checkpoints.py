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
from qml.checkpoints import _digest


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


def _signed(tmp_path, **entries):
    """Another header with a digest that is right, as another program would write it."""
    file = tmp_path / "model.json"
    header = {**json.loads(file.read_text()), **entries}
    header = {
        name: entry for name, entry in header.items() if name != "digest" and entry is not ...
    }
    file.write_text(json.dumps(header | {"digest": _digest(header)}))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"circuit": ...}, "holds no whole model; train again: lacks 'circuit'"),
        ({"segments": ["other"]}, "holds no whole model; train again: lacks 'other.matrix'"),
        ({"scaler": {"low": 0.0}}, "holds no whole model; .*'high'"),
        ({"observables": [[[1.0, [[9, "Z"]]]]]}, "holds no whole model; .* acts on wire 9"),
        ({"observables": [[[1.0, [[0, "Z"]]]]]}, r"must have the shapes .*'gain': \(1,\)"),
        ({"version": "1"}, "is of version '1', but"),
    ],
)
def test_a_checkpoint_of_another_schema_is_refused(trained, tmp_path, entries, message):
    _, model, params, scaler = trained
    save_checkpoint(tmp_path / "model", freeze(model, params, scaler))
    _signed(tmp_path, **entries)
    with pytest.raises(ValueError, match=message):
        load_checkpoint(tmp_path / "model")


def test_a_model_that_is_not_finite_is_neither_frozen_nor_written(trained, tmp_path):
    _, model, params, scaler = trained
    with pytest.raises(ValueError, match="holds NaN or infinity: the training diverged"):
        freeze(model, params | {"bias": jnp.array(jnp.nan)}, scaler)
    frozen = freeze(model, params, scaler)
    with pytest.raises(ValueError, match="Array 'gain' of a model must be finite"):
        save_checkpoint(tmp_path / "model", frozen._replace(gain=frozen.gain * np.nan))
    assert not [*tmp_path.iterdir()]


def test_another_number_of_features_is_refused(trained):
    x, model, params, scaler = trained
    thawed = thaw(freeze(model, params, scaler))
    for wrong in (x[:, :1], x[:, :2], np.hstack([x, x])):
        for each in (thawed, (model, params)):
            with pytest.raises(ValueError, match="`x` must hold 3 features"):
                infer(*each, wrong, Exact())


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
