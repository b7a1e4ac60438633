"""The storyboard: whom it follows, when its scenes come, and what it leaves behind. That it plays on real parts: tests/e2e."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.wire.clock import to_ms
from firmware_sim.town import story as story_module
from firmware_sim.town.carriage import Carriage, UnseenCarriage
from firmware_sim.town.casting import leads
from firmware_sim.town.chances import AS_USUAL
from firmware_sim.town.hands import NotBookedError
from firmware_sim.town.memory import Memory
from firmware_sim.town.plan import LOCAL, at, plan_day
from firmware_sim.town.staff import Progress
from firmware_sim.town.steps import StepKind
from firmware_sim.town.story import Story
from firmware_sim.town.storyboard import STORY, followed
from firmware_sim.town.storyboard import story as told
from firmware_sim.town.van import Stop
from tests.firmware_sim.town.test_settings import town_of

DAY = date(2026, 11, 24)
WELL = AS_USUAL.worse(0)
ARRIVES = at(DAY, time(7, 40))


@dataclass
class Clock:
    ms: int = to_ms(at(DAY, time(7)))
    rate: float = 30.0
    is_simulated: bool = True

    def now_ms(self) -> int:
        return self.ms


@dataclass
class OneHouse:
    """A station as far as the story touches it; ``did`` is what came of that."""

    memory: Memory
    did: list[str] = field(default_factory=list)
    done: set[StepKind] = field(default_factory=set)
    name: str = "st-0001"
    has_sent: bool = True
    is_online: bool = False
    arrives: datetime = ARRIVES

    def __post_init__(self) -> None:
        self.station: Any = SimpleNamespace(id=self.name, has_cabinet=False, is_shared=False)
        self.line: Any = SimpleNamespace(cut=lambda: self.did.append("cut"), mend=lambda: self.did.append("mend"))
        self.room: Any = SimpleNamespace(set_door=lambda name, is_open: self.did.append(f"{name} {'open' if is_open else 'shut'}"))
        self.staff: Any = self

    def stop(self, _day: date) -> Stop:
        return Stop(self.name, self.arrives, self.arrives)

    def progress(self, _day: date, kind: StepKind, **_: object) -> Progress:
        return Progress(to_ms(ARRIVES), kind in self.done)

    async def is_heard(self, _station: Any) -> bool:
        return self.is_online

    async def see_sent(self) -> None:
        if not self.has_sent:
            raise NotBookedError("something waits to be sent")

    async def hand_out(self, order: Any, _day: date) -> None:
        self.did.append(f"hand out {order.external_id}")

    async def ask_again(self, order: Any) -> None:
        self.did.append(f"ask again {order.external_id}")


@dataclass
class OneVan:
    """On its way to all of them, by ``stops``."""

    stops: tuple[str, ...] = ("st-0008", "st-0009", "st-0001")
    lacks: int = 12
    has_left: bool = False
    brought: set[str] = field(default_factory=set)
    has_vans: bool = True

    def loaded(self, _day: date, _station: str, but: int = 0) -> Progress:
        return Progress(None, self.lacks <= but)

    def left(self, _day: date, _station: str) -> Progress:
        return Progress(None, self.has_left)

    def before(self, _day: date, station: str) -> Sequence[str]:
        return self.stops[: self.stops.index(station)]

    def is_known(self, _day: date, _station: str) -> bool:
        return True

    def has_come(self, _day: date, station: str) -> bool:
        return station in self.brought


@pytest.fixture
def house(tmp_path: Path) -> OneHouse:
    return OneHouse(Memory.recall(tmp_path / "memory.json", 1))


def story_of(house: OneHouse, clock: Clock, carriage: Carriage | None = None, *others: OneHouse) -> Story:
    houses: Any = {one.name: one for one in (house, *others)}
    tools: Any = SimpleNamespace(
        settings=SimpleNamespace(seed=1, chances=WELL, stations=[one.station for one in houses.values()]), memory=house.memory,
        round=SimpleNamespace(is_known=lambda _day, _station: True) if carriage is None else carriage,
        office=SimpleNamespace(is_heard=house.is_heard, day=lambda station, day: plan_day(1, station.id, day, chances=WELL)),
    )  # fmt: skip
    return Story(tools, houses, clock, UnseenCarriage(None) if carriage is None else carriage, houses)


async def play_until(story: Story, clock: Clock, hour: int, minute: int = 0) -> None:
    """Minute by minute."""
    until_ms = to_ms(datetime(2026, 11, 24, hour, minute, tzinfo=LOCAL))
    while clock.ms < until_ms:
        clock.ms += 60_000
        await story.play()


def states(story: Story) -> dict[str, str]:
    return {scene.name: scene.state for scene in story.scenes()}


def test_the_order_that_is_followed_is_one_with_which_nothing_goes_wrong() -> None:
    for seed in range(40):
        day = plan_day(seed, "st-0001", DAY)
        order = followed(seed, day, {})
        assert order is None or not order.for_cabinet
        if order is not None:
            assert followed(seed, day, {line.good.sku: 1 for line in order.lines}) != order, "it would be short"
    assert followed(1, plan_day(1, "st-0001", DAY, chances=WELL), {}, WELL) is not None


async def test_the_line_is_cut_before_the_van_comes_and_mended_when_all_is_counted(house: OneHouse) -> None:
    clock = Clock()
    story = story_of(house, clock)
    await play_until(story, clock, 7, 31)
    assert (house.did, states(story)["under_way"]) == ([], "done")
    await play_until(story, clock, 7, 33)
    assert house.did == ["cut"]
    assert next(scene for scene in story.scenes() if scene.name == "cut").at_ms // 60_000 == (to_ms(ARRIVES) // 60_000) - 8
    assert states(story)["silent"] == "done"
    await play_until(story, clock, 8, 30)
    assert house.did == ["cut"], "nobody has counted yet, and so the line stays cut"
    house.done |= {StepKind.SIGN, StepKind.FINISH}
    await play_until(story, clock, 8, 34)
    assert house.did == ["cut", "mend"]


async def test_the_line_stays_cut_until_the_cloud_has_noticed_or_never_will(
    house: OneHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    story = story_of(house, clock)
    house.is_online = True
    await play_until(story, clock, 7, 32)
    house.done |= {StepKind.SIGN, StepKind.FINISH}
    with pytest.raises(NotBookedError):
        await play_until(story, clock, 7, 50)
    assert (house.did, states(story)["silent"]) == (["cut"], "ahead")
    monkeypatch.setattr(story_module, "_SILENT_WITHIN_S", 0.0)
    await play_until(story, clock, 7, 50)
    assert (house.did, states(story)["silent"]) == (["cut", "mend"], "missed")


async def test_the_resident_comes_twice_the_door_stands_open_and_is_shut(house: OneHouse) -> None:
    clock = Clock()
    story = story_of(house, clock)
    cast = story.cast()
    assert cast is not None
    house.done |= {StepKind.SIGN}
    await play_until(story, clock, 8)
    house.done |= {StepKind.FINISH, StepKind.SHELVE}
    await play_until(story, clock, 9)
    number = cast.order.external_id
    assert house.did == ["cut", "mend", f"hand out {number}", f"ask again {number}", "freezer-1 open", "freezer-1 shut"]
    assert set(states(story).values()) == {"done"}
    assert [scene.name for scene in story.scenes()] == [scene.name for scene in told(has_vans=False)]
    again = story_of(house, clock)  # the town was started anew: nothing is played twice
    await play_until(again, clock, 10)
    assert len(house.did) == 6


async def test_who_comes_too_late_for_the_outage_sees_none_and_the_rest_of_the_story(house: OneHouse) -> None:
    clock = Clock()
    house.done |= {StepKind.SIGN, StepKind.FINISH}
    story = story_of(house, clock)
    await play_until(story, clock, 9)
    assert (house.did, states(story)["cut"], states(story)["mend"]) == ([], "missed", "missed")
    house.done |= {StepKind.SHELVE}
    await play_until(story, clock, 10)
    assert house.did[0].startswith("hand out")


async def test_a_story_that_the_night_overtakes_leaves_the_line_whole_and_the_door_shut(house: OneHouse) -> None:
    clock = Clock()
    story = story_of(house, clock)
    await play_until(story, clock, 7, 40)
    assert house.did == ["cut"]
    clock.ms += 24 * 3_600_000
    cast = story.cast()
    assert cast is not None
    assert cast.day == date(2026, 11, 25)
    assert house.did == ["cut", "mend", "freezer-1 shut"]


async def test_in_a_town_with_vans_the_rows_are_what_the_van_does_first(house: OneHouse) -> None:
    clock, van = Clock(to_ms(at(DAY, time(6, 40)))), OneVan()
    first = OneHouse(house.memory, name="st-0008")
    story = story_of(house, clock, van)
    story.staff = {"st-0008": first.staff}
    assert [scene.name for scene in story.scenes()] == [scene.name for scene in STORY]

    async def done(minute: int) -> list[str]:
        await play_until(story, clock, 6 + minute // 60, minute % 60)
        return [name for name, state in states(story).items() if state == "done"]

    van.lacks = 2
    assert await done(45) == []
    van.lacks = 1
    assert await done(46) == ["loading"]
    van.lacks = 0
    assert await done(50) == ["loading", "under_way"]
    van.has_left = True
    assert await done(61) == ["loading", "under_way", "left"]
    first.done |= {StepKind.SIGN}
    assert await done(62) == ["loading", "under_way", "left"], "what nobody has brought was not signed for today"
    van.brought |= {"st-0008"}
    assert await done(80) == ["loading", "under_way", "left", "first_stop"]
    assert (await done(95))[4] == "cut"


async def test_a_first_stop_that_nobody_saw_does_not_hold_up_the_story(house: OneHouse) -> None:
    clock, van = Clock(to_ms(at(DAY, time(7)))), OneVan(lacks=0, has_left=True)
    story = story_of(house, clock, van)
    story.staff = {"st-0008": OneHouse(house.memory, name="st-0008").staff}
    await play_until(story, clock, 7, 45)
    assert states(story)["first_stop"] == "ahead"
    house.done |= {StepKind.SIGN}
    await play_until(story, clock, 7, 50)
    assert (states(story)["first_stop"], states(story)["cut"]) == ("missed", "done")


async def test_it_follows_where_the_van_comes_after_others(house: OneHouse) -> None:
    van = OneVan(stops=("st-0001", "st-0008", "st-0003"))
    late = OneHouse(house.memory, name="st-0003", arrives=at(DAY, time(9)))
    cast = story_of(house, Clock(), van, late).cast()
    assert cast is not None
    assert cast.house.station.id == "st-0003", "at the first the van is before anybody has looked"
    alone = story_of(house, Clock(), None, late).cast()
    assert alone is not None
    assert alone.house.station.id == "st-0001", "without vans the earlier one"


async def test_nobody_comes_for_what_the_cloud_has_not_heard_of(house: OneHouse) -> None:
    clock = Clock()
    story = story_of(house, clock)
    house.done |= {StepKind.SIGN, StepKind.FINISH, StepKind.SHELVE}
    house.has_sent = False
    with pytest.raises(NotBookedError):
        await play_until(story, clock, 9)
    assert states(story)["ready"] == "ahead"
    house.has_sent = True
    await play_until(story, clock, 9, 30)
    assert house.did[0].startswith("hand out")


def test_stations_with_something_in_the_freezer_come_first(tmp_path: Path) -> None:
    settings = town_of(tmp_path, 6, 1)
    for n in range(40):
        day = DAY + timedelta(days=n)
        found = leads(settings, lambda station, day: plan_day(1, station.id, day, mean=station.mean_orders), day)
        assert [one.is_cold for one in found] == sorted((one.is_cold for one in found), reverse=True)
        assert {one.station.id for one in found} <= {"st-0001", "st-0002", "st-0003"}, "nobody watches the others"
