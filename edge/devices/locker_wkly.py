"""WKLY boards, RS-485 at 9600 8N1, sans I/O: requests to bytes, bytes to frames.

::

    57 4B 4C 59  LEN  BOARD  CMD  [DATA]  X        LEN = the whole frame; X = XOR of all before; channels from 1
    82 unlock one    CH             answer: ST CH DOOR      (ST 00 done, FF failed)
    83 ask one       CH             answer: ST CH DOOR
    84 ask all                      answer: ST N DOOR × N
    85 pushed: a door moved         CH DOOR
    86 unlock all; 80 unlock several at once, 87 in turn: N CH × N; 81 flash a lamp: CH

``one_is``: DOOR 01 is closed in shared/data and in most drivers, open in one (cnbaosi's cabinets). The DOOR in the unlock's
answer is the contact in the moment of the pulse, before a door can have moved: it is not believed. Leaves the line to locker_bus.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.devices.locker import FAMILIES, BoardFamily, DoorScan, LockerBoardSettings, lock_base
from edge.devices.locker_frames import (
    INCOMPLETE,
    DoorReport,
    FrameDecoder,
    Incomplete,
    OtherFrame,
    Reply,
    UnlockReply,
    sealed_by_xor,
)

START = b"WKLY"
UNLOCK_SEVERAL, FLASH, UNLOCK, STATUS, STATUS_ALL, PUSH, UNLOCK_ALL, UNLOCK_IN_TURN = range(0x80, 0x88)
DONE = 0x00
LEAST = 8  # START, LEN, BOARD, CMD, X
MAX_FRAME = LEAST + 2 + FAMILIES[BoardFamily.WKLY].max_locks


def request(command: int, address: int, data: bytes = b"") -> bytes:
    """One frame from the host."""
    return sealed_by_xor(START + bytes((LEAST + len(data), address, command)) + data)


@dataclass(frozen=True, slots=True)
class Wkly:
    """A locker_frames.LockerCodec."""

    board: LockerBoardSettings

    def ask_doors(self) -> tuple[bytes, ...]:
        if self.board.scan is DoorScan.EACH:
            return tuple(self.ask_door(lock) for lock in range(1, self.board.locks + 1))
        return (request(STATUS_ALL, self.board.address),)

    def ask_door(self, lock: int) -> bytes:
        return request(STATUS, self.board.address, bytes((lock - 1 + lock_base(BoardFamily.WKLY, self.board),)))

    def unlock(self, lock: int) -> bytes:
        return request(UNLOCK, self.board.address, bytes((lock - 1 + lock_base(BoardFamily.WKLY, self.board),)))

    def answers_unlock(self, frame: Reply, lock: int) -> bool:
        return isinstance(frame, UnlockReply) and (frame.address, frame.lock) == (self.board.address, lock)


def decoder(boards: Iterable[LockerBoardSettings]) -> FrameDecoder:
    """For all WKLY boards of a line."""
    by_address = {board.address: board for board in boards}
    return FrameDecoder(lambda buffer: _match(buffer, by_address), MAX_FRAME)


def _match(buffer: bytes, boards: Mapping[int, LockerBoardSettings]) -> Reply | Incomplete | None:
    if not START.startswith(buffer[: len(START)]):
        return None
    if len(buffer) <= len(START):
        return INCOMPLETE
    length = buffer[len(START)]
    if not LEAST <= length <= MAX_FRAME:
        return None
    if len(buffer) < length:
        return INCOMPLETE
    raw = buffer[:length]
    return _read(raw, boards) if sealed_by_xor(raw[:-1]) == raw else None


def _read(raw: bytes, boards: Mapping[int, LockerBoardSettings]) -> Reply:
    address, command, data = raw[5], raw[6], raw[7:-1]
    board = boards.get(address)
    if board is not None:
        first = 1 - lock_base(BoardFamily.WKLY, board)
        if command == UNLOCK and len(data) == 3:
            return UnlockReply(raw, address, data[1] + first, accepted=data[0] == DONE)
        if (doors := _doors(command, data, first)) is not None:
            seen = {
                lock: board.one_is if value else board.one_is.opposite
                for lock, value in doors.items()
                if 1 <= lock <= board.locks and value in (0, 1)
            }
            return DoorReport(raw, address, seen, pushed=command == PUSH)
    return OtherFrame(raw, address)


def _doors(command: int, data: bytes, first: int) -> Mapping[int, int] | None:
    """Values by lock, of a good answer or a push; None for anything else."""
    if command == STATUS and len(data) == 3 and data[0] == DONE:
        return {data[1] + first: data[2]}
    if command == STATUS_ALL and len(data) >= 2 and data[0] == DONE and len(data) == 2 + data[1]:
        return dict(enumerate(data[2:], start=1))
    if command == PUSH and len(data) == 2:
        return {data[0] + first: data[1]}
    return None
