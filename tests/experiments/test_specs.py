"""Specs: what is refused, how names are resolved, what a digest stands for."""

from dataclasses import replace

import pytest

from experiments.catalogue import pieces
from experiments.specs import cells, load_spec


def test_cells_are_rows_times_seeds_with_seeds_innermost(small_spec):
    made = cells(small_spec, "sum")
    assert [(c.row.id, c.seed) for c in made[:3]] == [
        ("logistic", 0),
        ("logistic", 1),
        ("sum", 0),
    ]
    assert len({c.digest for c in made}) == len(made) == 12


def test_a_digest_changes_with_everything_that_changes_the_result(small_spec):
    first = cells(small_spec, "sum")[0].digest
    assert cells(small_spec, "other data")[0].digest != first
    assert cells(replace(small_spec, precision="double"), "sum")[0].digest != first
    models = small_spec.models | {"logistic": {"kind": "logistic_regression", "products": False}}
    assert cells(replace(small_spec, models=models), "sum")[0].digest != first


def test_a_digest_does_not_change_with_names_and_titles(small_spec):
    first = cells(small_spec, "sum")[0].digest
    assert cells(replace(small_spec, title="other", name="other"), "sum")[0].digest == first


def test_backends_of_one_model_share_its_training(small_spec):
    by_row = {(c.row.id, c.seed): c for c in cells(small_spec, "sum")}
    assert by_row["exact", 0].training == by_row["shots", 0].training
    assert by_row["exact", 0].digest != by_row["shots", 0].digest
    assert by_row["exact", 0].training != by_row["exact", 1].training


def test_overrides_are_toml(small_toml):
    spec = load_spec(str(small_toml), ["seeds=[7]", "data.test_events=50", 'title="t"'])
    assert (spec.seeds, spec.data.test_events, spec.title) == ((7,), 50, "t")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("sedes=[1]", "unknown key 'sedes'; known are name"),
        ("data.rows=3", r"In \[data\]: unknown key 'rows'; known are name, train_events"),
        ('data.train_events="many"', "`train_events` must be an int"),
        ("data.test_events=-1", "`test_events` must be >= 0"),
        ('precision="half"', "`precision` must be one of"),
        ("seeds=[]", "`seeds` must be a list with an entry"),
        ("seeds=[-1]", "`seeds` must be ints >= 0"),
        ("rows=[]", "`rows` must be a list with an entry"),
        ('rows=[{id="a", model="nothing"}]', "`model` is 'nothing'.*known are logistic"),
        ('rows=[{id="a", model="sum"}, {id="a", model="sum"}]', "repeated: a"),
        ('rows=[{id="a", model="sum", role="best"}]', "`role` is 'best'"),
        ("nowhere.at.all=1", "names 'nowhere', which the spec has not"),
        ("title=unquoted", "must be key=value with a TOML value"),
    ],
)
def test_bad_specs_are_one_sentence(small_toml, override, message):
    with pytest.raises(ValueError, match=message):
        load_spec(str(small_toml), [override])


@pytest.mark.parametrize(
    ("override", "row", "message"),
    [
        ('models.circuit.kind="perceptron"', "exact", "unknown kind 'perceptron'; known are log"),
        ("models.circuit.qbits=3", "exact", "unknown setting 'qbits'; known are qubits, layers"),
        ("models.circuit.qubits=0", "exact", "`qubits` must be a positive int, but is 0"),
        ("models.ensemble.reads=0", "annealed", "`reads` must be a positive int"),
        ("backends.shots.shots=0", "shots", "`shots` must be a positive int"),
        ("backends.shots.events=-1", "shots", "`events` must be an int >= 0"),
        ('models.logistic.inverse_penalty="x"', "logistic", "must be a number"),
        ("models.ensemble.penalties=1.0", "best", "must be a list"),
        ('rows=[{id="a", model="ensemble"}]', "a", "needs `sampler`"),
        ('rows=[{id="a", model="circuit"}]', "a", "needs `backend`"),
        ('rows=[{id="a", model="sum", backend="exact"}]', "a", "takes no `backend`"),
    ],
)
def test_bad_settings_are_one_sentence(small_toml, override, row, message):
    spec = load_spec(str(small_toml), [override])
    with pytest.raises(ValueError, match=message):
        pieces(spec, next(r for r in spec.rows if r.id == row))


def test_shipped_specs_are_valid_and_unknown_ones_name_them(root):
    for file in (root / "experiments" / "specs").glob("*.toml"):
        spec = load_spec(file.stem)
        assert [pieces(spec, row) for row in spec.rows]
        assert {row.role for row in spec.rows} >= {"classical", "trivial"}
    with pytest.raises(FileNotFoundError, match="or one of demo"):
        load_spec("nothing")


def test_text_that_is_not_toml(tmp_path):
    (tmp_path / "a.toml").write_text("name = ")
    with pytest.raises(ValueError, match="not valid TOML"):
        load_spec(str(tmp_path / "a.toml"))


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("{folds=2}", "needs `space`"),
        ("{space={layers=[]}}", "`layers` must be a list with an entry"),
        ("{space={layers=[1], sampler=[1]}}", "unknown setting 'sampler'"),
        ("{space={layers=[0]}}", "`layers` must be a positive int"),
        ("{space={layers=[1]}, rounds=3}", "needs `space`, and may have"),
    ],
)
def test_bad_searches_are_one_sentence(small_toml, search, message):
    spec = load_spec(str(small_toml), [f"models.circuit.search={search}"])
    with pytest.raises(ValueError, match=message):
        pieces(spec, next(row for row in spec.rows if row.id == "exact"))
