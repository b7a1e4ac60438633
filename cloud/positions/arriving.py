"""Says every few seconds when vehicles on a run come to their stops, from what is known of them; one replica at a time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from cloud.domain.notices import RoomNotice
from cloud.eta.estimates import Estimates
from cloud.eta.ways import Ways
from cloud.store.pool import Connection, connect, is_unavailable
from edge.wire.clock import Clock, utc

LOOK_S = 5.0  # vans tell every ten seconds
_AGAIN_S = 5.0
_LOCK = 0x657461  # "eta": apart from other advisory locks of this database

log = structlog.get_logger("positions")


@dataclass(slots=True)
class Arriving:
    """``run`` until cancelled. On a connection of its own: roads may take a while to answer."""

    database_url: str
    clock: Clock
    publish: Callable[[Sequence[RoomNotice]], None]
    ways: Ways
    _is_away: bool = False
    _estimates: Estimates = field(init=False)

    def __post_init__(self) -> None:
        self._estimates = Estimates(self.ways)

    async def run(self) -> None:
        """Connect, and look for as long as the database is there."""
        while True:
            try:
                async with await connect(self.database_url, "positions-arriving") as connection:
                    self._is_away = False
                    await self._serve(connection)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                if not self._is_away:
                    log.warning("arrivals are not estimated: the database is away", why=str(error).partition("\n")[0])
                self._is_away = True
            await asyncio.sleep(_AGAIN_S)

    async def _serve(self, connection: Connection) -> None:
        while True:
            # Of the session: it goes with the connection, so a replica that dies holds up nobody.
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
            if await cursor.fetchone() == (True,):
                self.publish(await self._estimates.look(connection, utc(self.clock.now_ms())))
            await asyncio.sleep(LOOK_S)
