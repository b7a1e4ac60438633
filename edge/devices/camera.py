"""A camera as a scanner: looks, decodes in a thread of its own, yields scans; what is missing is said in its health.

Leaves pictures to frames, decoding to barcode, and which sighting counts to sightings.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from edge.devices import symbols
from edge.devices.barcode import BarcodeReader, Symbol
from edge.devices.frames import CameraError, Frame, frames, load_opencv
from edge.devices.ports import CameraSettings, DeviceState, Scan
from edge.devices.sightings import Sightings
from edge.devices.supervised import Backoff, SupervisedScanner
from edge.wire.clock import Clock
from edge.wire.messages import MAX_TEXT

BACKOFF = Backoff(0.5, 15.0)  # opening a camera that is not there takes OpenCV a while


@dataclass(slots=True)
class Eye:
    """Everything that blocks, behind two calls: what moves to a process of its own when frames get many."""

    settings: CameraSettings
    wait: Callable[[float], None]
    second_opinion: str = ""
    _frames: Iterator[Frame] | None = None
    _reader: BarcodeReader | None = None
    _sightings: Sightings = field(default_factory=Sightings)

    def open(self) -> None:
        """Load the libraries. CameraError with the remedy; a source that is not there shows with the first look."""
        cv2 = load_opencv()
        try:
            self._reader = BarcodeReader.load()
        except ImportError as error:
            raise CameraError(DeviceState.FAILED, f"zxing-cpp: {error}; install the agent's packages again") from error
        self.second_opinion = self._reader.second_opinion
        self._frames = frames(self.settings, cv2, self.wait)

    def look(self) -> tuple[list[Symbol], float] | None:
        """Wait for the next frame and decode it: what became a scan, and when it was seen. None when there are no more."""
        if self._frames is None or self._reader is None:
            raise CameraError(DeviceState.LOST, f"{self.settings.source}: not opened")
        frame = next(self._frames, None)
        if frame is None:
            return None
        found = [] if frame.grey is None else self._reader.read(frame.grey)
        return self._sightings.frame(found, frame.at_s), frame.at_s

    def close(self) -> None:
        """Let go of the device; look is not running."""
        source: Any = self._frames
        self._frames = None
        if source is not None:
            source.close()


class Camera(SupervisedScanner):
    """A ports.Scanner that looks."""

    def __init__(self, settings: CameraSettings, clock: Clock, wait: Callable[[float], None] | None = None) -> None:
        """``wait`` replaces real waiting between frames, for tests that show a folder as fast as it can be decoded."""
        super().__init__(settings.name, settings.source, clock, BACKOFF)
        self._stop = threading.Event()
        self._eye = Eye(settings, wait or self._wait)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        await super().__aexit__(kind, error, trace)

    async def _open(self) -> None:
        await self._blocking(self._eye.open)

    async def _serve(self) -> None:
        """Look until it is lost. Ends when a folder or file is through."""
        while (seen := await self._blocking(self._eye.look)) is not None:
            self._say(DeviceState.OK, self._eye.second_opinion)
            await self._deliver(*seen)
        self._say(DeviceState.OK, f"{self._place}: shown to the end")

    def _close(self) -> None:
        self._eye.close()

    async def _deliver(self, found: list[Symbol], at_s: float) -> None:
        if not found:
            return
        # A frame of a folder may be due later than now where nobody waits for it.
        heard_s = min(at_s, time.monotonic())
        measured_at_ms = self._clock.now_ms() - int((time.monotonic() - heard_s) * self._clock.rate * 1000)
        for symbol in found:
            await self._queue.put(_scan(symbol, self.name, measured_at_ms, heard_s))

    def _wait(self, seconds: float) -> None:
        if seconds > 0.0:
            self._stop.wait(seconds)


def _scan(symbol: Symbol, device: str, measured_at_ms: int, heard_s: float) -> Scan:
    fault = ""
    try:
        text = symbols.normalise(symbol.text, symbol.symbology)
    except ValueError as error:
        text, fault = symbol.text, str(error)
    if len(text) > MAX_TEXT:
        text, fault = text[:64], f"longer than {MAX_TEXT} characters: not a label"
    if "\0" in text:
        text, fault = text.replace("\0", "\\x00"), "control character 0x00: not a label"
    return Scan(text, device, measured_at_ms, symbol.symbology, heard_s, fault)
