"""Published entries made again, the verdicts on made-up entries, the ways that data can lack."""

import os

import numpy as np
import pytest

from experiments.checking.predictions import keep_predictions
from experiments.checking.published import (
    PublishedCell,
    load_published,
    parse_published,
    published_ids,
)
from experiments.checking.recipes import RECIPES, Measured
from experiments.checking.reproduce import HOLDS, judge, reproduce, reproduction_rich, summary
from qml.data.bowles2024 import bowles2024_names, load_bowles2024
from qml.metrics import Interval

MIRROR = os.environ.get("QML_DATA_MIRROR")
FETCHED = {"susy-aspen9", "lhcb-bjets", "tracking-qubo", "bowles2024-svc"}
needs_mirror = pytest.mark.skipif(
    not MIRROR, reason="its published files are not shipped; QML_DATA_MIRROR names no folder"
)

ENTRY = """
title = "Made up"
citation = "nobody"
where = "nowhere"
licence = "none"
method = "tracking"
tolerance = 0.01
match = "because"
quick = "all cells"
[[cells]]
name = "a"
value = 1.0
[[cells]]
name = "b"
value = 2.0
tolerance = 0.5
figure = "gap"
[[errors]]
reason = "a typing error"
[errors.corrected]
b = 3.0
"""


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch, tmp_path):
    """Files are in the mirror or nowhere: no test goes to the network or the user's cache."""
    import pooch

    def refuse(*arguments, **options):
        raise OSError("no network in tests")

    monkeypatch.setattr(pooch, "retrieve", refuse)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")


@pytest.fixture(scope="module")
def mlp(tmp_path_factory):
    """The quick cells of the MLP entry, and the folder with their predictions."""
    folder = tmp_path_factory.mktemp("predictions")
    return reproduce("bowles2024-mlp", quick=True, folder=folder), folder


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=needs_mirror if name in FETCHED else ())
        for name in published_ids()
        if name != "bowles2024-mlp"
    ],
)
def test_quick_reproduction_of_every_entry_holds(name):
    made = reproduce(name, quick=True)
    assert [(c.name, c.ours) for c in made.checks if c.verdict not in HOLDS] == []
    assert made.exit_code == 0
    assert summary(made)[-1] == "Every cell holds."


@needs_mirror
def test_svc_is_exact_on_111_of_116_and_the_other_five_are_errors_of_the_file():
    checks = reproduce("bowles2024-svc").checks
    verdicts = [check.verdict for check in checks]
    assert (verdicts.count("exact"), verdicts.count("known error")) == (111, 5)
    # What was published as test accuracy is what we find on the training rows.
    for check in checks:
        if check.verdict == "known error":
            assert check.note.endswith(f"on the training rows {check.published}")


def test_quick_mlp_holds_and_its_errors_are_training_accuracies_too(mlp):
    assert [(c.name, c.ours) for c in mlp[0].checks if c.verdict not in HOLDS] == []
    wrong = [check for check in mlp[0].checks if check.verdict == "known error"]
    assert [check.name[-9:] for check in wrong] == ["-17degree", "-20degree"]
    assert all(c.note.endswith(f"on the training rows {c.published}") for c in wrong)
    assert "Quick: 10 of 114 cells were made." in summary(mlp[0])


def test_without_files_the_synthetic_cells_hold_and_the_others_say_where_to_get_them(monkeypatch):
    monkeypatch.delenv("QML_DATA_MIRROR", raising=False)
    made = reproduce("bowles2024-svc")
    missing = [check for check in made.checks if check.verdict == "missing"]
    assert {check.name.split("/")[0] for check in missing} == {"mnist_pca-"}
    assert all("https://raw.githubusercontent.com" in check.note for check in missing)
    assert all(check.verdict in HOLDS for check in made.checks if check not in missing)
    assert made.exit_code == 1


@pytest.mark.parametrize("name", ["susy-aspen9", "lhcb-bjets", "tracking-qubo"])
def test_entry_without_any_data_names_address_and_folder(name, monkeypatch, tmp_path):
    monkeypatch.delenv("QML_DATA_MIRROR", raising=False)
    with pytest.raises(FileNotFoundError, match=r"get it from https://.* put it into .*cache"):
        reproduce(name)


@needs_mirror
def test_generated_data_are_the_published_files_up_to_the_last_digits(monkeypatch):
    names = [name for name in bowles2024_names() if "mnist" not in name]
    stored = [load_bowles2024(name) for name in names]
    monkeypatch.delenv("QML_DATA_MIRROR")
    for name, file in zip(names, stored, strict=True):
        generated = load_bowles2024(name)
        np.testing.assert_array_equal(generated.y, file.y)
        np.testing.assert_allclose(generated.x, file.x, rtol=0, atol=1e-13)


def test_data_that_are_not_the_published_ones_are_refused(monkeypatch, tmp_path):
    folder = tmp_path / "bowles2024" / "datasets" / "linearly_separable"
    folder.mkdir(parents=True)
    for part in ("train", "test"):
        np.savetxt(folder / f"linearly_separable_2d_{part}.csv", np.ones((4, 3)), delimiter=",")
    with pytest.raises(ValueError, match="is not the published one"):
        load_bowles2024("linearly_separable/linearly_separable_2d", tmp_path)
    with pytest.raises(ValueError, match="must be one of 116"):
        load_bowles2024("linearly_separable_2d")


@needs_mirror
def test_only_one_triangle_of_the_tracking_couplings_would_give_nothing():
    from qml.data.tracking import tracking_qubo

    # Stored in the lower triangle: an upper-triangular reader keeps the positive linear terms only.
    qubo = tracking_qubo()
    assert np.all(qubo.linear > 0)
    assert np.count_nonzero(qubo.quadratic) == 36
    assert np.array_equal(qubo.quadratic, np.triu(qubo.quadratic, 1))


