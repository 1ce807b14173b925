"""The circuit devices that a spec or the command line may name, with the settings they take."""


def exact():
    """Our simulator, no noise, no shots."""
    from circuits import Exact

    return Exact()


def shots(*, shots: int = 1024, seed: int = 0):
    """Our simulator with finite shots."""
    from circuits import Shots

    return Shots(shots=shots, seed=seed)


def fake_device(*, device: str = "manila", shots: int = 1024, seed: int = 0, optimization: int = 1):
    """A noisy stand-in of an IBM device, by its calibration snapshot, through primitives V2."""
    from circuits import QiskitBackend

    return QiskitBackend(_fake(device), shots=shots, seed=seed, optimization_level=optimization)


def qiskit_exact():
    """Qiskit's exact estimator, through primitives V2."""
    from circuits import QiskitBackend

    return QiskitBackend(None, shots=None)


def pennylane(*, device: str = "default.qubit", shots: int | None = None, seed: int = 0):
    """Any PennyLane device, by name; exact where `shots` is absent."""
    from circuits import PennyLaneBackend

    return PennyLaneBackend(device, shots=shots, seed=seed)


def density(
    *,
    one: float = 0.0,
    two: float = 0.0,
    readout: float = 0.0,
    shots: int | None = None,
    seed: int = 0,
):
    """Our density matrices; exact where `shots` is absent.

    Args:
        one: probability that a gate on one qubit depolarizes it.
        two: likewise of a gate on two qubits.
        readout: probability that a bit is read wrongly.
        shots: for each measurement basis.
        seed: of the shots.

    >>> density(two=0.01).noise.two[0].name
    'kraus'
    """
    from circuits import Density, NoiseModel, depolarizing

    noise = NoiseModel(
        one=(depolarizing(one, 0),) if one else (),
        two=(depolarizing(two, 0, 1),) if two else (),
        readout=(readout, readout),
    )
    return Density(noise if one or two or readout else None, shots=shots, seed=seed)


def density_device(
    *, device: str = "manila", shots: int | None = None, seed: int = 0, optimization: int = 1
):
    """Our density matrices under the noise that a fake device's calibration states."""
    from circuits.on_qiskit.transpiled import Transpiled

    return Transpiled(_fake(device), shots=shots, seed=seed, optimization_level=optimization)


def trajectories_device(
    *, device: str = "manila", count: int = 1000, seed: int = 0, optimization: int = 1
):
    """The same by `count` trajectories, for circuits on more qubits."""
    from circuits.on_qiskit.transpiled import Transpiled

    target = _fake(device)
    return Transpiled(target, "trajectories", None, count, optimization, seed)


def aer(*, shots: int = 1024, seed: int = 0):
    """Aer's simulator without noise, through primitives V2."""
    from circuits import QiskitBackend, open_target

    return QiskitBackend(open_target("aer"), shots=shots, seed=seed)


def ibm(*, device: str = "", shots: int = 1024, seed: int = 0, optimization: int = 1):
    """A device of IBM's, which costs money and needs credentials."""
    from circuits import QiskitBackend
    from qml.jobs import open_quietly

    target = open_quietly(device)
    return QiskitBackend(target, shots=shots, seed=seed, optimization_level=optimization)


def _fake(device: str):
    """A fake backend of Qiskit's, by the name of the device that it stands for."""
    from qiskit_ibm_runtime import fake_provider

    found = {
        name.removeprefix("Fake").removesuffix("V2").lower(): name
        for name in sorted(dir(fake_provider))
        if name.startswith("Fake") and name != "FakeProviderForBackendV2"
    }
    if device not in found:
        raise ValueError(f"Unknown fake device {device!r}; known are {', '.join(found)}.")
    return getattr(fake_provider, found[device])()
