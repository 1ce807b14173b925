"""Product formulas: the evolution under a Hamiltonian as a circuit of its terms, in small steps."""

from circuits.circuit import Circuit, build_circuit
from circuits.modifiers import power
from circuits.observables import Pauli, PauliSum, check_observables
from circuits.operations import Angle, commute, evolution
from circuits.protocol import check_count


def trotterize(
    hamiltonian: PauliSum,
    time: Angle,
    *,
    steps: int = 1,
    order: int = 2,
    n_qubits: int | None = None,
) -> Circuit:
    """Return a circuit near ``exp(-i time H)``.

    Terms are collected, in their order, to groups of such as commute; a step applies the groups one
    after another. The error falls as ``steps ** -order`` at a fixed time, and grows with the
    commutators of the groups; where all terms commute one step is exact.

    Args:
        hamiltonian: ``H``.
        time: in units of one over those of ``H``; a number, or a slot, which can be a batch and has
            a gradient.
        steps: how often the formula is repeated for a part of the time; compile time does not grow
            with it.
        order: 1 (Lie and Trotter), 2 (Strang), 4, 6, ... (Suzuki): each order after 2 takes five
            times the gates of the last.
        n_qubits: number of qubits of the circuit; the largest wire plus one where not given.

    Raises:
        ValueError: where a term acts outside the circuit, `steps` is not positive, or there is no
            formula of that order.

    Source:
        Suzuki, J. Math. Phys. 32, 400 (1991), Eq. 1.3; error bounds: Childs et al., Phys. Rev. X
        11, 011020 (2021), arXiv:1912.08854.

    >>> from circuits.hamiltonians import chain_edges, transverse_ising
    >>> circuit = trotterize(transverse_ising(chain_edges(4)), ("t", 0), steps=10)
    >>> circuit.segments, len(circuit.gates)
    ({'t': 1}, 100)
    """
    wires = [wire for _, string in hamiltonian.terms for wire, _ in string]
    n_qubits = max(wires, default=0) + 1 if n_qubits is None else n_qubits
    check_observables(hamiltonian, n_qubits)
    check_count("steps", steps)
    if order != 1 and (order < 2 or order % 2):
        raise ValueError(f"Argument `order` must be 1 or even, but is order={order!r}.")
    groups = [evolution(PauliSum(tuple(terms)), time) for terms in commuting_groups(hamiltonian)]
    parts = _formula(len(groups), order)
    step = [power(item, part / steps) for at, part in parts for item in groups[at]]
    return build_circuit(step * steps, n_qubits)


def commuting_groups(observable: PauliSum) -> list[list[tuple[float, Pauli]]]:
    """Return the terms in groups of such as commute with each other, each in the first that fits.

    >>> from circuits.observables import pauli
    >>> total = pauli("ZZ", (0, 1)) + pauli("X", 0) + pauli("Z", 0) + pauli("X", 1)
    >>> [[coefficient * len(string) for coefficient, string in each]
    ...  for each in commuting_groups(total)]
    [[2.0, 1.0], [1.0, 1.0]]
    """
    groups: list[list[tuple[float, Pauli]]] = []
    for term in observable.terms:
        fits = (each for each in groups if all(commute(term[1], other) for _, other in each))
        home = next(fits, None)
        if home is None:
            groups.append([term])
        else:
            home.append(term)
    return groups


def _formula(count: int, order: int) -> list[tuple[int, float]]:
    """Groups and their parts of the time, in the order in which they act."""
    if order == 1 or count < 2:
        return [(at, 1.0) for at in range(count)]
    if order == 2:
        forth = [(at, 0.5) for at in range(count - 1)]
        return [*forth, (count - 1, 1.0), *reversed(forth)]
    outer = 1 / (4 - 4 ** (1 / (order - 1)))
    inner = _formula(count, order - 2)
    parts = (outer, outer, 1 - 4 * outer, outer, outer)
    return [(at, part * fraction) for part in parts for at, fraction in inner]
