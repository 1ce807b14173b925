"""Every bit string of a small problem, the reference all other samplers are measured by.

The variables are split into a high and a low half, b = (x, y), so that

    E(b) = E_high(x) + E_low(y) + x.C.y

for all pairs (x, y) is one matrix product of [x, 1, E_high(x)] and [C.y, E_low(y), 1].
"""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from annealing.qubo import BLOCK, Qubo, as_dense
from annealing.samplers.protocol import Samples, check_request, collect


@dataclass(frozen=True)
class Exhaustive:
    """Computes all 2**n energies and returns the `reads` lowest distinct states, each once.

    `seed` changes nothing. Where there are fewer than `reads` states, all are returned. `info`
    gives the number of "ground_states" (energies equal to the lowest within rounding).

    Args:
        max_variables: larger problems are refused; each variable more doubles time and, at 26,
            2**26 energies take seconds.

    >>> from annealing.qubo import qubo_from_matrix
    >>> samples = Exhaustive().sample(qubo_from_matrix([[-1.0, 2.0], [0.0, -1.0]]), reads=3, seed=0)
    >>> samples.bits.tolist(), samples.energies.tolist(), samples.info["ground_states"]
    ([[0, 1], [1, 0], [0, 0]], [-1.0, -1.0, 0.0], 2)
    """

    max_variables: int = 26

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """The `reads` lowest states of `qubo`; see the class.

        Raises:
            ValueError: more than `max_variables` variables, or a malformed request.
        """
        qubo = as_dense(check_request(qubo, reads, seed))
        n = qubo.n_variables
        if n > self.max_variables:
            raise ValueError(
                f"Argument `qubo` must have at most max_variables={self.max_variables} variables "
                f"for Exhaustive, but has {n}; use SimulatedAnnealing instead."
            )
        start = perf_counter()
        states, ground_states = lowest_states(qubo, min(reads, 2**n))
        info = {
            "sampler": "Exhaustive",
            "requested": {"reads": int(reads), "seed": int(seed)},
            "effective": {"reads": len(states), "seed": None},
            "seconds": {"sample": perf_counter() - start},
            "simulated": True,
            "ground_states": ground_states,
        }
        return collect(qubo, bit_strings(states, n), info)


def bit_strings(states: np.ndarray, n: int) -> np.ndarray:
    """The numbers `states` (r,) as bit strings (r, n) uint8, the leftmost bit the most significant.

    >>> bit_strings(np.arange(4), 2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return (np.asarray(states)[:, None] >> np.arange(n - 1, -1, -1) & 1).astype(np.uint8)


def lowest_states(qubo: Qubo, count: int) -> tuple[np.ndarray, int]:
    """The `count` lowest states of a dense `qubo` as numbers (see `bit_strings`), in no order.

    Returns:
        states (count,) and the number of ground states, ties counted within rounding.

    >>> from annealing.qubo import qubo_from_matrix
    >>> lowest_states(qubo_from_matrix([[-1.0, 2.0], [0.0, -1.0]]), 1)[1]
    2
    """
    high, low = _halves(qubo)
    tolerance = 1e-12 * (np.abs(qubo.linear).sum() + np.abs(qubo.quadratic).sum())
    states, energies, ground, degeneracy = np.zeros(0, int), np.zeros(0), np.inf, 0
    step = max(1, BLOCK // low.shape[1])
    for start in range(0, len(high), step):
        block = (high[start : start + step] @ low).ravel()
        lowest = block.min()
        degeneracy = 0 if lowest < ground - tolerance else degeneracy
        ground = min(ground, lowest)
        degeneracy += int((block <= ground + tolerance).sum())
        # Only what beats the worst state kept so far can enter: after a few blocks, hardly any.
        worst = np.inf if len(states) < count else energies.max()
        better = np.flatnonzero(block < worst)
        states = np.r_[states, better + start * low.shape[1]]
        energies = np.r_[energies, block[better]]
        if len(states) > count:
            keep = np.argpartition(energies, count - 1)[:count]
            states, energies = states[keep], energies[keep]
    return states, degeneracy


def _halves(qubo: Qubo) -> tuple[np.ndarray, np.ndarray]:
    """Factors (2**k, k + 2) and (k + 2, 2**(n - k)) whose product holds all energies in order."""
    n, k = qubo.n_variables, qubo.n_variables // 2
    x = bit_strings(np.arange(2**k), k).astype(float)
    y = bit_strings(np.arange(2 ** (n - k)), n - k).astype(float)
    linear, Q = qubo.linear, np.asarray(qubo.quadratic)
    energy_x = Qubo(linear[:k], Q[:k, :k], 0.0).energy(x)
    energy_y = Qubo(linear[k:], Q[k:, k:], qubo.offset).energy(y)
    high = np.c_[x, np.ones(len(x)), energy_x]
    low = np.r_[Q[:k, k:] @ y.T, [energy_y], [np.ones(len(y))]]
    return high, low
