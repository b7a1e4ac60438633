"""The camera's own process: looks, decodes, and tells the agent what became a scan; pictures never leave it.

``python -m edge.devices.eye``, started by camera. Leaves pictures to frames, decoding to cascade, and which sighting counts
to sightings. On its input comes one JSON line, the Task, and then ``again`` for each new try; when that input closes, the agent is
gone and so is this process. On its output go eye_words, one JSON line each.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from edge.devices.barcode import Decoders, Symbol
from edge.devices.eye_words import MAX_SYMBOLS, MAX_TEXT, Alive, Lost, Opened, Seen, SymbolWord, Task, Through, Word, encode_word
from edge.devices.frames import CameraError, Frame, frames, load_opencv
from edge.devices.own_process import be_modest
from edge.devices.ports import CameraSettings, DeviceState
from edge.devices.sightings import Sightings

if TYPE_CHECKING:
    from edge.devices.cascade import Cascade

ALIVE_EVERY_S = 1.0


@dataclass(slots=True)
class Eye:
    """Everything that blocks, behind two calls."""

    settings: CameraSettings
    wait: Callable[[float], None]
    second_opinion: str = ""
    unreadable: int = 0  # frames that the libraries choked on
    _frames: Iterator[Frame] | None = None
    _cascade: "Cascade | None" = None
    _choked: tuple[type[BaseException], ...] = (MemoryError,)
    _sightings: Sightings = field(default_factory=Sightings)

    def open(self) -> None:
        """Load the libraries. CameraError with the remedy; a source that is not there shows with the first look."""
        cv2 = load_opencv()
        cv2.setNumThreads(1)
        try:
            decoders = Decoders.load()
        except ImportError as error:
            raise CameraError(DeviceState.FAILED, f"zxing-cpp: {error}; install the agent's packages again") from error
        from edge.devices.cascade import Cascade  # needs OpenCV, which may be missing

        self.second_opinion = decoders.second_opinion
        self._cascade = Cascade(decoders)
        self._choked = (MemoryError, cv2.error)
        self._frames = frames(self.settings, cv2, self.wait)

    def look(self) -> tuple[list[Symbol], float] | None:
        """Wait for the next frame and decode it: what became a scan, and when it was seen. None when there are no more."""
        if self._frames is None or self._cascade is None:
            raise CameraError(DeviceState.LOST, f"{self.settings.source}: not opened")
        frame = next(self._frames, None)
        if frame is None:
            return None
        found: list[Symbol] = []
        if frame.grey is None:
            self._cascade.blank()
        else:
            try:
                found = self._cascade.frame(frame.grey, frame.at_s)
            except self._choked:
                self.unreadable += 1
        return self._sightings.frame(found, frame.at_s), frame.at_s

    def close(self) -> None:
        """Let go of the device; look is not running."""
        source: Any = self._frames
        self._frames = None
        if source is not None:
            source.close()


class _Teller:
    """Tells the agent, and at least every ALIVE_EVERY_S that there is somebody."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._told_s = 0.0

    def tell(self, word: Word) -> None:
        self._output.write(encode_word(word))
        self._output.flush()
        self._told_s = time.monotonic()

    def is_alive(self) -> None:
        if time.monotonic() - self._told_s >= ALIVE_EVERY_S:
            self.tell(Alive())

    def wait(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0.0:
            time.sleep(min(left_s, ALIVE_EVERY_S))
            self.is_alive()


def main() -> None:
    """Until the agent closes the input."""
    be_modest()
    # Libraries that print on standard output must not speak in between.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = msgspec.json.decode(sys.stdin.readline(), type=Task)
    again = threading.Event()
    threading.Thread(target=_listen, args=(again,), daemon=True, name="agent").start()
    teller = _Teller(output)
    eye = Eye(task.settings(), (lambda _: None) if task.hurry else teller.wait)
    while True:
        try:
            _watch(eye, teller)
        except CameraError as error:
            teller.tell(Lost(state=error.state, text=str(error)))
        except BrokenPipeError:
            return  # the agent is gone
        eye.close()
        again.wait()
        again.clear()


def _watch(eye: Eye, teller: _Teller) -> None:
    eye.open()
    teller.tell(Alive())
    is_open = False
    unreadable = 0
    while (seen := eye.look()) is not None:
        if not is_open or eye.unreadable != unreadable:
            teller.tell(Opened(second_opinion=eye.second_opinion, unreadable=eye.unreadable))
            is_open, unreadable = True, eye.unreadable
        found, at_s = seen
        if found:
            words = [SymbolWord(symbol.text[:MAX_TEXT], symbol.symbology) for symbol in found[:MAX_SYMBOLS]]
            teller.tell(Seen(at_s=at_s, symbols=words))
        teller.is_alive()
    teller.tell(Through(second_opinion=eye.second_opinion))


def _listen(again: threading.Event) -> None:
    for _ in sys.stdin:
        again.set()
    os._exit(0)  # the agent is gone, however it went; OpenCV may be inside a call that nothing else ends


if __name__ == "__main__":
    main()
