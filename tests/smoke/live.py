"""A resident's page without its looks: one room over the live socket, which comes back by itself where it left off."""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.smoke.places import Failure

_AGAIN_S = 0.3


class Follower:
    """``count`` entries came so far; ``body`` is the newest."""

    def __init__(self, url: str, token: str, room: str, tls: ssl.SSLContext | None) -> None:
        self._url, self._token, self._room = url, token, room
        self._tls = tls if url.startswith("wss:") else None
        self._cursor = 0
        self._changed = asyncio.Condition()
        self.count = 0
        self.body: Mapping[str, Any] = {}
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(OSError, TimeoutError, WebSocketException, InvalidHandshake):
                await self._follow()
            await asyncio.sleep(_AGAIN_S)

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()

    async def news(self, known: int, wanted: Callable[[Mapping[str, Any]], bool], patience_s: float) -> None:
        """Until an entry after the first ``known`` is as wanted."""
        try:
            async with asyncio.timeout(patience_s), self._changed:
                await self._changed.wait_for(lambda: self.count > known and wanted(self.body))
        except TimeoutError:
            seen = f"the newest says {self.body.get('state')}" if self.body else "it says nothing at all"
            raise Failure(
                f"the resident's live socket does not show it, not in {patience_s:.0f} s: {seen}", "look at ingest and live"
            ) from None

    async def _follow(self) -> None:
        async with connect(self._url, ssl=self._tls) as socket:
            await socket.send(json.dumps({"type": "hello", "token": self._token}))
            await socket.send(json.dumps({"type": "subscribe", "rooms": [{"room": self._room, "cursor": self._cursor}]}))
            async for text in socket:
                said = json.loads(text)
                if said["type"] == "error":
                    raise Failure(
                        f"the live socket refuses us: {said['field']} {said['message']}", "compare TUANTU_SECRET of api and live"
                    )
                if said["type"] == "entries":
                    async with self._changed:
                        self._cursor = said["cursor"]
                        for entry in said["entries"]:
                            self.count += 1
                            self.body = entry["body"] or {}
                        self._changed.notify_all()
