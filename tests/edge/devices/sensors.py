"""What the sensors' tests share: a town's clock that runs as told, and readings taken with a deadline."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge.devices.sensor import Fix, Measured, Reading, Sensor

DEADLINE_S = 20.0
START_MS = 1_700_000_000_000
_FRAMES = (
    Path(os.environ.get("TUANTU_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data")) / "devices" / "serial_frames.json"
)


@dataclass(slots=True)
class RatedClock:
    """Its time stands; what waits in domain time runs at ``rate``."""

    rate: float = 3000.0
    at_ms: int = START_MS

    def now_ms(self) -> int:
        return self.at_ms

    @property
    def is_simulated(self) -> bool:
        return True


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def take(sensor: Sensor, count: int) -> list[Measured]:
    readings = sensor.readings()
    async with asyncio.timeout(DEADLINE_S):
        return [await anext(readings) for _ in range(count)]


async def take_until(sensor: Sensor, is_wanted: Callable[[Reading], bool]) -> Reading:
    """The first reading that is wanted; the others are dropped."""
    async with asyncio.timeout(DEADLINE_S):
        async for measured in sensor.readings():
            if isinstance(measured, Reading) and is_wanted(measured):
                return measured
    raise AssertionError("readings ended")


async def take_fix(sensor: Sensor) -> Fix:
    async with asyncio.timeout(DEADLINE_S):
        async for measured in sensor.readings():
            if isinstance(measured, Fix):
                return measured
    raise AssertionError("readings ended")


def golden(device: str) -> Any:
    """A device's frames among the captured ones; the test is skipped where they are not."""
    if not _FRAMES.exists():
        pytest.skip("the captured serial frames are not on this machine (TUANTU_SHARED_DATA)")
    return json.loads(_FRAMES.read_text(encoding="utf-8"))[device]


@dataclass(slots=True)
class RunningClock:
    """A town's clock that runs: ``rate`` domain seconds a real second."""

    rate: float = 300.0
    begun_s: float = field(default_factory=time.monotonic)

    def now_ms(self) -> int:
        return START_MS + int((time.monotonic() - self.begun_s) * self.rate * 1000)

    @property
    def is_simulated(self) -> bool:
        return True
