"""The ways to run transpiled circuits on what Qiskit calls a backend."""

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from circuits.on_qiskit.aer import start_aer
from circuits.on_qiskit.noise import aer_noise, noise_data, target_noise
from circuits.on_qiskit.programs import compacted, used_qubits

HOW = (
    "save a token once with `QiskitRuntimeService.save_account(token=...)`, or set the variable "
    "QISKIT_IBM_TOKEN"
)


class Kind(NamedTuple):
    """How a target is run: the primitive's name, the seed it takes, whether it simulates."""

    primitive: str
    seed: int | None
    simulated: bool | None


def target_kind(target: Any, seed: int) -> Kind:
    """Return how a target is run.

    What takes the seed of a simulator is one; what else is not IBM's may be anything: None.

    >>> target_kind(None, 3)
    Kind(primitive='qiskit.StatevectorSampler', seed=3, simulated=True)
    """
    if target is None:
        return Kind("qiskit.StatevectorSampler", seed, True)
    if is_ibm(target):
        return Kind("qiskit_ibm_runtime.Sampler", None, False)
    if is_fake(target) or is_aer(target):
        return Kind("qiskit_aer.AerSimulator", seed, True)
    if keeps_jobs(target):
        return Kind("qiskit.BackendV2.run", None, None)
    takes_seed = hasattr(getattr(target, "options", None), "seed_simulator")
    return Kind("qiskit.BackendSamplerV2", seed if takes_seed else None, takes_seed or None)


def start(target: Any, pubs: Sequence[tuple], shots: int, seed: int):
    """Start a job on a simulator or a provider's device; it runs in a thread of this process.

    Args:
        target: a `BackendV2`, not IBM's, or None for `StatevectorSampler`.
        pubs: pairs of a transpiled circuit and the values (b, m) of its parameters.
        shots: of each circuit with each set of values.
        seed: of a simulator.

    Returns:
        A `qiskit.primitives.PrimitiveJob`.
    """
    from qiskit.primitives import BackendSamplerV2, StatevectorSampler

    if target is None:
        # A generator, since an int would start every set of angles with the same draws.
        sampler: Any = StatevectorSampler(seed=np.random.default_rng(seed))
        return sampler.run(bound(pubs), shots=shots)
    if is_fake(target):
        qubits = tuple(sorted({qubit for circuit, _ in pubs for qubit in used_qubits(circuit)}))
        target = reduced_simulator(target, qubits)
        pubs = [(compacted(circuit, qubits), values) for circuit, values in pubs]
    if is_aer(target):
        return start_aer(target, pubs, shots, seed)
    taken = target_kind(target, seed).seed
    sampler = BackendSamplerV2(backend=target, options={"seed_simulator": taken})
    return sampler.run(bound(pubs), shots=shots)


def bound(pubs: Sequence[tuple]) -> list[tuple]:
    """Return PUBs for a sampler: a batch that no parameter changes is sent once for each set.

    Neither Aer nor IBM's service has a batch of what has no parameters, which a transpiler may
    also have found to change nothing.
    """
    sent: list[tuple] = []
    for circuit, values in pubs:
        free = circuit.num_parameters
        sent += [(circuit, values)] if free else [(circuit,)] * len(values)
    return sent


@lru_cache(maxsize=8)
def reduced_simulator(backend: Any, qubits: tuple[int, ...]):
    """Return Aer with the noise of some qubits of a backend, renumbered from 0; made once.

    The noise of a whole device of 127 qubits takes seconds to build, again for every job in the
    local mode of IBM's runtime.
    """
    from qiskit_aer import AerSimulator

    noise = aer_noise(target_noise(backend, qubits))
    return AerSimulator(noise_model=noise)


def open_target(name: str | None):
    """Return the target of a name, for `QiskitBackend(target=...)`.

    Args:
        name: "aer", a fake backend such as "fake_manila", a device of IBM's such as "ibm_torino"
            (which needs credentials and the network), or None for exact values.

    Raises:
        ValueError: where there is no such backend, or no credentials for IBM's.
        ConnectionError: where IBM's service cannot be reached.

    >>> open_target("fake_manila").num_qubits
    5
    """
    if name is None:
        return None
    if name in ("aer", "aer_simulator"):
        from qiskit_aer import AerSimulator

        return AerSimulator()
    return _fake(name) if name.startswith("fake_") else _device(name)


