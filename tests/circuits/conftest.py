"""Angles of small circuits that several files measure under noise."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def angles():
    """Two samples of the two angles of the segment `x`."""
    return {"x": np.array([[0.3, 1.1], [-0.8, 0.4]])}
