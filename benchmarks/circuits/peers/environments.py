"""The peers' environments: one virtual environment for each requirements file, made when needed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ONE_THREAD = {
    "JAX_PLATFORMS": "cpu",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    # Large pages and memory that stays: fresh pages otherwise cost more than the arithmetic.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0"
    ":glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456",
}


def python_of(environment: str | None, folder: Path) -> Path:
    """The Python of an environment, installed first where it is new or its file changed.

    Raises:
        RuntimeError: where the installation failed; the message ends with the installer's last
            words.
    """
    if environment is None:
        return Path(sys.executable)
    requirements = HERE.parent / f"requirements-peers-{environment}.txt"
    place, done = folder / environment, folder / environment / "installed.txt"
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not done.exists() or done.read_text() != requirements.read_text():
        print(f"installing {requirements.name} into {place}", flush=True)
        for command in install_commands(place, python, requirements):
            result = subprocess.run(command, capture_output=True, text=True)
            if result.returncode:
                raise RuntimeError(f"not installed: {result.stderr.strip()[-120:]}")
        done.write_text(requirements.read_text())
    return python


def install_commands(place: Path, python: Path, requirements: Path) -> list[list[str]]:
    """Commands of uv where it is there, of venv and pip otherwise."""
    uv = shutil.which("uv")
    if uv is not None:
        make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)]
        install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        make = [sys.executable, "-m", "venv", "--clear", str(place)]
        install = [str(python), "-m", "pip", "install", "--quiet"]
    return [make, [*install, "-r", str(requirements)]]


def pinned(command: list[str]) -> list[str]:
    """The command on the last core that this process may use, where cores can be chosen."""
    if shutil.which("taskset") is None or not hasattr(os, "sched_getaffinity"):
        return command
    return ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0))), *command]
