"""What the locker codecs share, sans I/O: the frames they yield, cutting bytes into frames, and hearing oneself on RS-485.

Leaves what a frame looks like to the codec of each board family.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import Protocol

from edge.devices.locker import Article, Door, LockerBoardSettings

MAX_DISCARDED = 64  # bytes in one Discarded: noise without end comes out in pieces
_SHOWN_BYTES = 16


@dataclass(frozen=True, slots=True)
class DoorReport:
    """What a board says of its doors, by lock from 1: all of them or some. ``pushed``: unasked, because a door moved."""

    raw: bytes
    address: int
    doors: Mapping[int, Door]
    articles: Mapping[int, Article] = field(default_factory=dict)
    pushed: bool = False


@dataclass(frozen=True, slots=True)
class UnlockReply:
    """What a board says to an unlock. ``accepted`` is its own word: whether the door is open is asked of the door."""

    raw: bytes
    address: int
    lock: int
    accepted: bool


@dataclass(frozen=True, slots=True)
class PulseTime:
    """CU16: how long it energises a lock."""

    raw: bytes
    address: int
    pulse_ms: int


@dataclass(frozen=True, slots=True)
class OtherFrame:
    """A good frame that says nothing of doors: a request (our own, coming back), or a reply nobody here asks for."""

    raw: bytes
    address: int


@dataclass(frozen=True, slots=True)
class Discarded:
    """Bytes that are no frame: noise, a wrong baud rate, a bad checksum, a frame cut off."""

    raw: bytes

    @property
    def reason(self) -> str:
        more = " …" if len(self.raw) > _SHOWN_BYTES else ""
        return f"{len(self.raw)} bytes are no frame: {self.raw[:_SHOWN_BYTES].hex(' ')}{more}"


Reply = DoorReport | UnlockReply | PulseTime | OtherFrame
Frame = Reply | Discarded


@dataclass(frozen=True, slots=True)
class Incomplete:
    """So far it may become a frame."""


INCOMPLETE = Incomplete()

Match = Callable[[bytes], Reply | Incomplete | None]


@dataclass(slots=True)
class FrameDecoder:
    """Bytes as they come, however split or merged, to frames and to what was thrown away; nothing raises.

    ``match`` looks at a buffer's beginning: a frame (``raw`` says how long it is), INCOMPLETE, or None if none begins here.
    The ``raw`` of all that comes out, in order, is all that went in: no byte is lost or counted twice. The same bytes give the
    same frames however they are cut. After a bad frame it goes on one byte later, so that a good one inside is still found.
    """

    match: Match
    max_frame: int
    _pending: bytearray = field(default_factory=bytearray, repr=False)
    _noise: bytearray = field(default_factory=bytearray, repr=False)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes. Noise comes out when a frame follows it, or with ``end``."""
        self._pending += data
        frames: list[Frame] = []
        self._read(frames, is_end=False)
        return frames

    def end(self) -> list[Frame]:
        """After silence or a loss: what had begun will not be finished. A good frame behind a false beginning is found."""
        frames: list[Frame] = []
        self._read(frames, is_end=True)
        self._flush_noise(frames)
        return frames

    @property
    def held(self) -> int:
        """Bytes kept for later: less than ``max_frame`` of a frame, and MAX_DISCARDED of noise."""
        return len(self._pending) + len(self._noise)

    def _read(self, frames: list[Frame], *, is_end: bool) -> None:
        while self._pending:
            found = self.match(bytes(self._pending[: self.max_frame]))
            if isinstance(found, Incomplete) and not is_end and len(self._pending) < self.max_frame:
                return
            if found is None or isinstance(found, Incomplete):
                self._noise += self._pending[:1]
                del self._pending[:1]
                if len(self._noise) >= MAX_DISCARDED:
                    self._flush_noise(frames)
            else:
                self._flush_noise(frames)
                del self._pending[: len(found.raw)]
                frames.append(found)

    def _flush_noise(self, frames: list[Frame]) -> None:
        if self._noise:
            frames.append(Discarded(bytes(self._noise)))
            self._noise.clear()


@dataclass(slots=True)
class EchoFilter:
    """Takes our own request out of what is heard after it. Without that, an 8A board's failure and our echo are one frame.

    ``echoes`` None: not known yet, and everything passes. It is learnt from a question, whose echo cannot be its answer: by the
    time it is ``answered`` the echo has been heard, or there is none. A line that stays silent teaches nothing.
    """

    echoes: bool | None
    _request: bytes = b""
    _held: bytearray = field(default_factory=bytearray, repr=False)  # True: since the request, withheld. None: since then, seen

    def sent(self, request: bytes) -> None:
        """A request goes out now: what is heard next begins with it, if the line echoes."""
        self._request = b"" if self.echoes is False else request
        self._held.clear()

    def feed(self, data: bytes) -> bytes:
        """What is not our own. While an echo is awaited and not whole, held back: one request and MAX_DISCARDED at most."""
        if not self._request:
            return data
        room = len(self._request) + MAX_DISCARDED  # noise may stand before it
        if self.echoes is None:
            self._held += data[: room - len(self._held)]
            return data
        self._held += data
        at = self._held.find(self._request)
        if at < 0 and len(self._held) < room:
            return b""
        return self._release() if at < 0 else self._release(at, at + len(self._request))

    def end(self) -> bytes:
        """The window for an answer is over: what was held back for an echo that did not come."""
        if self.echoes is None:
            self._request = b""
        return self._release() if self._request else b""

    def answered(self) -> None:
        """The question was answered."""
        if self.echoes is None and self._request:
            self.echoes = self._request in self._held
            self._request = b""

    def _release(self, start: int = 0, end: int = 0) -> bytes:
        rest = bytes(self._held[:start] + self._held[end:])
        self._request = b""
        self._held.clear()
        return rest


class LockerCodec(Protocol):
    """One board: what to send it, and what in its family's frames answers that. Pure; locks count from 1."""

    @property
    def board(self) -> LockerBoardSettings: ...

    def ask_doors(self) -> tuple[bytes, ...]:
        """Requests whose answers together show every door."""
        ...

    def ask_door(self, lock: int) -> bytes:
        """The shortest request whose answer shows this door."""
        ...

    def unlock(self, lock: int) -> bytes: ...

    def answers_unlock(self, frame: Reply, lock: int) -> bool:
        """Whether ``frame`` is this board's reply to ``unlock(lock)``, be it yes or no."""
        ...


def lock_bits(data: bytes, locks: int) -> dict[int, bool]:
    """By lock from 1: the first byte's lowest bit is lock 1. Locks that the field has no bit for are left out."""
    return {lock: bool(data[(lock - 1) // 8] >> ((lock - 1) % 8) & 1) for lock in range(1, min(locks, len(data) * 8) + 1)}


def sealed_by_sum(body: bytes) -> bytes:
    """KERONG: the sum of all before, & FF."""
    return body + bytes((sum(body) & 0xFF,))


def sealed_by_xor(body: bytes) -> bytes:
    """8A and WKLY: the exclusive or of all before."""
    return body + bytes((reduce(xor, body),))
