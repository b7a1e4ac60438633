"""One transaction a flush (ARCHITECTURE, decision 7): dedupe, apply, keep what is broken, rooms, commit.

A flush that the database finds bad is bisected to the bad batch, which alone goes to quarantine; a conflict of transactions is
tried again; where the database cannot serve, nothing is acknowledged and the edge sends again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from cloud.domain.notices import RoomNotice
from cloud.ingest.batch import Arrival, Reason, Rejected, Sealed
from cloud.ingest.checks import check
from cloud.ingest.events import EventConflictError, ask_events, finish_events, lock_sites
from cloud.ingest.keys import Item, ReadKeys, ask_keys, ask_no_keys
from cloud.ingest.rejects import keep_rejected
from cloud.ingest.telemetry import SensorIds, apply_telemetry
from cloud.store.pool import Connection, Unavailable, is_bad_data, is_serialization_conflict, pipelined_transaction
from cloud.store.rooms import AskedChange, RoomEntry, ask_change, read_notices
from edge.wire.clock import Clock, utc
from edge.wire.messages import TelemetryBatch
from edge.wire.order import ZERO, Hlc

_TRIES = 5
_MAX_RETRY_DELAY_S = 0.2  # the other transaction is over by then

Admit = Callable[[Connection, Sequence[Item]], Awaitable[Sequence[Item]]]
Dedupe = Callable[[Connection, Sequence[Item], datetime], Awaitable[ReadKeys]]
OnStep = Callable[[str], None]


def _no_step(_name: str) -> None:
    """Nobody listens to the steps."""


@dataclass(slots=True)
class Outcome:
    """What a committed flush came to. ``answered`` may be acknowledged, ``refused`` conflict with what is held."""

    answered: list[Item] = field(default_factory=list)
    refused: list[Item] = field(default_factory=list)
    quarantined: list[Rejected] = field(default_factory=list)
    versions: list[RoomNotice] = field(default_factory=list)
    hlc: Hlc = ZERO
    rows: int = 0
    duplicates: int = 0

    def add(self, other: "Outcome") -> None:
        """Take in what another transaction came to."""
        self.answered += other.answered
        self.refused += other.refused
        self.quarantined += other.quarantined
        self.versions += other.versions
        self.hlc = max(self.hlc, other.hlc)
        self.rows += other.rows
        self.duplicates += other.duplicates


Answer = Callable[[Outcome], None]
BeforeCommit = Callable[[Outcome], Awaitable[None]]


def _say_nothing(_outcome: Outcome) -> None:
    """A flush that nobody waits for."""


async def _say_nothing_yet(_outcome: Outcome) -> None:
    """Before the commit there is nothing to say."""


async def _admit_all(_connection: Connection, items: Sequence[Item]) -> Sequence[Item]:
    """Where every site serves every operator."""
    return items


@dataclass(slots=True)
class Flusher:
    """Writes flushes on one connection, which nobody else uses.

    ``admit`` refuses what a site may not say (`relations`). ``after_commit`` answers the sites. ``before_commit`` and ``dedupe``
    are there for the tests' mutants; ``on_step`` hears ``before_commit``, ``after_commit`` and ``after_ack``.
    """

    connection: Connection
    clock: Clock
    admit: Admit = _admit_all
    dedupe: Dedupe = ask_keys
    before_commit: BeforeCommit = _say_nothing_yet
    after_commit: Answer = _say_nothing
    on_step: OnStep = _no_step
    sensors: SensorIds = field(default_factory=SensorIds)

    async def flush(self, arrivals: Sequence[Arrival]) -> Outcome:
        """Check and write messages. Raises what `is_unavailable` knows, and then nothing of the raising half is written."""
        return await self.write(await self.admit(self.connection, [check(arrival) for arrival in arrivals]))

    async def write(self, items: Sequence[Item]) -> Outcome:
        """Write what was checked, whole or bisected."""
        try:
            return await self._write_with_retries(items)
        except EventConflictError as conflict:
            return await self._write_refused(items, conflict)
        except (psycopg.Error, ArithmeticError, ValueError) as error:
            # The last two are Python's way of saying that a value cannot be held, such as a date that no calendar has.
            if isinstance(error, psycopg.Error) and not is_bad_data(error):
                raise
            return await self._bisect(items, error)

    async def _bisect(self, items: Sequence[Item], error: Exception) -> Outcome:
        if len(items) > 1:
            middle = len(items) // 2
            outcome = await self.write(items[:middle])
            outcome.add(await self.write(items[middle:]))
            return outcome
        (item,) = items
        if isinstance(item, Rejected):
            raise error  # quarantine itself cannot hold it: not the batch's fault
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        return await self.write([Rejected(item.arrival, Reason.DATABASE, detail, item.topic, item.envelope)])

    async def _write_refused(self, items: Sequence[Item], conflict: EventConflictError) -> Outcome:
        detail = "event: its number is taken by another event of this epoch"
        refused = [Rejected(one.arrival, Reason.CONFLICT, detail, one.topic, one.envelope) for one in conflict.batches]
        arrivals = {one.arrival for one in conflict.batches}
        outcome = await self.write([item for item in items if item.arrival not in arrivals])
        outcome.add(await self._write_with_retries([], refused))
        return outcome

    async def _write_with_retries(self, items: Sequence[Item], refused: Sequence[Rejected] = ()) -> Outcome:
        tries_left = _TRIES
        while True:
            try:
                return await self._transaction(items, refused)
            except psycopg.Error as error:
                if not is_serialization_conflict(error):
                    raise
                tries_left -= 1
                if not tries_left:
                    raise Unavailable(f"the same transaction failed {_TRIES} times: {error}") from error
            await asyncio.sleep(random.uniform(0, _MAX_RETRY_DELAY_S))  # noqa: S311  # spreads retries, guards nothing

    async def _transaction(self, items: Sequence[Item], refused: Sequence[Rejected]) -> Outcome:
        if not items and not refused:
            return Outcome()
        sealed = [item for item in items if isinstance(item, Sealed)]
        await self.sensors.learn(self.connection, sealed)
        has_copy = any(isinstance(item.body, TelemetryBatch) for item in sealed)
        async with self.connection.transaction() if has_copy else pipelined_transaction(self.connection):
            outcome, versions = await self._steps(items, refused, utc(self.clock.now_ms()))
            await self.before_commit(outcome)
            self.on_step("before_commit")
        outcome.versions = await read_notices(versions)
        self.on_step("after_commit")
        self.after_commit(outcome)
        self.on_step("after_ack")
        return outcome

    async def _steps(self, items: Sequence[Item], refused: Sequence[Rejected], now: datetime) -> tuple[Outcome, AskedChange | None]:
        batches = [item for item in items if isinstance(item, Sealed)]
        clocks = await lock_sites(self.connection, batches)
        read_keys = await self.dedupe(self.connection, items, now)
        takes_keys = self.dedupe is not ask_no_keys
        asked = await ask_events(self.connection, batches, clocks, now, of_taken_keys=takes_keys)
        found = await read_keys()
        sealed = [item for item in found.new if isinstance(item, Sealed)]
        telemetry = await apply_telemetry(self.connection, sealed, self.sensors)
        events = await finish_events(self.connection, sealed, asked)
        quarantined = [
            *(item for item in found.new if isinstance(item, Rejected)),
            *(item for item in items if isinstance(item, Rejected) and item.key is None),
            *(_conflicting(item) for item in found.conflict),
            *refused,
        ]
        problems: list[RoomEntry] = await keep_rejected(self.connection, quarantined, now) if quarantined else []
        versions = await ask_change(self.connection, [*telemetry.entries, *events.entries, *problems], now)
        outcome = Outcome(
            answered=[*found.new, *found.duplicate],
            refused=[*found.conflict, *refused],
            quarantined=quarantined,
            hlc=events.hlc,
            rows=telemetry.rows + events.rows,
            duplicates=len(found.duplicate),
        )
        return outcome, versions


def _conflicting(item: Item) -> Rejected:
    detail = "seq: this batch's key is held with other content"
    return Rejected(item.arrival, Reason.CONFLICT, detail, item.topic, item.envelope)
