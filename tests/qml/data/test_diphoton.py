"""The shipped di-photon samples: digests, kinematics, physics, and how to remake them."""

import sys
from importlib import metadata

import numpy as np
import pytest

from qml.data import content_digest, diphoton_generator, load_dataset
from qml.data.diphoton import FEATURES, FILES, SAMPLES, invariant_mass, kinematics
from qml.data.diphoton_generator import (
    CHUNK,
    PROCESSES,
    SHOWERS,
    file_order,
    generate,
    generate_chunk,
    main,
    select_pair,
)
from qml.metrics import auc

GENERATOR = "8.317.2"  # the pythia8mc that made the shipped files
SHOWER = {"diphoton": "default", "diphoton_matched": "matched"}


@pytest.fixture(scope="module", params=SAMPLES)
def data(request):
    return load_dataset(request.param)


@pytest.fixture(scope="module")
def column(data):
    return dict(zip(FEATURES, data.x.T, strict=True))


@pytest.fixture
def pythia():
    module = pytest.importorskip("pythia8mc", reason="needs the extra `hep`")
    if metadata.version("pythia8mc") != GENERATOR:
        pytest.skip(f"the shipped events are those of pythia8mc {GENERATOR}")
    return module


def four_vectors(photons):
    pt, eta, phi = np.moveaxis(photons, -1, 0)
    parts = [pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)]
    return np.stack(parts, axis=-1)


def cos_theta_star(column):
    """Decay angle to the beam in the rest frame of the pair (Collins-Soper), from the features."""
    product = 2 * column["pt1_over_m"] * column["pt2_over_m"]
    return np.sinh(column["delta_eta"]) * product / np.sqrt(1 + column["pt_yy_over_m"] ** 2)


def delta_phi(column):
    return np.sqrt(np.maximum(column["delta_r"] ** 2 - column["delta_eta"] ** 2, 0))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_content_is_the_pinned_one(sample):
    with np.load(FILES / sample.file.name, allow_pickle=False) as arrays:
        assert content_digest(dict(arrays)) == sample.content
        assert arrays["x"].dtype == np.float32


def test_split_is_balanced_and_covers_the_file(data):
    assert np.bincount(data.y[data.train]).tolist() == [15_000, 15_000]
    assert np.bincount(data.y[data.test]).tolist() == [10_000, 10_000]
    assert np.array_equal(np.sort(np.append(data.train, data.test)), np.arange(50_000))


def test_first_training_rows_are_a_fair_sample(data):
    for n in (100, 1000, 10_000):
        signal = data.y[data.train[:n]].sum()
        assert abs(signal - n / 2) < 3 * np.sqrt(n) / 2


def test_no_event_is_there_twice(data):
    assert len(np.unique(data.x, axis=0)) == len(data.x)


def test_card_tells_what_is_shipped(data):
    file = SAMPLES[data.name].file
    for fact in (file.name, file.sha256, f"{file.size:,}", GENERATOR, "CC0", *FEATURES):
        assert fact in data.card


def test_card_gives_the_auc_of_each_column(data):
    test = data.test
    for name, values in zip(FEATURES, data.x[test].T, strict=True):
        row = next(line for line in data.card.splitlines() if line.startswith(f"| `{name}`"))
        cells = row.replace("\\|", "").split("|")
        value = auc(values, data.y[test])
        assert cells[-3].strip() == f"{max(value, 1 - value):.3f}"
        assert cells[-2].strip() == ("larger" if value > 0.5 else "smaller")


def test_features_obey_the_kinematics_of_two_massless_photons(column):
    pt1, pt2 = column["pt1_over_m"], column["pt2_over_m"]
    cos = np.cos(delta_phi(column))
    single = 1e-5  # float32 features of size up to 8, squared
    np.testing.assert_allclose(2 * pt1 * pt2 * (np.cosh(column["delta_eta"]) - cos), 1, rtol=single)
    pt_yy = np.sqrt(np.maximum(pt1**2 + pt2**2 + 2 * pt1 * pt2 * cos, 0))
    np.testing.assert_allclose(column["pt_yy_over_m"] ** 2, pt_yy**2, rtol=single, atol=single)
    np.testing.assert_allclose(column["pt_sum_over_m"], pt1 + pt2, rtol=single)
    np.testing.assert_allclose(column["pt_diff_over_m"], pt1 - pt2, atol=single)


def test_features_obey_the_selection(column):
    single = 1e-6
    assert column["pt1_over_m"].min() > 32 / 127.5 - single
    assert column["pt2_over_m"].min() > 25 / 127.5 - single
    assert (column["pt1_over_m"] >= column["pt2_over_m"]).all()
    assert column["delta_eta"].max() < 5
    assert delta_phi(column).max() < np.pi + single


def test_a_spin_zero_particle_decays_isotropically(data, column):
    # The cuts hardly touch |cos theta*| < 1/2, where the signal is flat and the continuum rises.
    angle = np.abs(cos_theta_star(column))
    low, high = ((angle >= edge) & (angle < edge + 0.25) for edge in (0.0, 0.25))
    for label, rises in ((1, False), (0, True)):
        a, b = (np.count_nonzero(half & (data.y == label)) for half in (low, high))
        pull = (b - a) / np.sqrt(a + b)
        assert (pull > 5) == rises, f"class {label}: {a} then {b}"
    assert auc(-angle, data.y) > 0.6


def test_both_samples_have_the_same_signal():
    default, matched = (load_dataset(name) for name in SAMPLES)
    np.testing.assert_array_equal(default.y, matched.y)
    signal = default.y == 1
    np.testing.assert_array_equal(default.x[signal], matched.x[signal])
    assert (default.x[~signal] != matched.x[~signal]).any(axis=1).all()


