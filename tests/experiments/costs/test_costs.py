"""Costs: what is counted, and that an estimate is called one."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from experiments.costs import energy
from experiments.costs.energy import Readings, spent, stated_model
from experiments.costs.meter import measured


@pytest.fixture(autouse=True)
def no_meters(monkeypatch, tmp_path):
    """A machine without meters, whatever this one has."""
    monkeypatch.setattr(energy, "RAPL", tmp_path / "absent")
    monkeypatch.setattr(energy, "_gpus", lambda: ())
    monkeypatch.delenv(energy.COUNTRY, raising=False)
    stated_model.cache_clear()
    yield
    stated_model.cache_clear()


def test_work_costs_cpu_and_the_estimate_says_what_it_is():
    with measured() as cost:
        sum(i * i for i in range(300_000))
    assert 0 < cost["cpu_s"] <= cost["wall_s"] * 64
    assert cost["energy_source"] == "estimated: 10 W a core"
    assert cost["energy_j"] == pytest.approx(cost["cpu_s"] * energy.WATTS_PER_CORE)
    assert cost["co2_g"] == pytest.approx(cost["energy_j"] / 3.6e6 * energy.GRAMS_CO2_PER_KWH)
    assert cost["co2_source"] == "European Union, mean of 2023"
    assert cost["peak_mib"] > 10
    assert "gpu_j" not in cost


def test_a_counter_is_read_where_there_is_one(monkeypatch, tmp_path):
    counter = tmp_path / "energy_uj"
    counter.write_text("5000000")
    monkeypatch.setattr(energy, "RAPL", counter)
    with measured() as cost:
        counter.write_text("7500000")
    assert (cost["energy_j"], cost["energy_source"]) == (2.5, "rapl")


def test_a_counter_that_wrapped_around_is_no_reading():
    told = spent(2.0, Readings(5.0, None), Readings(1.0, None))
    assert told["energy_source"].startswith("estimated")
    assert told["energy_j"] == 20.0


def test_the_cost_is_known_even_when_the_work_fails():
    with pytest.raises(RuntimeError), measured() as cost:
        raise RuntimeError
    assert "wall_s" in cost


def test_a_gpu_is_metered_beside_the_processor(monkeypatch):
    counters = iter([7000, 1000, 9000, 2500])  # mJ: two GPUs, read twice
    nvml = ModuleType("pynvml")
    nvml.NVMLError = RuntimeError
    nvml.nvmlDeviceGetTotalEnergyConsumption = lambda gpu: next(counters)
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(energy, "_gpus", lambda: ("first", "second"))
    with measured() as cost:
        pass
    assert cost["gpu_j"] == pytest.approx(3.5)
    assert cost["energy_j"] == pytest.approx(3.5 + 10 * cost["cpu_s"])
    assert cost["energy_source"] == "estimated: 10 W a core; GPU: nvml"


def test_a_gpu_without_a_counter_is_not_metered(monkeypatch):
    nvml = ModuleType("pynvml")
    nvml.NVMLError = type("NVMLError", (Exception,), {})

    def refuse(gpu):
        raise nvml.NVMLError

    nvml.nvmlDeviceGetTotalEnergyConsumption = refuse
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(energy, "_gpus", lambda: ("old",))
    assert energy.readings() == Readings(None, None)


@pytest.fixture
def codecarbon(monkeypatch):
    """The parts of codecarbon that are asked, with one country and one processor."""

    def module(name, **names):
        made = ModuleType(name)
        vars(made).update(names)
        monkeypatch.setitem(sys.modules, name, made)

    class Emissions:
        def __init__(self, tables):
            self.tables = tables

        def get_country_emissions(self, energy, place):
            return self.tables.get_global_energy_mix_data()[place.country_iso_code] * energy

    module("codecarbon", __version__="3.0")
    module("codecarbon.core")
    module("codecarbon.external")
    module("codecarbon.core.cpu", TDP=lambda: SimpleNamespace(tdp=100))
    module("codecarbon.core.emissions", Emissions=Emissions)
    module("codecarbon.core.units", Energy=SimpleNamespace(from_energy=lambda kWh: kWh))
    module("codecarbon.external.geography", GeoMetadata=SimpleNamespace)
    tables = SimpleNamespace(get_global_energy_mix_data=lambda: {"NOR": 0.03})
    module("codecarbon.input", DataSource=lambda: tables)
    monkeypatch.setattr(energy.os, "cpu_count", lambda: 50)


def test_codecarbon_is_the_source_where_a_country_is_given(monkeypatch, codecarbon):
    assert stated_model().grams_source == energy.GRID  # not asked for
    stated_model.cache_clear()
    monkeypatch.setenv(energy.COUNTRY, "NOR")
    told = spent(1.0, Readings(None, None), Readings(None, None))
    assert told["energy_j"] == pytest.approx(2.0)
    assert told["energy_source"] == "estimated: codecarbon 3.0, 2 W a core"
    assert told["co2_g"] == pytest.approx(2.0 / 3.6e6 * 30.0)
    assert told["co2_source"] == "codecarbon 3.0, NOR"


def test_a_country_that_codecarbon_does_not_know_is_refused(monkeypatch, codecarbon):
    monkeypatch.setenv(energy.COUNTRY, "Norway")
    with pytest.raises(ValueError, match=r"must hold a country's three letters, .*'Norway'"):
        stated_model()


def test_without_codecarbon_the_stated_constants_hold(monkeypatch):
    monkeypatch.setitem(sys.modules, "codecarbon", None)
    monkeypatch.setenv(energy.COUNTRY, "NOR")
    assert stated_model().grams_source == energy.GRID
