from datetime import timedelta

import pytest

from cloud.store.kept import COLUMNSTORE_AFTER, POSITIONS_KEPT, READINGS_KEPT, ROLLUPS_KEPT
from cloud.store.mode import StoreMode
from cloud.store.partitions import ensure
from cloud.store.pool import Connection
from cloud.store.retention import drop_old, to_columnstore
from cloud.store.rollup import roll_up
from cloud.store.telemetry import readings
from tests.cloud.store.telemetry_rows import DAY, Row, ingest, minutely

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
ONE_DAY = timedelta(days=1)
LATER = DAY + READINGS_KEPT + 2 * ONE_DAY


async def at_of(connection: Connection, table: str) -> list[object]:
    cursor = await connection.execute(f"SELECT at FROM {table} ORDER BY at".encode())
    return [at for (at,) in await cursor.fetchall()]


async def arrive(connection: Connection, mode: StoreMode, *rows: Row) -> None:
    """With their partitions there, as in life."""
    if mode is StoreMode.PLAIN:
        await ensure(connection, rows[0].at)
    await ingest(connection, *rows)


async def test_old_readings_go_and_their_quarters_stay(connection: Connection, mode: StoreMode) -> None:
    await arrive(connection, mode, *minutely(DAY, 60))
    await arrive(connection, mode, Row(LATER - ONE_DAY, 1.0))
    await roll_up(connection, mode, LATER)
    await drop_old(connection, mode, LATER)
    assert await at_of(connection, "reading") == [LATER - ONE_DAY]
    assert len(await at_of(connection, "reading_15m")) == 5
    answer = await readings(connection, 1, DAY, DAY + HOUR, HOUR)
    assert [(bucket.readings, bucket.high) for bucket in answer] == [(60, 59.0)]


async def test_quarters_survive_every_roll_up_after_their_readings_are_gone(connection: Connection, mode: StoreMode) -> None:
    await arrive(connection, mode, *minutely(DAY, 60))
    await roll_up(connection, mode, LATER)
    await drop_old(connection, mode, LATER)
    await ingest(connection, Row(DAY + timedelta(minutes=5), -50.0))  # 122 d late: its hour can't be rolled up again
    before = await readings(connection, 1, DAY, DAY + HOUR, HOUR)
    await roll_up(connection, mode, LATER + HOUR)
    assert await readings(connection, 1, DAY, DAY + HOUR, HOUR) == before
    assert before[0].readings == 60
    cursor = await connection.execute("SELECT count(*) FROM reading_late")
    assert await cursor.fetchone() == (0,)


async def test_nothing_goes_that_no_roll_up_has_seen(connection: Connection, mode: StoreMode) -> None:
    await arrive(connection, mode, *minutely(DAY, 3))
    await drop_old(connection, mode, LATER)
    assert len(await at_of(connection, "reading")) == 3
    await roll_up(connection, mode, DAY + ONE_DAY + HOUR)
    await ingest(connection, Row(DAY + 2 * HOUR, 7.0))  # late, and the roll-up stands still for months
    await drop_old(connection, mode, LATER)
    assert len(await at_of(connection, "reading")) == 4
    await roll_up(connection, mode, LATER)
    await drop_old(connection, mode, LATER)
    assert await at_of(connection, "reading") == []
    assert [bucket.readings for bucket in await readings(connection, 1, DAY, DAY + 3 * HOUR, HOUR)] == [3, 0, 1]


async def test_raw_tracks_go_after_thirty_days(connection: Connection, mode: StoreMode) -> None:
    for at in (DAY, DAY + POSITIONS_KEPT):
        if mode is StoreMode.PLAIN:
            await ensure(connection, at)
        await connection.execute(
            "INSERT INTO position (at, received_at, site_id, lat, lon) VALUES (%s, %s, 'van-1', 30, 120)", (at, at)
        )
    await drop_old(connection, mode, DAY + POSITIONS_KEPT + ONE_DAY)
    assert await at_of(connection, "position") == [DAY + POSITIONS_KEPT]


async def test_quarters_go_after_two_years(connection: Connection, mode: StoreMode) -> None:
    await arrive(connection, mode, *minutely(DAY, 15))
    await roll_up(connection, mode, DAY + ONE_DAY)
    now = DAY + ROLLUPS_KEPT
    await drop_old(connection, mode, now)
    assert len(await at_of(connection, "reading_15m")) == 1
    await drop_old(connection, mode, now + timedelta(days=62))
    assert await at_of(connection, "reading_15m") == []


async def test_late_rows_reach_the_columnstore_and_its_answers(connection: Connection, mode: StoreMode) -> None:
    if mode is not StoreMode.TIMESCALE:
        pytest.skip("only the community edition has a columnstore")
    now = DAY + COLUMNSTORE_AFTER + 2 * ONE_DAY
    await ingest(connection, *minutely(DAY, 60), *minutely(now - HOUR, 5))
    await roll_up(connection, mode, now)
    assert await to_columnstore(connection, now) == 1
    await ingest(connection, Row(DAY + timedelta(seconds=30), 500.0))
    assert [bucket.high for bucket in await readings(connection, 1, DAY, DAY + HOUR, HOUR)] == [500.0]
    assert await to_columnstore(connection, now) == 1
    await roll_up(connection, mode, now)
    assert [(bucket.readings, bucket.high) for bucket in await readings(connection, 1, DAY, DAY + HOUR, HOUR)] == [(61, 500.0)]
    cursor = await connection.execute(
        "SELECT is_compressed FROM timescaledb_information.chunks WHERE hypertable_name = 'reading' ORDER BY range_start"
    )
    assert await cursor.fetchall() == [(True,), (False,)]
