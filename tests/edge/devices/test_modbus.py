import asyncio
import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.register_message import ReadInputRegistersRequest

from edge.devices.modbus import ModbusLine
from edge.devices.modbus_registers import readings
from edge.devices.ports import DeviceState
from edge.devices.sensor import Reading
from edge.devices.sensor_settings import ModbusDevice, ModbusSettings
from firmware_sim.faults import LineFaults
from firmware_sim.modbus import ModbusFaults, SimulatedModbus, answer, crc16, registers_of, request, sealed
from tests.edge.devices.sensors import START_MS, RatedClock, eventually, golden, take, take_until

pytestmark = pytest.mark.slow

FRIDGE, FREEZER = ModbusDevice("fridge-1", 1), ModbusDevice("freezer-1", 2)


def settings(path: Path, *devices: ModbusDevice, timeout_s: float = 0.2, tries: int = 3) -> ModbusSettings:
    return ModbusSettings("rs485", str(path), devices or (FRIDGE,), timeout_s=timeout_s, tries=tries)


@contextmanager
def line(path: Path, faults: ModbusFaults | None = None, fridge_c: float = 3.1) -> Iterator[SimulatedModbus]:
    devices = {1: lambda: registers_of(fridge_c, 54.6), 2: lambda: registers_of(-20.5, 61.0)}
    with SimulatedModbus(path, Random(1), devices, faults or ModbusFaults()) as device:
        yield device


def test_the_captured_frames_are_what_we_ask_and_what_we_read() -> None:
    frames = {name: bytes.fromhex(text) for name, text in golden("xy_md02")["frames"].items()}
    framer = FramerRTU(DecodePDU(False))
    asked = ReadInputRegistersRequest(address=1, count=2, dev_id=1)
    assert framer.buildFrame(asked) == frames["read_t_h"] == request(1, 1, 2)
    used, answered = framer.handleFrame(frames["resp_m20.5C_54.6RH"], 1, 0)
    assert used == len(frames["resp_m20.5C_54.6RH"])
    assert answered is not None
    assert readings("freezer-1", answered.registers, 7) == [
        Reading("freezer-1_c", -20.5, 7),
        Reading("freezer-1.humidity_pct", 54.6, 7),
    ]
    _, refused = framer.handleFrame(frames["illegal_addr_resp"], 1, 0)
    assert refused is not None
    assert refused.isError()


def test_the_simulator_answers_the_captured_requests_with_the_captured_answers() -> None:
    frames = {name: bytes.fromhex(text) for name, text in golden("xy_md02")["frames"].items()}
    held = registers_of(-20.5, 54.6)
    assert answer(frames["read_t_h"], held) == frames["resp_m20.5C_54.6RH"]
    assert answer(frames["illegal_addr_req"], held) == frames["illegal_addr_resp"]


@given(st.lists(st.integers(0, 0xFFFF), max_size=5))
def test_any_registers_are_two_readings_each_a_number_in_range_or_a_fault(registers: list[int]) -> None:
    temperature, humidity = readings("a", registers, 1)
    assert (temperature.sensor, humidity.sensor) == ("a_c", "a.humidity_pct")
    for reading in (temperature, humidity):
        assert (reading.value is None) is bool(reading.fault)
        assert reading.value is None or math.isfinite(reading.value)
    assert temperature.value is None or -40.0 <= temperature.value <= 60.0


@given(st.floats(-40, 60), st.floats(0, 100))
def test_what_the_simulator_holds_is_read_to_a_tenth(temperature_c: float, humidity_pct: float) -> None:
    held = registers_of(temperature_c, humidity_pct)
    temperature, humidity = readings("a", [held[1], held[2]], 1)
    assert temperature.value == pytest.approx(temperature_c, abs=0.0501)
    assert humidity.value == pytest.approx(humidity_pct, abs=0.0501)


@given(st.binary(min_size=1, max_size=20), st.integers(0, 19), st.integers(1, 255))
def test_the_checksum_finds_every_changed_byte(body: bytes, at: int, flipped: int) -> None:
    frame = bytearray(sealed(body))
    frame[at % len(frame)] ^= flipped
    assert crc16(bytes(frame[:-2])) != bytes(frame[-2:])


@given(st.data())
def test_an_answer_is_read_however_it_is_cut_and_one_changed_byte_never_gives_another_value(draw: st.DataObject) -> None:
    asked, held = request(1, 1, 2), registers_of(-20.5, 54.6)
    frame = bytearray(answer(asked, held))
    if is_changed := draw.draw(st.booleans()):
        frame[draw.draw(st.integers(0, len(frame) - 1))] ^= draw.draw(st.integers(1, 255))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(frame)), max_size=4)))
    framer, buffer, found = FramerRTU(DecodePDU(False)), b"", []
    for start, end in itertools.pairwise([0, *cuts, len(frame)]):
        buffer += bytes(frame[start:end])
        try:
            used, pdu = framer.handleFrame(buffer, 1, 0)
        except ModbusException:
            break
        buffer = buffer[used:]
        if pdu is not None:
            found.append([held[1], held[2]] if pdu.isError() else pdu.registers)
    assert found == ([] if is_changed else [[held[1], held[2]]])


async def test_two_devices_of_a_line_are_asked_every_minute_of_the_domain_clock(tmp_path: Path) -> None:
    clock = RatedClock(rate=300.0)
    with line(tmp_path / "rs485") as device:
        async with ModbusLine(settings(device.path, FRIDGE, FREEZER), clock) as sensor:
            assert sensor.sensors == ("fridge-1_c", "fridge-1.humidity_pct", "freezer-1_c", "freezer-1.humidity_pct")
            first = await take(sensor, 4)
            await take(sensor, 4)
            health = sensor.health()
    assert first == [
        Reading("fridge-1_c", 3.1, START_MS),
        Reading("fridge-1.humidity_pct", 54.6, START_MS),
        Reading("freezer-1_c", -20.5, START_MS),
        Reading("freezer-1.humidity_pct", 61.0, START_MS),
    ]
    assert (health.state, health.detail) == (DeviceState.OK, "")
    assert device.asked[:2] == [request(1, 1, 2), request(2, 1, 2)]


