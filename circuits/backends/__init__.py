"""Everything that runs a circuit; all but the vendors' are our own simulators.

Vendor devices are adapted in `on_qiskit` and `on_pennylane`, which load the vendor's package only
when they run.
"""

from circuits.backends.matrix_product import MatrixProduct
from circuits.backends.noisy import Density, Trajectories
from circuits.backends.statevector import Exact, Shots
from circuits.mitigation.cancellation import ProbabilisticErrorCancellation
from circuits.mitigation.extrapolation import ZeroNoiseExtrapolation
from circuits.mitigation.readout import ReadoutMitigation
from circuits.mitigation.regression import CliffordDataRegression
from circuits.mitigation.twirling import PauliTwirling
from circuits.on_pennylane.backend import PennyLaneBackend
from circuits.on_qiskit.backend import QiskitBackend
from circuits.on_qiskit.transpiled import Transpiled
from circuits.on_stim import Stabilizer

__all__ = [
    "Exact",
    "Shots",
    "Density",
    "Trajectories",
    "MatrixProduct",
    "Stabilizer",
    "QiskitBackend",
    "Transpiled",
    "PennyLaneBackend",
    "ReadoutMitigation",
    "ZeroNoiseExtrapolation",
    "PauliTwirling",
    "ProbabilisticErrorCancellation",
    "CliffordDataRegression",
]
