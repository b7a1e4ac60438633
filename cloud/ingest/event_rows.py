"""The rows that events become, and what follows from them in the database: subjects, undos, corrections, skeletons of parcels.

Leaves who may write when to `events`, and the fold to `store.folding`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from cloud.domain import alarm
from cloud.domain.container import changes_container
from cloud.domain.events import believed_at_ms, offset_for
from cloud.ingest.batch import LANE_NUMBER, Sealed
from cloud.ingest.clocks import Boot
from cloud.store.alarm_folding import AlarmKey
from cloud.store.pool import Connection, Cursor
from edge.rules.subjects import Entity, subjects
from edge.wire.clock import utc
from edge.wire.ids import EventId
from edge.wire.messages import (
    AnyFact,
    ClockCorrected,
    Event,
    EventBatch,
    EventUndone,
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event with the batch that brought it."""

    id: EventId
    event: Event
    batch: Sealed

    @property
    def boot(self) -> Boot:
        return Boot(self.id.site, self.id.epoch, self.event.boot)

    def at_ms(self, offsets: Mapping[Boot, int]) -> int:
        offset_ms = offset_for(self.event.clock, offsets.get(self.boot, 0))
        return believed_at_ms(self.event.measured_at_ms + offset_ms, self.batch.arrival.received_at_ms)


def arrived_in(batches: Iterable[Sealed]) -> Iterable[Arrived]:
    for batch in batches:
        if isinstance(batch.body, EventBatch):
            for event in batch.body.events:
                yield Arrived(_id(batch, event), event, batch)


def _id(batch: Sealed, event: Event) -> EventId:
    return EventId(batch.topic.site, batch.envelope.epoch, event.n)  # type: ignore[arg-type]  # n is what EventNumber counts


async def insert(connection: Connection, events: Sequence[Arrived], now: datetime, *, of_taken_keys: bool) -> Cursor:
    """Send events in, with all that follows from them; the answer has the ids of those that were not there before.

    ``of_taken_keys``: only those of batches whose key went in in this very transaction.
    """
    inserting = await connection.execute(_INSERT, _recordsets(events, now, of_taken_keys=of_taken_keys))
    undos = [one.id for one in events if isinstance(one.event.fact, EventUndone)]
    if undos:
        await connection.execute(_LINK_UNDOS, _id_columns(undos))
    return inserting


@dataclass(slots=True)
class Touched:
    """What is to be folded again.

    ``named``: operator by container, of all that events name; ``changed``: containers whose state may be another now.
    """

    parcels: set[str] = field(default_factory=set)
    named: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    alarms: set[AlarmKey] = field(default_factory=set)

    def add(self, kind: str, name: str) -> None:
        """One subject of an event, whose state may be another now."""
        match kind:
            case Entity.PARCEL:
                self.parcels.add(name)
            case alarm.ENTITY:
                self.alarms.add(AlarmKey.of_entity(name))
            case _:
                self.changed.add(name)


async def touched_by(connection: Connection, events: Sequence[Arrived]) -> Touched:
    """What the events name, what their undos undo something of, what belongs to corrected boots."""
    touched = Touched()
    for one in events:
        for entity, name in subjects(one.event.fact):
            if entity is Entity.PARCEL:
                touched.parcels.add(name)
            else:
                touched.named[name] = one.batch.topic.operator
                if changes_container(one.event.fact):
                    touched.changed.add(name)
        if (name_of_alarm := alarm.alarm_entity(one.id.site, one.event.fact)) is not None:
            touched.add(alarm.ENTITY, name_of_alarm)
    undos = [one.id for one in events if isinstance(one.event.fact, EventUndone)]
    boots = sorted({_corrected(one) for one in events if isinstance(one.event.fact, ClockCorrected)})
    if undos or boots:
        for kind, name in await _subjects_of(connection, undos, boots):
            touched.add(kind, name)
    return touched


