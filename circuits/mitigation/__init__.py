"""Error mitigation: each method is a backend around a backend, so that they can be stacked.

None of them corrects errors: they trade more circuits and larger standard errors for less bias.
`info["cost"]` says how many circuits and shots that took. Methods that a vendor offers himself,
dynamical decoupling among them, are options of his backend.
"""

from circuits.mitigation.cancellation import ProbabilisticErrorCancellation
from circuits.mitigation.extrapolation import ZeroNoiseExtrapolation
from circuits.mitigation.folding import fold
from circuits.mitigation.readout import ReadoutMitigation
from circuits.mitigation.regression import CliffordDataRegression
from circuits.mitigation.twirling import PauliTwirling

__all__ = [
    "ReadoutMitigation",
    "ZeroNoiseExtrapolation",
    "fold",
    "PauliTwirling",
    "ProbabilisticErrorCancellation",
    "CliffordDataRegression",
]
