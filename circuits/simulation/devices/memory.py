"""How much memory a simulation needs, and what fits: figures that are computed, not measured.

A state vector has 2**n complex amplitudes; what a method needs is a multiple of it. On one device
the multiples are the bounds that the engine aims at, 2.2 states to run and 4.2 for adjoint
gradients. Over several devices they are what XLA's buffers took on CPUs, in
benchmarks/results/sharding.md.
"""

import os
from pathlib import Path
from typing import NamedTuple

import jax

from circuits.protocol import check_count

# States (or density matrices) that a method holds at once, without those kept for reverse mode.
STATES = {"state": 2.2, "gradient": 4.2, "reverse": 2.2, "density": 2.2, "trajectories": 2.2}
# The same for one state over several devices, from 18 qubits up; below, the matrices count too.
STATES_SHARDED = STATES | {"state": 3.4, "gradient": 4.8}
# Reverse mode keeps the state before the rotations and before the entanglers of a layer.
KEPT_PER_LAYER = 2
# What JAX takes of a GPU's memory, unless XLA_PYTHON_CLIENT_MEM_FRACTION says otherwise.
JAX_FRACTION = 0.75
# Memory of an A100 and of its MIG slices, in GB.
SLICES = (5, 10, 20, 40, 80)
REAL_BYTES = {"single": 4, "double": 8}
BEYOND = ("`MatrixProduct` where entanglement is low", "`Stabilizer` for Clifford circuits")
INSTEAD = {"reverse": ("gradient",), "density": ("trajectories",)}


class MemoryPlan(NamedTuple):
    """What a method needs: `state_bytes` for one state, `bytes_per_device` at its peak.

    `device_bytes` is what a device has, None where that is not known.
    """

    n_qubits: int
    precision: str
    method: str
    devices: int
    state_bytes: int
    bytes_per_device: int
    device_bytes: int | None

    @property
    def fits(self) -> bool:
        """Whether it fits; True where nothing is known of the device."""
        return self.device_bytes is None or self.bytes_per_device <= self.device_bytes


