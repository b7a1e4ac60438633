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
from firmware_sim.town import hands as hands_module
from firmware_sim.town import office as office_module
from firmware_sim.town import staff as staff_module
from firmware_sim.town.chances import AS_USUAL
from firmware_sim.town.hands import NotBookedError, fresh
from firmware_sim.town.house import LINE
from firmware_sim.town.memory import Memory
from firmware_sim.town.office import Office
from firmware_sim.town.page import Act
from firmware_sim.town.rest import RestError
from firmware_sim.town.rounds import FormulaRound
from firmware_sim.town.settings import TownSettings, settings
from firmware_sim.town.staff import Staff
from tests.firmware_sim.town.fakes import FakeAgent, FakeCloud, reading, served

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 24)
WELL = AS_USUAL.worse(0)


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
    return replace(settings(folder, {}, environment), chances=WELL)


@dataclass
class Rig:
    cloud: FakeCloud
    agent: FakeAgent
    clock: SetClock
    office: Office
    staff: Staff
    memory: Memory

    @property
    def labels(self) -> set[str]:
        """Parcels of DAY."""
        orders = [order for order in self.cloud.orders.values() if order["pickup_date"] == DAY.isoformat()]
        return {parcel["id"] for order in orders for parcel in order["parcels"]}

    def kinds(self, label: str) -> list[str]:
        return [kind.partition(" ")[0] for kind in self.agent.booked.get(label, [])]

    def tapped(self, what: str) -> set[str]:
        """The containers for which it was. A tap under way when the staff are stopped, as between two waits here, is done again."""
        return {body["container"] for tap, body in self.agent.tapped if tap == what}

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
    """The day is closed and planned, and the agent has its list."""
    with served(cloud) as api, served(agent) as page:
        told = town(folder, api)
        memory = Memory.recall(folder / "memory.json", told.seed)
        office = Office(told, memory, clock)
        await office.open()
        await office.work()
        agent.day, agent.list = DAY.isoformat(), cloud.plan(DAY.isoformat())
        station = replace(told.stations[0], agent_url=page)
        scanner = SimulatedScanner(station.scanner_path, Random(1), suffix=b"\r\n", aim="]C0", faults=LINE)
        with scanner, reading(station.scanner_path, agent):
            yield Rig(
                cloud,
                agent,
                clock,
                office,
                Staff(station, scanner, office, memory, clock, told, FormulaRound(told, lambda _day: True)),
                memory,
            )


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TICK_S", "AGAIN_S"):
        monkeypatch.setattr(staff_module, name, 0.005)
    for name in ("LOOK_S", "SAME_LABEL_S"):
        monkeypatch.setattr(hands_module, name, 0.005)
    monkeypatch.setattr(office_module, "RETRY_S", 0.005)


async def test_containers_are_counted_parcels_shelved_and_handed_out_as_the_clock_goes_on(tmp_path: Path) -> None:
    clock = SetClock(at(6, 30))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock, needs_log_in=True), clock) as day:
        assert day.labels
        assert day.cloud.operators == ["tuantu-demo"]
        assert list(day.cloud.sites) == ["st-0001"]
        assert day.cloud.batches[DAY.isoformat()] == ["freeze", "allocation", "plan"]
        assert day.cloud.furnished == ["st-0001/staff", "st-0001/shelves", "st-0001/cells", "st-0001/rules"]
        clock.ms = at(10, 59)
        await day.eventually(lambda: all(day.kinds(label) == ["received", "shelved"] for label in day.labels))
        await day.eventually(lambda: day.tapped("/api/empty") == set(day.agent.list))
        assert set(day.agent.states.values()) == {"opened"}
        assert day.tapped("/api/finish-count") == set(day.agent.list)
        clock.ms = at(21, 30)
        await day.eventually(lambda: all(day.kinds(label)[-1] == "released" for label in day.labels))
        assert day.agent.mode == "release"


