"""A camera as a scanner: a process of its own looks and decodes, this side keeps it going and turns what it saw into scans.

Leaves looking to eye. The process may die, hang or be killed for its memory: it is started again, and health says so.
"""

import asyncio
import time
from asyncio.subprocess import PIPE, Process
from types import TracebackType
from typing import assert_never, cast

from edge.devices import symbols
from edge.devices.eye_words import MAX_LINE, Alive, Lost, Opened, Seen, SymbolWord, Through, Word, decode_word, task_line
from edge.devices.own_process import command, environment, how_it_ended
from edge.devices.ports import CameraSettings, DeviceError, DeviceState, Scan
from edge.devices.supervised import Backoff, SupervisedScanner
from edge.wire.clock import Clock
from edge.wire.messages import MAX_TEXT

BACKOFF = Backoff(0.5, 15.0)  # opening a camera that is not there takes OpenCV a while
SILENT_S = 45.0  # it speaks every second, but not while it loads OpenCV from an old card or V4L2 waits its 10 s for a picture


class Camera(SupervisedScanner):
    """A ports.Scanner that looks."""

    def __init__(self, settings: CameraSettings, clock: Clock, *, hurry: bool = False) -> None:
        """``hurry`` shows a folder or file as fast as it can be decoded, for tests."""
        super().__init__(settings.name, settings.source, clock, BACKOFF)
        self._task_line = task_line(settings, hurry=hurry)
        self._process: Process | None = None
        self._ends = 0
        self._last_end = ""

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await super().__aexit__(kind, error, trace)
        await self._end()

    async def _open(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            await self._write(process, b"again\n")
            return
        await self._end()
        self._process = await asyncio.create_subprocess_exec(
            *command("edge.devices.eye"), stdin=PIPE, stdout=PIPE, limit=MAX_LINE, env=environment()
        )
        await self._write(self._process, self._task_line)

    async def _serve(self) -> None:
        """Hear until it is lost. Ends when a folder or file is through."""
        process = self._process
        while process is not None:
            match await self._word(process):
                case Opened(second_opinion, unreadable):
                    self._say(DeviceState.OK, self._remarks(second_opinion, unreadable))
                case Seen(at_s, seen):
                    await self._deliver(seen, at_s)
                case Alive():
                    pass
                case Lost(state, text):
                    raise DeviceError(state, text)
                case Through(second_opinion):
                    remarks = self._remarks(second_opinion, 0)
                    self._say(DeviceState.OK, "; ".join(part for part in (f"{self._place}: shown to the end", remarks) if part))
                    await self._end()
                    return
                case word:
                    assert_never(word)

    async def _word(self, process: Process) -> Word:
        output = cast(asyncio.StreamReader, process.stdout)  # a pipe, as it was started
        try:
            async with asyncio.timeout(SILENT_S):
                line = await output.readline()
        except TimeoutError:
            await self._end()
            raise self._ended(f"said nothing for {SILENT_S:.0f} s and was stopped") from None
        if not line:
            raise self._ended(how_it_ended(await process.wait()))
        return decode_word(line)

    async def _write(self, process: Process, line: bytes) -> None:
        task = cast(asyncio.StreamWriter, process.stdin)  # a pipe, as it was started
        try:
            task.write(line)
            await task.drain()
        except ConnectionError:
            raise self._ended(how_it_ended(await process.wait())) from None

    def _ended(self, how: str) -> DeviceError:
        self._ends += 1
        self._last_end = how
        return DeviceError(DeviceState.FAILED, f"{self._place}: its process {how}; it is started again")

    def _remarks(self, second_opinion: str, unreadable: int) -> str:
        parts = [second_opinion] if second_opinion else []
        if self._ends:
            parts.append(f"its process was started again (time {self._ends}): the last one {self._last_end}")
        if unreadable:
            parts.append(f"{unreadable} pictures could not be decoded")
        return "; ".join(parts)

    async def _end(self) -> None:
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.kill()  # it holds nothing that the kernel does not give back
        await process.wait()
        cast(asyncio.StreamWriter, process.stdin).close()
        self._process = None

    def _close(self) -> None:
        """Nothing: the process lets go of the device by itself, and lives on for the next try."""

    async def _deliver(self, found: list[SymbolWord], at_s: float) -> None:
        # A frame of a folder may be due later than now where nobody waits for it.
        heard_s = min(at_s, time.monotonic())
        measured_at_ms = self._clock.now_ms() - int((time.monotonic() - heard_s) * self._clock.rate * 1000)
        for symbol in found:
            await self._queue.put(scan_of(symbol, self.name, measured_at_ms, heard_s))


def scan_of(symbol: SymbolWord, device: str, measured_at_ms: int, heard_s: float) -> Scan:
    """What a camera or a photograph showed, as a scan; ``fault`` says why it is no label."""
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
