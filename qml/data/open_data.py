"""Published HEP data sets that are fetched on first use: LHCb b jets and the SUSY events of UCI."""

import csv
import os
from pathlib import Path
from urllib.parse import quote

import numpy as np

from qml.data.dataset import Dataset, fixed_permutation, make_dataset, stratified_split
from qml.data.fetching import DataFile, find_file

CARDS = Path(__file__).parent / "files"

LHCB_BJETS = DataFile(
    name="data_with_predictions.csv",
    size=298_648,
    sha256="fdbb23c940ca5c8896af5071a1a77124c543b07c31999648a8e2c30bfd7a1f2c",
    url="https://raw.githubusercontent.com/dnicotra/cineca2021-qml4jet/"
    "999b099886a2971ecd9e2323c36d80ff9409ff2f/data_with_predictions.csv",
)
LHCB_PARTICLES = ("mu", "k", "pi", "e", "p")
LHCB_FEATURES = (
    *(f"{particle}_{what}" for particle in LHCB_PARTICLES for what in ("Q", "pTrel", "dist")),
    "Jet_QTOT",
)

SUSY_URL = (
    "https://raw.githubusercontent.com/eraraya-ricardo/qhack-2021-openproject/"
    "cc65d6db1f5bc185f4e6af99b4de42bfeff45616/" + quote("SUSY Dataset/")
)
SUSY_FILES = tuple(
    DataFile(name, size, sha256, SUSY_URL + name)
    for name, size, sha256 in (
        (
            "X_train_5000.txt",
            2_265_279,
            "1623faf4c622cca43c5e651f11134a8d0218fd783e0ee4743b897f2399880001",
        ),
        (
            "X_test_5000.txt",
            2_265_270,
            "d099516784dfaa83a5cd6b4a697515ce90ceeee4a6afde7bca8ea21246cd63fb",
        ),
        (
            "Y_train_5000.txt",
            125_000,
            "0515561b834976dd0c9cd43d47103a983bebfba2adf2abee8093e7129e8708be",
        ),
        (
            "Y_test_5000.txt",
            125_000,
            "0515561b834976dd0c9cd43d47103a983bebfba2adf2abee8093e7129e8708be",
        ),
    )
)
SUSY_FEATURES = (
    "lepton_1_pT",
    "lepton_1_eta",
    "lepton_1_phi",
    "lepton_2_pT",
    "lepton_2_eta",
    "lepton_2_phi",
    "missing_energy_magnitude",
    "missing_energy_phi",
    "MET_rel",
    "axial_MET",
    "M_R",
    "M_TR_2",
    "R",
    "MT2",
    "S_R",
    "M_Delta_R",
    "dPhi_r_b",
    "cos_theta_r1",
)


def lhcb_bjets(folder: str | os.PathLike | None = None) -> Dataset:
    """Load 1,000 simulated LHCb jets: was it a b quark (0) or an anti-b quark (1)?

    Prepared by Gianelle et al. (INFN Padova), doi:10.5281/zenodo.5707435; the physics is in
    JHEP 08 (2022) 014.

    Args:
        folder: where the file is looked for first and downloaded to.

    Returns:
        500 training and 500 test jets with 16 features, the classes balanced in both.

    Raises:
        FileNotFoundError: where the file is missing and cannot be downloaded.
        ValueError: where it is not the published one.

    >>> lhcb_bjets().x.shape  # doctest: +SKIP
    (1000, 16)
    """
    rows = _lhcb_rows(folder)
    y = np.array([int(row["Jet_LABEL"]) for row in rows])
    train, test = stratified_split(y, 0.5, seed=5707435)
    return make_dataset(
        "lhcb_bjets",
        [[float(row[feature]) for feature in LHCB_FEATURES] for row in rows],
        y,
        features=LHCB_FEATURES,
        train=train,
        test=test,
        card=_card("lhcb_bjets"),
    )


def lhcb_published_scores(folder: str | os.PathLike | None = None) -> np.ndarray:
    """Load what the authors' quantum circuit said of each jet, in the row order of `lhcb_bjets`.

    Four qubits, four layers, trained on other jets (doi:10.5281/zenodo.5707435), so every row may
    serve as a test row.

    Args:
        folder: where the file is looked for first and downloaded to.

    Returns:
        (1000,) raw outputs; larger is more anti-b-like.

    Raises:
        FileNotFoundError: where the file is missing and cannot be downloaded.
        ValueError: where it is not the published one.

    >>> lhcb_published_scores().shape  # doctest: +SKIP
    (1000,)
    """
    return np.array([float(row["RawPred"]) for row in _lhcb_rows(folder)])


def susy_uci(folder: str | os.PathLike | None = None) -> Dataset:
    """Load 10,000 events of the UCI SUSY data: chargino pairs (1) against W pairs (0).

    Events of Baldi, Sadowski & Whiteson, Nature Commun. 5, 4308 (2014), in the selection and split
    of Muten et al. for their data re-uploading classifier.

    Args:
        folder: where the four files are looked for first and downloaded to.

    Returns:
        5,000 training and 5,000 test events with 18 features, the classes balanced in both.

    Raises:
        FileNotFoundError: where a file is missing and cannot be downloaded.
        ValueError: where one is not the published one.

    >>> susy_uci().x.shape  # doctest: +SKIP
    (10000, 18)
    """
    arrays = [np.loadtxt(find_file("susy_uci", file, folder)) for file in SUSY_FILES]
    x, y = np.concatenate(arrays[:2]), np.concatenate(arrays[2:])
    # The files hold all of one class and then all of the other: the first rows would be one class.
    n = arrays[0].shape[0]
    return make_dataset(
        "susy_uci",
        x,
        y,
        features=SUSY_FEATURES,
        train=fixed_permutation(n, seed=2021),
        test=n + fixed_permutation(len(y) - n, seed=2022),
        card=_card("susy_uci"),
    )


def susy_aspen9(folder: str | os.PathLike | None = None) -> Dataset:
    """Load the SUSY events that Rigetti's Aspen-9 was asked about, and those it had learned from.

    The rows of `susy_uci`; tested are the first 1,000 of each class of its test part, as the
    authors ran them (see `aspen9_outputs`, which has them in order of the row numbers).

    Args:
        folder: where the four files are looked for first and downloaded to.

    Returns:
        5,000 training and 2,000 test events with 18 features, the classes balanced in both.

    Raises:
        FileNotFoundError: where a file is missing and cannot be downloaded.
        ValueError: where one is not the published one.

    >>> susy_aspen9().test.shape  # doctest: +SKIP
    (2000,)
    """
    data = susy_uci(folder)
    tested = np.sort(data.test)
    rows = np.concatenate([tested[data.y[tested] == label][:1000] for label in (0, 1)])
    return make_dataset(
        "susy_aspen9",
        data.x,
        data.y,
        features=SUSY_FEATURES,
        train=data.train,
        test=rows[fixed_permutation(len(rows), seed=2023)],
        card=_card("susy_aspen9"),
    )


def _lhcb_rows(folder: str | os.PathLike | None) -> list[dict[str, str]]:
    with find_file("lhcb_bjets", LHCB_BJETS, folder).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _card(name: str) -> str:
    return (CARDS / f"{name}.md").read_text(encoding="utf-8")
