"""What the cloud says to sites besides acknowledgements: what they are to follow, retained; and commands, once.

Runs in the jobs process. Whoever writes a command or a wish notifies the channel; what was missed is found within two seconds.
"""

import asyncio
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import unquote, urlsplit

import msgspec
import paho.mqtt.client as mqtt
import psycopg
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud.auth.pickup import PickupKeys
from cloud.auth.residents import ResidentVault
from cloud.auth.secrets import SecretMissingError
from cloud.config import CloudConfig
from cloud.jobs.coming import tell_of_vans
from cloud.jobs.manifests import ManifestMaker
from cloud.store.downlink_call import CHANNEL, PLANNED
from cloud.store.goods_limits import limits_by_operator
from cloud.store.pool import Connection, Unavailable, connect, is_unavailable
from edge.wire.clock import Clock, to_ms, utc
from edge.wire.codec import MSGPACK, encode
from edge.wire.ids import OperatorId, SiteId
from edge.wire.messages import ComingVan, Command, Desired, Message
from edge.wire.order import hlc_from_ms
from edge.wire.topics import Leaf, Topic

LOOK_EVERY_S = 2.0
# Orders, parcels and staff change all day; a station that hears of them a quarter of a minute later has lost nothing. Of a new
# plan a dock hears at once.
MAKE_EVERY_S = 15.0
COMING_EVERY_S = 5.0
_PUBLISH_TIMEOUT_S = 5.0
_MAX_BACKOFF_S = 30.0

_VANS = msgspec.json.Decoder(tuple[ComingVan, ...])

_log = structlog.get_logger(__name__)


class NotPublishedError(Exception):
    """The broker did not take it; it is tried again."""


class BrokerLine:
    """A connection of its own for rare messages; paho's thread keeps it. Calls block and belong in a thread."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._client: mqtt.Client | None = None

    def publish(self, topic: str, message: Message, *, retain: bool) -> None:
        """Until the broker has it. NotPublishedError."""
        try:
            client = self._client or self._connect()
            self._client = client
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.ContentType = MSGPACK
            sent = client.publish(topic, encode(message), qos=1, retain=retain, properties=properties)
            sent.wait_for_publish(_PUBLISH_TIMEOUT_S)
            if not sent.is_published():
                raise NotPublishedError("the broker did not answer in time")
        except (OSError, ValueError, RuntimeError) as error:
            raise NotPublishedError(str(error)) from None

    def close(self) -> None:
        """Say goodbye."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None

    def _connect(self) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        if self._parts.username:
            client.username_pw_set(unquote(self._parts.username), unquote(self._parts.password or ""))
        is_tls = self._parts.scheme == "mqtts"
        if is_tls:
            client.tls_set_context(ssl.create_default_context())
        client.connect(self._parts.hostname or "", self._parts.port or (8883 if is_tls else 1883), keepalive=30)
        client.loop_start()
        return client


