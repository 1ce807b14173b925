"""`qml doctor`: what is installed, what is broken, what is missing, and what to do about it."""

import json
import os
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path
from typing import NamedTuple

from annealing import leap_credentials
from experiments.provenance import PACKAGES, provenance, versions


class Finding(NamedTuple):
    """One line: `mark` "ok", "note" or "problem"; what was looked at; what was found."""

    mark: str
    what: str
    found: str


def examine() -> list[Finding]:
    """Look at the installation; nothing is changed and no secret is read out.

    Returns:
        the findings in reading order.
    """
    checks: tuple[Callable[[], list[Finding]], ...] = (
        _packages,
        _device,
        _known_pairs,
        _four_packages,
        _credentials,
        _optional,
    )
    return [finding for check in checks for finding in check()]


def intruders() -> dict[str, str]:
    """Those of our four packages that Python would load from somewhere else.

    Distributions called `qml`, `circuits` and `experiments` exist; one of them installed beside
    this project would shadow it silently.

    Returns:
        {package: file it would be loaded from}; empty when all is well.
    """
    home = Path(__file__).resolve().parents[2]
    places = {
        name: util.find_spec(name) for name in ("qml", "circuits", "annealing", "experiments")
    }
    origins = {name: (spec.origin if spec else None) or "nowhere" for name, spec in places.items()}
    return {name: origin for name, origin in origins.items() if home not in Path(origin).parents}


def _packages() -> list[Finding]:
    found = versions(PACKAGES)
    missing = [name for name in PACKAGES if name not in found]
    lines = [Finding("ok", name, version) for name, version in found.items()]
    how = "absent; install the project with `pip install .`"
    return lines + [Finding("problem", name, how) for name in missing]


def _device() -> list[Finding]:
    about = provenance()
    lines = [Finding("ok", "python", f"{about['python']} on {about['platform']}")]
    lines.append(Finding("ok", "jax device", f"{about['device']}, {about['cpus']} CPU cores"))
    lines.append(Finding("ok", "jax precision", f"{about['precision']} (a spec sets its own)"))
    if not about["device"].startswith(("gpu", "cuda", "rocm")):
        how = "not visible to jax; `pip install 'qml-offload[cuda]'` brings the CUDA wheels"
        lines.append(Finding("note", "GPU", how))
    return lines


def _known_pairs() -> list[Finding]:
    jax, pennylane = _version("jax"), _version("pennylane")
    if jax >= (0, 11) and (0, 45) <= pennylane < (0, 46):
        return [
            Finding(
                "note",
                "PennyLane 0.45 with jax >= 0.11",
                "a QNode inside jax.jit fails (it uses jax.core.is_concrete); this project never "
                "does that, so only QNodes of your own are affected: pin 'jax<0.11' for those",
            )
        ]
    return [Finding("ok", "known broken pairs", "none installed")]


def _four_packages() -> list[Finding]:
    wrong = intruders()
    if not wrong:
        return [Finding("ok", "qml, circuits, annealing, experiments", "loaded from one place")]
    how = "uninstall the distribution that brings it"
    return [Finding("problem", name, f"loaded from {file}; {how}") for name, file in wrong.items()]


def _credentials() -> list[Finding]:
    """Whether credentials are where the vendors' clients look; values are never read out."""
    ibm_set = "QISKIT_IBM_TOKEN" in os.environ or _has_ibm_account()
    leap_set, leap = leap_credentials()
    return [
        _credential("IBM Quantum", ibm_set, "QiskitRuntimeService.save_account(...)"),
        Finding("ok" if leap_set else "note", "credentials: D-Wave Leap", leap),
    ]


def _has_ibm_account() -> bool:
    """Whether the client's file holds an account: looking for one leaves an empty file behind."""
    file = Path.home() / ".qiskit" / "qiskit-ibm.json"
    try:
        return bool(json.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError):
        return False


def _credential(what: str, there: bool, how: str) -> Finding:
    found = "configured" if there else f"not configured (only hardware needs it): {how}"
    return Finding("ok" if there else "note", f"credentials: {what}", found)


def _optional() -> list[Finding]:
    extras = {
        "numba": ("compiled kernels for CPUs", "native"),
        "stim": ("Clifford circuits: `Stabilizer`", "stabilizer"),
        "pythia8mc": ("generate the di-photon events", "hep"),
        "codecarbon": ("grid factors; set QML_COUNTRY", "energy"),
        "pynvml": ("GPU energy", "energy"),
        "duckdb": ("queries, Parquet", "query"),
        "distributed": ("runs on Dask", "dask"),
        "optuna": ("searches by TPE", "hpo"),
        "sphinx": ("make docs", "docs"),
    }
    lines = []
    for module, (purpose, extra) in extras.items():
        there = util.find_spec(module) is not None
        found = "there" if there else f"absent; `pip install 'qml-offload[{extra}]'`"
        lines.append(Finding("ok" if there else "note", f"optional: {module} ({purpose})", found))
    return lines


def _version(package: str) -> tuple[int, ...]:
    try:
        text = metadata.version(package)
    except metadata.PackageNotFoundError:
        return (0,)
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def plan(text: str) -> list[str]:
    """Lines on what a simulation of n qubits needs, what holds it, and what fits if it does not.

    Every figure is computed from the size of a state; none is measured.

    Args:
        text: "n=30", or "30".

    Raises:
        ValueError: where the text names no positive number of qubits.

    >>> plan("n=30")[0]
    'Computed, not measured: 30 qubits in complex64, one state 8.59 GB.'
    """
    from circuits.simulation.devices.memory import (
        STATES,
        alternatives,
        device_memory,
        memory_plan,
        slice_table,
    )

    number = text.strip().removeprefix("n=")
    if not number.isdigit() or not int(number):
        raise ValueError(f"Option `--plan` must be like n=30, but is {text!r}.")
    n, here = int(number), device_memory()
    state = memory_plan(n).state_bytes
    lines = [
        f"Computed, not measured: {n} qubits in complex64, one state {state / 1e9:.2f} GB.",
        f"This device: {here / 1e9:.1f} GB.",
    ]
    for method in STATES:
        needed = memory_plan(n, method=method, layers=10, device_bytes=here)
        verdict = "fits here" if needed.fits else "would fit: " + "; ".join(alternatives(needed))
        lines.append(f"{method:<13}{needed.bytes_per_device / 1e9:>14,.2f} GB  {verdict}")
    lines.append("Most qubits on a slice of an A100 (JAX takes 75 %), reverse with 10 layers:")
    lines.append("GB    " + "".join(f"{method:>14}" for method in STATES))
    for size, fits in slice_table():
        lines.append(f"{size:<6}" + "".join(f"{fits[method]:>14}" for method in STATES))
    return lines
