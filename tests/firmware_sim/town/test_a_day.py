import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest

from edge.wire.clock import to_ms
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town import office as office_module
from firmware_sim.town import staff as staff_module
from firmware_sim.town.life import LINE
from firmware_sim.town.memory import Memory
from firmware_sim.town.office import Office
from firmware_sim.town.plan import plan_day
from firmware_sim.town.rest import RestError
from firmware_sim.town.settings import TownSettings, settings
from firmware_sim.town.staff import NotBookedError, Staff
from tests.firmware_sim.town.fakes import FakeAgent, FakeCloud, reading, served

DAY = date(2026, 11, 24)


@dataclass
class SetClock:
    """Domain time as the test sets it."""

    ms: int
    rate: float = 0.0
    is_simulated: bool = True

    def now_ms(self) -> int:
        return self.ms


def at(hour: int, minute: int = 0) -> int:
    """A time of DAY in Shanghai."""
    return to_ms(datetime(2026, 11, DAY.day, hour, minute, tzinfo=UTC)) - 8 * 3_600_000


def town(folder: Path, api: str) -> TownSettings:
    (folder / "logins.json").write_text('{"st-0001": "a"}')
    environment = {
        "TUANTU_TOWN_API": api, "TUANTU_TOWN_LOGIN": "town", "TUANTU_TOWN_PASSWORD": "secret-of-the-town",
        "TUANTU_TOWN_BROKER": "127.0.0.1:1", "TUANTU_TOWN_BROKER_LOGINS": str(folder / "logins.json"),
        "TUANTU_CLOCK_FILE": str(folder / "clock.json"),
    }  # fmt: skip
    return settings(folder, {}, environment)


@dataclass
class Rig:
    cloud: FakeCloud
    agent: FakeAgent
    clock: SetClock
    office: Office
    staff: Staff
    memory: Memory

    async def eventually(self, condition: Callable[[], bool]) -> None:
        living = asyncio.create_task(self.staff.live())
        try:
            async with asyncio.timeout(40):
                while not condition():
                    assert not living.done(), living.exception()
                    await asyncio.sleep(0.01)
        finally:
            living.cancel()
            await asyncio.wait([living])


@asynccontextmanager
async def rig(folder: Path, cloud: FakeCloud, agent: FakeAgent, clock: SetClock) -> AsyncIterator[Rig]:
    with served(cloud) as api, served(agent) as page:
        told = town(folder, api)
        memory = Memory.recall(folder / "memory.json", told.seed)
        office = Office(told, memory, clock)
        await office.open()
        await office.send_orders()
        station = replace(told.stations[0], agent_url=page)
        scanner = SimulatedScanner(station.scanner_path, Random(1), suffix=b"\r\n", aim="]C0", faults=LINE)
        with scanner, reading(station.scanner_path, agent):
            yield Rig(cloud, agent, clock, office, Staff(station, scanner, office, memory, clock, told.seed), memory)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TICK_S", "LOOK_S", "AGAIN_S", "SAME_LABEL_S"):
        monkeypatch.setattr(staff_module, name, 0.005)
    monkeypatch.setattr(office_module, "RETRY_S", 0.005)


async def test_parcels_are_received_shelved_and_handed_out_as_the_clock_goes_on(tmp_path: Path) -> None:
    clock = SetClock(at(6, 30))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock), clock) as day:
        labels = {parcel["id"] for order in day.cloud.orders.values() for parcel in order["parcels"]}
        assert labels
        assert day.cloud.operators == ["tuantu-demo"]
        assert list(day.cloud.sites) == ["st-0001"]
        clock.ms = at(10, 59)
        await day.eventually(lambda: all(len(day.agent.booked.get(label, [])) == 2 for label in labels))
        assert all(kinds[0] == "received" and kinds[1].startswith("shelved ") for kinds in day.agent.booked.values())
        clock.ms = at(21, 30)
        planned = plan_day(1, "st-0001", 0, DAY).orders
        collected = {
            parcel["id"] for order in planned if order.pickup_at for parcel in day.cloud.orders[order.external_id]["parcels"]
        }
        await day.eventually(lambda: all(day.agent.booked[label][-1] == "released" for label in collected))
        assert {label for label, kinds in day.agent.booked.items() if "released" in kinds} == collected
        assert day.agent.mode == "release"


