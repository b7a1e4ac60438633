"""Hints from ingest that rooms have moved, over MQTT: they make live faster and nothing else. A lost one costs a poll's time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog

from cloud.domain.notices import RoomNotice, read_notices
from cloud.mqtt.client import LoopClient
from cloud.mqtt.publish import Publish
from cloud.mqtt.standing import Standing
from edge.wire.topics import room_notice

NOTICES = room_notice("rooms")

log = structlog.get_logger("live")


@asynccontextmanager
async def listening(url: str, hint: Callable[[list[RoomNotice]], None]) -> AsyncIterator[None]:
    """Call ``hint`` for each notice while the block lasts; the broker may come and go. ValueError for a bad URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError("broker_url: want mqtt://user:password@host:1883 or mqtts://…")

    def take(_client: LoopClient, message: Publish) -> None:
        notices = read_notices(message.payload)
        if notices:
            hint(notices)

    line = Standing(
        url, "tuantu-live", NOTICES, 0, take, up=lambda _client, _driver: log.info("broker connected"),
        down=lambda why: log.warning("broker lost; rooms are polled", why=why),
    )  # fmt: skip
    task = asyncio.create_task(line.run(), name="notices")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
