"""Signs of life of the cloud's processes, for GET /health. Real time, the database's; a row a day old is swept."""

from dataclasses import dataclass

from psycopg.rows import class_row

from cloud.store.pool import Connection

# Written this often by whoever is alive …
PERIOD_S = 10
# … and worrying after three were missed.
LATE_AFTER_S = 3 * PERIOD_S + 5


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One replica, how long it has been silent, and how far behind it said it was; None where that means nothing."""

    process: str
    instance: str
    age_s: float
    lag_s: float | None


async def beat(connection: Connection, process: str, instance: str, lag_s: float | None = None) -> None:
    """Say that this replica is alive. ``instance`` is unique to it, such as ``{host}-{pid}``."""
    await connection.execute(
        """
        INSERT INTO heartbeat (process, instance, lag_s) VALUES (%s, %s, %s)
        ON CONFLICT (process, instance) DO UPDATE SET beat_at = now(), lag_s = excluded.lag_s
        """,
        [process, instance, lag_s],
    )
    await connection.execute("DELETE FROM heartbeat WHERE beat_at < now() - make_interval(days => 1)")


async def retire(connection: Connection, process: str, instance: str) -> None:
    """Say that this replica has stopped on purpose."""
    await connection.execute("DELETE FROM heartbeat WHERE process = %s AND instance = %s", [process, instance])


async def heartbeats(connection: Connection) -> list[Heartbeat]:
    """All replicas that did not retire, the longest silent first."""
    async with connection.cursor(row_factory=class_row(Heartbeat)) as cursor:
        await cursor.execute(
            """
            SELECT process, instance, extract(epoch FROM now() - beat_at)::float8 AS age_s, lag_s
            FROM heartbeat ORDER BY beat_at, process, instance
            """
        )
        return await cursor.fetchall()
