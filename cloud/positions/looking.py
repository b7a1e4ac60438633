"""What looks at the database every few seconds, on a connection of its own, and waits where the database is away."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from cloud.store.pool import Connection, connect, is_unavailable

_AGAIN_S = 5.0

log = structlog.get_logger("positions")


async def keep_looking(database_url: str, name: str, serve: Callable[[Connection], Awaitable[None]], away: str) -> None:
    """``serve`` for as long as the database is there, until cancelled. ``away``: what does not happen meanwhile, told once."""
    is_away = False
    while True:
        try:
            async with await connect(database_url, name) as connection:
                is_away = False
                await serve(connection)
        except Exception as error:
            if not is_unavailable(error):
                raise
            if not is_away:
                log.warning("the database is away", meanwhile=away, why=str(error).partition("\n")[0])
            is_away = True
        await asyncio.sleep(_AGAIN_S)


async def is_alone(connection: Connection, lock: int) -> bool:
    """Whether this replica is the one that looks. Of the session: one that dies holds up nobody."""
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [lock])
    return await cursor.fetchone() == (True,)
