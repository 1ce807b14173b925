"""Commands that tell: list, doctor."""

from typing import Annotated

import typer

from experiments.commands.options import console

Word = Annotated[str | None, typer.Option(help="Only specs whose label contains this word.")]


def list_specs(technology: Word = None, field: Word = None, tool: Word = None) -> None:
    """The shipped benchmarks, by technology, field and tool."""
    from rich.table import Table

    from experiments.knowledge import heads_and_cells, shipped_specs

    shown = Table(box=None)
    heads, body = heads_and_cells(shipped_specs(technology=technology, field=field, tool=tool))
    for head in heads:
        shown.add_column(head, overflow="fold")
    for cells in body:
        shown.add_row(*cells)
    console().print(shown)


Plan = Annotated[str | None, typer.Option(help="Qubits to plan memory for, such as n=30.")]


def doctor(plan: Plan = None) -> None:
    """Show versions, device, known broken pairs, credentials and missing optional parts."""
    from rich.markup import escape
    from rich.table import Table

    from experiments.commands.doctor import examine
    from experiments.commands.doctor import plan as planned

    if plan is not None:
        typer.echo("\n".join(planned(plan)))
        return
    shown = Table(box=None, show_header=False)
    findings = examine()
    for mark, what, found in findings:
        colour = {"ok": "green", "note": "yellow", "problem": "red"}[mark]
        shown.add_row(f"[{colour}]{mark}[/]", escape(what), escape(found))
    console().print(shown)
    if any(finding.mark == "problem" for finding in findings):
        raise typer.Exit(1)
