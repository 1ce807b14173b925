"""The PennyLane device `qml.jax`: our simulator under PennyLane's QNodes.

This module imports PennyLane; `circuits.on_pennylane.JaxDevice` reaches it only when asked for.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from pennylane import math
from pennylane.devices import Device, ExecutionConfig
from pennylane.devices.capabilities import observable_stopping_condition_factory
from pennylane.devices.modifiers import simulator_tracking, single_tape_support
from pennylane.devices.preprocess import (
    decompose,
    validate_device_wires,
    validate_measurements,
    validate_observables,
)
from pennylane.exceptions import DeviceError
from pennylane.measurements import (
    ClassicalShadowMP,
    SampleMeasurement,
    ShadowExpvalMP,
    StateMeasurement,
)
from pennylane.tape import QuantumScript
from pennylane.transforms import broadcast_expand, defer_measurements, transform

from circuits.on_pennylane.measuring import jacobians, results
from circuits.on_pennylane.operations import is_known, prepares_state, takes_angles
from circuits.on_pennylane.programs import make_job
from circuits.on_pennylane.reading import has_real_amplitudes

SHADOWS = (ClassicalShadowMP, ShadowExpvalMP)
SAMPLED = (SampleMeasurement, *SHADOWS)
JAX = (math.Interface.JAX, math.Interface.JAX_JIT)


@simulator_tracking
@single_tape_support
class JaxDevice(Device):
    """PennyLane's QNodes on our simulator, by ``pennylane.device("qml.jax", wires=...)``.

    Exact gradients are the simulator's own, by the adjoint method, in two ways. In PennyLane's JAX
    interface ``diff_method="best"``, the default, makes a QNode one program of JAX, for `jax.jit`,
    `vmap` and `grad` of any order. In every other interface, and with "device", the device returns
    first derivatives itself. With shots PennyLane's parameter-shift rules take over. A batch of
    parameters runs as one program, and so do tapes that differ in their angles alone. Channels run
    on density matrices. Measurements in the middle of a circuit are deferred, which takes a wire
    each; `postselect` is refused.

    Limits: every new circuit is compiled once, which pays for circuits that run many times; complex
    amplitudes and matrices are part of the circuit, so that new ones compile again. In the JAX
    interface with "best" numbers have JAX's precision, elsewhere double. PennyLane 0.45 breaks with
    jax 0.11 and later inside `jax.jit`, and in its JAX interface with "device" or shots; QNodes
    outside `jit`, with `jax.grad` and `vmap` too, work there, and so does what `from_pennylane`
    reads of a QNode, inside `jit`.

    Args:
        wires: their number or labels; None for those of each circuit.
        shots: deprecated by PennyLane in favour of `pennylane.set_shots`.
        seed: of what is sampled, None for a random one.

    >>> import pennylane as qp
    >>> node = qp.QNode(lambda x: (qp.RX(x, 0), qp.expval(qp.Z(0)))[1], JaxDevice(wires=1))
    >>> print(node(0.0))
    1.0
    """

    name = "qml.jax"  # pyright: ignore[reportAssignmentType]
    config_filepath = str(Path(__file__).with_name("capabilities.toml"))

    def __init__(self, wires: Any = None, shots: Any = None, seed: int | None = None) -> None:
        super().__init__(wires=wires, shots=shots)
        self._rng = np.random.default_rng(seed)

    def supports_derivatives(
        self,
        execution_config: ExecutionConfig | None = None,
        circuit: QuantumScript | None = None,
    ) -> bool:
        """Whether PennyLane may ask for first derivatives, or differentiate through JAX."""
        if execution_config is None:
            return True
        method, interface = execution_config.gradient_method, execution_config.interface
        has_shots = circuit is not None and bool(circuit.shots)
        if method in ("best", "backprop") and interface in JAX:
            return not has_shots
        own = method in ("best", "device") and not has_shots
        return own and (circuit is None or _trains_angles(circuit))

    def setup_execution_config(
        self, config: ExecutionConfig | None = None, circuit: QuantumScript | None = None
    ) -> ExecutionConfig:
        """Choose how gradients are computed, and that measurements are deferred."""
        config = ExecutionConfig() if config is None else config
        asked: Any = config.mcm_config
        if config.gradient_method == "best":
            method = "backprop" if config.interface in JAX else "device"
            config = replace(config, gradient_method=method)
        own = config.gradient_method == "device"
        at_once = own if config.grad_on_execution is None else own and config.grad_on_execution
        config = replace(config, use_device_gradient=own, grad_on_execution=at_once)
        if asked.mcm_method not in (None, "deferred"):
            raise DeviceError(
                f"Device {self.name!r} defers measurements in the middle of a circuit, but "
                f"`mcm_method` is {asked.mcm_method!r}."
            )
        return replace(config, mcm_config=replace(asked, mcm_method="deferred"))

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None):
        """The transforms that bring a circuit to what the simulator runs."""
        from pennylane import CompilePipeline

        config = execution_config or ExecutionConfig()
        assert self.capabilities is not None, "read from the TOML file"
        exact, sampled = (self.capabilities.filter(finite_shots=each) for each in (False, True))
        pipeline = CompilePipeline()
        pipeline.add_transform(defer_measurements, allow_postselect=False)
        gates = self.capabilities.gate_set()
        pipeline.add_transform(
            decompose, stopping_condition=is_known, target_gates=gates, name=self.name
        )
        pipeline.add_transform(validate_device_wires, self.wires, name=self.name)
        pipeline.add_transform(
            validate_measurements,
            analytic_measurements=lambda item: isinstance(item, StateMeasurement),
            sample_measurements=lambda item: isinstance(item, SAMPLED),
            name=self.name,
        )
        pipeline.add_transform(
            validate_observables,
            stopping_condition=observable_stopping_condition_factory(exact),
            stopping_condition_shots=observable_stopping_condition_factory(sampled),
            name=self.name,
        )
        own = config.gradient_method == "device"
        pipeline.add_transform(broadcast_expand if own else split_batched_data)
        return pipeline

    def execute(self, circuits: Any, execution_config: ExecutionConfig | None = None):
        """Return the results of tapes; those of one structure run as one program."""
        tapes = [tape.map_to_standard_wires() for tape in circuits]
        if execution_config is not None and execution_config.gradient_method == "backprop":
            return tuple(results(tapes, [make_job(tape) for tape in tapes], self._rng))
        with jax.enable_x64(True):
            found = results(tapes, [make_job(tape) for tape in tapes], self._rng)
            return jax.tree.map(np.asarray, tuple(found))

    def compute_derivatives(self, circuits: Any, execution_config: ExecutionConfig | None = None):
        """Return the Jacobians of tapes with respect to their trainable angles."""
        return self.execute_and_compute_derivatives(circuits, execution_config)[1]

    def execute_and_compute_derivatives(
        self, circuits: Any, execution_config: ExecutionConfig | None = None
    ):
        """Return results and Jacobians of tapes, from one pass forward."""
        tapes = [tape.map_to_standard_wires() for tape in circuits]
        with jax.enable_x64(True):
            pairs = jacobians(tapes, [make_job(tape) for tape in tapes])
        return tuple(value for value, _ in pairs), tuple(slopes for _, slopes in pairs)


@transform
def split_batched_data(tape):
    """Split a batch of matrices, constants of a program, or of shadows, taken of single states."""
    batched = [item for item in tape.operations if item.batch_size is not None]
    shadows = any(isinstance(item, SHADOWS) for item in tape.measurements)
    if all(_has_slots(item) for item in batched) and not (batched and shadows):
        return (tape,), lambda values: values[0]
    return broadcast_expand(tape)


def _trains_angles(circuit: QuantumScript) -> bool:
    """Whether every trainable parameter is a number that is an angle.

    PennyLane puts no derivatives by vectors, such as amplitudes, into its products.
    """
    trained = [circuit.get_operation(i)[0] for i in range(len(circuit.trainable_params))]
    return all(
        item in circuit.operations and _has_slots(item) and not prepares_state(item)
        for item in trained
    )


def _has_slots(item) -> bool:
    """Whether the parameters of an operation are arguments of the program."""
    if prepares_state(item):
        return has_real_amplitudes(item)
    return not is_known(item) or takes_angles(item)