def memory_plan(
    n_qubits: int,
    *,
    precision: str = "single",
    method: str = "state",
    devices: int = 1,
    layers: int = 1,
    batch: int = 1,
    device_bytes: int | None = None,
) -> MemoryPlan:
    """Return what a simulation needs, computed from the size of a state.

    Args:
        n_qubits: n.
        precision: "single" (complex64) or "double" (complex128).
        method: "state" for state, expectations, samples; "gradient" for adjoint gradients;
            "reverse" for those that keep every state; "density" for 4**n real numbers;
            "trajectories" for noise by random states.
        devices: over which each state is spread evenly.
        layers: of the circuit; only "reverse" depends on it.
        batch: states that are computed at the same time.
        device_bytes: what one device has, for `fits`.

    Raises:
        ValueError: on an unknown method or precision, or a count that is not positive.

    >>> plan = memory_plan(30, method="gradient", device_bytes=40 * 10**9)
    >>> f"{plan.state_bytes / 1e9:.1f} GB, {plan.bytes_per_device / 1e9:.1f} GB, {plan.fits}"
    '8.6 GB, 36.1 GB, True'
    """
    for name, value in (("devices", devices), ("layers", layers), ("batch", batch)):
        check_count(name, value)
    check_count("n_qubits", n_qubits)
    if method not in STATES:
        known = ", ".join(STATES)
        raise ValueError(f"Argument `method` must be one of {known}, but is {method!r}.")
    if precision not in REAL_BYTES:
        raise ValueError(
            f'Argument `precision` must be "single" or "double", but is {precision!r}.'
        )
    numbers = 4**n_qubits if method == "density" else 2 ** (n_qubits + 1)
    state_bytes = numbers * REAL_BYTES[precision]
    states = STATES if devices == 1 else STATES_SHARDED
    tenths = round(10 * states[method]) + 10 * KEPT_PER_LAYER * layers * (method == "reverse")
    needed = -(-state_bytes * tenths * batch // (10 * devices))
    return MemoryPlan(n_qubits, precision, method, devices, state_bytes, needed, device_bytes)


def largest_qubits(
    device_bytes: int,
    *,
    precision: str = "single",
    method: str = "state",
    devices: int = 1,
    layers: int = 1,
) -> int:
    """Return the most qubits whose simulation fits into `device_bytes` on each device, 0 for none.

    >>> largest_qubits(40 * 10**9), largest_qubits(40 * 10**9, method="density")
    (31, 16)
    """
    n = 0
    while (
        memory_plan(
            n + 1, precision=precision, method=method, devices=devices, layers=layers
        ).bytes_per_device
        <= device_bytes
    ):
        n += 1
    return n


def slice_table(precision: str = "single", devices: int = 1) -> list[tuple[int, dict[str, int]]]:
    """Return what slices of an A100 hold: (GB, {method: most qubits}), computed.

    Of each slice the part that JAX takes by default is counted, three quarters; "reverse" is for
    10 layers.

    >>> slice_table()[-1]
    (80, {'state': 31, 'gradient': 30, 'reverse': 28, 'density': 16, 'trajectories': 31})
    """
    rows = []
    for size in SLICES:
        room = int(size * 10**9 * JAX_FRACTION)
        fits = {
            method: largest_qubits(
                room, precision=precision, method=method, devices=devices, layers=10
            )
            for method in STATES
        }
        rows.append((size, fits))
    return rows


def device_memory() -> int:
    """Return the bytes that JAX may use on its first device.

    On a GPU what its allocator reports; on a CPU the machine's memory, or the limit of the control
    group this process is in, whichever is less.

    >>> device_memory() > 2**20
    True
    """
    stats = jax.devices()[0].memory_stats() or {}
    if "bytes_limit" in stats:
        return int(stats["bytes_limit"])
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    group = Path("/sys/fs/cgroup/memory.max")
    if group.exists() and (text := group.read_text().strip()).isdigit():
        limits.append(int(text))
    return min(limits)


def check_fits(plan: MemoryPlan) -> MemoryPlan:
    """Return the plan where it fits.

    Raises:
        ValueError: where it does not: with the bytes it needs and what would fit instead.

    >>> check_fits(memory_plan(40, device_bytes=10**9))
    Traceback (most recent call last):
    ...
    ValueError: Method 'state' for 40 qubits needs 19351.4 GB on each of 1 device, but there are ...
    """
    if plan.fits:
        return plan
    assert plan.device_bytes is not None, "nothing is refused on an unknown device"
    many = "device" if plan.devices == 1 else "devices"
    raise ValueError(
        f"Method {plan.method!r} for {plan.n_qubits} qubits needs "
        f"{plan.bytes_per_device / 1e9:.1f} GB on each of {plan.devices} {many}, but there are "
        f"{plan.device_bytes / 1e9:.1f} GB. What would fit: {'; '.join(alternatives(plan))}."
    )


def alternatives(plan: MemoryPlan) -> list[str]:
    """Return what would fit instead of a plan that does not, in words.

    >>> alternatives(memory_plan(20, method="density", device_bytes=10**9))[0]
    "method 'trajectories' (0.0 GB)"
    """
    assert plan.device_bytes is not None, "the plan knows its device"
    found = []
    for method in INSTEAD.get(plan.method, ()):
        other = plan_again(plan, method)
        if other.fits:
            found.append(f"method {method!r} ({other.bytes_per_device / 1e9:.1f} GB)")
    if plan.precision == "double" and plan.bytes_per_device // 2 <= plan.device_bytes:
        found.append('precision "single"')
    if plan.method == "density":
        return found or ["fewer qubits"]
    if plan.method != "trajectories":
        found += _over_more_devices(plan)
    return [*found, *BEYOND]


def plan_again(plan: MemoryPlan, method: str, devices: int | None = None) -> MemoryPlan:
    """Return the plan of another method for the same circuit, on the same devices unless given.

    >>> plan_again(memory_plan(10), "gradient").method
    'gradient'
    """
    return memory_plan(
        plan.n_qubits,
        precision=plan.precision,
        method=method,
        devices=devices or plan.devices,
        device_bytes=plan.device_bytes,
    )


def _over_more_devices(plan: MemoryPlan) -> list[str]:
    assert plan.device_bytes, "checked by the caller"
    name, method = (
        ("`sharded_state`", "state")
        if plan.method == "state"
        else ("`sharded_expectation` by adjoints", "gradient")
    )
    devices = 2 * plan.devices
    while not plan_again(plan, method, devices).fits:
        devices *= 2
    return [f"{name} over {devices} devices"]
