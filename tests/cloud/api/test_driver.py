"""A driver's run by link: what it shows, what is taken once, what is refused and why."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from cloud.api.text import iso_of
from tests.cloud.api.vans import van
from tests.cloud.api.world import NOW, TestClock, World

RUN = "/api/operators/op-a/runs/2026-11-22/R1122-1"
BOX, COLD, EMPTY = "K-BOX-1", "K-COLD-1", "K-EMPTY-1"
MINUTE_MS = 60_000


async def underway(world: World, *states: str) -> tuple[int, str]:
    """A run of two stops with two containers for the first and an empty one there. Its number and its link's token."""
    await van(world)
    stops = [{"site": "st-a1", "planned_arrival": "2026-11-22T08:30:00+00:00"}, {"site": "st-a2"}]
    run = (await world.call("dispatcher-a", "PUT", RUN, json={"vehicle": "van-1", "stops": stops})).json()["id"]
    for state in states or ("loading", "departed"):
        await world.post("dispatcher-a", f"/api/runs/{run}/state", json={"state": state})
    for label, zone, station in ((BOX, "ambient", "st-a1"), (COLD, "chilled", "st-a1"), ("K-BOX-2", "ambient", "st-a2")):
        await world.connection.execute(
            """
            INSERT INTO container (id, operator_id, zone, site_id, run, state, created_at)
            VALUES (%s, 'op-a', %s, %s, 'R1122-1', 'loaded', %s)
            """,
            [label, zone, station, NOW],
        )
    await world.connection.execute(
        """
        INSERT INTO container (id, operator_id, zone, at_site_id, state, created_at)
        VALUES (%s, 'op-a', 'ambient', 'st-a1', 'awaiting_return', %s)
        """,
        [EMPTY, NOW],
    )
    return run, await link(world, run)


async def link(world: World, run: int, login: str = "dispatcher-a") -> str:
    answer = await world.post(login, f"/api/runs/{run}/driver-link")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"]).rsplit("/d/", 1)[1]


async def look(world: World, token: str) -> httpx.Response:
    return await world.call(None, "GET", "/api/driver/run", headers={"Authorization": f"Bearer {token}"})


def act(world: World, kind: str, stop: int = 1, *, ago_ms: int = 0, **more: Any) -> dict[str, Any]:
    at_ms = world.clock.ms - ago_ms
    return {"key": str(uuid4()), "at_ms": at_ms, "kind": kind, "stop": stop, "site": f"st-a{stop}", **more}


