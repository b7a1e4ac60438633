"""A site for tests of ingest: seals batches as the edge does, publishes them, and collects what it is answered."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import SecretStr

from cloud.config import CloudConfig
from cloud.ingest.app import serve
from cloud.ingest.batch import Arrival
from cloud.ingest.metrics import IngestMetrics
from edge.wire.clock import Clock, WallClock
from edge.wire.codec import MSGPACK, ContentType, decode_downlink, encode
from edge.wire.envelope import Envelope, digest
from edge.wire.ids import Epoch, Lane, Seq, operator_id, site_id
from edge.wire.messages import (
    SCHEMA,
    Ack,
    AnyDownlink,
    AnyFact,
    ClockQuality,
    Event,
    EventBatch,
    Message,
    Series,
    TelemetryBatch,
)
from edge.wire.order import hlc_from_ms
from edge.wire.topics import Leaf, Topic, uplink

WALL = WallClock(time.time)


def now_ms() -> int:
    return WALL.now_ms()


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands."""

    ms: int
    rate: float = 0.0
    is_simulated: bool = True

    def now_ms(self) -> int:
        return self.ms


@dataclass(frozen=True, slots=True)
class Batch:
    """A sealed batch with its topic, ready to be sent any number of times."""

    topic: str
    payload: bytes
    envelope: Envelope
    content_type: str = MSGPACK

    def arrival(self, received_at_ms: int | None = None) -> Arrival:
        return Arrival(
            self.topic,
            self.payload,
            tuple(self.envelope.properties()),
            self.content_type,
            now_ms() if received_at_ms is None else received_at_ms,
        )


@dataclass(slots=True)
class TestSite:
    """Seals batches; counts its own numbers."""

    __test__ = False

    site: str
    operator: str = "green"
    epoch: Epoch = field(default_factory=lambda: Epoch(uuid4()))
    boot: int = 1
    n: int = 0
    seqs: dict[Lane, int] = field(default_factory=dict)

    def event(
        self, fact: AnyFact, *, ms: int | None = None, n: int | None = None, hlc: int | None = None, clock: str = "synced"
    ) -> Event:
        if n is None:
            self.n += 1
            n = self.n
        ms = now_ms() if ms is None else ms
        return Event(
            n=n,
            hlc=hlc_from_ms(ms) + n if hlc is None else hlc,
            boot=self.boot,
            measured_at_ms=ms,
            clock=ClockQuality(clock),
            fact=fact,
            device="scanner",
        )

    def events(self, *events: Event, **changes: Any) -> Batch:
        return self.seal(Lane.EVENT, EventBatch(events=list(events)), **changes)

    def scans(self, *facts: AnyFact, ms: int | None = None) -> Batch:
        return self.events(*(self.event(fact, ms=ms) for fact in facts))

    def readings(
        self, values: Sequence[float | None], *, sensor: str = "fridge.temp_c", t0: int | None = None, lane: Lane = Lane.LIVE
    ) -> Batch:
        t0 = now_ms() - 1000 * len(values) if t0 is None else t0
        series = Series(sensor=sensor, t0=t0, dt=[1000 * i for i in range(len(values))], v=list(values))
        return self.seal(lane, TelemetryBatch(boot=self.boot, clock=ClockQuality.SYNCED, series=[series]))

    def seal(
        self,
        lane: Lane,
        body: Message | bytes,
        *,
        seq: int | None = None,
        floor: int = 1,
        kept: int = 1,
        schema: int = SCHEMA,
        content_type: ContentType = MSGPACK,
    ) -> Batch:
        if seq is None:
            seq = self.seqs[lane] = self.seqs.get(lane, 0) + 1
        payload = body if isinstance(body, bytes) else encode(body, content_type)
        envelope = Envelope(self.epoch, lane, Seq(seq), digest(payload), Seq(floor), Seq(kept), schema, now_ms())
        return Batch(uplink(operator_id(self.operator), site_id(self.site), lane), payload, envelope, content_type)


