"""How bits write down parameters and choices."""

from annealing.encodings.affine import (
    Encoding,
    around,
    binary,
    block_diagonal,
    fixed_point,
    geometric,
    signed,
    spin,
    twos_complement,
    unsigned,
)
from annealing.encodings.choices import domain_wall, exactly_one, one_hot, side_by_side

__all__ = [
    "Encoding",
    "binary",
    "spin",
    "fixed_point",
    "unsigned",
    "signed",
    "around",
    "geometric",
    "twos_complement",
    "block_diagonal",
    "one_hot",
    "domain_wall",
    "exactly_one",
    "side_by_side",
]
