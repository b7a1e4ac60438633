"""A van of the town breaks down: what is planned anew is driven, its goods are scanned over, the books balance. On real parts."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge.rules.places import metres
from edge.wire.clock import to_ms
from firmware_sim.town import shift as shift_module
from firmware_sim.town.control import Request
from firmware_sim.town.settings import OPERATOR
from firmware_sim.town.trips import Phase
from firmware_sim.town.truck import Truck
from tests.conftest import reachable_folder
from tests.firmware_sim.town.real_town import RealTown, running_town
from tests.firmware_sim.town.van_morning import CHANCES, DAY, SEED, STATIONS, VANS, are_back, hurry_vans, moment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NEAR_M = 400.0  # of where a van stands: how far it drives between two fixes of its receiver, as fast as the test's clock goes


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry_vans(monkeypatch)
    monkeypatch.setattr(shift_module, "_HEARS_S", 0.5)


async def ask(real: RealTown, method: str, path: str, body: object = None) -> Any:
    """As a dispatcher's page asks."""
    assert real.town.office is not None
    return await real.town.office.ask(method, path, body)


async def committed(real: RealTown) -> int:
    """The number of the plan by which the day is driven."""
    plans = (await ask(real, "GET", f"/api/operators/{OPERATOR}/plans?day={DAY}"))["plans"]
    return int(next(one["id"] for one in plans if one["state"] == "committed"))


def on_the_road(real: RealTown) -> Truck | None:
    """A van on its way to a stop, while the other one is out, too."""
    trips = {truck.van.id: truck.driver.trip for truck in real.town.trucks}
    if len(trips) < len(VANS) or not all(trip is not None and trip.is_under_way for trip in trips.values()):
        return None
    return next(
        (one for one in real.town.trucks if (trip := trips[one.van.id]) and trip.phase is Phase.DRIVING and trip.goal), None
    )


def is_seen(real: RealTown, truck: Truck) -> bool:
    """Whether the cloud knows about where the van stands."""
    here = truck.driver.place(real.clock.now_ms())
    seen = real.rows("SELECT lat, lon FROM position_current WHERE site_id = %s", truck.van.id)
    return bool(seen) and metres(seen[0][0], seen[0][1], here.lat, here.lon) < NEAR_M


async def plan_anew(real: RealTown, truck: Truck) -> int:
    """The dispatcher tells the breakdown, and that stations take goods until three; and takes the smallest change. Its number."""
    base = await committed(real)
    run_of_van = (await ask(real, "GET", f"/api/plans/{base}"))["run_of_van"]
    trip = truck.driver.trip
    assert trip is not None
    run = await ask(real, "GET", f"/api/runs/{trip.run}")
    van = next(van for van, name in run_of_van.items() if name == run["name"])
    ahead = {
        stop["site"]
        for one in (await ask(real, "GET", f"/api/runs?day={DAY}"))["runs"]
        for stop in one["stops"]
        if stop["arrived_at"] is None and stop["state"] in ("pending", "approaching")
    }
    times = [{"site": site, "deliver_from": "07:00", "deliver_until": "15:00"} for site in sorted(ahead)]
    wanted = {"event": {"kind": "breakdown", "van": van}, "stations": times, "lift_max_stops": True, "seconds": 1}
    asked = await ask(real, "POST", f"/api/plans/{base}/replans", wanted)
    number = int(asked["smallest"]["id"])
    async with asyncio.timeout(60):
        while (await ask(real, "GET", f"/api/plans/{number}"))["state"] in ("queued", "solving"):
            await asyncio.sleep(0.2)
    await ask(real, "POST", f"/api/plans/{number}/commit", {})
    return number


def all_done(real: RealTown) -> bool:
    """What staff and residents were to do that day."""
    return all(
        (plan := house.staff._plans.get(DAY)) is not None and all(house.staff._memory.is_done(DAY, station, step) for step in plan)
        for station, house in real.town.houses.items()
    )


async def test_goods_of_a_van_that_broke_down_are_scanned_over_delivered_and_all_accounted_for(database_url: str) -> None:
    with reachable_folder() as folder, capture_logs() as logs:
        async with running_town(folder, database_url, STATIONS, moment(6, 30), SEED, CHANCES, VANS) as real:
            await real.live_until(lambda: on_the_road(real) is not None, to_ms(moment(15)), 100)
            broken = on_the_road(real)
            assert broken is not None
            assert (await real.town.handle(Request(do="van", site=broken.van.id, way="broken"))).done
            await real.live_until(lambda: is_seen(real, broken), to_ms(moment(15)), 30)
            real.set_time(real.clock.now_ms(), 1.0)
            plan = await plan_anew(real, broken)
            (meet,) = (await ask(real, "GET", f"/api/plans/{plan}/transfers"))["transfers"]
            stood_at = broken.driver.place(real.clock.now_ms())
            assert metres(meet["lat"], meet["lon"], stood_at.lat, stood_at.lon) < NEAR_M
            await real.live_until(lambda: are_back(real), to_ms(moment(15)), 100)
            now_at = broken.driver.place(real.clock.now_ms())
            assert (now_at.lat, now_at.lon) == (stood_at.lat, stood_at.lon), "it was relieved where it stood"
            await real.live_until(lambda: all_done(real), to_ms(moment(22)), 150)
            real.set_time(real.clock.now_ms(), 1.0)
            await check(real, broken, meet)
    surprises = [one for one in logs if one["event"] in ("not_as_planned", "given_up")]
    assert not surprises, surprises


async def check(real: RealTown, broken: Truck, meet: dict[str, Any]) -> None:
    helper = next(one.van.id for one in real.town.trucks if one is not broken)
    moved = sorted(one["container"] for one in meet["containers"])
    assert moved
    # Each was in the first van by the dock's scan, went into the other by that one's own, and was left and signed for.
    loaded = real.rows(
        "SELECT fact->>'container' FROM event WHERE kind = 'container_loaded' AND site_id = %s AND fact->>'run' = %s ORDER BY 1",
        helper, meet["to_run"],
    )  # fmt: skip
    assert [container for (container,) in loaded] == moved
    planned = real.rows("SELECT container_id, site_id FROM planned_container WHERE pickup_date = %s ORDER BY 1", DAY)
    left = real.rows(
        "SELECT fact->>'container', fact->>'station' FROM event "
        "WHERE kind = 'container_dropped' AND site_id LIKE 'van-%%' ORDER BY 1"
    )
    signed = real.rows("SELECT fact->>'container', site_id FROM event WHERE kind = 'container_signed' ORDER BY 1")
    assert left == planned == signed
    assert {one["container"] for one in (await transfers(real))[0]["containers"] if one["is_done"]} == set(moved)
    runs = real.rows("SELECT vehicle_id, state FROM run WHERE service_date = %s AND state <> 'aborted'", DAY)
    assert sorted(runs) == sorted((van, "completed") for van in VANS)
    stops = real.rows("SELECT t.state FROM run_stop t JOIN run r ON r.id = t.run_id WHERE r.service_date = %s", DAY)
    assert [state for (state,) in stops] == ["signed"] * len(STATIONS)
    assert real.rows("SELECT site_id, state, reason FROM quarantine") == []
    async with asyncio.timeout(60):
        while (books := await ask(real, "GET", f"/api/operators/{OPERATOR}/books?date={DAY}"))["unresolved"]:
            await asyncio.sleep(0.5)  # the last bookings are on their way
    assert books["total"]["balanced"]
    assert books["total"]["sent"] == books["total"]["released"] > 0


async def transfers(real: RealTown) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(real, "GET", f"/api/plans/{await committed(real)}/transfers"))["transfers"]
    return found
