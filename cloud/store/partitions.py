"""Plain mode's partitions: made ahead of the rows, filled from the default partition, dropped by retention.py.

TimescaleDB makes its chunks itself; there nothing here is called.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from psycopg import errors, sql

from cloud.store.kept import LATEST_ARRIVAL, POSITIONS_KEPT, READINGS_KEPT, ROLLUPS_KEPT
from cloud.store.pool import Connection

# How far ahead at least: a jobs process may be away for a day and nothing lands in a default partition.
AHEAD = timedelta(days=2)
# An insert waits behind a partition that is attached or dropped; rather than holding it up for longer, try again next time.
LOCK_TIMEOUT = "3s"
# Partitions a transaction: the first time there are hundreds, and a commit each would take minutes on a slow disk. Meanwhile
# inserts that need the default partition wait, for some milliseconds a partition.
AT_ONCE = 31


@dataclass(frozen=True, slots=True)
class Partitioned:
    """One table and how it is cut. Partitions are named ``{table}_{yyyymmdd}`` or ``{table}_{yyyymm}``, bounds are UTC."""

    table: str
    unit: Literal["day", "month"]
    back: timedelta  # partitions stand ready for rows this old
    kept: timedelta

    def begin(self, moment: datetime) -> datetime:
        """The start of the partition that holds a moment."""
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day if self.unit == "day" else day.replace(day=1)

    def next(self, begin: datetime) -> datetime:
        """The start of the partition after the one that starts at ``begin``."""
        return self.begin(begin + timedelta(days=1 if self.unit == "day" else 31))

    def name(self, begin: datetime) -> str:
        """Its partition's name."""
        return f"{self.table}_{begin:%Y%m%d}" if self.unit == "day" else f"{self.table}_{begin:%Y%m}"

    def parse(self, name: str) -> datetime | None:
        """The start of a partition by its name; None for the default partition and for what is not ours."""
        try:
            form = f"{self.table}_%Y%m%d %z" if self.unit == "day" else f"{self.table}_%Y%m %z"
            return datetime.strptime(f"{name} +0000", form)  # noqa: DTZ007  # %z is there
        except ValueError:
            return None

    def wanted(self, now: datetime, ahead: timedelta) -> Iterator[datetime]:
        """The starts of all partitions that rows arriving from ``now`` until ``now + ahead`` could need."""
        begin = self.begin(now - self.back)
        while begin <= now + ahead:
            yield begin
            begin = self.next(begin)


TABLES = {
    "reading": Partitioned("reading", "day", LATEST_ARRIVAL, READINGS_KEPT),
    "position": Partitioned("position", "day", POSITIONS_KEPT, POSITIONS_KEPT),
    "reading_15m": Partitioned("reading_15m", "month", LATEST_ARRIVAL, ROLLUPS_KEPT),
}


def ahead_of(rate: float, period_s: float) -> timedelta:
    """How far ahead to make partitions, every ``period_s`` real seconds, where domain time runs ``rate`` times as fast."""
    return AHEAD + 3 * timedelta(seconds=max(rate, 1.0) * period_s)


async def ensure(connection: Connection, now: datetime, ahead: timedelta = AHEAD) -> int:
    """Make the partitions that are missing and move into them what the default one holds; returns how many were made.

    ``connection`` is in autocommit: a transaction for some. Those whose table others keep locked are left for the next time.
    """
    made = 0
    for table in TABLES.values():
        there = set(await existing(connection, table))
        # What is past its age waits for retention where it lies.
        waiting = {begin for at in await _waiting(connection, table) if (begin := table.begin(at)) >= table.begin(now - table.kept)}
        missing = sorted(({*table.wanted(now, ahead)} | waiting) - there)
        for some in (missing[i : i + AT_ONCE] for i in range(0, len(missing), AT_ONCE)):
            try:
                async with connection.transaction():
                    await _wait_shortly(connection)
                    for begin in some:
                        await _make(connection, table, begin)
            except errors.LockNotAvailable:
                continue
            made += len(some)
    return made


async def existing(connection: Connection, table: Partitioned) -> list[datetime]:
    """The starts of a table's partitions, the oldest first."""
    cursor = await connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass",
        (table.table,),
    )
    return sorted(begin for (name,) in await cursor.fetchall() if (begin := table.parse(name)) is not None)


async def drop(connection: Connection, table: Partitioned, before: datetime) -> int:
    """Drop the partitions that end at ``before`` or earlier, and such rows of the default one; returns how many partitions."""
    dropped = 0
    for begin in await existing(connection, table):
        if table.next(begin) > before:
            break
        async with connection.transaction():
            await _wait_shortly(connection)
            await connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(table.name(begin))))
        dropped += 1
    await connection.execute(
        sql.SQL("DELETE FROM {} WHERE at < %s").format(sql.Identifier(f"{table.table}_default")), (table.begin(before),)
    )
    return dropped


async def _waiting(connection: Connection, table: Partitioned) -> list[datetime]:
    default = sql.Identifier(f"{table.table}_default")
    cursor = await connection.execute(
        sql.SQL("SELECT min(at) FROM {} GROUP BY date_trunc(%s, at, 'UTC')").format(default), (table.unit,)
    )
    return [at for (at,) in await cursor.fetchall()]


async def _make(connection: Connection, table: Partitioned, begin: datetime) -> None:
    """ATTACH and not CREATE … PARTITION OF: that would lock the whole table, this only the default partition."""
    parent, default = sql.Identifier(table.table), sql.Identifier(f"{table.table}_default")
    partition = sql.Identifier(table.name(begin))
    low, high = sql.Literal(begin.isoformat()), sql.Literal(table.next(begin).isoformat())
    await connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)").format(partition, parent)
    )
    await connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(default))
    await connection.execute(
        sql.SQL("WITH moved AS (DELETE FROM {} WHERE at >= {} AND at < {} RETURNING *) INSERT INTO {} SELECT * FROM moved").format(
            default, low, high, partition
        )
    )
    await connection.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(parent, partition, low, high)
    )


async def _wait_shortly(connection: Connection) -> None:
    await connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
