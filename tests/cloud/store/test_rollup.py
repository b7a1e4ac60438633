import asyncio
from datetime import timedelta

import pytest

from cloud.store import rollup
from cloud.store.late import CLOSING_LOCK
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection, connect
from cloud.store.rollup import Rolled, roll_up, spans
from cloud.store.telemetry import Bucket, readings
from tests.cloud.store.telemetry_rows import DAY, MINUTE, Row, ingest, minutely

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


async def rolled_rows(connection: Connection) -> list[tuple[object, ...]]:
    cursor = await connection.execute(
        "SELECT sensor_id, at, readings, good, usable, low, high, total FROM reading_15m ORDER BY sensor_id, at"
    )
    return await cursor.fetchall()


async def test_a_closed_hour_is_rolled_up_into_four_quarters_a_sensor(connection: Connection, mode: StoreMode) -> None:
    await ingest(connection, *minutely(DAY, 60), *minutely(DAY, 60, sensor_id=2))
    assert await roll_up(connection, mode, DAY + HOUR + 10 * MINUTE) == Rolled(hours=1, late=0)
    assert await rolled_rows(connection) == [
        (sensor_id, DAY + q * QUARTER, 15, 15, 15, q * 15.0, q * 15.0 + 14, 15 * (q * 15 + 7.0))
        for sensor_id in (1, 2)
        for q in range(4)
    ]


async def test_an_hour_closes_ten_minutes_after_its_end(connection: Connection, mode: StoreMode) -> None:
    await ingest(connection, *minutely(DAY, 60))
    assert (await roll_up(connection, mode, DAY + HOUR + 9 * MINUTE)).hours == 0
    assert await rolled_rows(connection) == []


async def test_bad_values_and_silence_are_counted_but_shape_nothing(connection: Connection, mode: StoreMode) -> None:
    await ingest(
        connection,
        Row(DAY, 3.0),
        Row(DAY + MINUTE, 5.0, quality=1),
        Row(DAY + 2 * MINUTE, 99.0, quality=2),
        Row(DAY + 3 * MINUTE, None),
    )
    await roll_up(connection, mode, DAY + 2 * HOUR)
    assert await rolled_rows(connection) == [(1, DAY, 4, 1, 2, 3.0, 5.0, 8.0)]


async def test_the_second_run_does_nothing(connection: Connection, mode: StoreMode) -> None:
    await ingest(connection, *minutely(DAY, 60))
    await roll_up(connection, mode, DAY + 2 * HOUR)
    before = await rolled_rows(connection)
    assert await roll_up(connection, mode, DAY + 2 * HOUR) == Rolled(0, 0)
    assert await rolled_rows(connection) == before


async def test_what_an_outage_of_days_left_is_rolled_up_again(connection: Connection, mode: StoreMode) -> None:
    await ingest(connection, *minutely(DAY, 30), *minutely(DAY, 60, sensor_id=2))
    await roll_up(connection, mode, DAY + timedelta(days=5))
    late = await ingest(connection, *minutely(DAY + 30 * MINUTE, 90), *minutely(DAY + timedelta(days=3), 60))
    assert late == 3
    assert await roll_up(connection, mode, DAY + timedelta(days=5)) == Rolled(hours=0, late=3)
    counts = [(sensor_id, at, count) for sensor_id, at, count, *_ in await rolled_rows(connection)]
    assert counts == (
        [(1, DAY + q * QUARTER, 15) for q in range(8)]
        + [(1, DAY + timedelta(days=3) + q * QUARTER, 15) for q in range(4)]
        + [(2, DAY + q * QUARTER, 15) for q in range(4)]
    )
    assert await roll_up(connection, mode, DAY + timedelta(days=5)) == Rolled(0, 0)


