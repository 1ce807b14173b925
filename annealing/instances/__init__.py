"""Standard problems to measure annealers on: made by rule, or read from published files."""

from annealing.instances.files import read_beasley, read_biqmac, read_gset
from annealing.instances.generators import (
    Planted,
    max_cut,
    planted_loops,
    regular_max_cut,
    sherrington_kirkpatrick,
    zephyr_glass,
)

__all__ = [
    # made by rule
    "sherrington_kirkpatrick",
    "zephyr_glass",
    "regular_max_cut",
    "planted_loops",
    "Planted",
    "max_cut",
    # read from files
    "read_gset",
    "read_beasley",
    "read_biqmac",
]
