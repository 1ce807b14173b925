"""A frozen circuit model as two files that any backend, and any other program, can read.

    NAME.safetensors   the arrays
    NAME.json          circuit, observables, scaler bounds, format version, digests

Freezing turns the trained model into data: angles(x) = matrix . x' + shift per segment, with x' the
scaled features, and score = gain . values + bias. No Python function is stored and none is run on
loading; a changed byte is refused.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from circuits import (
    Circuit,
    PauliSum,
    check_observables,
    circuit_from_dict,
    circuit_to_dict,
)
from qml.models import CircuitModel, circuit_model
from qml.models.model import Params
from qml.preprocessing import Scaler, scale_features

FORMAT = "qml-offload/checkpoint"
VERSION = 1


class Frozen(NamedTuple):
    """A trained circuit model as plain data.

    `angles` {segment: (matrix (size, f), shift (size,))}; `gain` (k,); `bias` (); `scaler` of the
    f raw features.
    """

    circuit: Circuit
    observables: tuple[PauliSum, ...]
    angles: dict[str, tuple[np.ndarray, np.ndarray]]
    gain: np.ndarray
    bias: np.ndarray
    scaler: Scaler


def freeze(model: CircuitModel, params: Params, scaler: Scaler) -> Frozen:
    """Turn a trained model into data.

    Args:
        model: a circuit model whose angles are affine in x and whose readout is affine.
        params: its trained parameters.
        scaler: the scaler of the f raw features that the model was trained behind.

    Returns:
        the frozen model.

    Raises:
        ValueError: angles or a readout that are not affine, or parameters that are not finite.

    Example:
        >>> from qml.models import reuploading_model
        >>> model = reuploading_model(2, n_qubits=2, n_layers=1)
        >>> scaler = Scaler(np.zeros(2), np.ones(2), -1.0, 1.0)
        >>> freeze(model, model.init(jax.random.key(0)), scaler).gain.shape
        (2,)
    """
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(params)):
        raise ValueError(
            "Argument `params` must be finite, but holds NaN or infinity: the training diverged; "
            "train again, in smaller steps."
        )
    f, k = len(scaler.shift), len(model.observables)
    angles = _affine(lambda x: model.angles(params, x), f, "angles")
    gain, bias = _affine(lambda values: {"": model.readout(params, values)}, k, "readout")[""]
    return Frozen(model.circuit, model.observables, angles, gain, bias, scaler)


def thaw(frozen: Frozen) -> tuple[CircuitModel, Params]:
    """The model of a frozen one, acting on raw features, and its parameters.

    Args:
        frozen: a frozen model.

    Returns:
        (model, params): `infer(model, params, x_raw, backend)` predicts on any backend.
    """
    params: Params = {"gain": frozen.gain, "bias": frozen.bias}
    params |= {f"{s}.matrix": matrix for s, (matrix, _) in frozen.angles.items()}
    params |= {f"{s}.shift": shift for s, (_, shift) in frozen.angles.items()}
    params = jax.tree.map(lambda a: jnp.asarray(a, dtype=float), params)
    constant = {s for s, (matrix, _) in frozen.angles.items() if not matrix.any()}

    def angles(params: Params, x: jax.Array) -> dict[str, jax.Array]:
        scaled = scale_features(frozen.scaler, x)
        return {
            s: params[f"{s}.shift"]
            if s in constant
            else params[f"{s}.matrix"] @ scaled + params[f"{s}.shift"]
            for s in frozen.angles
        }

    def readout(params: Params, values: jax.Array) -> jax.Array:
        return jnp.dot(params["gain"], values) + params["bias"]

    model = circuit_model(
        frozen.circuit, frozen.observables, init=lambda key: params, angles=angles, readout=readout
    )
    return model, params


def save_checkpoint(path: str | os.PathLike, frozen: Frozen) -> str:
    """Write a frozen model to `path`.safetensors and `path`.json, each by an atomic rename.

    Args:
        path: where, without a suffix; folders are made.
        frozen: what to write.

    Returns:
        the checkpoint's digest (SHA-256, hex).

    Raises:
        ValueError: arrays that do not fit together, or are not finite; nothing is written.
    """
    _check(frozen)
    base = Path(path)
    base.parent.mkdir(parents=True, exist_ok=True)
    tensors = save_tensors(_tensors(frozen))
    header = {
        "format": FORMAT,
        "version": VERSION,
        "circuit": circuit_to_dict(frozen.circuit),
        "observables": [
            [[c, [list(p) for p in ps]] for c, ps in o.terms] for o in frozen.observables
        ],
        "segments": list(frozen.angles),
        "scaler": {"low": frozen.scaler.low, "high": frozen.scaler.high},
        "tensors": hashlib.sha256(tensors).hexdigest(),
    }
    header["digest"] = _digest(header)
    _write(base.with_name(base.name + ".safetensors"), tensors)
    _write(base.with_name(base.name + ".json"), json.dumps(header, indent=1).encode())
    return header["digest"]


def load_checkpoint(path: str | os.PathLike) -> tuple[Frozen, str]:
    """Read a checkpoint, refusing one that was changed or is of a newer version.

    Args:
        path: where, without a suffix.

    Returns:
        (frozen model, digest).

    Raises:
        FileNotFoundError: a file that is not there.
        ValueError: a file that is no checkpoint, was changed, or is of a newer version.
    """
    base = Path(path)
    header = _read_header(base.with_name(base.name + ".json"))
    file = base.with_name(base.name + ".safetensors")
    raw = _read(file)
    if hashlib.sha256(raw).hexdigest() != header.get("tensors"):
        raise ValueError(f"Checkpoint {file} was changed or cut since it was written; train again.")
    try:
        frozen = _frozen(header, load_tensors(raw))
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"Checkpoint {base} holds no whole model; train again: {what}") from error
    return frozen, header["digest"]


def _frozen(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> Frozen:
    observables = tuple(
        PauliSum(tuple((c, tuple((w, p) for w, p in ps)) for c, ps in terms))
        for terms in header["observables"]
    )
    angles = {s: (tensors[f"{s}.matrix"], tensors[f"{s}.shift"]) for s in header["segments"]}
    scaler = Scaler(tensors["scaler.shift"], tensors["scaler.scale"], **header["scaler"])
    circuit = circuit_from_dict(header["circuit"])
    frozen = Frozen(circuit, observables, angles, tensors["gain"], tensors["bias"], scaler)
    _check(frozen)
    return frozen


def _check(frozen: Frozen) -> None:
    """Raise ValueError where arrays do not fit the circuit and each other, or are not finite."""
    check_observables(frozen.observables, frozen.circuit.n_qubits)
    f, k = len(frozen.scaler.shift), len(frozen.observables)
    shapes = {"gain": (k,), "bias": (), "scaler.shift": (f,), "scaler.scale": (f,)}
    for name, size in frozen.circuit.segments.items():
        shapes |= {f"{name}.matrix": (size, f), f"{name}.shift": (size,)}
    tensors = _tensors(frozen)
    if (found := {name: array.shape for name, array in tensors.items()}) != shapes:
        raise ValueError(f"Arrays of a model must have the shapes {shapes}, but have {found}.")
    for name, array in tensors.items():
        if not np.isfinite(array).all():
            raise ValueError(f"Array {name!r} of a model must be finite, but holds NaN.")


def _affine(function, size: int, what: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Matrix and shift of each output, verified at random points."""
    at = jnp.zeros(size)
    matrix, shift = jax.jacfwd(function)(at), function(at)
    points = jnp.asarray(np.random.default_rng(0).normal(size=(4, size)), dtype=float)
    for point in points:
        for name, value in function(point).items():
            if not np.allclose(matrix[name] @ point + shift[name], value, rtol=1e-4, atol=1e-4):
                raise ValueError(
                    f"A model is frozen only if its {what} are affine in their argument, but "
                    f"segment {name!r} is not; scale features before the model instead."
                )
    return {s: (np.asarray(matrix[s]), np.asarray(shift[s])) for s in shift}