async def say(world: World, token: str, *acts: dict[str, Any], sent_at_ms: int | None = None) -> dict[str, Any]:
    answer = await world.call(
        None, "POST", "/api/driver/acts", headers={"Authorization": f"Bearer {token}"},
        json={"sent_at_ms": sent_at_ms or world.clock.ms, "acts": list(acts)},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def outcomes(told: dict[str, Any]) -> list[str]:
    return [one["outcome"] if one["error"] is None else one["error"]["code"] for one in told["answers"]]


def states(told: dict[str, Any]) -> list[str]:
    return [stop["state"] for stop in told["run"]["stops"]]


async def test_a_driver_sees_the_run_with_what_is_dropped_and_taken_back_and_nobody_of_the_residents(world: World) -> None:
    _, token = await underway(world)
    await world.call("dispatcher-a", "PUT", "/api/sites/st-a1/gate-note", json={"gate_note": "北门，按铃"})
    seen = (await look(world, token)).json()
    assert (seen["name"], seen["vehicle"], seen["state"], seen["tracker"]) == (
        "R1122-1", "一号车", "departed", {"enrolled": 0, "fix_at": None}
    )  # fmt: skip
    first, second = seen["stops"]
    assert (first["name"], first["gate_note"], first["planned_arrival"]) == ("站 st-a1", "北门，按铃", "2026-11-22T08:30:00.000Z")
    assert [(one["id"], one["zone"]) for one in first["drop"]] == [(COLD, "chilled"), (BOX, "ambient")]
    assert (first["empties"], second["empties"]) == ([EMPTY], [])
    assert set(seen) == {
        "id", "name", "day", "vehicle", "state", "stops", "meets", "tracker", "time_zone", "clock", "expires_at", "as_of"
    }  # fmt: skip


async def test_what_is_said_twice_is_done_once(world: World) -> None:
    run, token = await underway(world)
    said = [act(world, "arrived", ago_ms=MINUTE_MS), act(world, "dropped", containers=[BOX.lower(), COLD])]
    assert outcomes(await say(world, token, *said)) == ["done", "done"]
    again = await say(world, token, *said)
    assert (outcomes(again), states(again)) == (["already", "already"], ["dropped", "pending"])
    assert await world.one("SELECT count(*) FROM event WHERE kind = 'container_dropped'") == 2
    assert await world.one("SELECT count(*) FROM driver_act WHERE run_id = %s", run) == 2
    assert await world.one("SELECT array_agg(DISTINCT n ORDER BY n) FROM event WHERE kind = 'container_dropped'") == [1, 2]


async def test_a_dropped_container_lies_at_the_station_and_nobody_has_signed_for_it(world: World) -> None:
    _, token = await underway(world)
    await say(world, token, act(world, "dropped", containers=[BOX]))
    seen = (await world.get("dispatcher-a", f"/api/containers/{BOX}")).json()
    assert (seen["state"], seen["at_site"], seen["is_signed"], seen["holder"]) == ("delivered", "st-a1", False, "doorstep")
    entry = await world.one("SELECT body FROM room_entry WHERE room = 'site:st-a1' AND key = %s", f"container/{BOX}")
    assert entry["holder"] == "doorstep"


async def test_empties_go_back_with_the_van_and_leave_the_list(world: World) -> None:
    _, token = await underway(world)
    told = await say(world, token, act(world, "taken_back", containers=[EMPTY]))
    assert (outcomes(told), states(told), told["run"]["stops"][0]["empties"]) == (["done"], ["pending", "pending"], [])
    assert (await world.get("dispatcher-a", f"/api/containers/{EMPTY}")).json()["state"] == "returned_empty"


async def test_what_is_heard_late_takes_back_nothing_that_came_after_it(world: World) -> None:
    _, token = await underway(world)
    world.clock.ms += 30 * MINUTE_MS
    signed = act(world, "handed_over", ago_ms=5 * MINUTE_MS)
    late = (act(world, "failed", ago_ms=10 * MINUTE_MS, reason="rejected"), act(world, "arrived", ago_ms=12 * MINUTE_MS))
    assert outcomes(await say(world, token, signed)) == ["done"]
    told = await say(world, token, *late)
    assert (outcomes(told), states(told)) == (["done", "done"], ["signed", "pending"])
    told = await say(world, token, act(world, "failed", reason="rejected"))
    assert (outcomes(told), states(told)) == (["stop_signed"], ["signed", "pending"])


async def test_a_refused_act_holds_up_no_other_and_is_judged_anew_when_it_comes_again(world: World) -> None:
    run, token = await underway(world, "loading")
    early = act(world, "arrived")
    assert outcomes(await say(world, token, early)) == ["run_not_left"]
    await world.post("dispatcher-a", f"/api/runs/{run}/state", json={"state": "departed"})
    wrong = act(world, "dropped", containers=["K-BOX-2"])
    told = await say(world, token, wrong, early, act(world, "handed_over", 2))
    assert (outcomes(told), states(told)) == (["not_for_stop", "done", "done"], ["unloading", "signed"])
    assert await world.one("SELECT refusal FROM driver_act WHERE key = %s", wrong["key"]) == "not_for_stop"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"kind": "flown"}, "act_unknown"),
        ({"kind": "failed"}, "act_no_reason"),
        ({"kind": "dropped"}, "act_no_containers"),
        ({"kind": "arrived", "containers": [BOX]}, "act_no_containers"),
        ({"kind": "arrived", "site": "st-both"}, "not_of_run"),
        ({"kind": "taken_back", "containers": [BOX]}, "not_for_stop"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(world: World, said: dict[str, Any], code: str) -> None:
    _, token = await underway(world)
    told = await say(world, token, {**act(world, "arrived"), **said})
    assert outcomes(told) == [code]
    assert told["answers"][0]["error"]["remedy"]


async def test_a_key_is_good_for_one_act_only(world: World) -> None:
    _, token = await underway(world)
    first = act(world, "arrived")
    assert outcomes(await say(world, token, first, {**first, "kind": "handed_over"})) == ["done", "act_key_taken"]


async def test_a_stop_that_was_numbered_anew_is_known_by_its_site(world: World) -> None:
    run, token = await underway(world)
    await world.connection.execute("UPDATE run_stop SET stop = stop + 10 WHERE run_id = %s", [run])
    told = await say(world, token, act(world, "handed_over", 2))
    assert [(stop["stop"], stop["state"]) for stop in told["run"]["stops"]] == [(11, "pending"), (12, "signed")]


async def test_a_stop_that_was_taken_off_is_refused(world: World) -> None:
    run, token = await underway(world)
    await world.connection.execute("UPDATE run_stop SET state = 'skipped' WHERE run_id = %s AND stop = 1", [run])
    assert outcomes(await say(world, token, act(world, "handed_over"))) == ["stop_taken_off"]


async def test_of_a_phone_only_how_long_ago_is_believed(world: World) -> None:
    _, token = await underway(world)
    world.clock.ms += 60 * MINUTE_MS
    wrong_by_ms = 86_400_000
    said = act(world, "arrived", ago_ms=20 * MINUTE_MS)
    said["at_ms"] += wrong_by_ms
    await say(world, token, said, sent_at_ms=world.clock.ms + wrong_by_ms)
    at = await world.one("SELECT (extract(epoch FROM at) * 1000)::bigint FROM driver_act WHERE key = %s", said["key"])
    assert at == world.clock.ms - 20 * MINUTE_MS


async def test_what_was_done_before_the_run_ended_is_taken_after_it(world: World) -> None:
    run, token = await underway(world)
    world.clock.ms += 60 * MINUTE_MS
    await world.post("dispatcher-a", f"/api/runs/{run}/state", json={"state": "completed"})
    world.clock.ms += 10 * MINUTE_MS
    told = await say(world, token, act(world, "handed_over", ago_ms=30 * MINUTE_MS), act(world, "handed_over", 2))
    assert (outcomes(told), states(told)) == (["done", "run_over"], ["signed", "pending"])


async def test_a_link_shows_its_own_run_only(world: World) -> None:
    run, token = await underway(world)
    other = await world.call(
        "dispatcher-a", "PUT", RUN.replace("R1122-1", "R1122-2"),
        json={"vehicle": "van-1", "stops": [{"site": "st-both"}]},
    )  # fmt: skip
    foreign = await link(world, other.json()["id"])
    await world.post("dispatcher-a", f"/api/runs/{other.json()['id']}/state", json={"state": "loading"})
    await world.post("dispatcher-a", f"/api/runs/{other.json()['id']}/state", json={"state": "departed"})
    assert outcomes(await say(world, foreign, act(world, "handed_over"))) == ["not_of_run"]
    assert [stop["site"] for stop in (await look(world, foreign)).json()["stops"]] == ["st-both"]
    assert await world.one("SELECT state FROM run_stop WHERE run_id = %s AND stop = 1", run) == "pending"
    for login in ("dispatcher-b", "admin"):
        answer = await world.post(login, f"/api/runs/{run}/driver-link")
        assert answer.status_code == (404 if login == "dispatcher-b" else 201)
    assert (await world.post("leader-a1", f"/api/runs/{run}/driver-link")).status_code == 403
    assert (await look(world, token)).json()["id"] == run


async def test_a_link_that_is_good_no_more_says_what_to_do(world: World, clock: TestClock) -> None:
    run, token = await underway(world)
    cut, session = await look(world, token[:-2]), await look(world, world.tokens["dispatcher-a"])
    for answer in (cut, session):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "driver_link_invalid")
    assert (await world.call("dispatcher-a", "DELETE", f"/api/runs/{run}/driver-link")).status_code == 204
    back = await look(world, token)
    assert (back.status_code, back.json()["error"]["code"]) == (410, "driver_link_taken_back")
    newer = await link(world, run)
    assert (await look(world, newer)).status_code == 200
    clock.ms += 48 * 3_600_000
    gone = await look(world, newer)
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "driver_link_expired")
    assert "调度员" in gone.json()["error"]["remedy"]


