"""Hints from ingest that rooms have moved, over MQTT: they make live faster and nothing else. A lost one costs a poll's time.

paho's thread only hands over (decision 12).
"""

import asyncio
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from cloud.domain.notices import RoomNotice, read_notices
from edge.wire.topics import room_notice

NOTICES = room_notice("rooms")
_MAX_BACKOFF_S = 5
_KEEPALIVE_S = 15

log = structlog.get_logger("live")


@asynccontextmanager
async def listening(url: str, hint: Callable[[list[RoomNotice]], None]) -> AsyncIterator[None]:
    """Call ``hint`` on the loop for each notice while the block lasts; the broker may come and go. ValueError for a bad URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError("broker_url: want mqtt://user:password@host:1883 or mqtts://…")
    loop = asyncio.get_running_loop()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"tuantu-live-{secrets.token_hex(6)}", protocol=mqtt.MQTTv5)
    if parts.username is not None:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
    if parts.scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context())
    client.reconnect_delay_set(1, _MAX_BACKOFF_S)
    client.on_connect = _subscribe
    client.on_disconnect = _report_lost
    client.on_socket_open = _set_no_delay

    def on_message(_client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        notices = read_notices(message.payload)
        if notices and not loop.is_closed():
            loop.call_soon_threadsafe(hint, notices)

    client.on_message = on_message
    client.connect_async(parts.hostname, parts.port or (8883 if parts.scheme == "mqtts" else 1883), keepalive=_KEEPALIVE_S)
    client.loop_start()
    try:
        yield
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


def _subscribe(client: mqtt.Client, _userdata: object, _flags: Any, reason: Any, _properties: Any) -> None:
    if reason.is_failure:
        log.warning("broker refuses live", why=str(reason))
        return
    log.info("broker connected")
    client.subscribe(NOTICES, qos=0)


def _report_lost(_client: mqtt.Client, _userdata: object, _flags: Any, reason: Any, _properties: Any) -> None:
    if reason.is_failure:
        log.warning("broker lost; rooms are polled", why=str(reason))


def _set_no_delay(_client: mqtt.Client, _userdata: object, sock: Any) -> None:
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
