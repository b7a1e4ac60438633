"""What locker boards understand and say, byte by byte: the boards' side of CU16, CU48, 8A and WKLY.

Written from the sheets, apart from the codecs of edge/devices, so that each side checks the other. Leaves doors to
locker_boards and the line to locker.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor

from firmware_sim.locker_boards import SimulatedBoard

ALL = 0  # as a lock: every lock of the board


@dataclass(frozen=True, slots=True)
class Ask:
    """For one door, or ALL."""

    address: int
    lock: int


@dataclass(frozen=True, slots=True)
class Unlock:
    """Of some locks, or (ALL,)."""

    address: int
    locks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """A family's side of the line. ``length``: of the request that a buffer begins with; 0 for none, -1 for not enough bytes.

    ``hear`` reads one whole request, None if it is none. The last argument is the line's number for lock 1 (``base``).
    """

    baud: int
    base: int
    length: Callable[[bytes], int]
    hear: Callable[[bytes, int], Ask | Unlock | None]
    say_doors: Callable[[SimulatedBoard, int, int], bytes]
    say_unlocked: Callable[[SimulatedBoard, int, int], bytes]
    say_moved: Callable[[SimulatedBoard, int, int], bytes | None]


def _xored(*body: int) -> bytes:
    return bytes(body) + bytes((reduce(xor, body),))


def _summed(*body: int) -> bytes:
    return bytes(body) + bytes((sum(body) & 0xFF,))


def _is_one(board: SimulatedBoard, lock: int) -> bool:
    return board.doors[lock].contact_open is not board.one_is_closed


def _bits(board: SimulatedBoard, size: int, is_one: Callable[[int], bool]) -> bytes:
    field = sum(is_one(lock) << lock - 1 for lock in board.doors)
    # Locks that the board has no door for read as closed.
    spare = (1 << size * 8) - (1 << board.locks) if board.one_is_closed else 0
    return (field | spare).to_bytes(size, "big" if board.high_first else "little")


# CU16: 02 ADDR CMD 03 SUM


def _cu16_length(buffer: bytes) -> int:
    if buffer[0] != 0x02:
        return 0
    if len(buffer) < 3:
        return -1
    return {0x30: 5, 0x31: 5, 0x32: 5, 0x33: 5}.get(buffer[2], 0)


def _cu16_hear(raw: bytes, base: int) -> Ask | Unlock | None:
    if raw[3] != 0x03 or _summed(*raw[:-1]) != raw:
        return None
    address, lock = raw[1] >> 4, raw[1] & 0x0F
    match raw[2]:
        case 0x30:
            return Ask(address, ALL)
        case 0x31:
            return Unlock(address, (lock - base + 1,))
        case 0x33:
            return Unlock(address, (ALL,))
        case _:
            return None


def _cu16_doors(board: SimulatedBoard, _lock: int, _base: int) -> bytes:
    hooks = _bits(board, 2, lambda lock: _is_one(board, lock))
    articles = sum(door.has_article << lock - 1 for lock, door in board.doors.items())
    return _summed(0x02, board.address << 4, 0x35, *hooks, *articles.to_bytes(2, "big" if board.high_first else "little"), 0x03)


# CU48: 02 DEV LOCK CMD 03 SUM


def _cu48_length(buffer: bytes) -> int:
    if buffer[0] != 0x02:
        return 0
    if len(buffer) < 4:
        return -1
    return 6 if buffer[3] in (0x60, 0x61) else 0


def _cu48_hear(raw: bytes, base: int) -> Ask | Unlock | None:
    if raw[4] != 0x03 or _summed(*raw[:-1]) != raw:
        return None
    return Ask(raw[1], ALL) if raw[3] == 0x60 else Unlock(raw[1], (raw[2] - base + 1,))


def _cu48_doors(board: SimulatedBoard, _lock: int, _base: int) -> bytes:
    return _summed(0x02, board.address, 0, 0x75, 6, *_bits(board, 6, lambda lock: _is_one(board, lock)))


def _cu48_unlocked(board: SimulatedBoard, lock: int, base: int) -> bytes:
    return _summed(0x02, board.address, lock - 1 + base, 0x75, 0)


# "8A": 8A|80 BD LK 11|33 X


def _xor8a_length(buffer: bytes) -> int:
    return 5 if buffer[0] in (0x8A, 0x80) else 0


def _xor8a_hear(raw: bytes, _base: int) -> Ask | Unlock | None:
    if _xored(*raw[:-1]) != raw:
        return None
    if raw[0] == 0x8A and raw[3] == 0x11:
        return Unlock(raw[1], (raw[2],))
    return Ask(raw[1], raw[2]) if raw[0] == 0x80 and raw[3] == 0x33 else None


def _xor8a_value(board: SimulatedBoard, lock: int) -> int:
    return 0x11 if _is_one(board, lock) else 0x00


def _xor8a_doors(board: SimulatedBoard, lock: int, _base: int) -> bytes:
    if lock != ALL:
        return _xored(0x80, board.address, lock, _xor8a_value(board, lock))
    opens = _bits(board, -(-board.locks // 8), lambda lock: board.doors[lock].contact_open is board.bit_one_is_open)
    return _xored(0x80, board.address, *opens, 0x33)


def _xor8a_unlocked(board: SimulatedBoard, lock: int, _base: int) -> bytes:
    return _xored(0x8A, board.address, lock, _xor8a_value(board, lock))


def _xor8a_moved(board: SimulatedBoard, lock: int, _base: int) -> bytes:
    return _xored(0x82, board.address, lock, _xor8a_value(board, lock))


# WKLY: 57 4B 4C 59 LEN BOARD CMD DATA X

_START = (0x57, 0x4B, 0x4C, 0x59)


def _wkly_frame(address: int, command: int, *data: int) -> bytes:
    return _xored(*_START, 8 + len(data), address, command, *data)


def _wkly_length(buffer: bytes) -> int:
    if tuple(buffer[:4]) != _START[: len(buffer)]:
        return 0
    if len(buffer) < 5:
        return -1
    return buffer[4] if 8 <= buffer[4] <= 40 else 0


def _wkly_hear(raw: bytes, base: int) -> Ask | Unlock | None:
    address, command, data = raw[5], raw[6], raw[7:-1]
    if _xored(*raw[:-1]) != raw:
        return None
    match command, len(data):
        case 0x82, 1:
            return Unlock(address, (data[0] - base + 1,))
        case 0x83, 1:
            return Ask(address, data[0] - base + 1)
        case 0x84, 0:
            return Ask(address, ALL)
        case 0x86, 0:
            return Unlock(address, (ALL,))
        case ((0x80 | 0x87), size) if size and size == data[0] + 1:
            return Unlock(address, tuple(channel - base + 1 for channel in data[1:]))
        case _:
            return None


def _wkly_doors(board: SimulatedBoard, lock: int, base: int) -> bytes:
    if lock == ALL:
        return _wkly_frame(board.address, 0x84, 0, board.locks, *(int(_is_one(board, one)) for one in board.doors))
    return _wkly_frame(board.address, 0x83, 0, lock - 1 + base, int(_is_one(board, lock)))


def _wkly_unlocked(board: SimulatedBoard, lock: int, base: int) -> bytes:
    return _wkly_frame(board.address, 0x82, 0xFF if board.refuses else 0, lock - 1 + base, int(_is_one(board, lock)))


def _wkly_moved(board: SimulatedBoard, lock: int, base: int) -> bytes:
    return _wkly_frame(board.address, 0x85, lock - 1 + base, int(_is_one(board, lock)))


def _never(_board: SimulatedBoard, _lock: int, _base: int) -> None:
    return None


SPEECH: Mapping[str, Speech] = {
    "cu16": Speech(19200, 0, _cu16_length, _cu16_hear, _cu16_doors, _cu16_doors, _never),
    "cu48": Speech(19200, 0, _cu48_length, _cu48_hear, _cu48_doors, _cu48_unlocked, _never),
    "8a": Speech(9600, 1, _xor8a_length, _xor8a_hear, _xor8a_doors, _xor8a_unlocked, _xor8a_moved),
    "wkly": Speech(9600, 1, _wkly_length, _wkly_hear, _wkly_doors, _wkly_unlocked, _wkly_moved),
}
