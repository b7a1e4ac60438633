"""The rest of a day by REST and by the job: what has happened, two answers, one committed; done stops stay, goods change vans."""

from datetime import timedelta
from typing import Any

import pytest

from cloud.config import CloudConfig
from cloud.store.run_following import look
from edge.wire.clock import to_ms
from tests.cloud.api import test_driver as driver
from tests.cloud.api.test_route_plans import DAY, PLANS, dock, ended, planning
from tests.cloud.api.vans import van
from tests.cloud.api.world import NOW, TestClock, World, order

pytestmark = pytest.mark.slow

# Two to the west of the dock, two to the east.
PLACES = {"st-w1": (31.21, 121.37), "st-w2": (31.20, 121.36), "st-e1": (31.21, 121.43), "st-e2": (31.20, 121.44)}
AT_EIGHT = to_ms(NOW) + 16 * 3_600_000  # 08:00 in Shanghai, the day after


async def underway(world: World, config: CloudConfig, clock: TestClock) -> tuple[int, dict[str, Any]]:
    """A committed plan of two vans, both driving, the first stop of each signed. Its number, and its runs by van."""
    await dock(world)
    for site, (lat, lon) in PLACES.items():
        await world.connection.execute(
            "INSERT INTO site (id, kind, name, lat, lon, created_at) VALUES (%s, 'station', %s, %s, %s, %s)",
            [site, site, lat, lon, NOW],
        )
        await world.connection.execute("INSERT INTO site_operator (site_id, operator_id) VALUES (%s, 'op-a')", [site])
    await van(world, "van-1")
    await van(world, "van-2")
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order(f"A-{site}", site) for site in PLACES])
    await world.post("dispatcher-a", f"/api/operators/op-a/batches/{DAY}/freeze", json={"early": True})
    vans = [{"id": n, "vehicle": f"van-{n}", "ambient": 2, "chilled": 2} for n in ("1", "2")]
    asked = {"service_date": DAY, "vans": vans, "seconds": 1}
    async with planning(config, clock):
        number = int((await world.post("dispatcher-a", PLANS, json=asked)).json()["id"])
        await ended(world, number)
    assert (await world.post("dispatcher-a", f"/api/plans/{number}/commit")).status_code == 200
    clock.ms = AT_EIGHT
    for run in await runs(world):
        for state in ("loading", "departed"):
            await world.post("dispatcher-a", f"/api/runs/{run['id']}/state", json={"state": state})
        await world.connection.execute("UPDATE run_stop SET state = 'signed' WHERE run_id = %s AND stop = 1", [run["id"]])
        at = PLACES[run["stops"][0]["site"]]
        await world.connection.execute(
            "INSERT INTO position_current (site_id, operator_id, at, lat, lon, received_at) VALUES (%s, 'op-a', %s, %s, %s, %s)",
            [run["vehicle"], clock_time(clock), *at, clock_time(clock)],
        )
    return number, {run["vehicle"][-1]: run for run in await runs(world)}


def clock_time(clock: TestClock) -> Any:
    return NOW + timedelta(milliseconds=clock.ms - to_ms(NOW))


async def runs(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.get("dispatcher-a", f"/api/runs?day={DAY}")).json()["runs"]
    return found


async def replanned(world: World, config: CloudConfig, clock: TestClock, plan: int, **event: Any) -> dict[str, dict[str, Any]]:
    more = {name: event.pop(name) for name in ("pins", "stations", "lift_max_stops") if name in event}
    answer = await world.post("dispatcher-a", f"/api/plans/{plan}/replans", json={"event": event, "seconds": 1, **more})
    assert answer.status_code == 201, answer.text
    async with planning(config, clock):
        return {name: await ended(world, one["id"]) for name, one in answer.json().items()}


