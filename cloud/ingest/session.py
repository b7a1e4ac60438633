"""One MQTT connection of ingest: messages into a bounded queue, acknowledgements in the order of arrival, publishing.

Leaves what a message means, and reconnecting, to `lane`.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from cloud.ingest.batch import Arrival
from cloud.mqtt.client import LoopClient
from cloud.mqtt.loop import PahoLoop
from cloud.mqtt.publish import Publish
from edge.wire.clock import Clock

_KEEPALIVE_S = 15
_CONNECT_TIMEOUT_S = 5.0
# Messages the broker may have outstanding here: two flushes of the smallest batches in work, one coming. Bounds the queue on
# a broker that keeps to it (Mosquitto); the queue's own bound is for one that does not (iotcore).
RECEIVE_MAXIMUM = 1_500
QUEUE_MESSAGES = 4_000
QUEUE_BYTES = 64 * 1024 * 1024
# What one publish may have waiting: an ack that finds no room is dropped, and the edge sends its batch again.
_PUBLISH_QUEUE = 10_000
LARGEST_PACKET_BYTES = 2 * 1024 * 1024


class BrokerLost(Exception):  # noqa: N818  # a state of the world
    """The connection ended, or could not be made."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are there."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool

    @classmethod
    def parse(cls, url: str) -> "BrokerAddress":
        """Read ``mqtt://user:password@host:1883`` or ``mqtts://…``. ValueError says what is wanted."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("broker_url: want mqtt://user:password@host:1883 or mqtts://…")
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            parts.port or (8883 if tls else 1883),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            tls,
        )


@dataclass(slots=True, eq=False)
class _Slot:
    """One message's place in the order of arrival."""

    mid: int
    qos: int
    came_s: float
    is_finished: bool = False


@dataclass(slots=True)
class Session:
    """An open connection. All methods but `report_lost` are called on the event loop."""

    client: mqtt.Client
    driver: PahoLoop
    clock: Clock
    loop: asyncio.AbstractEventLoop
    _lost: asyncio.Future[None]
    _queue: deque[Arrival] = field(default_factory=deque)
    _queued_bytes: int = 0
    _slots: deque[_Slot] = field(default_factory=deque)
    _something: asyncio.Event = field(default_factory=asyncio.Event)
    _is_closing: bool = False
    dropped: int = 0

    async def take(self, max_messages: int, max_bytes: int) -> list[Arrival]:
        """The next messages in order of arrival, at least one; [] once closing and empty. BrokerLost where it is gone."""
        while not self._queue:
            self._raise_if_lost()
            if self._is_closing:
                return []
            self._something.clear()
            await self._something.wait()
        taken: list[Arrival] = []
        size = 0
        while self._queue and len(taken) < max_messages and size < max_bytes:
            arrival = self._queue.popleft()
            size += len(arrival.payload)
            taken.append(arrival)
        self._queued_bytes -= size
        return taken

    def publish(self, topic: str, payload: bytes, content_type: str = "", qos: int = 1) -> mqtt.MQTTMessageInfo:
        """Send, without waiting. What finds no room in the queue is dropped."""
        properties = _publish_properties(content_type) if content_type else None
        sent = self.client.publish(topic, payload, qos=qos, properties=properties)
        self.driver.flush()
        return sent

    def stop_taking(self, filters: Sequence[str]) -> None:
        """Unsubscribe; `take` gives what is here already, then []."""
        self.client.unsubscribe(list(filters))
        self.driver.flush()
        self._is_closing = True
        self._something.set()

    @property
    def depth(self) -> int:
        """Messages that wait."""
        return len(self._queue)

    @property
    def waited_s(self) -> float:
        """How long the oldest message that is not finished has been here, real seconds; 0 where there is none."""
        return self.loop.time() - self._slots[0].came_s if self._slots else 0.0

    def _raise_if_lost(self) -> None:
        if self._lost.done():
            self._lost.result()

    def receive(self, message: Publish) -> None:
        """Queue a message; called by the client as it reads."""
        slot = _Slot(message.mid, message.qos, self.loop.time())
        self._slots.append(slot)
        if len(self._queue) >= QUEUE_MESSAGES or self._queued_bytes + len(message.payload) > QUEUE_BYTES:
            # Overflow policy drop-newest: acknowledged to the broker, not to the edge, which sends again later and slower.
            self.dropped += 1
            self._finish(slot)
            return
        self._queue.append(_arrival(message, self.clock.now_ms(), lambda: self._finish(slot)))
        self._queued_bytes += len(message.payload)
        self._something.set()

    def report_lost(self, why: str) -> None:
        """The connection is over; also called by the thread that opens it."""
        try:
            self.loop.call_soon_threadsafe(self._lose, why)
        except RuntimeError:
            return  # the loop is gone: nobody is left to tell

    def _finish(self, slot: _Slot) -> None:
        slot.is_finished = True
        while self._slots and self._slots[0].is_finished:
            first = self._slots.popleft()
            if first.qos:
                self.client.ack(first.mid, first.qos)
        self.driver.flush()

    def _lose(self, why: str) -> None:
        if not self._lost.done():
            self._lost.set_exception(BrokerLost(why))
            self._lost.exception()  # looked at: nobody else may be waiting for it
        self._something.set()

    async def until_lost(self) -> None:
        """Wait until the connection ends, then raise BrokerLost."""
        await asyncio.shield(self._lost)


