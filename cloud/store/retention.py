"""Makes old telemetry go: whole partitions or chunks, never row by row. Ages are of domain time (kept.py)."""

from datetime import datetime

import psycopg
from psycopg import sql

from cloud.store import partitions
from cloud.store.kept import COLUMNSTORE_AFTER, POSITIONS_KEPT, READINGS_KEPT, ROLLUPS_KEPT
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection


async def drop_old(connection: Connection, mode: StoreMode, now: datetime) -> dict[str, int]:
    """Drop what is past its age; returns how many partitions or chunks of each table. ``connection`` is in autocommit.

    A reading that the roll-up has not seen yet is kept, whatever its age.
    """
    readings_before = await _rolled_before(connection, now - READINGS_KEPT)
    dropped = {}
    if readings_before is not None:
        # First the mark: a quarter that is half dropped must not be rolled up again.
        await connection.execute(
            "UPDATE reading_rolled SET raw_from = %s WHERE raw_from IS NULL OR raw_from < %s", (readings_before, readings_before)
        )
        dropped["reading"] = await _drop(connection, mode, "reading", readings_before)
    dropped["position"] = await _drop(connection, mode, "position", now - POSITIONS_KEPT)
    dropped["reading_15m"] = await _drop(connection, mode, "reading_15m", now - ROLLUPS_KEPT)
    return dropped


async def _rolled_before(connection: Connection, limit: datetime) -> datetime | None:
    """``limit``, or the first hour before it that waits for the roll-up; None where nothing was rolled up yet."""
    cursor = await connection.execute(
        """
        SELECT least(date_trunc('day', %s::timestamptz, 'UTC'), rolled_to, (SELECT min(hour) FROM reading_late))
        FROM reading_rolled WHERE rolled_to IS NOT NULL
        """,
        (limit,),
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def _drop(connection: Connection, mode: StoreMode, table: str, before: datetime) -> int:
    if mode is StoreMode.PLAIN:
        return await partitions.drop(connection, partitions.TABLES[table], before)
    # By itself it works on a whole chunk or not at all; with a lock time-out it can't hold up those who insert.
    async with connection.transaction():
        await connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(partitions.LOCK_TIMEOUT)))
        cursor = await connection.execute("SELECT count(*) FROM drop_chunks(%s::regclass, older_than => %s)", (table, before))
        row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def to_columnstore(connection: Connection, now: datetime) -> int:
    """Community edition only: chunks older than COLUMNSTORE_AFTER by column, those that got late rows since once more.

    Returns how many chunks lie there. One transaction a chunk: one that fails keeps no other from it, and is raised at the end.
    """
    converted = 0
    failures: list[psycopg.Error] = []
    for table in ("reading", "position"):
        cursor = await connection.execute(
            "SELECT chunk::text FROM show_chunks(%s::regclass, older_than => %s) AS chunk", (table, now - COLUMNSTORE_AFTER)
        )
        for (chunk,) in await cursor.fetchall():
            try:
                await connection.execute("CALL convert_to_columnstore(%s::regclass, if_not_columnstore => true)", (chunk,))
            except psycopg.Error as error:
                failures.append(error)
            else:
                converted += 1
    if failures:
        raise failures[0]
    return converted
