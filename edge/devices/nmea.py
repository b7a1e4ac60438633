"""A GNSS receiver on a serial line: where the van is, once a second; back by itself after an unplug.

Leaves sentences to nmea_sentences, and how often a position travels to edge.sampling.
"""

import time

import serial

from edge.devices.nmea_sentences import Receiver, SentenceError, Sentences
from edge.devices.ports import DeviceState
from edge.devices.sensor import SupervisedSensor
from edge.devices.sensor_settings import GnssSettings
from edge.devices.serial_port import PortError, open_port, read_some
from edge.wire.clock import Clock

NO_FIX = "no fix: under a roof, or its aerial is covered"


class GnssReceiver(SupervisedSensor):
    """A Sensor that gives Fixes. Without a fix it is well and says so: vans stand in halls."""

    def __init__(self, settings: GnssSettings, clock: Clock) -> None:
        super().__init__(settings.name, settings.port, clock, (), every_s=1.0)
        self._settings = settings
        self._sentences = Sentences()
        self._receiver = Receiver(settings.name)
        self._port: serial.Serial | None = None
        self._refused = 0

    async def _open(self) -> None:
        await self._blocking(self._open_blocking)

    def _open_blocking(self) -> None:
        self._port = open_port(self._settings.port, self._settings.baud)

    async def _serve(self) -> None:
        heard_s = time.monotonic()
        port = self._port
        while port is not None:
            data = await self._blocking(read_some, port)
            now_s = time.monotonic()
            if self._take(data, now_s):
                heard_s = now_s
                self._say(DeviceState.OK, self._detail())
            elif now_s - heard_s > self._settings.silent_s:
                text = f"{self._settings.port}: no NMEA sentence for {self._settings.silent_s:g} s; check its power and baud"
                raise PortError(DeviceState.LOST, text)

    def _close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    async def _lost(self) -> None:
        self._sentences.lost()

    def _take(self, data: bytes, at_s: float) -> bool:
        """Whether a sound sentence was among the bytes."""
        was_sound = False
        for sentence in self._sentences.feed(data):
            try:
                fix = self._receiver.take(sentence, self._clock.now_ms(), at_s)
            except SentenceError:
                self._refused += 1
                continue
            was_sound = True
            if fix is not None:
                self._put(fix)
        return was_sound

    def _detail(self) -> str:
        unreadable = self._refused + self._sentences.rejected
        told = [NO_FIX] if self._receiver.has_fix is False else []
        return "; ".join([*told, f"{unreadable} unreadable sentences"] if unreadable else told)
