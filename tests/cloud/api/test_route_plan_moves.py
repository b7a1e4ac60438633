"""A plan changed by hand by REST: tried without a trace, kept as a plan of its own, refused in words with a remedy."""

from typing import Any

import pytest

from cloud.config import CloudConfig
from tests.cloud.api.test_route_plans import DAY, PLANS, asked, ended, frozen, planning
from tests.cloud.api.world import TestClock, World

pytestmark = pytest.mark.slow


@pytest.fixture
async def plan(world: World, config: CloudConfig, clock: TestClock) -> dict[str, Any]:
    """Two stations on van 1 or 2, and one that no van can be sent to."""
    await frozen(world)
    async with planning(config, clock):
        vans = [{"id": "1", "ambient": 20, "chilled": 10}, {"id": "2", "ambient": 20, "chilled": 1}]
        return await ended(world, await asked(world, vans=vans))


def tours(**trips: list[list[str]]) -> dict[str, Any]:
    return {"tours": [{"van": van.removeprefix("v"), "trips": of_it} for van, of_it in trips.items()]}


async def test_tours_are_tried_with_what_they_change_and_nothing_is_kept(world: World, plan: dict[str, Any]) -> None:
    answer = await world.post("dispatcher-a", f"/api/plans/{plan['id']}/trial", json=tours(v1=[["st-a2"]], v2=[["st-a1"]]))
    trial = answer.json()
    assert (answer.status_code, trial["refusals"]) == (200, []), trial
    assert {route["van"]: [stop["site"] for stop in route["stops"]] for route in trial["result"]["routes"]} == {
        "1": ["st-a2"], "2": ["st-a1"],
    }  # fmt: skip
    assert trial["comparison"]["vans"] == 1
    assert trial["comparison"]["cost_fen"] == trial["result"]["cost_fen"] - plan["result"]["cost_fen"]
    (moved,) = trial["comparison"]["moved"]
    assert moved["said_zh"].startswith(f"{moved['name']}改由{moved['after']}号车：")
    assert [one["site"] for one in trial["result"]["unassigned"]] == ["st-both"]
    assert len((await world.get("dispatcher-a", f"{PLANS}?day={DAY}")).json()["plans"]) == 1


async def test_what_does_not_hold_is_told_by_a_trial_and_refused_where_it_is_to_be_kept(world: World, plan: dict[str, Any]) -> None:
    full = tours(v2=[["st-a1", "st-a2"]])
    trial = (await world.post("dispatcher-a", f"/api/plans/{plan['id']}/trial", json=full)).json()
    assert (trial["result"], trial["comparison"]) == (None, None)
    (refusal,) = trial["refusals"]
    assert (refusal["field"], refusal["code"], refusal["said_zh"]) == ("tours[2]", "overloaded", "2号车的冷藏箱超出 1 个")
    kept = await world.post("dispatcher-a", f"/api/plans/{plan['id']}/moves", json=full)
    error = kept.json()["error"]
    assert (kept.status_code, error["code"], error["field"]) == (422, "plan_problem", "tours[2]")
    assert error["message"] == refusal["said_en"]
    assert error["params"]["remedy_zh"] == refusal["remedy_zh"]


async def test_tours_that_hold_are_kept_as_a_plan_that_can_be_committed(world: World, plan: dict[str, Any]) -> None:
    wanted = tours(v1=[["st-a2"]], v2=[["st-a1"]])
    answer = await world.post("dispatcher-a", f"/api/plans/{plan['id']}/moves", json=wanted)
    draft = answer.json()
    assert (answer.status_code, draft["state"], draft["moved_from"], draft["result"]["engine"]) == (201, "done", plan["id"], "hand")
    assert draft["day"] == plan["day"]
    assert (await world.get("dispatcher-a", f"/api/plans/{plan['id']}")).json()["state"] == "done", "it stays as it is"
    done = (await world.post("dispatcher-a", f"/api/plans/{draft['id']}/commit")).json()
    assert done["state"] == "committed"
    runs = (await world.get("dispatcher-a", f"/api/runs?day={DAY}")).json()["runs"]
    assert [[stop["site"] for stop in run["stops"]] for run in runs] == [["st-a2"], ["st-a1"]]
    compared = (await world.get("dispatcher-a", f"/api/plans/{plan['id']}/comparison/{draft['id']}")).json()
    assert all(one["said_zh"] and one["said_en"] for one in compared["moved"])
    assert await world.one("SELECT count(*) FROM audit WHERE action = 'plan.move'") == 1


@pytest.mark.parametrize(
    ("wanted", "field"), [(tours(v9=[["st-a1"]]), "tours[9].van"), (tours(v1=[["st-both"]]), "stops[st-both].place")]
)
async def test_what_nobody_can_be_sent_to_is_refused_with_its_field(
    world: World, plan: dict[str, Any], wanted: dict[str, Any], field: str
) -> None:
    answer = await world.post("dispatcher-a", f"/api/plans/{plan['id']}/trial", json=wanted)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (422, "plan_problem", field)
    assert error["remedy"]
    assert error["params"]["detail_zh"]


async def test_only_the_operators_planners_may_and_only_where_there_are_routes(world: World) -> None:
    await frozen(world)
    number = await asked(world)
    for deed in ("trial", "moves"):
        where = f"/api/plans/{number}/{deed}"
        assert (await world.post("dispatcher-a", where, json=tours())).json()["error"]["code"] == "plan_state"
        assert (await world.post("dispatcher-b", where, json=tours())).status_code == 404
        assert (await world.post("staff-a1", where, json=tours())).status_code == 403
        assert (await world.post(None, where, json=tours())).status_code == 401