async def test_nothing_is_sent_scanned_or_tapped_twice_after_a_restart(tmp_path: Path) -> None:
    clock, cloud = SetClock(at(10, 59)), FakeCloud()
    agent = FakeAgent(clock)
    async with rig(tmp_path, cloud, agent, clock) as day:
        labels = day.labels
        await day.eventually(lambda: all(day.kinds(label) == ["received", "shelved"] for label in labels))
    before = {label: list(kinds) for label, kinds in agent.booked.items()}
    async with rig(tmp_path, cloud, agent, clock) as again:
        clock.ms = at(21, 30)
        await again.eventually(lambda: any("released" in kinds for kinds in agent.booked.values()))
    assert len(cloud.imported) == len(set(cloud.imported))
    assert cloud.batches[DAY.isoformat()] == ["freeze", "allocation", "plan"]
    assert len(cloud.furnished) == 4
    assert all(agent.booked[label][:2] == before[label] for label in labels)
    # At most the one step that was seen to be booked by us and not yet by the staff, when they stopped, is done again.
    assert sum(len([kind for kind in kinds if kind != "released"]) - 2 for kinds in agent.booked.values()) <= 1


async def test_a_list_that_was_read_is_known_after_a_restart_though_the_page_has_another_by_then(tmp_path: Path) -> None:
    clock, cloud = SetClock(at(10, 59)), FakeCloud()
    agent = FakeAgent(clock)
    async with rig(tmp_path, cloud, agent, clock) as day:
        await day.eventually(lambda: day.memory.bags("st-0001", DAY) is not None)
    async with rig(tmp_path, cloud, agent, clock) as again:
        agent.day, agent.list = "2026-11-25", {}
        await again.eventually(lambda: all(again.kinds(label) == ["received", "shelved"] for label in again.labels))


async def test_before_the_list_is_whole_nobody_begins(tmp_path: Path) -> None:
    clock = SetClock(at(10, 59))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock), clock) as day:
        whole = day.agent.list
        day.agent.list = dict(list(whole.items())[1:])
        living = asyncio.create_task(day.staff.live())
        await asyncio.sleep(0.2)
        assert day.agent.booked == {}
        assert day.staff.next_due_ms() <= clock.ms
        day.agent.list = whole
        living.cancel()
        await asyncio.wait([living])
        await day.eventually(lambda: set(day.agent.booked) == day.labels)


async def test_what_nobody_fetched_goes_the_next_morning(tmp_path: Path) -> None:
    clock = SetClock(at(6, 30))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock), clock) as day:
        left = {"TTPOLDCHILLED": "chilled", "TTPOLDAMBIENT": "ambient"}
        for label, zone in left.items():
            day.agent.booked[label] = ["received", "shelved A1"]
            day.agent.list[f"old-{zone}"] = [{"id": label, "zone": zone, "order": "", "items": []}]
        clock.ms = at(7, 12)
        await day.eventually(lambda: day.kinds("TTPOLDCHILLED")[-1] == "disposed")
        assert day.kinds("TTPOLDAMBIENT")[-1] == "shelved", "that is for the van"
        clock.ms = at(10, 59)
        await day.eventually(lambda: day.kinds("TTPOLDAMBIENT")[-1] == "returned")
        assert ("/api/dispose", {"parcel": "TTPOLDCHILLED", "reason": "expired"}) in day.agent.tapped
        assert ("/api/give-back", {"parcel": "TTPOLDAMBIENT", "run": "R1124-1"}) in day.agent.tapped


async def test_a_scan_that_nothing_came_of_is_scanned_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands_module, "PATIENCE_S", 0.2)
    clock = SetClock(at(10, 59))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock, swallow=2), clock) as day:
        await day.eventually(lambda: set(day.agent.booked) == day.labels)


