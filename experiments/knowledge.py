"""The knowledge base: what benchmarks are shipped, by technology, field and tool."""

from collections.abc import Sequence

from experiments.specs import Spec, load_spec, shipped_names

LABELS = ("technology", "field", "tool")


def shipped_specs(**labels: str | None) -> list[Spec]:
    """The shipped specs whose labels contain these words.

    Args:
        labels: any of technology, field, tool; a label matches where it contains the word.

    Returns:
        the specs in order of their names.

    Raises:
        ValueError: a label that is not one of the three.

    >>> [spec.name for spec in shipped_specs(field="hep", tool="pennylane")]
    ['demo']
    """
    for label in labels:
        if label not in LABELS:
            raise ValueError(f"Unknown label {label!r}; known are {', '.join(LABELS)}.")
    specs = [load_spec(name) for name in shipped_names()]
    return [spec for spec in specs if all(_has(spec, k, v) for k, v in labels.items() if v)]


def heads_and_cells(specs: Sequence[Spec]) -> tuple[list[str], list[list[str]]]:
    """What a person looking for a benchmark is shown of each.

    Args:
        specs: the specs.

    Returns:
        heads of the columns, and one list of strings a spec.

    >>> heads_and_cells(shipped_specs(field="hep", tool="pennylane"))[1][0][0]
    'demo'
    """
    heads = ["spec", "technology", "field", "tool", "cells", "seconds", "expected", "paper"]
    return heads, [_cells(spec) for spec in specs]


def _cells(spec: Spec) -> list[str]:
    about, count = spec.about, len(spec.rows) * len(spec.seeds) * (spec.data.folds or 1)
    numbers = (str(count), str(about.seconds or "-"))
    labels = (about.technology, about.field, about.tool)
    return [spec.name, *labels, *numbers, about.expected, about.paper]


def _has(spec: Spec, label: str, word: str | None) -> bool:
    return str(word).lower() in getattr(spec.about, label).lower()
