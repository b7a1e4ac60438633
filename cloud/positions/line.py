"""The process's connection to the broker: OwnTracks by MQTT comes in, notices for the live gateways go out.

The broker's rules say that a user publishes under its own name only; a message is acknowledged to the broker once it is kept.
While the database is away the broker keeps what is not acknowledged. A notice is only a hint.
"""

import asyncio
import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud.domain.notices import RoomNotice, encode_notices
from cloud.mqtt.client import LoopClient
from cloud.mqtt.loop import PahoLoop
from cloud.mqtt.publish import Publish
from cloud.positions import owntracks
from cloud.positions.intake import Intake
from cloud.positions.messages import Caller, Message
from cloud.positions.report import ReportError
from cloud.store.pool import Unavailable
from cloud.store.trackers import TrackerProtocol
from edge.wire.clock import Clock
from edge.wire.topics import room_notice

# Replicas share the messages; a retained one is old, and the app sends the newest again by itself.
FILTER = f"$share/positions/{owntracks.TOPIC_ROOT}/+/+"
NOTICES = room_notice("rooms")
_MIN_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 5.0
_CONNECT_TIMEOUT_S = 5.0
_KEEPALIVE_S = 15
_KEEP_AGAIN_S = 1.0
_WORKING = 500  # messages in work at once; beyond it the broker waits for acknowledgements

log = structlog.get_logger("positions")


@dataclass(slots=True)
class BrokerLine:
    """``run`` until cancelled."""

    url: str
    clock: Clock
    _client: LoopClient | None = None
    _driver: PahoLoop | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def publish(self, notices: Sequence[RoomNotice]) -> None:
        """Hint to the live gateways; lost where the broker is away."""
        if notices and self._client is not None and self._driver is not None:
            self._client.publish(NOTICES, encode_notices(notices), qos=0)
            self._driver.flush()

    async def run(self, intake: Intake) -> None:
        """Connect, listen until it is lost, again."""
        backoff_s = _MIN_BACKOFF_S
        while True:
            lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

            def lose(why: str, lost: asyncio.Future[str] = lost) -> None:
                if not lost.done():
                    lost.set_result(why)

            client = self._made(intake, lose)
            driver = PahoLoop(client, lose)
            try:
                await driver.connect(lambda client=client: self._connect(client))  # type: ignore[misc]
                self._client, self._driver = client, driver
                log.info("broker connected")
                why = await lost
                backoff_s = _MIN_BACKOFF_S
            except (OSError, ValueError) as error:
                why = str(error)
            finally:
                self._client = self._driver = None
                driver.close()
            log.warning("broker lost", why=why)
            await asyncio.sleep(backoff_s)
            backoff_s = min(_MAX_BACKOFF_S, 2 * backoff_s)

    def _made(self, intake: Intake, lose: Any) -> LoopClient:
        parts = urlsplit(self.url)
        client = LoopClient(f"tuantu-positions-{secrets.token_hex(6)}")
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())

        def on_connect(_client: mqtt.Client, _userdata: object, _flags: Any, reason: Any, _properties: Any) -> None:
            if reason.is_failure:
                lose(f"the broker refuses us: {reason}")
            else:
                client.subscribe(FILTER, qos=1)

        def take(message: Publish) -> None:
            task = asyncio.ensure_future(self._take(client, intake, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        client.take = take
        client.on_connect = on_connect
        client.on_disconnect = lambda _client, _userdata, _flags, reason, _properties: lose(str(reason))
        return client

    def _connect(self, client: mqtt.Client) -> None:
        parts = urlsplit(self.url)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = _WORKING
        properties.SessionExpiryInterval = 0
        client.connect_timeout = _CONNECT_TIMEOUT_S
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        client.connect(parts.hostname or "", port, keepalive=_KEEPALIVE_S, clean_start=True, properties=properties)

    async def _take(self, client: LoopClient, intake: Intake, message: Publish) -> None:
        user = owntracks.user_of(message.topic or "")
        if user is not None:
            await self._keep(intake, self._read(Caller(TrackerProtocol.OWNTRACKS, None, user), message))
        if message.qos:
            client.ack(message.mid, message.qos)
            if self._driver is not None:
                self._driver.flush()

    async def _keep(self, intake: Intake, message: Message) -> None:
        """Until it is kept. The broker has told the phone that it has it, so nobody sends it again."""
        while True:
            try:
                await intake.take(message)
            except Unavailable:
                await asyncio.sleep(_KEEP_AGAIN_S)
            else:
                return

    def _read(self, caller: Caller, message: Publish) -> Message:
        now_ms = self.clock.now_ms()
        try:
            return Message(caller, now_ms, message.payload, "application/json", owntracks.decode(message.payload))
        except ReportError as error:
            return Message(caller, now_ms, message.payload, "application/json", None, str(error))
