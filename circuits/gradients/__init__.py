"""Gradients from values alone, as on hardware: shift rules, for any Backend."""

from circuits.gradients.on_backends import (
    Gradient,
    finite_differences,
    hessian_vector,
    parameter_shift,
)
from circuits.gradients.shift_rules import ShiftRule, shift_rule

__all__ = [
    "parameter_shift",
    "finite_differences",
    "hessian_vector",
    "Gradient",
    "shift_rule",
    "ShiftRule",
]
