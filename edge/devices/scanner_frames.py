"""Serial scanners, sans I/O: bytes as they come, however split or merged, to labels and to rejected frames with a reason.

::

    [reply to a command]  [ ] c m ]  label  CR | LF | CR LF        (a scanner without suffix: silence ends the frame)

Leaves opening, reading and reconnecting to serial_scanner, and the label's meaning to edge.wire.labels.
"""

import re
from dataclasses import dataclass, field

from edge.devices import symbols
from edge.devices.trigger import ReplyFrame, take_reply

_SUFFIX = re.compile(rb"[\r\n]")
_SSI_PACKET = re.compile(rb"[\x05-\xff]\xf3\x00")  # Zebra SSI: DECODE_DATA, which has no suffix and wants acknowledging
_CONTROL = re.compile(r"[\x00-\x1c\x1e\x1f\x7f-\x9f]")  # all but GS, which separates GS1 element strings
_MAX_BYTES_A_CHARACTER = 4
_SHOWN_BYTES = 64  # of a rejected frame: enough to recognise the device, too little to be a flood


@dataclass(frozen=True, slots=True)
class LabelFrame:
    """One label as normalised for classify; ``symbology`` is the AIM identifier without ``]``, empty where not sent."""

    text: str
    symbology: str = ""


@dataclass(frozen=True, slots=True)
class RejectedFrame:
    """Bytes that are no label. ``shown`` is their beginning, printable; ``reason`` tells staff what to do."""

    shown: str
    reason: str


Frame = LabelFrame | RejectedFrame | ReplyFrame


@dataclass(slots=True)
class ScannerFrames:
    """The reader's state: at most ``4 * max_length`` bytes of a frame that is not complete yet.

    Times are seconds of one monotonic clock. Nothing raises, whatever the bytes; without silence between them the same
    bytes give the same frames however they are cut.
    """

    max_length: int = 512
    idle_s: float = 0.3
    noise: str = "noise on the line, or a wrong baud rate"  # why characters come that no label has, and what to do
    _pending: bytearray = field(default_factory=bytearray, repr=False)
    _skipping: bool = False  # inside a frame that was rejected as too long
    _last_byte_s: float = 0.0

    def feed(self, data: bytes, at_s: float) -> list[Frame]:
        """The frames that ``data`` completes, in order; ``at_s`` is when it was read."""
        frames = self.idle(at_s)
        if not data:
            return frames
        self._last_byte_s = at_s
        start = 0
        for suffix in _SUFFIX.finditer(data):
            self._append(data[start : suffix.start()], frames)
            self._end(frames)
            start = suffix.end()
        self._append(data[start:], frames)
        return frames

    def idle(self, at_s: float) -> list[Frame]:
        """The frame that silence of ``idle_s`` has ended, if any: not every scanner is set to send a suffix."""
        frames: list[Frame] = []
        if self.has_pending and at_s - self._last_byte_s >= self.idle_s:
            self._end(frames)
        return frames

    def lost(self) -> list[Frame]:
        """The device went away: what had begun is rejected, for half a number may look like another number."""
        pending = bytes(self._pending)
        self._pending.clear()
        self._skipping = False
        return [_rejected(pending, "the scanner went away in the middle of a label: scan again")] if pending else []

    @property
    def has_pending(self) -> bool:
        """True while a frame has begun and is not complete."""
        return bool(self._pending) or self._skipping

    def _append(self, data: bytes, frames: list[Frame]) -> None:
        if self._skipping:
            return
        self._pending += data
        while reply := take_reply(self._pending):  # at once: whoever triggered waits for it, and silence comes later
            frames += () if reply[0] is None else (reply[0],)
            del self._pending[: reply[1]]
        room = self.max_length * _MAX_BYTES_A_CHARACTER
        if len(self._pending) > room:
            frames.append(_rejected(bytes(self._pending[:room]), f"longer than {self.max_length} characters: not a label"))
            self._pending.clear()
            self._skipping = True

    def _end(self, frames: list[Frame]) -> None:
        pending = bytes(self._pending)
        self._pending.clear()
        self._skipping = False
        frame = _read(pending, self.max_length, self.noise)
        if frame is not None:
            frames.append(frame)


def _read(raw: bytes, max_length: int, noise: str) -> Frame | None:
    """One frame without its suffix. None for nothing: between CR and LF."""
    if _SSI_PACKET.match(raw):
        return _rejected(raw, "a label as an SSI packet: set the scanner to send raw decode data, its default")
    text = _decode(raw)
    if text is None:
        return _rejected(raw, f"neither UTF-8 nor GBK: {noise}")
    text = text.strip(" ")
    if not text:
        return None
    if control := _CONTROL.search(text):
        return _rejected(raw, f"control character 0x{ord(control[0]):02x}: {noise}")
    if len(text) > max_length:
        return _rejected(raw, f"longer than {max_length} characters: not a label")
    symbology, text = symbols.split_aim(text)
    if not text:
        return _rejected(raw, "an AIM identifier and no label: scan again")
    try:
        return LabelFrame(symbols.normalise(text, symbology), symbology)
    except ValueError as error:
        return _rejected(raw, str(error))


def _decode(raw: bytes) -> str | None:
    """UTF-8, else GBK, which is what scanners sold in China send for Chinese QR codes by default."""
    for encoding in ("utf-8", "gbk"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _rejected(raw: bytes, reason: str) -> RejectedFrame:
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in raw[:_SHOWN_BYTES])
    return RejectedFrame(shown, reason)
