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


class Over(StrEnum):
    """What intervals are over."""

    events = "events"
    seeds = "seeds"


OverOption = Annotated[
    Over | None,
    typer.Option("--over", help="Intervals over test events, or over seeds (the faster one)."),
]


def table(
    spec: SpecName,
    out: Out = None,
    override: Override = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.text,
    against: Annotated[
        str | None, typer.Option(help="Test all rows against this one: classical, trivial, an id.")
    ] = None,
    over: OverOption = None,
    offloaded: Annotated[
        bool, typer.Option("--offloaded", help="What each offloaded row lost and took.")
    ] = False,
    equal_coverage: Annotated[
        bool, typer.Option("--equal-coverage", help="Refuse rows with fewer events or seeds.")
    ] = False,
    smoke: Smoke = False,
    no_baselines: NoBaselines = False,
) -> None:
    """Print a spec's table from stored predictions, one for each of its data sets."""
    from experiments.reporting.tables import require_equal_coverage

    made, folder = _stored(spec, out, override, smoke, bare=no_baselines, over=over)
    for one in made:
        if equal_coverage:
            require_equal_coverage(one)
        if offloaded:
            _print_offloaded(one, folder, form)
        else:
            _print(one, folder, form, against)


def report(
    spec: SpecName,
    out: Out = None,
    override: Override = None,
    over: OverOption = None,
    smoke: Smoke = False,
    no_baselines: NoBaselines = False,
) -> None:
    """Write a spec's report page from stored predictions, one for each of its data sets."""
    made, folder = _stored(spec, out, override, smoke, bare=no_baselines, over=over)
    again = command_line("run", spec, out=out, override=override)
    with stages(made[0].spec.title or made[0].spec.name, "report") as progress:
        progress(0, 1)
        pages = write_pages(spec_of(spec, override, smoke), made, folder, again)
    for page in pages:
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
    from experiments.reporting.terminal import to_rich

    screen = console()
    screen.print(to_rich(made))
    for sentence in findings(made):
        screen.print(f"- {sentence}", highlight=False, markup=False)
    roads = (
        "Road: trained on → predicted on, C classical, Q quantum; ± of a change: half its interval."
    )
    for note in (roads, *made.notes):
        screen.print(note, style="dim", highlight=False, markup=False)


def make_tables(loaded, folder: Path, *, bare: bool, over: str | None = None, progress) -> list:
    """The tables of a spec, one for each of its data sets."""
    from experiments.reporting.tables import make_table
    from experiments.specs import by_dataset

    return [
        make_table(part, folder, baselines=not bare, over=over, progress=progress)
        for part in by_dataset(loaded).values()
    ]


def write_pages(loaded, made: list, folder: Path, again: str) -> list[Path]:
    """The report pages of a run, with the audit's verdict, ranks, and the other benchmarks."""
    from experiments.checking.auditing.audit import audit, audit_text
    from experiments.knowledge import shipped_specs
    from experiments.reporting.report import write_report

    extra = _ranks(loaded, folder) if len(made) > 1 else []
    verdict, pages = audit_text(audit(folder, spec=loaded)), []
    for one in made:
        name = f"report-{one.spec.data.name}.html" if len(made) > 1 else "report.html"
        options = {"audit": verdict, "extra": extra, "shipped": shipped_specs()}
        pages.append(write_report(one, folder, folder / name, again, **options))
    return pages


def spec_of(spec: str, override: list[str] | None, smoke: bool):
    """The spec that a command line names."""
    from experiments.specs import load_spec

    return load_spec(spec, override or [], smoke=smoke)


def _ranks(loaded, folder: Path) -> list:
    """The critical difference diagram over all data sets, where enough of them are finished."""
    from experiments.reporting.ranking import ranks_figure
    from experiments.run import all_records
    from experiments.scoring import score_matrix

    found = score_matrix(loaded, all_records(loaded, folder), folder=folder)
    try:
        return [ranks_figure(found, loaded.metrics[0])]
    except ValueError:  # too few data sets that all models were run on
        return []


def _print(made, folder: Path, form: Format, against: str | None) -> None:
    from experiments.reporting import formats

    if against is not None:
        from experiments.reporting.significance import compare_rows, significance_rich

        console().print(significance_rich(compare_rows(made, folder, against), against))
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


def _print_offloaded(made, folder: Path, form: Format) -> None:
    from experiments.reporting.offload import offload_markdown, offload_rich, offload_summaries

    named = offload_summaries(made, folder)
    if not named:
        raise ValueError(f"No finished row of {made.spec.name!r} is offloaded and has an `ideal`.")
    if form is Format.markdown:
        typer.echo(offload_markdown(named), nl=False)
    else:
        console().print(offload_rich(named))


def _stored(
    spec: str,
    out: Path | None,
    override: list[str] | None,
    smoke: bool,
    *,
    bare: bool,
    over: str | None,
) -> tuple[list, Path]:
    loaded = spec_of(spec, override, smoke)
    folder = run_folder(out, loaded.name)
    with stages(loaded.title or loaded.name, "bootstrap") as progress:
        return make_tables(loaded, folder, bare=bare, over=over, progress=progress), folder
