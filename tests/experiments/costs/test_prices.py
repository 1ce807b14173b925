"""Prices by hand calculation, and what a price is refused for."""

import re

import pytest

from experiments.costs.prices import STANDS_FOR, Price, Rate, device_of, price, read_prices
from qml.jobs import qpu_seconds

CIRCUIT = {"events": 1000, "shots": 1024, "seconds": {"execute": 5.0}}
ANNEALED = {"events": 1000, "reads": 200, "seconds": {}}


def test_a_task_and_a_read_are_charged_once_and_by_number():
    found = price(ANNEALED, "D-Wave on Amazon Braket", read_prices())
    assert found == Price(0.338, "USD", "D-Wave on Amazon Braket", "2021-01-21")  # 0.3 + 0.038


def test_every_event_is_a_task_with_all_its_shots():
    found = price(CIRCUIT, "IonQ on Amazon Braket", read_prices())
    assert found.amount == pytest.approx(1000 * 0.30 + 1000 * 1024 * 0.01)


def test_a_device_that_was_timed_is_charged_by_its_own_seconds():
    estimate = price(CIRCUIT | {"jobs": 3}, "IBM Quantum", read_prices())
    assert estimate.amount == pytest.approx(qpu_seconds(3, 1000 * 1024) * 1.60)
    timed = price(
        CIRCUIT | {"seconds": {"device": 10.0, "queue": 9e9}}, "IBM Quantum", read_prices()
    )
    assert timed.amount == pytest.approx(16.0)


@pytest.mark.parametrize(
    ("cost", "device"),
    [
        (CIRCUIT, "D-Wave Leap"),  # not listed
        (CIRCUIT | {"shots": 0}, "IBM Quantum"),  # exact values cannot be bought
        (CIRCUIT, "D-Wave on Amazon Braket"),  # charges for reads, and there were none
        (ANNEALED, "IBM Quantum"),
        ({}, "IBM Quantum"),
    ],
)
def test_no_price_rather_than_a_wrong_one(cost, device):
    assert price(cost, device, read_prices()) is None


def test_every_entry_has_a_day_a_source_and_a_currency():
    table = read_prices()
    assert set(STANDS_FOR.values()) <= {rate.device for rate in table}
    for rate in table:
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", rate.date)
        assert rate.amount > 0
        assert re.fullmatch("[A-Z]{3}", rate.currency)
        assert len(rate.source) > 20


@pytest.mark.parametrize(("change", "message"), [("date", "lacks date"), ("unit", "one of")])
def test_an_entry_that_lacks_something_is_refused(change, message):
    entry = Rate("d", "task", 0.3, "USD", "2021-01-21", "a list")._asdict()
    entry |= {change: "" if change == "date" else "hour"}
    lines = [f"{key} = {value!r}" for key, value in entry.items()]
    with pytest.raises(ValueError, match=message):
        read_prices("[[prices]]\n" + "\n".join(lines))


def test_rows_stand_for_devices():
    assert device_of({"sampler": {"sampler": "MockAnnealer"}}) == "D-Wave on Amazon Braket"
    assert device_of({"backend": {"backend": "Exact"}}) == device_of({}) == ""
    inside = {"backend": "QiskitBackend"}
    around = {"backend": "PauliTwirling", "effective": {"backend": {}}, "inside": inside}
    assert device_of({"backend": around}) == "IBM Quantum"
