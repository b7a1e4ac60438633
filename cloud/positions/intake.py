"""One queue for all that hear trackers, and what empties it: many messages in one transaction, then everybody's answer.

Nobody is told that something is kept before it is committed. Where the database is away nothing waits: devices send again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from cloud.domain.notices import RoomNotice
from cloud.positions.flush import Flusher
from cloud.positions.messages import Answer, Message
from cloud.positions.meters import PositionMeters
from cloud.store.pool import Unavailable, connect, is_unavailable
from edge.wire.clock import Clock

QUEUE_MESSAGES = 10_000  # twenty seconds of 500 vehicles; beyond it the newest are turned away, and sent again
FLUSH_MESSAGES = 512
_MIN_BACKOFF_S = 0.2
_MAX_BACKOFF_S = 5.0

log = structlog.get_logger("positions")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    message: Message
    answer: asyncio.Future[Answer]
    came_s: float


@dataclass(slots=True)
class Intake:
    """``run`` until cancelled. ``publish`` tells the live gateways, after the commit."""

    database_url: str
    clock: Clock
    meters: PositionMeters
    publish: Callable[[Sequence[RoomNotice]], None]
    is_away: bool = False
    _queue: deque[_Waiting] = field(default_factory=deque)
    _something: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, message: Message) -> Answer:
        """What became of it, once that is durable. Unavailable where it cannot be kept now: it is to be sent again."""
        if self.is_away:
            raise Unavailable("the database cannot serve now")
        if len(self._queue) >= QUEUE_MESSAGES:
            raise Unavailable("too many wait already")
        waiting = _Waiting(message, asyncio.get_running_loop().create_future(), time.monotonic())
        self._queue.append(waiting)
        self._something.set()
        return await waiting.answer

    async def run(self) -> None:
        """Connect and flush; where the database is lost everybody who waits is told so, and it is tried again."""
        backoff_s = _MIN_BACKOFF_S
        while True:
            try:
                async with await connect(self.database_url, "positions") as connection:
                    if self.is_away:
                        log.info("the database is back")
                    self.is_away = False
                    self.meters.is_up.set(1)
                    backoff_s = _MIN_BACKOFF_S
                    await self._serve(Flusher(connection, self.clock))
            except Exception as error:
                if not is_unavailable(error):
                    raise
                self._lose(error)
            await asyncio.sleep(backoff_s)
            backoff_s = min(_MAX_BACKOFF_S, 2 * backoff_s)

    def _lose(self, error: BaseException) -> None:
        if not self.is_away:
            log.warning("the database is away", why=str(error).partition("\n")[0])
        self.is_away = True
        self.meters.is_up.set(0)
        _fail(self._queue)
        self._queue.clear()

    async def _serve(self, flusher: Flusher) -> None:
        while True:
            while not self._queue:
                self._something.clear()
                await self._something.wait()
            waiting = [self._queue.popleft() for _ in range(min(FLUSH_MESSAGES, len(self._queue)))]
            began_s = time.monotonic()
            try:
                flushed = await flusher.flush([one.message for one in waiting])
            except BaseException:
                _fail(waiting)
                raise
            self.publish(flushed.notices)
            now_s = time.monotonic()
            self.meters.flush_seconds.observe(now_s - began_s)
            for one, answer in zip(waiting, flushed.answers, strict=True):
                self.meters.lag_seconds.observe(now_s - one.came_s)
                self.meters.count(one.message, answer)
                if not one.answer.done():  # who asked may have gone
                    one.answer.set_result(answer)


def _fail(waiting: Sequence[_Waiting] | deque[_Waiting]) -> None:
    for one in waiting:
        if not one.answer.done():
            one.answer.set_exception(Unavailable("the database cannot serve now"))
