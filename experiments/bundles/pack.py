"""Pack a run: one RO-Crate zip with what was run, what came out and where it came from.

The data set is described, not packed: its licence may forbid it. Tracebacks stay behind, since they
hold paths of a machine, and environment variables are never written. The same run packed twice in
the same environment gives the same bytes.
"""

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from experiments.bundles import layout
from experiments.bundles.archive import write_archive
from experiments.bundles.crate import licence_url, parse_author, write_crate
from experiments.bundles.data import write_data
from experiments.bundles.derived import derive
from experiments.bundles.spec_text import spec_text
from experiments.provenance import provenance
from experiments.records import Record, append_lines, array_file, latest, read_records
from experiments.reporting.tables import RESAMPLES
from experiments.run import spec_records
from experiments.specs import Cell, Spec, canonical

ROOT = Path(__file__).resolve().parents[2]  # the checkout, where there is one
SECRET = re.compile("TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY")

Found = list[tuple[Cell, Record | None]]


def pack(
    spec: Spec,
    folder: Path,
    out: Path,
    *,
    author: str = "",
    licence: str = "",
    resamples: int = RESAMPLES,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write the result bundle of a spec's run.

    Args:
        spec: the spec; overrides are written into the bundle's spec.
        folder: the run's folder.
        out: the zip file; it appears whole or not at all, and replaces one that is there.
        author: who answers for the results, as `Name` or `Name <https://orcid.org/...>`.
        licence: of the results, an SPDX identifier such as CC-BY-4.0 or a URL; none is stated
            where it is empty, since nobody but the author may grant one.
        resamples: bootstrap resamples of the table's intervals.
        progress: called with (rows of the table done, rows).

    Returns:
        the zip file.

    Raises:
        ValueError: no finished cell, a bad argument, a secret in a file that would be packed.
        FileNotFoundError: arrays or data that are not there.
    """
    if out.is_dir() or not out.parent.is_dir():
        raise ValueError(f"Argument `out` must be a file in a folder that is there, but is {out}.")
    by, terms = parse_author(author), licence_url(licence)
    found = spec_records(spec, folder)
    if not any(record and record.status == "ok" for _, record in found):
        raise ValueError(f"Folder {folder} has no finished cell of {spec.name!r}; `qml run` it.")
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as place:
        stage = Path(place)
        (stage / layout.SPEC).write_text(spec_text(spec), encoding="utf-8")
        write_data(stage, spec.data.name)
        records = _copy_run(found, folder, stage)
        _copy_checkpoints(found, folder, stage)
        _write_environment(records, stage)
        told = _write_bundle_json(spec, stage, resamples)
        table = derive(stage, stage, told, progress)
        write_crate(stage, table, found, by, terms)
        _refuse_secrets(stage)
        layout.write_manifest(stage)
        write_archive(stage, layout.bundled_files(stage), out)
    return out


def _copy_run(found: Found, folder: Path, stage: Path) -> list[Record]:
    """The records of the spec's cells, failures before a success included, and their arrays."""
    wanted = {cell.digest for cell, _ in found}
    records = [r for r in read_records(folder).records if r.digest in wanted]
    append_lines(stage, records)
    for digest, record in latest(records).items():
        if record.status == "ok":
            file, copy = array_file(folder, digest), array_file(stage, digest)
            if not file.is_file():
                raise FileNotFoundError(
                    f"No arrays {file}; delete its line in records.jsonl and run again."
                )
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, copy)
    return records


def _copy_checkpoints(found: Found, folder: Path, stage: Path) -> None:
    """The trained circuits of the spec's cells; those that several cells share are copied once."""
    for file in dict.fromkeys(
        f for cell, _ in found for f in layout.checkpoint_paths(folder, cell)
    ):
        copy = stage / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def _write_environment(records: list[Record], stage: Path) -> None:
    """Which packages: those of the machine that packs, and those that each record names."""
    packages = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    told = Counter(canonical(record.provenance) for record in records)
    by_text = {canonical(record.provenance): record.provenance for record in records}
    ran = [{"records": told[text], **by_text[text]} for text in sorted(told)]
    packed = provenance() | {"packages": packages}
    layout.write_json(stage / layout.ENVIRONMENT, {"packed with": packed, "ran with": ran})
    if (ROOT / layout.LOCK).is_file():
        shutil.copyfile(ROOT / layout.LOCK, stage / layout.LOCK)
    citation = ROOT / layout.CITATION
    text = citation.read_text(encoding="utf-8") if citation.is_file() else _citation()
    (stage / layout.CITATION).write_text(text, encoding="utf-8")


def _citation() -> str:
    """A citation from the installed package, for where there is no checkout."""
    told = metadata.metadata("qml-offload")
    lines = ["cff-version: 1.2.0", 'message: "If you use this software, please cite it as below."']
    lines += ["type: software", f'title: "{told["Name"]}"', f"version: {told['Version']}"]
    return "\n".join([*lines, "authors:", f'  - name: "{told["Author"]}"', ""])


def _write_bundle_json(spec: Spec, stage: Path, resamples: int) -> dict[str, Any]:
    told = {
        "format": layout.FORMAT,
        "version": layout.VERSION,
        "program": metadata.version("qml-offload"),
        "spec": spec.name,
        "resamples": resamples,
        "seed": 0,
    }
    layout.write_json(stage / layout.BUNDLE, told)
    return layout.read_bundle_json(stage, stage)


def _refuse_secrets(stage: Path) -> None:
    """Records hold what vendors' objects said of themselves: no token may leave the machine so."""
    secrets = {k: v.encode() for k, v in os.environ.items() if SECRET.search(k) and len(v) >= 8}
    for path in layout.bundled_files(stage):
        content = (stage / path).read_bytes() if secrets else b""
        for name, value in secrets.items():
            if value in content:
                raise ValueError(
                    f"Not packed: file {path} holds the value of the environment variable {name}."
                )
