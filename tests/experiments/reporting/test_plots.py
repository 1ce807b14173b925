"""Figures: what is drawn is what was given, nothing is cut, nothing overlaps."""

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from circuits import reuploading
from experiments.reporting import plots


def _noisy(seed, n=4000):
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    return rng.normal(labels * 1.2, 1.0), labels


def _roc():
    from qml.metrics import roc_curve

    curves = []
    for seed, name in enumerate(("logistic regression (0.776)", "trees (0.777)", "sum (0.759)")):
        fpr, tpr = roc_curve(*_noisy(seed))[:2]
        curves.append((name, tpr, fpr))
    return plots.roc(curves)


def _forest():
    names = [
        "boosted trees",
        "a row with a name so long that it needs two lines",
        "20 weak, Zephyr",
    ]
    lines = [(name, 0.77 - 0.01 * i, 0.75, 0.79) for i, name in enumerate(names)]
    return plots.score_forest(lines, 0.759)


def _sweep():
    shots = np.array([16, 64, 256, 1024, 4096])
    auc = 0.776 - 0.6 / shots
    series = [("circuit", shots, auc, auc - 0.01, auc + 0.01)]
    series += [("noisy circuit", shots, auc - 0.04, auc - 0.055, auc - 0.025)]
    return plots.sweep(series, "shots", logarithmic=True, reference=("classical", 0.78))


def _calibration():
    scores, labels = _noisy(1)
    wrong = 1 / (1 + np.exp(-scores))
    right = 1 / (1 + np.exp(-1.2 * (scores - 0.6)))
    return plots.calibration([("calibrated", right, labels), ("too sure", wrong, labels)])


def _training():
    rng, step = np.random.default_rng(0), np.arange(600)
    return plots.training_curve(0.55 + 0.3 * np.exp(-step / 80) + rng.normal(0, 0.02, (3, 600)))


def _scatter():
    rng = np.random.default_rng(0)
    exact = rng.uniform(-1, 1, 2000)
    devices = [
        (f"re-uploading, {n} shots", exact + rng.normal(0, n**-0.5, 2000)) for n in (64, 1024)
    ]
    return plots.device_scatter(exact, [*devices, ("re-uploading, fake Manila", 0.78 * exact)])


def _samples():
    rng = np.random.default_rng(0)
    return [
        ("annealing", rng.gamma(1.0, 0.003, 200).round(3)),
        ("Zephyr", rng.gamma(3, 0.006, 200)),
    ]


def _pareto():
    rng = np.random.default_rng(0)
    names = [f"{kind}, {how}" for kind in ("re-uploading", "20 weak") for how in ("exact", "noisy")]
    names += ["logistic regression on 36", "boosted trees", "36 weak, mock Zephyr"]
    points = [(n, 10 ** rng.uniform(-1, 2), rng.uniform(0.75, 0.78)) for n in names]
    return plots.pareto([(n, c, s, s - 0.009, s + 0.009) for n, c, s in points])


def _time_to_solution():
    size = np.array([8, 16, 24, 32])
    first, second = 1e-3 * 1.3**size, 1e-2 * 1.2**size
    low = second / 1.6
    second[-1] = np.inf
    series = [("simulated annealing", size, first, first / 1.5, first * 1.6)]
    return plots.time_to_solution([*series, ("mock Zephyr", size, second, low, second * 1.7)])


def _scaling():
    size, rng = np.array([10, 20, 40, 80, 160.0]), np.random.default_rng(0)
    series = [("trees", size, 1e-3 * size**1.1 * np.exp(rng.normal(0, 0.2, 5)))]
    return plots.scaling([*series, ("kernel", size, 1e-4 * size**2)], size="events")


def _ranks():
    names = ["boosted trees", "SVC", "data re-uploading", "kernel", "annealed ensemble", "MLP"]
    ranks = [1.8, 2.1, 4.4, 3.6, 5.1, 4.0]
    return plots.critical_difference(names, ranks, 1.35, [(0, 1), (1, 3, 5), (2, 3, 4, 5)])


def _by_shots():
    shots = np.array([16, 64, 256, 1024, 4096])
    auc = 0.844 - 0.6 / shots
    series = [("ideal shots", shots, auc, auc - 0.01, auc + 0.01)]
    series += [("fake Manila", shots, auc - 0.03, auc - 0.045, auc - 0.015)]
    return plots.score_by_shots(series, (0.844, 0.83, 0.86))


