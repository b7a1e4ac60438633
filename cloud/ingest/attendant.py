"""What ingest does beside the lanes, on one connection to the broker: hear what sites say of themselves, move floors and ask for
what is missing, replay from quarantine on request, and show signs of life.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from cloud.ingest.floors import Claims, Floors
from cloud.ingest.lane import Parts, publish_answers, publish_notice
from cloud.ingest.presence import hear
from cloud.ingest.relations import Relations
from cloud.ingest.replay import replay_requested
from cloud.ingest.session import Session, open_session
from cloud.store.heartbeat import PERIOD_S, beat, retire
from cloud.store.pool import Connection, connect
from edge.wire.clock import utc
from edge.wire.topics import Leaf, every_site_filter

FILTERS = (every_site_filter(Leaf.STATUS), every_site_filter(Leaf.REPORTED))
_WORDS_A_ROUND = 100
_WORDS_BYTES = 512 * 1024
_ROUND_S = 1.0  # a floor that moves a second later costs a few rows; a person who asked for a replay waits as long

log = structlog.get_logger("ingest")


@dataclass(slots=True)
class Attendant:
    """Serves until ``stopping`` is set; raises what it lost."""

    parts: Parts
    claims: Claims
    instance: str
    stopping: asyncio.Event
    relations: Relations

    async def serve(self, report_up: Callable[[], None]) -> None:
        """Connect and attend."""
        async with AsyncExitStack() as stack:
            listening = await connect(self.parts.database_url, "ingest-presence")
            stack.push_async_callback(listening.close)
            tidying = await connect(self.parts.database_url, "ingest-floors")
            stack.push_async_callback(tidying.close)
            client_id = f"{self.parts.client_prefix}-presence"
            session = await stack.enter_async_context(open_session(self.parts.broker, client_id, FILTERS, self.parts.clock))
            report_up()
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(session.until_lost())
                listener = group.create_task(self._listen(session, listening))
                await self._tidy(session, tidying)
                session.stop_taking(FILTERS)
                await listener
                watcher.cancel()
            await retire(tidying, "ingest", self.instance)

    async def _listen(self, session: Session, connection: Connection) -> None:
        while arrivals := await session.take(_WORDS_A_ROUND, _WORDS_BYTES):
            heard = await hear(connection, arrivals, utc(self.parts.clock.now_ms()), self.relations)
            for arrival in arrivals:
                arrival.finished()
            self.claims.add(heard.claims)
            publish_notice(session, heard.versions)
            for one in heard.quarantined:
                self.parts.metrics.quarantined.labels(one.reason).inc()
                log.warning("message in quarantine", topic=one.arrival.topic, reason=one.reason.value, detail=one.detail)

    async def _tidy(self, session: Session, connection: Connection) -> None:
        """Rounds, one after another, until it is time to stop."""
        floors = Floors(time.monotonic)
        beat_at_s = -PERIOD_S * 2.0
        while not self.stopping.is_set():
            if time.monotonic() - beat_at_s >= PERIOD_S:
                beat_at_s = time.monotonic()
                await beat(connection, "ingest", self.instance, self.parts.lag.take())
            await self._move_floors(floors, session, connection)
            replayed = await replay_requested(connection, self.parts.clock)
            publish_notice(session, replayed)
            try:
                await asyncio.wait_for(self.stopping.wait(), _ROUND_S)
            except TimeoutError:
                continue

    async def _move_floors(self, floors: Floors, session: Session, connection: Connection) -> None:
        claims = [*self.claims.take(), *await floors.unanswered(connection)]
        advance = await floors.advance(connection, claims, utc(self.parts.clock.now_ms()))
        if advance.resends:
            self.parts.metrics.resends.inc(len(advance.resends))
            log.warning("asked sites to send again", lanes=len(advance.resends))
            publish_answers(session, advance.resends)
        if advance.lost:
            self.parts.metrics.lost.inc(advance.lost)
            log.error("batches are gone for good: neither in the database nor kept by their sites", batches=advance.lost)
