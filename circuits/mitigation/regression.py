"""Clifford data regression: learn the noise from circuits that are simple enough to simulate."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit
from circuits.gates.gate_types import Gate, Slot, gate_angle
from circuits.mitigation.wrapping import ROUNDING, Array, free_segment, wrapped_info
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Backend, Result, check_count, check_seed

QUARTER, HALF = np.pi / 2, np.pi
# Gates are Clifford gates at the multiples of these angles.
STEPS: dict[str, float] = dict.fromkeys(
    ("rx", "ry", "rz", "p", "rxx", "ryy", "rzz", "rzx"), QUARTER
)
STEPS |= dict.fromkeys(("crx", "cry", "crz", "cp", "xx_plus_yy", "xx_minus_yy", "givens"), HALF)
STEPS |= {"evolution": QUARTER / 2}


@dataclass(frozen=True)
class CliffordDataRegression:
    """Values corrected by a line that training circuits taught: ``exact = slope * noisy + shift``.

    Training circuits are the circuit itself with most of its angles moved to ones that make
    Clifford gates. The noise must act on both alike. One line for each observable serves the batch;
    training circuits and batch are one job, as only angles differ.

    Args:
        backend: what runs the circuits.
        simulator: gives the training circuits' exact values; by default `Exact`. `Stabilizer` for
            many qubits, with `kept` = 0 and a circuit of no other gates than Clifford's, or
            `MatrixProduct`.
        training: number of training circuits, at least 3.
        kept: share of the angles that stay as they are.
        seed: decides which angles move, and where to.

    Source:
        Czarnik et al., Quantum 5, 592 (2021), arXiv:2005.10189, Sec. II.

    >>> from circuits import Density, NoiseModel, build_circuit, depolarizing, gate, z
    >>> noisy = Density(NoiseModel(one=(depolarizing(0.1, 0),)))
    >>> circuit = build_circuit([gate("rx", 0, angle=0.3), gate("rx", 0, angle=0.4)])
    >>> result = CliffordDataRegression(noisy).expectation(circuit, z(0), {})
    >>> result.values.round(6), round(float(np.cos(0.7)), 6)
    (array([[0.764842]]), 0.764842)
    """

    backend: Backend
    simulator: Backend | None = None
    training: int = 20
    kept: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        check_count("training", self.training)
        if self.training < 3:
            raise ValueError(f"Argument `training` must be at least 3, but is {self.training}.")
        if not 0 <= self.kept <= 1:
            raise ValueError(f"Argument `kept` must be from 0 to 1, but is {self.kept}.")
        check_seed(self.seed)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return corrected values of k observables; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        free, arrays = freed(circuit, check_angles(circuit, angles))
        b = batch_length(arrays)
        learned = _training(free, arrays, self.training, self.kept, self.seed)
        joined = {
            name: np.concatenate([_rows(array, b), learned[name]]) for name, array in arrays.items()
        }
        if not joined:  # nothing to vary: a batch needs a segment
            free, joined = _unread(circuit, b + self.training)
            learned = {name: array[b:] for name, array in joined.items()}
        run = self.backend.expectation(free, checked, joined)
        truth = (self.simulator or _exact()).expectation(free, checked, learned)
        values, std, slopes = correct(run.values, run.std, truth.values)
        options: dict[str, Any] = {"training": self.training, "kept": self.kept, "seed": self.seed}
        found = {"slopes": slopes.tolist(), "simulator": truth.info["backend"]}
        info = wrapped_info("CliffordDataRegression", circuit, [(run, checked)], options, found)
        return Result(values, std, info)

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return the bits of the backend inside, as noisy as they are; see `Backend`."""
        return self.backend.sample(circuit, angles, shots=shots, seed=seed)


