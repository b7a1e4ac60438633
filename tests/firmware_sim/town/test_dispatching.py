"""How the town's dispatcher comes to a committed plan, from the cloud's answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from edge.rules.places import metres
from firmware_sim.town.dispatching import Dispatching
from firmware_sim.town.rest import RestError
from tests.firmware_sim.town.test_settings import town_of

DAY = date(2026, 11, 24)


@dataclass
class Cloud:
    """Answers as told, and keeps what was asked."""

    plans: list[dict[str, object]] = field(default_factory=list)
    is_estimate: bool = False
    state: str = "loading"
    asked: list[tuple[str, str, object]] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: object) -> object:
        self.asked.append((method, path, body))
        if path == "/api/roads":
            return {"is_estimate": self.is_estimate}
        if path.endswith("/transfers"):
            crates = [{"container": f"K{n}", "site": "st-0001", "is_done": n == 1} for n in (1, 2)]
            return {
                "transfers": [{"from_run": "R1", "to_run": "R2", "lat": 31.2, "lon": 121.4, "at_s": 9 * 3600, "containers": crates}]
            }
        if method == "GET" and "/plans" in path:
            return {"plans": self.plans}
        if path.endswith("/state"):
            raise RestError(409, "it stands in none that leads there")
        if path.startswith("/api/runs/"):
            return {"id": 7, "name": "R1", "vehicle": "van-0001", "state": self.state, "stops": []}
        return {}

    @property
    def posted(self) -> list[str]:
        return [path for method, path, _ in self.asked if method == "POST"]


async def test_a_plan_is_asked_for_waited_for_and_committed_once(tmp_path: Path) -> None:
    cloud = Cloud()
    dispatching = Dispatching(town_of(tmp_path, 5, 2), cloud.ask)
    assert not await dispatching.plan(DAY)
    for state in ("queued", "solving"):
        cloud.plans = [{"id": 3, "state": state}]
        assert not await dispatching.plan(DAY)
    cloud.plans = [{"id": 3, "state": "done"}]
    assert await dispatching.plan(DAY)
    cloud.plans = [{"id": 3, "state": "committed"}]
    assert await dispatching.plan(DAY)
    assert cloud.posted == ["/api/operators/tuantu-demo/plans", "/api/plans/3/commit"]


async def test_what_somebody_asks_for_of_the_rest_of_a_day_is_theirs_to_decide(tmp_path: Path) -> None:
    cloud = Cloud()
    dispatching = Dispatching(town_of(tmp_path, 5, 2), cloud.ask)
    cloud.plans = [
        {"id": 5, "state": "done", "base": 4},
        {"id": 4, "state": "committed", "base": 3},
        {"id": 3, "state": "discarded"},
    ]
    assert await dispatching.plan(DAY)
    cloud.plans = [{"id": 5, "state": "done", "base": 3}, {"id": 3, "state": "solving"}]
    assert not await dispatching.plan(DAY)
    assert cloud.posted == []


async def test_goods_change_vans_by_what_is_committed_of_the_rest_of_a_day(tmp_path: Path) -> None:
    cloud = Cloud()
    dispatching = Dispatching(town_of(tmp_path, 5, 2), cloud.ask)
    cloud.plans = [{"id": 3, "state": "committed"}]
    assert await dispatching.meets(DAY) == []
    cloud.plans = [{"id": 5, "state": "done", "base": 4}, {"id": 4, "state": "committed", "base": 3}]
    (meet,) = await dispatching.meets(DAY)
    assert (meet.from_run, meet.to_run, [one.container for one in meet.open]) == ("R1", "R2", ["K2"])
    assert cloud.asked[-1][:2] == ("GET", "/api/plans/4/transfers")


async def test_every_van_is_needed_and_stations_that_are_watched_have_their_hour(tmp_path: Path) -> None:
    cloud = Cloud()
    await Dispatching(town_of(tmp_path, 9, 3), cloud.ask).plan(DAY)
    wanted = next(body for method, _, body in cloud.asked if method == "POST")
    assert isinstance(wanted, Mapping)
    assert [(van["vehicle"], van["max_stops"]) for van in wanted["vans"]] == [(f"van-000{n}", 5) for n in (1, 2, 3)]
    assert [one["site"] for one in wanted["stations"]] == ["st-0001", "st-0002", "st-0003"]
    assert ["deliver_from" in one for one in wanted["stations"]] == [False, False, True]


async def test_the_van_comes_to_the_station_of_the_story_after_its_neighbours(tmp_path: Path) -> None:
    cloud, settings = Cloud(), town_of(tmp_path, 9, 3)
    lead = settings.stations[1]
    await Dispatching(settings, cloud.ask, lambda _day: lead.id).plan(DAY)
    wanted = next(body for method, _, body in cloud.asked if method == "POST")
    assert isinstance(wanted, Mapping)
    windows = {one["site"]: one for one in wanted["stations"]}
    assert [one["site"] for one in wanted["stations"]].count(lead.id) == 1
    opens = windows[lead.id]["deliver_from"]
    before = {site for site, one in windows.items() if "deliver_from" not in one and one["deliver_until"] < opens}

    def far(site: str) -> float:
        other = next(one.place for one in settings.stations if one.id == site)
        return metres(lead.place.lat, lead.place.lon, other.lat, other.lon)

    others = sorted((one.id for one in settings.stations if one is not lead), key=far)
    assert set(others[:3]) <= before
    assert {"st-0001", "st-0003"} <= windows.keys()


async def test_one_that_failed_is_asked_for_again_and_one_that_was_discarded_is_none(tmp_path: Path) -> None:
    cloud = Cloud([{"id": 4, "state": "discarded"}, {"id": 3, "state": "failed"}])
    assert not await Dispatching(town_of(tmp_path, 5, 2), cloud.ask).plan(DAY)
    assert cloud.posted == ["/api/operators/tuantu-demo/plans"]


async def test_who_waits_for_the_town_waits_for_its_roads_too(tmp_path: Path) -> None:
    cloud = Cloud(is_estimate=True)
    dispatching = Dispatching(replace(town_of(tmp_path, 5, 2), waits=True), cloud.ask)
    assert not await dispatching.plan(DAY)
    assert cloud.posted == []
    cloud.is_estimate = False
    assert not await dispatching.plan(DAY)
    assert cloud.posted == ["/api/operators/tuantu-demo/plans"]


async def test_a_step_that_was_taken_before_is_no_fault_and_another_is(tmp_path: Path) -> None:
    cloud = Cloud(state="loading")
    dispatching = Dispatching(town_of(tmp_path, 5, 2), cloud.ask)
    await dispatching.step(7, "loading")
    with pytest.raises(RestError):
        await dispatching.step(7, "departed")
