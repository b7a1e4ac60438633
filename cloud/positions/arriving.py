"""Says every few seconds when vehicles on a run come to their stops, from what is known of them; one replica at a time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cloud.domain.notices import RoomNotice
from cloud.eta.estimates import Estimates
from cloud.eta.ways import Ways
from cloud.positions.looking import is_alone, keep_looking
from cloud.store.pool import Connection
from edge.wire.clock import Clock, utc

LOOK_S = 5.0  # vans tell every ten seconds
_LOCK = 0x657461  # "eta": apart from other advisory locks of this database


@dataclass(slots=True)
class Arriving:
    """``run`` until cancelled. On a connection of its own: roads may take a while to answer."""

    database_url: str
    clock: Clock
    publish: Callable[[Sequence[RoomNotice]], None]
    ways: Ways
    _estimates: Estimates = field(init=False)

    def __post_init__(self) -> None:
        self._estimates = Estimates(self.ways)

    async def run(self) -> None:
        """Connect, and look for as long as the database is there."""
        await keep_looking(self.database_url, "positions-arriving", self._serve, "arrivals are not estimated")

    async def _serve(self, connection: Connection) -> None:
        while True:
            if await is_alone(connection, _LOCK):
                self.publish(await self._estimates.look(connection, utc(self.clock.now_ms())))
            await asyncio.sleep(LOOK_S)
