"""Energy and carbon of a block of work: meters where they can be read, else a stated model.

    processor   RAPL counters where a user may read them (all that runs on the machine is in them)
    GPU         NVML's energy counters where `pynvml` is installed and a driver answers (likewise)
    estimated   CPU seconds times watts a core: codecarbon's for this processor, or `WATTS_PER_CORE`
    gCO2e       energy times a grid factor: codecarbon's for a country, or `GRAMS_CO2_PER_KWH`

Codecarbon is asked where it is installed and the variable QML_COUNTRY holds a country's three
letters (ISO 3166, for example DEU): its tables are on disk, nothing is sent or fetched.
"""

import logging
import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

# A server core under load, rounded: 280 W over 28 cores, memory and losses included. An assumption.
WATTS_PER_CORE = 10.0
# Mean of the European Union's electricity in 2023: 242 g/kWh (European Environment Agency, 2024).
GRAMS_CO2_PER_KWH = 242.0
GRID = "European Union, mean of 2023"
RAPL = Path("/sys/class/powercap/intel-rapl:0/energy_uj")
COUNTRY = "QML_COUNTRY"


class Model(NamedTuple):
    """What estimates rest on: watts a core, grams of CO2e a kWh, and where either is from."""

    watts: float
    watts_source: str
    grams: float
    grams_source: str


class Readings(NamedTuple):
    """Joules that meters have counted so far; None where there is no such meter."""

    cpu: float | None
    gpu: float | None


def readings() -> Readings:
    """Read all meters that answer.

    Returns:
        the counters; only differences of two readings mean anything.
    """
    return Readings(_rapl_joules(), _nvml_joules())


def spent(cpu_s: float, before: Readings, after: Readings) -> dict[str, Any]:
    """Energy and carbon between two readings.

    Args:
        cpu_s: CPU seconds between them, for the estimate where the processor has no meter.
        before: the first reading.
        after: the second one.

    Returns:
        energy_j and co2_g, their sources in words, and gpu_j where a GPU was metered; a source
        that begins with "estimated" is no reading.

    >>> spent(2.0, Readings(1.0, None), Readings(5.0, None))["energy_j"]
    4.0
    """
    model = stated_model()
    cpu, gpu = (_difference(*pair) for pair in zip(before, after, strict=True))
    source = "rapl" if cpu is not None else f"estimated: {model.watts_source}"
    joules = cpu_s * model.watts if cpu is None else cpu
    if gpu is not None:
        joules, source = joules + gpu, f"{source}; GPU: nvml"
    told: dict[str, Any] = {"energy_j": joules, "energy_source": source}
    told |= {"co2_g": joules / 3.6e6 * model.grams, "co2_source": model.grams_source}
    return told if gpu is None else told | {"gpu_j": gpu}


@cache
def stated_model() -> Model:
    """The model of this process: codecarbon's where it was asked for and is there, or our own."""
    own = Model(WATTS_PER_CORE, f"{WATTS_PER_CORE:g} W a core", GRAMS_CO2_PER_KWH, GRID)
    country = os.environ.get(COUNTRY, "")
    try:
        return _codecarbon(country) if country else own
    except ImportError:
        return own


def _codecarbon(country: str) -> Model:
    """Codecarbon's thermal design power of this processor and carbon intensity of a country."""
    names = ("core.cpu", "core.emissions", "core.units", "external.geography", "input")
    cpu, emissions, units, geography, data = (import_module(f"codecarbon.{n}") for n in names)
    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
    source, tables = f"codecarbon {import_module('codecarbon').__version__}", data.DataSource()
    if country not in tables.get_global_energy_mix_data():
        raise ValueError(
            f"Variable {COUNTRY} must hold a country's three letters, such as DEU: {country!r}."
        )
    place, unit = geography.GeoMetadata(country_iso_code=country), units.Energy.from_energy(kWh=1.0)
    kilograms = emissions.Emissions(tables).get_country_emissions(unit, place)
    watts = float(cpu.TDP().tdp) / (os.cpu_count() or 1)
    return Model(watts, f"{source}, {watts:.3g} W a core", 1e3 * kilograms, f"{source}, {country}")


def _difference(before: float | None, after: float | None) -> float | None:
    """Joules between two readings; counters wrap around, and a negative difference is none."""
    return after - before if before is not None and after is not None and after >= before else None


def _rapl_joules() -> float | None:
    try:
        return int(RAPL.read_text()) / 1e6
    except (OSError, ValueError):  # no such counter, or not for this user
        return None


def _nvml_joules() -> float | None:
    """All GPUs of the machine together; None where one has no counter (before Volta)."""
    devices = _gpus()
    if not devices:
        return None
    pynvml = import_module("pynvml")
    try:
        return sum(pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu) for gpu in devices) / 1e3
    except pynvml.NVMLError:
        return None


@cache
def _gpus() -> tuple[Any, ...]:
    """Handles of the machine's GPUs, asked once a process; none without driver or `pynvml`."""
    try:
        pynvml = import_module("pynvml")
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        return tuple(pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(count))
    except Exception:  # absent, or its own kinds of error: either way there is no meter
        return ()
