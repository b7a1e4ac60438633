"""JT/T 808 messages: what a terminal says and what it is answered; without input or output. Frames are `jt808_frames`' matter.

::

    0x0200 position   alarms 4 | status 4 | lat 4 | lon 4 | altitude 2 | speed 2 | course 2 | time 6 | more: id 1, length 1, value
                                 |          millionths of a degree       m   0.1 km/h  degrees   BCD YYMMDDhhmmss, GMT+8
                                 bit 1: positioned, bit 2: southern, bit 3: western
    0x0704 positions  count 2 | kind 1 (0 as they came, 1 what an outage left) | per item: length 2, a body of 0x0200
    0x0100 register   province 2 | city 2 | maker 5 (2019: 11) | model 20 (2011: 8, 2019: 30) | id 7 (2019: 30) | colour 1 | plate
    0x0102 log in     the code given at registration (2019: length 1, code, IMEI 15, software 20)
    0x0002 heartbeat, 0x0003 log out: no body

    0x8100 answer to 0x0100   serial 2 | result 1 | code (where the result is 0)
    0x8001 answer to all else serial 2 | message 2 | result 1
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum

from cloud.positions.jt808_frames import Packet
from cloud.positions.report import KM_H_M_S, Report, ReportError, TrackerFix

BEIJING = timezone(timedelta(hours=8))
_POSITION_BYTES = 28
_POSITIONED, _SOUTHERN, _WESTERN = 1 << 1, 1 << 2, 1 << 3
MAX_BATCH = 500
# A batch of an outage: 32 frames of a kilobyte are some 500 positions. More is nothing a tracker sends.
MAX_PARTS = 32


class Message(IntEnum):
    """What is understood. Everything else is answered with "not supported"."""

    ANSWER = 0x0001
    HEARTBEAT = 0x0002
    LOG_OUT = 0x0003
    REGISTER = 0x0100
    LOG_IN = 0x0102
    POSITION = 0x0200
    POSITIONS = 0x0704


class Result(IntEnum):
    """Of 0x8001."""

    DONE = 0
    FAILED = 1
    BAD_MESSAGE = 2
    NOT_SUPPORTED = 3


class Registration(IntEnum):
    """Of 0x8100."""

    DONE = 0
    TERMINAL_TAKEN = 3
    NO_SUCH_TERMINAL = 4


@dataclass(frozen=True, slots=True)
class Registering:
    """What a terminal says of itself as it registers. ``device``: its maker and its own id, which stay where its number moves."""

    device: str
    plate: str


def read_position(body: bytes) -> TrackerFix | None:
    """A body of 0x0200; None where the terminal says that it has no position. ReportError."""
    if len(body) < _POSITION_BYTES:
        raise ReportError("body", f"want at least {_POSITION_BYTES} bytes of a position, got {len(body)}")
    status = int.from_bytes(body[4:8])
    if not status & _POSITIONED:
        return None
    lat, lon = int.from_bytes(body[8:12]) / 1e6, int.from_bytes(body[12:16]) / 1e6
    course = int.from_bytes(body[20:22])
    return TrackerFix(
        -lat if status & _SOUTHERN else lat,
        -lon if status & _WESTERN else lon,
        _time(body[22:28]),
        int.from_bytes(body[18:20]) / 10 * KM_H_M_S,
        float(course % 360) if course <= 360 else None,
    )


def read_positions(body: bytes) -> tuple[TrackerFix, ...]:
    """A body of 0x0704: those of its items that have a position. ReportError; ``count`` tells what is missing."""
    if len(body) < 3:
        raise ReportError("body", "want a count and a kind")
    count, at = int.from_bytes(body[:2]), 3
    if count > MAX_BATCH:
        raise ReportError("count", f"want at most {MAX_BATCH} positions, got {count}")
    found: list[TrackerFix] = []
    for number in range(1, count + 1):
        length = int.from_bytes(body[at : at + 2])
        item = body[at + 2 : at + 2 + length]
        if len(item) < length or length < _POSITION_BYTES:
            raise ReportError("count", f"{count} positions are announced, the {number}. is cut off or none")
        fix = read_position(item)
        if fix is not None:
            found.append(fix)
        at += 2 + length
    if at != len(body):
        raise ReportError("count", f"{len(body) - at} bytes are left behind the last of {count} positions")
    return tuple(found)


def read_report(message_id: int, body: bytes) -> Report:
    """0x0200 or 0x0704. ReportError."""
    if message_id == Message.POSITIONS:
        fixes = read_positions(body)
    else:
        fix = read_position(body)
        fixes = () if fix is None else (fix,)
    return Report("", fixes, "" if fixes else "the terminal has no position now")


def read_registration(packet: Packet) -> Registering:
    """0x0100, in any of the three forms. ReportError."""
    body = packet.body
    if packet.version is not None:
        maker, model, device = 11, 30, 30
    elif len(body) >= 4 + 5 + 20 + 7 + 1:
        maker, model, device = 5, 20, 7
    else:
        maker, model, device = 5, 8, 7
    device_at = 4 + maker + model
    if len(body) < device_at + device + 1:
        raise ReportError("body", f"want at least {device_at + device + 1} bytes of a registration, got {len(body)}")
    names = [_text(body[4 : 4 + maker]), _text(body[device_at : device_at + device])]
    return Registering("/".join(names), _text(body[device_at + device + 1 :]))


def read_log_in(packet: Packet) -> str:
    """0x0102: the code. ReportError."""
    body = packet.body
    if packet.version is None:
        return _text(body)
    if not body or len(body) < 1 + body[0]:
        raise ReportError("body", "want a length and the code")
    return _text(body[1 : 1 + body[0]])


def answer(to: Packet, result: Result, serial: int) -> Packet:
    """0x8001."""
    body = to.serial.to_bytes(2) + to.message_id.to_bytes(2) + result.to_bytes()
    return Packet(0x8001, to.terminal, serial, body, to.version)


def registration_answer(to: Packet, result: Registration, serial: int, code: str = "") -> Packet:
    """0x8100; ``code`` is what the terminal is to log in with from now on."""
    body = to.serial.to_bytes(2) + result.to_bytes() + (code.encode("ascii") if result is Registration.DONE else b"")
    return Packet(0x8100, to.terminal, serial, body, to.version)


@dataclass(slots=True)
class Parts:
    """Puts the parts of longer messages together, in whatever order they come; one message at a time of each kind."""

    _waiting: dict[int, dict[int, Packet]] = field(default_factory=dict)

    def take(self, packet: Packet) -> Packet | None:
        """The whole message, with the last part's serial; None while parts are missing. ReportError where there are too many."""
        if packet.parts == 1:
            return packet
        if packet.parts > MAX_PARTS:
            raise ReportError("parts", f"want at most {MAX_PARTS}, got {packet.parts}")
        begun = self._waiting.setdefault(packet.message_id, {})
        if any(_first(one) != _first(packet) or one.parts != packet.parts for one in begun.values()):
            begun.clear()  # the terminal has given up on the other one
        begun[packet.part] = packet
        if len(begun) < packet.parts:
            if len(self._waiting) > len(Message):
                self._waiting.clear()
            return None
        del self._waiting[packet.message_id]
        body = b"".join(begun[part].body for part in range(1, packet.parts + 1))
        return Packet(packet.message_id, packet.terminal, packet.serial, body, packet.version)


def _first(packet: Packet) -> int:
    """The serial of the message's first part."""
    return (packet.serial - packet.part + 1) & 0xFFFF


def _time(bcd: bytes) -> int:
    digits = bcd.hex()
    if not digits.isdecimal():
        raise ReportError("time", f"want BCD digits YYMMDDhhmmss, got {digits}")
    try:
        year, month, day, hour, minute, second = (int(digits[n : n + 2]) for n in range(0, 12, 2))
        at = datetime(2000 + year, month, day, hour, minute, second, tzinfo=BEIJING)
    except ValueError:
        raise ReportError("time", f"want YYMMDDhhmmss, got {digits}") from None
    return round(at.astimezone(UTC).timestamp() * 1000)


def _text(data: bytes) -> str:
    return data.decode("gb18030", "replace").strip(" \0")
