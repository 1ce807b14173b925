"""Loading by name: splits, digests, and files that are missing, cut short, changed or fetched."""

import functools
import http.server
import os
import shutil
import threading
from math import erf, sqrt
from pathlib import Path

import numpy as np
import pooch
import pytest

from qml.data import (
    DATASETS,
    content_digest,
    lhcb_published_scores,
    load_dataset,
    make_dataset,
    toy_linear,
    toy_rings,
)
from qml.data.dataset import fixed_permutation, stratified_split
from qml.data.diphoton import FILES, SAMPLES
from qml.data.fetching import MIRROR, DataFile, check_file, find_file
from qml.data.open_data import LHCB_BJETS
from qml.metrics import accuracy, auc

SHIPPED = SAMPLES["diphoton"].file
FETCHED = ("lhcb_bjets", "susy_uci")
DIGESTS = {
    "diphoton": "4398bf58882892a9d41460014d50ac30608b0f50de04674a3ecf91d3831759ed",
    "diphoton_matched": "108ec3154f8dbb62393c9a8dc68a2d42527e3d263c010cf4aaec959183898cc9",
    "lhcb_bjets": "a2bd2541b65842f13fecba689da94bf96413756310d1d717f1699c56329d5119",
    "susy_uci": "7e54eb2e5ce319cc3ed38f946c5dbc5cbef6fe60c5c59396c57f46c46292ad9a",
}
GOOD = {
    "x": [[0.0], [1.0], [2.0], [3.0]],
    "y": [0, 1, 0, 1],
    "features": ("a",),
    "train": [0, 1],
    "test": [2, 3],
}


