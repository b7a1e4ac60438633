"""Writers, the roll-up and readers at once: every answer is that of the raw rows in the same snapshot."""

import asyncio
import random
from datetime import timedelta

import psycopg
import pytest

from cloud.store.mode import StoreMode
from cloud.store.pool import Connection, connect
from cloud.store.rollup import roll_up
from cloud.store.telemetry import readings
from tests.cloud.store.telemetry_rows import DAY, MINUTE, Row, ingest

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
HOURS = 24
QUARTER = timedelta(minutes=15)


async def write(url: str, seed: int, at_hour: list[int]) -> None:
    """Half of it for the present, half for any hour before, in transactions that stay open for a while."""
    rng = random.Random(seed)
    async with await connect(url, f"writer-{seed}") as connection:
        for _ in range(60):
            async with connection.transaction():
                newest = at_hour[0] * 60 + rng.randrange(60)
                minutes = [newest, rng.randrange(newest + 1)]
                await ingest(
                    connection, *(Row(DAY + minute * MINUTE, rng.uniform(-5, 5), rng.randrange(1, 4)) for minute in minutes)
                )
                await asyncio.sleep(rng.uniform(0, 0.01))


async def roll(connection: Connection, mode: StoreMode, at_hour: list[int], done: asyncio.Event) -> None:
    while not done.is_set():
        at_hour[0] = min(at_hour[0] + 1, HOURS - 1)
        await roll_up(connection, mode, DAY + at_hour[0] * HOUR + 11 * MINUTE)


async def compare(connection: Connection, sensor_id: int) -> None:
    """In one snapshot: what the chart says, and what the rows say."""
    end = DAY + HOURS * HOUR
    async with connection.transaction():
        chart = await readings(connection, sensor_id, DAY, end, QUARTER)
        cursor = await connection.execute(
            """
            SELECT date_bin('15 minutes', at, %s), count(*), min(value), avg(value), max(value) FROM reading
            WHERE sensor_id = %s AND at >= %s AND at < %s GROUP BY 1 ORDER BY 1
            """,
            (DAY, sensor_id, DAY, end),
        )
        rows = await cursor.fetchall()
    shown = [
        (bucket.at, bucket.readings, bucket.low, pytest.approx(bucket.mean), bucket.high) for bucket in chart if bucket.readings
    ]
    assert shown == rows


async def test_no_reading_is_ever_missing_or_counted_twice(database_url: str, connection: Connection, mode: StoreMode) -> None:
    at_hour, done = [0], asyncio.Event()
    async with await connect(database_url, "reader") as reader, asyncio.TaskGroup() as group:
        await reader.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        rolling = group.create_task(roll(connection, mode, at_hour, done))
        writers = [asyncio.create_task(write(database_url, seed, at_hour)) for seed in range(3)]
        while not all(writer.done() for writer in writers):
            await compare(reader, 1)
        await asyncio.gather(*writers)
        done.set()
        await rolling
        for sensor_id in (1, 2, 3):
            await compare(reader, sensor_id)
        await roll_up(connection, mode, DAY + HOURS * HOUR + 11 * MINUTE)
        for sensor_id in (1, 2, 3):
            await compare(reader, sensor_id)
        cursor = await connection.execute("SELECT (SELECT sum(readings) FROM reading_15m), (SELECT count(*) FROM reading_late)")
        assert await cursor.fetchone() == (3 * 60 * 2, 0)