# Expected: measured on as many events with other seeds (chunks 100 to 124).
@pytest.mark.parametrize(("name", "expected"), [("diphoton", 0.741), ("diphoton_matched", 0.612)])
def test_half_of_the_separation_in_the_recoil_is_the_start_of_the_shower(name, expected):
    data = load_dataset(name)
    recoil = data.x[:, FEATURES.index("pt_yy_over_m")]
    n = 25_000  # of each class; the standard error of an AUC is at most that of AUC = 1/2
    error = np.sqrt((2 * n + 1) / (12 * n**2))
    assert abs(auc(recoil, data.y) - expected) < 3 * np.sqrt(2) * error


def test_gluons_radiate_more_than_quarks(data, column):
    recoil = column["pt_yy_over_m"]
    assert recoil[data.y == 1].mean() > 1.2 * recoil[data.y == 0].mean()


def test_kinematics_agree_with_four_vectors():
    rng = np.random.default_rng(1)
    photons = rng.uniform([20, -2.5, -np.pi], [90, 2.5, np.pi], size=(200, 2, 3))
    photons = np.take_along_axis(photons, np.argsort(-photons[..., :1], axis=1), axis=1)
    pair = four_vectors(photons).sum(axis=1)
    mass = np.sqrt(pair[:, 0] ** 2 - (pair[:, 1:] ** 2).sum(axis=1))
    momentum = np.linalg.norm(pair[:, 1:], axis=1)
    features = dict(zip(FEATURES, kinematics(photons).T, strict=True))
    np.testing.assert_allclose(invariant_mass(photons), mass, rtol=1e-10)
    np.testing.assert_allclose(
        features["pt_yy_over_m"], np.hypot(pair[:, 1], pair[:, 2]) / mass, rtol=1e-10
    )
    np.testing.assert_allclose(
        features["abs_eta_yy"], np.abs(np.arctanh(pair[:, 3] / momentum)), rtol=1e-8
    )
    turn = np.exp(1j * (photons[:, 0, 2] - photons[:, 1, 2]))
    np.testing.assert_allclose(delta_phi(features), np.abs(np.angle(turn)), atol=1e-7)


@pytest.mark.parametrize(
    ("photons", "passes"),
    [
        ([(62.0, 0.0, 0.0), (63.0, 0.0, np.pi)], True),
        ([(62.0, 0.0, 0.0), (63.0, 0.0, np.pi), (30.0, 0.1, 1.0)], True),
        ([(62.5, 0.0, 0.0)], False),
        ([], False),
        ([(62.5, 2.6, 0.0), (62.5, 2.6, np.pi)], False),
        ([(65.0, 0.0, 0.0), (65.0, 0.0, np.pi)], False),
        ([(157.0, 0.0, 0.0), (24.9, 0.0, np.pi)], False),
        ([(31.9, -1.29, 0.0), (31.9, 1.29, np.pi)], False),
    ],
)
def test_selection(photons, passes):
    pair = select_pair(photons)
    assert (pair is not None) == passes
    if pair is not None:
        assert pair == tuple(sorted(photons, reverse=True)[:2])


def test_shipped_rows_are_what_the_generator_makes(data, pythia):
    n, shower = 20, SHOWER[data.name]
    position = np.argsort(file_order(25_000))
    for label, process in enumerate(PROCESSES):
        for chunk in (0, 24):
            events = kinematics(generate_chunk(process, chunk, n, shower)).astype(np.float32)
            rows = position[label * 25_000 + chunk * CHUNK + np.arange(n)]
            assert (data.y[rows] == label).all()
            np.testing.assert_array_equal(data.x[rows], events)


def test_generation_does_not_depend_on_the_number_of_jobs(pythia):
    ticks = []
    one, two = (generate(5, "default", jobs, lambda: ticks.append(1)) for jobs in (1, 2))
    assert content_digest(one) == content_digest(two)
    assert one["y"].tolist().count(1) == 5
    assert len(ticks) == 4


@pytest.mark.parametrize("shower", SHOWERS)
def test_command_writes_a_file(shower, pythia, tmp_path, capsys):
    out = tmp_path / "few.npz"
    main([str(out), "--events", "5", "--jobs", "1", "--shower", shower])
    assert "not a shipped file" in capsys.readouterr().out
    with np.load(out, allow_pickle=False) as arrays:
        assert content_digest(dict(arrays)) == content_digest(generate(5, shower))


def test_command_recognises_what_is_shipped(monkeypatch, tmp_path, capsys):
    with np.load(FILES / "diphoton_matched.npz", allow_pickle=False) as arrays:
        shipped = dict(arrays)
    monkeypatch.setattr(diphoton_generator, "generate", lambda *options: shipped)
    main([str(tmp_path / "all.npz"), "--shower", "matched"])
    assert "the same events as the shipped `diphoton_matched`" in capsys.readouterr().out


def test_missing_pythia_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'qml-offload\[hep\]'"):
        generate(1)
    with pytest.raises(SystemExit, match="needs Pythia 8"):
        main(["never.npz"])


@pytest.mark.parametrize("name", ["n_events", "jobs"])
def test_nothing_to_generate_is_refused(name):
    with pytest.raises(ValueError, match=f"`{name}` must be a positive int, but is {name}=0"):
        generate(**{"n_events": 1, name: 0})


def test_unknown_shower_is_refused():
    with pytest.raises(ValueError, match="`shower` must be one of default, matched, but is 'hard'"):
        generate(1, "hard")
