"""Commands for result bundles: pack, verify, unpack."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.options import Out, Override, SpecName, run_folder, stages

Bundle = Annotated[Path, typer.Argument(help="The zip file of a bundle.")]
Limit = Annotated[float, typer.Option(help="At most this many GiB are expanded.")]


def pack(
    spec: SpecName,
    to: Annotated[Path, typer.Option(help="The zip file to write.")] = Path("bundle.zip"),
    out: Out = None,
    override: Override = None,
    author: Annotated[str, typer.Option(help="'Name <https://orcid.org/…>'.")] = "",
    licence: Annotated[str, typer.Option(help="Of the results, for example CC-BY-4.0.")] = "",
) -> None:
    """Write a run as an RO-Crate, one for each of its data sets: spec, records, scores, report."""
    from experiments.bundles import pack as pack_run
    from experiments.bundles.layout import sha256
    from experiments.specs import by_dataset, load_spec

    loaded = load_spec(spec, override or [])
    folder, parts = run_folder(out, loaded.name), by_dataset(loaded)
    for name, part in parts.items():
        file = to if len(parts) == 1 else to.with_name(f"{to.stem}-{name}{to.suffix}")
        with stages(f"pack {part.title or part.name}", "table") as progress:
            pack_run(part, folder, file, author=author, licence=licence, progress=progress)
        typer.echo(f"{file}  SHA-256 {sha256(file)}")


def verify(
    bundle: Bundle,
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Also check labels against the data set.")
    ] = False,
    limit: Limit = 2.0,
) -> None:
    """Compute every checksum and every figure of a bundle again; exit code 0 if all hold."""
    from experiments.bundles import verify as verify_bundle

    with stages(f"verify {bundle.name}", "table") as progress:
        made = verify_bundle(
            bundle, with_data=with_data, limit=int(limit * 2**30), progress=progress
        )
    for problem in made.problems:
        typer.echo(f"problem  {problem}")
    for note in made.notes:
        typer.echo(f"note     {note}")
    verdict = "all hold" if made.ok else f"{len(made.problems)} problems"
    counts = f"{made.files} files, {made.records} records, {made.figures} figures of the table"
    typer.echo(f"{counts}: {verdict}")
    raise typer.Exit(0 if made.ok else 1)


def unpack(
    bundle: Bundle,
    folder: Annotated[Path, typer.Argument(help="An absent or empty folder.")],
    limit: Limit = 2.0,
) -> None:
    """Unpack a bundle into a run's folder, where `qml run` goes on."""
    from experiments.bundles import unpack as unpack_bundle

    spec = unpack_bundle(bundle, folder, limit=int(limit * 2**30))
    typer.echo(f"unpacked; go on with: qml run {spec} --out {folder}")
