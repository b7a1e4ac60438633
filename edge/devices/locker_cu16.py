"""KERONG CU16, 16 locks a board, RS-485 at 19200 8N1, sans I/O: requests to bytes, bytes to frames.

::

    02  ADDR  CMD  [DATA]  03  SUM        ADDR = board << 4 | lock from 0; SUM = all before, & FF
    30 status   31 unlock   32 status of all boards (ADDR F0)   33 open all   37/38 pulse time   39 delayed unlock
    02  ADDR  35  L1-8  L9-16  IR1-8  IR9-16  03  SUM        answer to 30, on some boards to 31; 36 instead of 35 answers 32

Where sources disagree, a board's settings decide:

- ``one_is``: 1 is a closed hook for jin0949/KR-CU16_locker and the other drivers read; hooks wired the other way exist.
- ``status_order``: those drivers, and shared/design/devices.md, take the first byte for locks 1-8. The captured frame of
  shared/data, named "lock 5 open", has lock 5's bit in the second one: that board is ``high_first``.
- ``unlock_replies``: silence for some, a status frame for others. Such a frame counts as "heard", never as "open".

Leaves the line, and the silence it wants before a request, to locker_bus.
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
    PulseTime,
    Reply,
    lock_bits,
    sealed_by_sum,
)

STX, ETX = 0x02, 0x03
STATUS, UNLOCK, ALL_BOARDS, OPEN_ALL = 0x30, 0x31, 0x32, 0x33
REPORT, ALL_BOARDS_REPORT = 0x35, 0x36
PULSE_TIME, PULSE_TIME_REPORT, DELAYED_UNLOCK = 0x37, 0x38, 0x39
PULSE_STEP_MS = 10
MAX_FRAME = 9

# By command: how long a frame of it may be. 37 and 38 ask with no data and carry two bytes.
_LENGTHS = {
    STATUS: (5,), UNLOCK: (5,), ALL_BOARDS: (5,), OPEN_ALL: (5,), REPORT: (9,), ALL_BOARDS_REPORT: (9,),
    PULSE_TIME: (5, 7), PULSE_TIME_REPORT: (5, 7), DELAYED_UNLOCK: (6,),
}  # fmt: skip


def request(command: int, address: int = 0, line_lock: int = 0, data: bytes = b"") -> bytes:
    """One frame from the host. ``line_lock`` is 0 to 15 as the line counts."""
    return sealed_by_sum(bytes((STX, address << 4 | line_lock, command)) + data + bytes((ETX,)))


@dataclass(frozen=True, slots=True)
class Cu16:
    """A locker_frames.LockerCodec."""

    board: LockerBoardSettings

    def ask_doors(self) -> tuple[bytes, ...]:
        return (request(STATUS, self.board.address),)

    def ask_door(self, lock: int) -> bytes:  # noqa: ARG002  # it only knows the whole board's status
        return request(STATUS, self.board.address)

    def unlock(self, lock: int) -> bytes:
        return request(UNLOCK, self.board.address, lock - 1 + lock_base(BoardFamily.CU16, self.board))

    def answers_unlock(self, frame: Reply, lock: int) -> bool:  # noqa: ARG002  # its status does not say to what it answers
        return isinstance(frame, DoorReport) and frame.address == self.board.address


def decoder(boards: Iterable[LockerBoardSettings]) -> FrameDecoder:
    """For all CU16 boards of a line."""
    by_address = {board.address: board for board in boards}
    return FrameDecoder(lambda buffer: _match(buffer, by_address), MAX_FRAME)


def _match(buffer: bytes, boards: Mapping[int, LockerBoardSettings]) -> Reply | Incomplete | None:
    if buffer[0] != STX:
        return None
    if len(buffer) < 3:
        return INCOMPLETE
    for length in _LENGTHS.get(buffer[2], ()):
        if len(buffer) < length:
            return INCOMPLETE
        raw = buffer[:length]
        if raw[-2] == ETX and sealed_by_sum(raw[:-1]) == raw:
            return _read(raw, boards)
    return None


def _read(raw: bytes, boards: Mapping[int, LockerBoardSettings]) -> Reply:
    address = raw[1] >> 4
    board = boards.get(address)
    if raw[2] in (REPORT, ALL_BOARDS_REPORT) and board is not None:
        return _report(raw, board)
    if raw[2] == PULSE_TIME_REPORT and len(raw) == 7:
        return PulseTime(raw, address, int.from_bytes(raw[3:5], "big") * PULSE_STEP_MS)
    return OtherFrame(raw, address)


def _report(raw: bytes, board: LockerBoardSettings) -> DoorReport:
    hooks, infrared = raw[3:5], raw[5:7]
    if board.status_order is StatusOrder.HIGH_FIRST:
        hooks, infrared = hooks[::-1], infrared[::-1]
    doors = {lock: board.one_is if bit else board.one_is.opposite for lock, bit in lock_bits(hooks, board.locks).items()}
    one, zero = board.article_one_is, board.article_one_is.opposite
    articles = {lock: one if bit else zero for lock, bit in lock_bits(infrared, board.locks).items()}
    return DoorReport(raw, board.address, doors, articles)
