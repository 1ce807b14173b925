"""Primitives V2, ours and Qiskit's, on the same PUBs."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.primitives import (
    BackendEstimatorV2,
    BackendSamplerV2,
    BaseEstimatorV2,
    BaseSamplerV2,
    StatevectorEstimator,
    StatevectorSampler,
)
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import EstimatorV2 as AerEstimator
from qiskit_aer.primitives import SamplerV2 as AerSampler

from circuits.on_qiskit import EstimatorV2, SamplerV2

NOISY = 0.05
SHOTS = 400  # 1 / NOISY**2

ESTIMATORS = [
    pytest.param(StatevectorEstimator(), 0.0, id="StatevectorEstimator"),
    pytest.param(AerEstimator(options={"default_precision": 0.0}), 0.0, id="AerEstimator"),
    pytest.param(EstimatorV2(), 0.0, id="ours"),
    pytest.param(StatevectorEstimator(seed=1), NOISY, id="StatevectorEstimator-precision"),
    pytest.param(
        BackendEstimatorV2(backend=AerSimulator(), options={"seed_simulator": 1}),
        NOISY,
        id="BackendEstimatorV2",
    ),
    pytest.param(EstimatorV2(seed=1), NOISY, id="ours-precision"),
]
SAMPLERS = [
    pytest.param(StatevectorSampler(seed=1), id="StatevectorSampler"),
    pytest.param(
        BackendSamplerV2(backend=AerSimulator(), options={"seed_simulator": 1}), id="BackendSampler"
    ),
    pytest.param(AerSampler(seed=1), id="AerSampler"),
    pytest.param(SamplerV2(seed=1), id="ours"),
]
# Shapes of observables and parameter sets, and what they broadcast to.
SHAPES = [
    ((), (), ()),
    ((2, 1), (2,), (2, 2)),
    ((2,), (2,), (2,)),
    ((3,), (2, 1), (2, 3)),
]
OBSERVABLES = [
    {"ZI": 0.5, "XY": -1.5, "II": 0.25},
    {"IZ": 1.0},
    {"YX": 1.0, "XX": 1.0},
]


@pytest.fixture(scope="module")
def built():
    """Vectors and loose parameters, whose names sort in another order than they enter."""
    z, a = ParameterVector("z", 2), Parameter("a")
    circuit = QuantumCircuit(2, metadata={"mine": 1})
    circuit.ry(z[1], 0)
    circuit.rx(2 * a + z[0], 1)
    circuit.cx(0, 1)
    circuit.ry(z[0], 0)
    return circuit


def grid(shape_observables, shape_parameters):
    rng = np.random.default_rng(0)
    observables = np.resize(np.array(OBSERVABLES, object), shape_observables)
    return observables, rng.uniform(-2, 2, (*shape_parameters, 3))


def exact(built, observables, values):
    """Expectation values from state vectors, each by itself."""
    places = np.arange(max(1, int(np.prod(values.shape[:-1])))).reshape(values.shape[:-1])
    rows, operators = np.broadcast_arrays(places, observables)
    flat = values.reshape(-1, 3)
    pairs = zip(rows.ravel(), operators.ravel(), strict=True)
    states = [Statevector(built.assign_parameters(row)) for row in flat]
    sums = [(states[row], SparsePauliOp.from_list([*terms.items()])) for row, terms in pairs]
    return np.reshape([psi.expectation_value(each).real for psi, each in sums], rows.shape)


@pytest.mark.parametrize(("estimator", "precision"), ESTIMATORS)
def test_estimators_agree_on_values_shapes_errors_and_metadata(estimator, precision, built):
    assert isinstance(estimator, BaseEstimatorV2)
    cases = [grid(observables, parameters) for observables, parameters, _ in SHAPES]
    pubs = [(built, observables.tolist(), values) for observables, values in cases]
    job = estimator.run(pubs, precision=precision)
    result = job.result()
    assert job.done()
    assert isinstance(job.job_id(), str)
    assert result.metadata["version"] == 2
    for (observables, values), (_, _, shape), each in zip(cases, SHAPES, result, strict=True):
        expected = exact(built, observables, values)
        assert each.data.evs.shape == each.data.stds.shape == each.data.shape == shape
        assert each.metadata["target_precision"] == precision
        assert each.metadata["circuit_metadata"] == {"mine": 1}
        np.testing.assert_allclose(each.data.evs, expected, atol=1e-9 if not precision else 0.8)
        # Of the peers only those that draw shots know their errors.
        if precision == 0:
            assert np.all(each.data.stds == 0)
        elif not isinstance(estimator, StatevectorEstimator):
            assert np.all(np.abs(each.data.evs - expected) < 5 * each.data.stds + 1e-12)


def test_precisions_of_pubs_go_before_those_of_the_call(built):
    values = np.full(3, 0.4)
    pubs = [(built, "ZI", values), (built, "ZI", values, 0.1)]
    first, second = EstimatorV2(default_precision=0.3, seed=1).run(pubs, precision=0.2).result()
    assert (first.metadata["shots"], second.metadata["shots"]) == (25, 100)


def test_pubs_draw_independently_and_seeds_repeat(built):
    pubs = [(built, "ZI", np.full(3, 0.4))] * 2
    one, two, other = (EstimatorV2(seed=s).run(pubs, precision=0.02).result() for s in (3, 3, 4))
    values = [[float(pub.data.evs) for pub in result] for result in (one, two, other)]
    assert values[0] == values[1] != values[2]
    assert values[0][0] != values[0][1]


def test_projectors_are_observables(built):
    root = np.sqrt(0.5)
    states = {"0": [1, 0], "1": [0, 1], "+": [root, root], "-": [root, -root]}
    states |= {"r": [root, 1j * root], "l": [root, -1j * root]}
    values = [0.3, -0.7, 1.1]
    psi = Statevector(built.assign_parameters(values)).data.reshape(2, 2)  # qubit 1, then qubit 0
    expected = [2 * np.linalg.norm(np.conj(state) @ psi) ** 2 for state in states.values()]
    pub = (built, [{f"{letter}I": 2.0} for letter in states], values)
    result = EstimatorV2().run([pub]).result()[0]
    np.testing.assert_allclose(result.data.evs, expected, atol=1e-12)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_agree_on_registers_shapes_and_frequencies(sampler, built):
    assert isinstance(sampler, BaseSamplerV2)
    measured = built.copy()
    measured.measure_all()
    sets = np.random.default_rng(1).uniform(-2, 2, (2, 3, 3))
    job = sampler.run([(measured, sets), (measured, sets[0, 0], 50)], shots=SHOTS)
    batch, single = job.result()
    assert job.done()
    assert batch.data.meas.shape == batch.data.shape == (2, 3)
    assert (batch.data.meas.num_shots, batch.data.meas.num_bits) == (SHOTS, 2)
    assert single.data.meas.num_shots == 50
    assert batch.metadata["shots"] == SHOTS
    assert batch.metadata["circuit_metadata"] == {"mine": 1}
    for at in np.ndindex(2, 3):
        expected = Statevector(built.assign_parameters(sets[at])).probabilities_dict()
        counts = batch.data.meas[at].get_counts()
        for bits in ("00", "01", "10", "11"):
            share = expected.get(bits, 0.0)
            error = np.sqrt(share * (1 - share) / SHOTS)
            assert abs(counts.get(bits, 0) / SHOTS - share) <= 4.5 * error + 1e-12


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_write_the_registers_that_a_circuit_names(sampler):
    """Nine bits take two bytes; unmeasured bits are 0; bits cross over."""
    wide, one = ClassicalRegister(9, "wide"), ClassicalRegister(1, "one")
    circuit = QuantumCircuit(3)
    circuit.add_register(wide, one)
    circuit.x(0)
    circuit.measure(0, wide[8])
    circuit.measure(2, one[0])
    circuit.measure(1, wide[0])
    data = sampler.run([circuit], shots=7).result()[0].data
    assert data.wide.get_counts() == {"100000000": 7}
    assert data.one.get_counts() == {"0": 7}


def test_empty_pubs_and_batches_of_nothing_keep_their_shapes(built):
    """No sets, no observables, no bits; and sets of a circuit that has no parameters."""
    fixed = QuantumCircuit(1)
    fixed.h(0)
    pubs = [(built, "ZI", np.zeros((0, 3))), (built, [], np.zeros(3))]
    pubs.append((fixed, ["Z", "X"], np.zeros((3, 1, 0))))
    for estimator in (StatevectorEstimator(), EstimatorV2()):
        *nothing, batch = estimator.run(pubs).result()
        assert [each.data.evs.shape for each in nothing] == [(0,), (0,)]
        np.testing.assert_allclose(batch.data.evs, [[0, 1]] * 3, atol=1e-12)
    fixed.add_register(ClassicalRegister(0, "none"))
    fixed.measure_all()
    measured = built.measure_all(inplace=False)
    for sampler in (StatevectorSampler(seed=1), SamplerV2(seed=1)):
        no_sets, sets = sampler.run(
            [(measured, np.zeros((0, 3))), (fixed, np.zeros((3, 0)))], shots=9
        ).result()
        assert (no_sets.data.meas.shape, sets.data.none.num_bits) == ((0,), 0)
        assert (sets.data.meas.shape, sets.data.meas.num_shots) == ((3,), 9)
    assert len({each.tobytes() for each in sets.data.meas.array}) > 1, "each set draws"


def test_circuits_that_mix_states_run_on_density_matrices():
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.h(0)
    result = EstimatorV2().run([(circuit, ["IZ", "ZX", "XZ"])]).result()[0]
    # The condition copies the measured bit; a pure Bell pair would have 1 for XZ too.
    np.testing.assert_allclose(result.data.evs, [0, 1, 0], atol=1e-12)
    circuit.reset([0, 1])
    result = EstimatorV2().run([(circuit, ["IZ", "ZI"])]).result()[0]
    np.testing.assert_allclose(result.data.evs, [1, 1], atol=1e-12)
    with pytest.raises(ValueError, match="must measure at their end only"):
        SamplerV2().run([circuit])


def test_wrong_precisions_shots_and_seeds_are_refused(built):
    with pytest.raises(ValueError, match=r"`precision` must not be negative, but is -0\.1"):
        EstimatorV2().run([(built, "ZI", np.zeros(3))], precision=-0.1)
    with pytest.raises(ValueError, match="`shots` must be a positive int, but is shots=0"):
        SamplerV2().run([built], shots=0)
    with pytest.raises(ValueError, match="`default_shots` must be a positive int"):
        SamplerV2(default_shots=0)
    with pytest.raises(ValueError, match="`seed` must be an int"):
        EstimatorV2(seed=-1)
