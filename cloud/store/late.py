"""What arrives for hours that are already rolled up: noted in the transaction that brings it, so that no roll-up misses it.

Ingest notes; rollup.py rolls the noted hours up again; telemetry.py reads them from the raw rows until then.
"""

from collections.abc import Set

from cloud.store.pool import Connection

HOUR_MS = 3_600_000

# Held shared by every transaction that inserts readings, from its look at closed_to until its commit; held alone for a moment
# to move closed_to. So whoever saw the old value has committed before the hours below the new one are read.
CLOSING_LOCK = 0x7475_616E_7475  # "tuantu"


async def note_late(connection: Connection, touched: Set[tuple[int, int]]) -> int:
    """Note those of ``touched`` that were rolled up already; returns how many.

    ``touched``: (sensor id, ``at`` in ms since 1970 // HOUR_MS) of every reading the current transaction inserts.
    """
    if not touched:
        return 0
    await connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (CLOSING_LOCK,))
    # A statement of its own: under READ COMMITTED its snapshot is taken with the lock held.
    cursor = await connection.execute("SELECT (extract(epoch FROM closed_to) / 3600)::bigint FROM reading_rolled")
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        return 0
    late = sorted((sensor_id, hour) for sensor_id, hour in touched if hour < row[0])
    if late:
        await connection.execute(
            """
            INSERT INTO reading_late (sensor_id, hour)
            SELECT sensor_id, to_timestamp(hour * 3600) FROM unnest(%s::int[], %s::bigint[]) AS late (sensor_id, hour)
            """,
            ([sensor_id for sensor_id, _ in late], [hour for _, hour in late]),
        )
        # Whose temperature it is may lie in a parcel's account that was closed (cold_accounts.py).
        await connection.execute(
            """
            INSERT INTO cold_late (sensor_id, hour)
            SELECT sensor_id, to_timestamp(hour * 3600) FROM unnest(%s::int[], %s::bigint[]) AS late (sensor_id, hour)
            JOIN sensor s ON s.id = sensor_id WHERE right(s.name, 2) = '_c'
            """,
            ([sensor_id for sensor_id, _ in late], [hour for _, hour in late]),
        )
    return len(late)
