"""A Spec is one TOML file: what is run, on what data, with which seeds. It expands to cells.

    name, title, seeds, precision = "single" | "double"
    metrics           columns of the table, the main one first; ["auc", "accuracy"] by default
    [data]            name, train_events, test_events
                      split = "fixed" | "repeated" with test_fraction | "kfold" with folds
    [models.NAME]     kind, settings                  how parameters are got
    [samplers.NAME]   kind, settings                  the annealers that train
    [backends.NAME]   kind, settings, events          the circuit devices that predict
    [[rows]]          id, label, model, sampler, backend, ideal, role, train_events, data, grid
    [budget]          seconds, cells, shots, reads    after which no cell is started
    [about]           paper, contact, technology, field, tool, expected, seconds
    smoke             overrides that make a run of seconds, for tests

A row with a grid, for example `grid = { "model.layers" = [1, 2, 3] }`, is expanded to one row for
each combination; `model.`, `sampler.` and `backend.` name settings, `train_events` and `data` stand
alone. Rows on several data sets make one table each (`by_dataset`), and ranks over all of them
(`experiments.scoring.score_matrix`).

A cell is one row with one seed, and one fold where there are folds. Its digest is the SHA-256 of
its canonical JSON, in which the data stand with their own checksum: equal digests mean the same
computation on the same bytes. Metrics, budget, labels and names are not in it.
"""

from experiments.specs.cells import Cell, canonical, cells, split_story
from experiments.specs.reading import load_spec, parse_spec, shipped_names
from experiments.specs.spec import (
    ROLES,
    SPLITS,
    About,
    Budget,
    DataSpec,
    Row,
    Spec,
    by_dataset,
    dataset_name,
    model_label,
    train_events,
)

__all__ = [
    "load_spec",
    "shipped_names",
    "parse_spec",
    "Spec",
    "DataSpec",
    "Row",
    "Budget",
    "About",
    "ROLES",
    "SPLITS",
    "train_events",
    "dataset_name",
    "model_label",
    "by_dataset",
    "Cell",
    "cells",
    "split_story",
    "canonical",
]
