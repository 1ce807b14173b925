"""A Dask cluster as an executor: whichever cluster it is, with or without our file system.

A task gets the cell and the checkpoint it predicts from, and gives back the record, the arrays and
the checkpoint it trained. Only the process that started the run reads and writes the run's folder.
"""

import tempfile
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

from experiments.running.loop import Outcome, write_files
from experiments.specs import Cell, Spec

AHEAD = 2  # cells given for each thread of the cluster, so that no worker waits for us
SECONDS_TO_CONNECT = 20


class DaskCluster:
    """An executor on a cluster that somebody has started."""

    def __init__(self, address: str, spec: Spec, checksums: dict[str, str], folder: Path):
        """Connect.

        Args:
            address: of the scheduler, for example `tcp://host:8786`.
            spec: the spec of the cells.
            checksums: {data set: SHA-256}; a worker with other data refuses.
            folder: the run's folder, where checkpoints lie.

        Raises:
            ImportError: the package is missing; the message names the extra.
            OSError: nobody answers.
        """
        distributed = _distributed()
        self.spec, self.checksums, self.folder = spec, checksums, folder
        try:
            self.client = distributed.Client(address, timeout=SECONDS_TO_CONNECT)
        except (OSError, ValueError) as error:
            raise OSError(
                f"No Dask scheduler answers at {address!r} ({error}); start one with "
                "`dask scheduler`, and workers with `dask worker ADDRESS`."
            ) from error
        self.given: dict[Any, Cell] = {}
        self.ended: deque[Any] = deque()
        self.results = distributed.as_completed()

    @property
    def capacity(self) -> int:
        """Follows the cluster, which may grow and shrink."""
        return AHEAD * max(1, sum(self.client.nthreads().values()))

    def submit(self, cell: Cell) -> None:
        """Send the cell, with its checkpoint where there is one."""
        from experiments.running.training import checkpoint_files

        task = partial(_compute, self.spec, self.checksums, cell)
        future = self.client.submit(task, checkpoint_files(self.folder, cell), pure=False)
        self.given[future] = cell
        self.results.add(future)

    def next(self) -> tuple[Cell, Outcome]:
        """Wait for a result; a cell whose workers die again and again has failed.

        Raises:
            Exception: what a worker raised outside of its cell, for example for other data.
        """
        from experiments.running.cell import failed_outcome

        future = next(self.results)
        cell = self.given.pop(future)
        try:
            return cell, future.result()
        except _distributed().scheduler.KilledWorker as error:
            cause = f"The Dask workers of this cell died: {error}"
            return cell, failed_outcome(self.spec, self.checksums, cell, cause.splitlines()[0])

    def close(self) -> None:
        """Take back what was not begun, and leave the cluster as it is."""
        self.client.cancel(list(self.given))
        self.client.close()


def _compute(
    spec: Spec, checksums: dict[str, str], cell: Cell, files: list[tuple[str, bytes]]
) -> Outcome:
    """On a worker: compute in a folder of its own and give back what was trained."""
    from experiments.running.cell import compute_elsewhere
    from experiments.running.training import checkpoint_files

    with tempfile.TemporaryDirectory(prefix="qml-cell-") as name:
        folder = Path(name)
        write_files(folder / "checkpoints", files)
        outcome = compute_elsewhere(spec, checksums, folder, cell, lambda *told: None)
        made = () if files else tuple(checkpoint_files(folder, cell))
        return outcome._replace(files=made)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ImportError(
            "Running on Dask needs the package `distributed`; `pip install qml-offload[dask]`."
        ) from error
    return distributed
