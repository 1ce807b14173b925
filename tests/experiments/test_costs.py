"""Costs: what is counted, and that an estimate is called one."""

import pytest

from experiments import costs


def test_work_costs_cpu_and_the_estimate_says_what_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(costs, "RAPL", tmp_path / "absent")
    with costs.measured() as cost:
        sum(i * i for i in range(300_000))
    assert 0 < cost["cpu_s"] <= cost["wall_s"] * 64
    assert cost["energy_source"] == "estimated"
    assert cost["energy_j"] == pytest.approx(cost["cpu_s"] * costs.WATTS_PER_CORE)
    assert cost["co2_g"] == pytest.approx(cost["energy_j"] / 3.6e6 * costs.GRAMS_CO2_PER_KWH)
    assert cost["peak_mib"] > 10


def test_a_counter_is_read_where_there_is_one(monkeypatch, tmp_path):
    counter = tmp_path / "energy_uj"
    counter.write_text("5000000")
    monkeypatch.setattr(costs, "RAPL", counter)
    with costs.measured() as cost:
        counter.write_text("7500000")
    assert (cost["energy_j"], cost["energy_source"]) == (2.5, "rapl")


def test_a_counter_that_wrapped_around_is_no_reading(monkeypatch, tmp_path):
    counter = tmp_path / "energy_uj"
    counter.write_text("5000000")
    monkeypatch.setattr(costs, "RAPL", counter)
    with costs.measured() as cost:
        counter.write_text("1")
    assert cost["energy_source"] == "estimated"


def test_the_cost_is_known_even_when_the_work_fails():
    with pytest.raises(RuntimeError), costs.measured() as cost:
        raise RuntimeError
    assert "wall_s" in cost
