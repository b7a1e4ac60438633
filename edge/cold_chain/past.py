"""The last day of every sensor, for a chart: what is measured now, and after a start what the site's own file still holds.

In memory, for a chart shall not hold up a scan: 16 bytes a reading. Nothing is interpolated; where nothing was measured is nothing.
"""

import asyncio
import math
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from typing import NamedTuple

from edge.devices.sensor import Measured, Reading
from edge.devices.sensor_pace import Pace
from edge.outbox import Outbox
from edge.outbox import kept_readings as kept
from edge.outbox.records import Reading as Kept
from edge.site_clock import SiteClock

HOURS = 24
MAX_POINTS = 3_000  # of one sensor: two a minute; overflow policy: the oldest go
MAX_SENSORS = 200  # overflow policy: a sensor beyond is not remembered
BATTERY_EVERY_S = 60.0  # of what nobody announced


class Point(NamedTuple):
    """``value`` None: asked, and no answer."""

    at_ms: int
    value: float | None


class Latest(NamedTuple):
    """A sensor's newest reading; ``fault`` says why there is no value."""

    at_ms: int
    value: float | None
    fault: str


class Line:
    """One sensor's readings by time, each time once."""

    __slots__ = ("_at_ms", "_values")

    def __init__(self) -> None:
        self._at_ms = array("q")
        self._values = array("d")

    def add(self, at_ms: int, value: float | None) -> None:
        """Late ones find their place; of two with one time the first stays."""
        place = len(self._at_ms)
        if place and at_ms <= self._at_ms[-1]:
            place = bisect_left(self._at_ms, at_ms)
            if self._at_ms[place] == at_ms:
                return
        self._at_ms.insert(place, at_ms)
        self._values.insert(place, math.nan if value is None else value)
        if len(self._at_ms) > MAX_POINTS:
            del self._at_ms[0], self._values[0]

    def since(self, at_ms: int) -> list[Point]:
        """In order."""
        first = bisect_left(self._at_ms, at_ms)
        values = self._values[first:]
        return [
            Point(at_ms, None if math.isnan(value) else value) for at_ms, value in zip(self._at_ms[first:], values, strict=True)
        ]


class Past:
    """``take`` hears every reading; ``run`` reads the file beside everything else."""

    def __init__(self, every_s: Mapping[str, float], outbox: Outbox, clock: SiteClock) -> None:
        self._every_s = every_s
        self._outbox = outbox
        self._clock = clock
        self._pace = Pace()
        self._lines: dict[str, Line] = {}
        self.latest: dict[str, Latest] = {}

    @property
    def sensors(self) -> list[str]:
        """That ever said a word, or should have."""
        return sorted(self._every_s.keys() | self._lines.keys())

    def every_s(self, sensor: str) -> float:
        """How often it should speak."""
        return self._every_s.get(sensor, BATTERY_EVERY_S)

    def take(self, measured: Measured) -> None:
        """One reading, as the sensors hand it over; in the chart once an interval, as the cloud is told."""
        if not isinstance(measured, Reading):
            return
        at_ms = self._clock.stamp(measured.measured_at_ms).measured_at_ms
        if self._pace.travels(measured, self.every_s(measured.sensor)):
            self._add(Kept(measured.sensor, at_ms, measured.value))
        if measured.sensor in self._lines:
            self.latest[measured.sensor] = Latest(at_ms, measured.value, measured.fault)

    async def run(self) -> None:
        """``recall``, and then nothing more, until cancelled."""
        await self.recall()
        await asyncio.Event().wait()

    async def recall(self) -> None:
        """Read back what the file holds of the last day, newest first, a bite at a time."""
        since_ms = self._clock.now_ms() - HOURS * 3_600_000
        for reading in await self._outbox.run(lambda store: kept.unsealed(store.execute, since_ms, MAX_POINTS)):
            self._add(reading)
        for first in await self._outbox.run(lambda store: kept.newest_places(store.execute)):
            place: kept.Place | None = first
            while place is not None:
                readings, place = await self._bite(place, since_ms)
                for reading in readings:
                    self._add(reading)
                await asyncio.sleep(0)

    def read(self, sensor: str, hours: float) -> list[Point]:
        """The last hours of one, in order."""
        line = self._lines.get(sensor)
        return [] if line is None else line.since(self._clock.now_ms() - int(hours * 3_600_000))

    async def _bite(self, place: kept.Place, since_ms: int) -> tuple[list[Kept], kept.Place | None]:
        return await self._outbox.run(lambda store: kept.bite(store.execute, place, since_ms))

    def _add(self, reading: Kept) -> None:
        line = self._lines.get(reading.sensor)
        if line is None:
            if len(self._lines) >= MAX_SENSORS:
                return
            line = self._lines[reading.sensor] = Line()
        line.add(reading.at_ms, reading.value)