async def commit(world: World, plan: dict[str, Any]) -> dict[str, Any]:
    answer = await world.post("dispatcher-a", f"/api/plans/{plan['id']}/commit")
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def planned_runs(world: World) -> dict[str, str]:
    cursor = await world.connection.execute("SELECT DISTINCT site_id, run FROM planned_container WHERE pickup_date = %s", [DAY])
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def load(world: World, site: str, run: str) -> None:
    """As a scan onto a van leaves it."""
    await world.connection.execute(
        """
        UPDATE container SET state = 'loaded', run = %s
        WHERE id IN (SELECT container_id FROM planned_container WHERE site_id = %s AND pickup_date = %s)
        """,
        [run, site, DAY],
    )


async def test_a_van_breaks_down_its_goods_change_vans_and_what_is_done_stays(
    world: World, config: CloudConfig, clock: TestClock
) -> None:
    number, before = await underway(world, config, clock)
    done, moved = (stop["site"] for stop in before["1"]["stops"])
    plans = await replanned(world, config, clock, number, kind="breakdown", van="1")
    for name, plan in plans.items():
        assert (plan["state"], plan["answer"], plan["base"]) == ("done", name, number), plan
        assert plan["event"] == {"kind": "breakdown", "van": "1"}
        (route,) = plan["result"]["routes"]
        assert route["van"] == "2"
        assert {stop["site"] for stop in route["stops"]} == {moved, before["2"]["stops"][1]["site"]}
        (meet,) = route["meets"]
        assert (meet["van"], (meet["lat"], meet["lon"]), meet["sites"]) == ("1", PLACES[done], [moved])
        (move,) = [one for one in plan["result"]["moves"] if one["kind"] == "van"]
        assert (move["site"], move["before"], move["after"]) == (moved, "1", "2")
        assert move["said_zh"] == f"{moved}改由2号车：1号车已停驶"
    compared = (await world.get("dispatcher-a", f"/api/plans/{plans['smallest']['id']}/comparison/{plans['best']['id']}")).json()
    assert compared["cost_fen"] <= 0, "the best is never dearer"
    other = await world.get("dispatcher-a", f"/api/plans/{number}/comparison/{plans['best']['id']}")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "plans_of_two_spans")

    committed = await commit(world, plans["smallest"])
    name = before["2"]["name"]
    assert committed["runs"] == [name]
    after = {run["vehicle"][-1]: run for run in await runs(world)}
    assert (after["1"]["state"], [(stop["site"], stop["state"]) for stop in after["1"]["stops"]]) == ("paused", [(done, "signed")])
    assert after["2"]["state"] == "departed"
    assert after["2"]["stops"][0] == before["2"]["stops"][0]
    assert {stop["site"]: stop["state"] for stop in after["2"]["stops"][1:]} == {
        moved: "pending", before["2"]["stops"][1]["site"]: "pending",
    }  # fmt: skip
    assert [stop["stop"] for stop in after["2"]["stops"]] == [1, 2, 3]
    assert (await planned_runs(world))[moved] == name
    assert (await planned_runs(world))[done] == before["1"]["name"]
    assert (await world.get("dispatcher-a", f"/api/plans/{number}")).json()["state"] == "discarded"

    transfers = f"/api/plans/{plans['smallest']['id']}/transfers"
    (transfer,) = (await world.get("dispatcher-a", transfers)).json()["transfers"]
    assert (transfer["from_run"], transfer["to_run"]) == (before["1"]["name"], name)
    assert [(one["site"], one["is_done"]) for one in transfer["containers"]] == [(moved, False), (moved, False)]
    await load(world, moved, name)
    (transfer,) = (await world.get("dispatcher-a", transfers)).json()["transfers"]
    assert all(one["is_done"] for one in transfer["containers"]), "effective when scanned"

    late = await world.post("dispatcher-a", f"/api/plans/{plans['best']['id']}/commit")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "plan_outdated")


