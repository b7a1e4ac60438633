"""A connection to the broker that is made anew whenever it is lost. What its messages mean is its users'."""

import asyncio
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud.mqtt.client import LoopClient
from cloud.mqtt.loop import PahoLoop
from cloud.mqtt.publish import Publish

_MIN_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 5.0
_CONNECT_TIMEOUT_S = 5.0
_KEEPALIVE_S = 15


@dataclass(frozen=True, slots=True)
class Standing:
    """``name``: of the client, random digits follow. ``receive_maximum``: messages of qos 1 that the broker may have outstanding.

    ``take`` hears each message of ``topic``, ``up`` each new connection, ``down`` why one was lost or could not be made.
    """

    url: str
    name: str
    topic: str
    qos: int
    take: Callable[[LoopClient, Publish], None]
    up: Callable[[LoopClient, PahoLoop], None]
    down: Callable[[str], None]
    receive_maximum: int | None = None

    async def run(self) -> None:
        """Connect, listen until it is lost, again; ends by cancellation."""
        backoff_s = _MIN_BACKOFF_S
        while True:
            lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

            def lose(why: str, lost: asyncio.Future[str] = lost) -> None:
                if not lost.done():
                    lost.set_result(why)

            client = self._client(lose)
            driver = PahoLoop(client, lose)
            try:
                await driver.connect(lambda client=client: self._connect(client))  # type: ignore[misc]
                self.up(client, driver)
                why = await lost
                backoff_s = _MIN_BACKOFF_S
            except (OSError, ValueError) as error:
                why = str(error)
            finally:
                driver.close()
            self.down(why)
            await asyncio.sleep(backoff_s)
            backoff_s = min(_MAX_BACKOFF_S, 2 * backoff_s)

    def _client(self, lose: Callable[[str], None]) -> LoopClient:
        parts = urlsplit(self.url)
        client = LoopClient(f"{self.name}-{secrets.token_hex(6)}")
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())

        def on_connect(_client: mqtt.Client, _userdata: object, _flags: Any, reason: Any, _properties: Any) -> None:
            if reason.is_failure:
                lose(f"the broker refuses us: {reason}")
            else:
                client.subscribe(self.topic, qos=self.qos)

        client.take = lambda message: self.take(client, message)
        client.on_connect = on_connect
        client.on_disconnect = lambda _client, _userdata, _flags, reason, _properties: lose(str(reason))
        return client

    def _connect(self, client: LoopClient) -> None:
        parts = urlsplit(self.url)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
        if self.receive_maximum is not None:
            properties.ReceiveMaximum = self.receive_maximum
        client.connect_timeout = _CONNECT_TIMEOUT_S
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        client.connect(parts.hostname or "", port, keepalive=_KEEPALIVE_S, clean_start=True, properties=properties)
