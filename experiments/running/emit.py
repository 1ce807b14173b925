"""Batch systems: an array job over the cells of a run, written as files that anyone can read.

Each job runs `qml run SPEC --cell DIGEST --out FOLDER` for the cells of its number. The command is
idempotent and claims its cell, so jobs may be stopped, sent again and sent twice; no server and no
port is involved. The folder must be on a file system that all machines share.
"""

import re
import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.running.loop import write_files

SYSTEMS = ("slurm", "htcondor", "kubernetes")
MOST_JOBS = 1000  # Slurm's default limit of an array is 1001
CONFIG_MAP_BYTES = 900_000  # Kubernetes allows 1 MiB for all of it


class Job(NamedTuple):
    """What a batch system is to run and what each job needs.

    `spec` and `overrides` as `qml run` gets them; `text` the spec's TOML; `out` the run's folder on
    the machines that compute; `image` and `volume` (a persistent volume claim, mounted at the
    folder's parent) are Kubernetes'.
    """

    name: str
    spec: str
    out: Path
    text: str = ""
    overrides: tuple[str, ...] = ()
    cpus: int = 1
    memory_gib: int = 4
    hours: int = 4
    at_once: int = 100
    image: str = ""
    volume: str = "qml"
    program: str = "qml"


def emit(system: str, cells: Sequence[str], job: Job, folder: Path) -> list[Path]:
    """Write the files of an array job.

    Args:
        system: "slurm", "htcondor" or "kubernetes".
        cells: digests of the cells to run.
        job: what to run.
        folder: where the files go; made where absent.

    Returns:
        the files, first the one that is submitted.

    Raises:
        ValueError: an unknown system, no cells, counts that are not positive, or too many cells.

    Example:
        >>> import tempfile
        >>> job = Job("demo", "demo", Path("/shared/demo"))
        >>> [file.name for file in emit("slurm", ["a1", "b2"], job, Path(tempfile.mkdtemp()))]
        ['demo.slurm', 'cells.txt']
    """
    if system not in SYSTEMS:
        raise ValueError(f"Argument `system` must be one of {SYSTEMS}, but is {system!r}.")
    if not cells:
        raise ValueError(f"Every cell of {job.name!r} has a record already; nothing to emit.")
    for field in ("cpus", "memory_gib", "hours", "at_once"):
        if type(getattr(job, field)) is not int or getattr(job, field) < 1:
            raise ValueError(f"Argument `{field}` must be a positive int: {getattr(job, field)!r}.")
    if system == "kubernetes" and not job.image:
        raise ValueError("Argument `image` must name a container image that has qml-offload.")
    # A job starts in a folder of the batch system's choice, so paths are made absolute here.
    spec = str(Path(job.spec).absolute()) if Path(job.spec).is_file() else job.spec
    job = job._replace(name=_label(job.name), spec=spec, out=job.out.absolute())
    count = min(len(cells), MOST_JOBS)
    write = {"slurm": _slurm, "htcondor": _htcondor, "kubernetes": _kubernetes}[system]
    files = write(job, count, list(cells), folder.resolve())
    write_files(folder, [(name, text.encode()) for name, text in files.items()])
    for name, text in files.items():
        if text.startswith("#!"):
            (folder / name).chmod(0o755)
    return [folder / name for name in files]


def _slurm(job: Job, count: int, cells: list[str], folder: Path) -> dict[str, str]:
    logs = shlex.quote(str(folder))
    script = f"""\
        #!/bin/bash
        #SBATCH --job-name={job.name}
        #SBATCH --array=0-{count - 1}%{min(job.at_once, count)}
        #SBATCH --cpus-per-task={job.cpus}
        #SBATCH --mem={job.memory_gib}G
        #SBATCH --time={job.hours}:00:00
        #SBATCH --output={folder}/%A_%a.log
        #SBATCH --requeue
        # Submit with: sbatch {logs}/{job.name}.slurm
        # Afterwards:  {_command(job, "table")}
        {{body}}
        """
    body = _body(job, count, f"{folder}/cells.txt", "SLURM_ARRAY_TASK_ID")
    return {f"{job.name}.slurm": _filled(script, body), "cells.txt": _lines(cells)}


