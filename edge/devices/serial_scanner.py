"""A barcode scanner on a serial line (USB-CDC, RS-232, a pseudo-terminal): bytes to scans, and back by itself after an unplug.

Leaves framing to scanner_frames and the label's meaning to the station.
"""

import time

import serial

from edge.devices.ports import DeviceState, Scan, ScannerSettings
from edge.devices.scanner_frames import Frame, LabelFrame, ScannerFrames
from edge.devices.serial_port import open_port, read_some
from edge.devices.supervised import SupervisedScanner
from edge.wire.clock import Clock


class SerialScanner(SupervisedScanner):
    """A ports.Scanner. The port's path is opened anew after each loss: a stable symlink may then lead to another tty."""

    def __init__(self, settings: ScannerSettings, clock: Clock) -> None:
        super().__init__(settings.name, settings.port, clock)
        self._settings = settings
        self._frames = ScannerFrames(max_length=settings.max_length, idle_s=settings.idle_s)
        self._rejected = 0
        self._port: serial.Serial | None = None

    async def _open(self) -> None:
        await self._blocking(self._open_blocking)
        self._say(DeviceState.OK)

    def _open_blocking(self) -> None:
        # Kept by the thread itself: a cancellation that comes while it opens then still finds the port and closes it.
        self._port = open_port(self._settings.port, self._settings.baud)

    async def _serve(self) -> None:
        port = self._port
        while port is not None:
            data = await self._blocking(read_some, port)
            frames = self._frames.feed(data, time.monotonic())
            if frames:
                await self._deliver(frames)

    async def _deliver(self, frames: list[Frame]) -> None:
        measured_at_ms, heard_s = self._clock.now_ms(), time.monotonic()
        for frame in frames:
            if isinstance(frame, LabelFrame):
                await self._queue.put(Scan(frame.text, self.name, measured_at_ms, frame.symbology, heard_s))
            else:
                self._rejected += 1
                if self._health.state is DeviceState.OK:  # else the detail says why it is away
                    self._say(DeviceState.OK, f"{self._rejected} unreadable; last: {frame.reason}")
                await self._queue.put(Scan(frame.shown, self.name, measured_at_ms, heard_s=heard_s, fault=frame.reason))

    async def _lost(self) -> None:
        await self._deliver(self._frames.lost())

    def _close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()