# The events; what each is about, undos what their targets are about; what undoes what; corrected clocks, the latest said of a boot
# standing. All of it follows from rows that went in now. A parcel that nobody has heard of becomes a skeleton.
_INSERT = """
WITH RECURSIVE inserted AS (
    INSERT INTO event (site_id, epoch, n, hlc, boot, kind, measured_at, received_at, clock, operator_id, device, actor, fact)
    SELECT site_id, epoch, n, hlc, boot, fact->>'kind', measured_at, received_at, clock, operator_id, device, actor, fact
    FROM jsonb_to_recordset(%(events)s::jsonb) AS given (
        site_id text, epoch uuid, n bigint, hlc bigint, boot int, measured_at timestamptz, received_at timestamptz,
        clock text, operator_id text, device text, actor text, fact jsonb, lane smallint, seq bigint)
    WHERE NOT %(of_taken_keys)s OR EXISTS (
        SELECT FROM batch
        WHERE (batch.site_id, batch.epoch, batch.lane, batch.seq) = (given.site_id, given.epoch, given.lane, given.seq)
            AND batch.xmin = pg_current_xact_id()::xid)
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
    RETURNING site_id, epoch, n
), undone AS (
    INSERT INTO event_undo (target_site_id, target_epoch, target_n, site_id, epoch, n)
    SELECT target_site_id, target_epoch, target_n, site_id, epoch, n
    FROM jsonb_to_recordset(%(undos)s::jsonb)
        AS given (target_site_id text, target_epoch uuid, target_n bigint, site_id text, epoch uuid, n bigint)
    JOIN inserted USING (site_id, epoch, n)
    ON CONFLICT DO NOTHING
), corrected AS (
    INSERT INTO clock_correction (site_id, epoch, boot, offset_ms, hlc)
    SELECT DISTINCT ON (site_id, epoch, boot) site_id, epoch, boot, offset_ms, hlc
    FROM jsonb_to_recordset(%(corrections)s::jsonb)
        AS given (site_id text, epoch uuid, n bigint, boot int, offset_ms bigint, hlc bigint)
    JOIN inserted USING (site_id, epoch, n)
    ORDER BY site_id, epoch, boot, hlc DESC
    ON CONFLICT (site_id, epoch, boot) DO UPDATE SET offset_ms = excluded.offset_ms, hlc = excluded.hlc
    WHERE clock_correction.hlc < excluded.hlc
), about AS (
    SELECT given.entity, given.entity_id, given.site_id, given.epoch, given.n
    FROM jsonb_to_recordset(%(subjects)s::jsonb) AS given (entity text, entity_id text, site_id text, epoch uuid, n bigint)
    JOIN inserted USING (site_id, epoch, n)
    UNION
    SELECT about.entity, about.entity_id, u.site_id, u.epoch, u.n
    FROM about JOIN event_undo u ON (u.target_site_id, u.target_epoch, u.target_n) = (about.site_id, about.epoch, about.n)
), subjects AS (
    INSERT INTO event_subject (entity, entity_id, site_id, epoch, n)
    SELECT * FROM about ORDER BY 1, 2, 3, 4, 5 ON CONFLICT DO NOTHING
), skeletons AS (
    INSERT INTO parcel (id, created_at)
    SELECT DISTINCT entity_id, %(now)s::timestamptz FROM about WHERE entity = 'parcel' ORDER BY 1 ON CONFLICT DO NOTHING
)
SELECT site_id, epoch, n FROM inserted
"""


class _EventRow(msgspec.Struct, frozen=True):
    site_id: str
    epoch: UUID
    n: int
    hlc: int
    boot: int
    measured_at: datetime
    received_at: datetime
    clock: str
    operator_id: str
    device: str
    actor: str
    fact: AnyFact
    lane: int
    seq: int


class _SubjectRow(msgspec.Struct, frozen=True):
    entity: str
    entity_id: str
    site_id: str
    epoch: UUID
    n: int


class _UndoRow(msgspec.Struct, frozen=True):
    target_site_id: str
    target_epoch: UUID
    target_n: int
    site_id: str
    epoch: UUID
    n: int


class _CorrectionRow(msgspec.Struct, frozen=True):
    site_id: str
    epoch: UUID
    n: int
    boot: int
    offset_ms: int
    hlc: int


_encode = msgspec.json.Encoder().encode


