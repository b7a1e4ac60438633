"""Rolls readings up into quarters of an hour, once when an hour closes and again whenever something late arrived for it.

The same steps in every mode; only who computes the quarters differs: TimescaleDB's refresh, or an INSERT … SELECT.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cloud.store.late import CLOSING_LOCK
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection

# An hour closes this long after its end: by then a site that is connected has sent it, and nothing of it is late.
CLOSE_AFTER = timedelta(minutes=10)
HOUR = timedelta(hours=1)
# One transaction's worth: a job stopped in between loses a day's work at most, and locks are held for seconds.
STEP = timedelta(days=1)
LATE_ROWS = 10_000

_QUARTERS = """
    count(*)::int,
    (count(r.value) FILTER (WHERE r.quality = 0))::int,
    (count(r.value) FILTER (WHERE r.quality < 2))::int,
    min(r.value) FILTER (WHERE r.quality < 2),
    max(r.value) FILTER (WHERE r.quality < 2),
    sum(r.value) FILTER (WHERE r.quality < 2)
"""


@dataclass(frozen=True, slots=True)
class Rolled:
    """What one run did."""

    hours: int  # closed and rolled up
    late: int  # (sensor, hour) pairs rolled up again


async def store_mode(connection: Connection) -> StoreMode:
    """What this database was made as (mode.py)."""
    cursor = await connection.execute("SELECT mode FROM store_mode")
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("store_mode is empty: run python -m cloud migrate")
    return StoreMode(row[0])


async def roll_up(connection: Connection, mode: StoreMode, now: datetime) -> Rolled:
    """Close the hours that are over at ``now`` (domain time), roll them up, and roll up again what was noted as late.

    ``connection`` is in autocommit. One at a time (the job holds a lock). May be cancelled or killed anywhere: answers stay
    right and the next run carries on.
    """
    await _close(connection, _hour(now - CLOSE_AFTER))
    hours = await _advance(connection, mode)
    late = await (_late_refresh(connection) if mode is StoreMode.TIMESCALE else _late_rewrite(connection))
    return Rolled(hours, late)


async def _close(connection: Connection, to: datetime) -> None:
    cursor = await connection.execute("SELECT FROM reading_rolled WHERE closed_to >= %s", (to,))
    if await cursor.fetchone() is not None:
        return
    async with connection.transaction():
        # Those who insert wait behind this for as long as the longest of their transactions still runs, so not for long.
        await connection.execute("SET LOCAL lock_timeout = '3s'")
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (CLOSING_LOCK,))
        await connection.execute(
            "UPDATE reading_rolled SET closed_to = %s WHERE closed_to IS NULL OR closed_to < %s",
            (to, to),
        )


async def _advance(connection: Connection, mode: StoreMode) -> int:
    begin, end = await _unrolled(connection)
    hours = (end - begin) // HOUR
    while begin < end:
        until = min(begin + STEP, end)
        if mode is StoreMode.TIMESCALE:
            await _refresh(connection, begin, until)
        async with connection.transaction():
            if mode is not StoreMode.TIMESCALE:
                await _write(connection, begin, until)
            await connection.execute("UPDATE reading_rolled SET rolled_to = %s", (until,))
        begin = until
    return hours


async def _unrolled(connection: Connection) -> tuple[datetime, datetime]:
    """The closed hours that wait. The first time that begins with the oldest reading: a scan of everything, once."""
    cursor = await connection.execute("SELECT rolled_to, closed_to FROM reading_rolled")
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("reading_rolled is empty: its row belongs to the schema")
    rolled_to, closed_to = row
    if rolled_to is None:
        cursor = await connection.execute("SELECT min(at) FROM reading WHERE at < %s", (closed_to,))
        oldest = await cursor.fetchone()
        rolled_to = closed_to if oldest is None or oldest[0] is None else _hour(oldest[0])
        await connection.execute("UPDATE reading_rolled SET rolled_to = %s", (rolled_to,))
    return rolled_to, closed_to


async def _write(connection: Connection, begin: datetime, end: datetime) -> None:
    await connection.execute(
        f"""
        INSERT INTO reading_15m (sensor_id, at, readings, good, usable, low, high, total)
        SELECT r.sensor_id, date_bin('15 minutes', r.at, timestamptz '2000-01-01 00:00:00+00'), {_QUARTERS}
        FROM reading r
        WHERE r.at >= %(begin)s AND r.at < %(end)s
        GROUP BY 1, 2
        """,  # noqa: S608  # a constant
        {"begin": begin, "end": end},
    )


async def _late_rewrite(connection: Connection) -> int:
    rewritten = 0
    while True:
        async with connection.transaction():
            cursor = await connection.execute(
                """
                WITH taken AS (
                    DELETE FROM reading_late USING reading_rolled
                    WHERE id IN (SELECT id FROM reading_late ORDER BY id LIMIT %s) AND hour < rolled_to
                    RETURNING sensor_id, hour, hour >= coalesce(raw_from, '-infinity') AS is_raw_kept
                )
                SELECT sensor_id, hour, is_raw_kept FROM taken GROUP BY 1, 2, 3 ORDER BY 1, 2
                """,
                (LATE_ROWS,),
            )
            taken = await cursor.fetchall()
            late = [(sensor_id, hour) for sensor_id, hour, is_raw_kept in taken if is_raw_kept]
            # Statements after the DELETE: they see at least every reading that was committed with a note just taken.
            await _rewrite(connection, late)
        if not taken:
            return rewritten
        rewritten += len(late)


async def _rewrite(connection: Connection, late: list[tuple[int, datetime]]) -> None:
    arguments = {"sensor_ids": [sensor_id for sensor_id, _ in late], "hours": [hour for _, hour in late]}
    await connection.execute(
        """
        DELETE FROM reading_15m q USING unnest(%(sensor_ids)s::int[], %(hours)s::timestamptz[]) AS late (sensor_id, hour)
        WHERE q.sensor_id = late.sensor_id AND q.at >= late.hour AND q.at < late.hour + interval '1 hour'
        """,
        arguments,
    )
    await connection.execute(
        f"""
        INSERT INTO reading_15m (sensor_id, at, readings, good, usable, low, high, total)
        SELECT late.sensor_id, date_bin('15 minutes', r.at, timestamptz '2000-01-01 00:00:00+00'), {_QUARTERS}
        FROM unnest(%(sensor_ids)s::int[], %(hours)s::timestamptz[]) AS late (sensor_id, hour)
        JOIN reading r ON r.sensor_id = late.sensor_id AND r.at >= late.hour AND r.at < late.hour + interval '1 hour'
        GROUP BY 1, 2
        """,  # noqa: S608  # a constant
        arguments,
    )


async def _late_refresh(connection: Connection) -> int:
    """A refresh is no part of a transaction, so the notes go after it: until then their hours are read from the raw rows."""
    refreshed = 0
    while True:
        cursor = await connection.execute(
            """
            SELECT id, sensor_id, hour, hour >= coalesce(raw_from, '-infinity')
            FROM reading_late, reading_rolled WHERE hour < rolled_to ORDER BY id LIMIT %s
            """,
            (LATE_ROWS,),
        )
        notes = await cursor.fetchall()
        if not notes:
            return refreshed
        for begin, end in spans(hour for _, _, hour, is_raw_kept in notes if is_raw_kept):
            await _refresh(connection, begin, end)
        await connection.execute("DELETE FROM reading_late WHERE id = ANY(%s)", ([note[0] for note in notes],))
        refreshed += len({(sensor_id, hour) for _, sensor_id, hour, is_raw_kept in notes if is_raw_kept})


async def _refresh(connection: Connection, begin: datetime, end: datetime) -> None:
    await connection.execute("CALL refresh_continuous_aggregate('reading_15m', %s::timestamptz, %s::timestamptz)", (begin, end))


def spans(hours: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """The hours as the fewest [begin, end) that hold exactly them."""
    found: list[tuple[datetime, datetime]] = []
    for hour in sorted(set(hours)):
        if found and found[-1][1] == hour:
            found[-1] = (found[-1][0], hour + HOUR)
        else:
            found.append((hour, hour + HOUR))
    return found


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)  # some zones are half an hour off
