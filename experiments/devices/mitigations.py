"""The mitigations of errors that a spec or the command line may name, around a backend."""

from collections.abc import Sequence
from typing import Any

NOISELESS = ("exact", "qiskit_exact", "stored_outputs")


def readout(backend: Any, *, method: str = "tensored", shots: int = 4096, seed: int = 0):
    """How bits are confused, measured and undone."""
    from circuits import ReadoutMitigation

    return ReadoutMitigation(backend, method=method, shots=shots, seed=seed)


def zero_noise(
    backend: Any,
    *,
    scales: Sequence[float] = (1, 3, 5),
    fit: str = "linear",
    folding: str = "global",
):
    """Values at several strengths of noise, extrapolated to none."""
    from circuits import ZeroNoiseExtrapolation

    return ZeroNoiseExtrapolation(backend, scales=tuple(scales), fit=fit, folding=folding)


def twirling(backend: Any, *, instances: int = 16, seed: int = 0):
    """Averages over random Paulis around two-qubit gates."""
    from circuits import PauliTwirling

    return PauliTwirling(backend, instances=instances, seed=seed)


def cancellation(backend: Any, *, samples: int = 256, seed: int = 0):
    """The inverse of the noise that the backend was given, as an average with signs."""
    from circuits import ProbabilisticErrorCancellation

    return ProbabilisticErrorCancellation(backend, backend.noise, samples=samples, seed=seed)


def regression(backend: Any, *, training: int = 20, kept: float = 0.3, seed: int = 0):
    """A line from noisy to exact values, learned on circuits that are nearly Clifford."""
    from circuits import CliffordDataRegression

    return CliffordDataRegression(backend, training=training, kept=kept, seed=seed)


def check_fit(kind: str, settings: dict[str, Any], name: str) -> None:
    """Check that a mitigation fits a backend.

    Args:
        kind: of the backend, as in a spec.
        settings: of the backend.
        name: of the mitigation.

    Raises:
        ValueError: the two do not fit.

    >>> check_fit("density_device", {"shots": 10}, "zero_noise")
    """
    if kind in NOISELESS:
        raise ValueError(f"a backend of kind {kind!r} has no noise; leave `mitigation` out.")
    if name == "cancellation" and not (settings.get("one") or settings.get("two")):
        raise ValueError(
            "mitigation 'cancellation' needs noise that is stated as Pauli channels: a backend of "
            "kind 'density' with `one` or `two`; for a device take another mitigation."
        )