async def test_after_a_breakdown_the_others_may_make_more_stops_than_they_were_to(
    world: World, config: CloudConfig, clock: TestClock
) -> None:
    number, before = await underway(world, config, clock)
    for place in (0, 1):
        path = f"{{vans,{place},max_stops}}"
        await world.connection.execute("UPDATE plan SET day = jsonb_set(day, %s::text[], '2') WHERE id = %s", [path, number])
    moved = before["1"]["stops"][1]["site"]
    plan = (await replanned(world, config, clock, number, kind="breakdown", van="1"))["smallest"]
    assert [(one["site"], one["code"]) for one in plan["result"]["unassigned"]] == [(moved, "too_many_stops")]
    plan = (await replanned(world, config, clock, number, kind="breakdown", van="1", lift_max_stops=True))["smallest"]
    assert plan["result"]["unassigned"] == []
    assert moved in [stop["site"] for stop in plan["result"]["routes"][0]["stops"]]


async def test_both_drivers_are_told_where_they_meet_and_what_one_confirms_has_changed_vans(
    world: World, config: CloudConfig, clock: TestClock
) -> None:
    number, before = await underway(world, config, clock)
    moved = before["1"]["stops"][1]["site"]
    await load(world, moved, before["1"]["name"])
    plan = await commit(world, (await replanned(world, config, clock, number, kind="breakdown", van="1"))["smallest"])
    assert plan["run_of_van"] == {"1": before["1"]["name"], "2": before["2"]["name"]}
    giver, taker = [await driver.link(world, before[van]["id"]) for van in ("1", "2")]
    (gives,) = (await driver.look(world, giver)).json()["meets"]
    told = (await driver.look(world, taker)).json()
    (takes,) = told["meets"]
    assert (gives["is_taking"], gives["other_run"], gives["other_van"]) == (False, before["2"]["name"], "一号车")
    assert (takes["is_taking"], takes["other_run"], takes["other_van"]) == (True, before["1"]["name"], "一号车")
    assert takes["near"] == gives["near"] == before["1"]["stops"][0]["site"], "where it was last seen"
    assert takes["at"] == gives["at"] > told["as_of"]
    labels = [one["id"] for one in takes["containers"]]
    assert labels == [one["id"] for one in gives["containers"]]
    assert {(one["site"], one["stop"], one["is_done"]) for one in takes["containers"]} == {
        (moved, next(one["stop"] for one in told["stops"] if one["site"] == moved), False)
    }
    act = {
        "key": "00000000-taken-over", "at_ms": clock.ms, "kind": "taken_over", "site": moved,
        "stop": takes["containers"][0]["stop"], "containers": labels[:1],
    }  # fmt: skip
    answer = await driver.say(world, taker, act)
    assert driver.outcomes(answer) == ["done"]
    assert [one["is_done"] for one in answer["run"]["meets"][0]["containers"]] == [True, False]
    assert {stop["site"]: stop["state"] for stop in answer["run"]["stops"]}[moved] == "pending", "it is not delivered by that"
    assert await world.one("SELECT array[run, at_site_id, state] FROM container WHERE id = %s", labels[0]) == [
        before["2"]["name"], "van-2", "loaded",
    ]  # fmt: skip
    (transfer,) = (await world.get("dispatcher-a", f"/api/plans/{plan['id']}/transfers")).json()["transfers"]
    assert (transfer["near"], transfer["until_s"] > transfer["at_s"]) == (takes["near"], True)
    assert [one["is_done"] for one in transfer["containers"]] == [True, False]
    # Who gives them away says nothing of them.
    act |= {"key": "00000000-given-away", "containers": labels[1:]}
    assert driver.outcomes(await driver.say(world, giver, act)) == ["not_of_run"]
    await world.connection.execute("UPDATE run_stop SET state = 'skipped' WHERE site_id = %s", [moved])
    (takes,) = (await driver.look(world, taker)).json()["meets"]
    assert [one["stop"] for one in takes["containers"]] == [None, None], "it comes there no more"
    # The goods are in the other van all the same, and have to be fetched out of it.
    act |= {"key": "00000000-taken-for-none", "stop": 1}
    assert driver.outcomes(await driver.say(world, taker, act)) == ["done"]
    assert {stop["site"]: stop["state"] for stop in (await driver.look(world, taker)).json()["stops"]}[moved] == "skipped"


