"""Aer's simulator itself: a whole batch in one run, and its counts turned into bits here.

Aer's own `SamplerV2` gives the same draws, but has Aer build a circuit for every set of angles, and
makes a Python string of every shot.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

# Most draws in one run, as the counts of a run take more memory than the bits made of them.
DRAWS = 2**22
REGISTER = "meas"


def start_aer(simulator: Any, pubs: Sequence[tuple], shots: int, seed: int):
    """Start a job on an `AerSimulator`, whose options hold; it runs in a thread of this process.

    Args:
        simulator: its options are not changed.
        pubs: pairs of a circuit, measured into the register "meas", and values (b, m) of its
            parameters; b is the same for all.
        shots: of each circuit with each set of values.
        seed: of the simulator.

    Returns:
        A `qiskit.primitives.PrimitiveJob` of a `PrimitiveResult`: for each PUB a batch of bits, or
        one for each of its sets where the circuit has no parameters.

    >>> from qiskit import QuantumCircuit
    >>> from qiskit_aer import AerSimulator
    >>> flipped = QuantumCircuit(2)
    >>> for item in (flipped.x(0), flipped.measure_all()): pass
    >>> job = start_aer(AerSimulator(), [(flipped, np.zeros((1, 0)))], shots=3, seed=0)
    >>> job.result()[0].data.meas.get_counts()
    {'01': 3}
    """
    from qiskit.primitives import PrimitiveJob

    job = PrimitiveJob(_answers, simulator, pubs, shots, seed)
    job._submit()
    return job


def _answers(simulator: Any, pubs: Sequence[tuple], shots: int, seed: int):
    from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult

    most = max(1, DRAWS // (shots * len(pubs)))
    runs = []
    for place, row in enumerate(range(0, len(pubs[0][1]), most)):
        chunk = [(circuit, values[row : row + most]) for circuit, values in pubs]
        own = int(np.random.SeedSequence([seed, place]).generate_state(1)[0] >> 1)
        runs.append(_run(simulator, chunk, shots, own if place else seed))
    answers = []
    for (circuit, _), *parts in zip(pubs, *runs, strict=True):
        packed = np.concatenate(parts)
        for bits in [packed] if circuit.num_parameters else packed:
            meas = BitArray(bits, len(_register(circuit)))
            data = DataBin(**{REGISTER: meas}, shape=meas.shape)
            answers.append(SamplerPubResult(data, metadata={"shots": shots}))
    return PrimitiveResult(answers)


def _run(
    simulator: Any, pubs: Sequence[tuple], shots: int, seed: int
) -> list[npt.NDArray[np.uint8]]:
    """Packed bits (b, shots, bytes) of each PUB, in one run of Aer."""
    circuits, binds = [], []
    for built, values in pubs:
        circuit = _without_phase(built)
        bind = {each: values[:, at] for at, each in enumerate(built.parameters)}
        # Aer knows no batch of what has no parameters.
        times = 1 if circuit.num_parameters else len(values)
        circuits += [circuit] * times
        binds += [bind if circuit.num_parameters else {}] * times
    options = {"shots": shots, "seed_simulator": seed, "memory": False}
    options |= _spreading(simulator, circuits)
    result = simulator.run(circuits, parameter_binds=binds, **options).result()
    if not result.success:
        raise RuntimeError(f"Aer could not simulate the circuits: {result.status}")
    counts = [each.data.counts for each in result.results]
    rng = np.random.default_rng(seed)
    found = []
    for built, values in pubs:
        found.append(_packed(counts[: len(values)], built, shots, rng))
        counts = counts[len(values) :]
    return found


def _spreading(simulator: Any, circuits: Sequence[Any]) -> dict[str, Any]:
    """Options of one run that make the most of the cores; the draws are the same.

    Aer puts in the angles itself only where that is faster and safe: under noise its threads then
    get in each other's way, and control flow ends the process (Aer 0.17). Otherwise it spreads the
    sets of angles over the cores, not each set by itself over all, whose threads cost more than
    the work.
    """
    options = simulator.options
    ideal = options.noise_model is None and options.method in ("automatic", "statevector")
    if ideal and all(map(_is_plain, circuits)):
        return {"runtime_parameter_bind_enable": True}
    return {"max_parallel_experiments": 0} if options.max_parallel_experiments is None else {}


def _is_plain(circuit: Any) -> bool:
    """Whether a circuit holds gates and measurements only."""
    from qiskit.circuit import Gate

    return all(
        isinstance(item.operation, Gate) or item.name in ("measure", "reset", "barrier")
        for item in circuit.data
    )


def _without_phase(circuit: Any):
    """A free global phase left out, which Aer cannot bind and which changes no count."""
    if not getattr(circuit.global_phase, "parameters", None):
        return circuit
    free = circuit.copy()
    free.global_phase = 0
    return free


def _packed(
    counts: Sequence[Mapping[str, int]], circuit: Any, shots: int, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Bits (b, shots, bytes) of counts, the shots of each set in random order."""
    places: dict[str, int] = {}
    drawn = np.empty((len(counts), shots), np.int32)
    for row, each in zip(drawn, counts, strict=True):
        own = [places.setdefault(outcome, len(places)) for outcome in each]
        row[:] = np.repeat(own, [*each.values()])
    return _outcome_bits([*places], circuit)[rng.permuted(drawn, axis=1)]


def _outcome_bits(outcomes: Sequence[str], circuit: Any) -> npt.NDArray[np.uint8]:
    """Packed bits (outcomes, bytes) of the register, of hexadecimal numbers of all bits."""
    n_bytes, bits = -(-circuit.num_clbits // 8), len(_register(circuit))
    digits = "".join([each.removeprefix("0x").zfill(2 * n_bytes) for each in outcomes])
    packed = np.frombuffer(bytes.fromhex(digits), np.uint8).reshape(-1, n_bytes)
    if bits == circuit.num_clbits:
        return packed
    first = circuit.find_bit(_register(circuit)[0]).index
    loose = np.unpackbits(packed, axis=1, bitorder="big")[:, ::-1][:, first : first + bits]
    return np.packbits(loose, axis=1, bitorder="little")[:, ::-1]


def _register(circuit: Any):
    return next(each for each in circuit.cregs if each.name == REGISTER)
