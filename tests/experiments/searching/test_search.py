"""Searching: the choice is right, resumable, and out of reach of every test event."""

import json
import sys

import numpy as np
import pytest

from annealing import Exhaustive
from experiments.running.events import choose_events
from experiments.searching import fold_rows, nested_scores, search
from experiments.trainers.circuit_models import reuploading
from experiments.trainers.classical import logistic_regression
from experiments.trainers.ensembles import boosted_ensemble
from experiments.trainers.trained import Trained
from qml import predict, thaw
from qml.data import load_dataset
from qml.metrics import accuracy, auc

SPACE = {"column": [0, 1, 2, 3], "sign": [1.0, -1.0]}
X = np.random.default_rng(3).normal(size=(90, 4))
Y = (X[:, 2] + 0.5 * np.random.default_rng(4).normal(size=90) < 0).astype(int)


def one_column(x, y, seed, *, column: int = 0, sign: float = 1.0):
    """A trainer without training: the score is one signed feature."""
    return Trained(lambda new: sign * new[:, column], {}, {}, {}, {})


class Killed(BaseException):
    """What stands for a kill: no handler of errors may swallow it."""


@pytest.fixture
def counted():
    """`one_column` with a list of what it was asked for; `trainer.limit` fits, then a kill."""

    def trainer(x, y, seed, *, column=0, sign=1.0):
        if len(trainer.asked) == trainer.limit:
            raise Killed
        trainer.asked.append((column, sign))
        return one_column(x, y, seed, column=column, sign=sign)

    trainer.asked, trainer.limit = [], -1
    return trainer


def timeless(chosen):
    """A choice without the one thing that no two runs share."""
    trials = [{k: v for k, v in trial.items() if k != "seconds"} for trial in chosen.trials]
    return chosen._replace(trials=trials)


def test_the_whole_grid_is_tried_in_order_and_the_best_mean_is_chosen():
    found = search(one_column, SPACE, X, Y, 0, folds=3)
    grid = [{"column": c, "sign": s} for c in range(4) for s in (1.0, -1.0)]
    assert [trial["settings"] for trial in found.trials] == grid
    for trial in found.trials:
        score = trial["settings"]["sign"] * X[:, trial["settings"]["column"]]
        assert trial["scores"] == [auc(score[held], Y[held]) for _, held in fold_rows(Y, 3, 0)]
    assert found.settings == {"column": 2, "sign": -1.0}
    assert found.score == np.mean(found.trials[5]["scores"])
    json.dumps(found._asdict(), allow_nan=False)


@pytest.mark.parametrize("folds", [2, 5])
def test_scores_are_those_of_scikit_learn(folds):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    space = {"inverse_penalty": [0.001, 1.0]}
    found = search(logistic_regression, space, X, Y, 1, settings={"products": False}, folds=folds)
    for trial in found.trials:
        model = LogisticRegression(C=trial["settings"]["inverse_penalty"], max_iter=2000)
        pipe = make_pipeline(StandardScaler(), model)
        theirs = cross_val_score(pipe, X, Y, cv=fold_rows(Y, folds, 1), scoring="roc_auc")
        np.testing.assert_allclose(trial["scores"], theirs, rtol=1e-12)


@pytest.mark.parametrize("folds", [2, 3, 7])
def test_each_event_is_held_out_once_and_classes_are_shared_evenly(folds):
    rows = fold_rows(Y, folds, 5)
    assert sorted(np.concatenate([held for _, held in rows])) == list(range(90))
    for fit, held in rows:
        assert sorted([*fit, *held]) == list(range(90))
        assert abs(Y[held].sum() - Y.sum() / folds) < 1
        assert (np.diff(Y[fit]) != 0).sum() > 10  # shuffled, not one class after the other


def test_one_fold_is_the_last_quarter_of_the_shuffled_events():
    order = np.random.default_rng(5).permutation(90)
    [(fit, held)] = fold_rows(Y, 1, 5)
    np.testing.assert_array_equal(np.concatenate([fit, held]), order)
    assert len(held) == 23


def test_ties_go_to_the_first_in_grid_order():
    space = {"sign": [2.0, 3.0, 1.0], "column": [1, 2]}
    found = search(one_column, space, X, -Y + 1, 0)
    assert found.settings == {"sign": 2.0, "column": 2}


def test_a_failed_trial_is_kept_and_never_chosen(tmp_path):
    space = {"column": [9, 0, 2], "sign": [-1.0]}
    journal = tmp_path / "journal.jsonl"
    found = search(one_column, space, X, Y, 0, journal=journal)
    assert found.settings["column"] == 2
    assert [bool(trial["error"]) for trial in found.trials] == [True, False, False]
    assert found.trials[0]["error"].startswith("IndexError: index 9 is out of bounds")
    assert search(one_column, space, X, Y, 0, journal=journal) == found


