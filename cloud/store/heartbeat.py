"""Signs of life of the cloud's processes, for GET /health. Real time, the database's; a row a day old is swept."""

import os
import secrets
import socket
from dataclasses import dataclass

from psycopg.rows import class_row

from cloud.store.pool import Connection

# Written this often by whoever is alive …
PERIOD_S = 10
# … and worrying after three were missed.
LATE_AFTER_S = 3 * PERIOD_S + 5


_of_this_process: set[str] = set()


def new_instance() -> str:
    """A replica's name: this machine's, this process's number, and six hex digits of its own."""
    instance = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    _of_this_process.add(instance)
    return instance


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One replica, how long it has been silent, and how far behind it said it was; None where that means nothing."""

    process: str
    instance: str
    age_s: float
    lag_s: float | None


async def beat(connection: Connection, process: str, instance: str, lag_s: float | None = None) -> None:
    """Say that this replica is alive. ``instance`` is of `new_instance`.

    It takes the place of those that were killed on this machine: they could not retire.
    """
    await connection.execute(
        """
        INSERT INTO heartbeat (process, instance, lag_s) VALUES (%s, %s, %s)
        ON CONFLICT (process, instance) DO UPDATE SET beat_at = now(), lag_s = excluded.lag_s
        """,
        [process, instance, lag_s],
    )
    cursor = await connection.execute("SELECT instance FROM heartbeat WHERE process = %s AND instance <> %s", [process, instance])
    killed = [row[0] for row in await cursor.fetchall() if _was_killed_here(row[0])]
    await connection.execute(
        "DELETE FROM heartbeat WHERE beat_at < now() - make_interval(days => 1) OR (process = %s AND instance = ANY(%s))",
        [process, killed],
    )


def _was_killed_here(instance: str) -> bool:
    """Whether it ran on this machine and is no more. One of another container with this host's name comes back by its next beat."""
    host, _, number = instance.rpartition("-")[0].rpartition("-")
    if host != socket.gethostname() or not number.isdecimal() or instance in _of_this_process:
        return False
    if int(number) == os.getpid():  # a container's first process has the same number each time
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


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
