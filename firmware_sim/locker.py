"""Locker boards on an RS-485 line, as their bytes on a pseudo-terminal: a cabinet whose doors a test can move, and its faults.

Leaves what the boards understand to locker_speech, and doors to locker_boards.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from firmware_sim.faults import PERFECT, LineFaults, pieces
from firmware_sim.locker_boards import DoorMove, LockPulse, MovedBy, SimulatedBoard
from firmware_sim.locker_speech import ALL, SPEECH, Ask, Unlock
from firmware_sim.terminal import Terminal

_KEPT = 64  # bytes of what was heard and is no request yet


@dataclass(frozen=True, slots=True)
class LockerFaults:
    """How bad the line and the boards are; probabilities are of one frame. The default is a perfect cabinet."""

    line: LineFaults = PERFECT
    merge: float = 0.0  # a frame waits, and goes out in one write with the next one: late, and in front of it
    bad_checksum: float = 0.0  # one byte of a frame is wrong
    no_reply: float = 0.0
    deaf: float = 0.0  # a request reaches the boards with a wrong byte
    deaf_to_unlock: float = 0.0  # so does an unlock
    delay_s: float = 0.0  # before each reply
    echo: bool = False  # the adapter hears itself
    bad_echo: float = 0.0  # one byte of the echo is wrong

    def __post_init__(self) -> None:
        for name in ("merge", "bad_checksum", "no_reply", "deaf", "deaf_to_unlock", "bad_echo"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name}: want 0 to 1, got {getattr(self, name)}")
        if self.delay_s < 0.0:
            raise ValueError(f"delay_s: want 0 or more, got {self.delay_s}")


WELL = LockerFaults()


@dataclass(slots=True)
class SimulatedLockers:
    """One line with boards of one ``family`` ("cu16", "cu48", "8a", "wkly"), on the running loop; ``with`` plugs it in.

    ``faults`` may be replaced at any time. ``heard`` is every request that reached the boards whole, for tests.
    """

    path: Path
    family: str
    boards: Sequence[SimulatedBoard]
    random: Random
    faults: LockerFaults = WELL
    monotonic: Callable[[], float] = time.monotonic
    heard: list[bytes] = field(default_factory=list)
    unheard: list[bytes] = field(default_factory=list)  # those that reached them spoilt
    on_request: Callable[[bytes], None] | None = None  # called before the boards act, for tests that pull the plug just then
    terminal: Terminal = field(init=False)
    _buffer: bytearray = field(default_factory=bytearray, init=False, repr=False)
    _waiting: bytearray = field(default_factory=bytearray, init=False, repr=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False, repr=False)
    _line: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)  # one frame at a time

    def __post_init__(self) -> None:
        self.terminal = Terminal(self.path, hear=self._hear)
        if self.family not in SPEECH:
            raise ValueError(f"family: want one of {', '.join(SPEECH)}, got {self.family!r}")

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.unplug()

    def plug(self) -> None:
        """Plug the adapter in."""
        self.terminal.plug()

    def unplug(self) -> None:
        """Pull the adapter: what was being said is cut off. Doors that were pulsed open all the same."""
        for task in self._tasks:
            task.cancel()
        self._buffer.clear()
        self._waiting.clear()
        self.terminal.unplug()
        for board in self.boards:
            board.settle(float("inf"))

    @property
    def pulses(self) -> list[LockPulse]:
        """Every lock that was energised, in order of time."""
        return sorted((pulse for board in self.boards for pulse in board.pulses), key=lambda pulse: pulse.at_s)

    @property
    def moves(self) -> list[DoorMove]:
        """Every door that opened or shut, in order of time. One opened by hand has opened without a command."""
        return sorted((move for board in self.boards for move in board.moves), key=lambda move: move.at_s)

    def board(self, address: int) -> SimulatedBoard:
        """The board with this address; KeyError if there is none."""
        for board in self.boards:
            if board.address == address:
                return board
        raise KeyError(address)

    def open_by_hand(self, address: int, lock: int) -> None:
        """Somebody forces the door, or uses the key."""
        self._move(address, lock, is_open=True)

    def shut(self, address: int, lock: int) -> None:
        """Somebody shuts the door."""
        self._move(address, lock, is_open=False)

    def say(self, data: bytes) -> None:
        """Put bytes on the line as they are."""
        self.terminal.write(data)

    def _move(self, address: int, lock: int, *, is_open: bool) -> None:
        board = self.board(address)
        if board.move(lock, is_open=is_open, by=MovedBy.HAND, at_s=self.monotonic()):
            self._push(board, [lock])

    def _hear(self, data: bytes) -> None:
        if self.faults.echo:
            self.terminal.write(self._spoilt(data) if self._happens(self.faults.bad_echo) else data)
        self._buffer += data
        while (request := self._next_request()) is not None:
            if self._happens(self.faults.deaf) or (self._is_unlock(request) and self._happens(self.faults.deaf_to_unlock)):
                self.unheard.append(request)
                continue
            self.heard.append(request)
            if self.on_request is not None:
                self.on_request(request)
            self._obey(request)
        del self._buffer[:-_KEPT]

    def _is_unlock(self, request: bytes) -> bool:
        speech = SPEECH[self.family]
        return isinstance(speech.hear(request, speech.base), Unlock)

    def _next_request(self) -> bytes | None:
        speech = SPEECH[self.family]
        while self._buffer:
            length = speech.length(bytes(self._buffer))
            if length < 0 or length > len(self._buffer):
                return None
            raw = bytes(self._buffer[:length])
            if length and speech.hear(raw, speech.base) is not None:
                del self._buffer[:length]
                return raw
            del self._buffer[:1]
        return None

    def _obey(self, request: bytes) -> None:
        speech = SPEECH[self.family]
        for board in self.boards:
            base = speech.base if board.line_lock_base is None else board.line_lock_base
            wish = speech.hear(request, base)
            if wish is None or wish.address != board.address:
                continue
            match wish:
                case Ask(lock=lock) if lock == ALL or lock in board.doors:
                    self._reply(speech.say_doors(board, lock, base))
                case Unlock(locks=locks):
                    self._unlock(board, locks, base)
                case _:
                    pass

    def _unlock(self, board: SimulatedBoard, locks: tuple[int, ...], base: int) -> None:
        wanted = [lock for lock in board.doors if lock in locks or ALL in locks]
        were_open = {lock for lock in wanted if board.doors[lock].is_open}
        for lock in wanted if not board.refuses else ():
            board.pulse(lock, self.monotonic())
        for lock in wanted:
            if board.replies:
                self._reply(SPEECH[self.family].say_unlocked(board, lock, base))
        self._push(board, [lock for lock in wanted if board.doors[lock].is_open and lock not in were_open])
        if (due_s := board.next_due_s()) is not None:
            self._start(self._settle_later(board, due_s - self.monotonic()))

    async def _settle_later(self, board: SimulatedBoard, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self._push(board, board.settle(self.monotonic() + 0.001))

    def _push(self, board: SimulatedBoard, locks: Sequence[int]) -> None:
        speech = SPEECH[self.family]
        base = speech.base if board.line_lock_base is None else board.line_lock_base
        for lock in locks if board.pushes else ():
            if (pushed := speech.say_moved(board, lock, base)) is not None:
                self._reply(pushed)

    def _reply(self, frame: bytes) -> None:
        if self._happens(self.faults.no_reply):
            return
        if self._happens(self.faults.bad_checksum):
            frame = self._spoilt(frame)
        self._start(self._write(frame))

    async def _write(self, frame: bytes) -> None:
        async with self._line:
            await asyncio.sleep(self.faults.delay_s)
            if self._happens(self.faults.merge) and not self._waiting:
                self._waiting += frame
                return
            frame = bytes(self._waiting) + frame
            self._waiting.clear()
            for piece in pieces(frame, self.faults.line, self.random):
                if self.terminal.is_plugged:
                    self.terminal.write(piece.data)
                await asyncio.sleep(piece.pause_s)

    def _spoilt(self, frame: bytes) -> bytes:
        at = self.random.randrange(len(frame))
        return frame[:at] + bytes((frame[at] ^ self.random.randint(1, 255),)) + frame[at + 1 :]

    def _happens(self, probability: float) -> bool:
        return self.random.random() < probability

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
