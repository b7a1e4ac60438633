import re
from datetime import date, timedelta
from typing import Any

import pytest

from tests.cloud.api.world import NOW, World, order

WINDOW = {
    "early": "2026-11-22T08:20:00.000Z", "expected": "2026-11-22T08:25:00.000Z", "late": "2026-11-22T08:32:00.000Z",
    "stops_before": 1, "as_of": "2026-11-22T08:00:00.000Z", "is_estimate": False,
}  # fmt: skip


async def run_with_windows(world: World, state: str = "departed") -> int:
    """To st-a2 and then to st-a1."""
    number = await world.one(
        """
        INSERT INTO run (operator_id, service_date, name, state, state_at, departed_at)
        VALUES ('op-a', '2026-11-22', 'R1122-1', %s, %s, %s) RETURNING id
        """,
        state, NOW, NOW,
    )  # fmt: skip
    await world.connection.execute(
        "INSERT INTO run_stop (run_id, stop, site_id, planned_arrival) VALUES (%s, 1, 'st-a2', NULL), (%s, 2, 'st-a1', %s)",
        [number, number, NOW],
    )
    await world.connection.execute(
        "INSERT INTO eta_run (run_id, places, legs, is_estimate) VALUES (%s, '[]', '[]', false)", [number]
    )
    for stop, before in ((1, 0), (2, 1)):
        times = [NOW + timedelta(minutes=minutes) for minutes in (20, 25, 32)]
        await world.connection.execute(
            "INSERT INTO eta_stop (run_id, stop, stops_before, early, expected, late, as_of) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [number, stop, before, *times, NOW],
        )
    assert isinstance(number, int)
    return number


async def carried_order(world: World) -> str:
    """The order's link; its goods are in a container on the run."""
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order()])
    await world.connection.execute(
        """
        INSERT INTO container (id, operator_id, site_id, run, state, created_at)
        VALUES ('C1', 'op-a', 'st-a1', 'R1122-1', 'loaded', %s)
        """,
        [NOW],
    )
    await world.connection.execute("UPDATE parcel SET planned_container_id = 'C1' WHERE order_id = 'op-a/A-1001'")
    token = (await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1001/link")).json()["token"]
    return str(token)


async def window(world: World, token: str) -> dict[str, Any] | None:
    answer = await world.get(None, f"/api/links/{token}/eta")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found: dict[str, Any] | None = answer.json()["window"]
    return found


async def test_a_dispatcher_sees_when_a_van_comes_to_each_stop_ahead(world: World) -> None:
    number = await run_with_windows(world)
    said = (await world.get("dispatcher-a", f"/api/runs/{number}/eta")).json()
    assert [(stop["stop"], stop["site"]) for stop in said["stops"]] == [(1, "st-a2"), (2, "st-a1")]
    assert said["stops"][1] == WINDOW | {
        "stop": 2, "site": "st-a1", "site_name": "站 st-a1", "planned_arrival": "2026-11-22T08:00:00.000Z",
    }  # fmt: skip
    await world.connection.execute("UPDATE run_stop SET arrived_at = %s WHERE stop = 1", [NOW])
    assert [stop["stop"] for stop in (await world.get("dispatcher-a", f"/api/runs/{number}/eta")).json()["stops"]] == [2]
    await world.connection.execute("UPDATE run SET state = 'completed'")
    assert (await world.get("dispatcher-a", f"/api/runs/{number}/eta")).json()["stops"] == []


async def test_arrivals_are_the_operators_own(world: World) -> None:
    number = await run_with_windows(world)
    assert (await world.get("dispatcher-b", f"/api/runs/{number}/eta")).status_code == 404
    assert (await world.get("leader-a1", f"/api/runs/{number}/eta")).status_code == 403
    accuracy = "/api/operators/op-a/eta-accuracy?first=2026-11-01&last=2026-11-22"
    assert (await world.get("dispatcher-b", accuracy)).status_code == 404
    assert (await world.get("leader-a1", accuracy)).status_code == 403


async def test_a_resident_sees_a_window_only_while_a_van_carries_their_order(world: World) -> None:
    token = await carried_order(world)
    assert await window(world, token) is None  # no van has left
    await run_with_windows(world)
    assert await window(world, token) == WINDOW


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE container SET state = 'sealed'",
        "UPDATE container SET run = 'R1122-2'",
        "UPDATE run SET state = 'loading'",
        "UPDATE run_stop SET arrived_at = now()",
        "UPDATE run_stop SET state = 'skipped'",
        "UPDATE run SET operator_id = 'op-b'",
        "DELETE FROM eta_stop",
    ],
)
async def test_a_van_that_does_not_carry_the_order_is_not_shown(world: World, change: str) -> None:
    token = await carried_order(world)
    await run_with_windows(world)
    await world.connection.execute(change.encode())
    assert await window(world, token) is None