@cache
def _publish_properties(content_type: str) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = content_type
    return properties


def _arrival(message: Publish, received_at_ms: int, finished: Callable[[], None]) -> Arrival:
    topic = "(not UTF-8)" if message.topic is None else message.topic
    return Arrival(topic, message.payload, message.user_properties, message.content_type, received_at_ms, finished)


@asynccontextmanager
async def open_session(address: BrokerAddress, client_id: str, filters: Sequence[str], clock: Clock) -> AsyncIterator[Session]:
    """Connect with a clean start and session expiry 0, subscribe, and disconnect at the end. BrokerLost where it cannot be had.

    What the broker held for this member when it goes is gone: the edge sends it again.
    """
    loop = asyncio.get_running_loop()
    client = LoopClient(client_id)
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if address.tls:
        client.tls_set_context(ssl.create_default_context())
    client.max_inflight_messages_set(_PUBLISH_QUEUE)
    client.max_queued_messages_set(_PUBLISH_QUEUE)
    driver = PahoLoop(client, lambda why: session.report_lost(why))
    session = Session(client, driver, clock, loop, loop.create_future())
    subscribed: asyncio.Future[None] = loop.create_future()
    _wire(client, session, subscribed, filters)
    try:
        try:
            await driver.connect(lambda: _connect(client, address))
            await asyncio.wait_for(_first(subscribed, session), _CONNECT_TIMEOUT_S)
        except (OSError, TimeoutError, ValueError) as error:
            raise BrokerLost(f"broker at {address.host}:{address.port}: {str(error) or 'no answer'}") from error
        yield session
    finally:
        driver.close()


def _connect(client: mqtt.Client, address: BrokerAddress) -> None:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    properties.MaximumPacketSize = LARGEST_PACKET_BYTES
    client.connect_timeout = _CONNECT_TIMEOUT_S
    client.connect(address.host, address.port, keepalive=_KEEPALIVE_S, clean_start=True, properties=properties)


async def _first(subscribed: asyncio.Future[None], session: Session) -> None:
    lost = asyncio.ensure_future(session.until_lost())
    try:
        await asyncio.wait([subscribed, lost], return_when=asyncio.FIRST_COMPLETED)
        if lost.done():
            lost.result()
        subscribed.result()
    finally:
        lost.cancel()


def _wire(client: LoopClient, session: Session, subscribed: asyncio.Future[None], filters: Sequence[str]) -> None:
    def on_connect(_c: mqtt.Client, _u: object, _f: mqtt.ConnectFlags, reason: ReasonCode, _p: Properties | None) -> None:
        if reason.is_failure:
            session.report_lost(f"broker refused: {reason}")
        elif filters:
            client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in filters])
        else:
            _settle(subscribed)

    def on_subscribe(_c: mqtt.Client, _u: object, _m: int, reasons: list[ReasonCode], _p: Properties | None) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            session.report_lost(f"broker refused a subscription: {', '.join(refused)}")
        else:
            _settle(subscribed)

    def on_disconnect(_c: mqtt.Client, _u: object, _f: mqtt.DisconnectFlags, reason: ReasonCode, _p: Properties | None) -> None:
        session.report_lost(f"broker closed the connection: {reason}")

    client.take = session.receive
    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_disconnect = on_disconnect


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
