"""One lane of ingest: its MQTT connection and its flush workers with a database connection each.

Where broker or database is lost the lane lets both go and `supervise` starts it over: what was not acknowledged is sent again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from paho.mqtt.client import MQTT_ERR_SUCCESS, MQTTMessageInfo

from cloud.domain.notices import RoomNotice, encode_notices
from cloud.ingest.answers import Answer, Credit, answers
from cloud.ingest.batch import Arrival
from cloud.ingest.flush import Flusher, OnStep, Outcome
from cloud.ingest.lag import Lag
from cloud.ingest.metrics import IngestMetrics
from cloud.ingest.session import BrokerAddress, Session, open_session
from cloud.store.pool import Connection, connect
from edge.wire.clock import Clock
from edge.wire.codec import MSGPACK, encode
from edge.wire.ids import Lane
from edge.wire.topics import room_notice

# A flush: enough rows that one COPY is worth its round trips (measured.md), few enough that it takes some milliseconds.
FLUSH_MESSAGES = 512
FLUSH_BYTES = 96 * 1024
_FAREWELL_S = 3.0
NOTICE_TOPIC = room_notice("rooms")

MakeFlusher = Callable[[Connection, Callable[[Outcome], None]], Flusher]
log = structlog.get_logger("ingest")


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """What a lane is made of. ``workers``: flushes in work at once, each on a connection of its own."""

    lane: Lane
    filters: tuple[str, ...]
    workers: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What all lanes share."""

    database_url: str
    broker: BrokerAddress
    client_prefix: str
    clock: Clock
    credit: Credit
    metrics: IngestMetrics
    make_flusher: MakeFlusher
    on_step: OnStep
    on_outcome: Callable[[Outcome], None]
    lag: Lag = field(default_factory=Lag)


def publish_answers(session: Session, made: Sequence[Answer]) -> list[MQTTMessageInfo]:
    """Send answers. One that finds no room is dropped: the edge sends again and is answered again."""
    return [session.publish(one.topic, encode(one.message), MSGPACK) for one in made]


def publish_notice(session: Session, versions: Sequence[RoomNotice]) -> None:
    """Hint to the live gateways which rooms have a new version. A lost hint costs them two seconds."""
    if versions:
        session.publish(NOTICE_TOPIC, encode_notices(versions), qos=0)


@dataclass(slots=True)
class LaneRunner:
    """Serves a lane until ``stopping`` is set; raises what it lost."""

    settings: LaneSettings
    parts: Parts
    stopping: asyncio.Event
    _farewells: list[MQTTMessageInfo] = field(default_factory=list)

    async def serve(self, report_up: Callable[[], None]) -> None:
        """Connect, take and flush. What is in work when ``stopping`` is set is finished and acknowledged."""
        async with self._open() as (session, flushers):
            report_up()
            with self.parts.lag.of(lambda: session.waited_s):
                await self._serve(session, flushers)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[Session, list[Flusher]]]:
        """Database first: whoever subscribes is given messages."""
        name = self.settings.lane.value
        async with AsyncExitStack() as stack:
            connections = []
            for _ in range(self.settings.workers):
                connection = await connect(self.parts.database_url, f"ingest-{name}", by_key=self.settings.lane is Lane.EVENT)
                stack.push_async_callback(connection.close)
                connections.append(connection)
            session = await stack.enter_async_context(
                open_session(self.parts.broker, f"{self.parts.client_prefix}-{name}", self.settings.filters, self.parts.clock)
            )
            yield session, [self.parts.make_flusher(connection, partial(self._answer, session)) for connection in connections]

    async def _serve(self, session: Session, flushers: Sequence[Flusher]) -> None:
        async with asyncio.TaskGroup() as group:
            watchers = [group.create_task(session.until_lost()), group.create_task(self._stop(session))]
            workers = [group.create_task(self._work(session, flusher)) for flusher in flushers]
            await asyncio.wait(workers)
            for watcher in watchers:
                watcher.cancel()
        await self._say_farewell()

    async def _stop(self, session: Session) -> None:
        await self.stopping.wait()
        session.stop_taking(self.settings.filters)

    async def _work(self, session: Session, flusher: Flusher) -> None:
        name = self.settings.lane.value
        metrics = self.parts.metrics
        while arrivals := await session.take(FLUSH_MESSAGES, FLUSH_BYTES):
            self.parts.on_step("received")
            began_s = time.monotonic()
            outcome = await flusher.flush(arrivals)
            metrics.flush_seconds.labels(name).observe(time.monotonic() - began_s)
            self.parts.lag.waited(session.waited_s)
            for arrival in arrivals:
                arrival.finished()
            self.parts.on_outcome(outcome)
            self._count(name, outcome, arrivals, session)

    def _answer(self, session: Session, outcome: Outcome) -> None:
        publish_notice(session, outcome.versions)  # first: somebody looks at a page, nobody looks at an ack
        sent = publish_answers(session, answers(outcome, self.parts.credit, self.parts.clock.now_ms()))
        self._farewells = sent or self._farewells

    async def _say_farewell(self) -> None:
        """Give the last acks time to leave: paho sends them on its own thread."""
        until_s = time.monotonic() + _FAREWELL_S
        for info in self._farewells:
            if info.rc == MQTT_ERR_SUCCESS:
                await asyncio.to_thread(info.wait_for_publish, max(0.0, until_s - time.monotonic()))

    def _count(self, name: str, outcome: Outcome, arrivals: Sequence[Arrival], session: Session) -> None:
        metrics = self.parts.metrics
        metrics.batches.labels(name).inc(len(outcome.answered))
        metrics.duplicates.labels(name).inc(outcome.duplicates)
        metrics.rows.labels(name).inc(outcome.rows)
        metrics.conflicts.labels(name).inc(len(outcome.refused))
        metrics.depth.labels(name).set(session.depth)
        if session.dropped:
            metrics.dropped.labels(name).inc(session.dropped)
            session.dropped = 0
        for one in outcome.quarantined:
            metrics.quarantined.labels(one.reason).inc()
            log.warning("message in quarantine", lane=name, topic=one.arrival.topic, reason=one.reason.value, detail=one.detail)
        metrics.lag_seconds.labels(name).observe(max(0, self.parts.clock.now_ms() - arrivals[0].received_at_ms) / 1000)
