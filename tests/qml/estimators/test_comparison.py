"""Where the worth of an annealer-trained model comes from."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from qml.estimators import QUBOSVC, QUBORidge
from qml.estimators.comparison import compare
from qml.estimators.plots import energy_histogram

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = X @ [1.0, -0.5, 0.25] + 0.1 * RNG.normal(size=80)


@pytest.fixture(scope="module")
def ridge():
    return QUBORidge(sampler="Exhaustive", bits=3, reads=20, random_state=0).fit(X[:50], Y[:50])


def test_the_parts_add_up_and_each_row_is_what_it_says(ridge):
    made = compare(ridge, X[:50], Y[:50], X[50:], Y[50:], strong=Ridge(), resamples=50)
    assert list(made.scores) == ["annealed", "rounded", "relaxed", "trivial", "strong"]
    gain = made.scores["annealed"].value - made.scores["trivial"].value
    assert sum(part.value for part in made.parts.values()) == pytest.approx(gain)
    assert made.scores["annealed"].value == pytest.approx(ridge.score(X[50:], Y[50:]))
    exact = Ridge(alpha=1.0).fit(X[:50], Y[:50]).score(X[50:], Y[50:])
    assert made.scores["relaxed"].value == pytest.approx(exact, abs=1e-6)
    assert made.losses["relaxed"] <= made.losses["annealed"] <= made.losses["rounded"] + 1e-12
    for score in (*made.scores.values(), *made.parts.values()):
        assert score.low <= score.value <= score.high
    lines = str(made).splitlines()
    assert len(lines) == 9
    assert lines[-1].startswith("gain by the sampler: ")


def test_classifiers_are_compared_by_accuracy():
    labels = np.where(Y > 0, "s", "b")
    machine = QUBOSVC(bits=1, reads=10, random_state=0).fit(X[:40], labels[:40])
    made = compare(machine, X[:40], labels[:40], X[40:], labels[40:], resamples=20)
    expected = machine.score(X[40:], labels[40:])
    assert made.scores["annealed"].value == pytest.approx(expected)
    majority = max("bs", key=lambda name: (labels[:40] == name).sum())
    assert made.scores["trivial"].value == pytest.approx((labels[40:] == majority).mean())


def test_the_histogram_holds_every_read(ridge):
    axes = energy_histogram(ridge.solution_).axes[0]
    assert sum(bar.get_height() for bar in axes.patches) == 20
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named == ["rounded solution", "relaxed solution", "best known (exhaustive)"]