def ibm_credentials() -> tuple[bool, str]:
    """Return whether IBM's client would find a token here, and a sentence on it; no network.

    Returns:
        (there, sentence); the sentence says what to do where there is none, and never the token.
    """
    from qiskit_ibm_runtime import QiskitRuntimeService

    there = bool(os.environ.get("QISKIT_IBM_TOKEN") or QiskitRuntimeService.saved_accounts())
    return there, "configured" if there else f"not configured (only hardware needs it): {HOW}"


def is_aer(target: Any) -> bool:
    """Whether a target is Aer's simulator."""
    from qiskit_aer import AerSimulator

    return isinstance(target, AerSimulator)


def is_fake(target: Any) -> bool:
    """Whether a target is a fake backend: a device's description, simulated with its noise."""
    from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

    return isinstance(target, FakeBackendV2) and not is_ibm(target)


def is_ibm(target: Any) -> bool:
    """Whether a target is a device of IBM's."""
    import qiskit_ibm_runtime

    return isinstance(target, qiskit_ibm_runtime.IBMBackend)


def keeps_jobs(target: Any) -> bool:
    """Whether a target is a provider's, other than IBM's, that finds its jobs by their ids.

    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> keeps_jobs(GenericBackendV2(2, seed=1)), keeps_jobs(None)
    (False, False)
    """
    found = callable(getattr(target, "retrieve_job", None))
    return found and not (is_ibm(target) or is_aer(target) or is_fake(target))


def simulator_facts(target: Any) -> dict[str, str]:
    """Return what tells simulators of one name apart, a digest of what they are told to err.

    Nothing for what its name tells: a device that keeps its jobs, whatever its calibration is at
    the time, and no target.

    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> one, other = (simulator_facts(GenericBackendV2(2, seed=seed)) for seed in (1, 2))
    >>> one == other, simulator_facts(None)
    (False, {})
    """
    if target is None or is_ibm(target) or keeps_jobs(target):
        return {}
    digest = _digest(_aer_told(target)) if is_aer(target) else _stated_digest(target)
    return {"simulator": digest}


@lru_cache(maxsize=8)
def _stated_digest(target: Any) -> str:
    """Of a device's stated errors, which take a fifth of a second to read for 127 qubits."""
    return _digest(noise_data(target_noise(target)))


def _digest(told: dict[str, Any]) -> str:
    # What is one of many, a gate or an error, comes in another order in each process.
    plain = {name: _sorted(each) if isinstance(each, list) else each for name, each in told.items()}
    return sha256(json.dumps(plain, sort_keys=True, default=repr).encode()).hexdigest()


def _aer_told(simulator: Any) -> dict[str, Any]:
    """Options of an Aer simulator, its noise's errors, and the pairs of qubits with gates."""
    options = dict(simulator.options.items())
    noise, pairs = options.pop("noise_model"), simulator.coupling_map
    errors = noise.to_dict(serializable=True)["errors"] if noise else []
    return options | {
        "errors": [each | {"id": None} for each in errors],  # their ids are drawn
        "pairs": [*pairs.get_edges()] if pairs else None,
    }


def _sorted(items: list[Any]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True, default=repr) for each in items)


def _fake(name: str):
    """By the class' name, as building all fakes to look at theirs would take long."""
    from qiskit_ibm_runtime import fake_provider

    wanted = name.replace("_", "")
    for each in dir(fake_provider):
        if each.removesuffix("V2").lower() == wanted:
            return getattr(fake_provider, each)()
    raise ValueError(f"There is no fake backend {name!r} in qiskit_ibm_runtime.fake_provider.")


def _device(name: str):
    import requests
    from qiskit.providers.exceptions import QiskitBackendNotFoundError
    from qiskit_ibm_runtime import QiskitRuntimeService

    there, _ = ibm_credentials()
    if not there:
        raise ValueError(f"No credentials for IBM's {name!r} found: {HOW}.")
    try:
        return QiskitRuntimeService().backend(name)
    except QiskitBackendNotFoundError:
        raise ValueError(f"IBM's service has no backend {name!r} for this account.") from None
    except requests.exceptions.ConnectionError as error:
        raise ConnectionError(
            f"IBM's service cannot be reached to open {name!r}: check the network ({error})."
        ) from None
