"""Circuits as pure JAX functions of their angles, one at a time or many in compiled chunks."""

from circuits.simulation.batching import compile_program, make_batch, run_chunk
from circuits.simulation.measurement import expectation, probabilities
from circuits.simulation.sampling import samples
from circuits.simulation.statevector import state

__all__ = [
    "state",
    "expectation",
    "probabilities",
    "samples",
    "make_batch",
    "compile_program",
    "run_chunk",
]