def test_a_metric_without_a_number_is_a_failure():
    def undefined(scores, labels):
        return np.nan

    with pytest.raises(ValueError, match=r"All 8 trials failed; the first with ValueError: The me"):
        search(one_column, SPACE, X, Y, 0, metric=undefined)


@pytest.mark.parametrize("trials", [0, 6])
@pytest.mark.parametrize("fits", [4, 9])
def test_a_killed_search_goes_on_and_ends_as_an_undisturbed_one(counted, tmp_path, trials, fits):
    if trials:
        pytest.importorskip("optuna", reason="optuna is not installed")
    journal, whole = tmp_path / "runs" / "journal.jsonl", trials or 8
    undisturbed = search(counted, SPACE, X, Y, 0, trials=trials)
    assert len(undisturbed.trials) == len(counted.asked) / 3 == whole
    counted.asked, counted.limit = [], fits
    with pytest.raises(Killed):
        search(counted, SPACE, X, Y, 0, trials=trials, journal=journal)
    with open(journal, "a") as file:
        file.write('{"search":"torn')
    counted.asked, counted.limit = [], -1
    resumed = search(counted, SPACE, X, Y, 0, trials=trials, journal=journal)
    assert timeless(resumed) == timeless(undisturbed)
    assert len(counted.asked) == 3 * (whole - fits // 3)
    assert search(counted, SPACE, X, Y, 0, trials=trials, journal=journal) == resumed
    assert len(counted.asked) == 3 * (whole - fits // 3)


def test_a_journal_answers_only_the_same_search(counted, tmp_path):
    journal = tmp_path / "journal.jsonl"
    ways = [
        {"x": X, "seed": 0},
        {"x": X + 1.0, "seed": 0},
        {"x": X, "seed": 1},
        {"x": X, "seed": 0, "folds": 2},
        {"x": X, "seed": 0, "metric": accuracy},
    ]
    for way in ways:
        search(counted, {"column": [0, 1]}, y=Y, journal=journal, **way)
    assert len(counted.asked) == 2 * (3 + 3 + 3 + 2 + 3)
    search(counted, {"column": [1, 2]}, X, Y, 0, journal=journal)  # one is known, one is new
    assert counted.asked[28:] == [(2, 1.0)] * 3


def test_tpe_tries_different_combinations_of_a_space_too_large_to_list():
    pytest.importorskip("optuna", reason="optuna is not installed")
    space = {
        "column": [0, 1, 2, 3],
        "sign": [-1.0, 1.0],
        **{name: list(range(10)) for name in "abcdefghij"},
    }

    def trainer(x, y, seed, *, column, sign, a, b, c, d, e, f, g, h, i, j):
        return one_column(x, y, seed, column=column, sign=sign)

    found = search(trainer, space, X, Y, 0, trials=25)
    assert found.settings["column"] == 2
    assert len({json.dumps(trial["settings"]) for trial in found.trials}) == 25


def test_tpe_takes_lists_and_words_as_values():
    pytest.importorskip("optuna", reason="optuna is not installed")

    def trainer(x, y, seed, *, columns, name):
        return Trained(lambda new: -new[:, columns].sum(axis=1), {}, {}, {}, {})

    space = {"columns": [[0, 1], [2], [2, 3]], "name": ["a", "b"]}
    assert search(trainer, space, X, Y, 0, trials=5).settings["columns"] == [2]


def test_tpe_without_optuna_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"pip install qml-offload\[hpo\]"):
        search(one_column, SPACE, X, Y, 0, trials=3)
    assert len(search(one_column, SPACE, X, Y, 0, trials=8).trials) == 8  # all: no need of it


def spoilt(dataset, how):
    """The data set with its test events changed, or taken out of the arrays."""
    x, y, test = dataset.x.copy(), dataset.y.copy(), dataset.test
    if how == "deleted":
        train = dataset.train
        rows = np.arange(len(train))
        return dataset._replace(x=x[train], y=y[train], train=rows, test=rows[:0])
    x[test], y[test] = (np.nan, 1 - y[test]) if how == "changed" else (x[test][::-1], y[test])
    return dataset._replace(x=x, y=y)


@pytest.mark.parametrize("how", ["changed", "shuffled", "deleted"])
def test_test_events_cannot_change_the_choice(small_spec, how):
    dataset = load_dataset("toy_linear")
    space = {"inverse_penalty": [0.01, 0.1, 1.0], "products": [False, True]}
    chosen = []
    for given in (dataset, spoilt(dataset, how)):
        events = choose_events(small_spec, given, seed=0, limit=0)
        chosen.append(search(logistic_regression, space, events.x, events.y, 0, folds=2))
    assert timeless(chosen[0]) == timeless(chosen[1])


@pytest.mark.parametrize("outer", [0, 3])
def test_no_fit_sees_what_it_is_scored_on_nor_any_other_event(outer):
    seen, pairs = [], []

    def spy(x, y, seed, *, column=0, sign=1.0):
        seen.append({row.tobytes() for row in x})

        def score(new):
            pairs.append((len(seen) - 1, {row.tobytes() for row in new}))
            return new[:, column]

        return Trained(score, {}, {}, {}, {})

    if outer:
        nested_scores(spy, SPACE, X, Y, 0, outer=outer, folds=2)
    else:
        search(spy, SPACE, X, Y, 0, folds=3)
    training = {row.tobytes() for row in X}
    assert len(pairs) == len(seen) == (outer * (8 * 2 + 1) or 8 * 3)
    for fit, scored in pairs:
        assert seen[fit] <= training
        assert scored <= training
        assert not seen[fit] & scored


def test_outer_events_cannot_change_what_is_chosen_without_them():
    honest = nested_scores(one_column, SPACE, X, Y, 0, outer=3, folds=2)
    for part, (_, held) in enumerate(fold_rows(Y, 3, 0)):
        x = X.copy()
        x[held] = np.random.default_rng(9).normal(size=(len(held), 4))
        other = nested_scores(one_column, SPACE, x, Y, 0, outer=3, folds=2)
        assert timeless(other.chosen[part]) == timeless(honest.chosen[part])
        assert other.scores[part] != honest.scores[part]


def test_nested_scores_of_pure_noise_are_chance_where_the_search_itself_is_optimistic():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 60)), np.arange(200) % 2
    space = {"column": list(range(60))}
    nested = nested_scores(one_column, space, x, y, 0, outer=4, folds=2)
    error = np.sqrt(201 / (12 * 100 * 100))  # of an AUC of 100 against 100 at chance (Mann-Whitney)
    assert search(one_column, space, x, y, 0).score > 0.5 + 2 * error
    assert abs(nested.scores.mean() - 0.5) < 2 * error


