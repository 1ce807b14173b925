"""How strongly the qubits of a chain are coupled: rules, and a scan where the rules are in doubt.

Too weak, and chains break; too strong, and the problem itself is small beside them: on hardware it
drowns in control errors, and in any annealer chains turn so slowly that reads end higher.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from annealing.on_dimod import to_bqm
from annealing.qubo import Qubo
from annealing.samplers.protocol import Samples, check_request

TORQUE = "uniform_torque_compensation"
RULES = (TORQUE, "scaled")
Rule = str | float | Callable[[Any, Any], float] | None


def chain_strength(rule: Rule, logical: Any, embedding: Any = None) -> float:
    """The coupling within chains that `rule` gives, in the unit of the Ising couplings.

    Args:
        rule: "uniform_torque_compensation" (also None): sqrt(2) times the root mean square of the
            couplings times the root of the mean degree, the torque of random neighbours on half a
            chain; "scaled": the largest coefficient; a positive number: itself; a function
            (logical, embedding) -> number, as Ocean's `partial(scaled, prefactor=2.0)`.
        logical: the problem, a `dimod.BinaryQuadraticModel` of spins.
        embedding: its chains, for functions.

    Raises:
        ValueError: there is no such rule, or it gives anything but a positive number.

    >>> from annealing.ising import qubo_from_ising
    >>> logical = to_bqm(qubo_from_ising([0.0, 3.0], {(0, 1): 2.0}), "SPIN")
    >>> chain_strength("scaled", logical), chain_strength(1.5, logical)
    (3.0, 1.5)
    """
    import dwave.embedding.chain_strength as ocean

    named: Any = TORQUE if rule is None else rule
    if isinstance(named, str):
        if named not in RULES:
            raise ValueError(
                f"Argument `chain_strength` must be one of {', '.join(RULES)}, a positive number "
                f"or a function, but is {rule!r}."
            )
        named = getattr(ocean, named)
    strength: Any = named(logical, embedding) if callable(named) else named
    if not (isfinite(strength) and strength > 0):
        raise ValueError(f"Argument `chain_strength` must be positive, but is {strength}.")
    return float(strength)


def rule_name(rule: Rule) -> str | float | None:
    """`rule` as JSON can hold it: a function by its name.

    >>> rule_name(max), rule_name(2.0)
    ('max', 2.0)
    """
    return getattr(rule, "__name__", type(rule).__name__) if callable(rule) else rule


class StrengthRow(NamedTuple):
    """One line of a scan; energies are the QUBO's, after repair, as means over reads."""

    factor: float
    strength: float
    best_energy: float
    mean_energy: float
    break_fraction: float


def scan_chain_strength(
    qubo: Qubo,
    sampler: Any,
    factors: Sequence[float] = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
    *,
    reads: int,
    seed: int,
) -> list[StrengthRow]:
    """What an annealer finds at several chain strengths, one row a factor.

    Args:
        qubo: the problem.
        sampler: an annealer with a field `chain_strength`, such as `MockAnnealer`, or a function
            from a strength to a sampler; its `info` must give the "chain_break_fraction".
        factors: strengths in units of uniform torque compensation. By default the range that
            Ocean recommends around it, and one below.
        reads, seed: of each row; the same seed, so that rows differ by strength alone.

    Raises:
        ValueError: no factors, one that is not positive, or a malformed request.

    >>> from annealing.hardware.mock_annealer import MockAnnealer
    >>> from annealing.qubo import qubo_from_matrix
    >>> mock = MockAnnealer(shape=(2, 4), sweeps=20)
    >>> qubo = qubo_from_matrix([[-1.0, 2.0], [0.0, -1.5]])
    >>> [row.best_energy for row in scan_chain_strength(qubo, mock, [1, 2], reads=5, seed=0)]
    [-1.5, -1.5]
    """
    qubo = check_request(qubo, reads, seed)
    if not factors or not all(isfinite(factor) and factor > 0 for factor in factors):
        raise ValueError(f"Argument `factors` must hold positive numbers, but is {factors}.")
    unit = chain_strength(TORQUE, to_bqm(qubo, "SPIN"))
    make: Any = sampler if callable(sampler) else lambda s: replace(sampler, chain_strength=s)
    drawn = [make(unit * factor).sample(qubo, reads=reads, seed=seed) for factor in factors]
    return [_row(factor, unit, samples) for factor, samples in zip(factors, drawn, strict=True)]


def _row(factor: float, unit: float, samples: Samples) -> StrengthRow:
    return StrengthRow(
        float(factor),
        float(unit * factor),
        float(samples.energies[0]),
        float(np.average(samples.energies, weights=samples.occurrences)),
        float(samples.info["chain_break_fraction"]),
    )


def best_strength(rows: Sequence[StrengthRow]) -> float:
    """The strength of the lowest mean energy; the best read is too much a matter of luck.

    >>> best_strength([StrengthRow(1.0, 2.0, -3.0, -1.0, 0.1), StrengthRow(2.0, 4.0, -3, -2, 0.0)])
    4.0
    """
    return min(rows, key=lambda row: row.mean_energy).strength
