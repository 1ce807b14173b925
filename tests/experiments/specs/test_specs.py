"""Specs: what is refused, how names are resolved, what a digest stands for."""

import hashlib
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.bundles.spec_text import spec_text
from experiments.catalogue import pieces
from experiments.specs import by_dataset, canonical, cells, load_spec, parse_spec

# Digests of the first version of the harness: records that were written then stay valid.
DIGESTS = {
    "logistic": "0a92baf92ed20460b9565261943853fe5af58d03180984ff8b8de938212d1bda",
    "sum": "c2b6a4e7c35c97c7e4f1812b458e209300ac3e6bac0ed8ba53bd7426dd400cf0",
    "exact": "22e4a18112d770d9d1294ecbb028538f175451d16a1bd8dd37f5014782746cef",
    "shots": "f15be0a664d57fd54284768a139f07f82342f2ca891410916085a16bc0775bf9",
    "best": "3f59b81559b1025c4780686fe96afc2f3bd59bf75ed2aeda86126bab4a29d39d",
    "annealed": "85f619ac7390e3b249d94a1e75016e5f5e334574dc4dcd20625e34e8ca558b1f",
}
QAML_CURVE = "33e6ecf2e850e9d74f388c324bacc0530781b42386b55d7a3a52f3d9b3cd87bf"
TWO_SETS = """rows=[
    {id="l", model="logistic", role="classical", grid={data=["toy_linear", "toy_rings"]}},
    {id="s", model="sum", ideal="l", grid={data=["toy_linear", "toy_rings"]}},
]"""


def test_digests_of_older_records_are_still_those_of_their_cells(small_spec):
    made = {c.row.id: c.digest for c in cells(small_spec, "sum") if c.seed == 0}
    assert made == DIGESTS
    first = (
        Path(__file__).parents[1] / "files" / "qaml_curve_first.toml"
    )  # as it was when it was run
    texts = (c.digest + c.training for c in cells(load_spec(str(first)), "sum"))
    assert hashlib.sha256("".join(texts).encode()).hexdigest() == QAML_CURVE


def test_what_changes_no_result_changes_no_digest(small_toml):
    spec = load_spec(str(small_toml), ['metrics=["log_loss"]', "budget.cells=3", 'title="t"'])
    assert {c.row.id: c.digest for c in cells(spec, "sum") if c.seed == 0} == DIGESTS


def test_splits_and_folds_have_digests_of_their_own(small_toml):
    folds = load_spec(str(small_toml), ['data.split="kfold"', "data.folds=3"])
    repeated = load_spec(str(small_toml), ['data.split="repeated"', "data.test_fraction=0.25"])
    made = cells(folds, "sum")
    assert [(c.row.id, c.seed, c.fold) for c in made[:4]] == [
        ("logistic", 0, 0),
        ("logistic", 0, 1),
        ("logistic", 0, 2),
        ("logistic", 1, 0),
    ]
    digests = [c.digest for c in (*made, *cells(repeated, "sum"))]
    assert len(set(digests) | set(DIGESTS.values())) == 36 + 12 + 6
    exact, shots = ([c.training for c in made if c.row.id == i] for i in ("exact", "shots"))
    assert exact == shots
    assert len(set(exact)) == 6


def test_rows_on_several_data_sets_are_as_many_specs(small_toml):
    spec = load_spec(str(small_toml), [TWO_SETS])
    assert [row.id for row in spec.rows] == [
        "l data=toy_linear",
        "l data=toy_rings",
        "s data=toy_linear",
        "s data=toy_rings",
    ]
    assert [row.ideal for row in spec.rows[2:]] == ["l data=toy_linear", "l data=toy_rings"]
    parts = by_dataset(spec)
    assert {name: len(part.rows) for name, part in parts.items()} == {
        "toy_linear": 2,
        "toy_rings": 2,
    }
    assert [row.label for row in parts["toy_rings"].rows] == ["l", "s"]
    assert parts["toy_rings"].title == "A small benchmark (toy_rings)"
    sums = {"toy_linear": "a", "toy_rings": "b"}
    alone = [c.digest for name, part in parts.items() for c in cells(part, sums[name])]
    assert sorted(alone) == sorted(c.digest for c in cells(spec, sums))
    for part in (spec, *parts.values()):
        assert replace(parse_spec(tomllib.loads(spec_text(part))), source=part.source) == part


@pytest.mark.parametrize(
    "override", ['metrics=["log_loss", "auc"]', "budget.seconds=1.5", "data.folds=0"]
)
def test_what_a_spec_can_say_survives_writing(small_toml, override):
    spec = load_spec(str(small_toml), [override])
    assert replace(parse_spec(tomllib.loads(spec_text(spec))), source=spec.source) == spec


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


def test_a_digest_is_the_hash_of_the_canonical_text(small_spec):
    first = next(c for c in cells(small_spec, "sum") if (c.row.id, c.seed) == ("shots", 1))
    data = {"name": "toy_linear", "train": 60, "sha256": "sum"}
    model, backend = small_spec.models["circuit"], small_spec.backends["shots"]
    training = {"data": data, "model": model, "sampler": None, "precision": "single", "seed": 1}
    whole = training | {"test": 100, "backend": backend}
    for tree, digest in ((training, first.training), (whole, first.digest)):
        assert hashlib.sha256(canonical(tree).encode()).hexdigest() == digest


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
        ('data.split="random"', "`split` must be one of"),
        ('data.split="kfold"', "`folds` must be 2 or more where `split` is 'kfold'.* is 0"),
        ("data.folds=3", "`folds` must be 2 or more where `split` is 'kfold'.* is 3"),
        ('data.split="repeated"', r"`test_fraction` must lie in \(0, 1\) where `split` is 'rep"),
        ("data.test_fraction=0.5", "absent elsewhere, but is 0.5"),
        ("data.test_fraction=true", "`test_fraction` must be a number, but is True"),
        ("budget.cells=0", "`cells` must be positive, but is 0"),
        ("budget.seconds=inf", "`seconds` must be positive, but is inf"),
        ("budget.shots=1.5", "`shots` must be an int, but is 1.5"),
        ("budget.money=1", r"In \[budget\]: unknown key 'money'; known are seconds, cells"),
        ("metrics=[]", "`metrics` must be a list with an entry"),
        ('metrics="auc"', "`metrics` must be a list with an entry, but is 'auc'"),
        ('metrics=["auc", "auc"]', "`metrics` must hold different strings"),
        ('rows=[{id="a", model="sum", train_events="x"}]', "`train_events` must be an int"),
        ('rows=[{id="a", model="sum", train_events=-1}]', "`train_events` must be >= 0"),
        (
            'rows=[{id="a", model="sum"}, {id="b", model="sum", data="toy_rings", ideal="a"}]',
            "In row 'b': `ideal` is 'a', which is not there",
        ),
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
    with pytest.raises(FileNotFoundError, match=r"or one of .*demo"):
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