def _by_noise():
    factor = np.array([1.0, 2.0, 3.0, 5.0])
    auc = 0.83 - 0.02 * (factor - 1)
    mitigated = [("zero-noise extrapolation", 0.0, (0.842, 0.825, 0.86))]
    mitigated += [("readout corrected", 1.0, (0.838, 0.825, 0.851))]
    raw = (factor, auc, auc - 0.012, auc + 0.012)
    return plots.score_by_noise(raw, mitigated, (0.844, 0.83, 0.857))


def _before_after():
    before = reuploading(3, 2, 3)
    return plots.before_after(before, reuploading(4, 3, 3), layout=[2, 1, 0], qubits=[0, 1, 2, 4])


def _narrow_pareto():
    points = [(name, 1.6 + 0.9 * i, 0.77, 0.76, 0.78) for i, name in enumerate("abcde")]
    return plots.pareto(points)


EXAMPLES = {
    "roc": _roc,
    "score_forest": _forest,
    "sweep": _sweep,
    "calibration": _calibration,
    "training_curve": _training,
    "device_scatter": _scatter,
    "energies": lambda: plots.energies(_samples(), 0.0),
    "energy_histogram": lambda: plots.energy_histogram(_samples(), 0.0),
    "pareto": _pareto,
    "pareto, less than a decade": _narrow_pareto,
    "score_by_shots": _by_shots,
    "score_by_noise": _by_noise,
    "circuit_drawing": lambda: plots.circuit_drawing(reuploading(4, 2, 8)),
    "before_after": _before_after,
    "time_to_solution": _time_to_solution,
    "scaling": _scaling,
    "critical_difference": _ranks,
}


def test_every_plot_has_an_example_here():
    drawn = set(EXAMPLES) | {"reliability", "fit_power_law", "pareto_front", "to_svg"}
    assert {name.partition(",")[0] for name in drawn} == {
        name for name in plots.__all__ if name.islower()
    }


@pytest.fixture(params=EXAMPLES)
def figure(request):
    return EXAMPLES[request.param]()


@pytest.fixture
def drawn_texts(figure, monkeypatch):
    """(text, box in pixels) of every text that is really drawn."""
    drawn, draw = {}, Text.draw
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # the layout moves things the first time

    def record(self, renderer, *args, **kwargs):
        if self.get_visible() and self.get_text().strip():
            drawn[self] = (self.get_text(), self.get_window_extent(renderer))
        return draw(self, renderer, *args, **kwargs)

    monkeypatch.setattr(Text, "draw", record)
    canvas.draw()
    return list(drawn.values())


def test_no_text_is_cut_and_none_overlaps_another(figure, drawn_texts):
    assert len(drawn_texts) > 5
    for text, box in drawn_texts:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text
    for (one, a), (other, b) in combinations(drawn_texts, 2):
        assert not a.shrunk(0.9, 0.7).overlaps(b.shrunk(0.9, 0.7)), (one, other)


def test_svg_is_well_formed_with_ids_of_its_own(figure):
    text = plots.to_svg(figure, "fig1-", "what it <shows>")
    tree = ET.fromstring(text)
    ids = [node.get("id") for node in tree.iter() if node.get("id")]
    links = re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', text)
    assert all(name.startswith("fig1-") for name in ids)
    assert len(ids) == len(set(ids))
    assert {a or b for a, b in links} <= set(ids)
    assert tree.get("aria-label") == "what it <shows>"
    assert "<style" not in text


def test_svg_is_vector_and_small(figure):
    text = plots.to_svg(figure)
    assert "<image" not in text
    assert len(text) < 250_000


def test_hover_texts_tell_value_and_interval():
    text = plots.to_svg(_forest())
    assert "<title>boosted trees: 0.7700 [0.7500, 0.7900]</title>" in text
    assert text.count("<title>") == 3


def test_forest_draws_the_intervals_given():
    lines = plots.score_forest([("a", 0.7, 0.6, 0.9), ("b", 0.5, 0.4, 0.6)], None).axes[0].lines
    assert [list(line.get_xdata()) for line in lines] == [[0.6, 0.7, 0.9], [0.4, 0.5, 0.6]]


def test_roc_of_a_known_curve():
    rate = np.linspace(0, 1, 100_001)
    axes = plots.roc([("square", rate, rate**2)]).axes
    x, y = axes[0].lines[1].get_data()
    assert len(axes) == 1
    np.testing.assert_allclose(y, 1 / np.asarray(x) ** 2, rtol=1e-3)


