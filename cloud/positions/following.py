"""Looks every few seconds what the vehicles on a run have told, whoever heard it; one replica at a time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from cloud.domain.notices import RoomNotice
from cloud.store.heartbeat import PERIOD_S, beat, retire
from cloud.store.pool import Connection, connect, is_unavailable
from cloud.store.run_following import look
from edge.wire.clock import Clock, utc

LOOK_S = 2.0  # an arrival is told half a minute after it anyway
_AGAIN_S = 5.0
_LOCK = 0x72756E73  # "runs": apart from other advisory locks of this database

log = structlog.get_logger("positions")


@dataclass(slots=True)
class Following:
    """``run`` until cancelled."""

    database_url: str
    clock: Clock
    publish: Callable[[Sequence[RoomNotice]], None]
    instance: str
    _is_away: bool = False

    async def run(self) -> None:
        """Connect, and look for as long as the database is there."""
        while True:
            try:
                async with await connect(self.database_url, "positions-following") as connection:
                    self._is_away = False
                    await self._serve(connection)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                if not self._is_away:
                    log.warning("runs are not followed: the database is away", why=str(error).partition("\n")[0])
                self._is_away = True
            await asyncio.sleep(_AGAIN_S)

    async def _serve(self, connection: Connection) -> None:
        beat_at_s = -PERIOD_S * 2.0
        loop = asyncio.get_running_loop()
        try:
            while True:
                if loop.time() - beat_at_s >= PERIOD_S:
                    beat_at_s = loop.time()
                    await beat(connection, "positions", self.instance)
                # Of the session: it goes with the connection, so a replica that dies holds up nobody.
                cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
                if await cursor.fetchone() == (True,):
                    looked = await look(connection, utc(self.clock.now_ms()))
                    self.publish(looked.notices)
                await asyncio.sleep(LOOK_S)
        except asyncio.CancelledError:
            await retire(connection, "positions", self.instance)
            raise
