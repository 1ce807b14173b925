"""Higgs to two photons against the prompt continuum: eight kinematic variables, two samples."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from qml.data.dataset import Dataset, make_dataset
from qml.data.fetching import DataFile, check_file

FILES = Path(__file__).parent / "files"
TRAIN_SHARE = 0.6  # the file is already shuffled: its first 60% of rows train, the others test
FEATURES = (
    "pt1_over_m",
    "pt2_over_m",
    "pt_sum_over_m",
    "pt_diff_over_m",
    "pt_yy_over_m",
    "delta_eta",
    "delta_r",
    "abs_eta_yy",
)


class Sample(NamedTuple):
    """A shipped file and the digest of its arrays, which another zip library would not change."""

    file: DataFile
    content: str


SAMPLES = {
    "diphoton": Sample(
        DataFile(
            name="diphoton.npz",
            size=1_471_367,
            sha256="50d148c71b11e46cafb292ecd09882fe220e9fddb6fae8e16df60ecb6cb50868",
            url="the qml-offload package",
        ),
        content="51268c2621fb70933c1fb4027f299b49d6871564d4aa913f0cc0917de542e845",
    ),
    "diphoton_matched": Sample(
        DataFile(
            name="diphoton_matched.npz",
            size=1_469_898,
            sha256="e08affb298015c390bb8f9117a3c558614c0ca58a66d2487700b20e99c2df4b6",
            url="the qml-offload package",
        ),
        content="1d59376f07c0a93bcfbdca45dd41b54998c016d182c3832bb2a057789717f9a4",
    ),
}


def load_diphoton(name: str, folder: str | os.PathLike | None = None) -> Dataset:
    """Load gg -> H -> yy against prompt di-photons: 25,000 events each, 8 variables.

    The variables are those of Mott et al., Nature 550, 375 (2017); see `kinematics`. The events
    were made by `qml.data.diphoton_generator`; the cards say how, and what they leave out. Both
    samples have the same signal. In "diphoton" the background radiates by Pythia's default, which
    is softer than the signal's rule and causes about half of the separation in pT_yy; in
    "diphoton_matched" both classes obey the rule of the signal.

    Args:
        name: "diphoton" or "diphoton_matched".
        folder: a folder that holds `<name>/<name>.npz`, instead of the file shipped here.

    Returns:
        30,000 training and 20,000 test rows, half of each signal.

    Raises:
        FileNotFoundError: where the file is missing.
        ValueError: where it is not the shipped one.

    >>> data = load_diphoton("diphoton_matched")
    >>> data.x.shape, data.train.size, data.test.size
    ((50000, 8), 30000, 20000)
    """
    home = Path(folder) / name if folder else FILES
    file = SAMPLES[name].file
    with np.load(check_file(home / file.name, file), allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    rows = np.arange(y.size)
    n_train = round(TRAIN_SHARE * y.size)
    return make_dataset(
        name,
        x,
        y,
        features=FEATURES,
        train=rows[:n_train],
        test=rows[n_train:],
        card=(FILES / f"{name}.md").read_text(encoding="utf-8"),
    )


def kinematics(photons: np.ndarray) -> np.ndarray:
    """Return the eight dimensionless variables of Mott et al. for photon pairs.

    With pT1 >= pT2 the transverse momenta, m the mass of the pair and pT_yy, eta_yy its transverse
    momentum and pseudorapidity: pT1/m, pT2/m, (pT1+pT2)/m, (pT1-pT2)/m, pT_yy/m,
    |eta1-eta2|, Delta R = hypot(Delta eta, Delta phi), |eta_yy|. Dividing by m keeps a classifier
    from learning the mass, which an analysis fits afterwards.

    Args:
        photons: (N, 2, 3) transverse momentum in GeV, pseudorapidity, azimuth in radians of the
            two photons, the harder one first.

    Returns:
        (N, 8) variables in the order of `FEATURES`.

    >>> back_to_back = np.array([[[62.5, 0.5, 0.0], [62.5, 0.5, np.pi]]])
    >>> kinematics(back_to_back).round(3).tolist()[0][:7]
    [0.5, 0.5, 1.0, 0.0, 0.0, 0.0, 3.142]
    """
    pt, eta, phi = np.moveaxis(np.asarray(photons, dtype=np.float64), -1, 0)
    mass = invariant_mass(photons)
    delta_eta = np.abs(eta[:, 0] - eta[:, 1])
    delta_phi = np.abs((phi[:, 0] - phi[:, 1] + np.pi) % (2 * np.pi) - np.pi)
    px, py, pz = (np.sum(pt * part, axis=1) for part in (np.cos(phi), np.sin(phi), np.sinh(eta)))
    pt_yy = np.hypot(px, py)
    abs_eta_yy = np.abs(np.arcsinh(pz / pt_yy))
    sums = np.stack([pt[:, 0], pt[:, 1], pt.sum(axis=1), pt[:, 0] - pt[:, 1], pt_yy], axis=1)
    angles = np.stack([delta_eta, np.hypot(delta_eta, delta_phi), abs_eta_yy], axis=1)
    return np.concatenate([sums / mass[:, None], angles], axis=1)


def invariant_mass(photons: np.ndarray) -> np.ndarray:
    """Mass (N,) in GeV of massless pairs: m^2 = 2 pT1 pT2 (cosh Delta eta - cos Delta phi).

    >>> invariant_mass(np.array([[[62.5, 0.5, 0.0], [62.5, 0.5, np.pi]]])).tolist()
    [125.0]
    """
    pt, eta, phi = np.moveaxis(np.asarray(photons, dtype=np.float64), -1, 0)
    opening = np.cosh(eta[:, 0] - eta[:, 1]) - np.cos(phi[:, 0] - phi[:, 1])
    return np.sqrt(2 * pt[:, 0] * pt[:, 1] * opening)
