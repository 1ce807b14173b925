"""Where a result came from: commit, versions, platform, device, precision."""

import os
import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "qml-offload",
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "optax",
    "scikit-learn",
    "pennylane",
    "qiskit",
    "qiskit-aer",
    "qiskit-ibm-runtime",
    "dwave-ocean-sdk",
    "dwave-samplers",
)


def provenance() -> dict[str, Any]:
    """Everything that a reviewer needs to judge whether two runs are comparable.

    Returns:
        JSON-able dict: commit, dirty, python, platform, cpus, jax device and precision, versions.

    Example:
        >>> sorted(provenance())[:3]
        ['commit', 'cpus', 'device']
    """
    import jax

    return {
        "commit": commit()[0],
        "dirty": commit()[1],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "device": f"{jax.devices()[0].platform}: {jax.devices()[0].device_kind}",
        "precision": "double" if jax.config.read("jax_enable_x64") else "single",
        "versions": versions(PACKAGES),
    }


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Installed version of each distribution; absent ones are left out."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def commit() -> tuple[str, bool]:
    """Commit of the checkout this runs from and whether files differ; ("", False) outside one."""
    here = Path(__file__).resolve().parents[1]
    head = _git(here, "rev-parse", "HEAD")
    inside = _git(here, "ls-files", "--error-unmatch", str(Path(__file__).resolve()))
    if not head or not inside:
        return "", False
    return head, bool(_git(here, "status", "--porcelain", "--untracked-files=no"))


def command() -> str:
    """The command line that is running, as it would be typed again."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # no git on the machine: the commit stays unknown
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
