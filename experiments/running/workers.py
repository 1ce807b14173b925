"""Local workers: spawned processes that compute cells for a loop.

Each has its share of the cores and no more: left alone, every JAX process starts a thread for each
core of the machine. A worker that is killed is replaced and its cell is tried once more; after that
the cell fails. Workers ignore Ctrl-C, which is their parent's business, and end with their parent.
"""

import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import Any, NamedTuple

from experiments.running.loop import Outcome, Stage, Work
from experiments.running.machine import usable_cores
from experiments.specs import Cell

TRIES = 2  # how often a cell is started whose worker gets killed
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")  # NPROC: XLA's
SECONDS_BETWEEN_STAGES = 0.1


class Member(NamedTuple):
    """A worker: its process and our end of its pipe."""

    process: Any
    pipe: connection.Connection


class Pool:
    """An executor of local processes."""

    def __init__(
        self, work: Work, workers: int, stage: Stage, lost: Callable[[Cell, str], Outcome]
    ):
        """Prepare; a process is started when there is a cell for it.

        Args:
            work: computes a cell; it is pickled, so a function of a module or a `partial` of one.
            workers: how many processes.
            stage: told of the stages of all cells.
            lost: makes the outcome of a cell whose workers were killed, from it and the cause.
        """
        self.work, self.capacity, self.stage, self.lost = work, workers, stage, lost
        self.idle: list[Member] = []
        self.busy: dict[Member, Cell] = {}
        self.ended: deque[tuple[Cell, Outcome]] = deque()
        self.killed: Counter[str] = Counter()
        self.ready: set[int] = set()  # process numbers of workers that have imported everything

    def submit(self, cell: Cell) -> None:
        """Give the cell to a worker that is free, or to a new one."""
        while self.idle:
            if self._give(self.idle.pop(), cell):
                return
        self._give(self._start(), cell)

    def next(self) -> tuple[Cell, Outcome]:
        """Wait for a cell to be done, and tell of stages meanwhile.

        Raises:
            Exception: what a worker raised outside of its cell, for example for other data.
            RuntimeError: a worker could not even start.
        """
        while not self.ended:
            pipes: dict[Any, Member] = {member.pipe: member for member in self.busy}
            for pipe in connection.wait(list(pipes)):
                self._hear(pipes[pipe])
        return self.ended.popleft()

    def close(self) -> None:
        """End all workers at once, whatever they are doing."""
        for member in (*self.busy, *self.idle):
            member.process.kill()
        for member in (*self.busy, *self.idle):
            member.process.join()
            member.pipe.close()
        self.busy, self.idle = {}, []

    def _start(self) -> Member:
        ours, theirs = get_context("spawn").Pipe()
        process = get_context("spawn").Process(target=_serve, args=(theirs, self.work), daemon=True)
        with _environment(max(1, usable_cores() // self.capacity)), _without_interrupts():
            process.start()
        theirs.close()  # so that the pipe ends with the worker
        return Member(process, ours)

    def _give(self, member: Member, cell: Cell) -> bool:
        try:
            member.pipe.send(cell)
        except OSError:  # it was killed while idle
            member.process.join()
            return False
        self.busy[member] = cell
        return True

    def _hear(self, member: Member) -> None:
        try:
            kind, told = member.pipe.recv()
        except (EOFError, OSError):
            return self._bury(member)
        if kind == "stage":
            return self.stage(*told)
        if kind == "ready":
            return self.ready.add(told)
        cell = self.busy.pop(member)
        self.idle.append(member)
        if kind == "error":
            raise told
        self.ended.append((cell, told))

    def _bury(self, member: Member) -> None:
        cell = self.busy.pop(member)
        member.pipe.close()
        member.process.join()
        code = member.process.exitcode
        if code > 0 and member.process.pid not in self.ready:
            self.close()  # the others fail alike: what they print must not come after this error
            raise RuntimeError(
                f"A worker ended with exit code {code} while it started; a script that runs with "
                'workers must do so under `if __name__ == "__main__":`.'
            )
        self.killed[cell.digest] += 1
        if self.killed[cell.digest] < TRIES:
            return self.submit(cell)
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        cause = f"The worker of this cell {ended}, {TRIES} times; was there enough memory?"
        self.ended.append((cell, self.lost(cell, cause)))


def _serve(pipe: connection.Connection, work: Work) -> None:
    """The life of a worker: a cell comes, its outcome goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    stage = _seldom(lambda *told: pipe.send(("stage", told)))
    try:
        pipe.send(("ready", os.getpid()))
        while True:
            pipe.send(_answer(work, pipe.recv(), stage))
    except (EOFError, ConnectionError):  # the parent is gone, and nobody is left to be told
        return


def _answer(work: Work, cell: Cell, stage: Stage) -> tuple[str, Any]:
    try:
        return "done", work(cell, stage)
    except Exception as error:
        return "error", error


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _seldom(tell: Stage) -> Stage:
    """Tell of a stage's end and otherwise not more often than a person can read."""
    last = 0.0

    def stage(label: str, done: int, total: int) -> None:
        nonlocal last
        if done in (0, total) or time.monotonic() - last > SECONDS_BETWEEN_STAGES:
            last = time.monotonic()
            tell(label, done, total)

    return stage


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """What a process started in this block finds: its share of cores, no GPU memory reserved."""
    before = dict(os.environ)
    os.environ.update({name: str(threads) for name in THREADS})
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    if threads == 1:
        flags = before.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process started in this block never sees a Ctrl-C, not even while it imports."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread; the worker ignores them once it runs
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
