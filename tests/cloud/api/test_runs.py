from datetime import timedelta
from typing import Any

import pytest

from cloud.domain.whereabouts import Sighting
from tests.cloud.api.vans import van
from tests.cloud.api.world import NOW, World

RUN = "/api/operators/op-a/runs/2026-11-22/R1122-1"


def plan(vehicle: str | None = "van-1", *stations: str) -> dict[str, Any]:
    return {"vehicle": vehicle, "stops": [{"site": station} for station in stations or ("st-a1", "st-a2")]}


async def test_a_run_is_planned_sent_off_and_ended(world: World) -> None:
    await van(world)
    planned = (await world.call("dispatcher-a", "PUT", RUN, json=plan())).json()
    assert (planned["state"], [stop["site"] for stop in planned["stops"]]) == ("assigned", ["st-a1", "st-a2"])
    address, answer = f"/api/runs/{planned['id']}/state", None
    for state in ("loading", "departed", "paused", "departed", "completed"):
        answer = await world.post("dispatcher-a", address, json={"state": state})
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert answer is not None
    assert answer.json()["departed_at"] == answer.json()["ended_at"] == "2026-11-22T08:00:00.000Z"
    assert (await world.get("dispatcher-a", "/api/runs?day=2026-11-22")).json()["runs"] == [answer.json()]
    assert await world.one("SELECT body FROM room_entry WHERE room = 'vans:op-a' AND key = %s", f"run/{planned['id']}") is None


async def test_until_it_is_loaded_a_run_is_planned_anew(world: World) -> None:
    await van(world)
    first = (await world.call("dispatcher-a", "PUT", RUN, json=plan(None))).json()
    assert first["state"] == "planned"
    again = (await world.call("dispatcher-a", "PUT", RUN, json=plan("van-1", "st-a2"))).json()
    assert (again["id"], again["state"], len(again["stops"])) == (first["id"], "assigned", 1)
    await world.post("dispatcher-a", f"/api/runs/{first['id']}/state", json={"state": "loading"})
    refused = await world.call("dispatcher-a", "PUT", RUN, json=plan())
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "run_underway")


@pytest.mark.parametrize("state", ["loading", "departed", "paused", "completed"])
async def test_without_a_vehicle_a_run_goes_nowhere(world: World, state: str) -> None:
    number = (await world.call("dispatcher-a", "PUT", RUN, json=plan(None))).json()["id"]
    refused = await world.post("dispatcher-a", f"/api/runs/{number}/state", json={"state": state})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "run_state")
    assert (await world.post("dispatcher-a", f"/api/runs/{number}/state", json={"state": "aborted"})).status_code == 200


async def test_each_operator_sees_its_own_runs(world: World) -> None:
    await van(world)
    number = (await world.call("dispatcher-a", "PUT", RUN, json=plan())).json()["id"]
    assert (await world.get("dispatcher-b", f"/api/runs/{number}")).status_code == 404
    assert (await world.post("dispatcher-b", f"/api/runs/{number}/state", json={"state": "loading"})).status_code == 404
    assert (await world.get("dispatcher-b", "/api/runs?day=2026-11-22")).json() == {"runs": []}
    assert (await world.call("dispatcher-b", "PUT", RUN, json=plan())).status_code == 404
    assert (await world.get("staff-a1", f"/api/runs/{number}")).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (plan("van-9"), "vehicle"),
        (plan("van-1", "st-b1"), "stops"),
        (plan("van-1", "van-1"), "stops"),
        ({"vehicle": "van-1", "stops": []}, "stops"),
    ],
)
async def test_what_is_wrong_is_named(world: World, body: dict[str, Any], field: str) -> None:
    await van(world)
    answer = await world.call("dispatcher-a", "PUT", RUN, json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


async def drive(world: World, *fixes: Sighting) -> None:
    for fix in fixes:
        await world.connection.execute(
            """
            INSERT INTO position (at, received_at, site_id, lat, lon, speed_m_s)
            VALUES (to_timestamp(%s / 1000.0), now(), 'van-1', %s, %s, %s)
            """,
            [fix.at_ms, fix.lat, fix.lon, fix.speed_m_s],
        )


async def test_a_track_is_replayed_with_few_points_and_gaps_as_gaps(world: World) -> None:
    await van(world)
    begin_ms = world.clock.ms - 3_600_000
    straight = [Sighting(begin_ms + 10_000 * n, 31.2 + n * 80 / 111_195, 121.5, 8.0) for n in range(60)]
    later = [Sighting(begin_ms + 1_800_000 + 10_000 * n, 31.4, 121.5 + n * 0.001, 9.0) for n in range(30)]
    jump = Sighting(begin_ms + 105_000, 35.0, 121.5, 8.0)
    await drive(world, *straight, *later, jump)
    said = (await world.get("dispatcher-a", "/api/sites/van-1/track")).json()
    assert (said["fixes"], said["is_simplified"]) == (91, False)
    assert [len(piece) for piece in said["pieces"]] == [2, 2]
    assert said["pieces"][0][0] == {"at": "2026-11-22T07:00:00.000Z", "lat": 31.2, "lon": 121.5, "speed_m_s": 8.0}
    whole = (await world.get("dispatcher-a", "/api/sites/van-1/track?tolerance_m=0")).json()
    assert len(whole["pieces"][0]) > 2
    assert (await world.get("dispatcher-b", "/api/sites/van-1/track")).status_code == 404
    assert (await world.get("staff-a1", "/api/sites/van-1/track")).status_code == 403


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=2026-11-22T09:00:00Z", "end"),
        ("start=2026-11-01T00:00:00Z", "start"),
        ("tolerance_m=-1", "tolerance_m"),
        ("start=0001-01-01T00:00:00%2B14:00", "start"),
    ],
)
async def test_a_track_that_makes_no_sense_is_refused(world: World, query: str, field: str) -> None:
    await van(world)
    answer = await world.get("dispatcher-a", f"/api/sites/van-1/track?{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


async def test_of_an_old_day_what_was_kept_is_shown(world: World) -> None:
    await van(world)
    await world.connection.execute(
        "INSERT INTO track_day (site_id, day, points, fixes) VALUES ('van-1', '2026-10-01', %s::jsonb, 4000)",
        ["[[[1790812800000, 31.2, 121.5, 8.0], [1790816400000, 31.3, 121.5, null]]]"],
    )
    query = "start=2026-10-01T00:00:00Z&end=2026-10-01T12:00:00Z"
    said = (await world.get("dispatcher-a", f"/api/sites/van-1/track?{query}")).json()
    assert (said["fixes"], said["is_simplified"], len(said["pieces"][0])) == (4000, True, 2)
    assert NOW - timedelta(days=30) > NOW.replace(month=10, day=1)
