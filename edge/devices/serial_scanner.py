"""A barcode scanner on a serial line (USB-CDC, RS-232, a pseudo-terminal): bytes to scans, and back by itself after an unplug.

Leaves framing to scanner_frames and the label's meaning to the station.
"""

import asyncio
import time

import serial

from edge.devices.frame_scanner import FrameScanner
from edge.devices.ports import DeviceError, DeviceState, ScannerSettings
from edge.devices.scanner_frames import ScannerFrames
from edge.devices.serial_port import READ_TIMEOUT_S, open_port, read_soon, write_all
from edge.devices.trigger import TRIGGERS, ReplyFrame, TriggerKind
from edge.wire.clock import Clock

ANSWER_S = 2.0  # SSI's own time-out for an answer (Simple Serial Interface Programmer's Guide); the others take some ms


class SerialScanner(FrameScanner):
    """A ports.Scanner. The port's path is opened anew after each loss: a stable symlink may then lead to another tty."""

    def __init__(self, settings: ScannerSettings, clock: Clock) -> None:
        super().__init__(settings.name, settings.port, clock, ScannerFrames(settings.max_length, settings.idle_s))
        self._settings = settings
        self._port: serial.Serial | None = None
        self._triggering = asyncio.Lock()
        self._answer: asyncio.Future[ReplyFrame] | None = None

    async def trigger(self, *, on: bool) -> None:
        """As ports.Triggered says. What the scanner reads comes as scans."""
        kind = self._settings.trigger
        if kind is None:
            raise DeviceError(self._health.state, f"{self.name}: cannot be told to read; set trigger in its [[scanner]]")
        commands = TRIGGERS[kind]
        async with self._triggering:
            port = self._port
            if port is None:
                raise DeviceError(self._health.state, self._health.detail)
            self._answer = asyncio.get_running_loop().create_future()
            await self._blocking(write_all, port, commands.on if on else commands.off)
            if commands.is_answered:
                await self._answered(kind, self._answer)

    async def _answered(self, kind: TriggerKind, answer: "asyncio.Future[ReplyFrame]") -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                reply = await answer
        except TimeoutError:
            remedy = "correct trigger in its [[scanner]], or set the scanner to serial mode"
            raise DeviceError(self._health.state, f"{self.name}: no answer to the {kind} trigger; {remedy}") from None
        if not reply.is_accepted:
            remedy = "set the scanner to be triggered by its host"
            raise DeviceError(self._health.state, f"{self.name}: refuses the {kind} trigger; {remedy}")

    async def _open(self) -> None:
        await self._blocking(self._open_blocking)
        self._say(DeviceState.OK)

    def _open_blocking(self) -> None:
        # Kept by the thread itself: a cancellation that comes while it opens then still finds the port and closes it.
        self._port = open_port(self._settings.port, self._settings.baud)

    async def _serve(self) -> None:
        port = self._port
        while port is not None:
            # Silence matters only while a frame may have been ended by it.
            data = await read_soon(port, READ_TIMEOUT_S if self._frames.has_pending else None)
            frames = self._frames.feed(data, time.monotonic())
            if frames:
                await self._deliver(frames)

    def _replied(self, reply: ReplyFrame) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(reply)

    def _close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()
