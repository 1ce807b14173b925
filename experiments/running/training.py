"""What rows share: a circuit model trained once and frozen, settings searched once.

FOLDER/checkpoints/MODEL-DIGEST.*      the frozen model, its losses and seconds
FOLDER/searches/MODEL-DIGEST.jsonl     the trials of a search
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from experiments.catalogue import Pieces
from experiments.running.events import Events
from experiments.running.loop import write_files
from experiments.searching import search
from experiments.specs import Cell
from experiments.trainers.trained import Progress, TrainedCircuit
from qml import load_checkpoint, save_checkpoint


def checkpoint_base(folder: Path, cell: Cell) -> Path:
    """Where the checkpoint of a cell's circuit model lies, without a suffix."""
    return folder / "checkpoints" / f"{cell.row.model}-{cell.training[:16]}"


def training_story(folder: Path, cell: Cell) -> Path:
    """The file that is written last: where it is, the checkpoint is whole."""
    base = checkpoint_base(folder, cell)
    return base.with_name(base.name + ".training.json")


def checkpoint_files(folder: Path, cell: Cell) -> list[tuple[str, bytes]]:
    """A cell's checkpoint as (name, content), the story last; empty where it is not whole."""
    if not training_story(folder, cell).exists():
        return []
    base = checkpoint_base(folder, cell)
    names = [base.name + suffix for suffix in (".safetensors", ".json", ".training.json")]
    return [(name, (base.parent / name).read_bytes()) for name in names]


def searched(
    cell: Cell, part: Pieces, events: Events, folder: Path, settings: dict, tell: Progress
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings to train with and what a search tried; it sees training events only."""
    if part.search is None:
        return settings, {}
    chosen = search(
        part.model[0],
        part.search["space"],
        events.x,
        events.y,
        cell.seed,
        settings=settings,
        folds=part.search.get("folds", 3),
        trials=part.search.get("trials", 0),
        journal=folder / "searches" / f"{cell.row.model}-{cell.training[:16]}.jsonl",
        progress=tell,
    )
    return settings | chosen.settings, {"search": chosen._asdict()}


def trained_circuit(
    cell: Cell, part: Pieces, events: Events, folder: Path, tell: Progress
) -> tuple[TrainedCircuit, dict[str, Any]]:
    """Train and freeze once; every backend predicts from the same checkpoint, byte for byte."""
    base, story = checkpoint_base(folder, cell), training_story(folder, cell)
    if not story.exists():
        train, settings = part.model
        settings, tried = searched(cell, part, events, folder, settings, tell)
        trained: TrainedCircuit = train(events.x, events.y, cell.seed, progress=tell, **settings)
        save_checkpoint(base, trained.frozen)
        losses = np.asarray(trained.losses, dtype=float).tolist()
        told = plain({"seconds": trained.seconds, "losses": losses, "info": tried})
        write_files(story.parent, [(story.name, json.dumps(told).encode())])
    frozen, digest = load_checkpoint(base)
    told = json.loads(story.read_text())
    trained = TrainedCircuit(frozen, np.asarray(told["losses"]), told["seconds"])
    return trained, {"checkpoint": digest, **told.get("info", {})}


def plain(value: Any) -> Any:
    """JSON-able copy: NumPy numbers become Python's."""

    def plain(entry: Any) -> Any:
        return entry.tolist() if hasattr(entry, "tolist") else str(entry)

    return json.loads(json.dumps(value, default=plain))
