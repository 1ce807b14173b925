"""What a mitigated call would take, before any of it is sent."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits import Backend, Circuit, Exact, PauliSum, Result
from qml.jobs.ledgered import Ledgered, device_of, total_cost
from qml.jobs.protocol import Cost


@dataclass(frozen=True)
class Rehearsal:
    """A backend that sends nothing: it counts what its calls would take, and gives exact values.

    A mitigation around a ledger makes several calls, each of which keeps the ceilings by itself.
    Around this it tells what they take together.

    Args:
        backend: whose device is asked.
        costs: of the calls so far that are not answered in the ledger.
    """

    backend: Ledgered
    costs: list[Cost] = field(default_factory=list)

    def expectation(
        self,
        circuit: Circuit,
        observables: PauliSum | Iterable[PauliSum],
        angles: Mapping[str, Any],
    ) -> Result:
        """See `Backend`."""
        asked = list([observables] if isinstance(observables, PauliSum) else observables)
        self._count("prepare", circuit, asked, angles)
        return Exact().expectation(circuit, asked, angles)

    def sample(
        self, circuit: Circuit, angles: Mapping[str, Any], *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """See `Backend`."""
        self._count("prepare_samples", circuit, angles, shots, seed)
        return Exact().sample(circuit, angles, shots=shots, seed=seed)

    def _count(self, how: str, *asked: Any) -> None:
        device = device_of(self.backend.backend, self.backend.batch)
        parts = getattr(device, how)(*asked)
        if self.backend.is_unpaid(parts):
            self.costs.append(total_cost(device, parts))


def check_mitigated(
    backend: Ledgered, mitigate: Callable[[Any], Backend], call: Callable[[Backend], Any]
) -> None:
    """Refuse a mitigated call whose parts together take more than the ceilings of its ledger.

    Args:
        backend: inside the mitigation.
        mitigate: puts the mitigation around a backend.
        call: asks a backend what will be asked.

    Raises:
        ValueError: it takes more; nothing was sent.

    >>> from circuits import PauliTwirling, Shots, build_circuit, gate, z
    >>> circuit = build_circuit([gate("cx", 0, 1)])
    >>> kept = Ledgered(Shots(100), "no/such/folder", max_shots=1599)
    >>> check_mitigated(kept, PauliTwirling, lambda each: each.expectation(circuit, z(0), {}))
    Traceback (most recent call last):
    ValueError: The call would take 1600 shots, and `max_shots` is 1599: nothing was sent. ...
    """
    if backend.max_shots is None and backend.max_qpu_seconds is None:
        return
    rehearsal = Rehearsal(backend)
    call(mitigate(rehearsal))
    if rehearsal.costs:
        backend.check_ceiling(Cost(*map(sum, zip(*rehearsal.costs, strict=True))))
