"""What an offloaded prediction loses against the exact one, and what it takes."""

from collections.abc import Callable, Mapping
from math import isnan, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qml.metrics import Interval, accuracy, auc, bootstrap, expectation_agreement, paired_difference
from qml.offloading import Inference

METRICS: dict[str, Callable] = {"auc": auc, "accuracy": accuracy}
STAGES = ("compile", "transpile", "queue", "execute", "post-process", "device")


def offload_summary(
    exact: Inference,
    device: Inference,
    labels: ArrayLike | None,
    *,
    metric: str = "auc",
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Put a device's inference beside the exact one of the same events.

    The intervals are those of the events; how another run of the device would differ is not in
    them.

    Args:
        exact: without shots and noise, as of `infer(model, params, x, Exact())`.
        device: of the same model and events, in the same order.
        labels: (b,) 0 or 1, both there; None where nobody knows them: the scores are NaN.
        metric: "auc" or "accuracy".
        resamples: of the events, for the 95 % intervals.
        seed: decides the resamples.

    Returns:
        Plain data, fit for JSON: `events`; `metric`; `score`, `exact` and the paired `change`
        (device - exact), each [value, low, high]; `agreement` of the expectation values (see
        `expectation_agreement`; `shot_noise` is the RMSE that the shots alone would give);
        `same_decisions`, the part of events on the same side of zero; and all of `resources`.

    Raises:
        ValueError: on two inferences of unlike events, or an unknown metric.

    >>> from circuits import Result
    >>> values = np.array([[0.8], [-0.2], [0.1], [-0.6]])
    >>> told = {"shots": 100, "circuit": {"gates": 1, "two_qubit_gates": 0, "depth": 1}}
    >>> exact = Inference(values[:, 0], 0 * values[:, 0], Result(values, 0 * values, {}))
    >>> damped = exact._replace(result=Result(0.9 * values, 0.1 + 0 * values, told))
    >>> made = offload_summary(exact, damped, [1, 0, 1, 0], resamples=10)
    >>> round(made["agreement"]["slope"], 3), made["score"], made["circuits"]
    (0.9, [1.0, 1.0, 1.0], 4)
    """
    if metric not in METRICS:
        raise ValueError(f"Argument `metric` must be one of {tuple(METRICS)}, but is {metric!r}.")
    if exact.result.values.shape != device.result.values.shape:
        raise ValueError(
            "Arguments `exact` and `device` must be of the same events and observables, but have "
            f"values of shapes {exact.result.values.shape} and {device.result.values.shape}."
        )
    events = len(device.scores)
    return {
        "events": events,
        "metric": metric,
        **_scores(METRICS[metric], exact, device, labels, {"seed": seed, "resamples": resamples}),
        "agreement": agreement(exact.result.values, device.result.values, device.result.std),
        "same_decisions": float(np.mean((exact.scores > 0) == (device.scores > 0))),
    } | resources(device.result.info, events)


def _scores(
    judge: Callable, exact: Inference, device: Inference, labels: ArrayLike | None, options: dict
) -> dict[str, list[float]]:
    if labels is None:
        return {name: [nan, nan, nan] for name in ("score", "exact", "change")}
    change = paired_difference(judge, device.scores, exact.scores, labels, **options)
    return {
        "score": _plain(bootstrap(judge, device.scores, labels, **options)),
        "exact": _plain(bootstrap(judge, exact.scores, labels, **options)),
        "change": _plain(change),
    }


def agreement(exact: ArrayLike, device: ArrayLike, std: ArrayLike) -> dict[str, float | None]:
    """Compare expectation values with the exact ones.

    Args:
        exact: (b, k) exact values.
        device: (b, k) those of the device.
        std: (b, k) the standard errors that it states.

    Returns:
        `slope` and `offset` of device = slope * exact + offset (None where all exact values are
        equal), `rmse`, and `shot_noise`, the root mean square of the stated errors: where `rmse`
        is much larger, the device has a bias.

    Raises:
        ValueError: on shapes that do not match, or values that are not finite.

    >>> agreement([[1.0], [-1.0]], [[0.5], [-0.5]], [[0.1], [0.1]])
    {'slope': 0.5, 'offset': 0.0, 'rmse': 0.5, 'shot_noise': 0.1}
    """
    found = expectation_agreement(device, exact)
    noise = float(np.sqrt(np.mean(np.square(np.asarray(std, float)))))
    numbers = {"slope": found.slope, "offset": found.offset, "rmse": found.rmse}
    return {
        name: None if isnan(value) else round(value, 12)
        for name, value in (numbers | {"shot_noise": noise}).items()
    }


def resources(info: Mapping[str, Any], events: int) -> dict[str, Any]:
    """Read off a backend's `info` what a batch took; what it does not tell is not made up.

    Args:
        info: of a `Result`.
        events: sets of angles in the batch.

    Returns:
        `shots` of a circuit (None where exact), `bases`, `circuits` (events times bases, unless
        the backend counted them), `jobs`; the circuit `before` and `after` transpilation (the
        largest of its bases, with its layout), None where it was not; `seconds` by stage. Under a
        mitigation circuits and jobs are all that it took, and `after` is the first of them.

    >>> resources({"shots": 9, "circuit": {"depth": 1}, "seconds": {"execute": 0.5}}, 2)["seconds"]
    {'execute': 0.5}
    """
    device, cost = innermost(info), info.get("cost", {})
    transpiled = device.get("transpiled") or []
    bases = len(transpiled) or int(device.get("bases", 1))
    jobs = int(device.get("effective", {}).get("jobs", device.get("jobs", 1)))
    return {
        "shots": info.get("shots"),
        "bases": bases,
        "circuits": int(info.get("circuits") or cost.get("circuits") or events * bases),
        "jobs": jobs * cost.get("calls", 1),
        "before": info.get("circuit"),
        "after": max(transpiled, key=lambda size: size["depth"]) if transpiled else None,
        "seconds": _stages(info.get("seconds", {})),
    }


def innermost(info: Mapping[str, Any]) -> dict[str, Any]:
    """The `info` of the backend inside all mitigations, of its first call; or the one given.

    >>> innermost({"backend": "A", "effective": {"backend": {}}, "inside": {"backend": "B"}})
    {'backend': 'B', 'effective': {}}
    """
    if "inside" not in info:
        return dict(info)
    return innermost(info["inside"] | {"effective": info["effective"]["backend"]})


def _stages(seconds: Mapping[str, float | None]) -> dict[str, float]:
    """Known stages in their order, as far as they were told."""
    told = {name: seconds.get(name) for name in STAGES}
    return {name: round(float(value), 6) for name, value in told.items() if value is not None}


def _plain(interval: Interval) -> list[float]:
    return [float(number) for number in interval]
