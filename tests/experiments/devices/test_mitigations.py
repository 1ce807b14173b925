"""Mitigations that a spec names: made around their backend, checked before anything runs."""

import numpy as np
import pytest

from circuits import Exact, build_circuit, gate, z
from experiments.catalogue import MITIGATIONS, build, pieces
from experiments.specs import load_spec

CIRCUIT = build_circuit([gate("ry", 0, angle=("x", 0)), gate("cx", 0, 1), gate("cx", 1, 0)])
ANGLES = {"x": np.linspace(0.2, 1.0, 4)[:, None]}


def backend(toml, *words):
    """The backend of the row "shots", with other settings, as the cell of seed 3 makes it."""
    spec = load_spec(str(toml), [f"backends.shots.{word}" for word in words])
    (row,) = [row for row in spec.rows if row.id == "shots"]
    return build(pieces(spec, row).backend, 3)


@pytest.mark.parametrize("name", MITIGATIONS)
def test_each_mitigates_what_it_is_for(small_toml, name):
    noise = "readout=0.1" if name == "readout" else "two=0.1"
    words = ['kind="density"', noise, "shots=4000"]
    raw, made = backend(small_toml, *words), backend(small_toml, *words, f'mitigation="{name}"')
    exact, noisy, mitigated = (
        each.expectation(CIRCUIT, z(0), ANGLES).values for each in (Exact(), raw, made)
    )
    errors = [np.sqrt(np.mean((each - exact) ** 2)) for each in (noisy, mitigated)]
    # Depolarizing noise is twirled already.
    assert errors[1] < (1.2 if name == "twirling" else 0.6) * errors[0]
    assert getattr(made, "seed", 3) == made.backend.seed == 3


def test_a_table_has_settings(small_toml):
    made = backend(
        small_toml, 'kind="density"', 'mitigation={kind="zero_noise", scales=[1, 2], fit="linear"}'
    )
    assert (made.scales, made.fit, made.folding) == ((1, 2), "linear", "global")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (['mitigation="zne"'], "In .backends.shots.mitigation.: unknown kind 'zne'; known are"),
        (['mitigation={kind="twirling", many=3}'], "unknown setting 'many'; known are instances"),
        (['mitigation={kind="twirling", instances=0}'], "`instances` must be a positive int"),
        (["mitigation=3"], "`kind` is missing"),
        (['mitigation="cancellation"'], "needs noise that is stated as Pauli channels"),
    ],
)
def test_what_does_not_fit_is_one_sentence(small_toml, words, message):
    with pytest.raises(ValueError, match=message):
        backend(small_toml, *words)


def test_nothing_is_mitigated_where_there_is_no_noise(small_toml):
    spec = load_spec(str(small_toml), ['backends.exact.mitigation="readout"'])
    (row,) = [row for row in spec.rows if row.id == "exact"]
    with pytest.raises(
        ValueError, match=r"In \[backends.exact\]: a backend of kind 'exact' has no"
    ):
        pieces(spec, row)
