"""DS18B20 thermometers on a 1-Wire bus, read once a minute from the files of Linux' w1_therm.

Leaves what the text says to w1_text.
"""

import errno
from pathlib import Path

from edge.devices.ports import DeviceError, DeviceState
from edge.devices.sensor import Reading, SupervisedSensor, Troubles, temperature_of
from edge.devices.sensor_rhythm import Rhythm
from edge.devices.sensor_settings import W1Device, W1Settings
from edge.devices.w1_text import reading
from edge.wire.clock import Clock

MAX_TEXT = 512  # characters; the file has two lines


class W1Bus(SupervisedSensor):
    """A Sensor: one bus, several thermometers. Reading one blocks for 0.75 s, in the bus' own thread."""

    def __init__(self, settings: W1Settings, clock: Clock) -> None:
        sensors = tuple(temperature_of(device.name) for device in settings.device)
        super().__init__(settings.name, str(settings.folder), clock, sensors, settings.every_s)
        self._settings = settings
        self._troubles = Troubles()

    async def _open(self) -> None:
        folder = self._settings.folder
        if not await self._blocking(folder.is_dir):
            raise DeviceError(DeviceState.FAILED, f"{folder}: no 1-Wire bus; add dtoverlay=w1-gpio to /boot/firmware/config.txt")

    async def _serve(self) -> None:
        rhythm = Rhythm(self._clock, self._settings.every_s)
        while True:
            for device in self._settings.device:
                await self._read(device)
            if not await self._blocking(self._settings.folder.is_dir):
                raise DeviceError(DeviceState.LOST, f"{self._settings.folder}: the 1-Wire bus is gone")
            self._say(*self._troubles.told())
            await rhythm.wait()

    def _close(self) -> None:
        """Nothing is held between two readings."""

    async def _read(self, device: W1Device) -> None:
        path = self._settings.folder / device.id / "w1_slave"
        state = DeviceState.FAILED
        try:
            found = reading(device.name, await self._blocking(_read_text, path), self._clock.now_ms())
        except OSError as error:
            # EIO: it was there a moment ago, or the bus is disturbed.
            state = DeviceState.LOST
            fault = f"{device.id}: {'not on the bus; plug it in' if error.errno == errno.ENOENT else error.strerror}"
            found = Reading(temperature_of(device.name), None, self._clock.now_ms(), fault)
        self._put(found)
        if found.fault:
            self._troubles.failed(device.name, state, found.fault)
        else:
            self._troubles.answered(device.name)


def _read_text(path: Path) -> str:
    with path.open(encoding="ascii", errors="replace") as file:
        return file.read(MAX_TEXT)