@pytest.mark.parametrize("is_scanned", [False, True])
async def test_goods_that_nobody_has_scanned_over_are_still_to_be_fetched(
    world: World, config: CloudConfig, clock: TestClock, *, is_scanned: bool
) -> None:
    number, before = await underway(world, config, clock)
    moved = before["1"]["stops"][1]["site"]
    first = (await replanned(world, config, clock, number, kind="breakdown", van="1"))["smallest"]
    await commit(world, first)
    if is_scanned:
        await load(world, moved, before["2"]["name"])
    again = (await replanned(world, config, clock, first["id"], kind="delay", van="2", minutes=10))["smallest"]
    (route,) = again["result"]["routes"]
    assert {stop["site"] for stop in route["stops"]} == {moved, before["2"]["stops"][1]["site"]}
    assert [meet["sites"] for meet in route["meets"]] == ([] if is_scanned else [[moved]])


async def test_a_closed_station_is_skipped_and_can_be_served_later_by_the_van_that_has_its_goods(
    world: World, config: CloudConfig, clock: TestClock
) -> None:
    number, before = await underway(world, config, clock)
    shut = before["1"]["stops"][1]["site"]
    plan = (await replanned(world, config, clock, number, kind="closed_station", site=shut))["smallest"]
    (left,) = plan["result"]["unassigned"]
    assert (left["site"], left["code"]) == (shut, "station_closed")
    await commit(world, plan)
    run = next(run for run in await runs(world) if run["vehicle"] == "van-1")
    assert [(stop["site"], stop["state"]) for stop in run["stops"]][1] == (shut, "skipped")
    again = (await replanned(world, config, clock, plan["id"], kind="new_stop", site=shut))["smallest"]
    assert {route["van"]: [stop["site"] for stop in route["stops"]] for route in again["result"]["routes"]}["1"] == [shut]
    await commit(world, again)
    run = next(run for run in await runs(world) if run["vehicle"] == "van-1")
    assert [(stop["site"], stop["state"]) for stop in run["stops"]][1] == (shut, "pending")


async def test_a_new_stop_is_fetched_at_the_dock_and_pins_hold(world: World, config: CloudConfig, clock: TestClock) -> None:
    number, _ = await underway(world, config, clock)
    await world.connection.execute("UPDATE site SET lat = 31.22, lon = 121.44 WHERE id = 'st-a1'")
    event = {"kind": "new_stop", "site": "st-a1", "load": {"ambient": 1}, "pins": [{"site": "st-a1", "van": "1"}]}
    plan = (await replanned(world, config, clock, number, **event))["smallest"]
    routes = {route["van"]: route for route in plan["result"]["routes"]}
    assert "st-a1" in [stop["site"] for stop in routes["1"]["stops"]], "though the other is nearer"
    (meet,) = routes["1"]["meets"]
    assert (meet["van"], meet["sites"]) == ("", ["st-a1"])
    await commit(world, plan)
    run = next(run for run in await runs(world) if run["vehicle"] == "van-1")
    assert "st-a1" in [stop["site"] for stop in run["stops"]]


