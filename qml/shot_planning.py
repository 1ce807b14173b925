"""How many shots a wanted error of a metric takes, and how to share them among bases."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from circuits import (
    Backend,
    Circuit,
    Exact,
    PauliSum,
    basis_change,
    check_observables,
    estimate,
    measurement_groups,
)

Metric = Callable[[npt.NDArray[np.float64], npt.NDArray], float]
MOST_SHOTS = 2**40


class ShotPlan(NamedTuple):
    """Shots of each basis, and what the metric then is: off by `error` (rms), and by `bias`."""

    shots: int
    error: float
    bias: float


def metric_errors(
    metric: Metric,
    scores: ArrayLike,
    labels: ArrayLike,
    spread: ArrayLike,
    shots: int,
    *,
    draws: int = 200,
    seed: int = 0,
) -> npt.NDArray[np.float64]:
    """Return by how much shot noise moves a metric, in simulated repetitions.

    Args:
        metric: of scores and labels, such as `qml.metrics.auc` or `accuracy`.
        scores: (b,) without shot noise, or the best that are known.
        labels: (b,).
        spread: (b,) standard errors of the scores at one shot of each basis: `infer(...).std`
            times the square root of its shots, or 0 where exact. One number may serve all.
        shots: of each basis; noise shrinks with the root, and is taken for Gaussian, which it is
            not for a handful of shots.
        draws: repetitions.
        seed: decides them.

    Returns:
        (draws,) differences from the metric of the scores given.

    >>> from qml.metrics import accuracy
    >>> metric_errors(accuracy, [-1.0, 1.0], [0, 1], 0.0, 10, draws=2)
    array([0., 0.])
    """
    _check_draws(draws, shots)
    scores, labels, spread = _checked(scores, labels, spread)
    noise = np.random.default_rng(seed).standard_normal((draws, len(scores))) * spread
    return _errors(metric, scores, labels, noise, shots)


def plan_shots(
    metric: Metric,
    scores: ArrayLike,
    labels: ArrayLike,
    spread: ArrayLike,
    error: float,
    *,
    draws: int = 200,
    seed: int = 0,
) -> ShotPlan:
    """Return the fewest shots that keep a metric near what it is without shot noise.

    Near is in the root mean square over simulated repetitions, bias included: noise makes scores
    worse, not only uncertain. How well the events themselves determine the metric is another
    question; see `qml.metrics`.

    Args:
        metric: as for `metric_errors`, with `scores`, `labels`, `spread`, `draws` and `seed`.
        scores: (b,).
        labels: (b,).
        spread: (b,) or one number.
        error: wanted, positive.
        draws: repetitions; the same noise is scaled for every number of shots.
        seed: decides them.

    Raises:
        ValueError: where no number of shots up to 2**40 is enough, as where scores are tied.

    >>> from qml.metrics import auc
    >>> scores, labels = np.linspace(-1, 1, 100), np.arange(100) >= 50
    >>> plan = plan_shots(auc, scores, labels, 1.0, error=0.01)
    >>> 10 < plan.shots < 100, plan.error <= 0.01, plan.bias < 0
    (True, True, True)
    """
    if not 0 < error < np.inf:
        raise ValueError(f"Argument `error` must be positive, but is {error}.")
    _check_draws(draws, 1)
    scores, labels, spread = _checked(scores, labels, spread)
    noise = np.random.default_rng(seed).standard_normal((draws, len(scores))) * spread

    def met(shots: int) -> bool:
        return _rms(_errors(metric, scores, labels, noise, shots)) <= error

    high = 1
    while not met(high):
        high *= 2
        if high > MOST_SHOTS:
            raise ValueError(
                f"No number of shots brings the metric within {error}: scores that are tied or "
                "next to a threshold stay uncertain; ask for a larger error."
            )
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if met(middle) else (middle, high)
    found = _errors(metric, scores, labels, noise, high)
    return ShotPlan(high, _rms(found), float(found.mean()))


def group_variances(
    circuit: Circuit, observables: PauliSum | Sequence[PauliSum], angles
) -> npt.NDArray[np.float64]:
    """Return the variance (b, k, g) of one shot of each measurement basis, by exact simulation.

    Args:
        circuit: frozen, such as a model's.
        observables: k of them, in g groups as `measurement_groups` makes them.
        angles: `{segment: (size,) or (b, size)}` in radians.

    >>> from circuits import build_circuit, gate, pauli, z
    >>> group_variances(build_circuit([gate("h", 0)]), [z(0) + 2 * pauli("X", 0)], {}).round(9)
    array([[[1., 0.]]])
    """
    checked = check_observables(observables, circuit.n_qubits)
    groups = measurement_groups(checked)
    parts = []
    for index in range(len(checked)):
        for group in groups:
            strings = [(value, wires) for at, value, wires in group.terms if at == index]
            parts += [_total(strings, group.basis), _squared(strings, group.basis)]
    values = Exact().expectation(circuit, parts, angles).values
    means, squares = np.moveaxis(values.reshape(-1, len(checked), len(groups), 2), -1, 0)
    return np.maximum(squares - means**2, 0.0)


def share_shots(variances: ArrayLike, shots: int) -> npt.NDArray[np.int64]:
    """Return how to share shots among bases so that the variance of the sum is least.

    Args:
        variances: (..., g) of one shot of each basis; means are taken over what comes first, so
            that one sharing serves a batch. Scale them by the square of an observable's weight.
        shots: in total; each basis gets one at least.

    Returns:
        (g,) ints that sum to `shots`, in proportion to the roots of the variances.

    Raises:
        ValueError: where there are fewer shots than bases.

    Source:
        Neyman, J. R. Stat. Soc. 97, 558 (1934), Sec. III (optimum allocation); for circuits Rubin,
        Babbush and McClean, New J. Phys. 20, 053020 (2018), Sec. 3.1.

    >>> share_shots([9.0, 1.0, 0.0], 81)
    array([60, 20,  1])
    """
    array = np.asarray(variances, float)
    roots = np.sqrt(array.reshape(-1, array.shape[-1]).mean(0))
    if shots < len(roots):
        raise ValueError(
            f"Argument `shots` must be at least {len(roots)}, one for each basis, but is {shots}."
        )
    left = shots - len(roots)
    wanted = left * (roots / roots.sum() if roots.any() else np.full(len(roots), 1 / len(roots)))
    shares = np.floor(wanted).astype(np.int64)
    largest = np.argsort(shares - wanted, kind="stable")[: left - shares.sum()]
    shares[largest] += 1
    return shares + 1


def shared_expectation(
    backend: Backend,
    circuit: Circuit,
    observables: PauliSum | Sequence[PauliSum],
    angles,
    shares: Sequence[int] | npt.NDArray[np.int64],
    *,
    seed: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return values and standard errors (b, k) with a number of shots for each basis.

    Args:
        backend: with `sample`; one call for each basis.
        circuit: to run.
        observables: k of them, in g groups.
        angles: `{segment: (size,) or (b, size)}` in radians.
        shares: g numbers of shots; see `share_shots`.
        seed: decides the draws.

    >>> from circuits import Shots, build_circuit, gate, pauli, z
    >>> circuit, both = build_circuit([gate("h", 0)]), z(0) + pauli("X", 0)
    >>> values, std = shared_expectation(Shots(), circuit, both, {}, [900, 100], seed=0)
    >>> bool(abs(values.item() - 1) < 3 * std.item())
    True
    """
    checked = check_observables(observables, circuit.n_qubits)
    groups = measurement_groups(checked)
    seeds = np.random.SeedSequence(seed).generate_state(len(groups)) >> 1
    bits = [
        backend.sample(
            circuit + basis_change(group, circuit.n_qubits),
            angles,
            shots=int(share),
            seed=int(each),
        )
        for group, share, each in zip(groups, shares, seeds, strict=True)
    ]
    return estimate(checked, bits)