def test_roc_leaves_out_where_no_background_is_kept():
    perfect = plots.roc([("perfect", np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0]))])
    assert np.isnan(perfect.axes[0].lines[1].get_ydata()).all()


def test_roc_ratio_of_a_curve_to_itself_is_one():
    rate = np.linspace(0, 1, 101)
    lower = plots.roc([("a", rate, rate**2), ("b", rate, rate**2)]).axes[1]
    np.testing.assert_array_equal(lower.lines[1].get_ydata(), 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_pareto_front_against_its_definition(seed):
    rng = np.random.default_rng(seed)
    cost, score = rng.integers(0, 6, (2, 30))  # few values, so that ties occur
    beaten = [
        any(
            (c <= cost[j] and s >= score[j]) and (c < cost[j] or s > score[j])
            for c, s in zip(cost, score, strict=True)
        )
        for j in range(30)
    ]
    assert plots.pareto_front(cost, score).tolist() == [not b for b in beaten]


def test_power_law_and_its_error_against_polyfit():
    rng = np.random.default_rng(3)
    size = np.array([8.0, 16, 32, 64, 128, 256])
    time = 0.02 * size**1.7 * np.exp(rng.normal(0, 0.3, 6))
    slope, covariance = np.polyfit(np.log(size), np.log(time), 1, cov=True)
    law = plots.fit_power_law(size, time)
    assert law.exponent == pytest.approx(slope[0])
    assert law.factor == pytest.approx(np.exp(slope[1]))
    assert law.error == pytest.approx(covariance[0, 0] ** 0.5)


@pytest.mark.parametrize("time", [[1.0, 2.0], [1.0, 2.0, -1.0], [1.0, 2.0, np.inf]])
def test_power_law_refuses_what_has_no_logarithm(time):
    with pytest.raises(ValueError, match="must be positive and finite"):
        plots.fit_power_law(np.arange(1.0, len(time) + 1), np.array(time))


def test_wilson_interval_of_a_bin_in_closed_form():
    # 1 of 10 events: the interval printed by Brown, Cai & DasGupta's formula, z = 1.96.
    labels = np.array([1] + [0] * 9)
    found = plots.reliability(np.full(10, 0.2), labels, bins=1)
    assert (found.observed[0], found.count[0]) == (0.1, 10)
    assert (found.low[0], found.high[0]) == pytest.approx((0.017876, 0.404150), abs=1e-5)


def test_a_calibrated_model_lies_on_the_diagonal():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=20_000)
    found = plots.reliability(p, (rng.uniform(size=p.size) < p).astype(int))
    assert found.count.tolist() == [2000] * 10
    np.testing.assert_allclose(found.observed, found.predicted, atol=4 * 0.5 / 2000**0.5)


def test_probabilities_outside_zero_and_one_are_refused():
    with pytest.raises(ValueError, match="`probabilities` must lie in"):
        plots.calibration([("log-odds", np.array([-3.0, 4.0]), np.array([0, 1]))])


def test_costs_of_zero_are_refused():
    with pytest.raises(ValueError, match="costs > 0"):
        plots.pareto([("free", 0.0, 0.7, 0.6, 0.8)])


def test_scatter_draws_part_but_fits_all():
    exact = np.linspace(-1, 1, 5000)
    figure = plots.device_scatter(exact, [("half", exact / 2)])
    x, y = figure.axes[0].lines[1].get_data()
    assert len(x) == 500
    np.testing.assert_array_equal(y, x / 2)
    assert "slope 0.500" in figure.axes[0].get_legend_handles_labels()[1][0]


def test_energy_histogram_counts_every_read():
    reads = np.array([-3.0, -3.0, -1.0, 5.0])
    axes = plots.energy_histogram([("a", reads)], bins=4).axes[0]
    assert axes.patches[0].get_data().values.tolist() == [0.5, 0.25, 0, 0.25]


def test_a_time_without_end_is_an_arrow_at_its_bound():
    lines = _time_to_solution().axes[0].lines
    assert ([32.0], [1e-2 * 1.2**32 / 1.6]) in [
        (list(ln.get_xdata()), list(ln.get_ydata())) for ln in lines
    ]
    assert all(np.isfinite(line.get_ydata()).all() for line in lines)


def test_ranks_without_names_are_refused():
    with pytest.raises(ValueError, match="one rank a name"):
        plots.critical_difference(["a", "b"], [1.0], 0.5)
