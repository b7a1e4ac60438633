"""A scanner that types, as the bytes of the kernel's input events, on a pseudo-terminal behind a stable path.

Leaves what is scanned, and when, to its caller; plugging is the serial scanner's.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from firmware_sim.faults import PERFECT, LineFaults, pieces
from firmware_sim.scanner import SimulatedScanner

_EVENT = struct.Struct("@llHHi")  # seconds, microseconds, type, code, value
_SYN, _KEY, _MSC = 0, 1, 4
_SHIFT, _CONTROL, _ENTER, _UP = 42, 29, 28, 103
_DROPPED = 3

_PLAIN = {
    **dict(zip("1234567890-=", range(2, 14), strict=True)), **dict(zip("qwertyuiop[]", range(16, 28), strict=True)),
    **dict(zip("asdfghjkl;'`", range(30, 42), strict=True)), **dict(zip("\\zxcvbnm,./", range(43, 54), strict=True)), " ": 57,
}  # fmt: skip
_SHIFTED = {
    **dict(zip("!@#$%^&*()_+", range(2, 14), strict=True)), **dict(zip("QWERTYUIOP{}", range(16, 28), strict=True)),
    **dict(zip('ASDFGHJKL:"~', range(30, 42), strict=True)), **dict(zip("|ZXCVBNM<>?", range(43, 54), strict=True)),
}  # fmt: skip


def event(kind: int, code: int, value: int) -> bytes:
    """One event; its time is left at zero, as nobody should count on it."""
    return _EVENT.pack(0, 0, kind, code, value)


def press(code: int) -> bytes:
    """Down and up, each with the scan code before and the mark after, as the kernel's HID driver gives them."""
    return b"".join(event(_MSC, 4, 0x70000 + code) + event(_KEY, code, value) + event(_SYN, 0, 0) for value in (1, 0))


def typed(text: str) -> bytes:
    """The events that type ``text`` on a US keyboard; GS is Ctrl-]. KeyError for what no key types."""
    return b"".join(map(_character, text))


def _character(character: str) -> bytes:
    if character == "\x1d":
        return _held(_CONTROL, _PLAIN["]"])
    if character in _PLAIN:
        return press(_PLAIN[character])
    return _held(_SHIFT, _SHIFTED[character])


def _held(modifier: int, code: int) -> bytes:
    return event(_KEY, modifier, 1) + event(_SYN, 0, 0) + press(code) + event(_KEY, modifier, 0) + event(_SYN, 0, 0)


@dataclass(frozen=True, slots=True)
class HidFaults:
    """Probabilities of one label. The default is well."""

    line: LineFaults = PERFECT  # split only: the kernel makes no noise
    dropped: float = 0.0  # the kernel's buffer ran over: events are missing, and it says so
    stray: float = 0.0  # a key that types nothing, somewhere in the label

    def __post_init__(self) -> None:
        for name in ("dropped", "stray"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name}: want 0 to 1, got {getattr(self, name)}")


@dataclass(slots=True)
class SimulatedHid:
    """Types on ``line``, which is plugged and unplugged as a serial scanner is."""

    line: SimulatedScanner
    ends_with_enter: bool = True
    faults: HidFaults = HidFaults()

    @classmethod
    def at(cls, path: Path, random: Random | None = None) -> "SimulatedHid":
        return cls(SimulatedScanner(path, random or Random(0)))

    def scan(self, label: str) -> None:
        """UnpluggedError; TimeoutError if nobody takes it for a second."""
        for piece in pieces(self._events(label), self.faults.line, self.line.random):
            self.line.write(piece.data)
            if piece.pause_s:
                self.line.sleep(piece.pause_s)

    def scan_all(self, labels: Iterable[str]) -> None:
        """One after another, as fast as they are taken."""
        for label in labels:
            self.scan(label)

    def _events(self, label: str) -> bytes:
        keys = [_character(character) for character in label]
        random = self.line.random
        if random.random() < self.faults.dropped:
            start = random.randrange(len(keys))
            keys[start : start + random.randint(1, 4)] = [event(_SYN, _DROPPED, 0)]
        if random.random() < self.faults.stray:
            keys.insert(random.randint(0, len(keys)), press(_UP))
        return b"".join(keys) + (press(_ENTER) if self.ends_with_enter else b"")
