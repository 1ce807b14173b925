"""D-Wave's Ocean world: our problems as its models, its samplers as ours.

A sampler of ours is handed to Ocean the other way, by `annealing.dimod_sampler.AsDimod`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal

import numpy as np

from annealing.ising import qubo_from_ising, qubo_to_ising
from annealing.qubo import Coo, Qubo, as_coo, validated
from annealing.samplers.protocol import Samples, check_count, check_request, collect


def to_bqm(qubo: Qubo, vartype: Literal["BINARY", "SPIN"] = "BINARY") -> Any:
    """The `dimod.BinaryQuadraticModel` of `qubo`, with variables 0 to n - 1.

    Args:
        qubo: the problem; couplings that are zero in a dense one become no interaction.
        vartype: "BINARY" for bits, "SPIN" for the same energies in spins 2 b - 1.

    >>> from annealing.qubo import qubo_from_matrix
    >>> to_bqm(qubo_from_matrix([[1.0, 2.0], [0.0, 0.0]])).energy({0: 1, 1: 1})
    np.float64(3.0)
    """
    import dimod

    sparse = as_coo(qubo)
    linear, couplings, offset = qubo_to_ising(sparse) if vartype == "SPIN" else sparse
    return dimod.BinaryQuadraticModel.from_numpy_vectors(
        linear,
        couplings,
        offset,
        dimod.as_vartype(vartype),
        variable_order=range(len(linear)),
    )


def from_bqm(bqm: Any) -> Qubo:
    """The QUBO of a `dimod.BinaryQuadraticModel` of either kind; variable i is `bqm.variables[i]`.

    >>> import dimod
    >>> bqm = dimod.BinaryQuadraticModel({"a": 1.0}, {("b", "a"): 2.0}, 0.5, "BINARY")
    >>> from_bqm(bqm).energy([1, 1])
    np.float64(3.5)
    """
    vectors = bqm.to_numpy_vectors(variable_order=list(bqm.variables))
    couplings = Coo(*vectors.quadratic)
    if bqm.vartype.name == "SPIN":
        return qubo_from_ising(vectors.linear_biases, couplings, vectors.offset)
    return validated(Qubo(vectors.linear_biases, couplings, vectors.offset))


@dataclass(frozen=True)
class FromDimod:
    """Any `dimod.Sampler` (Ocean's, OpenJij's, real hardware behind a composite) as ours.

    `reads` and `seed` go to it as "num_reads" and "seed" where it has such parameters; "effective"
    in `info` says what it did in the end. A sampler without a seed cannot be repeated. Beware of
    samplers whose reads of one seeded call are all the same (OpenJij 0.12).

    Args:
        sampler: the dimod sampler or composite.
        parameters: what else its `sample` method is called with.

    >>> import dimod
    >>> from annealing.qubo import qubo_from_matrix
    >>> samples = FromDimod(dimod.ExactSolver()).sample(qubo_from_matrix([[-1.0]]), reads=5, seed=0)
    >>> samples.bits.tolist(), samples.info["effective"]
    ([[1], [0]], {'reads': 2, 'seed': None})
    """

    sampler: Any
    parameters: Mapping = field(default_factory=dict)

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class.

        Raises:
            ValueError: the request is malformed, or `parameters` holds a name the sampler lacks.
        """
        qubo = check_request(qubo, reads, seed)
        call = self._call(reads, seed)
        start = perf_counter()
        bqm = to_bqm(qubo)
        converted = perf_counter()
        sampleset = self.sampler.sample(bqm, **call)
        sampleset.resolve()
        sampled = perf_counter()
        bits, occurrences = bits_of(sampleset, qubo.n_variables)
        info = {
            "sampler": type(self.sampler).__name__,
            "requested": {"reads": int(reads), "seed": int(seed), **self.parameters},
            "effective": {
                "reads": int(occurrences.sum()),
                "seed": call.get("seed"),
                **self.parameters,
            },
            "seconds": {"convert": converted - start, "sample": sampled - converted},
            "simulated": not _is_remote(self.sampler),
            "vendor": sampleset.info,
        }
        return collect(qubo, bits, jsonable(info), occurrences)

    def _call(self, reads: int, seed: int) -> dict:
        """Keyword arguments for the vendor's `sample`, only such as it knows."""
        known = set(self.sampler.parameters)
        for name in self.parameters:
            if name not in known or name in ("num_reads", "seed"):
                raise ValueError(
                    f"Argument `parameters` must name parameters of {type(self.sampler).__name__} "
                    f"other than num_reads and seed, but has {name!r}."
                )
        drawn = {"num_reads": int(reads), "seed": int(seed)}
        return {**self.parameters, **{name: drawn[name] for name in drawn if name in known}}


