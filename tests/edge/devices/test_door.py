import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from edge.devices import door
from edge.devices.door import DoorContact
from edge.devices.door_contact import Contact
from edge.devices.ports import DeviceState
from edge.devices.sensor import Reading
from edge.devices.sensor_settings import DoorSettings
from firmware_sim.door import SimulatedContact
from tests.edge.devices.sensors import START_MS, RatedClock, eventually, take, take_until

OPEN, CLOSED = Reading("fridge-1_open", 1.0, START_MS), Reading("fridge-1_open", 0.0, START_MS)


def test_a_door_that_bounces_opens_once() -> None:
    contact = Contact(0.05)
    assert not contact.see(False, 0.0)
    assert contact.settle(0.05)
    states = [contact.is_open]
    changes = [contact.see(level, at_s) for at_s, level in ((1.0, True), (1.01, False), (1.02, True), (1.03, False), (1.04, True))]
    assert not any(changes)
    assert contact.due_s() == pytest.approx(1.09)
    assert not contact.settle(1.08)
    assert contact.settle(1.0901)
    states.append(contact.is_open)
    assert states == [False, True]
    assert contact.due_s() is None


def test_a_spike_shorter_than_the_settling_is_no_opening() -> None:
    contact = Contact(0.05)
    contact.see(False, 0.0)
    contact.settle(0.1)
    contact.see(True, 1.0)
    contact.see(False, 1.02)
    assert not contact.settle(5.0)
    assert contact.is_open is False


@given(st.lists(st.tuples(st.integers(1, 200), st.booleans()), min_size=1, max_size=30))
def test_it_changes_exactly_to_the_levels_that_stood_long_enough(said: list[tuple[int, bool]]) -> None:
    settle_ms = 50
    ends_ms = sum(wait_ms for wait_ms, _ in said) + 1000
    at_ms = 0
    runs: list[tuple[bool, int]] = []  # level, from when
    for wait_ms, level in said:
        at_ms += wait_ms
        if not runs or runs[-1][0] is not level:
            runs.append((level, at_ms))
    stood = [
        level
        for (level, from_ms), (_, to_ms) in zip(runs, [*runs[1:], (None, ends_ms)], strict=True)
        if to_ms - from_ms >= settle_ms
    ]
    wanted = [level for n, level in enumerate(stood) if n == 0 or stood[n - 1] is not level]
    contact, at_ms, changes = Contact(settle_ms), 0, []
    for wait_ms, level in said:
        at_ms += wait_ms
        if contact.see(level, at_ms):
            changes.append(contact.is_open)
    if contact.settle(ends_ms):
        changes.append(contact.is_open)
    assert changes == wanted


async def test_a_file_of_a_level_is_a_door_its_changes_come_at_once_and_its_state_every_minute(tmp_path: Path) -> None:
    contact = SimulatedContact(tmp_path / "gpio17" / "value")
    contact.show(is_open=False)
    async with DoorContact(DoorSettings("fridge-1", file=contact.file), RatedClock(1.0)) as sensor:
        assert sensor.sensors == ("fridge-1_open",)
        assert await take(sensor, 1) == [CLOSED]
        contact.show(is_open=True)
        assert await take(sensor, 1) == [OPEN]
    async with DoorContact(DoorSettings("fridge-1", file=contact.file), RatedClock()) as sensor:
        assert await take(sensor, 3) == [OPEN, OPEN, OPEN]


async def test_a_contact_of_the_other_polarity_is_a_setting(tmp_path: Path) -> None:
    contact = SimulatedContact(tmp_path / "value")
    contact.show(is_open=False)
    async with DoorContact(DoorSettings("fridge-1", file=contact.file, open_is_high=False), RatedClock(1.0)) as sensor:
        assert await take(sensor, 1) == [OPEN]


async def test_a_file_that_goes_away_or_holds_no_level_is_told_and_comes_back(tmp_path: Path) -> None:
    contact = SimulatedContact(tmp_path / "value")
    async with DoorContact(DoorSettings("fridge-1", file=contact.file), RatedClock(1.0)) as sensor:
        await eventually(lambda: "not there" in sensor.health().detail)
        assert sensor.health().state is DeviceState.LOST
        contact.file.write_text("door")
        await eventually(lambda: sensor.health().state is DeviceState.FAILED)
        contact.show(is_open=True)
        assert await take(sensor, 1) == [OPEN]
        assert sensor.health().state is DeviceState.OK


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LOOK_S", 0.01)


@pytest.fixture
def pins() -> Iterator[Any]:
    factory = MockFactory()
    yield factory
    factory.reset()


async def test_a_pin_is_pulled_up_and_tells_each_change_by_itself(pins: Any) -> None:
    pin = pins.pin(17)
    async with DoorContact(DoorSettings("fridge-1", pin=17, settle_s=0.02), RatedClock(1.0), lambda: pins) as sensor:
        await eventually(lambda: sensor.health().state is DeviceState.OK)
        assert await take(sensor, 1) == [OPEN]  # nothing closes it to ground: the door, or the wire, is open
        assert pin.pull == "up"
        pin.drive_low()
        assert await take(sensor, 1) == [CLOSED]
        for _ in range(5):
            pin.drive_high()
            pin.drive_low()
        pin.drive_high()
        assert await take(sensor, 1) == [OPEN]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_without_lgpio_the_health_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", None)
    async with DoorContact(DoorSettings("fridge-1", pin=17), RatedClock(1.0)) as sensor:
        await eventually(lambda: sensor.health().state is DeviceState.FAILED)
        assert "python3-lgpio" in sensor.health().detail
        assert "another pin" not in sensor.health().detail


async def test_without_gpiozero_the_health_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    async with DoorContact(DoorSettings("fridge-1", pin=17), RatedClock(1.0)) as sensor:
        await eventually(lambda: "install the agent's packages" in sensor.health().detail)


async def test_a_state_is_told_again_when_somebody_missed_the_change(tmp_path: Path) -> None:
    contact = SimulatedContact(tmp_path / "value")
    contact.show(is_open=True)
    async with DoorContact(DoorSettings("fridge-1", file=contact.file), RatedClock(300.0)) as sensor:
        contact.show(is_open=False)
        assert (await take_until(sensor, lambda one: one.value == 0.0)) == CLOSED
