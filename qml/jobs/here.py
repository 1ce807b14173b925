"""Any backend as a device of the ledger: chunks of a batch that are answered while one waits.

Nothing of such a backend outlives the process, so there is no job to find again; what a ledger
saves is the time of the chunks that were finished.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits import (
    Backend,
    Circuit,
    Constant,
    PauliSum,
    Result,
    batch_length,
    check_angles,
    check_observables,
    circuit_from_dict,
    circuit_to_dict,
    measurement_groups,
)
from qml.jobs.protocol import CHUNK, Answer, Arrays, Cost, Part
from qml.jobs.steps import ANGLES


class Here:
    """A backend whose batches are run in chunks of at most `batch` sets of angles.

    Each chunk draws with a seed of its own, the first with the backend's: one chunk gives what the
    backend gives by itself, and another `batch` gives other draws.
    """

    remote = False

    def __init__(self, backend: Backend, batch: int = CHUNK) -> None:
        self.backend, self.batch = backend, batch

    def prepare(
        self,
        circuit: Circuit,
        observables: PauliSum | Iterable[PauliSum],
        angles: Mapping[str, Any],
    ) -> Sequence[Part]:
        """See `Device`."""
        checked = check_observables(observables, circuit.n_qubits)
        shots = getattr(self.backend, "shots", None)
        asked = {
            "observables": [[[float(v), list(map(list, s))] for v, s in o.terms] for o in checked],
            "shots": shots,
            "bases": len(measurement_groups(checked)) if shots else 1,
        }
        return self._parts(circuit, asked, angles, getattr(self.backend, "seed", 0))

    def prepare_samples(
        self, circuit: Circuit, angles: Mapping[str, Any], shots: int, seed: int
    ) -> Sequence[Part]:
        """See `Device`."""
        return self._parts(circuit, {"shots": shots, "bases": 1}, angles, seed)

    def cost(self, part: Part) -> Cost:
        """See `Device`; no quantum processor is used."""
        first, last = part.request["part"]["rows"]
        circuits = (last - first) * part.request["bases"]
        return Cost(circuits, circuits * (part.request["shots"] or 0), 0.0)

    def run(self, part: Part) -> tuple[Arrays, Mapping[str, Any]]:
        """See `LocalDevice`."""
        request, seed = part.request, part.request["part"]["seed"]
        circuit = circuit_from_dict(request["circuit"])
        angles = {name.removeprefix(ANGLES): array for name, array in part.arrays.items()}
        if "observables" not in request:
            bits = self.backend.sample(circuit, angles, shots=request["shots"], seed=seed)
            return {"bits": bits}, {}
        backend = _seeded(self.backend, seed)
        values, std, info = backend.expectation(circuit, _observables(request), angles)
        seconds = {"seconds": info["seconds"]} if info.get("seconds") else {}
        return {"values": values, "std": std}, {"info": info, **seconds}

    def check(self, part: Part, raw: Arrays) -> None:
        """See `Device`."""
        request = part.request
        first, last = request["part"]["rows"]
        if "observables" in request:
            shape = (last - first, len(request["observables"]))
            shapes = {"values": shape, "std": shape}
        else:
            shapes = {"bits": (last - first, request["shots"], request["circuit"]["n_qubits"])}
        for name, shape in shapes.items():
            array = np.asarray(raw[name])
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(
                    f"The backend must return finite {name} of shape {shape}, but returned "
                    f"{array.shape}{' with NaN or infinity' if array.shape == shape else ''}; "
                    "they are not used."
                )

    def finish(self, answers: Sequence[Answer]) -> Result:
        """See `Device`."""
        values, std = (np.concatenate([each.raw[n] for each in answers]) for n in ("values", "std"))
        return Result(values, std, dict(answers[0].facts["info"]))

    def finish_samples(self, answers: Sequence[Answer]) -> npt.NDArray[np.uint8]:
        """See `Device`."""
        return np.concatenate([each.raw["bits"] for each in answers])

    def _parts(self, circuit: Circuit, asked: Mapping, angles: Mapping, seed: int) -> list[Part]:
        arrays = check_angles(circuit, angles)
        length = batch_length(arrays)
        request = {"backend": described(self.backend), "circuit": circuit_to_dict(circuit), **asked}
        # Another version, or precision, of the simulator is another question.
        request["version"] = version("qml-offload")
        request["precision"] = str(jnp.result_type(float))
        return [
            Part(
                request | {"part": {"rows": [row, end], "seed": part_seed(seed, index)}},
                {},
                {ANGLES + n: a[row:end] if a.ndim == 2 else a for n, a in arrays.items()},
            )
            for index, row in enumerate(range(0, length, self.batch))
            for end in [min(row + self.batch, length)]
        ]


def part_seed(seed: int, index: int) -> int:
    """The seed of a chunk: the first has the backend's own, the others are far from its neighbours.

    >>> part_seed(7, 0), part_seed(7, 1) == part_seed(8, 0)
    (7, False)
    """
    return (
        seed if index == 0 else int(np.random.SeedSequence([seed, index]).generate_state(1)[0] // 2)
    )


def described(value: Any) -> Any:
    """A backend, or what it holds, as JSON: equal backends have equal descriptions.

    Raises:
        ValueError: something in it can be told from its like by nothing that could be written.

    >>> from circuits import Shots
    >>> described(Shots(shots=10))
    {'type': 'Shots', 'shots': 10, 'seed': 0, 'memory_limit': None}
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, Constant):
        return described(value.array)
    if hasattr(value, "__array__"):
        array = np.ascontiguousarray(value)
        text = f"{array.dtype.str} {array.shape}".encode() + array.tobytes()
        return {"array": sha256(text).hexdigest()}
    if isinstance(value, Mapping):
        return {str(key): described(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [type(value).__name__, *map(described, value)]
    if is_dataclass(value):
        held = {field.name: described(getattr(value, field.name)) for field in fields(value)}
        return {"type": type(value).__name__} | held
    if isinstance(name := getattr(value, "name", None), str):
        return {"type": type(value).__name__, "name": name, **_simulated(value)}
    raise ValueError(
        f"A ledger cannot tell one {type(value).__name__} from another; make the backend a "
        "dataclass of numbers and text, or give it a `name`."
    )


def _simulated(value: Any) -> dict[str, str]:
    """Of a target of Qiskit's what its name does not tell."""
    if not (hasattr(value, "target") and hasattr(value, "num_qubits")):
        return {}
    from circuits.on_qiskit.targets import simulator_facts

    return simulator_facts(value)


def _seeded(backend: Any, seed: int) -> Any:
    has_seed = is_dataclass(backend) and "seed" in {field.name for field in fields(backend)}
    return replace(backend, seed=seed) if has_seed and not isinstance(backend, type) else backend


def _observables(request: Mapping) -> list[PauliSum]:
    """From JSON, where tuples have become lists."""
    return [
        PauliSum(tuple((value, tuple((wire, letter) for wire, letter in s)) for value, s in terms))
        for terms in request["observables"]
    ]
