"""Reads the codes on one photograph, such as a phone uploads where its page gets no live camera, in a process that then ends.

``python -m edge.devices.photo`` takes the file on its input and gives its answer on its output. Leaves reading to cascade, and
who may send photographs to the page's server.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from typing import Any, Literal

import msgspec

from edge.devices.barcode import Decoders
from edge.devices.eye_words import MAX_SYMBOLS, MAX_TEXT, SymbolWord
from edge.devices.frames import CameraError, load_opencv
from edge.devices.own_process import be_modest, command, environment, how_it_ended

MAX_BYTES = 16 << 20  # a telephone's largest JPEG has about 12 MB
MAX_SIDE_PX = 2000  # a label that fills a tenth of the picture has its two pixels a module, and all stages a second or two
CPU_S = 8.0  # for reading; a Pi loads OpenCV in another 2
ANSWER_S = 30.0  # beside a busy agent


class PhotoError(ValueError):
    """The photograph could not be looked at; the text says why, and what would help. ``code``: for a page with words of its own."""

    def __init__(self, message: str, code: Literal["no_picture", "too_large", "photo_slow", "photo_failed"]) -> None:
        super().__init__(message)
        self.code = code


class Answer(msgspec.Struct, frozen=True):
    """What is on it, or why nobody can say."""

    symbols: list[SymbolWord] = []
    fault: str = ""
    is_picture: bool = True


class PhotoReader:
    """One photograph at a time: the next waits (overflow "hold back", each with its sender's time-out)."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def read(self, photograph: bytes) -> list[SymbolWord]:
        """The codes on a JPEG, PNG or WebP file; none where nothing can be read. PhotoError. Cancelled, its process is killed."""
        if not photograph:
            raise PhotoError("the file is empty: take the photograph again", "no_picture")
        if len(photograph) > MAX_BYTES:
            raise PhotoError(f"larger than {MAX_BYTES >> 20} MB: send a smaller photograph", "too_large")
        async with self._one:
            process = await asyncio.create_subprocess_exec(
                *command("edge.devices.photo"), stdin=PIPE, stdout=PIPE, env=environment()
            )
            try:
                async with asyncio.timeout(ANSWER_S):
                    output, _ = await process.communicate(photograph)
            except TimeoutError:
                raise PhotoError(
                    f"not read within {ANSWER_S:.0f} s: go closer, so that the label fills the picture", "photo_slow"
                ) from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            raise PhotoError(f"the reader {how_it_ended(process.returncode or 0)}: take the photograph again", "photo_failed")
        answer = msgspec.json.decode(output, type=Answer)
        if answer.fault:
            raise PhotoError(answer.fault, "photo_failed" if answer.is_picture else "no_picture")
        return answer.symbols


def look(photograph: bytes) -> Answer:
    """Blocking, in the process."""
    try:
        cv2 = load_opencv()
        decoders = Decoders.load()
    except (CameraError, ImportError) as error:
        return Answer(fault=str(error))
    import numpy as np

    from edge.devices.cascade import StillReader

    cv2.setNumThreads(1)
    grey = _grey(cv2, np.frombuffer(photograph, np.uint8))
    if grey is None:
        return Answer(fault="no JPEG, PNG or WebP that can be opened: take the photograph again", is_picture=False)
    found = StillReader(decoders).read(grey, CPU_S).symbols
    return Answer(symbols=[SymbolWord(symbol.text[:MAX_TEXT], symbol.symbology) for symbol in found[:MAX_SYMBOLS]])


def _grey(cv2: Any, data: Any) -> Any:
    try:
        grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    except cv2.error:  # such as a picture of more pixels than OpenCV allows
        return None
    if grey is None:
        return None
    side = max(grey.shape)
    if side <= MAX_SIDE_PX:
        return grey
    return cv2.resize(grey, None, fx=MAX_SIDE_PX / side, fy=MAX_SIDE_PX / side, interpolation=cv2.INTER_AREA)


def main() -> None:
    be_modest()
    sys.stdout.buffer.write(msgspec.json.encode(look(sys.stdin.buffer.read(MAX_BYTES + 1))))


if __name__ == "__main__":
    main()
