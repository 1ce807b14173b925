"""What a backend is: anything that can run a circuit for a batch of angles."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.circuit import Circuit
from circuits.observables import PauliSum


class Result(NamedTuple):
    """Expectation values with what is needed to trust them.

    `values` (b, k) for b sets of angles and k observables; `std` (b, k) their standard errors, 0
    where exact; `info` plain data, fit for JSON: "backend", "shots" (None where exact),
    "simulated" (None where the vendor does not say), "seconds" by stage ("execute", and "compile"
    here, or "transpile" and "post-process" at a vendor), "circuit" (its size), and the options
    "requested" against those "effective".
    """

    values: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]
    info: dict[str, Any]


class Backend(Protocol):
    """Runs circuits: our simulator, a vendor's simulator, or a device.

    Angles are `{segment: (size,) or (b, size)}` in radians; segments without a batch axis hold
    for the whole batch, and b = 1 where no segment has one. The same object and the same
    arguments give the same answer wherever the device takes a seed. Bad arguments raise
    ValueError before anything is sent.
    """

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return expectation values of k observables for every set of angles."""
        ...

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return measured bits of shape (b, shots, n), qubit 0 leftmost."""
        ...


def check_count(name: str, value: Any) -> None:
    """Raise ValueError where a count is not a positive int.

    >>> check_count("shots", 0)
    Traceback (most recent call last):
    ValueError: Argument `shots` must be a positive int, but is shots=0.
    """
    if not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"Argument `{name}` must be a positive int, but is {name}={value!r}.")
    if value >= 2**63:
        raise ValueError(f"Argument `{name}` must be below 2**63, but is {name}={value!r}.")


def check_seed(seed: Any) -> None:
    """Raise ValueError where a seed is not an int that every vendor accepts.

    >>> check_seed(-1)
    Traceback (most recent call last):
    ValueError: Argument `seed` must be an int from 0 to 2**31 - 1, but is seed=-1.
    """
    if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**31:
        raise ValueError(
            f"Argument `seed` must be an int from 0 to 2**31 - 1, but is seed={seed!r}."
        )