def _tensors(frozen: Frozen) -> dict[str, np.ndarray]:
    tensors = {"gain": frozen.gain, "bias": frozen.bias}
    tensors |= {"scaler.shift": frozen.scaler.shift, "scaler.scale": frozen.scaler.scale}
    for segment, (matrix, shift) in frozen.angles.items():
        tensors |= {f"{segment}.matrix": matrix, f"{segment}.shift": shift}
    return {name: np.array(tensor, order="C") for name, tensor in tensors.items()}


def _read_header(file: Path) -> dict[str, Any]:
    try:
        header = json.loads(_read(file))
    except ValueError as error:
        raise ValueError(f"Checkpoint {file} is not JSON ({error}); train again.") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"File {file} is not a checkpoint of this project.")
    version = header.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise ValueError(
            f"Checkpoint {file} is of version {version!r}, but this program reads up to "
            f"version {VERSION}; update qml-offload."
        )
    if header.pop("digest", None) != (digest := _digest(header)):
        raise ValueError(f"Checkpoint {file} was changed since it was written; train again.")
    return header | {"digest": digest}


def _digest(header: dict[str, Any]) -> str:
    canonical = json.dumps(header, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise FileNotFoundError(f"No checkpoint file {file}; run the training first.")
    return file.read_bytes()


def _write(file: Path, content: bytes) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(file)
