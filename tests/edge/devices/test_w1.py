from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.ports import DeviceState
from edge.devices.sensor import Reading
from edge.devices.sensor_settings import W1Device, W1Settings
from edge.devices.w1 import W1Bus
from edge.devices.w1_text import reading
from firmware_sim.w1 import POWER_ON_C, SimulatedW1, scratchpad, slave_text
from tests.edge.devices.sensors import START_MS, RatedClock, eventually, golden, take, take_until

FRIDGE, FREEZER = W1Device("fridge-1", "28-0316a2794bff"), W1Device("freezer-1", "28-0316a2794b00")


def settings(folder: Path, *devices: W1Device) -> W1Settings:
    return W1Settings("w1", devices or (FRIDGE,), folder)


def test_the_captured_texts_are_read_and_eighty_five_is_a_fault() -> None:
    texts = golden("ds18b20_w1_slave")
    assert reading("a", texts["23.125"], 5) == Reading("a_c", 23.125, 5)
    assert reading("a", texts["minus_19.5"], 5) == Reading("a_c", -19.5, 5)
    power_on = reading("a", texts["power_on_85"], 5)
    assert power_on.value is None
    assert "85 °C" in power_on.fault


def test_the_simulator_writes_the_captured_texts() -> None:
    texts = golden("ds18b20_w1_slave")
    assert slave_text(scratchpad(23.125, bytes.fromhex("4b467fff0e10"))) == texts["23.125"]
    assert slave_text(scratchpad(-19.5)) == texts["minus_19.5"]
    assert slave_text(scratchpad(POWER_ON_C)) == texts["power_on_85"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (slave_text(scratchpad(3.0), is_sound=False), "checksum"),
        (slave_text(bytes(9)), "ground"),
        ("", "unreadable"),
        (slave_text(scratchpad(3.0))[:40], "unreadable"),
        (slave_text(scratchpad(3.0)).replace("t=3000", "t=nan"), "unreadable"),
        (slave_text(scratchpad(3.0)).replace("t=3000", "t=-127000"), "outside"),
        ("ÿ" * 80, "unreadable"),
    ],
)
def test_what_is_not_to_be_believed_is_a_fault_that_says_why(text: str, fault: str) -> None:
    found = reading("a", text, 5)
    assert found.value is None
    assert fault in found.fault


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda raw: raw.decode("latin-1")))
def test_no_text_whatever_raises_or_gives_a_number_out_of_range(text: str) -> None:
    found = reading("a", text, 5)
    assert (found.value is None) is bool(found.fault)


@given(st.floats(-55, 84.9))
def test_every_temperature_comes_back_to_a_sixteenth(temperature_c: float) -> None:
    found = reading("a", slave_text(scratchpad(temperature_c)), 5)
    assert found.value == pytest.approx(temperature_c, abs=0.033)


@given(st.integers(0, 157), st.characters(codec="ascii"))
def test_one_character_changed_never_gives_85_nor_a_value_beyond_the_range(at: int, character: str) -> None:
    text = list(slave_text(scratchpad(POWER_ON_C)))
    text[at % len(text)] = character
    found = reading("a", "".join(text), 5)
    assert found.value != 85.0
    assert found.value is None or -55.0 <= found.value <= 125.0


async def test_every_thermometer_of_a_bus_is_read_once_a_minute_of_the_domain_clock(tmp_path: Path) -> None:
    bus = SimulatedW1(tmp_path)
    bus.feel(FRIDGE.id, 3.25)
    bus.feel(FREEZER.id, -21.0)
    async with W1Bus(settings(tmp_path, FRIDGE, FREEZER), RatedClock()) as sensor:
        assert sensor.sensors == ("fridge-1_c", "freezer-1_c")
        assert await take(sensor, 2) == [Reading("fridge-1_c", 3.25, START_MS), Reading("freezer-1_c", -21.0, START_MS)]
        bus.feel(FRIDGE.id, 4.5)
        assert (await take_until(sensor, lambda one: one.sensor == "fridge-1_c" and one.value != 3.25)).value == 4.5
        assert sensor.health().state is DeviceState.OK


async def test_bad_answers_are_faults_and_after_three_the_bus_says_so(tmp_path: Path) -> None:
    bus = SimulatedW1(tmp_path)
    bus.feel(FRIDGE.id, 3.25)
    async with W1Bus(settings(tmp_path), RatedClock()) as sensor:
        await take(sensor, 1)
        bus.feel(FRIDGE.id, POWER_ON_C)
        assert "85 °C" in (await take_until(sensor, lambda one: one.value is None)).fault
        await eventually(lambda: sensor.health().state is DeviceState.FAILED)
        bus.show(FRIDGE.id, slave_text(scratchpad(3.0), is_sound=False))
        await take_until(sensor, lambda one: "checksum" in one.fault)
        bus.feel(FRIDGE.id, 3.5)
        assert (await take_until(sensor, lambda one: one.value is not None)).value == 3.5
        await eventually(lambda: sensor.health().state is DeviceState.OK)


async def test_a_thermometer_that_falls_off_the_bus_is_lost_and_comes_back(tmp_path: Path) -> None:
    bus = SimulatedW1(tmp_path)
    bus.feel(FRIDGE.id, 3.25)
    async with W1Bus(settings(tmp_path), RatedClock()) as sensor:
        await take(sensor, 1)
        bus.unplug(FRIDGE.id)
        assert "not on the bus" in (await take_until(sensor, lambda one: one.value is None)).fault
        await eventually(lambda: sensor.health().state is DeviceState.LOST)
        bus.feel(FRIDGE.id, 3.0)
        await eventually(lambda: sensor.health().state is DeviceState.OK)


async def test_a_machine_without_the_bus_says_what_to_switch_on(tmp_path: Path) -> None:
    bus = SimulatedW1(tmp_path / "devices")
    async with W1Bus(settings(bus.folder), RatedClock()) as sensor:
        await eventually(lambda: sensor.health().state is DeviceState.FAILED)
        assert "dtoverlay=w1-gpio" in sensor.health().detail
        bus.feel(FRIDGE.id, 3.0)
        await eventually(lambda: sensor.health().state is DeviceState.OK)


async def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / FRIDGE.id / "w1_slave").mkdir(parents=True)
    async with W1Bus(settings(tmp_path), RatedClock()) as sensor:
        assert "directory" in (await take_until(sensor, lambda one: one.value is None)).fault
