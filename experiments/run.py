"""Run a spec: every cell that has no finished record yet, here, in workers or on a cluster.

A run is resumed by running it again, and shared by running it in several places on one folder:
finished cells are skipped, cells that another run is at work on are waited for, a circuit model
that was trained before is read from its checkpoint. A cell that fails becomes a record too.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from experiments.catalogue import pieces
from experiments.records import Record, Tail, latest, read_records
from experiments.running.budget import note_stop
from experiments.running.cell import compute, compute_elsewhere, failed_outcome
from experiments.running.events import Events, choose_events
from experiments.running.loop import Display, Executor, Here, Loop, Silent
from experiments.running.remarks import refuse_changed_data, remarks
from experiments.running.training import checkpoint_base, training_story
from experiments.scoring import check_metrics
from experiments.specs import Cell, Spec, by_dataset, cells, dataset_name, train_events
from experiments.splits import require_one_split, split_rows
from qml import load_checkpoint
from qml.data import Dataset, load_dataset

__all__ = [
    "Display",
    "Events",
    "Silent",
    "all_records",
    "choose_cells",
    "choose_events",
    "missing_cells",
    "run",
    "spec_records",
]

log = logging.getLogger(__name__)


def run(
    spec: Spec,
    folder: Path,
    *,
    retry_failed: bool = False,
    display: Display | None = None,
    only: Iterable[str] | None = None,
    workers: int = 1,
    dask: str | None = None,
) -> list[Record]:
    """Run what is missing of a spec and return the records of its cells.

    What is odd about the folder (torn lines, several versions of the code, a wrong clock) is said
    by the logger of this module.

    Args:
        spec: the spec.
        folder: where records, arrays and checkpoints lie; made where absent.
        retry_failed: run cells again whose last record is a failure.
        display: told of progress; silent by default.
        only: digests, or their beginnings, of the only cells to run.
        workers: local processes; 1 computes in this one, 0 takes as many as cores and memory allow.
        dask: address of a Dask scheduler whose workers compute instead.

    Returns:
        one record a cell, in table order.

    Raises:
        ValueError: names or settings that do not exist, data or a checkpoint that were changed.
        FileNotFoundError: data that are not there.
        InterruptedError: the budget is used up; the same call with a larger one goes on.
        OSError: a full disk, a folder that cannot be written, a cluster that does not answer.
    """
    show = display or Silent()
    parts = {row.id: pieces(spec, row) for row in spec.rows}
    check_metrics(spec.metrics)
    datasets = {name: load_dataset(name) for name in by_dataset(spec)}
    for name, part in by_dataset(spec).items():
        _check_sizes(part, datasets[name])
    todo = choose_cells(cells(spec, _checksums(datasets)), only)
    circuits = {i for i, part in parts.items() if part.backend is not None}
    _check_checkpoints([cell for cell in todo if cell.row.id in circuits], folder)
    tail = Tail(folder)
    for name, dataset in datasets.items():
        places = {(c.row.id, c.seed) for c in todo if dataset_name(spec, c.row) == name}
        refuse_changed_data(tail.latest.values(), places, spec.name, name, dataset.sha256)
    for sentence in remarks(tail.opened):
        log.warning(sentence)

    def training(cell: Cell) -> str | None:
        shared = cell.row.id in circuits and not training_story(folder, cell).exists()
        return checkpoint_base(folder, cell).name if shared else None

    with _executor(spec, datasets, folder, show, workers, dask) as executor:
        loop = Loop(
            todo,
            tail,
            executor,
            display=show,
            retry_failed=retry_failed,
            training=training,
            budget=spec.budget,
        )
        records = loop.run()
    if missing := loop.unfinished():
        raise InterruptedError(note_stop(folder, spec.name, spec.budget, loop.stopped, missing))
    return records


def all_records(spec: Spec, folder: Path) -> list[tuple[Cell, Record | None]]:
    """The cells of a spec with their records, whatever its data sets and splits.

    Args:
        spec: the spec.
        folder: the run's folder.

    Returns:
        (cell, record or None where a cell was not run yet) in table order.
    """
    found = latest(read_records(folder).records)
    checksums = {name: load_dataset(name).sha256 for name in by_dataset(spec)}
    return [(cell, found.get(cell.digest)) for cell in cells(spec, checksums)]


def spec_records(spec: Spec, folder: Path) -> list[tuple[Cell, Record | None]]:
    """The cells of a spec that is one table, all of them tested on the same events.

    Args:
        spec: the spec.
        folder: the run's folder.

    Returns:
        as `all_records`, one record a row and seed.

    Raises:
        ValueError: rows on several data sets, or test events that change with the seed.
    """
    require_one_split(spec)
    return all_records(spec, folder)


def missing_cells(spec: Spec, folder: Path, *, retry_failed: bool = False) -> list[str]:
    """Digests of the cells that a run would do, in table order and each once.

    Args:
        spec: the spec.
        folder: the run's folder.
        retry_failed: count failed cells as missing.

    Returns:
        the digests.
    """
    found = all_records(spec, folder)
    todo = [c.digest for c, r in found if r is None or (retry_failed and r.status != "ok")]
    return list(dict.fromkeys(todo))


def choose_cells(todo: list[Cell], only: Iterable[str] | None) -> list[Cell]:
    """The cells that are named.

    Args:
        todo: all cells.
        only: digests or their beginnings; None takes all cells.

    Returns:
        the chosen cells in the order of `todo`.

    Raises:
        ValueError: a name that no cell has, or that cells with different digests have.
    """
    if only is None:
        return todo
    digests = {cell.digest for cell in todo}
    wanted = set()
    for name in only:
        found = {name} & digests or {d for d in digests if name and d.startswith(name)}
        if len(found) != 1:
            raise ValueError(
                f"Cell {name!r} names {len(found)} cells of this spec, but must name one; a digest "
                "changes with the settings and with the data."
            )
        wanted |= found
    return [cell for cell in todo if cell.digest in wanted]


@contextmanager
def _executor(
    spec: Spec,
    datasets: dict[str, Dataset],
    folder: Path,
    show: Display,
    workers: int,
    dask: str | None,
) -> Iterator[Executor]:
    checksums = _checksums(datasets)
    if dask is not None:
        from experiments.running.on_dask import DaskCluster

        executor = DaskCluster(dask, spec, checksums, folder)
    elif workers == 1:
        yield Here(partial(compute, spec, datasets, folder), show.stage)
        return
    else:
        from experiments.running.machine import fitting_workers
        from experiments.running.workers import Pool

        count = fitting_workers(workers)
        if count < workers:
            log.warning(f"Memory has room for {count} of {workers} workers; {count} are started.")
        work = partial(compute_elsewhere, spec, checksums, folder)
        executor = Pool(work, count, show.stage, partial(failed_outcome, spec, checksums))
    try:
        yield executor
    finally:
        executor.close()


def _check_checkpoints(todo: list[Cell], folder: Path) -> None:
    """A checkpoint that was changed is refused before anything runs on it."""
    bases = {checkpoint_base(folder, cell): training_story(folder, cell) for cell in todo}
    for base in sorted(base for base, story in bases.items() if story.exists()):
        load_checkpoint(base)


def _check_sizes(spec: Spec, dataset: Dataset) -> None:
    wanted = {"train_events": max(train_events(spec, row) for row in spec.rows)}
    wanted["test_events"] = spec.data.test_events
    for fold in range(spec.data.folds or 1):
        split = split_rows(spec.data, dataset, spec.seeds[0], fold)
        for name, rows in (("train_events", split.train), ("test_events", split.test)):
            if wanted[name] > len(rows):
                raise ValueError(
                    f"In [data]: `{name}` is {wanted[name]}, but data set {dataset.name!r} has "
                    f"{len(rows)} such rows."
                )


def _checksums(datasets: dict[str, Dataset]) -> dict[str, str]:
    return {name: dataset.sha256 for name, dataset in datasets.items()}
