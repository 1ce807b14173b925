"""Commands that compute: demo, run, and what spreads a run over machines: emit, merge."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.options import (
    Folders,
    NoBaselines,
    Out,
    Override,
    Smoke,
    SpecName,
    command_line,
    run_folder,
)
from experiments.commands.tables import make_tables, print_table, spec_of, write_pages


class System(StrEnum):
    """Batch systems that `emit` writes for."""

    slurm = "slurm"
    htcondor = "htcondor"
    kubernetes = "kubernetes"


Retry = Annotated[bool, typer.Option(help="Run cells again that failed before.")]
Workers = Annotated[int, typer.Option(help="Local processes; 0: as many as cores and memory fit.")]
Dask = Annotated[str | None, typer.Option(help="Address of a Dask scheduler that computes.")]
OneCell = Annotated[list[str] | None, typer.Option("--cell", help="Only this cell, by digest.")]


def demo(out: Out = None, override: Override = None, workers: Workers = 1) -> None:
    """The main job end to end: all four roads on di-photon events, table and report."""
    run("demo", out, override, retry_failed=True, workers=workers)


def run(
    spec: SpecName,
    out: Out = None,
    override: Override = None,
    retry_failed: Retry = False,
    workers: Workers = 1,
    dask: Dask = None,
    cell: OneCell = None,
    smoke: Smoke = False,
    no_baselines: NoBaselines = False,
) -> None:
    """Run what is missing of a spec, then print its table and write its report."""
    from experiments.commands.display import live_display

    loaded = spec_of(spec, override, smoke)
    folder = run_folder(out, loaded.name)
    made, pages = [], []
    with live_display(loaded.title or loaded.name) as display:
        from experiments.records import place
        from experiments.reporting.tables import require_baselines
        from experiments.run import run as run_spec
        from experiments.specs import by_dataset

        if not no_baselines and not cell:
            for part in by_dataset(loaded).values():
                require_baselines(part)
        options = {"retry_failed": retry_failed, "workers": workers, "dask": dask}
        records = run_spec(loaded, folder, display=display, only=cell, **options)
        failed = [record for record in records if record.status != "ok"]
        if not cell and len(failed) < len(records):
            progress = partial(display.stage, "bootstrap")
            made = make_tables(loaded, folder, bare=no_baselines, progress=progress)
            display.stage("report", 0, 1)
            again = command_line("run", spec, out=out, override=override)
            pages = write_pages(loaded, made, folder, again)
    for one in made:
        print_table(one)
    for page in pages:
        typer.echo(f"report   {page.resolve()}")
    typer.echo(f"records  {(folder / 'records.jsonl').resolve()}")
    for record in failed:
        story = folder / "failures" / str(record.info.get("traceback", ""))
        typer.echo(f"failed   {place(record)}: {record.error} ({story})", err=True)
    if failed:
        raise typer.Exit(1)


def emit(
    system: Annotated[System, typer.Argument(help="The batch system.")],
    spec: SpecName,
    out: Annotated[Path, typer.Option(help="Folder of the run on the machines that compute.")],
    to: Annotated[Path, typer.Option(help="Where the job's files go.")] = Path("job"),
    override: Override = None,
    image: Annotated[str, typer.Option(help="Container image (Kubernetes).")] = "",
    volume: Annotated[str, typer.Option(help="Volume claim (Kubernetes).")] = "qml",
    cpus: Annotated[int, typer.Option(help="Cores a cell.")] = 1,
    memory: Annotated[int, typer.Option(help="Memory a cell in GiB.")] = 4,
    hours: Annotated[int, typer.Option(help="Longest time of a cell.")] = 4,
) -> None:
    """Write an array job over the cells that are missing: one cell, one shell command."""
    from experiments.run import missing_cells
    from experiments.running.emit import Job
    from experiments.running.emit import emit as emit_job
    from experiments.specs import load_spec

    loaded = load_spec(spec, override or [])
    job = Job(
        loaded.name,
        spec,
        out,
        text=loaded.source,
        overrides=tuple(override or []),
        image=image,
        volume=volume,
        cpus=cpus,
        memory_gib=memory,
        hours=hours,
    )
    for file in emit_job(system, missing_cells(loaded, out), job, to):
        typer.echo(file)


def merge(
    folders: Folders,
    out: Annotated[Path, typer.Option(help="The folder to join them in.")],
) -> None:
    """Join the folders of runs from several places; contradictions are refused."""
    from experiments.running.merge import merge as merge_folders

    done = merge_folders(folders, out)
    typer.echo(
        f"{done.cells} cells in {out}, {done.copied} copied, {done.torn} torn lines left out"
    )
