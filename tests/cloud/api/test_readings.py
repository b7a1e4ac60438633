from datetime import timedelta
from typing import Any

import pytest

from cloud.store.mode import StoreMode
from cloud.store.rollup import roll_up, store_mode
from tests.cloud.api.world import NOW, World

pytestmark = pytest.mark.slow
SENSOR = "fridge-1.temperature_c"
PATH = "/api/sites/st-a1/readings"


@pytest.fixture
async def mode(world: World) -> StoreMode:
    """With six hours of readings, a minute apart, that stopped an hour ago."""
    await world.connection.execute("INSERT INTO sensor (site_id, name, operator_id) VALUES ('st-a1', %s, 'op-a')", [SENSOR])
    await world.connection.execute(
        """
        INSERT INTO reading (at, received_at, sensor_id, quality, value)
        SELECT at, at, id, 0, 4 FROM sensor, generate_series(%s::timestamptz, %s, interval '1 min') AS at
        """,
        [NOW - timedelta(hours=6), NOW - timedelta(hours=1, minutes=1)],
    )
    return await store_mode(world.connection)


async def chart(world: World, login: str = "staff-a1", **query: Any) -> list[dict[str, Any]]:
    answer = await world.get(login, PATH, params={"sensor": SENSOR, **query})
    assert answer.status_code == 200, answer.text
    buckets = answer.json()["buckets"]
    assert isinstance(buckets, list)
    return buckets


async def test_a_day_up_to_now_is_shown_with_its_gaps(world: World, mode: StoreMode) -> None:
    buckets = await chart(world, step_s=3600)
    assert [bucket["readings"] for bucket in buckets] == [0] * 18 + [60] * 5 + [0]
    assert buckets[0] == {"at": "2026-11-21T08:00:00.000Z", "readings": 0, "good": 0, "low": None, "mean": None, "high": None}
    assert buckets[20]["mean"] == 4.0
    await roll_up(world.connection, mode, NOW)
    assert await chart(world, step_s=3600) == buckets


async def test_start_end_and_step_are_the_reader_s(world: World, mode: StoreMode) -> None:
    buckets = await chart(world, start="2026-11-22T13:00:00+08:00", end="2026-11-22T13:02:00+08:00", step_s=60)
    assert [(bucket["at"], bucket["readings"]) for bucket in buckets] == [
        ("2026-11-22T05:00:00.000Z", 1),
        ("2026-11-22T05:01:00.000Z", 1),
    ]


async def test_sensors_are_listed(world: World, mode: StoreMode) -> None:
    assert (await world.get("staff-a1", "/api/sites/st-a1/sensors")).json() == {"sensors": [SENSOR]}
    assert (await world.get("staff-a1", "/api/sites/st-a2/sensors")).status_code == 404


@pytest.mark.parametrize(
    ("login", "query", "status", "field"),
    [
        (None, {}, 401, "authorization"),
        ("staff-a1", {"sensor": "other"}, 404, "sensor"),
        ("leader-a2", {}, 404, "site_id"),
        ("dispatcher-b", {}, 404, "site_id"),
        ("staff-a1", {"step_s": 0}, 422, "step_s"),
        ("staff-a1", {"step_s": 1}, 422, "step"),
        ("staff-a1", {"start": "2026-11-22T07:00:00"}, 422, "start"),
        ("staff-a1", {"start": "2026-11-23T07:00:00Z"}, 422, "end"),
        ("staff-a1", {"start": "9999-12-31T23:59:59Z", "end": "9999-12-31T23:59:59.5Z"}, 422, "start"),
        ("staff-a1", {"end": "0001-01-01T00:00:00Z"}, 422, "start"),
    ],
)
async def test_bad_questions_are_refused_by_field(
    world: World, mode: StoreMode, login: str | None, query: dict[str, Any], status: int, field: str
) -> None:
    answer = await world.get(login, PATH, params={"sensor": SENSOR, **query})
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)
