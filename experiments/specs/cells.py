"""A spec's cells: what is computed, and the digests that name it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from experiments.specs.spec import Row, Spec, dataset_name, train_events


class Cell(NamedTuple):
    """One row with one seed, and one fold where there are folds.

    `digest` names its record, `training` what it shares with other cells.
    """

    row: Row
    seed: int
    digest: str
    training: str
    fold: int = 0


def cells(spec: Spec, checksum: str | Mapping[str, str]) -> list[Cell]:
    """Every cell of a spec, folds innermost, then seeds, so that a table fills row by row.

    Args:
        spec: the spec.
        checksum: SHA-256 of the data that will be used, or {data set: SHA-256} for several.

    Returns:
        the cells in table order.
    """
    return [cell for row in spec.rows for cell in _cells_of(spec, row, checksum)]


def split_story(spec: Spec, fold: int) -> dict[str, Any]:
    """What a digest and a record say of how rows are split; nothing where the split is fixed.

    Older records, which know the fixed split only, stay valid so.
    """
    data = spec.data
    if data.split == "kfold":
        return {"split": {"protocol": "kfold", "folds": data.folds, "fold": fold}}
    if data.split == "repeated":
        return {"split": {"protocol": "repeated", "test_fraction": data.test_fraction}}
    return {}


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: one text for one value.

    >>> canonical({"b": 1, "a": [1.0, None]})
    '{"a":[1.0,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _cells_of(spec: Spec, row: Row, checksum: str | Mapping[str, str]) -> Iterator[Cell]:
    """The cells of a row, which differ in seed and fold only: the rest becomes text once a fold."""
    own = checksum if isinstance(checksum, str) else checksum[dataset_name(spec, row)]
    trees = [_trees(spec, row, fold, own) for fold in range(spec.data.folds or 1)]
    texts = [[_around_seed(tree) for tree in pair] for pair in trees]
    for seed in spec.seeds:
        for fold, (whole, training) in enumerate(texts):
            yield Cell(row, seed, _sha(whole, seed), _sha(training, seed), fold)


def _trees(spec: Spec, row: Row, fold: int, checksum: str) -> tuple[dict, dict]:
    """What the digests of a cell and of its training are made of, but for the seed."""
    data = {
        "name": dataset_name(spec, row),
        "train": train_events(spec, row),
        "sha256": checksum,
        **split_story(spec, fold),
    }
    training = {
        "data": data,
        "model": spec.models[row.model],
        "sampler": spec.samplers.get(row.sampler or ""),
        "precision": spec.precision,
    }
    whole = training | {
        "test": spec.data.test_events,
        "backend": spec.backends.get(row.backend or ""),
    }
    return whole, training


def _around_seed(tree: dict[str, Any]) -> tuple[str, str]:
    """The canonical text of a tree with a seed: what stands before and after its value.

    >>> _around_seed({"model": {}, "test": 3})
    ('{"model":{},"seed":', ',"test":3}')
    """
    before = {key: value for key, value in tree.items() if key < "seed"}
    after = {key: value for key, value in tree.items() if key > "seed"}
    return f'{canonical(before)[:-1]},"seed":', f",{canonical(after)[1:]}" if after else "}"


def _sha(around: tuple[str, str], seed: int) -> str:
    return hashlib.sha256(f"{around[0]}{seed}{around[1]}".encode()).hexdigest()
