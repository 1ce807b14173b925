"""Models trained as QUBOs and what stands beside them: identities, bad rows, whole runs."""

from itertools import product

import numpy as np
import pytest

from annealing import Exhaustive, SimulatedAnnealing
from experiments.catalogue import MODELS, SAMPLERS, build, pieces
from experiments.checking import audit
from experiments.reporting.report import write_report
from experiments.reporting.significance import compare_rows
from experiments.reporting.tables import make_table
from experiments.run import run
from experiments.specs import load_spec, parse_spec
from experiments.trainers import annealed, classical, densities, tracking
from qml.data import load_dataset
from qml.metrics import auc, r2

FAST = SimulatedAnnealing(sweeps=50)
BITS = np.array(list(product((0, 1), repeat=4)), dtype=float)


@pytest.fixture(scope="module")
def linear():
    """30 training and 100 test events of two classes."""
    data = load_dataset("toy_linear")
    rows, test = data.train[:30], data.test[:100]
    return data.x[rows], data.y[rows], data.x[test], data.y[test]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("qaml", {"products": False}),
        ("qaml", {"products": False, "rounds": 3}),
        ("qboost", {"count": 8}),
        ("qubo_svc", {}),
        ("qubo_linear_svc", {}),
        ("qubo_k_means", {"max_samples": 10}),
        ("qubo_k_means", {"max_samples": 10, "formulation": "two_means"}),
        ("qubo_selection", {"features": 1}),
    ],
)
def test_every_annealed_classifier_separates_and_tells_of_its_qubo(kind, settings, linear):
    x, y, x_test, y_test = linear
    made = MODELS[kind](x, y, 0, sampler=FAST, reads=5, **settings)
    assert auc(made.score(x_test), y_test) > 0.75
    assert made.counts["reads"] == 5 * made.info["qubos"]
    assert made.info["lowest_energy"] == made.arrays["energies"].min()
    assert made.info["gap"] >= 0


@pytest.mark.parametrize("kind", ["svc", "kernel_means", "boosted_stumps", "k_means"])
def test_every_classical_classifier_separates(kind, linear):
    x, y, x_test, y_test = linear
    assert auc(MODELS[kind](x, y, 0).score(x_test), y_test) > 0.75


@pytest.mark.parametrize("kind", ["relevant_features", "eliminated_features"])
def test_features_that_say_nothing_are_left_out(kind, linear):
    x, y, x_test, _y_test = linear
    noise = np.random.default_rng(0).normal(size=(130, 2))
    made = MODELS[kind](np.c_[noise[:30], x, np.ones(30)], y, 0, features=2)
    alike = np.c_[noise[30:], x_test, np.ones(100)]
    other = np.c_[0 * noise[30:], x_test, np.ones(100)]
    assert np.array_equal(made.score(alike), made.score(other))


def test_without_bits_the_answer_is_that_of_the_classical_solver(linear):
    x, _y, x_test, _ = linear
    values = x @ [1.0, -2.0] + 3.0 + np.sin(7 * x[:, 0])
    relaxed = annealed.qubo_ridge(x, values, 0, answer="relaxed")
    exact = classical.ridge(x, values, 0)
    np.testing.assert_allclose(relaxed.score(x_test), exact.score(x_test), rtol=1e-9)
    assert (relaxed.info, relaxed.counts) == ({}, {})
    fine = annealed.qubo_ridge(x, values, 0, bits=12, answer="rounded")
    np.testing.assert_allclose(fine.score(x_test), exact.score(x_test), atol=0.02)


def test_zooming_comes_to_the_classical_solution(linear):
    x, _y, x_test, _ = linear
    values = x @ [1.0, -2.0] + 3.0
    made = annealed.qubo_ridge(x, values, 0, sampler=Exhaustive(), bits=2, rounds=15)
    np.testing.assert_allclose(
        made.score(x_test), classical.ridge(x, values, 0).score(x_test), atol=0.01
    )
    assert made.info["qubos"] == 15


def test_trivial_answers(linear):
    x, y, x_test, _y_test = linear
    assert r2(classical.mean_value(x, x[:, 0], 0).score(x), x[:, 0]) == 0
    halves = classical.principal_axis(x, y, 0).score(x)
    assert (halves > 0).sum() == 15
    one_name = classical.named_clusters(x[:2], x, np.ones(30))
    assert set(one_name(x_test)) == {1.0}
    assert set(tracking.all_doublets(x, y, 0).score(x_test)) == {1.0}


@pytest.mark.parametrize(
    ("settings", "sampler"), [({"answer": "relaxed"}, FAST), ({}, None), ({"answer": "x"}, FAST)]
)
def test_an_answer_needs_a_sampler_or_none(settings, sampler, linear):
    x, y, *_ = linear
    with pytest.raises(ValueError, match="A row needs a `sampler` where `answer` is 'annealed'"):
        annealed.qboost(x, y, 0, sampler=sampler, **settings)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("independent_bits", {}),
        ("noisy_copies", {}),
        ("bernoulli_rbm", {"hidden": 2, "epochs": 3}),
        ("boltzmann_chains", {"hidden": 2, "steps": 10}),
        ("boltzmann_annealed", {"hidden": 2, "steps": 5, "reads": 20, "sampler": FAST}),
    ],
)
def test_densities_are_normalised(kind, settings):
    x = BITS[[0, 3, 3, 12, 12, 12, 15, 15] * 3]
    made = MODELS[kind](x, np.zeros(24), 0, **settings)
    np.testing.assert_allclose(np.exp(made.score(BITS)).sum(), 1.0, rtol=1e-5)


