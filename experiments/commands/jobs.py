"""The commands `qml jobs …`: what a ledger holds, and what may be done about an open job."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.commands.options import console

app = typer.Typer(no_args_is_help=True, help="Jobs in a ledger: circuits and annealing alike.")

Folder = Annotated[Path, typer.Argument(help="The ledger.")]
Digest = Annotated[str, typer.Argument(help="The job's digest, or its beginning.")]
Deadline = Annotated[float | None, typer.Option(help="Seconds to wait at most.")]


@app.command("list")
def list_jobs(folder: Folder = Path("jobs")) -> None:
    """The jobs of a ledger, the latest first."""
    from rich.table import Table

    from annealing import list_jobs as listed
    from annealing import show_job
    from qml.jobs import is_lost

    shown = Table(box=None, pad_edge=False)
    for head in ("job", "state", "since (UTC)", "machine", "shots or reads", "id there"):
        shown.add_column(head, overflow="fold")
    jobs = listed(folder)
    for job in jobs:
        told = show_job(folder, job["digest"])
        machine, draws = _machine(told["prepared"])
        there = told.get("submitted", {}).get("id") or "-"
        state = "sent?" if is_lost(folder, job["digest"]) else job["state"]
        shown.add_row(job["digest"][:12], state, job["time"][:19], machine, draws, there)
    console().print(shown if jobs else f"No jobs in {folder}.")


@app.command()
def show(
    folder: Folder,
    digest: Digest,
    drawing: Annotated[
        bool, typer.Option("--drawing", help="Its circuit before and after transpilation instead.")
    ] = False,
) -> None:
    """All that is known of a job, as JSON; arrays by their shapes."""
    from annealing import show_job
    from qml.jobs import draw_circuit_job

    if drawing:
        typer.echo("\n\n".join(draw_circuit_job(folder, digest)))
        return
    typer.echo(json.dumps(show_job(folder, digest), indent=1))


@app.command()
def fetch(folder: Folder, digest: Digest, deadline: Deadline = None) -> None:
    """Wait for a job that was sent, and keep its answer; nothing is sent."""
    _say(_verb("fetch", folder, digest)(folder, digest, deadline=deadline))


@app.command()
def cancel(folder: Folder, digest: Digest, deadline: Deadline = 60.0) -> None:
    """Ask the vendor to stop a job; an answer that was paid for is kept."""
    _say(_verb("cancel", folder, digest)(folder, digest, deadline=deadline))


@app.command("set-aside")
def set_aside(folder: Folder, digest: Digest) -> None:
    """Put a failed or cancelled job out of the way, so that its command may send it anew."""
    from annealing import set_aside as put_aside

    typer.echo(f"put aside as {put_aside(folder, digest)}")


def _verb(name: str, folder: Path, digest: str) -> Any:
    """The function for a job of this kind: of the circuits' ledger, or of the annealers'."""
    import annealing
    from qml import jobs

    whole = annealing.ledger.find_job(folder, digest)
    if jobs.is_circuit_job(folder, whole):
        return {"fetch": jobs.fetch_circuit_job, "cancel": jobs.cancel_circuit_job}[name]
    return {"fetch": annealing.fetch_job, "cancel": annealing.cancel_job}[name]


def _machine(prepared: dict[str, Any]) -> tuple[str, str]:
    """Name of the machine and the number of draws, for either kind of job."""
    if prepared.get("kind") == "circuits":
        request = prepared["request"]
        backend = request["backend"]
        name = request.get("target") or (backend if isinstance(backend, str) else backend["type"])
        return name, str(prepared["cost"]["shots"])
    return prepared["solver"], str(prepared["request"]["reads"])


def _say(job: dict[str, Any]) -> None:
    reason = job.get(job["state"], {}).get("reason")
    typer.echo(f"{job['digest'][:12]} {job['state']}{f': {reason}' if reason else ''}")