class Downlink:
    """``run`` until cancelled. Without a broker manifests are made all the same; without a secret nothing is."""

    def __init__(self, config: CloudConfig, clock: Clock) -> None:
        self._url = config.database_url.get_secret_value()
        self._public_url = config.public_url.rstrip("/")
        self._broker_url = config.broker_url.get_secret_value()
        self._secret = config.secret
        self._clock = clock

    async def run(self) -> None:
        """The supervisor of this part: whatever is away is waited for."""
        try:
            maker = ManifestMaker(PickupKeys(self._secret), ResidentVault(self._secret))
        except SecretMissingError as error:
            _log.warning("no manifests are made", error=str(error))
            return
        backoff_s = 1.0
        while True:
            line = BrokerLine(self._broker_url) if self._broker_url else None
            try:
                async with await connect(self._url, "downlink") as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")  # a constant
                    await self._serve(connection, maker, line)
            except (Unavailable, NotPublishedError, psycopg.Error) as error:
                if isinstance(error, psycopg.Error) and not is_unavailable(error):
                    _log.exception("the downlink failed")
                elif backoff_s == 1.0:
                    _log.warning("the downlink waits", error=str(error))
            finally:
                if line is not None:
                    await asyncio.to_thread(line.close)
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, _MAX_BACKOFF_S)

    async def _serve(self, connection: Connection, maker: ManifestMaker, line: BrokerLine | None) -> None:
        made_s = told_s = -MAKE_EVERY_S
        while True:
            if time.monotonic() - made_s >= MAKE_EVERY_S:
                await maker.make_all(connection, utc(self._clock.now_ms()))
                made_s = time.monotonic()
            if time.monotonic() - told_s >= COMING_EVERY_S:
                await tell_of_vans(connection, utc(self._clock.now_ms()))
                told_s = time.monotonic()
            if line is not None:
                await send_commands(connection, line)
                await self.publish_wishes(connection, line)
            with suppress(TimeoutError):
                async for notice in connection.notifies(timeout=LOOK_EVERY_S, stop_after=1):
                    if notice.payload == PLANNED:
                        made_s = -MAKE_EVERY_S

    async def publish_wishes(self, connection: Connection, line: BrokerLine) -> int:
        """What is wanted of sites and was not said yet, under the operator whose name each site listens to."""
        async with connection.transaction():
            cursor = await connection.execute(
                """
                SELECT d.site_id, t.operator_id, d.version, d.manifest_sha256, coalesce(t.reported->>'mode', 'receive'),
                    d.coming::text, d.coming_at
                FROM desired d JOIN site_status t USING (site_id)
                WHERE d.published < d.version OR d.published_as <> t.operator_id
                    OR d.coming_published_at IS DISTINCT FROM d.coming_at
                ORDER BY d.site_id FOR UPDATE OF d SKIP LOCKED
                """
            )
            rows = await cursor.fetchall()
            limits = await limits_by_operator(connection) if rows else {}
            for site, operator, version, sha256, mode, coming, coming_at in rows:
                desired = Desired(
                    version=version,
                    hlc=hlc_from_ms(self._clock.now_ms()),
                    mode=mode,  # what staff chose stays: a new manifest is no reason to change it
                    manifest_url=f"{self._public_url}/api/sites/{site}/manifest/{sha256}",
                    manifest_sha256=sha256,
                    limits=limits.get(operator, {}),
                    coming=_VANS.decode(coming),
                    coming_at_ms=0 if coming_at is None else to_ms(coming_at),
                )
                topic = str(Topic(OperatorId(operator), SiteId(site), Leaf.DESIRED))
                await asyncio.to_thread(line.publish, topic, desired, retain=True)
                await connection.execute(
                    "UPDATE desired SET published = %s, published_as = %s, coming_published_at = %s WHERE site_id = %s",
                    [version, operator, coming_at, site],
                )
        return len(rows)


async def send_commands(connection: Connection, line: BrokerLine) -> int:
    """Each once: it is written down as sent before it is, for a command may be lost and never repeated.

    Only to a site that is there, citing its connection: what it hears after it went away means nothing.
    """
    sent: Sequence[tuple[object, ...]] = await (
        await connection.execute(
            """
            UPDATE command c SET sent_at = now() FROM site_status t
            WHERE t.site_id = c.site_id AND t.online AND t.nonce <> '' AND c.sent_at IS NULL AND c.expires_at > now()
            RETURNING c.id, c.site_id, t.operator_id, t.nonce, c.action, c.cell, extract(epoch FROM c.expires_at - now())::float8,
                c.detail::text
            """
        )
    ).fetchall()
    for command_id, site, operator, nonce, action, cell, left_s, detail in sent:
        said = msgspec.json.decode(str(detail), type=dict[str, str])
        command = Command(
            id=str(command_id), nonce=str(nonce), ttl_s=max(0.1, float(str(left_s))), action=action, cell=str(cell),  # type: ignore[arg-type]
            alarm=said.get("alarm", ""), severity=said.get("severity", ""), note=said.get("note", ""),
            event=said.get("event", ""),
        )  # fmt: skip
        topic = str(Topic(OperatorId(str(operator)), SiteId(str(site)), Leaf.COMMAND))
        await asyncio.to_thread(line.publish, topic, command, retain=False)
        _log.info("command sent", site=site, command=command_id, action=action)
    return len(sent)
