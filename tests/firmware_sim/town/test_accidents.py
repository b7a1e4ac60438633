"""Incidents as they happen to a station's machines."""

import datetime
import time
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from edge.wire.clock import TownClock, TownTime, encode_town, to_ms
from firmware_sim.cold_room import ColdRoom
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town import accidents as accidents_module
from firmware_sim.town.accidents import Accidents
from firmware_sim.town.broker_line import BrokerLine
from firmware_sim.town.incidents import Incident, Mishap
from firmware_sim.town.plan import at
from tests.firmware_sim.town.test_a_day import town

DAY = date(2026, 11, 24)
MIDNIGHT = datetime.time()


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Accidents:
    told = town(tmp_path, "http://127.0.0.1:1")
    station = told.stations[0]
    station.folder.mkdir(parents=True)
    set_clock(tmp_path, 12.0)
    clock = TownClock(told.clock_file.read_bytes, lambda: time.monotonic() * 1000)  # looks at the file each time
    scanner = SimulatedScanner(station.scanner_path, Random(1))
    scanner.plug()
    monkeypatch.setattr(accidents_module, "incidents", lambda *_: SOME)
    monkeypatch.setattr(accidents_module, "skew_ms", lambda *_: 90_000)
    room = ColdRoom(station.cold_room_folder, clock, "1")
    return Accidents(told, station, clock, room, scanner, BrokerLine("127.0.0.1", 1))


def moment(hour: float) -> int:
    return to_ms(at(DAY, MIDNIGHT) + timedelta(hours=hour))


SOME = [
    Incident(moment(13), moment(14), Mishap.DOOR_OPEN, "fridge-1"),
    Incident(moment(13), moment(15), Mishap.FAILING, "freezer-1"),
    Incident(moment(13.5), moment(14.5), Mishap.UNPLUGGED),
    Incident(moment(14), moment(15), Mishap.OUTAGE),
]


def set_clock(folder: Path, hour: float, rate: float = 0.0) -> None:
    (folder / "clock.json").write_bytes(encode_town(TownTime(moment(hour), 0.0, rate, "boot")))


async def test_each_begins_and_ends_at_its_time_and_what_somebody_mended_stays_so(rig: Accidents, tmp_path: Path) -> None:
    def seen() -> tuple[bool, bool, bool, bool]:
        failing = rig.room.boxes["freezer-1"].faults.failing
        return rig.room.boxes["fridge-1"].door_is_open, failing, rig.scanner.is_plugged, rig.line.is_cut

    for hour, expected in (
        (12.9, (False, False, True, False)),
        (13.1, (True, True, True, False)),
        (13.6, (True, True, False, False)),
    ):
        set_clock(tmp_path, hour)
        rig.tick()
        assert seen() == expected
    assert rig.words == "door_open fridge-1, failing freezer-1, unplugged"
    rig.scanner.plug()  # somebody pressed the button
    rig.tick()
    assert seen() == (True, True, True, False)
    for hour, expected in ((14.1, (False, True, True, True)), (15.1, (False, False, True, False))):
        set_clock(tmp_path, hour)
        rig.tick()
        assert seen() == expected
    assert rig.words == ""


async def test_a_town_that_starts_in_the_midst_of_one_finds_it_going_on(rig: Accidents, tmp_path: Path) -> None:
    set_clock(tmp_path, 13.1)
    rig.tick()
    assert rig.room.boxes["fridge-1"].door_is_open


async def test_a_stations_clock_is_the_towns_and_a_little_off_and_follows_its_rate(rig: Accidents, tmp_path: Path) -> None:
    rig.set_clock()
    theirs = TownClock(rig.station.clock_path.read_bytes, lambda: 0.0)
    assert theirs.now_ms() == moment(12) + 90_000
    set_clock(tmp_path, 12.5, rate=30.0)
    rig.tick()
    theirs = TownClock(rig.station.clock_path.read_bytes, lambda: 0.0)
    assert (theirs.now_ms(), theirs.rate) == (moment(12.5) + 90_000, 30.0)
    (tmp_path / "clock.json").write_bytes(b"{")
    rig.set_clock()
    assert TownClock(rig.station.clock_path.read_bytes, lambda: 0.0).rate == 30.0
