"""Small generated data sets for tests, quickstarts and sanity checks, with known answers."""

import numpy as np

from qml.data.dataset import Dataset, make_dataset, stratified_split


def toy_rings(n_events: int = 400, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two concentric rings of radius 1/2 (background) and 1 (signal): no line separates them.

    Args:
        n_events: events of both classes together, at least 4.
        noise: standard deviation of the radius; 0.1 leaves the rings 2.5 deviations from the
            middle between them, so the best accuracy is 0.994.
        seed: the same seed gives the same events.

    Returns:
        Two features; half of the events train.

    Raises:
        ValueError: on fewer than 4 events.

    >>> data = toy_rings()
    >>> data.x.shape, data.train.size
    ((400, 2), 200)
    """
    rng, y = np.random.default_rng(seed), _labels(n_events)
    radius = 0.5 * (1 + y) + noise * rng.normal(size=n_events)
    angle = rng.uniform(0, 2 * np.pi, size=n_events)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    card = "Two noisy concentric rings; the outer one is signal."
    return _halved("toy_rings", x, y, seed, card)


def toy_linear(
    n_events: int = 400, n_features: int = 2, separation: float = 2.0, seed: int = 0
) -> Dataset:
    """Two unit Gaussians whose means lie `separation` apart on the diagonal.

    The best classifier is the sum of the features; with Phi the normal distribution function its
    accuracy is Phi(separation / 2) and its AUC is Phi(separation / sqrt(2)).

    Args:
        n_events: events of both classes together, at least 4.
        n_features: number of features.
        separation: distance of the means in standard deviations.
        seed: the same seed gives the same events.

    Returns:
        The events; half of them train.

    Raises:
        ValueError: on fewer than 4 events.

    >>> toy_linear(n_features=3).x.shape
    (400, 3)
    """
    rng, y = np.random.default_rng(seed), _labels(n_events)
    shift = (y - 0.5) * separation / np.sqrt(n_features)
    x = shift[:, None] + rng.normal(size=(n_events, n_features))
    card = "Two unit Gaussians that differ in their mean along the diagonal."
    return _halved("toy_linear", x, y, seed, card)


def _labels(n_events: int) -> np.ndarray:
    if n_events < 4:
        raise ValueError(f"Argument `n_events` must be at least 4, but is {n_events}.")
    return np.arange(n_events) % 2


def _halved(name: str, x: np.ndarray, y: np.ndarray, seed: int, card: str) -> Dataset:
    train, test = stratified_split(y, 0.5, seed)
    features = tuple(f"x{column}" for column in range(x.shape[1]))
    return make_dataset(name, x, y, features=features, train=train, test=test, card=card)