def test_a_circuit_model_is_scored_exactly_on_held_out_events():
    settings, space = {"qubits": 2, "steps": 2, "batch_size": 8}, {"layers": [1, 2]}
    found = search(reuploading, space, X[:40, :2], Y[:40], 0, settings=settings, folds=1)
    [(fit, held)] = fold_rows(Y[:40], 1, 0)
    for trial in found.trials:
        trained = reuploading(X[fit, :2], Y[fit], 0, **settings, **trial["settings"])
        scores = predict(*thaw(trained.frozen), X[held, :2])
        assert trial["scores"] == [auc(scores, Y[held])]


def test_an_annealed_ensemble_is_searched_and_its_journal_found_again(tmp_path):
    settings = {"sampler": Exhaustive(), "reads": 4, "products": False}
    journal = tmp_path / "journal.jsonl"
    given = (boosted_ensemble, {"scale": [0.5, 1.0]}, X, Y, 0)
    found = search(*given, settings=settings, journal=journal)
    assert {trial["error"] for trial in found.trials} == {""}
    assert search(*given, settings=settings | {"sampler": Exhaustive()}, journal=journal) == found


def test_progress_counts_the_trials():
    told = []
    search(one_column, SPACE, X, Y, 0, progress=lambda *counts: told.append(counts))
    assert told == [(done, 8) for done in range(1, 9)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"space": {}}, "Argument `space` must name settings of the model, but names nothing."),
        ({"space": {"depth": [1]}}, "Argument `space` must name .* but names depth."),
        ({"space": {"seed": [1]}}, "Argument `space` must name .* but names seed."),
        ({"space": {"column": 1}}, "Argument `space` must be a table of lists, but is"),
        ({"space": {"column": []}}, "Argument `space` must be a table of lists, but is"),
        ({"space": {"sign": [np.inf]}}, "Argument `space` must hold JSON values"),
        ({"trials": -1}, "Argument `trials` must be an int >= 0, but is trials=-1."),
        ({"folds": 0}, "Argument `folds` must be a positive int, but is folds=0."),
        ({"folds": 80}, "Argument `folds` must leave both classes in every part, but is folds=80"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_a_sentence(change, sentence):
    given = {"space": SPACE, "x": X, "y": Y, "seed": 0} | change
    with pytest.raises(ValueError, match=sentence):
        search(one_column, **given)
