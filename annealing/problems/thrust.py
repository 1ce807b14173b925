"""Two jets by thrust: the plane through the origin that parts an event's momentum best.

    thrust = max_n sum_i |n.p_i| / sum_i |p_i| = max_s |sum_i s_i p_i| / sum_i |p_i|
    loss(s) = -|sum_i s_i p_i|^2 / (sum_i |p_i|)^2,             s_i = -1 or +1, the hemisphere

so the least loss is minus the thrust squared: 1 for two opposite pencils, 1/4 for an even sphere
(thrust 1/2). Wei, Naik, Harrow and Thaler, arXiv:1908.08949, write it in bits, with the momenta of
one hemisphere only, which is the same where momenta sum to zero; in spins it always is. All pairs
are coupled, so a chip holds about 180 particles. Exact classical programs take N^3 steps, or
N^2 log N; Delgado and Thaler, arXiv:2205.02814, match them by an annealer only after tuning it.
s and -s are the same split.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import spin
from annealing.problem import Problem, quadratic_problem
from annealing.qubo import by_blocks, finite


def thrust(momenta: Any) -> Problem:
    """The problem of assigning particles to the hemispheres of two jets.

    Args:
        momenta: (N, 3) in any unit, or (N, 2) of an event in a plane.

    Returns:
        A problem of `thrust_variables(N)` variables; the parameters are the spins (N,). The square
        root of minus the loss is a split's thrust. `relaxed` gives real spins of the same length,
        along the principal axis, whose loss no spins can beat.

    Raises:
        ValueError: not such an array, or no momentum at all.

    >>> problem = thrust([[3.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [-2.0, -1.0, 0.0]])
    >>> round(float((-problem.loss([1, -1, -1])) ** 0.5), 4)
    0.9022
    """
    P = finite("momenta", momenta, ndim=2)
    if len(P) == 0 or P.shape[1] not in (2, 3):
        raise ValueError(f"Argument `momenta` must have shape (N, 3) or (N, 2), has {P.shape}.")
    total = float(np.linalg.norm(P, axis=1).sum())
    if total == 0:
        raise ValueError("Argument `momenta` must hold a momentum other than zero.")
    problem = quadratic_problem(
        -P @ P.T / total**2,
        np.zeros(len(P)),
        0.0,
        spin(len(P)),
        loss=partial(_loss, P / total),
        name="thrust",
        details={"particles": len(P)},
    )
    return problem._replace(relaxed=partial(_principal, P))


def thrust_variables(N: int) -> int:
    """Variables of `thrust` for N particles: one each.

    >>> thrust_variables(180)
    180
    """
    return N


def _loss(P: np.ndarray, spins: Any) -> Any:
    """The loss of spins (..., N), from momenta of which the lengths sum to 1."""
    return by_blocks(
        lambda s: -((s @ P) ** 2).sum(axis=1), np.asarray(spins, dtype=float), len(P) + 3
    )


def _principal(P: np.ndarray) -> np.ndarray:
    """Real spins (N,) of length sqrt(N) with the least loss; the largest is positive."""
    first = np.linalg.svd(P, full_matrices=False)[0][:, 0]
    return first * np.sqrt(len(P)) * np.sign(first[np.abs(first).argmax()])