async def last_leg(world: World, token: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (await world.get(None, f"/api/links/{token}/eta")).json()["last_leg"]
    return found


LEFT = NOW - timedelta(minutes=30)


async def see_van(world: World, ago: timedelta, lat: float, lon: float) -> None:
    """A fix of the run's van, as the positions' service writes it."""
    await world.connection.execute(
        "INSERT INTO position (site_id, at, received_at, lat, lon) VALUES ('van-1', %s, %s, %s, %s)",
        [NOW - ago, NOW - ago, lat, lon],
    )


async def on_the_last_leg(world: World) -> tuple[int, str]:
    """st-a2 is left, and the van on its way to st-a1: the run and the order's link."""
    token = await carried_order(world)
    number = await run_with_windows(world)
    await world.connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES ('van-1', 'van', '一号车', now())")
    await world.connection.execute("UPDATE run SET vehicle_id = 'van-1', departed_at = %s", [LEFT])
    await world.connection.execute("UPDATE site SET lat = 30.6, lon = 114.3 WHERE id = 'st-a1'")
    await world.connection.execute(
        "UPDATE run_stop SET state = 'signed', arrived_at = %s, departed_at = %s WHERE stop = 1", [LEFT, LEFT]
    )
    await world.connection.execute("UPDATE eta_stop SET stops_before = 0 WHERE stop = 2")
    await see_van(world, timedelta(minutes=1), 30.58123456, 114.29123456)
    return number, token


async def test_a_resident_sees_about_where_the_van_is_on_its_last_leg(world: World) -> None:
    _, token = await on_the_last_leg(world)
    assert await last_leg(world, token) == {
        "lat": 30.582, "lon": 114.29, "radius_m": 300, "as_of": "2026-11-22T07:59:00.000Z",
        "station": {"name": "站 st-a1", "lat": 30.6, "lon": 114.3},
    }  # fmt: skip
    # Within the minute nothing is told, and of the true place and second nothing ever.
    world.clock.ms += 59_000
    await see_van(world, timedelta(seconds=-30), 30.5999, 114.2999)
    answer = await world.get(None, f"/api/links/{token}/eta")
    assert answer.json()["last_leg"]["lat"] == 30.582
    world.clock.ms += 1_000
    answer = await world.get(None, f"/api/links/{token}/eta")
    assert answer.json()["last_leg"]["lat"] == 30.598
    assert answer.json()["last_leg"]["as_of"] == "2026-11-22T08:00:00.000Z"
    assert re.findall(r"30\.5999|114\.2999|:30\.\d{3}Z", answer.text) == []


async def test_a_resident_reads_whole_minutes_that_hold_the_window(world: World) -> None:
    token = await carried_order(world)
    await run_with_windows(world)
    await world.connection.execute(
        "UPDATE eta_stop SET early = early + interval '59 s', late = late + interval '1 s', expected = expected + interval '7 s'"
    )
    assert await window(world, token) == WINDOW | {"late": "2026-11-22T08:33:00.000Z"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE run_stop SET departed_at = NULL, state = 'unloading' WHERE stop = 1",
        "UPDATE run_stop SET departed_at = NULL, arrived_at = NULL, state = 'pending' WHERE stop = 1",
        "UPDATE eta_stop SET stops_before = 1 WHERE stop = 2",
        "UPDATE eta_stop SET as_of = as_of - interval '11 min'",
        "UPDATE run SET state = 'paused'",
        "UPDATE run SET departed_at = '2026-11-22T08:00:00Z'",
        "UPDATE position SET at = at - interval '10 min'",
        "UPDATE site SET lat = NULL WHERE id = 'st-a1'",
        """INSERT INTO run (operator_id, service_date, name, vehicle_id, state, state_at)
           VALUES ('op-b', '2026-11-22', 'B-1', 'van-1', 'departed', '2026-11-22T08:00:00Z')""",
    ],
)
async def test_a_van_that_does_not_come_straight_to_the_station_is_not_on_the_map(world: World, change: str) -> None:
    _, token = await on_the_last_leg(world)
    assert await last_leg(world, token) is not None
    await world.connection.execute(change.encode())
    assert await last_leg(world, token) is None
    assert await window(world, token) is not None


async def test_a_link_that_was_taken_back_shows_no_van(world: World) -> None:
    token = await carried_order(world)
    await world.call("dispatcher-a", "DELETE", "/api/operators/op-a/orders/A-1001/link")
    assert (await world.get(None, f"/api/links/{token}/eta")).status_code == 410


async def test_how_true_it_was_is_told_by_route_and_distance(world: World) -> None:
    await world.connection.execute(
        """
        INSERT INTO eta_accuracy VALUES ('op-a', '2026-11-20', 'R-1', 0, 10, 8, 600, 3000, 10, 6000, 1200),
            ('op-a', '2026-11-21', 'R-1', 4, 10, 9, 1800, 9000, 0, 0, 0), ('op-b', '2026-11-21', 'R-9', 0, 1, 1, 1, 1, 0, 0, 0)
        """
    )
    path = "/api/operators/op-a/eta-accuracy"
    said = (await world.get("dispatcher-a", f"{path}?first=2026-11-01&last=2026-11-22")).json()
    assert said["runs"] == 0
    assert [(row["stops_before"], row["said"], row["mae_min"], row["coverage"], row["width_min"]) for row in said["rows"]] == [
        (None, 20, 2.0, 0.85, 10.0), (0, 10, 1.0, 0.8, 5.0), (4, 10, 3.0, 0.9, 15.0),
    ]  # fmt: skip
    assert [(row["schedule_mae_min"], row["delay_mae_min"]) for row in said["rows"]] == [(10.0, 2.0), (10.0, 2.0), (None, None)]
    later = (await world.get("dispatcher-a", f"{path}?first=2026-11-22&last={date.max}")).json()
    assert later["rows"] == []
    wrong = await world.get("dispatcher-a", f"{path}?first=2026-11-22&last=2026-11-21")
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "last")
