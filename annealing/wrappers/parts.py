"""What wrappers share: a QUBO with some variables set, seeds for its parts, one `info` of many."""

from collections.abc import Sequence

import numpy as np

from annealing.qubo import Coo, Qubo


def field(qubo: Qubo, bits: np.ndarray) -> np.ndarray:
    """The linear coefficients (n,) and what the couplings with `bits` (n,) add to each.

    >>> from annealing.qubo import qubo_from_matrix
    >>> field(qubo_from_matrix([[1.0, 3.0], [0.0, -1.0]]), np.array([0, 1]))
    array([ 4., -1.])
    """
    n = qubo.n_variables
    if not isinstance(qubo.quadratic, Coo):
        return qubo.linear + qubo.quadratic @ bits + bits @ qubo.quadratic
    rows, cols, values = qubo.quadratic
    at_rows = np.bincount(rows, values * bits[cols], minlength=n)
    return qubo.linear + at_rows + np.bincount(cols, values * bits[rows], minlength=n)


def restricted(qubo: Qubo, free: np.ndarray, bits: np.ndarray) -> Qubo:
    """The problem of the variables `free` (k,), in this order, all others being as in `bits` (n,).

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix([[1.0, 3.0], [0.0, -1.0]])
    >>> restricted(qubo, np.array([0]), np.array([0, 1])).energy([1])
    np.float64(3.0)
    """
    others = np.array(bits, dtype=float)
    others[free] = 0.0
    linear, offset = field(qubo, others)[free], float(qubo.energy(others))
    if not isinstance(qubo.quadratic, Coo):
        both = qubo.quadratic[np.ix_(free, free)]
        return Qubo(linear, np.triu(both, 1) + np.tril(both, -1).T, offset)
    place = np.full(qubo.n_variables, -1)
    place[free] = np.arange(len(free))
    rows, cols = place[qubo.quadratic.rows], place[qubo.quadratic.cols]
    inside = (rows >= 0) & (cols >= 0)
    low, high = np.minimum(rows, cols)[inside], np.maximum(rows, cols)[inside]
    return Qubo(linear, Coo(low, high, qubo.quadratic.values[inside]), offset)


def part_seeds(seed: int, parts: int) -> list[int]:
    """Independent seeds for the parts of a request, none of them `seed` itself but by chance.

    >>> part_seeds(3, 2) == part_seeds(3, 3)[:2]
    True
    """
    return (np.random.SeedSequence(seed).generate_state(parts) >> 1).tolist()


def joint_info(
    name: str, options: dict, reads: int, drawn: int, seed: int, parts: Sequence[dict]
) -> dict:
    """The `info` of a wrapper from those of its calls.

    Args:
        name: the wrapper.
        options: its own arguments, JSON-able.
        reads, drawn: reads asked for, and reads in the answer.
        seed: of the request.
        parts: the `info` of each call of the sampler inside; kept under "wrapped".
    """
    seeded = bool(parts) and all(part["effective"]["seed"] is not None for part in parts)
    stages = {stage for part in parts for stage in part["seconds"]}
    return {
        "sampler": name,
        "requested": {"reads": int(reads), "seed": int(seed), **options},
        "effective": {"reads": int(drawn), "seed": int(seed) if seeded else None, **options},
        "seconds": {
            stage: float(sum(part["seconds"].get(stage, 0.0) for part in parts))
            for stage in sorted(stages)
        },
        "simulated": all(part["simulated"] for part in parts),
        "wrapped": list(parts),
    }
