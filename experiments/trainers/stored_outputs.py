"""Predictions that others made and published, as rows of a table.

Nothing is trained here and nothing is simulated: scores are read from the authors' stored files,
for the very events of the row. An event that they did not ask about is refused.
"""

import time
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from scipy.spatial import KDTree

from circuits import Circuit, Result, build_circuit, circuit_size, gate, z
from circuits.angles import check_angles
from circuits.observables import check_observables
from experiments.trainers.trained import Progress, Trained, TrainedCircuit
from qml import Frozen, Scaler
from qml.data import (
    aspen9_angles,
    aspen9_outputs,
    lhcb_published_scores,
    load_dataset,
)
from qml.data.device_outputs import ASPEN9_ALPHA, ASPEN9_PACKED, ASPEN9_SHOTS

SAME = 1e-3  # two events are one where no angle or feature differs by more: single precision
FAR = 1e4  # no SUSY feature comes near: the authors' circuit was trained without a scaler


@dataclass(frozen=True)
class StoredOutputs:
    """A `Backend` that only remembers: expectation values that a device gave for some angles.

    Args:
        angles: (r, size) of the one batched segment, for which there is an answer.
        values: (r, k) expectation values of the device.
        told: what belongs into `info`: device, shots, simulated.
        packed: events that shared one circuit.
    """

    angles: np.ndarray
    values: np.ndarray
    told: dict[str, Any]
    packed: int = 1

    def expectation(self, circuit: Circuit, observables, angles) -> Result:
        """Return the stored values of k observables for every set of angles; see `Backend`."""
        start = time.perf_counter()
        check_observables(observables, circuit.n_qubits)
        asked = np.concatenate([a for a in check_angles(circuit, angles).values() if a.ndim == 2])
        values = self.values[look_up(self.angles, asked)]
        std = np.sqrt(np.maximum(1 - values**2, 1 / self.told["shots"]) / self.told["shots"])
        info = self.told | {
            "backend": "StoredOutputs",
            "circuit": circuit_size(circuit),
            "circuits": -(-len(values) // self.packed),
            "seconds": {"post-process": time.perf_counter() - start},
        }
        return Result(values, std, info)

    def sample(self, circuit: Circuit, angles, *, shots: int, seed: int) -> np.ndarray:
        """Refuse: the bits were not kept."""
        raise ValueError("Stored expectation values have no bits: ask another backend to `sample`.")


def stored_outputs(*, device: str = "aspen9") -> StoredOutputs:
    """What Rigetti's Aspen-9 answered for 2,000 SUSY events, as a backend of their circuit."""
    _known("device", device, ("aspen9",))
    return _aspen9()


def published_circuit(
    x, y, seed, *, progress: Progress | None = None, name: str = "aspen9"
) -> TrainedCircuit:
    """The SUSY classifier that ran on Aspen-9, frozen as its authors trained it.

    The score is their decision: alpha_1 <1|rho|1> - alpha_0 <0|rho|0>, positive for signal.
    """
    del y, seed, progress  # nothing is fitted
    _known("name", name, ("aspen9",))
    matrix, shift = aspen9_angles()
    if x.shape[1] != matrix.shape[1]:
        raise ValueError(
            f"The published circuit reads the {matrix.shape[1]} SUSY features, but the data have "
            f"{x.shape[1]}: set `data.name` to 'susy_aspen9'."
        )
    names = [("rz", "ry", "rz")[index % 3] for index in range(len(shift))]
    gates = [gate(kind, 0, angle=("inputs", index)) for index, kind in enumerate(names)]
    low, high = ASPEN9_ALPHA
    frozen = Frozen(
        circuit=build_circuit(gates),
        observables=(z(0),),
        angles={"inputs": (matrix, shift)},
        gain=np.array([-(low + high) / 2]),
        bias=np.array((high - low) / 2),
        scaler=Scaler(np.zeros(x.shape[1]), np.ones(x.shape[1]), -FAR, FAR),
    )
    return TrainedCircuit(frozen, np.zeros(0), {"compile": 0.0, "train": 0.0})


def stored_scores(x, y, seed, *, outputs: str = "lhcb_bjets") -> Trained:
    """What INFN's circuit of 4 qubits and 4 layers said of 1,000 LHCb jets.

    The authors' notebook made these on Amazon Braket's local simulator without shots: they are
    the exact outputs of a circuit, not those of a device.
    """
    del x, y, seed
    _known("outputs", outputs, ("lhcb_bjets",))
    jets, scores = load_dataset("lhcb_bjets").x, lhcb_published_scores()
    told = {"backend": "StoredOutputs", "device": "braket.local.qubit", "simulated": True}
    return Trained(partial(_scores_of, jets, scores), {"train": 0.0}, {}, {}, {"backend": told})


def look_up(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Which of the known rows each row is.

    Args:
        known: (r, f), no two alike.
        asked: (b, f).

    Returns:
        (b,) row numbers.

    Raises:
        ValueError: a row that is none of them.

    >>> look_up(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[2.0, 3.0]])).tolist()
    [1]
    """
    distance, rows = map(np.asarray, KDTree(known).query(asked, p=np.inf))
    if missing := int(np.count_nonzero(~(distance <= SAME))):
        raise ValueError(
            f"No output is stored for {missing} of {len(asked)} events: the published ones are of "
            "the test events of 'susy_aspen9' or the jets of 'lhcb_bjets', and of one circuit each."
        )
    return rows


@cache
def _aspen9() -> StoredOutputs:
    data = load_dataset("susy_aspen9")
    matrix, shift = aspen9_angles()
    fidelity, labels = aspen9_outputs()
    rows = np.sort(data.test)
    if not np.array_equal(data.y[rows], labels):
        raise ValueError("The stored outputs of Aspen-9 do not belong to these events.")
    told = {"device": "Rigetti Aspen-9", "shots": ASPEN9_SHOTS, "simulated": False}
    values = 1 - 2 * fidelity[:, None]
    return StoredOutputs(data.x[rows] @ matrix.T + shift, values, told, ASPEN9_PACKED)


def _scores_of(known: np.ndarray, scores: np.ndarray, x: np.ndarray) -> np.ndarray:
    return scores[look_up(known, x)]


def _known(key: str, value: str, names: tuple[str, ...]) -> None:
    if value not in names:
        raise ValueError(f"Setting `{key}` must be one of {', '.join(names)}, but is {value!r}.")
