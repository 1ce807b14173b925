"""The four packages: ours and nobody else's, light to import, with a table of contents."""

import importlib
import subprocess
import sys

import pytest

from experiments.commands.doctor import intruders

PACKAGES = ("circuits", "annealing", "qml", "experiments")


def test_the_four_packages_are_loaded_from_this_checkout(root):
    """PyPI has distributions called qml, circuits and experiments that would shadow ours."""
    found = {name: importlib.import_module(name).__file__ for name in PACKAGES}
    intruder = {name: file for name, file in found.items() if root.as_posix() not in str(file)}
    assert not intruder, f"a stranger is loaded in place of: {intruder}; uninstall it"
    assert intruders() == {}


def test_importing_loads_no_vendor():
    code = (
        "import sys, circuits, annealing, qml;"
        "vendors = {'pennylane', 'qiskit', 'dimod', 'dwave', 'minorminer'};"
        "vendors |= {'sklearn', 'matplotlib'};"
        "print(sorted(vendors & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "circuits",
        "annealing",
        "qml",
        "qml.estimators",
        "qml.models",
        "qml.boltzmann",
        "experiments.statistics",
    ],
)
def test_the_table_of_contents_is_true(name):
    package = importlib.import_module(name)
    assert len(set(package.__all__)) == len(package.__all__)
    for entry in package.__all__:
        assert getattr(package, entry).__doc__, f"{name}.{entry} has no docstring"
