"""The annealers that a spec may name, with the settings that it may give."""


def exhaustive(*, max_variables: int = 26):
    """All bit strings: the exact answer for a small problem."""
    from annealing import Exhaustive

    return Exhaustive(max_variables=max_variables)


def simulated_annealing(*, sweeps: int = 1000):
    """D-Wave's C++ simulated annealing."""
    from annealing import SimulatedAnnealing

    return SimulatedAnnealing(sweeps=sweeps)


def mock_annealer(*, topology: str = "zephyr", shape: list[int] | None = None, sweeps: int = 1000):
    """Embedded on a mock of a structured annealer; simulated, with no hardware noise."""
    from annealing import MockAnnealer

    return MockAnnealer(topology=topology, shape=tuple(shape or (6, 4)), sweeps=sweeps)


def thermal_annealing(*, sweeps: int = 100, beta: float = 1.0):
    """D-Wave's C++ simulated annealing down to a temperature, for reads that are no minima."""
    from annealing import SimulatedAnnealing

    return SimulatedAnnealing(sweeps=sweeps, beta_range=(0.1 * beta, beta))


def chromatic(*, sweeps: int = 1000):
    """Our annealing of independent sets of variables at once, for sparse problems."""
    from annealing import ChromaticAnnealing

    return ChromaticAnnealing(sweeps=sweeps)


def multispin(*, sweeps: int = 1000):
    """Our annealing of 32 reads in a word, for sparse problems of small integers."""
    from annealing import MultiSpinAnnealing

    return MultiSpinAnnealing(sweeps=sweeps)


def bifurcation(*, steps: int = 1000, variant: str = "discrete"):
    """Our simulated bifurcation, for dense problems."""
    from annealing import SimulatedBifurcation

    return SimulatedBifurcation(steps=steps, variant=variant)  # pyright: ignore[reportArgumentType]


def tempering(*, rounds: int = 500):
    """Our parallel tempering, with clusters where they help."""
    from annealing import ParallelTempering

    return ParallelTempering(rounds=rounds)


def quantum_annealing(*, sweeps: int = 1000, slices: int = 16):
    """Our path-integral annealing with a transverse field."""
    from annealing import SimulatedQuantumAnnealing

    return SimulatedQuantumAnnealing(sweeps=sweeps, slices=slices)


def descent():
    """Our steepest descent from random starts: the annealer without annealing."""
    from annealing import SteepestDescent

    return SteepestDescent()


def auto(*, sweeps: int = 1000):
    """Whichever of our samplers suits the problem."""
    from annealing import AutoSampler

    return AutoSampler(sweeps=sweeps)


def stand_in(
    *,
    profile: str = "advantage2",
    shape: tuple[int, ...] = (),
    annealing_time: float = 20e-6,
    sweeps: int | None = None,
    auto_scale: bool = True,
):
    """A stand-in for an annealer: chains, ranges, errors and temperature of a chip's profile."""
    from annealing import AnnealerStandIn

    return AnnealerStandIn(
        profile,
        shape=tuple(shape) or None,
        annealing_time=annealing_time,
        sweeps=sweeps,
        auto_scale=auto_scale,
    )