def _errors(metric: Metric, scores, labels, noise, shots: int) -> npt.NDArray[np.float64]:
    exact = metric(scores, labels)
    return np.array([metric(scores + each / shots**0.5, labels) - exact for each in noise])


def _rms(errors: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _checked(scores, labels, spread):
    scores, labels = np.asarray(scores, float), np.asarray(labels)
    spread = np.asarray(spread, float)
    if scores.ndim != 1 or labels.shape != scores.shape or spread.shape not in ((), scores.shape):
        raise ValueError(
            "Arguments `scores`, `labels` and `spread` must be (b,) each (or `spread` a number), "
            f"but have shapes {scores.shape}, {labels.shape} and {spread.shape}."
        )
    if not (np.isfinite(spread).all() and (spread >= 0).all()):
        raise ValueError(
            f"Argument `spread` must be finite and not negative, but holds {spread.min()}."
        )
    return scores, labels, spread


def _check_draws(draws: int, shots: int) -> None:
    if draws < 1 or shots < 1:
        raise ValueError(
            f"Arguments `draws` and `shots` must be positive, but are {draws} and {shots}."
        )


def _total(strings, basis) -> PauliSum:
    return PauliSum(tuple((value, _string(set(wires), basis)) for value, wires in strings))


def _squared(strings, basis) -> PauliSum:
    """The square of a sum in one basis: letters on the wires of both strings cancel."""
    total = PauliSum(())
    for first, left in strings:
        for second, right in strings:
            string = _string(set(left) ^ set(right), basis)
            total = total + PauliSum(((first * second, string),))
    return total


def _string(wires: set[int], basis) -> tuple[tuple[int, str], ...]:
    return tuple((wire, basis[wire]) for wire in sorted(wires))