async def test_readings_older_than_the_first_roll_up_are_rolled_up_too(connection: Connection, mode: StoreMode) -> None:
    await ingest(connection, *minutely(DAY, 60))
    await roll_up(connection, mode, DAY + 2 * HOUR)
    await ingest(connection, *minutely(DAY - timedelta(days=40), 15))
    await roll_up(connection, mode, DAY + 2 * HOUR)
    assert (await rolled_rows(connection))[0][:3] == (1, DAY - timedelta(days=40), 15)


async def test_a_transaction_that_was_open_while_its_hour_closed_is_not_missed(
    database_url: str, mode: StoreMode, connection: Connection
) -> None:
    await ingest(connection, Row(DAY, 1.0))
    await roll_up(connection, mode, DAY + HOUR)  # hour 0 is still open
    async with await connect(database_url, "slow") as slow:
        async with slow.transaction():
            assert await ingest(slow, Row(DAY + MINUTE, 2.0)) == 0  # not late: it looked before the hour closed
            rolling = asyncio.create_task(roll_up(connection, mode, DAY + 3 * HOUR))
            await waits_for_lock(slow)
        await rolling
    assert [row[2] for row in await rolled_rows(connection)] == [2]


async def waits_for_lock(connection: Connection) -> None:
    async with asyncio.timeout(10):
        while True:
            cursor = await connection.execute(
                """
                SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND NOT granted AND (classid::bigint << 32 | objid::bigint) = %s
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """,
                (CLOSING_LOCK,),
            )
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return
            await asyncio.sleep(0.01)


async def test_a_roll_up_that_died_half_way_is_finished_by_the_next(
    connection: Connection, mode: StoreMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = 3
    await ingest(connection, *(Row(DAY + i * HOUR, float(i)) for i in range(24 * days)))
    step = rollup._refresh if mode is StoreMode.TIMESCALE else rollup._write
    calls = 0

    async def dies_on_the_second(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConnectionError
        await step(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(rollup, step.__name__, dies_on_the_second)
        with pytest.raises(ConnectionError):
            await roll_up(connection, mode, DAY + timedelta(days=days, hours=1))
    assert len(await rolled_rows(connection)) == 24
    answer = await readings(connection, 1, DAY, DAY + timedelta(days=days), HOUR)
    assert [bucket.mean for bucket in answer] == [float(i) for i in range(24 * days)]
    await roll_up(connection, mode, DAY + timedelta(days=days, hours=1))
    assert len(await rolled_rows(connection)) == 24 * days


async def test_answers_are_exact_before_and_after_every_roll_up(connection: Connection, mode: StoreMode) -> None:
    """Rolled up, present and late parts of one chart, asked at every stage."""
    rows = minutely(DAY, 240)

    async def ask() -> list[Bucket]:
        return await readings(connection, 1, DAY - HOUR, DAY + 5 * HOUR, timedelta(minutes=30))

    def expected(have: list[Row]) -> list[Bucket]:
        answer = []
        for i in range(12):
            at = DAY - HOUR + i * 30 * MINUTE
            values = [row.value for row in have if at <= row.at < at + 30 * MINUTE and row.value is not None]
            answer.append(
                Bucket(at, len(values), len(values), min(values), sum(values) / len(values), max(values))
                if values
                else Bucket(at, 0, 0, None, None, None)
            )
        return answer

    early, late = [row for i, row in enumerate(rows) if i % 7], rows[::7]
    await ingest(connection, *early)
    assert await ask() == expected(early)
    await roll_up(connection, mode, DAY + 2 * HOUR + 30 * MINUTE)
    assert await ask() == expected(early)
    await ingest(connection, *late)
    assert await ask() == expected(rows)
    await roll_up(connection, mode, DAY + 4 * HOUR + 30 * MINUTE)
    assert await ask() == expected(rows)


def test_neighbouring_hours_make_one_span() -> None:
    assert spans([DAY + 2 * HOUR, DAY, DAY + HOUR, DAY, DAY + 5 * HOUR]) == [
        (DAY, DAY + 3 * HOUR),
        (DAY + 5 * HOUR, DAY + 6 * HOUR),
    ]