async def test_nothing_is_sent_or_scanned_twice_after_a_restart(tmp_path: Path) -> None:
    clock, cloud = SetClock(at(10, 59)), FakeCloud()
    agent = FakeAgent(clock)
    async with rig(tmp_path, cloud, agent, clock) as day:
        labels = {parcel["id"] for order in cloud.orders.values() for parcel in order["parcels"]}
        await day.eventually(lambda: all(len(agent.booked.get(label, [])) == 2 for label in labels))
    before = {label: list(kinds) for label, kinds in agent.booked.items()}
    async with rig(tmp_path, cloud, agent, clock) as again:
        clock.ms = at(21, 30)
        await again.eventually(lambda: any("released" in kinds for kinds in agent.booked.values()))
    assert cloud.imports == 1
    assert all(agent.booked[label][:2] == before[label] for label in labels)
    # At most the one step that was seen to be booked by us and not yet by the staff, when they stopped, is done again.
    assert sum(len([kind for kind in kinds if kind != "released"]) - 2 for kinds in agent.booked.values()) <= 1


async def test_a_scan_that_nothing_came_of_is_scanned_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_module, "PATIENCE_S", 0.2)
    clock = SetClock(at(10, 59))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock, swallow=2), clock) as day:
        labels = {parcel["id"] for order in day.cloud.orders.values() for parcel in order["parcels"]}
        await day.eventually(lambda: set(day.agent.booked) == labels)


async def test_a_pressed_button_scans_the_next_expected_parcel_and_the_plan_leaves_it_out(tmp_path: Path) -> None:
    clock = SetClock(at(6, 30))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock), clock) as day:
        first = await day.staff.expected()
        assert await day.staff.press(first, "") == f"{first} received"
        second = await day.staff.expected()
        assert second not in ("", first)
        clock.ms = at(10, 59)
        await day.eventually(lambda: all(len(kinds) == 2 for kinds in day.agent.booked.values()) and second in day.agent.booked)
        assert day.agent.booked[first].count("received") == 1
        day.staff.scanner.unplug()
        with pytest.raises(RuntimeError, match="unplugged"):
            await day.staff.press(second, "")


async def test_when_today_is_in_the_button_takes_in_what_is_ordered_for_tomorrow(tmp_path: Path) -> None:
    clock = SetClock(at(22, 50))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock), clock) as day:
        await day.eventually(lambda: bool(day.agent.booked) and all("released" in kinds for kinds in day.agent.booked.values()))
        assert await day.staff.expected() == ""
        clock.ms = at(23, 5)
        await day.office.send_orders()
        label = await day.staff.expected()
        assert label not in ("", *day.agent.booked)
        assert await day.staff.press(label, "", is_arrival=True) == f"{label} received"
        assert await day.staff.expected() != label


async def test_a_press_that_the_page_does_not_show_is_said_to_have_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_module, "PATIENCE_S", 0.1)
    clock = SetClock(at(6, 30))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock, swallow=99), clock) as day:
        with pytest.raises(NotBookedError, match="the page shows nothing"):
            await day.staff.press("TTP", "")


async def test_the_office_waits_for_a_cloud_that_is_away_and_gives_up_on_one_that_refuses(tmp_path: Path) -> None:
    cloud = FakeCloud(down=True)
    clock = SetClock(at(6, 30))
    with served(cloud) as api:
        told = town(tmp_path, api)
        office = Office(told, Memory.recall(tmp_path / "memory.json", told.seed), clock)
        opening = asyncio.create_task(office.open())
        with pytest.raises(RestError):
            await office.send_orders()
        assert not opening.done()
        cloud.down = False
        await asyncio.wait_for(opening, 20)
        refused = Office(replace(told, password="wrong"), Memory.recall(tmp_path / "memory.json", told.seed), clock)
        with pytest.raises(RestError, match="401"):
            await refused.open()
