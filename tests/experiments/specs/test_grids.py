"""Grids: which rows one row stands for, and what each of them is made of."""

import pytest

from experiments.catalogue import pieces
from experiments.specs import cells, load_spec, train_events

ROW = 'rows=[{id="c", label="circuit", model="circuit", backend="shots", grid={GRID}}]'


def spec_with(small_toml, grid):
    return load_spec(str(small_toml), [ROW.replace("GRID", grid)])


def test_combinations_become_rows_with_settings_of_their_own(small_toml):
    spec = spec_with(small_toml, '"model.layers"=[1, 2], "backend.shots"=[10, 20]')
    assert [row.id for row in spec.rows] == [
        "c layers=1, shots=10",
        "c layers=1, shots=20",
        "c layers=2, shots=10",
        "c layers=2, shots=20",
    ]
    made = [pieces(spec, row) for row in spec.rows]
    assert [part.model[1]["layers"] for part in made] == [1, 1, 2, 2]
    assert [part.backend[1]["shots"] for part in made] == [10, 20, 10, 20]
    assert spec.rows[0].label == "circuit, layers=1, shots=10"


def test_backends_of_one_variant_share_its_training(small_toml):
    spec = spec_with(small_toml, '"model.layers"=[1, 2], "backend.shots"=[10, 20]')
    trainings = [cell.training for cell in cells(spec, "sum") if cell.seed == 0]
    assert trainings[0] == trainings[1] != trainings[2] == trainings[3]


def test_training_events_are_a_grid_too(small_toml):
    spec = spec_with(small_toml, "train_events=[20, 40]")
    assert [train_events(spec, row) for row in spec.rows] == [20, 40]
    assert len({cell.digest for cell in cells(spec, "sum")}) == 4


@pytest.mark.parametrize(
    "grid", ['"sampler.sweeps"=[1]', '"layers"=[1]', '"model.layers"=3', '"model.layers"=[]']
)
def test_a_grid_that_names_nothing_is_refused(small_toml, grid):
    with pytest.raises(ValueError, match="In row 'c': `grid`"):
        spec_with(small_toml, grid)


def test_an_unknown_setting_in_a_grid_is_refused_as_any_other(small_toml):
    spec = spec_with(small_toml, '"model.qbits"=[1]')
    with pytest.raises(ValueError, match="unknown setting 'qbits'"):
        pieces(spec, spec.rows[0])
