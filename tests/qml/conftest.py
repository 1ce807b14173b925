"""Samples that several files use."""

import numpy as np
import pytest


@pytest.fixture
def sample():
    """300 weighted events with many ties."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, size=300)
    scores = np.round(rng.normal(size=300) + labels, 1)
    return scores, labels, rng.gamma(2.0, size=300)
