"""Samplers, one method a file. `__all__` lists each of them; the contract tests iterate over it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from annealing.samplers.exhaustive import Exhaustive

if TYPE_CHECKING:
    from annealing.embedding import MockAnnealer
    from annealing.on_dimod import FromDimod, SimulatedAnnealing

__all__ = ["Exhaustive", "SimulatedAnnealing", "FromDimod", "MockAnnealer"]

# These stand outside this folder and import its protocol: found late, the imports form no circle.
_LATER = {
    "SimulatedAnnealing": "annealing.on_dimod",
    "FromDimod": "annealing.on_dimod",
    "MockAnnealer": "annealing.embedding",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
