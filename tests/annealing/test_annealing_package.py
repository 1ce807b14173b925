import subprocess
import sys

import pytest

import annealing

VENDORS = {"dimod", "dwave", "minorminer", "networkx", "jax", "sklearn"}


def test_import_loads_no_vendor():
    code = f"import annealing, sys; print({VENDORS} & {{m.split('.')[0] for m in sys.modules}})"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "set()"


@pytest.mark.parametrize("package", [annealing, annealing.samplers, annealing.problems])
def test_table_of_contents_is_true(package):
    assert len(set(package.__all__)) == len(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__doc__


@pytest.mark.parametrize("package", [annealing, annealing.samplers])
def test_unknown_names_are_unknown(package):
    with pytest.raises(AttributeError, match="no attribute 'Anneal'"):
        _ = package.Anneal
