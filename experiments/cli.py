"""The command line `qml`: which commands there are, and how errors end.

Heavy packages are imported inside the commands, so that `qml --help` answers at once. Bad input
ends with one sentence and exit code 2; failed cells and checks with 1; Ctrl-C and a run that its
budget stopped with 130.
"""

import os
import sys

import typer

from experiments.commands import about, bundles, checks, jobs, offload, runs, tables

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train classically, offload to quantum, and prove what it was worth.",
)
INTERRUPTED = 130  # what typer makes of a Ctrl-C
PANELS = {
    "Run": [runs.demo, runs.run, runs.emit, runs.merge, offload.offload],
    "Show": [tables.table, tables.report, tables.query, tables.export],
    "Check": [checks.audit, checks.reproduce, checks.compare],
    "Share": [bundles.pack, bundles.verify, bundles.unpack],
    "About": [about.doctor],
}
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(jobs.app, name="jobs", rich_help_panel="Run")
app.command("list", rich_help_panel="About")(about.list_specs)


def main() -> None:
    """Entry point of the `qml` command."""
    try:
        app()
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            text = "Interrupted; finished cells are kept, the same command goes on."
            typer.echo(text, err=True)
        raise
    except InterruptedError as stopped:  # by its budget; an OSError, but nothing went wrong
        typer.echo(str(stopped), err=True)
        sys.exit(INTERRUPTED)
    except (ValueError, TypeError, OSError, ImportError, RuntimeError) as error:
        if os.environ.get("QML_TRACEBACK"):
            raise
        typer.echo(f"error: {error}", err=True)
        typer.echo("(QML_TRACEBACK=1 shows where.)", err=True)
        sys.exit(2)