async def test_goods_asked_for_by_number_are_fetched_once_though_nobody_can_scan_them(
    world: World, config: CloudConfig, clock: TestClock
) -> None:
    number, before = await underway(world, config, clock)
    await world.connection.execute("UPDATE site SET lat = 31.22, lon = 121.44 WHERE id = 'st-a1'")
    event = {"kind": "new_stop", "site": "st-a1", "load": {"ambient": 1, "chilled": 1}, "pins": [{"site": "st-a1", "van": "2"}]}
    plan = await commit(world, (await replanned(world, config, clock, number, **event))["smallest"])
    link = await driver.link(world, before["2"]["id"])
    told = (await driver.look(world, link)).json()
    stop = next(one for one in told["stops"] if one["site"] == "st-a1")
    wanted = {"ambient": 1, "chilled": 1, "frozen": 0}
    assert (stop["drop"], stop["unlabelled"]) == ([], wanted)
    assert {one["unlabelled"] for one in told["stops"] if one["site"] != "st-a1"} == {None}, "those have labels"
    (meet,) = told["meets"]
    assert (meet["other_run"], meet["containers"]) == ("", [])
    assert meet["unlabelled"] == [{"site": "st-a1", "name": "站 st-a1", "stop": stop["stop"], "load": wanted, "is_done": False}]
    # Until the driver says that they are aboard, whatever happens the van fetches them; afterwards never again.
    again = (await replanned(world, config, clock, plan["id"], kind="delay", van="2", minutes=5))["smallest"]
    assert [meet["sites"] for route in again["result"]["routes"] for meet in route["meets"]] == [["st-a1"]]
    act = {"key": "00000000-fetched", "at_ms": clock.ms, "kind": "taken_over", "site": "st-a1", "stop": stop["stop"]}
    answer = await driver.say(world, link, act)
    assert driver.outcomes(answer) == ["done"]
    assert answer["run"]["meets"][0]["unlabelled"][0]["is_done"]
    (transfer,) = (await world.get("dispatcher-a", f"/api/plans/{plan['id']}/transfers")).json()["transfers"]
    assert transfer["unlabelled"] == [{"site": "st-a1", "load": wanted, "is_done": True}]
    again = (await replanned(world, config, clock, plan["id"], kind="delay", van="2", minutes=5))["smallest"]
    assert [meet for route in again["result"]["routes"] for meet in route["meets"]] == []
    assert "st-a1" in [stop["site"] for route in again["result"]["routes"] for stop in route["stops"]]
    # What has labels goes by them.
    act |= {"key": "00000000-no-label", "site": before["2"]["stops"][1]["site"]}
    assert driver.outcomes(await driver.say(world, link, act)) == ["act_no_containers"]


async def test_a_station_that_takes_goods_later_is_come_to_then(world: World, config: CloudConfig, clock: TestClock) -> None:
    number, before = await underway(world, config, clock)
    site = before["1"]["stops"][1]["site"]
    later = [{"site": site, "deliver_from": "11:30", "deliver_until": "12:30"}]
    plan = (await replanned(world, config, clock, number, kind="new_times", stations=later))["smallest"]
    assert plan["event"] == {"kind": "new_times"}
    await commit(world, plan)
    run = next(run for run in await runs(world) if run["vehicle"] == "van-1")
    assert "T03:30" <= run["stops"][1]["planned_arrival"][10:16] <= "T04:30", "half past eleven in Shanghai and later"
    # Of what is asked next it still holds.
    again = (await replanned(world, config, clock, plan["id"], kind="delay", van="1", minutes=5))["smallest"]
    (stop,) = next(route["stops"] for route in again["result"]["routes"] if route["van"] == "1")
    assert stop["arrival_s"] >= 11.5 * 3600


async def test_a_plan_for_a_day_that_has_gone_on_is_not_committed(world: World, config: CloudConfig, clock: TestClock) -> None:
    number, before = await underway(world, config, clock)
    plan = (await replanned(world, config, clock, number, kind="delay", van="1", minutes=15))["smallest"]
    await world.post("dispatcher-a", f"/api/runs/{before['2']['id']}/state", json={"state": "completed"})
    refused = await world.post("dispatcher-a", f"/api/plans/{plan['id']}/commit")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "plan_outdated")
    assert (await world.get("dispatcher-a", f"/api/plans/{number}")).json()["state"] == "committed", "nothing was done"


async def test_a_stop_served_since_the_plan_was_asked_for_stays_served(world: World, config: CloudConfig, clock: TestClock) -> None:
    number, before = await underway(world, config, clock)
    plan = (await replanned(world, config, clock, number, kind="delay", van="1", minutes=15))["smallest"]
    await world.connection.execute("UPDATE run_stop SET state = 'signed' WHERE run_id = %s AND stop = 2", [before["1"]["id"]])
    await commit(world, plan)
    run = next(run for run in await runs(world) if run["vehicle"] == "van-1")
    assert [stop["state"] for stop in run["stops"]] == ["signed", "signed"]


