"""Looks every few seconds what the vehicles on a run have told, whoever heard it; one replica at a time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloud.domain.notices import RoomNotice
from cloud.positions.looking import is_alone, keep_looking
from cloud.store.heartbeat import PERIOD_S, beat, retire
from cloud.store.pool import Connection
from cloud.store.run_following import look
from cloud.store.stop_signing import sign_stops
from edge.wire.clock import Clock, utc

LOOK_S = 2.0  # an arrival is told half a minute after it anyway
_LOCK = 0x72756E73  # "runs": apart from other advisory locks of this database


@dataclass(slots=True)
class Following:
    """``run`` until cancelled."""

    database_url: str
    clock: Clock
    publish: Callable[[Sequence[RoomNotice]], None]
    instance: str

    async def run(self) -> None:
        """Connect, and look for as long as the database is there."""
        await keep_looking(self.database_url, "positions-following", self._serve, "runs are not followed")

    async def _serve(self, connection: Connection) -> None:
        beat_at_s = -PERIOD_S * 2.0
        loop = asyncio.get_running_loop()
        try:
            while True:
                if loop.time() - beat_at_s >= PERIOD_S:
                    beat_at_s = loop.time()
                    await beat(connection, "positions", self.instance)
                if await is_alone(connection, _LOCK):
                    looked = await look(connection, utc(self.clock.now_ms()))
                    self.publish(looked.notices)
                    self.publish(await sign_stops(connection, utc(self.clock.now_ms())))
                await asyncio.sleep(LOOK_S)
        except asyncio.CancelledError:
            await retire(connection, "positions", self.instance)
            raise
