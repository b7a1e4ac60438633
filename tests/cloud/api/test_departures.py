"""The departure board: what is to leave when, how far it is packed and loaded, and who will be late."""

from datetime import timedelta
from typing import Any

import pytest

from tests.cloud.api.vans import van
from tests.cloud.api.world import NOW, World

pytestmark = pytest.mark.slow

BOARD = "/api/operators/op-a/departures"
DAY = "2026-11-22"


async def run(world: World, name: str, state: str, start_h: float, vehicle: str | None = None) -> int:
    number = await world.one(
        """
        INSERT INTO run (operator_id, service_date, name, state, state_at, vehicle_id, planned_start)
        VALUES ('op-a', %s, %s, %s, %s, %s, %s) RETURNING id
        """,
        DAY, name, state, NOW, vehicle, NOW + timedelta(hours=start_h),
    )  # fmt: skip
    assert isinstance(number, int)
    return number


async def packed(world: World, label: str, zone: str, state: str, stands_for: str = "") -> None:
    await world.connection.execute(
        "INSERT INTO container (id, operator_id, zone, state, stands_for, created_at) VALUES (%s, 'op-a', %s, %s, %s, %s)",
        [label, zone, state, stands_for, NOW],
    )
    if not stands_for:
        await world.connection.execute(
            """
            INSERT INTO planned_container (operator_id, pickup_date, container_id, site_id, zone, number, run)
            VALUES ('op-a', %s, %s, 'st-a1', %s, 1, 'R1')
            """,
            [DAY, label, zone],
        )


async def board(world: World) -> list[dict[str, Any]]:
    answer = await world.get("dispatcher-a", f"{BOARD}?day={DAY}")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["promise"] == "16:00"
    runs: list[dict[str, Any]] = said["runs"]
    return runs


async def test_runs_stand_by_when_they_leave_with_what_is_sorted_and_loaded_of_each_zone(world: World) -> None:
    await van(world)
    await run(world, "R1", "loading", 1.0, "van-1")
    await run(world, "R2", "planned", 0.5)
    await run(world, "R3", "aborted", 0.0)
    await world.connection.execute(
        "INSERT INTO pickup_batch (operator_id, pickup_date, frozen_at) VALUES ('op-a', %s, %s)", [DAY, NOW]
    )
    for label, zone, state in (
        ("C1", "ambient", "loaded"),
        ("C2", "ambient", "sealed"),
        ("C3", "ambient", "empty"),
        ("C4", "chilled", "empty"),
    ):
        await packed(world, label, zone, state)
    await packed(world, "C5", "chilled", "loaded", stands_for="C4")
    first, second = await board(world)
    assert (first["name"], first["vehicle"], first["containers"]) == ("R2", None, [])
    assert (second["name"], second["vehicle_name"], second["state"]) == ("R1", "一号车", "loading")
    assert second["containers"] == [
        {"zone": "ambient", "expected": 3, "sorted": 2, "loaded": 1}, {"zone": "chilled", "expected": 1, "sorted": 1, "loaded": 1},
    ]  # fmt: skip


async def test_stops_after_the_promise_are_counted_as_last_estimated_else_as_planned(world: World) -> None:
    number = await run(world, "R1", "departed", 0.0)
    planned = await run(world, "R2", "planned", 1.0)
    promise = NOW.replace(hour=8, minute=0)  # 16:00 in Shanghai
    for run_id, stop, minutes in ((number, 1, -30), (number, 2, -10), (planned, 1, 20), (planned, 2, -20)):
        await world.connection.execute(
            "INSERT INTO run_stop (run_id, stop, site_id, planned_arrival) VALUES (%s, %s, 'st-a1', %s)",
            [run_id, stop, promise + timedelta(minutes=minutes)],
        )
    await world.connection.execute(
        "INSERT INTO eta_run (run_id, places, legs, is_estimate) VALUES (%s, '[]', '[]', false)", [number]
    )
    late = [promise + timedelta(minutes=minutes) for minutes in (5, 9, 14)]
    await world.connection.execute(
        "INSERT INTO eta_stop (run_id, stop, stops_before, early, expected, late, as_of) VALUES (%s, 2, 0, %s, %s, %s, %s)",
        [number, *late, NOW],
    )
    assert {one["name"]: (one["late"], one["stops"]) for one in await board(world)} == {"R1": (1, 2), "R2": (1, 2)}


async def test_each_operator_sees_its_own_board_and_only_planners_any(world: World) -> None:
    assert (await world.get("dispatcher-b", f"{BOARD}?day={DAY}")).status_code == 404
    assert (await world.get("admin", f"/api/operators/op-x/departures?day={DAY}")).status_code == 404
    assert (await world.get("leader-a1", f"{BOARD}?day={DAY}")).status_code == 403
    assert (await world.get("dispatcher-a", BOARD)).status_code == 422
