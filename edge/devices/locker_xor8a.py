"""The "8A" boards (锁控板), 8 to 32 locks, RS-485 at 9600 8N1, sans I/O: requests to bytes, bytes to frames.

::

    8A  BD  LK  11  X         unlock (LK 00: all)       answer: 8A BD LK 00|11 X, the contact as it is after the pulse
    80  BD  LK  33  X         ask one lock              answer: 80 BD LK 00|11 X
    80  BD  00  33  X         ask all                   answer: 80 BD S.. 33 X, one byte for eight locks
    82  BD  LK  00|11  X      pushed: a door moved, on boards that can
    X = XOR of all before; boards and locks count from 1

``one_is``: 11 is "closed" for locks that close their contact with the door (上锁短路) and "open" for the others (开锁短路), in
the unlock's answer too (makers' sheet 锁控板通讯协议, 五). So with the first kind "it did not open", and with the second "it
opened", are the very bytes of the request: on a line that echoes EchoFilter tells them apart, and only a door is ever believed.

Which byte of S.. has locks 1-8, and what its 1 means, differ from sheet to sheet (one driver reads 1 as open where 11 is closed,
bytes high first): ``scan = "board"`` therefore wants ``bit_one_is``, and the default asks lock by lock. Leaves the line to
locker_bus.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.devices.locker import Door, DoorScan, LockerBoardSettings, StatusOrder
from edge.devices.locker_frames import (
    INCOMPLETE,
    DoorReport,
    FrameDecoder,
    Incomplete,
    OtherFrame,
    Reply,
    UnlockReply,
    lock_bits,
    sealed_by_xor,
)

UNLOCK, STATUS, PUSH = 0x8A, 0x80, 0x82
ONE, ZERO, ASK = 0x11, 0x00, 0x33
ALL_LOCKS = 0
FRAME = 5
MAX_FRAME = 4 + 8


def request(command: int, address: int, lock: int = ALL_LOCKS) -> bytes:
    """One frame from the host: UNLOCK or STATUS, of one lock or of all."""
    return sealed_by_xor(bytes((command, address, lock, ONE if command == UNLOCK else ASK)))


@dataclass(frozen=True, slots=True)
class Xor8a:
    """A locker_frames.LockerCodec."""

    board: LockerBoardSettings

    def ask_doors(self) -> tuple[bytes, ...]:
        if _is_whole(self.board):
            return (request(STATUS, self.board.address),)
        return tuple(self.ask_door(lock) for lock in range(1, self.board.locks + 1))

    def ask_door(self, lock: int) -> bytes:
        # One kind of status a board: else its whole-board answer could be read as the answer for one lock.
        return request(STATUS, self.board.address, ALL_LOCKS if _is_whole(self.board) else lock)

    def unlock(self, lock: int) -> bytes:
        return request(UNLOCK, self.board.address, lock)

    def answers_unlock(self, frame: Reply, lock: int) -> bool:
        return isinstance(frame, UnlockReply) and (frame.address, frame.lock) == (self.board.address, lock)


def decoder(boards: Iterable[LockerBoardSettings]) -> FrameDecoder:
    """For all 8A boards of a line."""
    by_address = {board.address: board for board in boards}
    return FrameDecoder(lambda buffer: _match(buffer, by_address), MAX_FRAME)


def _match(buffer: bytes, boards: Mapping[int, LockerBoardSettings]) -> Reply | Incomplete | None:
    if buffer[0] not in (UNLOCK, STATUS, PUSH):
        return None
    if len(buffer) < FRAME:
        return INCOMPLETE
    address, lock = buffer[1], buffer[2]
    board = boards.get(address)
    if buffer[0] == STATUS and board is not None and _is_whole(board):
        whole = _match_whole(buffer, board)
        if whole is not None:
            return whole
    raw = buffer[:FRAME]
    if sealed_by_xor(raw[:-1]) != raw:
        return None
    if raw[3] not in (ONE, ZERO, ASK):
        return None
    if raw[3] == ASK or board is None or not 1 <= lock <= board.locks or (raw[0] == STATUS and _is_whole(board)):
        return OtherFrame(raw, address)
    if buffer[0] == UNLOCK:
        return UnlockReply(raw, address, lock, accepted=True)
    door = board.one_is if raw[3] == ONE else board.one_is.opposite
    return DoorReport(raw, address, {lock: door}, pushed=buffer[0] == PUSH)


def _match_whole(buffer: bytes, board: LockerBoardSettings) -> Reply | Incomplete | None:
    length = 4 + _status_bytes(board)
    if len(buffer) < length:
        return INCOMPLETE
    raw = buffer[:length]
    if raw[-2] != ASK or sealed_by_xor(raw[:-1]) != raw:
        return None
    bits = raw[2:-2]
    if board.status_order is StatusOrder.HIGH_FIRST:
        bits = bits[::-1]
    one = board.bit_one_is or Door.UNKNOWN
    return DoorReport(
        raw, board.address, {lock: one if bit else one.opposite for lock, bit in lock_bits(bits, board.locks).items()}
    )


def _is_whole(board: LockerBoardSettings) -> bool:
    return board.scan is DoorScan.BOARD


def _status_bytes(board: LockerBoardSettings) -> int:
    return -(-board.locks // 8)
