"""What scanners share that send characters, over a serial line or as key presses: frames become scans.

Leaves where the characters come from to serial_scanner and hid_scanner.
"""

import time

from edge.devices.ports import DeviceState, Scan
from edge.devices.scanner_frames import Frame, LabelFrame, ScannerFrames
from edge.devices.supervised import SupervisedScanner
from edge.devices.trigger import ReplyFrame
from edge.wire.clock import Clock


class FrameScanner(SupervisedScanner):
    """A driver feeds ``_frames`` and hands what comes out to ``_deliver``."""

    def __init__(self, name: str, place: str, clock: Clock, frames: ScannerFrames) -> None:
        super().__init__(name, place, clock)
        self._frames = frames
        self._rejected = 0

    async def _deliver(self, frames: list[Frame]) -> None:
        measured_at_ms, heard_s = self._clock.now_ms(), time.monotonic()
        for frame in frames:
            if isinstance(frame, LabelFrame):
                await self._queue.put(Scan(frame.text, self.name, measured_at_ms, frame.symbology, heard_s))
            elif isinstance(frame, ReplyFrame):
                self._replied(frame)
            else:
                self._rejected += 1
                if self._health.state is DeviceState.OK:  # else the detail says why it is away
                    self._say(DeviceState.OK, f"{self._rejected} unreadable; last: {frame.reason}")
                await self._queue.put(Scan(frame.shown, self.name, measured_at_ms, heard_s=heard_s, fault=frame.reason))

    async def _lost(self) -> None:
        await self._deliver(self._frames.lost())

    def _replied(self, reply: ReplyFrame) -> None:
        """The scanner has answered a command; who sends none has nothing to do."""