@dataclass(slots=True)
class Uplink:
    """A site's MQTT connection on the test's side."""

    client: mqtt.Client
    heard: list[AnyDownlink] = field(default_factory=list)
    notices: list[bytes] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, batch: Batch, *, properties: list[tuple[str, str]] | None = None) -> None:
        self.publish(
            batch.topic, batch.payload, batch.content_type, batch.envelope.properties() if properties is None else properties
        )

    def publish(
        self, topic: str, payload: bytes, content_type: str = MSGPACK, user: Sequence[tuple[str, str]] = (), *, retain: bool = False
    ) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = content_type
        if user:
            properties.UserProperty = list(user)
        self.client.publish(topic, payload, qos=1, retain=retain, properties=properties)

    def acked(self, lane: Lane = Lane.EVENT) -> list[int]:
        with self._lock:
            return [seq for one in self.heard if isinstance(one, Ack) and one.lane == lane for seq in one.seqs]

    def of(self, kind: type[AnyDownlink]) -> list[Any]:
        with self._lock:
            return [one for one in self.heard if isinstance(one, kind)]

    def take(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        with self._lock:
            if message.topic.endswith("/ack"):
                self.heard.append(decode_downlink(bytes(message.payload), MSGPACK))
            else:
                self.notices.append(bytes(message.payload))


@asynccontextmanager
async def uplink_of(site: TestSite, broker: Any) -> AsyncIterator[Uplink]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(broker.username, broker.password)
    client.max_inflight_messages_set(2000)
    link = Uplink(client)
    client.on_message = link.take
    ready = threading.Event()
    answers = str(Topic(operator_id(site.operator), site_id(site.site), Leaf.ACK))

    def on_connect(*_: object) -> None:
        client.subscribe([(answers, 1), ("tt-live/v1/#", 0)])

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: ready.set()
    await asyncio.to_thread(client.connect, broker.host, broker.port)
    client.loop_start()
    try:
        assert await asyncio.to_thread(ready.wait, 5)
        yield link
    finally:
        await asyncio.to_thread(client.disconnect)
        await asyncio.to_thread(client.loop_stop)


def relate(url: str, operator: str, *sites: str) -> None:
    """Register an operator and its sites: what anybody else says is refused."""
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO operator (id, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", (operator, operator))
        for site in sites:
            connection.execute(
                "INSERT INTO site (id, kind, name, created_at) VALUES (%s, 'station', %s, now()) ON CONFLICT DO NOTHING",
                (site, site),
            )
            connection.execute(
                "INSERT INTO site_operator (site_id, operator_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", (site, operator)
            )


@asynccontextmanager
async def running_ingest(
    database_url: str, broker: Any, *sites: TestSite, clock: Clock = WALL, **switches: str
) -> AsyncIterator[asyncio.Event]:
    """Ingest in this process, which knows these sites; yields the event that stops it."""
    for site in sites:
        relate(database_url, site.operator, site.site)
    config = CloudConfig(database_url=SecretStr(database_url), broker_url=SecretStr(broker.url))
    stopping = asyncio.Event()
    metrics = IngestMetrics()
    task = asyncio.create_task(serve(config, clock, stopping, switches, metrics))
    parts = ("event", "live", "backfill", "presence")
    try:
        await until(lambda: task.done() or all(_is_up(metrics, part) for part in parts))
        if task.done():
            task.result()
        yield stopping
    finally:
        stopping.set()
        await asyncio.wait_for(task, 20)


def _is_up(metrics: IngestMetrics, part: str) -> bool:
    return metrics.registry.get_sample_value("tuantu_ingest_lane_up", {"lane": part}) == 1


async def until(is_so: Callable[[], bool], timeout_s: float = 15.0) -> None:
    """Poll until it is so; fails loudly at the deadline."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.02)


def rows(url: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def count(url: str, query: str, *parameters: object) -> int:
    return int(rows(url, query, *parameters)[0][0])
