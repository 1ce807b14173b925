"""What a process keeps from one cell to the next: QUBOs that several samplers are given."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np

from experiments.specs import canonical

T = TypeVar("T")
KEPT = 2  # the rows of a table come seed by seed, so few are asked for again


@dataclass(frozen=True)
class Build:
    """Something to be made; two with one digest are one, whoever makes it."""

    digest: str
    make: Callable[[], Any] = field(compare=False)


def sharing(train: Callable, x: np.ndarray, y: np.ndarray, seed: int, settings: dict[str, Any]):
    """Share what a trainer builds from these events and settings, within this process.

    Args:
        train: the trainer, which asks for what it builds by `shared(make)`.
        x: (N, f) features it is given.
        y: (N,) labels.
        seed: its seed.
        settings: its settings, the sampler left out.

    Returns:
        `shared`: a function of `make`, which is called unless an equal trainer's was lately.

    >>> x, y, made = np.zeros((2, 1)), np.arange(2), []
    >>> for sampler in ("one", "two"):
    ...     shared = sharing(sharing, x, y, 0, {"scale": 1.0})
    ...     shared(lambda: made.append(sampler))
    >>> made
    ['one']
    """
    told = [train.__module__, train.__qualname__, canonical(settings), seed]
    told += [str(jnp.result_type(float)), x.shape, str(x.dtype), str(y.dtype)]
    digest = hashlib.sha256(repr(told).encode())
    for array in (x, y):
        digest.update(np.ascontiguousarray(array).tobytes())
    return partial(_shared, digest.hexdigest())


def _shared(digest: str, make: Callable[[], T]) -> T:
    return _made(Build(digest, make))


@lru_cache(maxsize=KEPT)
def _made(build: Build) -> Any:
    return build.make()
