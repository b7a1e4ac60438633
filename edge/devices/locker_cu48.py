"""KERONG CU48, 48 locks a board, RS-485, sans I/O: requests to bytes, bytes to frames.

::

    02  DEV  LOCK  60 status | 61 unlock  03  SUM        LOCK from 0; SUM = all before, & FF
    02  DEV  00    75  06  b0 .. b5  SUM                 status: lowest bit of b0 is lock 1
    02  DEV  LOCK  75  00  SUM                           unlock heard

The answer has no 03: after 75 stands how many bytes of data follow. The unlock's answer is what public drivers of this board
read; shared/data has none of it. ``one_is`` is "closed" for all of them. Leaves the line to locker_bus.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.devices.locker import BoardFamily, LockerBoardSettings, StatusOrder, lock_base
from edge.devices.locker_frames import (
    INCOMPLETE,
    DoorReport,
    FrameDecoder,
    Incomplete,
    OtherFrame,
    Reply,
    UnlockReply,
    lock_bits,
    sealed_by_sum,
)

STX, ETX = 0x02, 0x03
STATUS, UNLOCK, ANSWER = 0x60, 0x61, 0x75
STATUS_BYTES = 6
MAX_FRAME = 12


def request(command: int, address: int, line_lock: int = 0) -> bytes:
    """One frame from the host. ``line_lock`` as the line counts."""
    return sealed_by_sum(bytes((STX, address, line_lock, command, ETX)))


@dataclass(frozen=True, slots=True)
class Cu48:
    """A locker_frames.LockerCodec."""

    board: LockerBoardSettings

    def ask_doors(self) -> tuple[bytes, ...]:
        return (request(STATUS, self.board.address),)

    def ask_door(self, lock: int) -> bytes:  # noqa: ARG002  # it only knows the whole board's status
        return request(STATUS, self.board.address)

    def unlock(self, lock: int) -> bytes:
        return request(UNLOCK, self.board.address, lock - 1 + lock_base(BoardFamily.CU48, self.board))

    def answers_unlock(self, frame: Reply, lock: int) -> bool:
        return isinstance(frame, UnlockReply) and (frame.address, frame.lock) == (self.board.address, lock)


def decoder(boards: Iterable[LockerBoardSettings]) -> FrameDecoder:
    """For all CU48 boards of a line."""
    by_address = {board.address: board for board in boards}
    return FrameDecoder(lambda buffer: _match(buffer, by_address), MAX_FRAME)


def _match(buffer: bytes, boards: Mapping[int, LockerBoardSettings]) -> Reply | Incomplete | None:
    if buffer[0] != STX:
        return None
    if len(buffer) < 5:
        return INCOMPLETE
    command, length = buffer[3], 0
    if command in (STATUS, UNLOCK) and buffer[4] == ETX:
        length = 6
    elif command == ANSWER and buffer[4] in (0, STATUS_BYTES):
        length = 6 + buffer[4]
    if not length:
        return None
    if len(buffer) < length:
        return INCOMPLETE
    raw = buffer[:length]
    return _read(raw, boards) if sealed_by_sum(raw[:-1]) == raw else None


def _read(raw: bytes, boards: Mapping[int, LockerBoardSettings]) -> Reply:
    address = raw[1]
    board = boards.get(address)
    if raw[3] != ANSWER or board is None:
        return OtherFrame(raw, address)
    if raw[4] == 0:
        return UnlockReply(raw, address, raw[2] + 1 - lock_base(BoardFamily.CU48, board), accepted=True)
    bits = raw[5 : 5 + STATUS_BYTES]
    if board.status_order is StatusOrder.HIGH_FIRST:
        bits = bits[::-1]
    doors = {lock: board.one_is if bit else board.one_is.opposite for lock, bit in lock_bits(bits, board.locks).items()}
    return DoorReport(raw, address, doors)
