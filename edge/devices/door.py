"""A door contact on a GPIO pin (gpiozero on lgpio), or a file that holds its level: every change, and its state once a minute.

Leaves bouncing to door_contact. gpiozero and lgpio are optional: what is missing is said.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.devices.door_contact import Contact
from edge.devices.gpio import lgpio_factory
from edge.devices.ports import DeviceError, DeviceState
from edge.devices.sensor import Reading, SupervisedSensor, door_of
from edge.devices.sensor_rhythm import Rhythm
from edge.devices.sensor_settings import DoorSettings
from edge.wire.clock import Clock

LOOK_S = 0.1  # how often a file is read; a pin tells by itself
QUEUE_EDGES = 64  # overflow "oldest goes": the last one says how the door stands


class DoorContact(SupervisedSensor):
    """A Sensor of one door."""

    def __init__(self, settings: DoorSettings, clock: Clock, read_factory: Callable[[], Any] | None = None) -> None:
        """``read_factory`` gives gpiozero's pin factory instead of lgpio's, for a machine without pins."""
        place = f"GPIO{settings.pin}" if settings.file is None else str(settings.file)
        super().__init__(settings.name, place, clock, (door_of(settings.name),), settings.every_s)
        self._settings = settings
        self._read_factory = read_factory or lgpio_factory
        self._pin: Any = None
        self._contact = Contact(settings.settle_s)
        self._edges: asyncio.Queue[tuple[bool, float]] = asyncio.Queue(QUEUE_EDGES)

    async def _open(self) -> None:
        self._contact = Contact(self._settings.settle_s)
        if self._settings.file is None:
            await self._blocking(self._open_pin, asyncio.get_running_loop())

    async def _serve(self) -> None:
        rhythm = Rhythm(self._clock, self._settings.every_s)
        while True:
            changed = await self._look()
            self._say(DeviceState.OK)
            if rhythm.left() == 0.0:
                await rhythm.wait()
                changed = self._contact.is_open is not None
            if changed:
                self._put(Reading(door_of(self.name), 1.0 if self._contact.is_open else 0.0, self._clock.now_ms()))

    def _close(self) -> None:
        pin, self._pin = self._pin, None
        if pin is not None:
            pin.close()

    async def _look(self) -> bool:
        """Wait for something to happen; whether the door is now known to stand otherwise than before."""
        file = self._settings.file
        if file is not None:
            level = await self._blocking(read_level, file)
            changed = self._contact.see(level is self._settings.open_is_high, time.monotonic())
            await asyncio.sleep(LOOK_S)
            return changed
        due_s = self._contact.due_s()
        wait_s = 0.5 if due_s is None else max(0.001, due_s - time.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                level, at_s = await self._edges.get()
                return self._contact.see(level is self._settings.open_is_high, at_s)
        return self._contact.settle(time.monotonic())

    def _open_pin(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            from gpiozero import DigitalInputDevice
            from gpiozero.exc import GPIOZeroError
        except ImportError as error:
            raise DeviceError(DeviceState.FAILED, f"{self._place}: {error}; install the agent's packages again") from error
        factory = self._read_factory()
        try:
            pin = DigitalInputDevice(self._settings.pin, pull_up=True, pin_factory=factory)
        except (GPIOZeroError, OSError) as error:
            text = f"{self._place}: {error}; another pin? the agent's user needs the group gpio"
            raise DeviceError(DeviceState.FAILED, text) from error
        self._pin = pin

        # With a pull-up, gpiozero's "active" is the low level: the contact closed to ground.
        def tell() -> None:
            loop.call_soon_threadsafe(self._take_edge, not pin.is_active, time.monotonic())

        pin.when_activated = pin.when_deactivated = tell
        tell()

    def _take_edge(self, level: bool, at_s: float) -> None:
        if self._edges.full():
            self._edges.get_nowait()
        self._edges.put_nowait((level, at_s))


def read_level(file: Path) -> bool:
    """True for high. DeviceError where there is no such file, or no level in it."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DeviceError(DeviceState.LOST, f"{file}: not there; correct file in the site's configuration") from error
    if text not in ("0", "1"):
        raise DeviceError(DeviceState.FAILED, f"{file}: want 0 or 1 in it, got {text[:16]!r}")
    return text == "1"
