"""Every shipped spec: labelled, with baselines, and its smoke size runs from end to end."""

import os
from dataclasses import replace

import pytest

from experiments.knowledge import LABELS, shipped_specs
from experiments.reporting.tables import make_table
from experiments.run import all_records, run
from experiments.scoring import score_matrix
from experiments.specs import by_dataset, load_spec, shipped_names
from experiments.statistics import average_ranks
from qml.data.fetching import MIRROR


@pytest.mark.parametrize("name", shipped_names())
def test_labels_source_and_contact_are_given(name):
    about = load_spec(name).about
    for label in (*LABELS, "paper", "contact", "expected", "seconds"):
        assert getattr(about, label), f"[about] of {name} has no {label}"


NEEDS_FILES = ("lhcb_bjets", "susy", "tracking")


@pytest.mark.parametrize("name", shipped_names())
def test_the_smoke_size_runs(name, tmp_path):
    if name in NEEDS_FILES and not os.environ.get(MIRROR):
        pytest.skip(f"its data are not shipped; {MIRROR} names no folder")
    spec = load_spec(name, smoke=True)
    records = run(spec, tmp_path)
    assert [record.error for record in records if record.status != "ok"] == []
    for part in by_dataset(spec).values():
        table = make_table(part, tmp_path, resamples=20)
        assert all(line.main is not None for line in table.lines)


def test_ranks_over_the_data_sets_of_a_shipped_spec(tmp_path):
    spec = load_spec("toy_sets", smoke=True)
    spec = replace(spec, rows=tuple(row for row in spec.rows if row.model in ("logistic", "sum")))
    run(spec, tmp_path)
    made = score_matrix(spec, all_records(spec, tmp_path))
    assert made.models == ["logistic regression", "untrained sum"]
    assert made.datasets == ["toy_linear", "toy_rings", "diphoton", "diphoton_matched"]
    assert made.values.shape == (4, 2)
    assert average_ranks(made.values).sum() == 3


def test_labels_select():
    found = [spec.name for spec in shipped_specs(field="hep", technology="circuit")]
    assert "demo" in found
    assert not {"qaml_curve", "toy_sets"} & set(found)
    assert shipped_specs(tool="no such tool") == []
    with pytest.raises(ValueError, match="Unknown label 'color'; known are technology"):
        shipped_specs(color="blue")
