"""JT/T 808 (2013 and 2019) frames: a connection's bytes, however split or merged, as packets, and answers as bytes; without I/O.

::

    7E | id 2 | attributes 2 | [version 1] | terminal 6 (2019: 10) | serial 2 | [of 2, part 2] | body | XOR 1 | 7E
              |                |                                              |                         of all between the two 7E
              |                2019 only: attribute bit 14                    attribute bit 13: a part of a longer message
              bits 0-9 length of the body, 10-12 encryption

    between the two 7E: 7D 02 stands for 7E, 7D 01 for 7D

Terminals that do not escape are read too, by length and checksum: what stands behind another 7D is left as it is, and a piece that
is shorter than its header says goes on behind the flag in it.

Numbers are big-endian. The terminal's name is its phone number in BCD, zeros in front; some put hexadecimal digits there.
"""

from contextlib import suppress
from dataclasses import dataclass, field

FLAG, ESCAPE = 0x7E, 0x7D
_LENGTH, _ENCRYPTION, _PARTED, _IS_2019 = 0x03FF, 0x1C00, 0x2000, 0x4000
# The longest frame: header with version and part, 1,023 bytes of body, every byte of it escaped.
SHORTEST_BYTES = 13  # header of 2013 and checksum
MAX_FRAME_BYTES = 2 * (21 + _LENGTH + 1)


class FrameError(ValueError):
    """A frame that is none; the text says why."""


class CutOffError(FrameError):
    """More of it may stand behind the flag."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One message, or a part of one. ``terminal``: as the header has it; ``part`` counts from 1, of ``parts``."""

    message_id: int
    terminal: bytes
    serial: int
    body: bytes
    version: int | None = None  # of the protocol; None: 2013
    part: int = 1
    parts: int = 1

    @property
    def name(self) -> str:
        """The terminal's name as people enrol it, without zeros in front: the same in both versions of the protocol."""
        return terminal_name(self.terminal.hex())


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Bytes between two flags that are no packet."""

    content: bytes
    why: str


def terminal_name(text: str) -> str:
    """A phone number or other digits without zeros in front; "" where nothing else is left."""
    return text.strip().lower().lstrip("0")


@dataclass(slots=True)
class Frames:
    """Cuts a connection's bytes. At most ``MAX_FRAME_BYTES`` are held, nothing raises, and the same bytes give the same packets
    however they are cut. What stands before the first flag is skipped.
    """

    skipped: int = 0
    _pending: bytearray = field(default_factory=bytearray, repr=False)
    _inside: bool = False
    _begun: bytes = b""  # of a frame that a flag in its body seems to have ended
    _why: str = ""

    def feed(self, data: bytes) -> list[Packet | BadFrame]:
        """What the bytes complete, in order. Two frames may share a flag."""
        found: list[Packet | BadFrame] = []
        pieces = data.split(b"\x7e")
        for index, piece in enumerate(pieces):
            if index:
                self._flag(found)
            self._take(piece, found)
        return found

    def _take(self, piece: bytes, found: list[Packet | BadFrame]) -> None:
        if not self._inside:
            self.skipped += len(piece)
            return
        self._pending += piece
        if len(self._begun) + len(self._pending) > MAX_FRAME_BYTES:
            found.append(BadFrame((self._begun + bytes(self._pending))[:MAX_FRAME_BYTES], f"longer than {MAX_FRAME_BYTES} bytes"))
            self._begun = b""
            self._pending.clear()
            self._inside = False

    def _flag(self, found: list[Packet | BadFrame]) -> None:
        """An empty frame is the end of one and the beginning of the next."""
        content = bytes(self._pending)
        self._pending.clear()
        self._inside = True
        if not content:
            return
        try:
            packet = read_packet(content)
        except FrameError as error:
            self._begun_or_bad(content, error, found)
        else:
            self._give_up(found)
            found.append(packet)

    def _begun_or_bad(self, content: bytes, error: FrameError, found: list[Packet | BadFrame]) -> None:
        if self._begun:
            content = self._begun + b"\x7e" + content
            try:
                found.append(read_packet(content))
            except FrameError as still:
                error = still
            else:
                self._begun = b""
                return
        if isinstance(error, CutOffError):
            self._begun, self._why = content, str(error)
        else:
            self._begun = b""
            found.append(BadFrame(content, str(error)))

    def _give_up(self, found: list[Packet | BadFrame]) -> None:
        if self._begun:
            found.append(BadFrame(self._begun, self._why))
            self._begun = b""


def read_packet(content: bytes) -> Packet:
    """What stands between two flags, escaped or, from terminals that do not, as it is. FrameError."""
    if ESCAPE not in content:
        return _read(content)
    # 7D 01 last: else 7D 01 02 would become 7E.
    unescaped = b"\x7e".join(piece.replace(b"\x7d\x01", b"\x7d") for piece in content.split(b"\x7d\x02"))
    try:
        return _read(unescaped)
    except FrameError as error:
        with suppress(FrameError):
            return _read(content)
        raise error from None


def _read(raw: bytes) -> Packet:
    if len(raw) < SHORTEST_BYTES:
        raise CutOffError(f"{len(raw)} bytes: shorter than any message")
    attributes = int.from_bytes(raw[2:4])
    is_2019, is_parted = bool(attributes & _IS_2019), bool(attributes & _PARTED)
    head = 4 + (11 if is_2019 else 6) + 2
    body_at = head + (4 if is_parted else 0)
    is_there = len(raw) - 1 - body_at
    if is_there < attributes & _LENGTH:
        raise CutOffError(f"its header says {attributes & _LENGTH} bytes of body, {max(0, is_there)} are there")
    checksum = _xor(raw[:-1])
    if checksum != raw[-1]:
        raise FrameError(f"bad checksum: {raw[-1]:02x}, want {checksum:02x}")
    if is_there != attributes & _LENGTH:
        raise FrameError(f"its header says {attributes & _LENGTH} bytes of body, {is_there} are there")
    if attributes & _ENCRYPTION:
        raise FrameError("its body is encrypted: switch that off at the terminal")
    parts, part = (int.from_bytes(raw[head : head + 2]), int.from_bytes(raw[head + 2 : head + 4])) if is_parted else (1, 1)
    if not 1 <= part <= parts:
        raise FrameError(f"part {part} of {parts}")
    return Packet(
        int.from_bytes(raw[:2]), raw[5:15] if is_2019 else raw[4:10], int.from_bytes(raw[head - 2 : head]), raw[body_at:-1],
        raw[4] if is_2019 else None, part, parts,
    )  # fmt: skip


def write_packet(packet: Packet) -> bytes:
    """A whole frame with its flags. ValueError for a body longer than a frame takes."""
    if len(packet.body) > _LENGTH:
        raise ValueError(f"body: want at most {_LENGTH} bytes, got {len(packet.body)}")
    attributes = len(packet.body) | (0 if packet.version is None else _IS_2019) | (_PARTED if packet.parts > 1 else 0)
    raw = (
        packet.message_id.to_bytes(2)
        + attributes.to_bytes(2)
        + (b"" if packet.version is None else packet.version.to_bytes())
        + packet.terminal
        + packet.serial.to_bytes(2)
        + (packet.parts.to_bytes(2) + packet.part.to_bytes(2) if packet.parts > 1 else b"")
        + packet.body
    )
    raw += _xor(raw).to_bytes()
    return b"\x7e" + raw.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


def _xor(data: bytes) -> int:
    checksum = 0
    for byte in data:
        checksum ^= byte
    return checksum
