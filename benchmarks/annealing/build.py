"""Building problems: seconds from data to a QUBO, which must not be what training waits for.

Claim measured: weighing 1,000 weak learners on 20,000 events and the dual of a support vector
machine with 2,000 variables are each built in less than a second on two cores, after a first build
that warms up; a further box of a zoom, whose Gram matrix is kept, in a tenth of that. Beside them,
at a size where it ends, a loop over pairs as in published examples, and the ratio. The data are
random: their values do not matter to the time. Prints the table and writes it to
`benchmarks/results/annealing_build.md`; `--small` takes a hundredth of everything and writes
nothing.
"""

import argparse
import os
import platform
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from annealing import (
    Problem,
    boosting,
    fixed_point,
    least_squares,
    squared_hinge,
    svm_dual,
    zoomed_boosting,
)

RESULTS = Path(__file__).parents[1] / "results" / "annealing_build.md"
REPEATS = 5
LOOPED = (60, 500)  # weak learners and events of the loop over pairs


def cases(small: bool) -> dict[str, Callable[[], Problem]]:
    """What is built, by name."""
    rng = np.random.default_rng(0)
    N, m, events = (200, 10, 20) if small else (20_000, 1_000, 2_000)
    H, y = rng.uniform(-1, 1, (N, m)), rng.choice([-1, 1], N)
    X, few = rng.normal(size=(N, m // 5)), rng.normal(size=(events // 4, 20))
    factor = rng.normal(size=(events, 20))
    kernel, labels = factor @ factor.T, y[:events]
    half = events // 2
    make_problem = zoomed_boosting(H, y)
    return {
        f"boosting, {m} learners, {N} events": lambda: boosting(H, y),
        f"boosting, {m} learners, {N} events, the next box": lambda: make_problem(0.0, 0.5),
        f"svm_dual, {events} events, 1 bit": lambda: svm_dual(kernel, labels, bits=1),
        f"svm_dual, {half} events, 2 bits": lambda: svm_dual(kernel[:half, :half], labels[:half]),
        f"squared_hinge, {len(few)} events, 3 bits": lambda: squared_hinge(few, y[: len(few)]),
        f"least_squares, {m // 5} coefficients, 10 bits": lambda: least_squares(
            X, y, fixed_point(m // 5, 10, -1.0, 1.0)
        ),
    }


def seconds(build: Callable[[], object]) -> float:
    """The fastest of several builds after one that warms up."""
    build()
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        build()
        times.append(perf_counter() - start)
    return min(times)


def by_pairs(H: np.ndarray, y: np.ndarray, scale: float) -> dict[tuple[int, int], float]:
    """Boosting's coefficients, one scalar product after the other."""
    N, m = H.shape
    terms = {}
    for i in range(m):
        terms[i, i] = (H[:, i] @ H[:, i] / scale**2 - 2 * H[:, i] @ y / scale) / N
        for j in range(i + 1, m):
            terms[i, j] = 2 * H[:, i] @ H[:, j] / scale**2 / N
    return terms


def loop_line() -> str:
    """How much longer the loop over pairs takes."""
    rng = np.random.default_rng(0)
    m, N = LOOPED
    H, y = rng.uniform(-1, 1, (N, m)), rng.choice([-1, 1], N)
    looped, ours = seconds(lambda: by_pairs(H, y, m**0.5)), seconds(lambda: boosting(H, y))
    return (
        f"A loop over pairs of {m} learners on {N} events takes {looped:.2g} s, "
        f"`boosting` {ours:.2g} s: {looped / ours:.1f} times less."
    )


def table(small: bool) -> str:
    """Markdown of all cases."""
    lines = [
        f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores, "
        f"best of {REPEATS} after a first.",
        "",
        "| problem | variables | seconds |",
        "|---|---|---|",
    ]
    for name, build in cases(small).items():
        lines.append(f"| {name} | {build().qubo.n_variables} | {seconds(build):.3f} |")
    return "\n".join([*lines, "", loop_line(), ""])


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--small", action="store_true", help="a hundredth; writes nothing")
    small = parser.parse_args().small
    text = table(small)
    print(text)
    if not small:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
