"""A day's routes by REST and by the job that plans them: asked for, searched in a process of its own, watched, committed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cloud.config import CloudConfig
from cloud.jobs.route_plans import PlanDesk
from cloud.routing.engine import FEW_STOPS
from cloud.store import route_plans
from tests.cloud.api.vans import van
from tests.cloud.api.world import NOW, TestClock, World, order

pytestmark = pytest.mark.slow

PLANS = "/api/operators/op-a/plans"
DAY = "2026-11-23"
# The third lies where a receiver that knows nothing says it is.
PLACES = {"st-a1": (31.21, 121.41), "st-a2": (31.23, 121.45), "st-both": (0.0, 0.0)}


async def dock(world: World, site: str = "dock-1") -> None:
    await world.connection.execute(
        "INSERT INTO site (id, kind, name, lat, lon, created_at) VALUES (%s, 'dock', '网格仓', 31.2, 121.4, %s)", [site, NOW]
    )
    await world.connection.execute("INSERT INTO site_operator (site_id, operator_id) VALUES (%s, 'op-a')", [site])


async def frozen(world: World, more: Mapping[str, tuple[float, float]] | None = None) -> None:
    """A dock, coordinates, orders of a date that are closed. ``more``: stations besides those that there are."""
    await dock(world)
    for site in more or {}:
        await world.connection.execute(
            "INSERT INTO site (id, kind, name, created_at) VALUES (%s, 'station', %s, %s)", [site, site, NOW]
        )
        await world.connection.execute("INSERT INTO site_operator (site_id, operator_id) VALUES (%s, 'op-a')", [site])
    places = {**PLACES, **(more or {})}
    for site, (lat, lon) in places.items():
        await world.connection.execute("UPDATE site SET lat = %s, lon = %s WHERE id = %s", [lat, lon, site])
    orders = [order(f"A-{n}", site) for n, site in enumerate(places)]
    answer = await world.post("dispatcher-a", "/api/operators/op-a/orders", json=orders)
    assert answer.status_code == 200, answer.text
    await world.post("dispatcher-a", f"/api/operators/op-a/batches/{DAY}/freeze", json={"early": True})


def wanted(**more: Any) -> dict[str, Any]:
    vans = [{"id": "1", "ambient": 20, "chilled": 10}, {"id": "2", "ambient": 20, "chilled": 10}]
    return {"service_date": DAY, "vans": vans, "seconds": 1, **more}


async def asked(world: World, **more: Any) -> int:
    answer = await world.post("dispatcher-a", PLANS, json=wanted(**more))
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


@asynccontextmanager
async def planning(config: CloudConfig, clock: TestClock) -> AsyncIterator[None]:
    task = asyncio.create_task(PlanDesk(config, clock).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def ended(world: World, plan_id: int) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            plan: dict[str, Any] = (await world.get("dispatcher-a", f"/api/plans/{plan_id}")).json()
            if plan["state"] not in ("queued", "solving"):
                return plan
            await asyncio.sleep(0.1)


async def test_a_day_is_planned_by_the_job_and_becomes_runs_with_their_containers(
    world: World, config: CloudConfig, clock: TestClock
) -> None:
    await frozen(world)
    await van(world)
    vans = [{"id": "1", "vehicle": "van-1", "ambient": 20, "chilled": 10, "shift_from": "05:00", "shift_to": "14:00"}]
    async with planning(config, clock):
        number = await asked(world, vans=vans, seconds=2)
        plan = await ended(world, number)
    assert (plan["state"], plan["is_estimate"]) == ("done", True), plan
    result = plan["result"]
    (route,) = result["routes"]
    assert [stop["site"] for stop in route["stops"]] in (["st-a1", "st-a2"], ["st-a2", "st-a1"])
    assert route["load"] == {"ambient": 2, "chilled": 2, "frozen": 0}
    assert all(6 * 3600 <= stop["arrival_s"] <= 15 * 3600 for stop in route["stops"])
    assert (result["late"], result["cost_fen"] > 0, result["distance_m"] > 0) == (0, True, True)
    (left,) = result["unassigned"]
    assert (left["site"], left["code"], left["field"]) == ("st-both", "off_the_map", "stops[st-both].place")
    assert "请在地图上" in left["remedy_zh"]
    assert plan["progress"], "told while it was searched"
    assert all(row["cost_fen"] is None or row["cost_fen"] > 0 for row in plan["progress"])

    done = (await world.post("dispatcher-a", f"/api/plans/{number}/commit")).json()
    assert (done["state"], done["runs"]) == ("committed", ["R1123-1"])
    (run,) = (await world.get("dispatcher-a", f"/api/runs?day={DAY}")).json()["runs"]
    assert (run["name"], run["vehicle"], run["state"]) == ("R1123-1", "van-1", "assigned")
    assert [stop["site"] for stop in run["stops"]] == [stop["site"] for stop in route["stops"]]
    assert run["stops"][0]["planned_arrival"].startswith("2026-11-2"), "the operator's morning is the evening before in UTC"
    leaves_s = await world.one(
        "SELECT extract(epoch FROM planned_arrival - planned_start)::int FROM run_stop JOIN run ON run.id = run_id "
        "WHERE run_id = %s AND stop = 1",
        run["id"],
    )
    assert 0 < leaves_s < 1_200, "it is loaded by then, and only drives"
    assert await world.one("SELECT load FROM run_stop WHERE run_id = %s AND stop = 1", run["id"]) == route["stops"][0]["load"]
    wall = (await world.get("dispatcher-a", f"/api/operators/op-a/batches/{DAY}/sort-wall")).json()
    assert {lane["run"] for lane in wall["lanes"]} == {"R1123-1"}
    assert {one["site"] for one in wall["unrouted"]} == {"st-both"}
    assert (await world.post("dispatcher-a", f"/api/plans/{number}/commit")).status_code == 409


async def test_a_second_plan_replaces_the_first_unless_a_van_is_being_loaded(
    world: World, config: CloudConfig, clock: TestClock
) -> None:
    await frozen(world)
    await van(world)
    one_each = [{"id": "1", "vehicle": "van-1", "ambient": 1, "chilled": 1}, {"id": "2", "ambient": 1, "chilled": 1}]
    async with planning(config, clock):
        first = await asked(world, vans=one_each)
        assert len((await ended(world, first))["result"]["routes"]) == 2
        second = await asked(world, vans=[{"id": "big", "ambient": 20, "chilled": 10}])
        assert len((await ended(world, second))["result"]["routes"]) == 1
    compared = (await world.get("dispatcher-a", f"/api/plans/{first}/comparison/{second}")).json()
    assert (compared["vans"], {one["after"] for one in compared["moved"]}) == (-1, {"big"})
    await world.post("dispatcher-a", f"/api/plans/{first}/commit")
    assert (await world.post("dispatcher-a", f"/api/plans/{second}/commit")).json()["runs"] == ["R1123-1"]
    assert (await world.get("dispatcher-a", f"/api/plans/{first}")).json()["state"] == "discarded"
    runs = (await world.get("dispatcher-a", f"/api/runs?day={DAY}")).json()["runs"]
    assert {run["name"]: run["state"] for run in runs} == {"R1123-1": "planned", "R1123-2": "aborted"}

    await world.connection.execute("UPDATE run SET state = 'loading', vehicle_id = 'van-1' WHERE name = 'R1123-1'")
    async with planning(config, clock):
        third = await asked(world)
        await ended(world, third)
    refused = await world.post("dispatcher-a", f"/api/plans/{third}/commit")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "run_underway")
    assert (await world.get("dispatcher-a", f"/api/plans/{second}")).json()["state"] == "committed", "nothing was done"


async def test_a_search_is_stopped_long_before_its_time_and_has_routes(world: World, config: CloudConfig, clock: TestClock) -> None:
    # So many that it does not end by itself because nothing better comes.
    await frozen(world, {f"st-m{n}": (31.2 + n * 7 % 11 * 0.004, 121.4 + n * 0.002) for n in range(FEW_STOPS)})
    vans = [{"id": name, "ambient": 60, "chilled": 30} for name in ("1", "2")]
    async with planning(config, clock):
        number = await asked(world, seconds=600, vans=vans)
        async with asyncio.timeout(30):
            while not (await world.get("dispatcher-a", f"/api/plans/{number}")).json()["progress"]:
                await asyncio.sleep(0.1)
        stopped = (await world.post("dispatcher-a", f"/api/plans/{number}/stop")).json()
        assert stopped["stop_asked"]
        plan = await ended(world, number)
    served = [stop["site"] for route in plan["result"]["routes"] for stop in route["stops"]]
    assert (plan["state"], len(served)) == ("stopped", FEW_STOPS + 2)
    assert (await world.post("dispatcher-a", f"/api/plans/{number}/stop")).status_code == 409
    assert (await world.post("dispatcher-a", f"/api/plans/{number}/discard")).json()["state"] == "discarded"


async def test_a_plan_whose_solver_died_is_taken_up_again_once(world: World) -> None:
    await frozen(world)
    number = await asked(world)
    silence = "UPDATE plan SET heard_at = now() - interval '5 minutes' WHERE id = %s"
    for _ in range(route_plans.MOST_ATTEMPTS):
        claimed = await route_plans.claim(world.connection)
        assert claimed is not None
        assert claimed.id == number
        assert await route_plans.claim(world.connection) is None, "somebody is at it"
        await world.connection.execute(silence.encode(), [number])
    assert await route_plans.claim(world.connection) is None
    plan = (await world.get("dispatcher-a", f"/api/plans/{number}")).json()
    assert (plan["state"], plan["trouble"], plan["result"]) == ("failed", "died", None)


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"vans": []}, 422, "plan_problem", "vans"),
        ({"vans": [{"id": "1", "ambient": 9}, {"id": "1", "ambient": 9}]}, 422, "plan_problem", "vans[1].id"),
        ({"vans": [{"id": "1", "ambient": 9, "shift_from": "14:00", "shift_to": "05:00"}]}, 422, "plan_problem", "vans[1].shift"),
        ({"vans": [{"id": "1", "ambient": 9, "vehicle": "van-9"}]}, 422, "no_vehicle", "vehicle"),
        ({"stations": [{"site": "st-b1"}]}, 422, "not_due", "stations"),
        ({"depot": "dock-9"}, 422, "which_dock", "depot"),
        ({"service_date": "2026-11-24"}, 409, "batch_open", "service_date"),
        ({"seconds": 0}, 422, "invalid.greater_than_equal", "seconds"),
    ],
)
async def test_what_no_plan_could_do_with_is_refused_with_its_field(
    world: World, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    await frozen(world)
    answer = await world.post("dispatcher-a", PLANS, json=wanted(**change))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (status, code, field)
    assert error["remedy"]


async def test_each_operator_sees_its_own_plans_and_only_planners_any(world: World) -> None:
    await frozen(world)
    number = await asked(world)
    assert [plan["id"] for plan in (await world.get("dispatcher-a", f"{PLANS}?day={DAY}")).json()["plans"]] == [number]
    assert (await world.get("admin", f"/api/plans/{number}")).status_code == 200
    assert (await world.get("dispatcher-b", f"/api/plans/{number}")).status_code == 404
    assert (await world.get("dispatcher-b", f"{PLANS}?day={DAY}")).status_code == 404
    assert (await world.post("dispatcher-b", PLANS, json=wanted())).status_code == 404
    for deed in ("stop", "commit", "discard"):
        assert (await world.post("dispatcher-b", f"/api/plans/{number}/{deed}")).status_code == 404
    assert (await world.get("staff-a1", f"/api/plans/{number}")).status_code == 403
    assert (await world.post("leader-a1", PLANS, json=wanted())).status_code == 403
