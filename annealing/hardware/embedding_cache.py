"""Embeddings kept on disk, since a search takes seconds and its result does not age.

A file holds the chains of one problem graph on one hardware graph; its name is the SHA-256 of
both, of the options and of the program that searched. It is JSON, written beside its place and
renamed, so that any number of processes may share a folder: a reader sees a whole file or none, and
of two that search for the same thing at once, the last one's result stays.

A file that is damaged is an error, as with data files, and not searched for anew in silence: a
search stopped by the clock may end elsewhere, and results would change without a word.
"""

import json
import os
from collections.abc import Callable, Iterable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from annealing.hardware.embedding import checked_embedding, find_embedding, problem_graph

MIRROR = "QML_DATA_MIRROR"  # environment variable: a folder that is looked at first, as for data
SEARCH = 1  # to be raised when the same request would find other chains
Chains = list[list[int]]  # qubits of each variable


def cached_embedding(
    edges: Iterable[tuple[int, int]],
    graph: Any,
    *,
    n: int | None = None,
    seed: int = 0,
    timeout: float = 60.0,
    folder: str | os.PathLike | None = None,
) -> Any:
    """What `find_embedding` returns, searched for once and then read from disk and checked.

    Args:
        edges, graph, n, seed, timeout: as of `find_embedding`; qubits must be ints.
        folder: where embeddings are kept. By default they are looked for in `embeddings` of the
            folder that the environment variable QML_DATA_MIRROR names and of the user's cache of
            this package, and kept in the latter.

    Raises:
        ValueError: nothing was found, or the file is damaged.

    >>> from tempfile import TemporaryDirectory
    >>> from annealing.hardware.chips import chip_graph
    >>> chip = chip_graph("zephyr", (2, 4))
    >>> with TemporaryDirectory() as folder:
    ...     first = cached_embedding([(0, 1)], chip, folder=folder)
    ...     first == cached_embedding([(0, 1)], chip, folder=folder)
    True
    """
    problem = problem_graph(edges, n)

    def search() -> list[Chains]:
        found = find_embedding(problem.edges, graph, n=len(problem), seed=seed, timeout=timeout)
        return [[list(found[i]) for i in range(len(problem))]]

    options = {"kind": "one", "seed": seed, "timeout": timeout}
    return remembered(problem, graph, options, search, folder)[0]


def remembered(
    problem: Any,
    graph: Any,
    options: dict,
    search: Callable[[], list[Chains]],
    folder: str | os.PathLike | None = None,
) -> list[Any]:
    """The embeddings that `search` finds, or that it found when it was run before.

    Args:
        problem: the problem graph, as of `problem_graph`.
        graph, folder: as of `cached_embedding`.
        options: whatever else decides what is found, JSON-able.
        search: returns embeddings, each a list of chains.

    Returns:
        Each as an `EmbeddedStructure`.

    Raises:
        ValueError: the file is damaged.
    """
    name = f"{embedding_digest(problem, graph, options)}.json"
    places = _places(folder)
    path = next((place / name for place in places if (place / name).is_file()), None)
    if path is None:
        path = places[-1] / name
        _write(path, {"chains": search()})
    return _read(path, problem, graph)


def embedding_digest(problem: Any, graph: Any, options: dict) -> str:
    """SHA-256 over problem graph, hardware graph, `options` and minorminer's version.

    >>> from annealing.hardware.chips import chip_graph
    >>> chip, one = chip_graph("zephyr", (2, 4)), problem_graph([(0, 1)])
    >>> turned = problem_graph([(1, 0), (0, 1)])
    >>> embedding_digest(one, chip, {}) == embedding_digest(turned, chip, {})
    True
    """
    graphs = [
        [sorted(g.nodes), sorted(sorted(edge) for edge in g.edges), g.graph.get("family")]
        for g in (problem, graph)
    ]
    finder = {"search": SEARCH, "minorminer": version("minorminer"), **options}
    text = json.dumps([*graphs, finder], sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _places(folder: str | os.PathLike | None) -> list[Path]:
    """Folders to look at in turn; the last one is written to."""
    import pooch

    if folder is not None:
        return [Path(folder)]
    mirror = os.environ.get(MIRROR)
    homes = [mirror, pooch.os_cache("qml-offload")] if mirror else [pooch.os_cache("qml-offload")]
    return [Path(home) / "embeddings" for home in homes]


def _read(path: Path, problem: Any, graph: Any) -> list[Any]:
    try:
        stored = json.loads(path.read_text())["chains"]
        return [
            checked_embedding(dict(enumerate(chains)), problem.edges, graph, len(problem))
            for chains in stored
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"Embedding file {path} is damaged ({error}); delete it and embed again."
        ) from error


def _write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{uuid4().hex}.part")
    part.write_text(json.dumps(content))
    os.replace(part, path)