def _recordsets(events: Sequence[Arrived], now: datetime, *, of_taken_keys: bool) -> dict[str, object]:
    """What `_INSERT` is given. Times are as the site's clock had them; whoever shows them corrects them."""
    rows: list[_EventRow] = []
    about: list[_SubjectRow] = []
    undos: list[_UndoRow] = []
    corrections: list[_CorrectionRow] = []
    for one in events:
        rows.append(_row(one))
        about += [_SubjectRow(entity, name, *one.id) for entity, name in subjects(one.event.fact)]
        if (name_of_alarm := alarm.alarm_entity(one.id.site, one.event.fact)) is not None:
            about.append(_SubjectRow(alarm.ENTITY, name_of_alarm, *one.id))
        match one.event.fact:
            case EventUndone(target=target):
                undos.append(_UndoRow(*EventId.parse(target), *one.id))
            case ClockCorrected(boot=boot, offset_ms=offset_ms):
                corrections.append(_CorrectionRow(*one.id, boot, offset_ms, one.event.hlc))
            case _:
                pass
    return {
        "events": _encode(rows).decode(),
        "subjects": _encode(about).decode(),
        "undos": _encode(undos).decode(),
        "corrections": _encode(corrections).decode(),
        "now": now,
        "of_taken_keys": of_taken_keys,
    }


def _row(one: Arrived) -> _EventRow:
    return _EventRow(
        *one.id,
        one.event.hlc,
        one.event.boot,
        utc(one.event.measured_at_ms),
        utc(one.batch.arrival.received_at_ms),
        one.event.clock.value,
        one.batch.topic.operator,
        one.event.device,
        one.event.actor,
        one.event.fact,
        LANE_NUMBER[one.batch.envelope.lane],
        one.batch.envelope.seq,
    )


# An undo is about what its target is about, whichever of the two came first.
_LINK_UNDOS = """
WITH RECURSIVE new AS (
    SELECT * FROM unnest(%(sites)s::text[], %(epochs)s::uuid[], %(numbers)s::bigint[]) AS new (site_id, epoch, n)
), link AS (
    SELECT u.* FROM new JOIN event_undo u ON (u.site_id, u.epoch, u.n) = (new.site_id, new.epoch, new.n)
), about AS (
    SELECT s.entity, s.entity_id, link.site_id, link.epoch, link.n
    FROM link JOIN event_subject s ON (s.site_id, s.epoch, s.n) = (link.target_site_id, link.target_epoch, link.target_n)
    UNION
    SELECT about.entity, about.entity_id, u.site_id, u.epoch, u.n
    FROM about JOIN event_undo u ON (u.target_site_id, u.target_epoch, u.target_n) = (about.site_id, about.epoch, about.n)
)
INSERT INTO event_subject (entity, entity_id, site_id, epoch, n) SELECT * FROM about ORDER BY 1, 2, 3, 4, 5 ON CONFLICT DO NOTHING
"""


def _id_columns(ids: Sequence[EventId]) -> dict[str, list[object]]:
    return {"sites": [one.site for one in ids], "epochs": [one.epoch for one in ids], "numbers": [one.n for one in ids]}


def _corrected(one: Arrived) -> Boot:
    """The run of a machine whose clock an event corrects."""
    fact = one.event.fact
    return Boot(one.id.site, one.id.epoch, fact.boot if isinstance(fact, ClockCorrected) else one.event.boot)


async def _subjects_of(connection: Connection, ids: Sequence[EventId], boots: Sequence[Boot]) -> list[tuple[str, str]]:
    """Entity and id."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT entity, entity_id FROM event_subject
        WHERE (site_id, epoch, n) IN (
            SELECT * FROM unnest(%(sites)s::text[], %(epochs)s::uuid[], %(numbers)s::bigint[])
            UNION ALL
            SELECT e.site_id, e.epoch, e.n FROM event e
            WHERE (e.site_id, e.epoch, e.boot) IN (
                SELECT * FROM unnest(%(boot_sites)s::text[], %(boot_epochs)s::uuid[], %(boots)s::int[])
            )
        )
        """,
        {
            **_id_columns(ids),
            "boot_sites": [boot.site for boot in boots],
            "boot_epochs": [boot.epoch for boot in boots],
            "boots": [boot.number for boot in boots],
        },
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]
