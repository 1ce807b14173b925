"""The knowledge base: what benchmarks are shipped, by technology, field and tool."""

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

    >>> [spec.name for spec in shipped_specs(field="hep", technology="circuit")]
    ['demo']
    """
    for label in labels:
        if label not in LABELS:
            raise ValueError(f"Unknown label {label!r}; known are {', '.join(LABELS)}.")
    specs = [load_spec(name) for name in shipped_names()]
    return [spec for spec in specs if all(_has(spec, k, v) for k, v in labels.items() if v)]


def _has(spec: Spec, label: str, word: str | None) -> bool:
    return str(word).lower() in getattr(spec.about, label).lower()
