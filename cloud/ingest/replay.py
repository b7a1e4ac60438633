"""Applies a message out of quarantine by the same steps that refused it, exactly once.

Its batch key is held already where it was acknowledged: the row of quarantine, locked in the same transaction, is what makes a
second replay do nothing.
"""

import time
from dataclasses import dataclass
from datetime import datetime

import psycopg
import structlog

from cloud.domain.notices import RoomNotice
from cloud.ingest.batch import Arrival, Reason, Rejected, Sealed
from cloud.ingest.checks import check
from cloud.ingest.events import EventConflictError, ask_events, finish_events, lock_sites
from cloud.ingest.keys import take_keys
from cloud.ingest.presence import Word, read_word, write_word
from cloud.ingest.relations import Relations, refused, request_replays
from cloud.ingest.telemetry import SensorIds, apply_telemetry
from cloud.store.pool import Connection, is_unavailable
from cloud.store.quarantine import QuarantinedMessage, QuarantineRow, conclude, locked, requested
from cloud.store.rooms import change
from edge.wire.clock import Clock, to_ms, utc

log = structlog.get_logger("ingest")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one replay. ``outcome`` says it in words."""

    is_applied: bool
    outcome: str
    versions: tuple[RoomNotice, ...] = ()


async def replay(connection: Connection, row_id: int, clock: Clock) -> Replayed:
    """Apply one message of quarantine if it can be applied now; what came of it is written beside it. LookupError."""
    now = utc(clock.now_ms())
    sensors = SensorIds()
    item = await _read(connection, row_id, clock)
    try:
        if isinstance(item, Sealed):
            await sensors.learn(connection, [item])
        async with connection.transaction():
            return await _replay_locked(connection, row_id, item, sensors, now)
    except (psycopg.Error, EventConflictError, ArithmeticError, ValueError) as error:
        if is_unavailable(error):
            raise
        # Whatever else it is, trying again at once would not mend it, and would keep ingest from its other work.
        outcome = f"still refused: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        await conclude(connection, row_id, "kept", outcome, now)
        return Replayed(is_applied=False, outcome=outcome)


async def replay_requested(connection: Connection, clock: Clock) -> list[RoomNotice]:
    """Replay what people asked for, and what a relation was missing for that is there by now; returns the rooms that changed."""
    versions: list[RoomNotice] = []
    await request_replays(connection, utc(clock.now_ms()))
    for row_id in await requested(connection):
        replayed = await replay(connection, row_id, clock)
        log.info("replayed from quarantine", id=row_id, applied=replayed.is_applied, outcome=replayed.outcome)
        versions += replayed.versions
    return versions


async def _read(connection: Connection, row_id: int, clock: Clock) -> Sealed | Rejected | Word:
    async with connection.transaction():
        message = await locked(connection, row_id)
    if message is None:
        raise LookupError(f"quarantine {row_id}: there is none")
    arrival = _arrival(message)
    word = read_word(arrival)
    item = word if isinstance(word, Word) else check(arrival)
    topic = item.topic
    if topic is not None and await Relations(clock, time.monotonic).strangers(connection, {topic[:2]}):
        return refused(arrival, topic)
    return item


def _arrival(message: QuarantinedMessage) -> Arrival:
    row = message.row
    # Received when it first came: what its times are measured against.
    properties = tuple((name, value) for name, value in row.properties)
    return Arrival(row.topic, message.payload, properties, row.content_type, to_ms(row.first_at))


async def _replay_locked(
    connection: Connection, row_id: int, item: Sealed | Rejected | Word, sensors: SensorIds, now: datetime
) -> Replayed:
    message = await locked(connection, row_id)
    if message is None:
        raise LookupError(f"quarantine {row_id}: there is none")
    refusal = await _refusal(connection, message)
    if refusal is not None:
        if message.row.state == "requested":
            await conclude(connection, row_id, "kept", refusal, now)
        return Replayed(is_applied=False, outcome=refusal)
    if isinstance(item, Rejected):
        outcome = f"still refused: {item.reason}: {item.detail}"
        await conclude(connection, row_id, "kept", outcome, now)
        return Replayed(is_applied=False, outcome=outcome)
    if isinstance(item, Word):
        return await _replay_word(connection, message.row, item, now)
    clocks = await lock_sites(connection, [item])
    found = await take_keys(connection, [item], now)
    if found.conflict:
        outcome = "refused: its key is held with other content; the site sends it again under a new epoch"
        await conclude(connection, row_id, "kept", outcome, now)
        return Replayed(is_applied=False, outcome=outcome)
    if found.duplicate and message.row.reason == Reason.RELATION:  # it was not acknowledged, so the key is of another sending
        await conclude(connection, row_id, "replayed", "the site has sent it again, and that was applied", now)
        return Replayed(is_applied=True, outcome="the site has sent it again, and that was applied")
    telemetry = await apply_telemetry(connection, [item], sensors)
    # Where it was acknowledged its key is held since then.
    asked = await ask_events(connection, [item], clocks, now, of_taken_keys=False)
    events = await finish_events(connection, [item], asked)
    outcome = f"applied: {telemetry.rows + events.rows} rows"
    await conclude(connection, row_id, "replayed", outcome, now)
    versions = await change(connection, [*telemetry.entries, *events.entries], now)
    return Replayed(is_applied=True, outcome=outcome, versions=tuple(versions))


async def _replay_word(connection: Connection, row: QuarantineRow, word: Word, now: datetime) -> Replayed:
    """What a site said of itself; an old word changes nothing (`presence`)."""
    entries = await write_word(connection, word, row.last_at)
    outcome = "applied" if entries else "the site has said something newer since"
    await conclude(connection, row.id, "replayed", outcome, now)
    return Replayed(is_applied=True, outcome=outcome, versions=tuple(await change(connection, entries, now)))


async def _refusal(connection: Connection, message: QuarantinedMessage) -> str | None:
    """Why this message may not be replayed at all; None where it may."""
    row = message.row
    if row.state in ("replayed", "discarded"):
        return f"it is {row.state}"
    if not message.is_whole:
        return "its payload was cut: only the first part is kept"
    if row.reason == "conflict":
        return "a conflict is not replayed: the site sends it again under a new epoch"
    cursor = await connection.execute(
        "SELECT id FROM quarantine WHERE topic = %s AND batch_key = %s AND batch_key <> '' AND state = 'replayed'",
        (row.topic, row.batch_key),
    )
    twin = await cursor.fetchone()
    return None if twin is None else f"the same batch was replayed as {twin[0]}"
