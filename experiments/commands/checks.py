"""Commands that doubt: audit, reproduce, compare."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.options import console, stages


def audit(
    path: Annotated[Path, typer.Argument(help="A run's folder, or a CSV with one score a line.")],
    n_test: Annotated[int, typer.Option(help="Test rows behind each score of a CSV.")] = 0,
    n_train: Annotated[int, typer.Option(help="Training rows behind each score of a CSV.")] = 0,
    column: Annotated[
        list[str] | None, typer.Option(help="ROLE=NAME of a CSV with unusual column names.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="A CSV's data sets, as NAME_train.csv and NAME_test.csv.")
    ] = None,
    spec: Annotated[str | None, typer.Option(help="The spec of a folder, if not shipped.")] = None,
) -> None:
    """Check any results for values that cannot be right; exit code 1 where there are some."""
    from experiments.checking.auditing.audit import audit as look
    from experiments.checking.auditing.audit import audit_text
    from experiments.specs import load_spec

    if wrong := [text for text in column or [] if "=" not in text]:
        raise ValueError(f"Option `--column` must be ROLE=NAME, but is {wrong[0]!r}.")
    columns = dict(text.split("=", 1) for text in column or [])
    given = load_spec(spec) if spec else None
    made = look(path, n_test=n_test, n_train=n_train, columns=columns, data=data, spec=given)
    typer.echo(audit_text(made), nl=False)
    raise typer.Exit(made.exit_code)


def reproduce(
    entry: Annotated[str, typer.Argument(help="A published entry; a wrong one lists them.")],
    quick: Annotated[bool, typer.Option("--quick", help="A documented part of it.")] = False,
    from_predictions: Annotated[
        bool, typer.Option("--from-predictions", help="Train nothing; use kept predictions.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder that keeps predictions.")] = None,
) -> None:
    """Make a published table again, cell by cell; exit code 0 only if all of it holds."""
    from experiments.checking.reproduce import reproduce as make_again
    from experiments.checking.reproduce import reproduction_rich

    with stages(f"reproduce {entry}", "cells") as progress:
        made = make_again(entry, quick, from_predictions, folder=out, progress=progress)
    console().print(reproduction_rich(made))
    raise typer.Exit(made.exit_code)


def compare(
    first: Annotated[Path, typer.Argument(help="Folder of the run that is the reference.")],
    second: Annotated[Path, typer.Argument(help="Folder of the other run.")],
) -> None:
    """Which cells moved beyond their interval, and what differs around them."""
    from experiments.checking.compare import compare as compare_folders
    from experiments.checking.compare import comparison_rich

    made = compare_folders(first, second)
    console().print(comparison_rich(made))
    raise typer.Exit(made.exit_code)
