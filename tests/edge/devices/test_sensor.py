import math

import pytest

from edge.devices.ports import DeviceState
from edge.devices.sensor import QUEUE_READINGS, Reading, Span, SupervisedSensor, Troubles, device_name, door_of, is_door
from edge.wire.ids import sensor_id
from tests.edge.devices.sensors import RatedClock, take

FRIDGE = Span(-40.0, 60.0, "°C")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -40.1, 60.1, 3276.7])
def test_what_a_device_cannot_measure_is_a_fault_and_never_a_number(value: float) -> None:
    reading = FRIDGE.reading("fridge-1_c", value, 5)
    assert reading.value is None
    assert "outside" in reading.fault


@pytest.mark.parametrize("value", [-40.0, 0.0, 60.0])
def test_the_ends_of_a_devices_range_belong_to_it(value: float) -> None:
    assert FRIDGE.reading("fridge-1_c", value, 5) == Reading("fridge-1_c", value, 5)


@pytest.mark.parametrize("name", ["", "Fridge", "冰箱", "a b", "a" * 41, "-a", "a.b", "a_c"])
def test_a_device_name_that_makes_no_sensor_id_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name: want"):
        device_name(name)


def test_the_longest_name_makes_a_sensor_id_of_the_wire() -> None:
    assert sensor_id(f"{device_name('a' * 40)}.humidity_pct")
    assert is_door(door_of("fridge-1"))


def test_one_bad_answer_is_no_trouble_three_in_a_row_are_and_an_answer_ends_it() -> None:
    troubles = Troubles()
    troubles.answered("fridge-1")
    troubles.answered("fridge-2")
    for _ in range(2):
        troubles.failed("fridge-1", DeviceState.LOST, "no answer")
    assert troubles.told() == (DeviceState.OK, "")
    troubles.failed("fridge-1", DeviceState.LOST, "no answer")
    assert troubles.told() == (DeviceState.LOST, "fridge-1: no answer")
    for _ in range(3):
        troubles.failed("fridge-2", DeviceState.FAILED, "85 °C")
    assert troubles.told() == (DeviceState.LOST, "fridge-1: no answer; fridge-2: 85 °C")
    troubles.answered("fridge-1")
    assert troubles.told() == (DeviceState.FAILED, "fridge-2: 85 °C")


def test_a_device_that_never_answered_is_in_trouble_at_once() -> None:
    troubles = Troubles()
    troubles.failed("fridge-1", DeviceState.LOST, "no answer")
    assert troubles.told()[0] is DeviceState.LOST


class Idle(SupervisedSensor):
    async def _open(self) -> None:
        pass

    async def _serve(self) -> None:
        pass

    def _close(self) -> None:
        pass


async def test_readings_that_nobody_takes_are_bounded_and_the_oldest_go() -> None:
    sensor = Idle("bus", "/dev/bus", RatedClock(), ("a_c",), 60.0)
    for n in range(QUEUE_READINGS + 3):
        sensor._put(Reading("a_c", float(n), n))
    (first,) = await take(sensor, 1)
    assert isinstance(first, Reading)
    assert first.value == 3.0