@pytest.fixture
def mirror():
    """The folder of fetched data, where this machine has one: no test uses the network."""
    folder = os.environ.get(MIRROR)
    if not folder or not all((Path(folder) / name).is_dir() for name in FETCHED):
        pytest.skip(f"{MIRROR} names no folder with {' and '.join(FETCHED)}")
    return folder


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A machine without network, mirror or cache; returns its cache folder."""

    def refuse(*args, **options):
        raise OSError("no network")

    monkeypatch.delenv(MIRROR, raising=False)
    monkeypatch.setattr(pooch, "retrieve", refuse)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / name)
    return tmp_path / "qml-offload"


@pytest.mark.parametrize("name", [*SAMPLES, "toy_rings", "toy_linear"])
def test_offline_data_sets_load_without_network(name, offline):
    data = load_dataset(name)
    assert data.name == name
    assert data.x.dtype == np.float64
    assert data.y.dtype == data.train.dtype == data.test.dtype == np.int64
    assert len(data.features) == len(data.units) == data.x.shape[1]
    assert np.array_equal(np.sort(np.append(data.train, data.test)), np.arange(len(data.y)))
    assert load_dataset(name).sha256 == data.sha256


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_has_a_card(name):
    path = FILES / f"{name}.md"
    card = path.read_text(encoding="utf-8") if path.is_file() else load_dataset(name).card
    assert card.strip()
    if name in FETCHED:
        assert "Licence" in card
        assert "github.com" in card


@pytest.mark.parametrize("name", SAMPLES)
def test_shipped_digests_are_pinned(name):
    assert load_dataset(name).sha256 == DIGESTS[name]


@pytest.mark.parametrize("name", ["diphoton", "diphoton_matched", "toy_rings", "toy_linear"])
@pytest.mark.parametrize("part", ["train", "test"])
def test_any_stretch_of_a_part_holds_both_classes_fairly(name, part):
    """The first n rows are taken as a sample of size n, so neither end may favour a class."""
    data = load_dataset(name)
    y = data.y[getattr(data, part)]
    for stretch in (y[:100], y[-100:]):
        assert abs(stretch.mean() - 0.5) < 4 * 0.5 / np.sqrt(100)


@pytest.mark.parametrize("name", FETCHED)
def test_fetched_digests_are_pinned(name, mirror):
    data = load_dataset(name, folder=mirror)
    assert data.sha256 == DIGESTS[name]
    assert np.bincount(data.y[data.train]).tolist() == np.bincount(data.y[data.test]).tolist()
    assert load_dataset(name).sha256 == data.sha256  # found through the environment variable


def test_lhcb_published_scores_give_the_published_figures(mirror):
    data, scores = load_dataset("lhcb_bjets"), lhcb_published_scores()
    assert data.x.shape == (1000, 16)
    assert np.abs(data.x).max() <= np.pi / 2  # arctan-scaled by the authors
    np.testing.assert_allclose(auc(scores, data.y), 0.617092, atol=1e-9)
    np.testing.assert_allclose(accuracy(scores, data.y), 0.596, atol=1e-9)


def test_susy_rows_are_shuffled_within_their_part(mirror):
    data = load_dataset("susy_uci")
    assert data.x.shape == (10_000, 18)
    assert data.train.max() < 5000 <= data.test.min()
    for part in (data.train, data.test):
        assert abs(data.y[part[:1000]].sum() - 500) < 3 * sqrt(250)


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"`name` must be one of diphoton, .*, but is 'digits'"):
        load_dataset("digits")


@pytest.mark.parametrize("name", FETCHED)
def test_absent_and_offline_names_url_and_folder(name, offline):
    with pytest.raises(FileNotFoundError, match="could not be downloaded") as error:
        load_dataset(name)
    assert "https://raw.githubusercontent.com/" in str(error.value)
    assert str(offline / name) in str(error.value)


def test_folder_comes_first_and_receives_the_download(offline, tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path / "mine" / "lhcb_bjets")):
        load_dataset("lhcb_bjets", folder=tmp_path / "mine")


def test_truncated_changed_and_missing_files_are_told_apart(tmp_path):
    home = tmp_path / "diphoton"
    home.mkdir()
    content = (FILES / SHIPPED.name).read_bytes()
    with pytest.raises(FileNotFoundError, match="is missing"):
        load_dataset("diphoton", folder=tmp_path)
    (home / SHIPPED.name).write_bytes(content[:-1])
    with pytest.raises(ValueError, match="cut short: it has 1471366 of 1471367 bytes"):
        load_dataset("diphoton", folder=tmp_path)
    (home / SHIPPED.name).write_bytes(content[:-1] + b"\x01")
    with pytest.raises(ValueError, match="not the published one"):
        load_dataset("diphoton", folder=tmp_path)
    (home / SHIPPED.name).write_bytes(content)
    assert load_dataset("diphoton", folder=tmp_path).sha256 == DIGESTS["diphoton"]


def test_mirror_is_used_before_the_cache(offline, monkeypatch, tmp_path):
    pinned = DataFile(SHIPPED.name, SHIPPED.size, SHIPPED.sha256, "https://example.org/")
    mirror = tmp_path / "mirror"
    for folder in (mirror, offline):
        (folder / "mine").mkdir(parents=True)
        shutil.copy(FILES / SHIPPED.name, folder / "mine")
    assert find_file("mine", pinned) == offline / "mine" / SHIPPED.name
    monkeypatch.setenv(MIRROR, str(mirror))
    assert find_file("mine", pinned) == mirror / "mine" / SHIPPED.name
    assert find_file("mine", pinned, offline) == offline / "mine" / SHIPPED.name


@pytest.fixture
def server(monkeypatch):
    """An HTTP server on this machine that offers the shipped files; returns its address."""
    monkeypatch.delenv(MIRROR, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=FILES)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/"
        running.shutdown()


def test_a_download_is_checked_and_kept(server, tmp_path, monkeypatch):
    pinned = DataFile(SHIPPED.name, SHIPPED.size, SHIPPED.sha256, server + SHIPPED.name)
    path = find_file("mine", pinned, tmp_path)
    assert path == tmp_path / "mine" / SHIPPED.name
    monkeypatch.setattr(pooch, "retrieve", None)  # a second download would fail
    assert find_file("mine", pinned, tmp_path) == path


def test_a_download_that_is_not_the_pinned_one_is_not_kept(server, tmp_path):
    wrong = DataFile(SHIPPED.name, SHIPPED.size, "0" * 64, server + SHIPPED.name)
    with pytest.raises(ValueError, match="hash"):
        find_file("mine", wrong, tmp_path)
    gone = DataFile("gone.csv", 1, "0" * 64, server + "gone.csv")
    with pytest.raises(FileNotFoundError, match="could not be downloaded"):
        find_file("mine", gone, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_check_file_reads_the_whole_of_it():
    assert check_file(FILES / SHIPPED.name, SHIPPED) == FILES / SHIPPED.name
    with pytest.raises(FileNotFoundError, match=LHCB_BJETS.url):
        check_file(FILES / LHCB_BJETS.name, LHCB_BJETS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [0.0, 1.0, 2.0, 3.0]}, r"must have x \(N, f\)"),
        ({"y": [0, 1, 0]}, r"must have x \(N, f\)"),
        ({"x": [[0.0], [np.nan], [2.0], [np.inf]]}, "2 rows hold NaN or infinity.* row 1"),
        ({"y": [-1, 1, -1, 1]}, "labels 0 and 1"),
        ({"features": ("a", "b")}, "must name 1 features"),
        ({"units": ("GeV", "GeV")}, "must name 1 features"),
        ({"train": [0]}, "both classes in `train`"),
        ({"test": [3]}, "both classes in `test`"),
        ({"test": []}, "row numbers from 0 to 3"),
        ({"test": [1, 2]}, "twice"),
        ({"test": [2, 4]}, "row numbers from 0 to 3"),
        ({"test": [2, -1]}, "row numbers from 0 to 3"),
        ({"test": [2.0, 3.0]}, "row numbers from 0 to 3"),
    ],
)
def test_bad_data_are_refused_in_words(change, message):
    with pytest.raises(ValueError, match=message):
        make_dataset("mine", **{**GOOD, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"x": [[0.0], [1.0], [2.0], [3.5]]},
        {"y": [1, 0, 0, 1]},
        {"train": [1, 0]},
        {"train": [2, 3], "test": [0, 1]},
    ],
)
def test_digest_feels_every_array(change):
    assert make_dataset("mine", **GOOD).sha256 != make_dataset("mine", **{**GOOD, **change}).sha256


def test_digest_is_of_values_not_of_memory():
    grid = np.arange(6.0).reshape(2, 3)
    digest = content_digest({"a": grid})
    assert content_digest({"a": np.asfortranarray(grid)}) == digest
    assert content_digest({"a": grid.astype(">f8")}) == digest
    assert content_digest({"a": grid.T}) != digest


def test_fixed_permutation_is_one_and_never_changes():
    assert fixed_permutation(8, seed=7).tolist() == [6, 3, 4, 0, 2, 7, 5, 1]
    assert np.array_equal(np.sort(fixed_permutation(1000, seed=1)), np.arange(1000))


def test_stratified_split_keeps_the_shares_of_the_classes():
    y = np.repeat([0, 1], [300, 100])
    train, test = stratified_split(y, 0.6, seed=1)
    assert np.bincount(y[train]).tolist() == [180, 60]
    assert np.bincount(y[test]).tolist() == [120, 40]
    assert np.array_equal(np.sort(np.append(train, test)), np.arange(400))


def test_rings_are_separated_by_the_radius_and_by_no_line():
    data = toy_rings(2000)
    best = accuracy(np.linalg.norm(data.x, axis=1) - 0.75, data.y)
    expected = 0.5 * (1 + erf(2.5 / sqrt(2)))
    assert abs(best - expected) < 3 * sqrt(expected * (1 - expected) / 2000)
    assert all(abs(auc(column, data.y) - 0.5) < 3 * sqrt(1 / 6 / 1000) for column in data.x.T)


def test_linear_has_the_auc_of_two_gaussians():
    data = toy_linear(4000, n_features=5, separation=1.0)
    expected = 0.5 * (1 + erf(0.5))
    assert abs(auc(data.x.sum(axis=1), data.y) - expected) < 3 * sqrt(1 / 6 / 2000)


@pytest.mark.parametrize("toy", [toy_rings, toy_linear])
def test_toys_depend_on_the_seed_alone(toy):
    assert toy(seed=1).sha256 == toy(seed=1).sha256 != toy(seed=2).sha256
    with pytest.raises(ValueError, match="`n_events` must be at least 4"):
        toy(3)
