"""A station's cold room for tests of a whole agent: simulated devices, living at a town's clock that the agent reads, too."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge.wire.clock import TownClock, TownTime, encode_town
from firmware_sim.cold_room import MINUTE_MS, ColdRoom
from tests.edge.devices.sensors import START_MS

RATE = 60.0  # a minute a second


@asynccontextmanager
async def cold_room(folder: Path) -> AsyncIterator[ColdRoom]:
    """Living at the town's clock, whose file the agent reads too."""
    file = folder / "clock.json"
    file.write_bytes(encode_town(TownTime(START_MS, time.monotonic(), RATE, "")))
    room = ColdRoom(folder / "devices", TownClock(file.read_bytes, time.monotonic), "1")
    with room.plugged():
        task = asyncio.create_task(room.run())
        try:
            yield room
        finally:
            task.cancel()
            await asyncio.wait([task])


def pass_minutes(room: ColdRoom, minutes: int) -> None:
    """The town's clock is put forward, for whoever reads it."""
    file = room.folder.parent / "clock.json"
    fresh = file.with_suffix(".new")
    fresh.write_bytes(encode_town(TownTime(room.clock.now_ms() + minutes * MINUTE_MS, time.monotonic(), RATE, "")))
    fresh.replace(file)


def tables(room: ColdRoom) -> str:
    return f'[clock]\ntown_file = "{room.folder.parent / "clock.json"}"\n{room.toml()}'
