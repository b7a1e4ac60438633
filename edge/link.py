"""One connection to the broker, from CONNECT to its loss. A new one is a new object: nothing of the old is sent again by itself.

paho does the protocol, ``loop_driver`` its reading and writing; when to connect again is the uplink's.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.loop_driver import LoopDriver
from edge.wire.properties import pack

CONNECT_TIMEOUT_S = 10.0
# Half of what the cloud takes to call a site silent; a cut line is noticed within one and a half of it.
KEEPALIVE_S = 10
SESSION_EXPIRY_S = 60  # 0 would cancel the will's delay
MAX_INCOMING = 1_000  # overflow policy: the newest is dropped; what it acknowledged is sent again and acknowledged again
DEFAULT_RECEIVE_MAXIMUM = 65_535  # MQTT 5, 3.2.2.3.3, where the broker does not say


class LinkError(Exception):
    """No connection, or none any more; the text says why."""


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Where to connect and what the broker says if we vanish."""

    host: str
    port: int
    is_tls: bool
    ca_file: str | None
    username: str
    password: str = field(repr=False)
    client_id: str
    will_topic: str
    will_payload: bytes
    topics: Sequence[str]
    will_delay_s: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came, and when (monotonic seconds)."""

    topic: str
    payload: bytes
    content_type: str
    response_topic: str
    correlation: bytes
    heard_s: float


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish, QoS 1."""

    topic: str
    payload: bytes
    content_type: str
    user_properties: Sequence[tuple[str, str]] = ()
    is_retained: bool = False
    correlation: bytes = b""


class Link:
    """``async with`` connects and subscribes (LinkError) and, at the end, disconnects without a will."""

    def __init__(self, settings: LinkSettings, read_monotonic_s: Callable[[], float]) -> None:
        self._settings = settings
        self._read_monotonic_s = read_monotonic_s
        self.incoming: asyncio.Queue[Incoming] = asyncio.Queue(MAX_INCOMING)
        self.dropped = 0
        self.receive_maximum = DEFAULT_RECEIVE_MAXIMUM
        self.on_puback: Callable[[int], None] = lambda _mid: None
        self.on_refusal: Callable[[int, str], None] = lambda _mid, _reason: None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self._client = self._make_client()
        self._driver = LoopDriver(self._client, self._take_loss)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._open()
        except (OSError, ValueError) as error:
            self._driver.close()
            raise LinkError(f"{self._settings.host}:{self._settings.port}: {str(error) or 'no answer'}") from error
        except BaseException:
            self._driver.close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._driver.close()

    def publish(self, message: Outgoing) -> int:
        """Hand one message to the connection; returns its packet id. LinkError: there is no connection, and nothing was queued."""
        if self.lost.done():
            raise LinkError(self.lost.result())
        packed = _Packed(pack(message.content_type, message.user_properties, message.correlation))
        info = self._client.publish(
            message.topic, message.payload, qos=1, retain=message.is_retained, properties=cast("Properties", packed)
        )  # fmt: skip
        self._driver.flush()
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:  # lost meanwhile; what paho has queued dies with this object
            raise LinkError(f"publish: {paho.error_string(info.rc)}")
        return info.mid

    async def _open(self) -> None:
        connect = _properties(PacketTypes.CONNECT)
        connect.SessionExpiryInterval = SESSION_EXPIRY_S
        settings = self._settings
        failure = await asyncio.to_thread(
            self._client.connect, settings.host, settings.port, keepalive=KEEPALIVE_S, clean_start=True, properties=connect
        )
        if failure != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"{settings.host}:{settings.port}: {paho.error_string(failure)}")
        self._client.on_disconnect = self._hear_disconnect  # not before: connecting is another thread's
        if not self._driver.watch():
            raise LinkError("closed by the broker")
        await self._first(self._connected)
        result, _ = self._client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in settings.topics])
        self._driver.flush()
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"subscribe: {paho.error_string(result)}")
        await self._first(self._subscribed)

    async def _first(self, future: "asyncio.Future[None]") -> None:
        """Wait for it, or for the loss of the connection."""
        await asyncio.wait((future, self.lost), return_when=asyncio.FIRST_COMPLETED)
        if self.lost.done():
            raise LinkError(self.lost.result())
        future.result()

    def _make_client(self) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2, settings.client_id, protocol=paho.MQTTv5, reconnect_on_failure=False
        )  # fmt: skip
        client.on_message = self._hear_message  # before connecting: a retained message may come with the CONNACK
        client.on_connect = self._hear_connect
        client.on_subscribe = self._hear_subscribe
        client.on_publish = self._hear_puback
        client.max_inflight_messages_set(DEFAULT_RECEIVE_MAXIMUM)  # windows are the uplink's
        client.connect_timeout = CONNECT_TIMEOUT_S
        if settings.username:
            client.username_pw_set(settings.username, settings.password)
        if settings.is_tls:
            client.tls_set(ca_certs=settings.ca_file)
        will = _properties(PacketTypes.WILLMESSAGE)
        will.WillDelayInterval = settings.will_delay_s
        will.ContentType = "application/msgpack"
        client.will_set(settings.will_topic, settings.will_payload, qos=1, retain=True, properties=will)
        return client

    # --- paho's callbacks, on the loop, while it holds its locks ------------------------------------

    def _soon(self, function: Callable[..., None], *arguments: Any) -> None:
        """Not within the callback: who hears of it may publish or close."""
        self._loop.call_soon(function, *arguments)

    def _hear_message(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        properties = message.properties
        incoming = Incoming(
            message.topic,
            bytes(message.payload),
            getattr(properties, "ContentType", ""),
            getattr(properties, "ResponseTopic", ""),
            getattr(properties, "CorrelationData", b""),
            self._read_monotonic_s(),
        )
        self._soon(self._take, incoming)

    def _hear_connect(
        self, _client: paho.Client, _userdata: object, _flags: object, reason: ReasonCode, properties: Properties | None
    ) -> None:
        maximum = getattr(properties, "ReceiveMaximum", DEFAULT_RECEIVE_MAXIMUM)
        self._soon(self._take_connack, "" if not reason.is_failure else f"refused: {reason}", maximum)

    def _hear_subscribe(
        self, _client: paho.Client, _userdata: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        self._soon(_settle, self._subscribed, f"subscribe: {refused[0]}" if refused else "")

    def _hear_puback(
        self, _client: paho.Client, _userdata: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._soon(self._take_puback, mid, str(reason) if reason.is_failure else "")

    def _hear_disconnect(
        self, _client: paho.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._soon(self._take_loss, str(reason))

    # --- what comes of them -------------------------------------------------------------------------

    def _take(self, incoming: Incoming) -> None:
        try:
            self.incoming.put_nowait(incoming)
        except asyncio.QueueFull:
            self.dropped += 1

    def _take_connack(self, refusal: str, receive_maximum: int) -> None:
        self.receive_maximum = receive_maximum
        _settle(self._connected, refusal)

    def _take_puback(self, mid: int, refusal: str) -> None:
        if refusal:  # 0x80 and above (not authorized, quota exceeded): the broker has thrown it away
            self.on_refusal(mid, refusal)
        else:
            self.on_puback(mid)

    def _take_loss(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)


@dataclass(frozen=True, slots=True)
class _Packed:
    """Properties as paho asks for them when it writes a packet: all it wants is their bytes."""

    data: bytes

    def pack(self) -> bytes:
        return self.data


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho's own gap


def _settle(future: "asyncio.Future[None]", refusal: str) -> None:
    if future.done():
        return
    if refusal:
        future.set_exception(LinkError(refusal))
    else:
        future.set_result(None)
