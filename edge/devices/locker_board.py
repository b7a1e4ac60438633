"""One locker board: its doors, and opening one of them at most once a wish. A ports.py driver that shares its line with others.

Leaves the line to locker_bus and bytes to the codecs.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog

from edge.devices import locker_cu16, locker_cu48, locker_wkly, locker_xor8a
from edge.devices.locker import (
    Article,
    BoardFamily,
    Cell,
    Door,
    LockerBoardSettings,
    LockerBusSettings,
    OpenOutcome,
    OpenResult,
    Pulse,
)
from edge.devices.locker_bus import SEND_WITHIN_S, LockerBus
from edge.devices.locker_exchange import NotSentError
from edge.devices.locker_frames import DoorReport, LockerCodec, OtherFrame, Reply, UnlockReply
from edge.devices.ports import DeviceHealth, DeviceState
from edge.wire.clock import Clock

AGREEING = 2  # answers in a row before a door is believed: the boards' checksums are one byte
TRIES = 2  # of a question; questions may be repeated, unlocks never
MISSED_ANSWERS = 2  # in a row, and the board counts as lost
GRACE_S = 2.0  # for the answer that agrees with the last one before the time was up
AWAY_PAUSE_S = 0.1  # between two looks at a line that is away
SHUT_PAUSE_S = 0.3  # between two looks at a door that somebody will shut

_CODECS: Mapping[BoardFamily, Callable[[LockerBoardSettings], LockerCodec]] = {
    BoardFamily.CU16: locker_cu16.Cu16,
    BoardFamily.CU48: locker_cu48.Cu48,
    BoardFamily.XOR8A: locker_xor8a.Xor8a,
    BoardFamily.WKLY: locker_wkly.Wkly,
}

_log = structlog.get_logger()


@dataclass(slots=True)
class _Watch:
    """What is seen of one door after its unlock was sent."""

    lock: int
    replied: bool = False
    accepted: bool = True
    pushed_open: bool = False
    answers: list[Door] = field(default_factory=list)

    def agree_on(self, door: Door) -> bool:
        """Whether the last answers all say so."""
        return len(self.answers) >= AGREEING and set(self.answers[-AGREEING:]) == {door}

    @property
    def wants_another(self) -> bool:
        """The last answer stands alone."""
        return bool(self.answers) and self.answers[-1] is not Door.UNKNOWN and not self.agree_on(self.answers[-1])


class SerialLockerBoard:
    """A locker.LockerBoard."""

    def __init__(self, bus: LockerBus, codec: LockerCodec, unlock_replies: bool, clock: Clock) -> None:
        self._bus = bus
        self._codec = codec
        self._settings: LockerBoardSettings = codec.board
        self._unlock_replies = unlock_replies
        self._clock = clock
        self._opening = asyncio.Lock()  # two wishes for one cell: the second then finds its door open
        self._watch: _Watch | None = None
        self._doors: dict[int, Door] = {}  # as last heard, for the detail of a wrong door
        self._missed = 0
        self._health = DeviceHealth(self.name, DeviceState.LOST, "not asked yet", clock.now_ms())

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def cells(self) -> range:
        return range(self._settings.first_cell, self._settings.first_cell + self._settings.locks)

    @property
    def codec(self) -> LockerCodec:
        return self._codec

    async def __aenter__(self) -> Self:
        await self._bus.join()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._bus.leave()

    async def tried(self) -> DeviceHealth:
        """The health after the first try: the board has answered, or it is known why not."""
        await self._bus.tried()
        for _ in range(MISSED_ANSWERS):
            if await self._ask_door(1) is not Door.UNKNOWN:
                break
        return self.health()

    def health(self) -> DeviceHealth:
        line = self._bus.health()
        if line.state is not DeviceState.OK:
            return DeviceHealth(self.name, line.state, line.detail, line.since_ms)
        if self._health.state is DeviceState.OK:
            return DeviceHealth(self.name, DeviceState.OK, self._bus.traffic.detail, self._health.since_ms)
        return self._health

    async def doors(self) -> Mapping[int, Door]:
        return {number: cell.door for number, cell in (await self.look()).items()}

    async def look(self) -> Mapping[int, Cell]:
        doors: dict[int, Door] = {}
        articles: dict[int, Article] = {}
        requests = self._codec.ask_doors()
        for lock, request in enumerate(requests, start=1):
            report = await self._ask(request, lock if len(requests) > 1 else None)
            if report is None:
                break  # the board is away: the others would only take as long to say so
            doors.update(report.doors)
            articles.update(report.articles)
        return {
            cell: Cell(doors.get(lock, Door.UNKNOWN), articles.get(lock, Article.UNKNOWN))
            for lock, cell in enumerate(self.cells, start=1)
        }

    async def open(self, cell: int) -> OpenResult:
        lock = self._lock(cell)
        send_by_s = time.monotonic() + SEND_WITHIN_S
        async with self._opening:
            result = await self._open(cell, lock, send_by_s)
        _log.info("cell_opened", board=self.name, cell=cell, outcome=result.outcome.value, pulse=result.pulse.value)
        return result

    async def wait_closed(self, cell: int, within_s: float) -> Door:
        lock = self._lock(cell)
        until_s = time.monotonic() + within_s
        while True:
            door = await self._sure_door(lock)
            left_s = until_s - time.monotonic()
            if door is Door.CLOSED or left_s <= 0:
                return door
            await asyncio.sleep(min(SHUT_PAUSE_S, left_s))

    def hear(self, frame: Reply) -> None:
        """From the bus: every frame of this board, asked for or not."""
        if not isinstance(frame, OtherFrame):  # which may be our own, come back
            self._alive()
        watch = self._watch
        if isinstance(frame, DoorReport):
            self._doors.update(frame.doors)
            if watch is not None and frame.pushed and frame.doors.get(watch.lock) is Door.OPEN:
                watch.pushed_open = True
        elif isinstance(frame, UnlockReply) and watch is not None and frame.lock == watch.lock:
            watch.replied, watch.accepted = True, frame.accepted

    def note_answer(self, *, came: bool) -> None:
        """From the bus: a question was answered, or not."""
        if came:
            self._alive()
            return
        self._missed += 1
        if self._missed >= MISSED_ANSWERS:
            address = self._settings.address
            self._say(
                DeviceState.LOST, f"no answer at address {address}: check its power, its address switches and its wires A and B"
            )

    async def _open(self, cell: int, lock: int, send_by_s: float) -> OpenResult:
        before = await self._sure_door(lock)
        if before is Door.OPEN:
            detail = "it stood open before: shut it, or check one_is and its contact"
            return OpenResult(cell, OpenOutcome.LEFT_OPEN, Pulse.NONE, before, detail)
        if before is Door.UNKNOWN:
            detail = self.health().detail or "its contact cannot be read: nothing was sent"
            return OpenResult(cell, OpenOutcome.FAILED, Pulse.NONE, before, detail)
        others = dict(self._doors)
        watch = _Watch(lock)
        try:
            await self._send_unlock(watch, send_by_s)
            return await self._watched(cell, watch, others)
        except NotSentError as error:
            return OpenResult(cell, OpenOutcome.FAILED, Pulse.NONE, before, str(error))
        finally:
            self._watch = None

    async def _send_unlock(self, watch: _Watch, send_by_s: float) -> None:
        """Once, whatever comes of it. NotSentError."""

        def begin_watch() -> None:
            self._watch = watch

        reply = await self._bus.ask(
            self._codec.unlock(watch.lock),
            lambda frame: self._codec.answers_unlock(frame, watch.lock),
            reply_s=self._bus.reply_s if self._unlock_replies else 0.0,
            send_by_s=send_by_s,
            on_sent=begin_watch,
        )
        if reply is not None:
            watch.replied = True

    async def _watched(self, cell: int, watch: _Watch, others: Mapping[int, Door]) -> OpenResult:
        """What the door does after its unlock was sent, or may have been."""
        until_s = time.monotonic() + self._settings.feedback_s
        while (now_s := time.monotonic()) < until_s or (watch.wants_another and now_s < until_s + GRACE_S):
            door = await self._ask_door(watch.lock)
            watch.answers.append(door)
            if watch.agree_on(Door.OPEN) or (watch.pushed_open and door is Door.OPEN):
                return OpenResult(cell, OpenOutcome.OPENED, Pulse.GIVEN, Door.OPEN)
            if door is Door.UNKNOWN:
                await asyncio.sleep(AWAY_PAUSE_S)
        if watch.pushed_open:
            return OpenResult(cell, OpenOutcome.OPENED, Pulse.GIVEN, watch.answers[-1], "it opened, and is not open any more")
        if not watch.agree_on(Door.CLOSED):
            pulse = Pulse.GIVEN if watch.replied and watch.accepted else Pulse.UNKNOWN
            detail = self.health().detail or "its contact does not answer"
            return OpenResult(cell, OpenOutcome.UNKNOWN, pulse, Door.UNKNOWN, f"go and look at the door: {detail}")
        return self._stayed_shut(cell, watch, others)

    def _stayed_shut(self, cell: int, watch: _Watch, others: Mapping[int, Door]) -> OpenResult:
        wrong = [
            self.cells[lock - 1]
            for lock, door in self._doors.items()
            if lock != watch.lock and door is Door.OPEN and others.get(lock) is Door.CLOSED
        ]
        hint = f"; cell {wrong[0]} opened instead: check lock_base, status_order and the wires" if wrong else ""
        if watch.replied and watch.accepted:
            detail = f"pulsed, and it stays shut: something jams it, or its contact is stuck{hint}"
            return OpenResult(cell, OpenOutcome.JAMMED, Pulse.GIVEN, Door.CLOSED, detail)
        why = "the board refused" if watch.replied else "the board did not say that it pulsed"
        return OpenResult(cell, OpenOutcome.FAILED, Pulse.UNKNOWN, Door.CLOSED, f"it stays shut, and {why}{hint}")

    async def _sure_door(self, lock: int) -> Door:
        """What AGREEING answers in a row say; UNKNOWN if they are not to be had."""
        answers: list[Door] = []
        for _ in range(AGREEING * 2):
            answers.append(await self._ask_door(lock))
            if answers[-1] is Door.UNKNOWN:
                return Door.UNKNOWN
            if len(answers) >= AGREEING and len(set(answers[-AGREEING:])) == 1:
                return answers[-1]
        return Door.UNKNOWN

    async def _ask_door(self, lock: int) -> Door:
        report = await self._ask(self._codec.ask_door(lock), lock)
        return Door.UNKNOWN if report is None else report.doors[lock]

    async def _ask(self, request: bytes, lock: int | None = None) -> DoorReport | None:
        """A question, asked again if nothing answers; ``lock``: whose door must be in the answer."""
        address = self._settings.address

        def answers(frame: Reply) -> bool:
            return (
                isinstance(frame, DoorReport)
                and not frame.pushed
                and frame.address == address
                and (lock is None or lock in frame.doors)
            )

        for _ in range(TRIES):
            try:
                report = await self._bus.ask(request, answers, member=self)
            except NotSentError:
                return None
            if isinstance(report, DoorReport):
                return report
        return None

    def _lock(self, cell: int) -> int:
        if cell not in self.cells:
            raise ValueError(f"cell: want {self.cells[0]} to {self.cells[-1]} on {self.name}, got {cell}")
        return cell - self._settings.first_cell + 1

    def _alive(self) -> None:
        self._missed = 0
        if self._health.state is not DeviceState.OK:
            self._say(DeviceState.OK, "")

    def _say(self, state: DeviceState, detail: str) -> None:
        since_ms = self._health.since_ms
        if state is not self._health.state:
            since_ms = self._clock.now_ms()
            _log.info("device_changed", device=self.name, state=state.value, detail=detail)
        self._health = DeviceHealth(self.name, state, detail, since_ms)


def boards_of(settings: LockerBusSettings, clock: Clock) -> tuple[SerialLockerBoard, ...]:
    """The boards of one ``[[locker]]``, in order. Each is entered with ``async with``; they share the line by themselves."""
    bus = LockerBus(settings, clock)
    boards = tuple(
        SerialLockerBoard(
            bus,
            _CODECS[settings.family](board),
            settings.traits.unlock_replies if board.unlock_replies is None else board.unlock_replies,
            clock,
        )
        for board in settings.board
    )
    bus.introduce({board.codec.board.address: board for board in boards})
    return boards