async def test_somebody_whom_the_page_does_not_know_does_not_keep_the_others_waiting_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock(at(10, 59))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock), clock) as day:
        await day.eventually(lambda: all(day.kinds(label) == ["received", "shelved"] for label in day.labels))
        stranger = min({one["order"] for rows in day.agent.list.values() for one in rows})
        known = day.agent._answer

        def refuse(text: str) -> object:
            if stranger in text:
                return {"question": "", "act": {"word": "refused", "detail": "unknown_code"}, "claims": []}
            return known(text)

        monkeypatch.setattr(day.agent, "_answer", refuse)
        clock.ms = at(21, 30)
        theirs = {one["id"] for rows in day.agent.list.values() for one in rows if one["order"] == stranger}
        await day.eventually(lambda: all(day.kinds(label)[-1] == "released" for label in day.labels - theirs))
        assert all(day.kinds(label)[-1] == "shelved" for label in theirs)


async def test_a_pressed_button_scans_the_next_expected_parcel_and_the_plan_leaves_it_out(tmp_path: Path) -> None:
    clock = SetClock(at(6, 30))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock), clock) as day:
        first = await day.staff.expected()
        pressed = await day.staff.press(first, "")
        assert pressed.text == f"{first} received"
        assert bytes.fromhex(pressed.hops.sent_hex).endswith(f"]C0{first}\r\n".encode())
        second = await day.staff.expected()
        assert second not in ("", first)
        clock.ms = at(10, 59)
        await day.eventually(lambda: all(len(kinds) == 2 for kinds in day.agent.booked.values()) and second in day.agent.booked)
        assert day.agent.booked[first].count("received") == 1
        assert day.staff.hands.scanner is not None
        day.staff.hands.scanner.unplug()
        with pytest.raises(RuntimeError, match="unplugged"):
            await day.staff.press(second, "")


async def test_when_today_is_in_the_button_takes_in_what_is_ordered_for_tomorrow(tmp_path: Path) -> None:
    clock = SetClock(at(22, 50))
    async with rig(tmp_path, FakeCloud(), FakeAgent(clock), clock) as day:
        await day.eventually(lambda: all(day.kinds(label)[-1:] == ["released"] for label in day.labels))
        assert await day.staff.expected() == ""
        clock.ms = at(23, 5)
        await day.office.work()
        label = await day.staff.expected()
        assert label not in ("", *day.agent.booked)
        assert (await day.staff.press(label, "", is_arrival=True)).text == f"{label} received"
        assert await day.staff.expected() != label


async def test_orders_are_sent_as_they_are_placed(tmp_path: Path) -> None:
    clock, cloud = SetClock(at(7)), FakeCloud()
    async with rig(tmp_path, cloud, FakeAgent(clock), clock) as day:
        counts = []
        for hour in range(7, 24):
            clock.ms = at(hour)
            await day.office.work()
            counts.append(sum(order["pickup_date"] == "2026-11-25" for order in cloud.orders.values()))
            assert all(datetime.fromisoformat(order["placed_at"]).timestamp() * 1000 <= clock.ms for order in cloud.orders.values())
        assert len(set(counts)) > 3
        assert counts == sorted(counts)
        assert cloud.batches["2026-11-25"] == ["freeze", "allocation"]
        assert day.office.next_due_ms() == at(23) + 2 * 3_600_000, "then the routes are frozen"


async def test_a_press_that_the_page_does_not_show_is_said_to_have_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands_module, "PATIENCE_S", 0.1)
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
            await office.work()
        assert not opening.done()
        cloud.down = False
        await asyncio.wait_for(opening, 20)
        refused = Office(replace(told, password="wrong"), Memory.recall(tmp_path / "memory.json", told.seed), clock)
        with pytest.raises(RestError, match="401"):
            await refused.open()


def test_what_is_new_in_front_of_a_list_is_found_though_it_looks_like_what_was_there() -> None:
    a, b, c = Act(text="a"), Act(text="b"), Act(text="c")
    assert fresh([a, b], [a, b]) == []
    assert fresh([c, a, b], [a, b]) == [c]
    assert fresh([a, a, b], [a, b, c]) == [a]
    assert fresh([a], []) == [a]
    assert fresh([], [a]) == []
    assert fresh([c, c], [a, b]) == [c, c], "more has come than the list shows"
