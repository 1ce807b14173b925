"""The command `qml offload`: one checkpoint, byte for byte, on every backend that is named."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands.options import console

if TYPE_CHECKING:
    from experiments.offloading import Offload

NAMES = (
    "exact, shots, density, aer, fake:manila, density:manila or trajectories:manila (ours under "
    "the noise that it states), pennylane:lightning.qubit or ibm:NAME"
)
CIRCUIT = "the circuit"
MITIGATIONS = "readout, zero_noise, twirling, regression or cancellation"


def offload(
    checkpoint: Annotated[Path, typer.Argument(help="A frozen model, without or with a suffix.")],
    data: Annotated[str, typer.Option(help="A data set, or a .csv or .npz file of events.")],
    backend: Annotated[list[str], typer.Option(help=f"{NAMES}; may be given again.")],
    mitigate: Annotated[
        list[str],
        typer.Option(help=f"One more row for each backend: {MITIGATIONS}; may be given again."),
    ] = [],  # noqa: B006  typer makes a new one for each call
    shots: Annotated[int, typer.Option(help="For each measurement basis; 0: exact.")] = 1024,
    seed: Annotated[int, typer.Option(help="Of simulators and intervals.")] = 0,
    events: Annotated[int, typer.Option(help="The first so many events; 0: all.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Scores go to this .csv or .npz file.")] = None,
    jobs: Annotated[Path, typer.Option(help="Ledger: the same command goes on from it.")] = Path(
        "jobs"
    ),
    batch: Annotated[int | None, typer.Option(help="Most events in a job or chunk.")] = None,
    deadline: Annotated[float | None, typer.Option(help="Seconds to wait at most.")] = None,
    max_shots: Annotated[int | None, typer.Option(help="Refuse a backend that takes more.")] = None,
    max_qpu_seconds: Annotated[
        float | None, typer.Option(help="Refuse a backend whose estimated time there is longer.")
    ] = None,
    drawing: Annotated[
        bool, typer.Option("--drawing", help="Draw the circuit before and after transpilation.")
    ] = False,
) -> None:
    """Predict with a frozen model on circuit backends; each row stands beside the exact one."""
    if out and out.suffix not in (".csv", ".npz"):
        raise ValueError(f"Option `--out` must end in .csv or .npz, but is {out}.")
    if out and not out.parent.is_dir():
        raise ValueError(f"Folder {out.parent} of option `--out` must be there, but is not.")
    if mitigate and not set(backend) - {"exact"}:
        raise ValueError(
            "Option `--mitigate` needs a backend other than exact, which has no errors."
        )
    from experiments.offloading import offload as predict
    from experiments.offloading import read_events, with_mitigations, write_scores
    from qml import load_checkpoint

    frozen, digest = load_checkpoint(_stem(checkpoint))
    table = read_events(data, events)
    limits = {"deadline": deadline, "max_shots": max_shots, "max_qpu_seconds": max_qpu_seconds}
    options: dict[str, Any] = {"batch": batch, "about": {"checkpoint": digest}, **limits}
    backends = with_mitigations(
        frozen, table, backend, mitigate, ledger=jobs, options=options, shots=shots, seed=seed
    )
    rows = predict(frozen, table, backends, seed=seed, told=_told)
    typer.echo(f"checkpoint {digest[:12]}, {len(table.x)} events")
    console().print(_shown(rows))
    for line in _notes(rows):
        typer.echo(line)
    if drawing:
        _draw(rows, jobs)
    if out:
        write_scores(out, rows, table)
        typer.echo(f"scores   {out.resolve()}")
    typer.echo(f"jobs     {jobs.resolve()}")


def _draw(rows: Sequence["Offload"], jobs: Path) -> None:
    """The circuit once, then what each device runs of it, alone and under each mitigation."""
    drawn: set[str] = set()
    for head, text in (pair for row in rows for pair in _drawings(row, jobs)):
        if text not in drawn:
            typer.echo(f"\n{head}\n\n{text}")
        elif head != CIRCUIT:
            typer.echo(f"\n{head}: as above")
        drawn.add(text)


def _drawings(row: "Offload", jobs: Path) -> Iterator[tuple[str, str]]:
    """Heads and texts of a row's first job."""
    from qml.jobs import draw_circuit_job
    from qml.offload_report import innermost

    info = row.outcome.result.info
    for job in innermost(info).get("ledger", [])[:1]:
        before, *after = draw_circuit_job(jobs, job["digest"])
        if "inside" not in info:
            yield CIRCUIT, before
            yield from ((f"on {row.name}", text) for text in after)
        else:  # what was asked is not the circuit, but one that the mitigation made of it
            yield from ((f"on {row.name}, in the first job of the mitigation", t) for t in after)


def _told(name: str) -> None:
    typer.echo(f"running on {name}", err=True)


def _stem(path: Path) -> Path:
    """A checkpoint is two files; either may be named."""
    return path.with_suffix("") if path.suffix in (".json", ".safetensors") else path


def _shown(rows: Sequence["Offload"]) -> Any:
    """One column a backend; what needs labels is left out where there are none."""
    from rich.table import Table

    from experiments.reporting.offload import offload_cells

    shown = Table(box=None, pad_edge=False)
    for index, head in enumerate(("", *(row.name for row in rows))):
        shown.add_column(head, justify="right" if index else "left")
    for cells in offload_cells([(row.name, row.summary) for row in rows]):
        if not cells[1].strip("+").startswith("nan"):
            shown.add_row(*cells)
    return shown


def _notes(rows: Sequence["Offload"]) -> list[str]:
    """What the table cannot say: whose prices, what was simulated, options without effect."""
    from qml.jobs import ESTIMATED_BY
    from qml.offload_report import innermost

    prices = [row.summary["price"] for row in rows if row.summary["price"]]
    notes = sorted({f"Price: an estimate by the list of {p['device']}, no bill." for p in prices})
    if any(row.summary["qpu_seconds_are"] == "estimated" for row in rows if row.summary["price"]):
        notes.append(f"QPU seconds: an estimate, {ESTIMATED_BY}.")
    infos = [(row.name, row.outcome.result.info) for row in rows]
    if simulated := [name for name, info in infos if info.get("simulated") and info.get("shots")]:
        notes.append(f"Simulated, so nothing was paid: {', '.join(simulated)}.")
    for name, info in infos:
        if ignored := innermost(info).get("effective", {}).get("ignored"):
            notes.append(f"Options without effect on {name}: {', '.join(ignored)}.")
        told = info.get("ledger", [])
        if kept := sum(job["from_ledger"] for job in told):
            notes.append(f"Not run again: {kept} of {len(told)} jobs of {name} were in the ledger.")
    return notes
