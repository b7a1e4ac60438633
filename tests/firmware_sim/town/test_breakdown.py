"""A van that breaks down on its way: where it stands, what the dispatcher is told, and that it goes on so much later."""

from collections.abc import Sequence
from datetime import date, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.wire.clock import to_ms
from firmware_sim.town import shift as shift_module
from firmware_sim.town.dispatching import Run, RunStop
from firmware_sim.town.driver import Driver
from firmware_sim.town.memory import Memory
from firmware_sim.town.plan import at
from firmware_sim.town.trips import Phase, Trip
from tests.firmware_sim.town.test_a_day import SetClock

DAY = date(2026, 11, 24)
MINUTE_MS = 60_000


class Told:
    """The dispatcher, as far as a breakdown goes."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, str]] = []
        self.stops = [RunStop(1, "st-0001", "at_stop"), RunStop(2, "st-0002", "pending")]

    async def step(self, run: int, state: str) -> None:
        self.steps.append((run, state))

    async def run(self, run: int) -> Run:
        return Run(run, "R1124-1", "van-0001", self.steps[-1][1], self.stops)


def driver_of(folder: Path, clock: SetClock, told: Told) -> tuple[Driver, Memory]:
    memory = Memory.recall(folder / "memory.json", 1)
    van: Any = SimpleNamespace(id="van-0001", agent_url="http://127.0.0.1:1", place=SimpleNamespace(lat=31.2, lon=121.4))
    station = SimpleNamespace(id="st-0001", place=SimpleNamespace(lat=31.2, lon=121.4))
    settings: Any = SimpleNamespace(pin="1", seed=1, stations=(station,))
    nothing: Any = None
    dispatching: Any = told
    return Driver(van, nothing, nothing, dispatching, nothing, memory, clock, settings), memory


async def test_it_stands_its_run_is_interrupted_and_it_goes_on_as_much_later_as_it_stood(tmp_path: Path) -> None:
    begins_ms = to_ms(at(DAY, time(7, 30)))
    clock, told = SetClock(begins_ms + 5 * MINUTE_MS), Told()
    driver, memory = driver_of(tmp_path, clock, told)
    with pytest.raises(ValueError, match="not on the road"):
        await driver.break_down()
    memory.keep_trip("van-0001", DAY, Trip(7, Phase.DRIVING, begins_ms, (31.2, 121.4), "st-0001"))
    assert driver.is_under_way
    await driver.break_down()
    assert (driver.is_broken, told.steps) == (True, [(7, "paused")])
    with pytest.raises(ValueError, match="broken already"):
        await driver.break_down()
    clock.ms += 20 * MINUTE_MS
    await driver.mend()
    trip = driver.trip
    assert trip is not None
    assert (driver.is_broken, told.steps[1:], trip.since_ms - begins_ms) == (False, [(7, "departed")], 20 * MINUTE_MS)
    with pytest.raises(ValueError, match="not broken"):
        await driver.mend()


async def test_by_the_next_day_somebody_has_towed_it_home(tmp_path: Path) -> None:
    begins_ms = to_ms(at(DAY, time(7, 30)))
    clock, told = SetClock(begins_ms + MINUTE_MS), Told()
    driver, memory = driver_of(tmp_path, clock, told)
    memory.keep_trip("van-0001", DAY, Trip(7, Phase.AT_STOP, begins_ms, (31.2, 121.4), "st-0001"))
    await driver.break_down()
    clock.ms += 24 * 60 * MINUTE_MS
    assert not driver.is_broken


class Relieving:
    """Hands that leave what is for a stop, and whether others have all the rest by now."""

    def __init__(self) -> None:
        self.left: list[str] = []
        self.has_given_all = False

    async def leave_all(self, station: str) -> None:
        self.left.append(station)

    async def is_relieved(self, _day: date, _run: Run, ahead: Sequence[RunStop]) -> bool:
        return self.has_given_all and not ahead


async def test_at_a_stop_it_is_unloaded_all_the_same_and_relieved_once_others_have_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shift_module, "_HEARS_S", 0.0)
    begins_ms = to_ms(at(DAY, time(7, 30)))
    clock, told, relieving = SetClock(begins_ms + MINUTE_MS), Told(), Relieving()
    driver, memory = driver_of(tmp_path, clock, told)
    either: Any = relieving
    driver._shift._hands = driver._shift._handover = either
    memory.keep_trip("van-0001", DAY, Trip(7, Phase.AT_STOP, begins_ms, (31.2, 121.4), "st-0001"))
    await driver.break_down()
    here = driver.place(clock.ms)
    for _ in range(3):
        clock.ms += MINUTE_MS
        await driver._work()
    assert relieving.left == ["st-0001"]
    assert driver.has_brought(DAY, "st-0001")
    assert told.steps == [(7, "paused")], "its goods for the other stop are still in it"
    told.stops = [RunStop(1, "st-0001", "signed")]
    relieving.has_given_all = True
    await driver._work()
    assert told.steps[1:] == [(7, "completed")]
    trip = driver.trip
    assert trip is not None
    assert (trip.phase, driver.place(clock.ms)) == (Phase.BACK, here)
    await driver.mend()
    assert (driver.is_broken, told.steps[2:]) == (False, [])