async def test_who_follows_a_van_by_the_stops_before_writes_nothing_over_the_new_ones(
    world: World, config: CloudConfig, clock: TestClock
) -> None:
    number, before = await underway(world, config, clock)
    await look(world.connection, clock_time(clock))
    plan = (await replanned(world, config, clock, number, kind="closed_station", site=before["2"]["stops"][1]["site"]))["smallest"]
    await commit(world, plan)
    assert await world.one("SELECT replanned FROM run WHERE id = %s", before["2"]["id"]) == 1
    assert await world.one("SELECT path FROM run WHERE id = %s", before["2"]["id"]) is None
    await look(world.connection, clock_time(clock))
    run = next(run for run in await runs(world) if run["vehicle"] == "van-2")
    assert [stop["state"] for stop in run["stops"]] == ["signed", "skipped"]


async def test_what_cannot_be_planned_anew_is_refused_with_its_field(world: World, config: CloudConfig, clock: TestClock) -> None:
    number, before = await underway(world, config, clock)
    served, ahead = (stop["site"] for stop in before["1"]["stops"])
    for event, status, code, field in (
        ({"kind": "breakdown", "van": "9"}, 422, "no_van", "event.van"),
        ({"kind": "closed_station", "site": served}, 409, "stop_served", "event.site"),
        ({"kind": "closed_station", "site": "st-nowhere"}, 422, "no_stop_ahead", "event.site"),
        ({"kind": "new_stop", "site": ahead}, 409, "stop_planned", "event.site"),
        ({"kind": "new_stop", "site": "st-b1"}, 422, "no_station", "event.site"),
        ({"kind": "new_stop", "site": "st-a1"}, 422, "no_place", "event.site"),
        ({"kind": "delay", "van": "1", "minutes": 0}, 422, "invalid.greater_than_equal", "event.delay.minutes"),
    ):
        answer = await world.post("dispatcher-a", f"/api/plans/{number}/replans", json={"event": event})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["field"]) == (status, code, field), answer.text
        assert error["remedy"]
    for times, code in (
        ([], "no_new_times"),
        ([{"site": "st-nowhere", "deliver_until": "12:00"}], "no_stop_ahead"),
        ([{"site": ahead, "deliver_from": "11:00", "deliver_until": "10:00"}], "times_reversed"),
        ([{"site": ahead, "deliver_from": "06:00", "deliver_until": "07:30"}], "times_over"),
    ):
        answer = await world.post(
            "dispatcher-a", f"/api/plans/{number}/replans", json={"event": {"kind": "new_times"}, "stations": times}
        )
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["field"]) == (422, code, "stations"), answer.text
        assert error["remedy"]
    await world.connection.execute("UPDATE site SET lat = 31.22, lon = 121.44 WHERE id = 'st-a1'")
    past = {"kind": "new_stop", "site": "st-a1", "load": {"ambient": 1}, "deliver_until": "07:00"}
    answer = await world.post("dispatcher-a", f"/api/plans/{number}/replans", json={"event": past})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "times_over")
    assert answer.json()["error"]["field"] == "event.deliver_until"
    pinned = {"event": {"kind": "delay", "van": "1", "minutes": 5}, "pins": [{"site": ahead, "van": "2"}]}
    answer = await world.post("dispatcher-a", f"/api/plans/{number}/replans", json=pinned)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "aboard_elsewhere")
    assert (await world.post("dispatcher-b", f"/api/plans/{number}/replans", json=pinned)).status_code == 404
    assert (await world.get("dispatcher-b", f"/api/plans/{number}/transfers")).status_code == 404
    assert (await world.post("leader-a1", f"/api/plans/{number}/replans", json=pinned)).status_code == 403
    await world.connection.execute("UPDATE plan SET state = 'discarded' WHERE id = %s", [number])
    answer = await world.post("dispatcher-a", f"/api/plans/{number}/replans", json=pinned)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "plan_state")
