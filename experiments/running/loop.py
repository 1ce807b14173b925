"""The loop that gets cells done: claim, compute, keep, release, whoever computes.

Claims and records are this process's business and computing is an executor's, so one loop serves
this process, a pool of local ones and a Dask cluster, and several loops share one folder:

    take the cell's claim, look once more whether it is done, take its training's claim
    hand it to the executor; keep what comes back, arrays first; release

A record is on disk before its claim is released, so whoever gets a claim sees the record.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from experiments.records import Record, Tail, append_record, told_in_a_sentence, write_failure
from experiments.running.budget import Spending
from experiments.running.claims import Claims
from experiments.specs import Budget, Cell

PAUSES = (0.02, 1.0)  # seconds, first and longest, while others are at work on all that is left


class Display(Protocol):
    """What a run tells while it goes on."""

    def stage(self, label: str, done: int, total: int) -> None:
        """A stage of the current cell has come this far."""

    def finished(self, record: Record, done: int, total: int) -> None:
        """A cell is done; `done` of `total` are."""


class Silent:
    """A display that shows nothing."""

    def stage(self, label: str, done: int, total: int) -> None:
        """Show nothing."""

    def finished(self, record: Record, done: int, total: int) -> None:
        """Show nothing."""


class Outcome(NamedTuple):
    """What computing a cell gives; `files` (name, content) are checkpoints made elsewhere."""

    record: Record
    arrays: dict[str, np.ndarray]
    traceback: str = ""
    files: tuple[tuple[str, bytes], ...] = ()


Stage = Callable[[str, int, int], None]
Work = Callable[[Cell, Stage], Outcome]


class Executor(Protocol):
    """Whoever computes cells; `capacity` is how many it can be given at once."""

    @property
    def capacity(self) -> int:
        """How many cells it can hold now."""
        ...

    def submit(self, cell: Cell) -> None:
        """Start computing a cell."""

    def next(self) -> tuple[Cell, Outcome]:
        """Wait for a cell that was submitted to be done."""
        ...


class Here:
    """The executor that is this process: it computes when its result is asked for."""

    capacity = 1

    def __init__(self, work: Work, stage: Stage):
        """Keep what computes a cell, and whom to tell of its stages."""
        self.work, self.stage = work, stage
        self.given: deque[Cell] = deque()

    def submit(self, cell: Cell) -> None:
        """Remember the cell."""
        self.given.append(cell)

    def next(self) -> tuple[Cell, Outcome]:
        """Compute it."""
        cell = self.given.popleft()
        return cell, self.work(cell, self.stage)


class Loop:
    """One process's share of the cells of a folder."""

    def __init__(
        self,
        todo: Iterable[Cell],
        tail: Tail,
        executor: Executor,
        *,
        display: Display | None = None,
        retry_failed: bool = False,
        training: Callable[[Cell], str | None] = lambda cell: None,
        budget: Budget | None = None,
    ):
        """Prepare; nothing is claimed yet.

        Args:
            todo: the cells, in the order in which they are started.
            tail: the records of the run's folder.
            executor: who computes them.
            display: told of progress.
            retry_failed: cells whose record is a failure of an earlier run are done again.
            training: name of what a cell would have to train first, which is claimed too so that
                it is trained once; None where it is there or is the cell's own.
            budget: no cell is started once it is used up.
        """
        self.cells = list(todo)
        self.tail, self.folder = tail, tail.folder
        self.executor, self.training = executor, training
        self.display = display or Silent()
        self.again = {
            digest: record
            for digest, record in self.tail.latest.items()
            if retry_failed and record.status != "ok"
        }
        self.waiting = deque(self.cells)
        self.trainings: dict[str, str] = {}  # digest of a cell being computed: what it trains
        self.running = self.done = 0
        settled = (tail.latest[cell.digest] for cell in self.cells if self._settled(cell))
        self.spending = Spending(budget or Budget(), settled)
        self.stopped = ""  # what of the budget is used up
        self.left: list[Cell] = []  # cells that were not started for it

    def run(self) -> list[Record]:
        """Do what nobody has done, wait for what others do, and return all records in order.

        Where `stopped` says that the budget is used up, those of `unfinished` cells are missing.

        Raises:
            OSError: the folder cannot be written.
        """
        with told_in_a_sentence(self.folder):
            (self.folder / "claims").mkdir(parents=True, exist_ok=True)
        pause = PAUSES[0]
        with Claims(self.folder / "claims") as claims:
            while self.waiting or self.running:
                self._fill(claims)
                if self.running:
                    self._keep(claims, *self.executor.next())
                    pause = PAUSES[0]
                elif self.waiting:
                    self.display.stage(f"waiting for {len(self.waiting)} cells of others", 0, 1)
                    time.sleep(pause)
                    pause = min(2 * pause, PAUSES[1])
                    self.tail.refresh()
            claims.sweep()
        found = [self.tail.latest.get(cell.digest) for cell in self.cells]
        return [record for record in found if record is not None]

    def unfinished(self) -> int:
        """How many cells the budget kept from being started, and nobody else has done since."""
        return len({cell.digest for cell in self.left if not self._settled(cell)})

    def _fill(self, claims: Claims) -> None:
        """Hand out cells until the executor is full or others have all the rest."""
        for _ in range(len(self.waiting)):
            if self.running >= self.executor.capacity:
                return
            cell = self.waiting.popleft()
            if self._settled(cell):
                self._tell(cell)
            elif used_up := self.spending.exhausted(self.running):
                self.stopped = used_up
                self.left.append(cell)
            elif self._claim(cell, claims):
                self.executor.submit(cell)
                self.running += 1
            elif self._settled(cell):
                self._tell(cell)
            else:
                self.waiting.append(cell)

    def _claim(self, cell: Cell, claims: Claims) -> bool:
        training = self.training(cell)
        if training in self.trainings.values() and training:
            return False  # a cell of ours trains it now
        with told_in_a_sentence(self.folder):
            if not claims.take(cell.digest[:32]):
                return False
            self.tail.refresh()
            if not self._settled(cell) and (training is None or claims.take(training)):
                # Another run may have trained between our look and our claim: `compute` reads it.
                if training:
                    self.trainings[cell.digest] = training
                return True
        claims.release(cell.digest[:32])
        return False

    def _keep(self, claims: Claims, cell: Cell, outcome: Outcome) -> None:
        self.running -= 1
        if claims.holds(cell.digest[:32]):
            self._write(outcome)
            self.tail.refresh()
            self._tell(cell)
        else:  # this machine slept past its lease and another one does the cell
            self.waiting.append(cell)
        for name in (cell.digest[:32], self.trainings.pop(cell.digest, None)):
            if name:
                claims.release(name)

    def _write(self, outcome: Outcome) -> None:
        with told_in_a_sentence(self.folder):
            write_files(self.folder / "checkpoints", outcome.files)
        if outcome.traceback:
            write_failure(self.folder, outcome.record.digest, outcome.traceback)
        append_record(self.folder, outcome.record, outcome.arrays)

    def _settled(self, cell: Cell) -> bool:
        found = self.tail.latest.get(cell.digest)
        return found is not None and found is not self.again.get(cell.digest)

    def _tell(self, cell: Cell) -> None:
        self.done += 1
        self.spending.add(self.tail.latest[cell.digest])
        self.display.finished(self.tail.latest[cell.digest], self.done, len(self.cells))


def write_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write small files, each by an atomic rename.

    Args:
        folder: where; made where absent and needed.
        files: (name, content) pairs, written in this order.
    """
    for name, content in files:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{name}.part"
        part.write_bytes(content)
        part.replace(folder / name)
