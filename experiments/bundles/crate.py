"""The metadata of a bundle: RO-Crate 1.3, profile Process Run Crate 0.6, as JSON-LD.

See Leo et al., PLoS ONE 19, e0309210 (2024), and https://w3id.org/ro/wfrun/process/0.6. The root
names profile, licence and author and lists every file; the actions say what made them.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from experiments.bundles import layout
from experiments.bundles.actions import DATA_ID, Add, Found, Ref, actions
from experiments.bundles.data import licence as data_licence
from experiments.bundles.data import read_data
from experiments.reporting.findings import findings
from experiments.reporting.tables import Table

PROFILE = "https://w3id.org/ro/wfrun/process/0.6"
KINDS = {
    ".toml": "application/toml",
    ".jsonl": "application/jsonl",
    ".json": "application/json",
    ".npz": "application/zip",
    ".safetensors": "application/octet-stream",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".lock": "text/plain",
    ".cff": "application/yaml",
    ".html": "text/html",
}
TOLD = {
    layout.SPEC: "The benchmark: data, models, samplers, backends, rows and seeds",
    layout.RECORDS: "One JSON line a cell: metrics, costs, provenance",
    layout.PAGE: "The report page",
    layout.TABLE_CSV: "The table, figures as printed",
    layout.TABLE_MD: "The table with its notes",
    layout.DATA: "Which data: checksum, split, licence",
    layout.CARD: "The data card",
    layout.BUNDLE: "Format and version of this bundle, and how its intervals were drawn",
    layout.MANIFEST: "SHA-256 of every file of this bundle",
    layout.ENVIRONMENT: "Packages, platform and commit of the packing and of the run",
    layout.LOCK: "Every package with its hashes, as the program is installed",
    layout.CITATION: "How to cite the program",
}


def write_crate(
    folder: Path, table: Table, found: Found, author: tuple[str, str], licence: str
) -> None:
    """Write ro-crate-metadata.json for the files of a folder.

    Args:
        folder: the bundle's files, all but metadata and manifest.
        table: its table.
        found: the cells of its spec with their last records.
        author: of `parse_author`.
        licence: of `licence_url`.
    """
    # Loaded here: the library brings a network client, which packing alone should pay for.
    from rocrate.model import ContextEntity, Preview
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.3")

    def add(identifier: str, kind: str, /, **properties: Any) -> Ref:
        """Add an entity that is no file, once, and return its reference."""
        if crate.get(identifier) is None:
            given = {k: v for k, v in properties.items() if v not in (None, "", [])}
            crate.add(ContextEntity(crate, identifier, {"@type": kind, **given}))
        return {"@id": identifier}

    for path in [*layout.bundled_files(folder), layout.MANIFEST]:
        if path != layout.PAGE:
            crate.add_file(dest_path=path, properties=_file(folder, path))
    crate.add(Preview(crate, properties=_file(folder, layout.PAGE)))
    _data(add, folder)
    name, identifier = author
    agent = add(identifier, "Person", name=name) if name else None
    root = {
        "name": table.spec.title or table.spec.name,
        "description": description(table),
        "conformsTo": add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.6"),
        "datePublished": max(record.time for record in table.records),
        "license": _licence(add, licence),
        "mentions": actions(add, folder, table.spec, found, agent),
    }
    for key, value in (root | ({"author": agent} if agent else {})).items():
        crate.root_dataset[key] = value
    layout.write_json(folder / layout.METADATA, crate.metadata.generate())


def description(table: Table) -> str:
    """What the table says, in sentences; verifying makes them again."""
    return " ".join(findings(table))


def check_crate(folder: Path) -> list[str]:
    """Compare the metadata of an extracted bundle with its files.

    Args:
        folder: where the bundle was extracted.

    Returns:
        one sentence for each thing that the profile asks for and that does not hold.
    """
    try:
        crate = json.loads((folder / layout.METADATA).read_text(encoding="utf-8"))
        graph = {entity["@id"]: entity for entity in crate["@graph"]}
        root = graph["./"]
        parts = {unquote(identifier) for identifier in _ids(root.get("hasPart"))}
        stated = {unquote(i): e.get("sha256") for i, e in graph.items() if "sha256" in e}
        problems = [] if PROFILE in _ids(root["conformsTo"]) else [f"Its profile is not {PROFILE}."]
        there = set(layout.bundled_files(folder)) - {layout.METADATA, layout.PAGE}
        problems += [f"No file {path}, which hasPart names." for path in sorted(parts - there)]
        problems += [f"File {path} is not in hasPart." for path in sorted(there - parts)]
        for path, digest in sorted(stated.items()):
            if (folder / path).is_file() and layout.sha256(folder / path) != digest:
                problems.append(f"File {path} has another SHA-256 than stated.")
        problems += [f"{i!r} is referred to, but not there." for i in sorted(_dangling(graph))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problems = [f"It is no RO-Crate: {error!r}."]
    return [f"In {layout.METADATA}: {problem}" for problem in problems]


def _ids(value: Any) -> set[str]:
    values = value if isinstance(value, list) else [value]
    return {entry["@id"] for entry in values if isinstance(entry, dict) and "@id" in entry}


def _dangling(graph: dict[str, dict]) -> set[str]:
    """Identifiers that are referred to and not described; web addresses need no description."""
    referred = set().union(*(_ids(v) for entity in graph.values() for v in entity.values()))
    return {i for i in referred - graph.keys() if not i.startswith(("http://", "https://"))}


def _file(folder: Path, path: str) -> dict[str, Any]:
    file = folder / path
    told = {"name": TOLD.get(path, path), "encodingFormat": KINDS.get(file.suffix, "text/plain")}
    if file.is_file():  # the manifest is written last: it holds the digest of the metadata
        told |= {"contentSize": str(file.stat().st_size), "sha256": layout.sha256(file)}
    return told


def parse_author(text: str) -> tuple[str, str]:
    """Name and identifier of who answers for the results; both empty where nobody is named.

    >>> parse_author("Ada Lovelace <https://orcid.org/0000-0001>")
    ('Ada Lovelace', 'https://orcid.org/0000-0001')
    """
    match = re.fullmatch(r"([^<>]*?)\s*(?:<(https?://[^<>\s]+)>)?", text.strip())
    if match is None or (match[2] and not match[1]):
        raise ValueError(f"Argument `author` must be `Name` or `Name <URL>`, but is {text!r}.")
    return match[1], match[2] or ("#author" if match[1] else "")


def licence_url(text: str) -> str:
    """The address of a licence; empty where none is stated.

    >>> licence_url("CC-BY-4.0")
    'https://spdx.org/licenses/CC-BY-4.0'
    """
    if not re.fullmatch(r"(https?://\S+|[A-Za-z0-9.+-]+)?", text):
        raise ValueError(
            f"Argument `licence` must be an SPDX identifier or a URL, but is {text!r}."
        )
    return f"https://spdx.org/licenses/{text}" if text and "://" not in text else text


def _licence(add: Add, url: str) -> Ref:
    if url:
        name = url.rsplit("/", 1)[-1]
        return add(url, "CreativeWork", name=name, description="Licence of the results.")
    told = "Whoever packed this stated no licence of the results: ask before you reuse them."
    return add("#licence", "CreativeWork", name="No licence stated", description=told)


def _data(add: Add, folder: Path) -> None:
    dataset = read_data(folder)
    terms = data_licence(dataset.card)
    add(
        DATA_ID,
        "Dataset",
        name=dataset.name,
        description="The data set; described here, not contained.",
        identifier=f"sha256:{dataset.sha256}",
        license=add("#data-licence", "CreativeWork", name="Licence of the data", description=terms),
        subjectOf=[{"@id": layout.CARD}, {"@id": layout.DATA}],
    )