@pytest.mark.parametrize(
    ("value", "corrected", "ours", "verdict"),
    [
        (0.9, None, 0.9 + 1e-12, "exact"),
        (0.9, None, 0.909, "within"),
        (0.9, None, 0.92, "differs"),
        (0.9, None, float("nan"), "differs"),
        (0.99, 0.85, 0.85, "known error"),
        (0.99, 0.85, 0.99, "differs"),  # the source was right after all: our claim fails
    ],
)
def test_verdict_on_a_value(value, corrected, ours, verdict):
    cell = PublishedCell("a", value, 0.01, {}, corrected=corrected, reason="typing error")
    assert judge(cell, Measured(ours)).verdict == verdict


def test_difference_is_ours_minus_published_even_where_the_source_is_wrong():
    check = judge(PublishedCell("a", 0.99, 0.0, {}, corrected=0.85), Measured(0.85, note="n"))
    assert (check.difference, check.note) == ("-0.140000", "corrected 0.850000; n")


@pytest.mark.parametrize(
    ("claim", "interval", "verdict"),
    [
        ("positive", (0.02, 0.01, 0.03), "holds"),
        ("positive", (0.02, -0.01, 0.05), "differs"),
        ("negative", (-0.02, -0.03, -0.01), "holds"),
        ("negative", (0.02, 0.01, 0.03), "differs"),
    ],
)
def test_verdict_on_a_claimed_sign(claim, interval, verdict):
    cell = PublishedCell("a", 0.0, None, {}, claim=claim)
    assert judge(cell, Measured(interval[0], Interval(*interval))).verdict == verdict


def test_tolerance_of_the_bootstrap_comes_from_the_recipe():
    cell = PublishedCell("a", 0.75, None, {})
    assert judge(cell, Measured(0.76, tolerance=0.02)).verdict == "within"
    assert judge(cell, Measured(0.76, tolerance=0.005)).verdict == "differs"
    with pytest.raises(ValueError, match="needs a `tolerance`"):
        judge(cell, Measured(0.76))


def test_one_cell_that_differs_decides_the_exit_code(tmp_path, as_text):
    file = tmp_path / "mine.toml"
    cell = 'name = "linearly_separable/linearly_separable_2d"\nvalue = 0.5\nC = 1.0\ngamma = 1.0\n'
    head, _ = ENTRY.replace('"tracking"', '"svc"').split("[[cells]]", 1)
    file.write_text(f"{head}[[cells]]\n{cell}")
    made = reproduce(str(file))
    assert [check.verdict for check in made.checks] == ["differs"]
    assert made.exit_code == 1
    assert "Not every cell holds." in as_text(reproduction_rich(made))


def test_kept_predictions_give_the_same_checks_without_training(mlp, monkeypatch):
    first, folder = mlp
    monkeypatch.setattr("experiments.checking.recipes._fitted", None)
    again = reproduce("bowles2024-mlp", True, True, folder=folder)
    assert again.checks == first.checks
    whole = reproduce("bowles2024-mlp", False, True, folder=folder)
    assert [check.verdict for check in whole.checks].count("missing") == 104
    assert whole.exit_code == 1


def test_predictions_of_another_version_of_an_entry_are_refused(tmp_path):
    entry = load_published("bowles2024-mlp")
    keep_predictions(entry._replace(digest="0"), tmp_path, {"a": {"b": np.zeros(1)}})
    with pytest.raises(ValueError, match="belong to another version"):
        reproduce("bowles2024-mlp", from_predictions=True, folder=tmp_path)


def test_from_predictions_needs_predictions(tmp_path):
    with pytest.raises(ValueError, match="name the `folder`"):
        reproduce("bowles2024-mlp", from_predictions=True)
    with pytest.raises(FileNotFoundError, match="reproduce 'bowles2024-mlp' once without"):
        reproduce("bowles2024-mlp", from_predictions=True, folder=tmp_path)


def test_unknown_entry_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"No published entry 'no'; known are bowles2024-mlp, .*"):
        reproduce("no")


@pytest.mark.parametrize("name", published_ids())
def test_every_shipped_entry_is_cited_and_has_a_recipe(name):
    entry = load_published(name)
    assert entry.method in RECIPES
    assert all((entry.citation, entry.where, entry.licence, entry.match, entry.quick))
    assert any(cell.quick for cell in entry.cells)


def test_entry_is_parsed_with_its_tolerances_and_errors():
    entry = parse_published("made-up", ENTRY)
    assert [(c.tolerance, c.corrected, c.settings) for c in entry.cells] == [
        (0.01, None, {}),
        (0.5, 3.0, {"figure": "gap"}),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "Made up"', "", "lacks title"),
        ('title = "Made up"', 'title = "t"\ncolour = 1', "unknown keys: colour"),
        ("value = 1.0", "", "cell 'a': give a float `value`, or a `claim`"),
        ("value = 1.0", 'claim = "large"', "cell 'a': give a float `value`, or a `claim`"),
        ("tolerance = 0.5", "tolerance = -1.0", "cell 'b': `tolerance` must be"),
        ('name = "b"', 'name = "a"', "a `name` of its own"),
        ("b = 3.0", "c = 3.0", "names cells that it has not: c"),
        ("[[errors]]", "[[errors", "is not valid TOML"),
    ],
)
def test_entry_with_a_fault_is_refused_in_a_sentence(old, new, message):
    with pytest.raises(ValueError, match=message):
        parse_published("made-up", ENTRY.replace(old, new))