def freed(circuit: Circuit, arrays: dict[str, Array]) -> tuple[Circuit, dict[str, Array]]:
    """Return the circuit with a slot of its own for each angle of a unitary gate, and its angles.

    >>> from circuits import build_circuit, gate
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0, 2.0)), gate("ry", 0, angle=0.5)])
    >>> freed(circuit, {"w": np.array([0.1])})[1]
    {'w': array([0.1]), 'angles': array([0.2, 0.5])}
    """
    turning = [at for at, item in enumerate(circuit.gates) if _turns(item)]
    if not turning:
        return circuit, arrays
    name = free_segment(circuit, "angles")
    gates = list(circuit.gates)
    columns = []
    for place, at in enumerate(turning):
        columns.append(_angle(gates[at], arrays))
        gates[at] = gates[at]._replace(angle=Slot(name, place))
    b = max(map(len, columns))
    table = np.stack([np.broadcast_to(column, b) for column in columns], axis=1)
    free = circuit._replace(gates=tuple(gates), segments=circuit.segments | {name: len(turning)})
    return free, arrays | {name: table if b > 1 else table[0]}


def correct(values: Array, std: Array, truth: Array) -> tuple[Array, Array, Array]:
    """Return values (b, k), standard errors (b, k) and slopes (k,) of the lines through t points.

    The scatter that shots cause among the noisy values is taken off before the slope is found,
    which it would flatten. What scatter of the training values about the line is left beside that
    of shots is expected of the wanted values too, and part of their error. Where training values do
    not differ, only their shift is corrected.

    Args:
        values: (b + t, k) noisy ones, those for training last.
        std: (b + t, k).
        truth: (t, k).

    >>> noisy = np.array([[0.3], [0.5], [-0.5], [0.0]])
    >>> correct(noisy, np.zeros((4, 1)), np.array([[1], [-1], [0]]))[0]
    array([[0.6]])
    """
    t = len(truth)
    wanted, noisy, error = values[:-t], values[-t:], std[-t:]
    offsets, targets = noisy - noisy.mean(0), truth - truth.mean(0)
    spread = np.square(offsets).mean(0)
    signal = spread - np.square(error).mean(0)
    sure = signal > np.maximum(ROUNDING, spread / 2)
    slopes = np.where(sure, (offsets * targets).mean(0) / np.where(sure, signal, 1.0), 1.0)
    residual = np.square(targets - slopes * offsets).sum(0) / max(t - 2, 1)
    distance = np.where(sure, (wanted - noisy.mean(0)) ** 2 / np.where(sure, t * signal, 1.0), 0.0)
    fitted = slopes * (wanted - noisy.mean(0)) + truth.mean(0)
    misfit = np.maximum(residual - slopes**2 * np.square(error).mean(0), 0.0)
    variance = np.square(slopes * std[:-t]) + misfit + residual * (1 / t + distance)
    return fitted, np.where(variance > ROUNDING**2, np.sqrt(variance), 0.0), slopes


def _training(circuit: Circuit, arrays, count: int, kept: float, seed: int) -> dict[str, Array]:
    """Rows drawn from the batch, with angles moved to one of the two Clifford angles next to them.

    The nearer one is the likelier.
    """
    rng = np.random.default_rng(seed)
    rows = rng.integers(batch_length(arrays), size=count)
    drawn = {name: _rows(array, batch_length(arrays))[rows] for name, array in arrays.items()}
    for item in circuit.gates:
        if item.name in STEPS and isinstance(item.angle, Slot):
            column = drawn[item.angle.segment][:, item.angle.index]
            step = STEPS[item.name]
            near = np.floor(column / step + rng.random(count)) * step
            stays = rng.random(count) < kept
            drawn[item.angle.segment][:, item.angle.index] = np.where(stays, column, near)
    return drawn


def _turns(item: Gate) -> bool:
    return item.angle is not None and item.name != "amplitudes"


def _angle(item: Gate, arrays: dict[str, Array]) -> Array:
    """Angle (b,) or (1,) of a gate."""
    columns = {name: array.T for name, array in arrays.items()}
    return np.atleast_1d(np.asarray(gate_angle(item, columns), float))


def _rows(array: Array, b: int) -> Array:
    return np.array(array if array.ndim == 2 else np.tile(array, (b, 1)))


def _unread(circuit: Circuit, rows: int):
    name = free_segment(circuit, "angles")
    return circuit._replace(segments=circuit.segments | {name: 1}), {name: np.zeros((rows, 1))}


def _exact() -> Backend:
    # Here, as `backends` lists this file's class.
    from circuits.backends import Exact

    return Exact()