def test_noisy_copies_of_few_pictures_know_them():
    x = BITS[[0, 15] * 20]
    made = densities.noisy_copies(x, np.zeros(40), 0)
    np.testing.assert_allclose(np.exp(made.score(BITS[[0, 15]])), 0.5, atol=0.01)


def track(phi, slope):
    """The doublets of a straight track through layers at 1, 2, 3 and 4."""
    r, z = np.arange(1.0, 5.0), slope * np.arange(1.0, 5.0)
    points = np.stack([r, np.full(4, phi), z], axis=1)
    shape = np.tile([0.0, 0.0, slope], (3, 1))
    return np.concatenate([points[:-1], points[1:], shape], axis=1)


def test_two_tracks_are_found_and_what_lies_across_them_is_dropped():
    x = np.concatenate([track(0.0, 0.1), track(0.5, -0.2)])
    across = x[0].copy()
    across[3:6], across[6:] = x[3, 3:6], (0.5, 0.0, -0.5)
    events, truth = np.vstack([x, across]), np.array([1] * 6 + [0])
    made = tracking.tracking_qubo(events, truth, 0, sampler=Exhaustive(), prices=[0.1])
    assert made.score(events).tolist() == [1.0] * 6 + [-1.0]
    assert made.info["scan"] == {"0.1": 1.0}
    cut = tracking.smooth_doublets(events, truth, 0).score(events)
    assert ((cut > 0) == truth).all()
    before, after = tracking.continuations(events)
    assert sorted(zip(before, after, strict=True)) == [(0, 1), (1, 2), (3, 4), (4, 5), (6, 4)]


def test_samplers_are_made_by_their_names():
    made = {name: type(build((make, {}), seed=0)).__name__ for name, make in SAMPLERS.items()}
    assert made == {
        "exhaustive": "Exhaustive",
        "simulated_annealing": "SimulatedAnnealing",
        "mock_annealer": "MockAnnealer",
        "thermal_annealing": "SimulatedAnnealing",
        "chromatic": "ChromaticAnnealing",
        "multispin": "MultiSpinAnnealing",
        "bifurcation": "SimulatedBifurcation",
        "tempering": "ParallelTempering",
        "quantum_annealing": "SimulatedQuantumAnnealing",
        "descent": "SteepestDescent",
        "auto": "AutoSampler",
        "stand_in": "AnnealerStandIn",
    }


def test_settings_reach_the_sampler():
    made = build((SAMPLERS["thermal_annealing"], {"beta": 2.0}), seed=0)
    assert made.beta_range == (0.2, 2.0)


def test_the_stand_in_is_asked_for_a_chip():
    chosen = {"profile": "advantage2_small", "shape": [2, 4]}
    made = build((SAMPLERS["stand_in"], chosen), seed=0)
    assert (made.profile, made.shape) == ("advantage2_small", (2, 4))


REGRESSION = {
    "name": "values",
    "seeds": [0, 1],
    "metrics": ["r2", "rmse"],
    "data": {"name": "sklearn_diabetes", "split": "repeated", "test_fraction": 0.3},
    "models": {
        "ridge": {"kind": "ridge"},
        "mean": {"kind": "mean_value"},
        "bits": {"kind": "qubo_ridge", "bits": 2, "reads": 5},
    },
    "samplers": {"annealing": {"kind": "simulated_annealing", "sweeps": 20}},
    "rows": [
        {"id": "ridge", "model": "ridge", "role": "classical"},
        {"id": "mean", "model": "mean", "role": "trivial"},
        {"id": "bits", "model": "bits", "sampler": "annealing"},
    ],
}


def test_values_go_all_the_way_to_a_page(tmp_path):
    spec = parse_spec(REGRESSION)
    records = run(spec, tmp_path)
    assert [record.error for record in records if record.status != "ok"] == []
    assert {tuple(sorted(record.metrics)) for record in records} == {("r2", "rmse")}
    table = make_table(spec, tmp_path)
    assert table.lines[0].scores["r2"].value > table.lines[1].scores["r2"].value
    page = write_report(table, tmp_path, tmp_path / "report.html", "qml run values").read_text()
    assert "against the trivial baseline it" in page
    assert "ROC" not in page
    assert [f.sentence for f in audit(tmp_path).findings if f.severity == "error"] == []
    with pytest.raises(ValueError, match="say --over seeds"):
        make_table(spec, tmp_path, over="events")
    with pytest.raises(ValueError, match="which events without classes have not"):
        compare_rows(table, tmp_path, "classical")


def test_a_row_of_a_qubo_may_do_without_a_sampler():
    spec = load_spec("annealed_regression")
    by_id = {row.id: pieces(spec, row) for row in spec.rows}
    assert by_id["bits3"].sampler is not None
    assert by_id["bits3-rounded"].sampler is None
