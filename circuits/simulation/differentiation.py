"""How the gradient of a simulated circuit is taken: by adjoints, or in JAX's own reverse mode."""

import jax.numpy as jnp

from circuits.simulation.devices.memory import device_memory
from circuits.simulation.engine.choice import Choice
from circuits.simulation.engine.program import Program

GRADIENTS = ("auto", "adjoint", "reverse")


def check_gradient(gradient: str) -> None:
    """Refuse what is no way to take a gradient.

    Raises:
        ValueError: where it is none of `GRADIENTS`.

    >>> check_gradient("adjoint")
    """
    if gradient not in GRADIENTS:
        known = ", ".join(map(repr, GRADIENTS))
        raise ValueError(f"Argument `gradient` must be one of {known}, but is {gradient!r}.")


def choose_gradient(chosen: Choice, gradient: str, batch: int) -> Choice:
    """Return the engine's choice for a gradient, with the way to take it that was asked for.

    The engine takes adjoints. They were the faster ones from 8 qubits on and need far less memory,
    so that "auto" leaves it at that. "reverse" runs JAX's kernels: JAX cannot differentiate native
    ones.

    Args:
        chosen: for a gradient.
        gradient: one of `GRADIENTS`.
        batch: number of samples.

    Raises:
        ValueError: where the states that "reverse" keeps do not fit in memory.
    """
    if gradient != "reverse":
        return chosen
    _check_kept(chosen.program, batch)
    return chosen._replace(kernels="jax", gradient="reverse", again=False)


def kept_states(program: Program) -> int:
    """Return how many states reverse mode keeps at least: that before each operation.

    >>> from circuits import build_circuit, gate
    >>> from circuits.simulation.engine.program import make_program
    >>> kept_states(make_program(build_circuit([gate("h", 0)])))
    1
    """
    return len(program.before) + sum(map(len, program.repeats)) + len(program.after)


def _check_kept(program: Program, batch: int) -> None:
    state_bytes = jnp.dtype(jnp.result_type(complex)).itemsize * 2**program.n_qubits
    needed, limit = kept_states(program) * batch * state_bytes, device_memory()
    if needed > limit:
        raise ValueError(
            f'`gradient="reverse"` keeps at least {kept_states(program)} states of {state_bytes} '
            f"bytes for each of {batch} samples, {needed / 1e9:.1f} GB in all, but there are "
            f'{limit / 1e9:.1f} GB: use "adjoint", which keeps none.'
        )
