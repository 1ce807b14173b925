"""PennyLane's own tests of devices on `qml.jax`, in processes of their own with their settings."""

import subprocess
import sys
from pathlib import Path

import pennylane.devices.tests
import pytest

pytest.importorskip("pytest_mock", reason="PennyLane's suite needs pytest-mock")
pytest.importorskip("flaky", reason="PennyLane's suite needs flaky")

FOLDER = Path(pennylane.devices.tests.__file__).parent


def run_suite(*arguments: str, files: tuple[str, ...] = ("",)) -> str:
    """What pytest prints of files in which nothing fails."""
    paths = [str(FOLDER / each) for each in files]
    options = ["--rootdir", str(FOLDER), "--device", "qml.jax", "--skip-ops", *arguments]
    command = [sys.executable, "-m", "pytest", *paths, "-q", "-p", "no:cacheprovider", *options]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
    return run.stdout


def test_wires_and_tracking():
    assert " passed" in run_suite(files=("test_wires.py", "test_tracker.py"))


@pytest.mark.slow
@pytest.mark.parametrize("shots", [[], ["--shots", "10000"]])
def test_the_whole_suite(shots):
    assert " passed" in run_suite("-n", "2", *shots)