@dataclass(frozen=True)
class SimulatedAnnealing:
    """D-Wave's simulated annealer in C++ (`dwave.samplers`), one run a read, on one core.

    Args:
        sweeps: Metropolis sweeps of a read.
        beta_range: first and last inverse temperature of the geometric schedule, in the inverse
            unit of the energies; by default `default_beta_range`.

    >>> from annealing.qubo import qubo_from_matrix
    >>> qubo = qubo_from_matrix([[-1.0, 2.0], [0.0, -2.0]])
    >>> samples = SimulatedAnnealing(sweeps=100).sample(qubo, reads=8, seed=1)
    >>> samples.bits[0].tolist(), samples.energies[0].item()
    ([0, 1], -2.0)
    """

    sweeps: int = 1000
    beta_range: tuple[float, float] | None = None

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class.

        Raises:
            ValueError: the request is malformed, or `sweeps` not positive.
        """
        from dwave.samplers import SimulatedAnnealingSampler

        qubo = check_request(qubo, reads, seed)
        check_count("sweeps", self.sweeps)
        betas = list(self.beta_range or default_beta_range(*qubo_to_ising(qubo)))
        vendor = FromDimod(
            SimulatedAnnealingSampler(), {"num_sweeps": self.sweeps, "beta_range": betas}
        )
        samples = vendor.sample(qubo, reads=reads, seed=seed)
        requested = {"reads": int(reads), "seed": int(seed), "sweeps": self.sweeps}
        changes = {
            "sampler": "SimulatedAnnealing",
            "requested": {**requested, "beta_range": self.beta_range and list(self.beta_range)},
            "effective": {**requested, "beta_range": betas},
        }
        return samples._replace(info={**samples.info, **changes})


def default_beta_range(
    h: np.ndarray, J: np.ndarray | Coo, offset: float = 0.0
) -> tuple[float, float]:
    """Inverse temperatures at which an anneal of the Ising model (h, J) should start and end.

    It starts where the spin held fastest still flips with probability 1/2, and ends where about one
    flip in a hundred sweeps is left if the gap is twice the *median* over spins of the smallest
    bias at a spin. Ocean takes the smallest bias of all in its place, which in problems learnt from
    data is close to zero and lets most of the sweeps run frozen.

    >>> hot, cold = default_beta_range(np.array([1.0, 0.0]), np.array([[0.0, -1.0], [0.0, 0.0]]))
    >>> round(hot, 3), round(cold, 3)
    (0.173, 2.649)
    """
    rows, cols, values = as_coo(Qubo(h, J, offset)).quadratic
    spins = np.concatenate([np.arange(len(h)), rows, cols])
    biases = np.abs(np.concatenate([h, values, values]))
    # Rounding leaves coefficients that should be zero: they set no scale.
    kept = biases > 1e-9 * biases.max(initial=0.0)
    if not kept.any():
        return 0.1, 1.0  # all energies are equal, any temperature will do
    spins, biases = spins[kept], biases[kept]
    total = np.bincount(spins, biases)
    least = np.full(len(total), np.inf)
    np.minimum.at(least, spins, biases)
    gaps = 2 * least[np.isfinite(least)]
    hot, cold = np.log(2) / (2 * total.max()), np.log(100 * len(gaps)) / np.median(gaps)
    return float(hot), float(cold)


def bits_of(sampleset: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Bits (r, n) with column i for variable i, and occurrences (r,), of a `dimod.SampleSet`."""
    columns = [sampleset.variables.index(variable) for variable in range(n)]
    return sampleset.record.sample[:, columns] > 0, sampleset.record.num_occurrences


def jsonable(info: dict) -> dict:
    """`info` as JSON would give it back, what JSON cannot write as text.

    >>> jsonable({"betas": np.ones(2), "range": (1, 2), "vartype": Exception})
    {'betas': [1.0, 1.0], 'range': [1, 2], 'vartype': "<class 'Exception'>"}
    """

    def plain(value: Any) -> Any:
        return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)

    return json.loads(json.dumps(info, default=plain, skipkeys=True))


def _is_remote(sampler: Any) -> bool:
    """Whether hardware or a vendor's service stands at the bottom of the composites."""
    while getattr(sampler, "child", None) is not None:
        sampler = sampler.child
    return type(sampler).__module__.startswith("dwave.system.samplers")
