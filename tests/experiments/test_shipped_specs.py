"""Every shipped spec: labelled, with baselines, and its smoke size runs from end to end."""

import pytest

from experiments.knowledge import LABELS, shipped_specs
from experiments.reporting.tables import make_table
from experiments.run import run
from experiments.specs import load_spec, shipped_names


@pytest.mark.parametrize("name", shipped_names())
def test_labels_source_and_contact_are_given(name):
    about = load_spec(name).about
    for label in (*LABELS, "paper", "contact", "expected", "seconds"):
        assert getattr(about, label), f"[about] of {name} has no {label}"


@pytest.mark.parametrize("name", shipped_names())
def test_the_smoke_size_runs(name, tmp_path):
    spec = load_spec(name, smoke=True)
    records = run(spec, tmp_path)
    assert [record.error for record in records if record.status != "ok"] == []
    table = make_table(spec, tmp_path, resamples=20)
    assert all(line.auc is not None for line in table.lines)


def test_labels_select():
    assert [spec.name for spec in shipped_specs(field="hep", technology="circuit")] == ["demo"]
    assert shipped_specs(tool="no such tool") == []
    with pytest.raises(ValueError, match="Unknown label 'color'; known are technology"):
        shipped_specs(color="blue")
