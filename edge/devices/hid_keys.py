"""A scanner that types, sans I/O: the kernel's input events to the characters of a US keyboard.

One event, in the machine's own byte order and word size (linux/input.h, struct input_event; linux/input-event-codes.h)::

    seconds  microseconds  type u16  code u16  value i32       type 1 key: 0 released, 1 pressed, 2 repeated
    `----- two longs ---'                                      type 0 mark: code 3 means that events were dropped

Our own reader, for python-evdev has no wheels for the Pi and would need a compiler there. Leaves frames to scanner_frames.
"""

import struct
from dataclasses import dataclass, field

EVENT = struct.Struct("@llHHi")
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
PRESSED = 1

NO_CHARACTER = b"\x1a"  # in the place of what was typed and is none: the label it stands in is refused
_END = b"\r"
_GS = b"\x1d"

_SHIFT = frozenset({42, 54})
_CONTROL = frozenset({29, 97})
_ALT = frozenset({56, 100})
_CAPS_LOCK = 58
_RIGHT_BRACKET = 27
_ENDS = frozenset({28, 96, 15})  # Enter, the keypad's Enter, Tab
_SILENT = frozenset({69, 125, 126})  # NumLock, the two keys with the maker's sign: some scanners press them first


def _row(first: int, plain: str, shifted: str) -> dict[int, tuple[bytes, bytes]]:
    return {first + n: (one.encode(), two.encode()) for n, (one, two) in enumerate(zip(plain, shifted, strict=True))}


# Key code → what it types alone and with Shift.
KEYS = {
    **_row(2, "1234567890-=", "!@#$%^&*()_+"),
    **_row(16, "qwertyuiop[]", "QWERTYUIOP{}"),
    **_row(30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    **_row(43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    **_row(55, "*", "*"),
    **_row(57, " ", " "),
    **_row(71, "789-456+1230.", "789-456+1230."),
    **_row(98, "/", "/"),
}


@dataclass(slots=True)
class HidKeys:
    """What is held down, and half an event. Nothing raises, whatever the bytes."""

    _rest: bytes = b""
    _held: set[int] = field(default_factory=set)
    _is_caps: bool = False

    def feed(self, data: bytes) -> bytes:
        """The characters that ``data`` completes; CR for Enter and Tab, GS for Ctrl-], NO_CHARACTER for what has none."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        typed = bytearray()
        for _, _, kind, code, value in EVENT.iter_unpack(data[:whole]):
            if kind == EV_KEY:
                typed += self._key(code, value)
            elif kind == EV_SYN and code == SYN_DROPPED:
                self._held.clear()
                typed += NO_CHARACTER
        return bytes(typed)

    def lost(self) -> None:
        """The device went away, and with it what was held down."""
        self._rest = b""
        self._held.clear()
        self._is_caps = False

    def _key(self, code: int, value: int) -> bytes:
        if code in _SHIFT | _CONTROL | _ALT:
            (self._held.add if value else self._held.discard)(code)
            return b""
        if value != PRESSED or code in _SILENT:
            return b""
        if code == _CAPS_LOCK:
            self._is_caps = not self._is_caps
            return b""
        if code in _ENDS:
            return _END
        if self._held & _CONTROL and code == _RIGHT_BRACKET:
            return _GS
        if code not in KEYS or self._held & (_CONTROL | _ALT):
            return NO_CHARACTER
        plain, shifted = KEYS[code]
        is_shifted = bool(self._held & _SHIFT) != (self._is_caps and plain.isalpha())
        return shifted if is_shifted else plain
