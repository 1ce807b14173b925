"""Whatever a person calls a sampler, as one of ours."""

from typing import Any

from annealing import samplers
from annealing.on_dimod import FromDimod, SimulatedAnnealing
from annealing.samplers.protocol import Sampler


def as_sampler(sampler: Any = None) -> Sampler:
    """The sampler that `sampler` means.

    Args:
        sampler: one of ours; any `dimod.Sampler`; the name of one of ours with its defaults, such
            as "AutoSampler"; None is D-Wave's simulated annealing, which starts at once.

    Raises:
        ValueError: a name that no sampler has.
        TypeError: an object that is no sampler.

    >>> as_sampler("Exhaustive")
    Exhaustive(max_variables=26)
    """
    if sampler is None:
        return SimulatedAnnealing()
    if isinstance(sampler, str):
        return _named(sampler)
    if hasattr(sampler, "sample_ising"):
        return FromDimod(sampler)
    if isinstance(sampler, type) or not callable(getattr(sampler, "sample", None)):
        raise TypeError(
            "Argument `sampler` must be a sampler of `annealing.samplers`, a dimod.Sampler or a "
            f"name, but is {sampler!r}."
        )
    return sampler


def _named(name: str) -> Sampler:
    known = [each for each in samplers.__all__ if each != "FromDimod"]
    if name not in known:
        raise ValueError(
            f"Argument `sampler` must name one of {', '.join(known)}, but is {name!r}."
        )
    return getattr(samplers, name)()
