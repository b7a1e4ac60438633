"""Adapters pulled in the middle of a word, and boards that talk nonsense: nothing is made up, and all is well afterwards."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from edge.devices.bthome import BthomeReceiver
from edge.devices.bthome_sources import Bridge
from edge.devices.locker import BoardFamily, Door, OpenOutcome, Pulse
from edge.devices.modbus import ModbusLine
from edge.devices.nmea import GnssReceiver
from edge.devices.ports import DeviceError, DeviceState, ScannerSettings, Triggered
from edge.devices.sensor import Fix, Reading
from edge.devices.sensor_settings import BthomeDevice, BthomeSettings, GnssSettings, ModbusDevice, ModbusSettings
from edge.devices.serial_scanner import SerialScanner
from edge.devices.trigger import TriggerKind
from edge.wire.clock import WallClock
from edge.wire.labels import parcel_label
from firmware_sim.bthome import SimulatedBridge, body, line, plain
from firmware_sim.gnss import Place, SimulatedGnss
from firmware_sim.locker import LockerFaults, SimulatedLockers
from firmware_sim.locker_boards import MovedBy, SimulatedBoard
from firmware_sim.locker_speech import SPEECH, Unlock
from firmware_sim.modbus import ModbusFaults, SimulatedModbus, registers_of
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.scanner_trigger import Maker, TriggeredScanner, TriggerFaults
from tests.edge.devices.locker_cabinets import BRIEF, all_closed, cabinet
from tests.edge.devices.sensors import START_MS, RatedClock, eventually, take_fix, take_until

pytestmark = pytest.mark.slow

ADDRESS = "A4:C1:38:00:00:01"
GARBAGE = LockerFaults(bad_checksum=1.0)
families = pytest.mark.parametrize("family", list(BoardFamily))


def is_unlock(lockers: SimulatedLockers, request: bytes) -> bool:
    speech = SPEECH[lockers.family]
    return isinstance(speech.hear(request, speech.base), Unlock)


# --- a locker's board that answers nonsense -----------------------------------------------------------------


@families
async def test_a_board_whose_answers_are_garbage_is_not_pulsed_and_is_believed_again_when_they_are_sound(
    tmp_path: Path, family: BoardFamily
) -> None:
    async with cabinet(tmp_path, family, told=BRIEF) as here:
        here.lockers.faults = GARBAGE
        result = await here.board.open(3)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.FAILED, Pulse.NONE, Door.UNKNOWN)
        assert set((await here.board.doors()).values()) == {Door.UNKNOWN}
        assert here.pulsed == []
        await eventually(lambda: here.board.health().state is DeviceState.LOST)
        here.lockers.faults = LockerFaults()
        await eventually(lambda: here.board.health().state is DeviceState.OK)
        assert (await here.board.open(3)).outcome is OpenOutcome.OPENED
        assert here.pulsed == [3]


@families
async def test_garbage_from_the_pulse_on_is_no_word_about_the_door_and_costs_no_second_pulse(
    tmp_path: Path, family: BoardFamily
) -> None:
    async with cabinet(tmp_path, family, told=BRIEF) as here:

        def spoil(request: bytes) -> None:
            if is_unlock(here.lockers, request):
                here.lockers.faults = GARBAGE

        here.lockers.on_request = spoil
        result = await here.board.open(2)
        assert result.outcome is OpenOutcome.UNKNOWN
        assert "look" in result.detail
        assert here.pulsed == [2]
        here.lockers.on_request, here.lockers.faults = None, LockerFaults()
        doors = await here.board.doors()
        assert dict(doors) == {**all_closed(here.board), 2: Door.OPEN}
        assert here.pulsed == [2]


@families
async def test_bytes_of_the_other_families_are_garbage_too(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family) as here:
        stranger = SimulatedBoard(1, 4)
        stranger.move(1, is_open=True, by=MovedBy.HAND, at_s=0.0)
        for other in SPEECH:
            if other != family.value:
                here.lockers.say(SPEECH[other].say_doors(stranger, 1, SPEECH[other].base) + Random(other).randbytes(40))
        await eventually(lambda: "noise" in here.board.health().detail)
        # What the board answers comes after all of it on the line.
        assert dict(await here.board.doors()) == all_closed(here.board)
        assert here.pulsed == []


# --- pulled in the middle of a word -------------------------------------------------------------------------


async def test_a_modbus_adapter_pulled_between_question_and_answer_gives_no_value_and_comes_back(tmp_path: Path) -> None:
    devices = {1: lambda: registers_of(3.1, 54.6)}
    wish = ModbusSettings("rs485", str(tmp_path / "rs485"), (ModbusDevice("fridge-1", 1),), timeout_s=0.3, tries=1)
    with SimulatedModbus(tmp_path / "rs485", Random(1), devices, ModbusFaults(delay_s=0.15)) as device:
        async with ModbusLine(wish, RatedClock()) as sensor:
            await take_until(sensor, lambda one: one.value == 3.1)
            asked = len(device.asked)
            await eventually(lambda: len(device.asked) > asked)  # its answer is under way
            device.unplug()
            await eventually(lambda: sensor.health().state is DeviceState.LOST)
            device.plug()
            await eventually(lambda: sensor.health().state is DeviceState.OK)
            again = await take_until(sensor, lambda one: one.value is not None and one.sensor == "fridge-1_c")
    assert again.value == 3.1


async def test_a_bridge_pulled_in_the_middle_of_a_line_does_not_join_it_to_the_next(tmp_path: Path) -> None:
    wish = BthomeSettings("ble", (BthomeDevice("fridge-1", ADDRESS),), source=str(tmp_path / "bridge"))
    with SimulatedBridge(tmp_path / "bridge", Random(1)) as bridge:
        async with BthomeReceiver(wish, RatedClock(1.0)) as sensor:
            await eventually(lambda: sensor.health().state is DeviceState.OK)
            told = line(ADDRESS, plain(body(packet_id=1, temperature_c=3.0)))
            begun = told[: len(told) // 2]
            bridge.terminal.write(begun)
            source = sensor._source
            assert isinstance(source, Bridge)
            await eventually(lambda: bytes(source._lines._pending) == begun)
            bridge.terminal.unplug()
            await eventually(lambda: sensor.health().state is DeviceState.LOST)
            bridge.terminal.plug()
            await eventually(lambda: sensor.health().state is DeviceState.OK)
            bridge.terminal.write(told[len(told) // 2 :])
            bridge.advertise(ADDRESS, [plain(body(packet_id=2, temperature_c=4.0))])
            first = await take_until(sensor, lambda one: not one.fault)
    assert first == Reading("fridge-1_c", 4.0, START_MS)


async def test_a_receiver_pulled_in_the_middle_of_a_sentence_says_no_place_that_never_was(tmp_path: Path) -> None:
    here, there = Place(31.2304, 121.4737), Place(39.9042, 116.4074)
    with SimulatedGnss(tmp_path / "gnss", Random(3)) as device:
        async with GnssReceiver(GnssSettings("van", str(tmp_path / "gnss")), RatedClock(1.0)) as sensor:
            fixes = [await told(device, sensor, here)]
            begun = b"$GPRMC,123519,A,3113.8240,N,121"
            device.terminal.write(begun)
            await eventually(lambda: bytes(sensor._sentences._pending) == begun)
            device.terminal.unplug()
            await eventually(lambda: sensor.health().state is DeviceState.LOST)
            while not sensor._queue.empty():
                fixes.append(await take_fix(sensor))
            device.terminal.plug()
            device.terminal.write(b"30.4220,E,022.4,084.4,141126,,*5A\r\n")
            fixes.append(await told(device, sensor, there))
    places = [(round(fix.lat, 3), round(fix.lon, 3)) for fix in fixes]
    assert set(places[:-1]) == {(31.230, 121.474)}
    assert places[-1] == (39.904, 116.407)


async def told(device: SimulatedGnss, sensor: GnssReceiver, place: Place) -> Fix:
    """The next position, while the receiver says one over and over."""

    async def tell() -> None:
        while True:
            device.tell(place, START_MS)
            await asyncio.sleep(0.01)

    telling = asyncio.create_task(tell())
    try:
        return await take_fix(sensor)
    finally:
        telling.cancel()
        await asyncio.wait([telling])


async def test_a_scanner_pulled_while_it_was_told_to_read_says_so_and_reads_when_it_is_back(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "desk", Random(1)) as device:
        told = TriggeredScanner(device, Maker.GM65, faults=TriggerFaults(is_mute=True))

        async def listen() -> None:
            while True:
                if device.is_plugged:
                    told.hear()
                await asyncio.sleep(0.002)

        hearing = asyncio.create_task(listen())
        wish = ScannerSettings("desk", str(device.path), trigger=TriggerKind.GM65)
        async with SerialScanner(wish, WallClock(lambda: 1_700_000_000.0)) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            assert isinstance(scanner, Triggered)
            asking = asyncio.create_task(scanner.trigger(on=True))
            await eventually(lambda: told.heard == [True])
            device.unplug()
            with pytest.raises(DeviceError):
                await asking
            device.plug()
            told.faults = TriggerFaults()
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            told.in_view = parcel_label(9)
            await scanner.trigger(on=True)
            async with asyncio.timeout(20):
                scan = await anext(scanner.scans())
        hearing.cancel()
        await asyncio.wait([hearing])
    assert (scan.text, scan.fault) == (parcel_label(9), "")
