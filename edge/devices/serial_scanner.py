"""A barcode scanner on a serial line (USB-CDC, RS-232, a pseudo-terminal): bytes to scans, and back by itself after an unplug.

Leaves framing to scanner_frames and the label's meaning to the station.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import serial
import structlog

from edge.devices.ports import DeviceHealth, DeviceState, Scan, ScannerSettings
from edge.devices.scanner_frames import Frame, LabelFrame, ScannerFrames
from edge.devices.serial_port import PortError, open_port, read_some
from edge.wire.clock import Clock

QUEUE_SCANS = 64  # overflow "hold back": the thread stops reading, the operating system's buffer and the scanner wait
MIN_BACKOFF_S = 0.2  # a plug that only wobbled
MAX_BACKOFF_S = 3.0  # looking costs next to nothing, and somebody stands there with the plug in the hand

_log = structlog.get_logger()


class SerialScanner:
    """A ports.Scanner. The port's path is opened anew after each loss: a stable symlink may then lead to another tty."""

    def __init__(self, settings: ScannerSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._frames = ScannerFrames(max_length=settings.max_length, idle_s=settings.idle_s)
        self._queue: asyncio.Queue[Scan] = asyncio.Queue(QUEUE_SCANS)
        self._health = DeviceHealth(settings.name, DeviceState.LOST, f"{settings.port}: not opened yet", clock.now_ms())
        self._rejected = 0
        self._port: serial.Serial | None = None
        # Reads block in a thread of the scanner's own, so that twenty scanners cannot use up the loop's shared pool.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"scanner-{settings.name}")
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self._settings.name

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._supervise(), name=f"scanner {self.name}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await asyncio.to_thread(self._thread.shutdown)  # the read under way ends within READ_TIMEOUT_S
        self._close()

    async def scans(self) -> AsyncIterator[Scan]:
        while True:
            yield await self._queue.get()

    def health(self) -> DeviceHealth:
        return self._health

    async def _supervise(self) -> None:
        """Open, read until the line is lost, wait, again. Ends by cancellation only."""
        backoff_s = MIN_BACKOFF_S
        while True:
            try:
                await self._open()
                backoff_s = MIN_BACKOFF_S
                await self._read()
            except PortError as error:
                self._set_health(error.state, str(error))
            except Exception as error:  # noqa: BLE001  # the supervisor: whatever this line throws, the site goes on
                _log.exception("scanner_failed", device=self.name)
                self._set_health(DeviceState.FAILED, f"{self._settings.port}: {type(error).__name__}: {error}")
            self._close()
            await self._deliver(self._frames.lost())
            await asyncio.sleep(backoff_s)
            backoff_s = min(MAX_BACKOFF_S, backoff_s * 2)

    async def _open(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._open_blocking)
        self._set_health(DeviceState.OK, "")

    def _open_blocking(self) -> None:
        # Kept by the thread itself: a cancellation that comes while it opens then still finds the port and closes it.
        self._port = open_port(self._settings.port, self._settings.baud)

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        port = self._port
        while port is not None:
            data = await loop.run_in_executor(self._thread, read_some, port)
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
                    self._set_health(DeviceState.OK, f"{self._rejected} unreadable; last: {frame.reason}")
                await self._queue.put(Scan(frame.shown, self.name, measured_at_ms, heard_s=heard_s, fault=frame.reason))

    def _close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _set_health(self, state: DeviceState, detail: str) -> None:
        if state is self._health.state:
            self._health = DeviceHealth(self.name, state, detail, self._health.since_ms)
            return
        self._health = DeviceHealth(self.name, state, detail, self._clock.now_ms())
        _log.info("device_changed", device=self.name, state=state.value, detail=detail)
