import asyncio
from datetime import timedelta

import psycopg
import pytest

from cloud.store import partitions
from cloud.store.kept import LATEST_ARRIVAL, READINGS_KEPT
from cloud.store.mode import StoreMode
from cloud.store.partitions import TABLES, ahead_of, drop, ensure, existing
from cloud.store.pool import Connection, connect, is_serialization_conflict
from tests.cloud.store.telemetry_rows import DAY, Row, ingest

pytestmark = pytest.mark.slow

READING = TABLES["reading"]
ONE_DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _only_where_there_are_partitions(mode: StoreMode) -> None:
    if mode is not StoreMode.PLAIN:
        pytest.skip(f"a {mode} database makes its chunks itself")


async def count(connection: Connection, table: str) -> int:
    cursor = await connection.execute(f"SELECT count(*) FROM ONLY {table}".encode())
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_every_row_the_wire_allows_finds_its_partition(connection: Connection) -> None:
    await ensure(connection, DAY)
    await ingest(
        connection, Row(DAY - LATEST_ARRIVAL, 1.0), Row(DAY, 2.0), Row(DAY + timedelta(minutes=5), 3.0), Row(DAY + ONE_DAY, 4.0)
    )
    assert await count(connection, "reading_default") == 0
    assert await count(connection, READING.name(DAY)) == 2


async def test_making_them_again_changes_nothing(connection: Connection) -> None:
    assert await ensure(connection, DAY) > 100
    assert await ensure(connection, DAY) == 0
    assert await ensure(connection, DAY + ONE_DAY) == 2


async def test_rows_that_came_first_move_into_their_partitions(connection: Connection) -> None:
    rows = [Row(DAY + i * timedelta(hours=7), float(i)) for i in range(10)]
    await ingest(connection, *rows)
    assert await count(connection, "reading_default") == 10
    await ensure(connection, DAY - timedelta(days=1))  # DAY + 2 and + 3 are not ahead yet: made because rows wait for them
    assert await count(connection, "reading_default") == 0
    assert await count(connection, READING.name(DAY + 2 * ONE_DAY)) == 3
    cursor = await connection.execute("SELECT at, value FROM reading ORDER BY at")
    assert await cursor.fetchall() == [(row.at, row.value) for row in rows]


async def test_an_insert_that_is_under_way_is_waited_for_and_kept(database_url: str, connection: Connection) -> None:
    async with await connect(database_url, "slow") as slow:
        async with slow.transaction():
            await ingest(slow, Row(DAY, 1.0))
            making = asyncio.create_task(ensure(connection, DAY))
            await waits_for_a_table(slow)
        await making
    assert await count(connection, READING.name(DAY)) == 1


async def test_a_table_that_stays_locked_is_left_for_the_next_time(
    database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "LOCK_TIMEOUT", "10ms")
    await ensure(connection, DAY)
    async with await connect(database_url, "slow") as slow, slow.transaction():
        await slow.execute("LOCK TABLE reading_default IN ROW EXCLUSIVE MODE")
        assert await ensure(connection, DAY + ONE_DAY) == 1  # of position only
    assert await ensure(connection, DAY + ONE_DAY) == 1


async def test_a_row_on_its_way_as_its_partition_is_made_is_tried_again_and_not_quarantined(
    database_url: str, connection: Connection
) -> None:
    async def copy_while_made(slow: Connection) -> None:
        columns = "(at, received_at, sensor_id, quality, value)"
        async with slow.transaction(), slow.cursor() as cursor, cursor.copy(f"COPY reading {columns} FROM STDIN") as copy:
            await inserts_into(connection, "reading")
            await ensure(connection, DAY)
            await copy.write_row((DAY, DAY, 1, 0, 1.0))

    async with await connect(database_url, "slow") as slow:
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            await copy_while_made(slow)
        assert is_serialization_conflict(caught.value)
        await ingest(slow, Row(DAY, 1.0))
    assert await count(connection, READING.name(DAY)) == 1


async def inserts_into(connection: Connection, table: str) -> None:
    """Wait until another connection has opened the table to write to it."""
    async with asyncio.timeout(10):
        while True:
            cursor = await connection.execute(
                """
                SELECT count(*) FROM pg_locks
                WHERE relation = %s::regclass AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """,
                (table,),
            )
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return
            await asyncio.sleep(0.01)


async def waits_for_a_table(connection: Connection) -> None:
    async with asyncio.timeout(10):
        while True:
            cursor = await connection.execute(
                """
                SELECT count(*) FROM pg_locks WHERE relation = 'reading_default'::regclass AND NOT granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            )
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return
            await asyncio.sleep(0.01)


async def test_old_partitions_go_and_the_rows_that_have_none_go_with_them(connection: Connection) -> None:
    await ingest(connection, Row(DAY - timedelta(days=300), 1.0))
    await ensure(connection, DAY)
    await ingest(connection, Row(DAY - LATEST_ARRIVAL, 2.0), Row(DAY, 3.0))
    assert await count(connection, "reading_default") == 1  # past its age: no partition was made for it
    assert await drop(connection, READING, DAY - LATEST_ARRIVAL + ONE_DAY) == 1
    cursor = await connection.execute("SELECT value FROM reading")
    assert await cursor.fetchall() == [(3.0,)]
    assert min(await existing(connection, READING)) == DAY - LATEST_ARRIVAL + ONE_DAY


async def test_partitions_have_the_index_that_queries_need(connection: Connection) -> None:
    await ensure(connection, DAY)
    cursor = await connection.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", (READING.name(DAY),))
    assert [definition.partition(" USING ")[2] for (definition,) in await cursor.fetchall()] == ["btree (sensor_id, at)"]


async def test_a_quarter_is_unique_in_every_month(connection: Connection) -> None:
    await ensure(connection, DAY)
    insert = "INSERT INTO reading_15m (sensor_id, at, readings, good, usable) VALUES (1, %s, 1, 1, 1)"
    await connection.execute(insert, (DAY,))
    with pytest.raises(psycopg.errors.UniqueViolation):
        await connection.execute(insert, (DAY,))


def test_a_town_at_three_hundred_times_has_its_partitions_long_before_it_needs_them() -> None:
    assert ahead_of(rate=300, period_s=300) > timedelta(days=5)
    assert ahead_of(rate=0, period_s=300) > timedelta(days=2)


def test_names_and_starts_go_both_ways() -> None:
    for table in TABLES.values():
        begin = table.begin(DAY + timedelta(hours=3))
        assert table.parse(table.name(begin)) == begin
        assert table.parse(f"{table.table}_default") is None
    months = TABLES["reading_15m"]
    assert months.next(months.begin(DAY.replace(month=12))) == DAY.replace(year=2027, month=1, day=1)


def test_readings_outlast_what_may_still_arrive() -> None:
    assert READINGS_KEPT > LATEST_ARRIVAL
