"""The actions in a bundle's metadata: which program made what from what, and when.

Every cell is a CreateAction: the program (`instrument`) read spec, data and checkpoint (`object`)
and wrote scores and a record (`result`); a failed cell is one with FailedActionStatus. Training a
circuit that several cells share, and drawing up the table, are actions too.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from experiments.bundles import layout
from experiments.provenance import provenance
from experiments.records import Record, array_file
from experiments.specs import Cell, Spec, canonical

DATA_ID = "#data"

Ref = dict[str, str]
Add = Callable[..., Ref]
Found = list[tuple[Cell, Record | None]]


def actions(add: Add, folder: Path, spec: Spec, found: Found, agent: Ref | None) -> list[Ref]:
    """Add an action for each cell, each training that cells share, and the table.

    Args:
        add: `add(identifier, kind, **properties)` adds an entity once and returns its reference.
        folder: the bundle's files.
        spec: its spec.
        found: the cells of the spec with their last records.
        agent: who answers for them.

    Returns:
        references to the actions.
    """
    made: dict[str, Ref] = {}
    for cell, record in found:
        if record is not None:
            tool = _software(add, record.provenance)
            files = [_ref(folder, file) for file in layout.checkpoint_paths(folder, cell)]
            if files:
                name = f"{cell.row.model}-{cell.training[:16]}"
                made[name] = _training(add, name, spec, cell, tool, files, agent)
            made[cell.digest] = _cell(add, folder, spec, cell, record, tool, files, agent)
    return [*made.values(), _drawing_up(add, folder, agent)]


def _training(
    add: Add,
    name: str,
    spec: Spec,
    cell: Cell,
    tool: Ref,
    files: list[Ref],
    agent: Ref | None,
) -> Ref:
    return add(
        f"#training-{quote(name)}",
        "CreateAction",
        name=f"Training of {cell.row.model}, seed {cell.seed}",
        description=canonical(spec.models[cell.row.model]),
        instrument=tool,
        object=[{"@id": layout.SPEC}, {"@id": DATA_ID}],
        result=files,
        agent=agent,
    )


def _cell(
    add: Add,
    folder: Path,
    spec: Spec,
    cell: Cell,
    record: Record,
    tool: Ref,
    files: list[Ref],
    agent: Ref | None,
) -> Ref:
    done = record.status == "ok"
    scores = [_ref(folder, array_file(folder, cell.digest))] if done else []
    status = "CompletedActionStatus" if done else "FailedActionStatus"
    return add(
        f"#cell-{cell.digest[:32]}",
        "CreateAction",
        name=f"{cell.row.label or cell.row.id}, seed {cell.seed}",
        description=_settings(spec, cell),
        instrument=tool,
        object=[{"@id": layout.SPEC}, {"@id": DATA_ID}, *files],
        result=[*scores, {"@id": layout.RECORDS}],
        agent=agent,
        endTime=record.time,
        actionStatus={"@id": f"http://schema.org/{status}"},
        error=record.error,
    )


def _drawing_up(add: Add, folder: Path, agent: Ref | None) -> Ref:
    arrays = [p for p in layout.bundled_files(folder) if p.startswith("arrays/")]
    read = [layout.SPEC, layout.RECORDS, *map(quote, arrays)]
    written = [layout.TABLE_CSV, layout.TABLE_MD, layout.PAGE]
    return add(
        "#table",
        "CreateAction",
        name="Table and report page from the stored predictions",
        instrument=_software(add, provenance()),
        object=[{"@id": path} for path in read],
        result=[{"@id": path} for path in written],
        agent=agent,
    )


def _software(add: Add, told: dict[str, Any]) -> Ref:
    """The program at one commit with its packages, as a record's provenance tells it."""
    versions = dict(told.get("versions", {}))
    version, python = versions.pop("qml-offload", "unknown"), told.get("python", "unknown")
    local = [part for part in (told.get("commit"), "dirty" if told.get("dirty") else "") if part]
    version += f"+{'.'.join(local)}" if local else ""
    environment = hashlib.sha256(canonical([python, versions]).encode()).hexdigest()[:8]
    needed = [
        add(f"#{name}-{of}", "SoftwareApplication", name=name, softwareVersion=of)
        for name, of in versions.items()
    ]
    return add(
        f"#qml-offload-{version}-{environment}",
        "SoftwareApplication",
        name="qml-offload",
        softwareVersion=version,
        runtimePlatform=f"Python {python}",
        softwareRequirements=needed,
    )


def _settings(spec: Spec, cell: Cell) -> str:
    row = cell.row
    told: dict[str, Any] = {"row": row.id, "seed": cell.seed, "precision": spec.precision}
    told["model"] = spec.models[row.model]
    if row.sampler:
        told["sampler"] = spec.samplers[row.sampler]
    if row.backend:
        told["backend"] = spec.backends[row.backend]
    return canonical(told)


def _ref(folder: Path, file: Path) -> Ref:
    return {"@id": quote(file.relative_to(folder).as_posix())}