async def test_split_answers_late_answers_and_some_bad_ones_still_give_only_true_values(tmp_path: Path) -> None:
    faults = ModbusFaults(LineFaults(split=0.7, noise=0.1, pause_s=0.002), bad_crc=0.2, no_reply=0.1, delay_s=0.01)
    with line(tmp_path / "rs485", faults) as device:
        async with ModbusLine(settings(device.path, timeout_s=0.1, tries=5), RatedClock()) as sensor:
            measured = [one for one in await take(sensor, 20) if isinstance(one, Reading)]
    values = {one.value for one in measured if one.sensor == "fridge-1_c"}
    assert 3.1 in values
    assert values <= {3.1, None}


@pytest.mark.parametrize("faults", [ModbusFaults(bad_crc=1.0), ModbusFaults(no_reply=1.0)])
async def test_a_device_without_a_sound_answer_gives_faults_and_is_lost(tmp_path: Path, faults: ModbusFaults) -> None:
    with line(tmp_path / "rs485", faults) as device:
        async with ModbusLine(settings(device.path, timeout_s=0.05, tries=2), RatedClock()) as sensor:
            reading = await take_until(sensor, lambda one: one.sensor == "fridge-1_c")
            await eventually(lambda: sensor.health().state is DeviceState.LOST and "address 1" in sensor.health().detail)
    assert reading.value is None
    assert "no answer" in reading.fault
    assert len(device.asked) >= 2


async def test_one_dead_device_leaves_the_others_readings_alone_and_is_named(tmp_path: Path) -> None:
    dead = ModbusDevice("fridge-9", 9)
    with line(tmp_path / "rs485") as device:
        async with ModbusLine(settings(device.path, dead, FREEZER, timeout_s=0.05, tries=1), RatedClock()) as sensor:
            reading = await take_until(sensor, lambda one: one.sensor == "freezer-1_c")
            await eventually(lambda: sensor.health().detail.startswith("fridge-9: no answer"))
            assert "freezer-1" not in sensor.health().detail
    assert reading.value == -20.5


async def test_a_broken_thermometer_that_says_three_thousand_degrees_is_a_fault(tmp_path: Path) -> None:
    with line(tmp_path / "rs485", fridge_c=3276.7) as device:
        async with ModbusLine(settings(device.path), RatedClock()) as sensor:
            reading = await take_until(sensor, lambda one: one.sensor == "fridge-1_c")
            await eventually(lambda: sensor.health().state is DeviceState.FAILED)
    assert reading.value is None
    assert "outside" in reading.fault


async def test_a_device_that_has_no_such_registers_is_told_from_one_that_is_silent(tmp_path: Path) -> None:
    with SimulatedModbus(tmp_path / "rs485", Random(1), {1: lambda: {0: 5}}) as device:
        async with ModbusLine(settings(device.path), RatedClock()) as sensor:
            reading = await take_until(sensor, lambda one: one.sensor == "fridge-1_c")
    assert "refuses with code 2" in reading.fault


async def test_an_adapter_that_is_pulled_is_lost_and_comes_back_by_itself(tmp_path: Path) -> None:
    with line(tmp_path / "rs485") as device:
        clock = RatedClock()
        async with ModbusLine(settings(device.path, timeout_s=0.1, tries=1), clock) as sensor:
            await take(sensor, 2)
            clock.rate = 0.0  # nobody is asked any more: the loss is noticed by itself
            device.unplug()
            await eventually(lambda: sensor.health().state is DeviceState.LOST)
            assert "plug" in sensor.health().detail
            device.plug()
            await eventually(lambda: sensor.health().state is DeviceState.OK)
            reading = await take_until(sensor, lambda one: one.value == 3.1)
    assert reading.sensor == "fridge-1_c"


async def test_a_port_that_is_taken_or_no_line_is_failed_with_the_remedy(tmp_path: Path) -> None:
    with line(tmp_path / "rs485") as device, serial.Serial(str(device.path), exclusive=True):
        async with ModbusLine(settings(device.path), RatedClock()) as sensor:
            await eventually(lambda: sensor.health().state is DeviceState.FAILED)
            assert "in use" in sensor.health().detail
    (tmp_path / "file").write_text("")
    async with ModbusLine(settings(tmp_path / "file"), RatedClock()) as sensor:
        await eventually(lambda: "not a serial line" in sensor.health().detail)


async def test_an_adapter_that_hears_itself_still_reads_the_device(tmp_path: Path) -> None:
    with line(tmp_path / "rs485", ModbusFaults(echo=True, delay_s=0.02)) as device:
        async with ModbusLine(settings(device.path), RatedClock()) as sensor:
            measured = [one for one in await take(sensor, 6) if isinstance(one, Reading)]
    assert {one.value for one in measured if one.sensor == "fridge-1_c"} == {3.1}


async def test_leaving_closes_the_port_and_leaves_no_task(tmp_path: Path) -> None:
    with line(tmp_path / "rs485") as device:
        async with ModbusLine(settings(device.path), RatedClock()) as sensor:
            await take(sensor, 2)
        serial.Serial(str(device.path), exclusive=True).close()
    assert {task for task in asyncio.all_tasks() if not task.done()} == {asyncio.current_task()}
