"""Hints from ingest that rooms have moved, over MQTT: they make live faster and nothing else. A lost one costs a poll's time."""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import paho.mqtt.client as mqtt
import structlog

from cloud.domain.notices import RoomNotice, read_notices
from cloud.mqtt.client import LoopClient
from cloud.mqtt.loop import PahoLoop
from cloud.mqtt.publish import Publish
from edge.wire.topics import room_notice

NOTICES = room_notice("rooms")
_MIN_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 5.0
_CONNECT_TIMEOUT_S = 5.0
_KEEPALIVE_S = 15

log = structlog.get_logger("live")


@asynccontextmanager
async def listening(url: str, hint: Callable[[list[RoomNotice]], None]) -> AsyncIterator[None]:
    """Call ``hint`` for each notice while the block lasts; the broker may come and go. ValueError for a bad URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError("broker_url: want mqtt://user:password@host:1883 or mqtts://…")
    task = asyncio.create_task(_listen(parts, hint), name="notices")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _listen(parts: SplitResult, hint: Callable[[list[RoomNotice]], None]) -> None:
    """Connect, listen until it is lost, again; ends by cancellation."""
    backoff_s = _MIN_BACKOFF_S
    while True:
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def lose(why: str, lost: asyncio.Future[str] = lost) -> None:
            if not lost.done():
                lost.set_result(why)

        client = _client(parts, hint, lose)
        driver = PahoLoop(client, lose)
        try:
            await driver.connect(lambda client=client: _connect(client, parts))  # type: ignore[misc]
            log.info("broker connected")
            why = await lost
            backoff_s = _MIN_BACKOFF_S
        except (OSError, ValueError) as error:
            why = str(error)
        finally:
            driver.close()
        log.warning("broker lost; rooms are polled", why=why)
        await asyncio.sleep(backoff_s)
        backoff_s = min(_MAX_BACKOFF_S, 2 * backoff_s)


def _client(parts: SplitResult, hint: Callable[[list[RoomNotice]], None], lose: Callable[[str], None]) -> LoopClient:
    client = LoopClient(f"tuantu-live-{secrets.token_hex(6)}")
    if parts.username is not None:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
    if parts.scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context())

    def on_connect(_client: mqtt.Client, _userdata: object, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            lose(f"the broker refuses us: {reason}")
        else:
            client.subscribe(NOTICES, qos=0)

    def take(message: Publish) -> None:
        notices = read_notices(message.payload)
        if notices:
            hint(notices)

    client.take = take
    client.on_connect = on_connect
    client.on_disconnect = lambda _client, _userdata, _flags, reason, _properties: lose(str(reason))
    return client


def _connect(client: mqtt.Client, parts: SplitResult) -> None:
    client.connect_timeout = _CONNECT_TIMEOUT_S
    client.connect(parts.hostname or "", parts.port or (8883 if parts.scheme == "mqtts" else 1883), keepalive=_KEEPALIVE_S)
