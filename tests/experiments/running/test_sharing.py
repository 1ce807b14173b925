"""Work that cells share: a QUBO is built once for all samplers, and is then the same one."""

from functools import partial

import numpy as np
import pytest

from annealing import Exhaustive, SimulatedAnnealing, boosting
from experiments.run import run
from experiments.running import sharing as sharing_module
from experiments.running.sharing import KEPT, sharing
from experiments.specs import load_spec
from experiments.trainers.ensembles import boosted_ensemble
from qml import ensembles, fit_ensemble, score_ensemble

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)


@pytest.fixture(autouse=True)
def forget():
    """Nothing is left over from other tests."""
    sharing_module._made.cache_clear()


@pytest.fixture
def built(monkeypatch):
    """The number of training events of every QUBO that is built."""
    sizes = []

    def counted(responses, labels, **options):
        sizes.append(len(responses))
        return boosting(responses, labels, **options)

    monkeypatch.setattr(ensembles, "boosting", counted)
    return sizes


def test_a_qubo_is_built_once_for_all_samplers(small_toml, tmp_path, built):
    samplers = 'samplers={a={kind="exhaustive"}, b={kind="simulated_annealing"}}'
    rows = 'rows=[{id="a", model="ensemble", sampler="a"}, {id="b", model="ensemble", sampler="b"}]'
    spec = load_spec(str(small_toml), [samplers, rows, "seeds=[0]"])
    first, second = run(spec, tmp_path)
    assert (first.error, second.error) == ("", "")
    assert built == [45, 45, 60]  # two penalties on three quarters of the events, then all of them
    assert first.info["scan"] == second.info["scan"]
    for stage in ("search", "build"):
        assert first.cost["seconds"][stage] == second.cost["seconds"][stage]
    assert first.info["sampler"] != second.info["sampler"]


def test_what_differs_in_seed_settings_or_events_is_built_anew(built):
    for x, seed, settings in (
        (X, 0, {"scale": 1.0}),
        (X, 0, {"scale": 2.0}),
        (X, 1, {"scale": 2.0}),
        (X + 1, 1, {"scale": 2.0}),
    ):
        for sampler in (Exhaustive(), SimulatedAnnealing(sweeps=5)):
            shared = sharing(boosted_ensemble, x, Y, seed, settings)
            boosted_ensemble(x, Y, seed, sampler=sampler, shared=shared, **settings)
    assert len(built) == 4 * 2  # one penalty on part of the events, then all of them


def test_few_are_kept():
    made = []
    for seed in (*range(KEPT + 1), KEPT, 0):
        sharing(fit_ensemble, X, Y, seed, {})(partial(made.append, seed))
    assert made == [*range(KEPT + 1), 0]


def test_the_ensemble_is_that_of_fit_ensemble():
    settings = {"products": False, "scale": 2.0, "reads": 20}
    trained = boosted_ensemble(X, Y, 3, sampler=Exhaustive(), penalties=(0.1,), **settings)
    expected = fit_ensemble(X, Y, Exhaustive(), seed=3, penalty=0.1, **settings)
    np.testing.assert_array_equal(trained.score(X), score_ensemble(expected, X))
    np.testing.assert_array_equal(trained.arrays["weights"], expected.weights)
