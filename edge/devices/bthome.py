"""Bluetooth thermometers and door contacts that advertise BTHome v2: heard, decrypted, checked for replays, as readings.

Leaves the frames to bthome_frames and the receiver to bthome_sources.
"""

import time

import structlog

from edge.devices.bthome_frames import FrameError, Newness, decode, readings
from edge.devices.bthome_sources import Advertisement, Bridge, Radio, Source
from edge.devices.ports import DeviceState
from edge.devices.sensor import SupervisedSensor, Troubles, door_of, temperature_of
from edge.devices.sensor_rhythm import Rhythm
from edge.devices.sensor_settings import BLUETOOTH, BthomeDevice, BthomeSettings
from edge.devices.supervised import Backoff
from edge.wire.clock import Clock

MAX_BACKOFF_S = 15.0  # asking for Bluetooth is a conversation with two services

_log = structlog.get_logger()


class BthomeReceiver(SupervisedSensor):
    """A Sensor: one receiver, several sensors in reach. Frames of others are nobody's business here."""

    def __init__(self, settings: BthomeSettings, clock: Clock, source: Source | None = None) -> None:
        """``source``: where frames come from instead of the settings', for a test."""
        sensors = tuple(door_of(one.name) if one.door else temperature_of(one.name) for one in settings.device)
        super().__init__(settings.name, settings.source, clock, sensors, settings.every_s, Backoff(most_s=MAX_BACKOFF_S))
        self._settings = settings
        self._source = source or self._make_source()
        self._devices = {device.address: device for device in settings.device}
        self._newness = {device.address: Newness() for device in settings.device}
        self._heard: set[str] = set()  # names, since the last look
        self._refused: dict[str, str] = {}  # name → why its last frame was not taken
        self._troubles = Troubles()

    async def _open(self) -> None:
        await self._source.open()

    async def _serve(self) -> None:
        try:
            self._say(DeviceState.OK, "listening")
            rhythm = Rhythm(self._clock, self._settings.every_s)
            while True:
                for advertisement in await self._source.hear():
                    self._take(advertisement)
                if rhythm.left() == 0.0:
                    await rhythm.wait()
                    self._look_around()
        finally:
            await self._source.close()

    def _close(self) -> None:
        """The source is closed by the loop it belongs to."""

    def _make_source(self) -> Source:
        settings = self._settings
        return Radio() if settings.source == BLUETOOTH else Bridge(settings.source, settings.baud, self._blocking)

    def _take(self, advertisement: Advertisement) -> None:
        device = self._devices.get(advertisement.address)
        if device is None:
            return
        try:
            frame = decode(advertisement.data, _address_bytes(device), bytes.fromhex(device.key))
            is_new = self._newness[device.address].is_new(frame, time.monotonic())
        except FrameError as error:
            # Anybody can send such a frame: it is told, and is no reading, not even a fault.
            if device.name not in self._refused:  # once an interval, or whoever sends them fills the log
                _log.warning("bthome_frame_refused", device=device.name, reason=str(error))
            self._refused[device.name] = str(error)
            return
        self._heard.add(device.name)
        if is_new:
            self._put(*readings(device.name, frame, self._clock.now_ms()))

    def _look_around(self) -> None:
        for device in self._settings.device:
            if device.name in self._heard:
                self._troubles.answered(device.name)
            else:
                fault = self._refused.get(device.name, "not heard; change its battery, or bring it nearer")
                self._troubles.failed(device.name, DeviceState.LOST, fault)
        self._heard.clear()
        self._refused.clear()
        self._say(*self._troubles.told())


def _address_bytes(device: BthomeDevice) -> bytes:
    return bytes.fromhex(device.address.replace(":", ""))
