"""A gateway with its real database and real sockets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect

from cloud.auth.links import LinkSigner
from cloud.live.gateway import Gateway
from cloud.live.meters import LiveMeters
from cloud.live.reading import Reading
from cloud.store.pool import open_pool
from edge.wire.clock import Clock
from tests.cloud.api.world import SECRET, TestClock, settle

DEADLINE_S = 15.0


@dataclass(slots=True)
class Client:
    """A page's socket."""

    socket: ClientConnection

    async def say(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def hear(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(DEADLINE_S):
            frame: dict[str, Any] = json.loads(await self.socket.recv())
        return frame

    async def hear_type(self, kind: str) -> dict[str, Any]:
        """The next frame of a type; others are passed over."""
        while (frame := await self.hear())["type"] != kind:
            pass
        return frame

    async def subscribe(self, room: str, cursor: int = 0) -> dict[str, Any]:
        await self.say(type="subscribe", rooms=[{"room": room, "cursor": cursor}])
        return await self.hear_type("entries")


@dataclass(slots=True)
class Live:
    """A gateway under test."""

    gateway: Gateway
    meters: LiveMeters
    url: str
    clock: TestClock
    signer: LinkSigner
    connection: psycopg.AsyncConnection[tuple[Any, ...]]
    tokens: dict[str, str]

    @asynccontextmanager
    async def client(self, token: str | None = None, **more: Any) -> AsyncIterator[Client]:
        """A socket; with a token also welcomed."""
        async with connect(self.url, proxy=None, **more) as socket:
            client = Client(socket)
            if token is not None:
                await client.say(type="hello", token=token)
                assert (await client.hear())["type"] == "welcome"
            yield client


@asynccontextmanager
async def gateway_on(database_url: str, clock: Clock, **more: Any) -> AsyncIterator[tuple[Gateway, LiveMeters, str, LinkSigner]]:
    """A running gateway on a free port."""
    signer = LinkSigner(SecretStr(SECRET), clock)
    meters = LiveMeters()
    async with open_pool(database_url, "live", max_size=4) as pool:
        gateway = Gateway(Reading(pool, signer, clock), clock, meters, **more)
        async with gateway.listening("127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            task = asyncio.create_task(gateway.run())
            try:
                yield gateway, meters, f"ws://127.0.0.1:{port}/live", signer
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


@pytest.fixture
async def live(database_url: str) -> AsyncIterator[Live]:
    clock = TestClock()
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection,
        gateway_on(database_url, clock, poll_s=0.05, recheck_s=0.1) as (gateway, meters, url, signer),
    ):
        yield Live(gateway, meters, url, clock, signer, connection, await settle(connection))
