"""A support vector machine with a kernel, trained by an annealer, for scikit-learn."""

import time
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.metrics.pairwise import linear_kernel, rbf_kernel

from annealing import svm_dual
from qml.estimators.one_vs_rest import OneVsRestByAnnealer
from qml.estimators.subsets import deal


class KernelMachine(NamedTuple):
    """score(x) = sum_n coefficients_n k(support_n, x) + bias, of the events with a coefficient."""

    support: np.ndarray
    coefficients: np.ndarray
    bias: float
    gamma: float


class QUBOSVC(OneVsRestByAnnealer):
    """Classifier: a kernel machine whose multipliers have few bits and are found by an annealer.

    The events are dealt into so many subsets, of equal shares of both classes, that each QUBO has
    at most `max_variables`; the machine is the mean of those of the subsets, each of them the mean
    of the `ensemble` best reads. scikit-learn's `SVC` solves the same problem exactly, without
    subsets, and in less time: compare. Annealed multipliers can be worse than exact ones rounded
    (on 172 variables, 20 reads of simulated annealing were); `solution_.losses` has both.

    Args:
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        kernel: "rbf", exp(-gamma |x - z|^2), or "linear".
        gamma: of the kernel; "scale" is 1 / (features * variance of X).
        bits: bits of one multiplier.
        base: ratio of two neighbouring bits.
        C: largest multiplier; None is the sum of base**k, as published.
        xi: price of the squared sum of signed multipliers.
        ensemble: reads whose machines are averaged, at most so many as differ.
        max_variables: of one QUBO; as many as a chip can hold all coupled.
        reads: answers asked of the annealer.
        random_state: int, RandomState or None; decides every draw.

    After `fit`: `machines_` (a `KernelMachine` for each class), `problem_`, `solution_`,
    `solutions_`. Source: Willsch et al., arXiv:1906.06283.

    Example:
        >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]]); y = np.array(["b", "b", "s", "s"])
        >>> QUBOSVC(random_state=0).fit(x, y).predict(x).tolist()
        ['b', 'b', 's', 's']
    """

    def __init__(
        self,
        sampler: Any = None,
        kernel: Literal["rbf", "linear"] = "rbf",
        gamma: float | Literal["scale"] = "scale",
        bits: int = 2,
        base: float = 2.0,
        C: float | None = None,
        xi: float = 1.0,
        ensemble: int = 10,
        max_variables: int = 180,
        reads: int = 100,
        random_state=None,
    ):
        self.sampler = sampler
        self.kernel = kernel
        self.gamma = gamma
        self.bits = bits
        self.base = base
        self.C = C
        self.xi = xi
        self.ensemble = ensemble
        self.max_variables = max_variables
        self.reads = reads
        self.random_state = random_state

    def _fit_machine(self, X, y, rng) -> KernelMachine:
        gamma = self._inverse_width(X)
        parts = [
            self._fit_subset(X[rows], 2 * y[rows] - 1, gamma, rng)
            for rows in deal(y, self.max_variables // self.bits, rng)
        ]
        return KernelMachine(
            np.concatenate([part.support for part in parts]),
            np.concatenate([part.coefficients for part in parts]) / len(parts),
            float(np.mean([part.bias for part in parts])),
            gamma,
        )

    def _inverse_width(self, X) -> float:
        if self.gamma != "scale":
            return float(self.gamma)
        return 1.0 / (X.shape[1] * X.var()) if X.var() > 0 else 1.0

    def _fit_subset(self, X, labels, gamma: float, rng) -> KernelMachine:
        start = time.perf_counter()
        kernel = self._kernel(X, X, gamma)
        problem = svm_dual(kernel, labels, bits=self.bits, base=self.base, C=self.C, xi=self.xi)
        self._minimise(problem, rng, time.perf_counter() - start)
        self._trained_on = (X, labels, kernel, gamma)
        return self._machine(problem.decode(self.solution_.samples.bits[: self.ensemble]))

    def _machine(self, alphas) -> KernelMachine:
        """The mean machine of multipliers (r, N) of the events of the last QUBO."""
        X, labels, kernel, gamma = self._trained_on
        largest = self.problem_.details["C"]
        bias = np.mean([margin_bias(alpha, labels, kernel, largest) for alpha in alphas])
        coefficients = labels * alphas.mean(axis=0)
        used = coefficients != 0
        return KernelMachine(X[used], coefficients[used], float(bias), gamma)

    def _kernel(self, X, Z, gamma: float) -> np.ndarray:
        if self.kernel == "rbf":
            return rbf_kernel(X, Z, gamma=gamma)
        if self.kernel == "linear":
            return linear_kernel(X, Z)
        raise ValueError(f"Argument `kernel` must be 'rbf' or 'linear', but is {self.kernel!r}.")

    def _score(self, machine, X):
        if len(machine.support) == 0:
            return np.full(len(X), machine.bias)
        kernel = self._kernel(X, machine.support, machine.gamma)
        return kernel @ machine.coefficients + machine.bias

    def _learn(self, params):
        self.machines_ = [self._machine(params[None])]


def margin_bias(alpha: np.ndarray, labels: np.ndarray, kernel: np.ndarray, largest: float) -> float:
    """The bias for which the events on the margin lie on it, on average.

    An event counts alpha (largest - alpha), which is most on the margin and zero off it. Where that
    leaves none, as with one bit, it counts alpha; without multipliers the bias is the mean label.

    Args:
        alpha: multipliers (N,).
        labels: (N,), -1 or +1.
        kernel: (N, N).
        largest: multiplier that is allowed.

    Example:
        >>> margin_bias(np.array([1.0, 1.0]), np.array([1, -1]), np.diag([2.0, 1.0]), 2.0)
        -0.5
    """
    counts = alpha * (largest - alpha)
    counts = counts if counts.any() else alpha
    if not counts.any():
        return float(labels.mean())
    return float(counts @ (labels - kernel @ (alpha * labels)) / counts.sum())
