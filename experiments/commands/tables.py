"""Commands that show stored results; nothing is trained: table, report, query, export."""

from enum import StrEnum
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
    console,
    run_folder,
    stages,
)


class Format(StrEnum):
    """How a table is printed."""

    text = "text"
    markdown = "markdown"
    latex = "latex"
    html = "html"
    csv = "csv"


def table(
    spec: SpecName,
    out: Out = None,
    override: Override = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.text,
    against: Annotated[
        str | None, typer.Option(help="Test all rows against this one: classical, trivial, an id.")
    ] = None,
    smoke: Smoke = False,
    no_baselines: NoBaselines = False,
) -> None:
    """Print a spec's table from stored predictions."""
    from experiments.reporting import formats

    made, folder = _stored(spec, out, override, smoke, no_baselines)
    if against is not None:
        from experiments.reporting.significance import compare_rows, significance_rich

        shown = significance_rich(compare_rows(made, folder, against), against)
        console().print(shown)
        return
    if form is Format.text:
        print_table(made)
        return
    write = {
        "markdown": formats.to_markdown,
        "latex": formats.to_latex,
        "html": formats.to_html,
        "csv": formats.to_csv,
    }
    typer.echo(write[form.value](made), nl=False)


def report(
    spec: SpecName,
    out: Out = None,
    override: Override = None,
    smoke: Smoke = False,
    no_baselines: NoBaselines = False,
) -> None:
    """Write a spec's report page from stored predictions."""
    made, folder = _stored(spec, out, override, smoke, no_baselines)
    with stages(made.spec.title or made.spec.name, "report") as progress:
        progress(0, 1)
        page = write_page(made, folder, command_line("run", spec, out=out, override=override))
    typer.echo(page)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over `records` and `latest`.")],
    folders: Folders,
) -> None:
    """Ask all records of some folders in SQL (DuckDB)."""
    from rich.table import Table as RichTable

    from experiments.query import query as ask

    answer = ask(folders, sql)
    shown = RichTable(*answer.columns, box=None)
    for row in answer.rows:
        shown.add_row(*map(str, row))
    console().print(shown)


def export(
    folders: Folders,
    to: Annotated[Path, typer.Option(help="The Parquet file to write.")],
) -> None:
    """Write the records of some folders as one Parquet file."""
    from experiments.query import export_parquet

    typer.echo(f"{export_parquet(folders, to)} records in {to}")


def print_table(made) -> None:
    """A table with what it says and what must be known, on the terminal."""
    from experiments.reporting.findings import findings
    from experiments.reporting.formats import to_rich

    screen = console()
    screen.print(to_rich(made))
    for sentence in findings(made):
        screen.print(f"- {sentence}", highlight=False, markup=False)
    roads = (
        "Road: trained on → predicted on, C classical, Q quantum; ± of a change: half its interval."
    )
    for note in (roads, *made.notes):
        screen.print(note, style="dim", highlight=False, markup=False)


def write_page(made, folder: Path, again: str) -> Path:
    """The report page of a run, with the audit's verdict."""
    from experiments.checking.audit import audit, audit_text
    from experiments.reporting.report import write_report

    verdict = audit_text(audit(folder, spec=made.spec))
    return write_report(made, folder, folder / "report.html", again, audit=verdict)


def _stored(spec: str, out: Path | None, override: list[str] | None, smoke: bool, bare: bool):
    from experiments.specs import load_spec

    loaded = load_spec(spec, override or [], smoke=smoke)
    folder = run_folder(out, loaded.name)
    with stages(loaded.title or loaded.name, "bootstrap") as progress:
        from experiments.reporting.tables import make_table

        return make_table(loaded, folder, baselines=not bare, progress=progress), folder