async def test_a_driver_who_opens_the_link_has_checked_in_on_the_day_itself(world: World) -> None:
    run, token = await underway(world, "loading")
    where = "/api/operators/op-a/departures?day=2026-11-22"
    board = (await world.get("dispatcher-a", where)).json()["runs"][0]
    assert (board["driver_opened_at"], board["has_phone"]) == (None, False)
    await world.connection.execute("UPDATE run SET driver_opened_at = %s", [NOW - timedelta(days=1)])
    assert (await world.get("dispatcher-a", where)).json()["runs"][0]["driver_opened_at"] is None, "that was the evening before"
    await look(world, token)
    world.clock.ms += MINUTE_MS
    await look(world, token)
    contact = (await world.get("dispatcher-a", f"/api/runs/{run}/driver")).json()
    assert contact == {"run": run, "vehicle": "van-1", "opened_at": iso_of(NOW), "phone": None}
    assert (await world.get("dispatcher-a", where)).json()["runs"][0]["driver_opened_at"] == iso_of(NOW), "the first time counts"


async def test_whom_to_call_is_kept_with_the_van_sealed_masked_and_shown_on_record(world: World) -> None:
    run, _ = await underway(world)
    at = f"/api/runs/{run}/driver-phone"
    nobody = await world.post("dispatcher-a", f"{at}/reveal")
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (404, "no_driver_phone")
    wrong = await world.call("dispatcher-a", "PUT", at, json={"phone": "call me"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "phone")
    said = (await world.call("dispatcher-a", "PUT", at, json={"phone": "+86 138 1234 5678"})).json()
    assert said["phone"] == "1******5678"
    assert b"13812345678" not in await world.one("SELECT encrypted FROM driver_phone")
    shown = await world.post("dispatcher-a", f"{at}/reveal")
    assert (shown.json(), shown.headers["cache-control"]) == ({"phone": "13812345678"}, "no-store")
    # The van's next run has it too.
    next_run = RUN.replace("R1122-1", "R1122-2")
    later = (await world.call("dispatcher-a", "PUT", next_run, json={"vehicle": "van-1", "stops": [{"site": "st-a2"}]})).json()
    assert (await world.get("dispatcher-a", f"/api/runs/{later['id']}/driver")).json()["phone"] == "1******5678"
    board = (await world.get("dispatcher-a", "/api/operators/op-a/departures?day=2026-11-22")).json()["runs"]
    assert [one["has_phone"] for one in board] == [True, True]
    audited = await world.connection.execute("SELECT action, subject FROM audit WHERE action LIKE 'driver_phone%%' ORDER BY id")
    assert await audited.fetchall() == [("driver_phone.set", "op-a/van-1"), ("driver_phone.reveal", "op-a/van-1")]
    assert (await world.call("dispatcher-a", "PUT", at, json={"phone": None})).json()["phone"] is None
    for login, status in (("dispatcher-b", 404), ("leader-a1", 403)):
        assert (await world.post(login, f"{at}/reveal")).status_code == status
        assert (await world.get(login, f"/api/runs/{run}/driver")).status_code == status
    bare = (await world.call("dispatcher-a", "PUT", next_run, json={"stops": [{"site": "st-a2"}]})).json()
    refused = await world.call("dispatcher-a", "PUT", f"/api/runs/{bare['id']}/driver-phone", json={"phone": "13812345678"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "run_no_vehicle")