def _htcondor(job: Job, count: int, cells: list[str], folder: Path) -> dict[str, str]:
    submit = f"""\
        # Submit with: condor_submit {shlex.quote(str(folder))}/{job.name}.sub
        # Afterwards:  {_command(job, "table")}
        universe = vanilla
        executable = {folder}/{job.name}.sh
        arguments = $(Process)
        initialdir = {folder}
        output = $(Cluster)_$(Process).log
        error = $(Cluster)_$(Process).log
        log = {job.name}.events
        getenv = true
        should_transfer_files = NO
        request_cpus = {job.cpus}
        request_memory = {job.memory_gib} GB
        +MaxRuntime = {job.hours * 3600}
        max_materialize = {job.at_once}
        queue {count}
        """
    script = "#!/bin/bash\nJOB_INDEX=$1\n{body}\n"
    body = _body(job, count, f"{folder}/cells.txt", "JOB_INDEX")
    return {
        f"{job.name}.sub": textwrap.dedent(submit),
        f"{job.name}.sh": _filled(script, body),
        "cells.txt": _lines(cells),
    }


def _kubernetes(job: Job, count: int, cells: list[str], folder: Path) -> dict[str, str]:
    if len(_lines(cells)) + len(job.text.encode()) > CONFIG_MAP_BYTES:
        raise ValueError(
            f"{len(cells)} cells do not fit into one ConfigMap of Kubernetes; emit fewer at once."
        )
    inside = job._replace(spec="/qml/spec.toml" if job.text else job.spec)
    manifest = f"""\
        # Submit with: kubectl apply -f {job.name}.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: {job.name}
        data:
          cells.txt: |2
        {{cells}}
          spec.toml: |2
        {{spec}}
        ---
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: {job.name}
        spec:
          completionMode: Indexed
          completions: {count}
          parallelism: {min(job.at_once, count)}
          backoffLimitPerIndex: 3
          maxFailedIndexes: {count}
          template:
            spec:
              restartPolicy: Never
              activeDeadlineSeconds: {job.hours * 3600}
              containers:
              - name: cells
                image: {job.image}
                command: ["/bin/bash", "-c"]
                args:
                - |2
        {{body}}
                resources:
                  requests: {{{{cpu: {job.cpus}, memory: {job.memory_gib}Gi}}}}
                  limits: {{{{memory: {job.memory_gib}Gi}}}}
                volumeMounts:
                - {{{{name: qml, mountPath: /qml}}}}
                - {{{{name: run, mountPath: {job.out.parent}}}}}
              volumes:
              - name: qml
                configMap: {{{{name: {job.name}}}}}
              - name: run
                persistentVolumeClaim: {{{{claimName: {job.volume}}}}}
        """
    body = _body(inside, count, "/qml/cells.txt", "JOB_COMPLETION_INDEX")
    text = textwrap.dedent(manifest).format(
        cells=textwrap.indent(_lines(cells).rstrip("\n"), " " * 4),
        spec=textwrap.indent(job.text.rstrip("\n") or "# shipped with the image", " " * 4),
        body=textwrap.indent(body, " " * 10),
    )
    return {f"{job.name}.yaml": text, "cells.txt": _lines(cells)}


def _body(job: Job, count: int, file: str, variable: str) -> str:
    """The shell lines of one job: its cells are every `count`-th line of the file."""
    return textwrap.dedent(
        f"""\
        set -euo pipefail
        export OMP_NUM_THREADS={job.cpus} OPENBLAS_NUM_THREADS={job.cpus} NPROC={job.cpus}
        status=0
        mine='NR % {count} == (i + 1) % {count}'
        for cell in $(awk -v i="${variable}" "$mine" {shlex.quote(file)})
        do
          {_command(job, "run")} --cell "$cell" || status=$?
        done
        exit "$status\""""
    )


def _command(job: Job, verb: str) -> str:
    overrides = [part for text in job.overrides for part in ("--set", text)]
    parts = [*shlex.split(job.program), verb, job.spec, "--out", str(job.out), *overrides]
    return shlex.join(parts)


def _filled(text: str, body: str) -> str:
    return textwrap.dedent(text).replace("{body}", body)


def _lines(cells: list[str]) -> str:
    return "".join(f"{cell}\n" for cell in cells)


def _label(name: str) -> str:
    """A name that all three systems take: lower case, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50] or "qml"
