"""The command line: `qml demo | run | table | report | doctor`.

Heavy packages are imported inside the commands, so that `qml --help` answers at once. Bad input
ends with one sentence and exit code 2; failed cells with exit code 1; Ctrl-C with 130.
"""

import os
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train classically, offload to quantum, and prove what it was worth.",
)

SpecName = Annotated[str, typer.Argument(help="A TOML file, or the name of a shipped spec (demo).")]
Out = Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME by default.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Override, for example seeds=[0].")]
Retry = Annotated[bool, typer.Option(help="Run cells again that failed before.")]


class Format(StrEnum):
    """How a table is printed."""

    text = "text"
    markdown = "markdown"


def main() -> None:
    """Entry point of the `qml` command."""
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("\nInterrupted; finished cells are kept, the same command goes on.", err=True)
        sys.exit(130)
    except (ValueError, TypeError, OSError) as error:
        if os.environ.get("QML_TRACEBACK"):
            raise
        typer.echo(f"error: {error}", err=True)
        typer.echo("(QML_TRACEBACK=1 shows where.)", err=True)
        sys.exit(2)


@app.command()
def demo(out: Out = None, override: Set = None) -> None:
    """The main job end to end: all four roads on di-photon events, table and report."""
    _run_and_report("demo", out, override or [], retry_failed=True)


@app.command()
def run(spec: SpecName, out: Out = None, override: Set = None, retry_failed: Retry = False) -> None:
    """Run what is missing of a spec, then print its table and write its report."""
    _run_and_report(spec, out, override or [], retry_failed)


@app.command()
def table(
    spec: SpecName,
    out: Out = None,
    override: Set = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.text,
) -> None:
    """Print a spec's table from stored predictions; nothing is trained."""
    from experiments.formats import to_markdown
    from experiments.specs import load_spec

    made = _stored_table(load_spec(spec, override or []), out)
    if form is Format.markdown:
        typer.echo(to_markdown(made), nl=False)
    else:
        _print_table(made)


@app.command()
def report(spec: SpecName, out: Out = None, override: Set = None) -> None:
    """Write a spec's report page from stored predictions; nothing is trained."""
    from experiments.report import write_report
    from experiments.specs import load_spec

    loaded = load_spec(spec, override or [])
    folder = _folder(out, loaded.name)
    made = _stored_table(loaded, out)
    typer.echo(write_report(made, folder, folder / "report.html", _again(spec, out, override)))


@app.command()
def doctor() -> None:
    """Show versions, device, known broken pairs, credentials and missing optional parts."""
    from rich.console import Console
    from rich.table import Table

    from experiments.doctor import examine

    shown = Table(box=None, show_header=False)
    findings = examine()
    for mark, what, found in findings:
        colour = {"ok": "green", "note": "yellow", "problem": "red"}[mark]
        shown.add_row(f"[{colour}]{mark}[/]", what, found)
    Console().print(shown)
    if any(finding.mark == "problem" for finding in findings):
        raise typer.Exit(1)


def _run_and_report(name: str, out: Path | None, override: list[str], retry_failed: bool) -> None:
    from experiments.display import live_display
    from experiments.specs import load_spec

    spec = load_spec(name, override)
    folder = _folder(out, spec.name)
    with live_display(spec.title or spec.name) as display:
        from experiments.report import write_report
        from experiments.run import run as run_spec
        from experiments.tables import make_table

        records = run_spec(spec, folder, retry_failed=retry_failed, display=display)
        failed = [record for record in records if record.status != "ok"]
        finished = len(failed) < len(records)
        made = (
            make_table(spec, folder, progress=partial(display.stage, "bootstrap"))
            if finished
            else None
        )
    if made is not None:
        _print_table(made)
        page = write_report(made, folder, folder / "report.html", _again(name, out, override))
        typer.echo(f"report   {page.resolve()}")
    typer.echo(f"records  {(folder / 'records.jsonl').resolve()}")
    for record in failed:
        place = folder / "failures" / record.info["traceback"]
        typer.echo(f"failed   {record.row}, seed {record.seed}: {record.error} ({place})", err=True)
    if failed:
        raise typer.Exit(1)


def _stored_table(spec, out: Path | None):
    from experiments.display import live_display
    from experiments.tables import make_table

    with live_display(spec.title or spec.name) as display:
        return make_table(
            spec, _folder(out, spec.name), progress=partial(display.stage, "bootstrap")
        )


def _print_table(made) -> None:
    from rich.console import Console

    from experiments.findings import findings
    from experiments.formats import to_rich

    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print(to_rich(made))
    for sentence in findings(made):
        console.print(f"- {sentence}", highlight=False, markup=False)
    roads = (
        "Road: trained on → predicted on, C classical, Q quantum; ± of a change: half its interval."
    )
    for note in (roads, *made.notes):
        console.print(note, style="dim", highlight=False, markup=False)


def _folder(out: Path | None, name: str) -> Path:
    return out or Path("runs") / name


def _again(spec: str, out: Path | None, override: list[str] | None) -> str:
    """The command that makes this run again, as typed."""
    import shlex

    parts = ["qml", "run", spec, *(["--out", str(out)] if out else [])]
    for text in override or []:
        parts += ["--set", text]
    return shlex.join(parts)
