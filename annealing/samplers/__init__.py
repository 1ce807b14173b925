"""Samplers, one method a file. `__all__` lists each of them; the contract tests iterate over it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from annealing.samplers.exhaustive import Exhaustive

if TYPE_CHECKING:
    from annealing.hardware.mock_annealer import MockAnnealer
    from annealing.hardware.stand_in.annealer import AnnealerStandIn
    from annealing.on_dimod import FromDimod, SimulatedAnnealing
    from annealing.samplers.auto import AutoSampler
    from annealing.samplers.bifurcation import SimulatedBifurcation
    from annealing.samplers.chromatic import ChromaticAnnealing
    from annealing.samplers.dense_annealing import DenseAnnealing
    from annealing.samplers.descent import SteepestDescent
    from annealing.samplers.multispin import MultiSpinAnnealing
    from annealing.samplers.quantum_annealing import SimulatedQuantumAnnealing
    from annealing.samplers.tempering import ParallelTempering
    from annealing.wrappers.connected_components import ConnectedComponents
    from annealing.wrappers.parallel_embedding import ParallelEmbedding
    from annealing.wrappers.roof_duality import RoofDuality
    from annealing.wrappers.spin_reversal import SpinReversal

__all__ = [
    "Exhaustive",
    "SteepestDescent",
    "ChromaticAnnealing",
    "MultiSpinAnnealing",
    "SimulatedBifurcation",
    "DenseAnnealing",
    "ParallelTempering",
    "SimulatedQuantumAnnealing",
    "AutoSampler",
    "SimulatedAnnealing",
    "FromDimod",
    "MockAnnealer",
    "AnnealerStandIn",
    "SpinReversal",
    "RoofDuality",
    "ConnectedComponents",
    "ParallelEmbedding",
]

# Found late: the first ones load JAX; the others stand outside this folder and import its protocol.
_LATER = {
    "SteepestDescent": "annealing.samplers.descent",
    "ChromaticAnnealing": "annealing.samplers.chromatic",
    "MultiSpinAnnealing": "annealing.samplers.multispin",
    "SimulatedBifurcation": "annealing.samplers.bifurcation",
    "DenseAnnealing": "annealing.samplers.dense_annealing",
    "ParallelTempering": "annealing.samplers.tempering",
    "SimulatedQuantumAnnealing": "annealing.samplers.quantum_annealing",
    "AutoSampler": "annealing.samplers.auto",
    "SimulatedAnnealing": "annealing.on_dimod",
    "FromDimod": "annealing.on_dimod",
    "MockAnnealer": "annealing.hardware.mock_annealer",
    "AnnealerStandIn": "annealing.hardware.stand_in.annealer",
    "SpinReversal": "annealing.wrappers.spin_reversal",
    "RoofDuality": "annealing.wrappers.roof_duality",
    "ConnectedComponents": "annealing.wrappers.connected_components",
    "ParallelEmbedding": "annealing.wrappers.parallel_embedding",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
