"""A small spec over toy data that visits every road in seconds."""

import textwrap

import pytest

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
    records = run(spec, folder)
    assert [record.error for record in records if record.status != "ok"] == []
    return spec, folder
