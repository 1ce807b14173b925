"""The machine's limits, measured, and what a circuit needs at least: flops and bytes.

`python floors.py` prints the limits of one core as a JSON line: float32 multiply-adds by matrix
products of NumPy and JAX (the better one), and the bandwidth of scaling an array in place.
"""

import json
import time

import numpy as np
from workload import Task

FUSED_FLOPS = 14  # real operations an amplitude, for a 2x2 complex matrix on a pair of them
GRADIENT = 4  # estimate: forward, two states taken back, derivatives read off


def limits() -> dict:
    """`flops` a second and `bandwidth` in bytes a second by size of the array in bytes."""
    sizes = [2 ** (n + 3) for n in (16, 18, 20, 22, 24, 26)]
    return {"flops": peak_flops(), "bandwidth": {str(size): bandwidth(size) for size in sizes}}


def peak_flops(n: int = 2048) -> float:
    import jax
    import jax.numpy as jnp

    left = np.random.default_rng(0).normal(size=(n, n)).astype(np.float32)
    right, product = jnp.asarray(left), jax.jit(jnp.matmul)
    seconds = [best(lambda: left @ left), best(lambda: product(right, right).block_until_ready())]
    return 2 * n**3 / min(seconds)


def bandwidth(size: int) -> float:
    """Bytes a second, read and written: one sweep in place."""
    array = np.ones(size // 4, np.float32)
    return 2 * size / best(lambda: np.multiply(array, np.float32(1.0), out=array))


def best(run, rounds: int = 7) -> float:
    seconds = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def flop_floor(task: Task, flops: float) -> float:
    """Seconds of one fused 2x2 matrix a qubit and layer; CNOTs are free, as permutations are.

    The first layer acts on a product state where the encoding is none or angles: it is free too.
    """
    layers = task.layers - (task.encoding in ("none", "angle"))
    forward = FUSED_FLOPS * 2**task.n * task.n * layers * task.samples / flops
    return forward * (GRADIENT if task.work in ("training", "vqe") else 1)


def byte_floor(task: Task, bandwidths: dict[str, float]) -> float:
    """Seconds of one sweep of the complex64 state a layer, at the bandwidth of its size.

    Sizes below the smallest measured get its bandwidth: NumPy's call would weigh more than theirs.
    """
    size = 8 * 2**task.n
    sizes = np.array(sorted(map(int, bandwidths)))
    rates = [bandwidths[str(s)] for s in sizes]
    rate = np.interp(np.log(size), np.log(sizes), rates)
    sweeps = task.layers * (GRADIENT if task.work in ("training", "vqe") else 1)
    return 2 * size * sweeps * task.samples / rate


if __name__ == "__main__":
    print(json.dumps(limits()))
