"""What the agent asks of a sensor: readings come in by themselves, and it says how it is.

One file a family implements it; which sensors a site has is configuration. Leaves how often a reading travels to edge.sampling
and what a reading means (too warm, stuck, silent) to edge.rules.
"""

import asyncio
import math
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from edge.devices.ports import DeviceHealth, DeviceState
from edge.devices.supervised import Backoff, Supervised
from edge.wire.clock import Clock

QUEUE_READINGS = 256  # overflow "oldest goes": what is true now matters more than what was

_DEVICE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")  # with the longest unit after it still a sensor id of the wire


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one sensor, or why there is none.

    ``sensor`` is the wire's id and ends with the unit: ``fridge-1_c``, ``fridge-1.humidity_pct``, ``fridge-1_open`` (0 or 1).
    ``value`` is finite and within the device's range, or None with ``fault`` saying why: a bad value never becomes a number.
    ``measured_at_ms`` is domain time.
    """

    sensor: str
    value: float | None
    measured_at_ms: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a receiver says it is: WGS-84 degrees. Whether it can have come there so fast is for others to judge.

    ``quality`` is GGA's: 1 GNSS, 2 differential, 4 and 5 RTK, 6 dead reckoning; None where the receiver does not say.
    """

    device: str
    lat: float
    lon: float
    measured_at_ms: int
    speed_m_s: float | None = None
    heading_deg: float | None = None  # clockwise from north, 0 <= heading < 360; None while it stands
    quality: int | None = None
    satellites: int | None = None
    hdop: float | None = None


Measured = Reading | Fix


@dataclass(frozen=True, slots=True)
class Span:
    """What a device can measure, by its data sheet; anything else is a fault of it."""

    least: float
    most: float
    unit: str

    def reading(self, sensor: str, value: float, at_ms: int) -> Reading:
        """The value as a reading, or as a fault where the device cannot have measured it."""
        if math.isfinite(value) and self.least <= value <= self.most:
            return Reading(sensor, value, at_ms)
        return Reading(sensor, None, at_ms, f"{value:g} {self.unit}: outside the sensor's {self.least:g} to {self.most:g}")


HUMIDITY = Span(0.0, 100.0, "%")
BATTERY = Span(0.0, 100.0, "%")


class Sensor(Protocol):
    """A source of readings, of one device or of all devices on one line. Unplugging is its own affair: it comes back by itself.

    ``readings`` ends only by cancellation. ``sensors`` are the ids it will always report on, so that silence can be noticed; it
    may report on more (a battery, a second probe).
    """

    @property
    def name(self) -> str: ...

    @property
    def sensors(self) -> tuple[str, ...]: ...

    @property
    def every_s(self) -> float: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def readings(self) -> AsyncIterator[Measured]: ...

    def health(self) -> DeviceHealth: ...


class SupervisedSensor(Supervised):
    """A driver that is a Sensor: its readings stand in a bounded queue until they are taken."""

    def __init__(
        self, name: str, place: str, clock: Clock, sensors: tuple[str, ...], every_s: float, backoff: Backoff | None = None
    ) -> None:
        """``every_s``: domain seconds between two readings of one of ``sensors`` when all is well."""
        super().__init__(name, place, clock, backoff)
        self._sensors = sensors
        self._every_s = every_s
        self._queue: asyncio.Queue[Measured] = asyncio.Queue(QUEUE_READINGS)

    @property
    def sensors(self) -> tuple[str, ...]:
        return self._sensors

    @property
    def every_s(self) -> float:
        return self._every_s

    async def readings(self) -> AsyncIterator[Measured]:
        while True:
            yield await self._queue.get()

    def _put(self, *measured: Measured) -> None:
        for one in measured:
            if self._queue.full():
                self._queue.get_nowait()
            self._queue.put_nowait(one)


class Troubles:
    """Which devices of a line are in trouble. One bad answer is none, for every line has some; so many in a row are.

    A device that never answered is in trouble at once: whoever installs it stands before it.
    """

    IN_A_ROW = 3  # as many as make a sensor silent

    def __init__(self) -> None:
        self._faults: dict[str, int] = {}
        self._told: dict[str, tuple[DeviceState, str]] = {}

    def answered(self, device: str) -> None:
        """It gave a value."""
        self._faults[device] = 0
        self._told.pop(device, None)

    def failed(self, device: str, state: DeviceState, fault: str) -> None:
        """It gave none (LOST), or one that cannot be (FAILED)."""
        self._faults[device] = self._faults.get(device, self.IN_A_ROW) + 1
        if self._faults[device] >= self.IN_A_ROW:
            self._told[device] = (state, fault)

    def told(self) -> tuple[DeviceState, str]:
        """The line's state, the worst of its devices', and who is in trouble."""
        states = [state for state, _ in self._told.values()]
        state = next((one for one in (DeviceState.LOST, DeviceState.FAILED) if one in states), DeviceState.OK)
        return state, "; ".join(f"{device}: {fault}" for device, (_, fault) in self._told.items())


def device_name(name: str) -> str:
    """Check what a device's sensor ids begin with. ValueError otherwise."""
    if not _DEVICE.match(name):
        raise ValueError(f"name: want 1-40 of a-z 0-9 -, for sensor ids begin with it, got {name[:80]!r}")
    return name


def temperature_of(name: str) -> str:
    """The sensor id of a device's temperature, in °C."""
    return f"{name}_c"


def humidity_of(name: str) -> str:
    """The sensor id of a device's relative humidity, in per cent."""
    return f"{name}.humidity_pct"


def battery_of(name: str) -> str:
    """The sensor id of a device's own battery, in per cent."""
    return f"{name}.battery_pct"


def door_of(name: str) -> str:
    """The sensor id of a door: 1 open, 0 closed."""
    return f"{name}_open"


def is_door(sensor: str) -> bool:
    """Whether a sensor id is a door's."""
    return sensor.endswith("_open")
