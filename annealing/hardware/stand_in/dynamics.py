"""What stands in for the annealing itself: thermal flips, or path-integral Monte Carlo.

Both are simulations of equilibrium along the machine's schedule, in which a sweep is taken for a
fixed time. Neither is the coherent dynamics of short anneals.
"""

import numpy as np

from annealing.hardware.stand_in.profiles import ChipProfile, schedule_of
from annealing.ising import qubo_from_ising
from annealing.qubo import Coo, Qubo
from annealing.samplers.chromatic import by_colours
from annealing.samplers.graphs import Ising
from annealing.samplers.native.calls import Kernel, by_lanes, picked_kernel
from annealing.samplers.protocol import Samples
from annealing.samplers.quantum_annealing import SimulatedQuantumAnnealing
from annealing.samplers.stopping import UNLIMITED, draw

SLICES = 16  # of imaginary time
POINTS = 101  # of a schedule


def anneal_classically(
    h: np.ndarray,
    J: Coo,
    profile: ChipProfile,
    *,
    reads: int,
    seed: int,
    sweeps: int,
    kernel: Kernel = "auto",
) -> tuple[np.ndarray, dict]:
    """Heat-bath sweeps while beta rises as B(s), up to the profile's beta at the freeze-out.

    A slow anneal of a problem without barriers ends as exp(-beta E), E in chip units.

    Args:
        h, J: what the chip holds.
        profile: schedule, freeze-out and beta.
        reads, seed, sweeps: of all reads.
        kernel: as of `ChromaticAnnealing`.

    Returns:
        bits (r, k) of the reads, and the `info` of `Samples`.
    """
    model = Ising(h, J, 1.0)

    def schedule(sweeps: int) -> np.ndarray:
        return betas_of(profile, sweeps)

    picked = picked_kernel(kernel)
    if picked == "native":
        method = by_lanes(model, schedule, gibbs=True)
    else:
        method = by_colours(model, schedule, "gibbs")
    nothing = Coo(np.zeros(0, int), np.zeros(0, int), np.zeros(0))  # its energies cost no time
    samples = draw(
        Qubo(np.zeros(len(h)), nothing),
        method,
        reads=reads,
        seed=seed,
        sweeps=sweeps,
        budget=UNLIMITED,
        info={"effective": {"kernel": picked}},
    )
    return _reads(samples)


def betas_of(profile: ChipProfile, sweeps: int) -> np.ndarray:
    """Inverse temperatures (sweeps,) in the inverse chip unit, s rising to the freeze-out.

    >>> from annealing.hardware.stand_in.profiles import chip_profile
    >>> betas_of(chip_profile("advantage2"), 3).round(2).tolist()
    [0.62, 3.4, 8.93]
    """
    end = profile.freezeout
    s = np.linspace(0, end, sweeps) if sweeps > 1 else np.array([end])
    _, B = schedule_of(profile, s)
    return profile.beta * B / B[-1]


def anneal_path_integral(
    h: np.ndarray, J: Coo, profile: ChipProfile, *, reads: int, seed: int, sweeps: int
) -> tuple[np.ndarray, dict]:
    """`SimulatedQuantumAnnealing` at the machine's A(s), B(s) and temperature, in its own units.

    Where it freezes follows from the model and the number of sweeps, not from the profile; a read
    is the slice of lowest energy, so that it is a little colder than the machine.
    """
    s = np.linspace(0, 1, POINTS)
    A, B = schedule_of(profile, s)
    squares = (h**2).sum() + 2 * (J.values**2).sum()
    sampler = SimulatedQuantumAnnealing(
        sweeps=sweeps,
        slices=SLICES,
        schedule=tuple(zip(s.tolist(), A.tolist(), B.tolist(), strict=True)),
        millikelvin=1000 * profile.kelvin,
        field=float(np.sqrt(squares / len(h))) or 1.0,  # its own: the energies are not rescaled
        polish=False,
    )
    return _reads(sampler.sample(qubo_from_ising(h, J), reads=reads, seed=seed))


def _reads(samples: Samples) -> tuple[np.ndarray, dict]:
    return np.repeat(samples.bits, samples.occurrences, axis=0), samples.info
