"""What offloading lost, on inferences whose loss is known in advance."""

import json

import numpy as np
import pytest

from circuits import Result
from qml import Inference
from qml.metrics import accuracy, auc
from qml.offload_report import agreement, innermost, offload_summary, resources

RNG = np.random.default_rng(5)
LABELS = RNG.integers(2, size=200)
VALUES = np.clip(RNG.normal(0.4 * (2 * LABELS - 1), 0.4, 200), -1, 1)[:, None]


def _inference(values, std=0.0, **info):
    errors = np.full(values.shape, std)
    return Inference(values[:, 0] * 3.0, errors[:, 0] * 3.0, Result(values, errors, info))


EXACT = _inference(VALUES)


def test_the_same_inference_loses_nothing():
    made = offload_summary(EXACT, EXACT, LABELS, resamples=50)
    assert made["change"] == [0.0, 0.0, 0.0]
    assert made["score"] == made["exact"]
    assert made["score"][0] == pytest.approx(auc(VALUES[:, 0], LABELS), abs=1e-12)
    assert made["agreement"] == {"slope": 1.0, "offset": 0.0, "rmse": 0.0, "shot_noise": 0.0}
    assert made["same_decisions"] == 1.0


def test_damping_moves_the_slope_and_no_order():
    made = offload_summary(EXACT, _inference(0.6 * VALUES, 0.01), LABELS, resamples=50)
    assert made["agreement"]["slope"] == pytest.approx(0.6)
    assert made["agreement"]["shot_noise"] == pytest.approx(0.01)
    assert made["agreement"]["rmse"] == pytest.approx(0.4 * np.sqrt(np.mean(VALUES**2)))
    assert (made["change"][0], made["same_decisions"]) == (0.0, 1.0)


def test_an_offset_flips_decisions_which_accuracy_sees_and_auc_does_not():
    shifted = _inference(VALUES + 0.5)
    by_auc = offload_summary(EXACT, shifted, LABELS, resamples=50)
    made = offload_summary(EXACT, shifted, LABELS, metric="accuracy", resamples=200)
    assert by_auc["change"][0] == 0.0
    flipped = np.mean((VALUES[:, 0] > 0) != (VALUES[:, 0] + 0.5 > 0))
    assert made["same_decisions"] == pytest.approx(1 - flipped)
    lost = accuracy(VALUES[:, 0] + 0.5, LABELS) - accuracy(VALUES[:, 0], LABELS)
    assert made["change"][0] == pytest.approx(lost)
    assert made["change"][1] < lost < made["change"][2]


def test_pairing_makes_the_interval_of_a_change_narrow():
    noisy = _inference(VALUES + RNG.normal(0, 0.05, VALUES.shape))
    made = offload_summary(EXACT, noisy, LABELS)
    change, score = (made[key][2] - made[key][1] for key in ("change", "score"))
    assert change < 0.5 * score


def test_it_is_json_and_the_same_again():
    device = _inference(0.9 * VALUES, 0.1, shots=np.int64(100).item())
    first, second = (offload_summary(EXACT, device, LABELS, resamples=20) for _ in range(2))
    assert json.loads(json.dumps(first)) == second


def test_resources_are_read_and_not_made_up():
    small, large = ({"gates": g, "two_qubit_gates": 2, "depth": g} for g in (9, 12))
    info = {
        "shots": 100,
        "circuit": {"gates": 4, "two_qubit_gates": 1, "depth": 3},
        "transpiled": [small, large],
        "effective": {"jobs": 3},
        "seconds": {"transpile": 0.5, "execute": 2.0, "queue": None, "unheard": 1.0},
    }
    made = resources(info, events=10)
    assert (made["bases"], made["circuits"], made["jobs"]) == (2, 20, 3)
    assert made["after"] == large
    assert made["seconds"] == {"transpile": 0.5, "execute": 2.0}
    untouched = resources({"seconds": {"compile": 0.5}, "circuits": 4}, events=10)
    assert (untouched["circuits"], untouched["after"], untouched["shots"]) == (4, None, None)
    assert untouched["seconds"] == {"compile": 0.5}


def test_resources_under_a_mitigation_are_all_that_it_took():
    size = {"gates": 9, "two_qubit_gates": 2, "depth": 7}
    info = {
        "shots": 100,
        "cost": {"calls": 3, "circuits": 60, "shots": 6000},
        "effective": {"scales": [1, 3, 5], "backend": {"jobs": 2}},
        "inside": {"backend": "QiskitBackend", "transpiled": [size]},
    }
    made = resources(info, events=20)
    assert (made["circuits"], made["jobs"], made["after"]) == (60, 6, size)
    assert innermost(innermost(info)) == innermost(info)


def test_a_line_through_one_point_has_no_slope():
    made = agreement([[0.5], [0.5]], [[0.4], [0.6]], [[0.1], [0.1]])
    assert (made["slope"], made["offset"]) == (None, None)
    assert made["rmse"] == pytest.approx(0.1)


def test_unlike_events_and_unknown_metrics_are_refused():
    with pytest.raises(ValueError, match=r"shapes \(200, 1\) and \(7, 1\)"):
        offload_summary(EXACT, _inference(VALUES[:7]), LABELS[:7])
    with pytest.raises(ValueError, match="`metric` must be one of"):
        offload_summary(EXACT, EXACT, LABELS, metric="f1")
