"""A small spec over toy data that visits every road in seconds."""

import json
import os
import textwrap
import zipfile
from urllib.parse import unquote

import jax
import pytest

# Trees and clusters ask for a thread a core; beside other tests these only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ARRAYS = "ARRAYS"  # stands for the arrays of the first record

SMALL = """
name = "small"
title = "A small benchmark"
seeds = [0, 1]
precision = "single"

[data]
name = "toy_linear"
train_events = 60
test_events = 100

[models.logistic]
kind = "logistic_regression"
[models.trees]
kind = "boosted_trees"
trees = 5
[models.sum]
kind = "untrained_sum"
[models.circuit]
kind = "reuploading"
qubits = 2
layers = 1
steps = 20
[models.ensemble]
kind = "boosted_ensemble"
penalties = [0.0, 0.1]
reads = 10

[samplers.exhaustive]
kind = "exhaustive"
[samplers.annealing]
kind = "simulated_annealing"
sweeps = 50

[backends.exact]
kind = "exact"
[backends.shots]
kind = "shots"
shots = 100
events = 40

[[rows]]
id = "logistic"
model = "logistic"
role = "classical"
[[rows]]
id = "sum"
model = "sum"
role = "trivial"
[[rows]]
id = "exact"
label = "circuit, exact"
model = "circuit"
backend = "exact"
[[rows]]
id = "shots"
model = "circuit"
backend = "shots"
ideal = "exact"
[[rows]]
id = "best"
model = "ensemble"
sampler = "exhaustive"
[[rows]]
id = "annealed"
model = "ensemble"
sampler = "annealing"
ideal = "best"
"""


@pytest.fixture(autouse=True)
def children_share_what_is_compiled(monkeypatch):
    """Processes that a test starts find what this one or another of them has compiled."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", jax.config.jax_compilation_cache_dir)
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


@pytest.fixture(scope="session")
def small_toml(tmp_path_factory):
    """Path of the small spec."""
    file = tmp_path_factory.mktemp("spec") / "small.toml"
    file.write_text(textwrap.dedent(SMALL))
    return file


@pytest.fixture
def small_spec(small_toml):
    """The small spec."""
    from experiments.specs import load_spec

    return load_spec(str(small_toml))


@pytest.fixture(scope="session")
def finished(small_toml, tmp_path_factory):
    """The small spec and the folder of its finished run; not to be changed."""
    from experiments.run import run
    from experiments.specs import load_spec

    spec, folder = load_spec(str(small_toml)), tmp_path_factory.mktemp("run")
    least = jax.config.jax_persistent_cache_min_compile_time_secs
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)  # children need all of it
    records = run(spec, folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", least)
    assert [record.error for record in records if record.status != "ok"] == []
    return spec, folder


@pytest.fixture(scope="session")
def bundle(finished, tmp_path_factory):
    """The packed bundle of the finished run; not to be changed."""
    from experiments.bundles import pack

    out = tmp_path_factory.mktemp("bundle") / "small.zip"
    return pack(*finished, out, author="Ada <https://orcid.org/0000-0001>", resamples=50)


@pytest.fixture
def forge(bundle, tmp_path):
    """A copy of the bundle with changed files; `honest` keeps the old checksums."""
    from experiments.bundles import unpack
    from experiments.records import read_records

    def forged(changes, honest=False):
        folder, out = tmp_path / "forged", tmp_path / "forged.zip"
        unpack(bundle, folder)
        for path, change in changes.items():
            digest = read_records(folder).records[0].digest
            file = folder / path.replace(ARRAYS, f"arrays/{digest[:32]}.npz")
            before = file.read_bytes() if file.exists() else b""
            after = change(before)
            file.write_bytes(after) if after is not None else file.unlink()
        if not honest:
            _restate(folder)
        with zipfile.ZipFile(out, "w") as archive:
            for file in sorted(f for f in folder.rglob("*") if f.is_file()):
                archive.write(file, file.relative_to(folder))
        return out

    return forged


def _restate(folder):
    """What a careful forger does: every stated checksum is made right again."""
    from experiments.bundles.layout import sha256, write_manifest

    metadata = folder / "ro-crate-metadata.json"
    if metadata.exists():
        crate = json.loads(metadata.read_text())
        for entity in crate["@graph"]:
            if "sha256" in entity and (folder / unquote(entity["@id"])).exists():
                entity["sha256"] = sha256(folder / unquote(entity["@id"]))
        metadata.write_text(json.dumps(crate))
    if (folder / "manifest-sha256.txt").exists():
        (folder / "manifest-sha256.txt").unlink()
        write_manifest(folder)


@pytest.fixture
def as_text():
    """What a rich renderable shows on a terminal without colours, 150 columns wide."""
    from io import StringIO

    from rich.console import Console

    def text(renderable):
        stream = StringIO()
        Console(file=stream, width=150, color_system=None).print(renderable)
        return stream.getvalue()

    return text
