"""Commands between the line and the desk that carries them out: whoever hears them goes on hearing, however long a door takes.

A lane for each lock board, and one for the rest: within a lane in the order they came, beside each other otherwise. What waits
outlasts the connection it came by. How long a command may wait is its own time to live, which the desk judges when it is its turn.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

import structlog

from edge.downlink import Received
from edge.outbox import NotKeptError
from edge.wire.messages import Command, CommandResponse, Message

# A person at a distance asks for a few; a door takes 30 s at most, and no command lives longer than some minutes.
MAX_WAITING = 32  # overflow policy: the newest is refused, on the record, and its asker hears it at once

_log = structlog.get_logger()


class Desk(Protocol):
    """Who carries them out (``edge.station.commands``), once each."""

    async def carry_out(self, received: Received) -> CommandResponse: ...

    async def refuse(self, received: Received, why: str) -> CommandResponse: ...


class _Errand(NamedTuple):
    received: Received
    response_topic: str
    correlation: bytes


class CommandLanes:
    """``take`` at once, ``run`` until cancelled. ``lane_of``: what must not overtake each other."""

    def __init__(
        self, desk: Desk, respond: Callable[[Message, str, bytes], None], lane_of: Callable[[Command], str]
    ) -> None:  # fmt: skip
        self._desk = desk
        self._respond = respond
        self._lane_of = lane_of
        self._lanes: dict[str, deque[_Errand]] = {}  # the first of each is being carried out
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many are not done yet."""
        return sum(map(len, self._lanes.values()))

    async def take(self, received: Received, response_topic: str, correlation: bytes) -> None:
        """Let it wait for its turn; does not wait for what it does. NotKeptError: its refusal could not be recorded."""
        if self.waiting >= MAX_WAITING:
            why = f"{MAX_WAITING} commands wait already: ask again when they are done"
            self._respond(await self._desk.refuse(received, why), response_topic, correlation)
            return
        self._lanes.setdefault(self._lane_of(received.command), deque()).append(_Errand(received, response_topic, correlation))
        self._news.set()

    async def run(self) -> None:
        """Carry out, lane by lane; begun again, also what was left."""
        at_work: set[str] = set()
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._news.clear()
                    for lane in self._lanes.keys() - at_work:
                        at_work.add(lane)
                        tasks.create_task(self._work(lane, at_work), name=f"commands {lane}")
                    await self._news.wait()
        finally:
            if self.waiting:  # the agent ends: what has begun is settled at its next start, the rest was never begun
                ids = [errand.received.command.id for lane in self._lanes.values() for errand in lane]
                _log.warning("commands_left", ids=ids)

    async def _work(self, lane: str, at_work: set[str]) -> None:
        errands = self._lanes[lane]
        while errands:
            await self._carry_out(errands[0])
            errands.popleft()
        del self._lanes[lane]
        at_work.discard(lane)

    async def _carry_out(self, errand: _Errand) -> None:
        received, topic, correlation = errand
        try:
            response = await self._desk.carry_out(received)
        except NotKeptError as error:  # nothing was done and nothing is answered: the cloud says it again
            _log.error("command_not_kept", id=received.command.id, error=str(error))
        except Exception:  # noqa: BLE001  # the supervisor: one command's trouble is none of the next one's
            _log.exception("command_failed", id=received.command.id)
        else:
            self._respond(response, topic, correlation)
