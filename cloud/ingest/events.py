"""Applies events: the rows, what they are about, what they undo and correct, and the fold of all they touch.

Leaves the transaction to `flush` and the fold itself to `store.folding`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from cloud.domain.events import believed_at_ms, offset_for
from cloud.domain.order import iso
from cloud.domain.rooms import site_room
from cloud.ingest.batch import Sealed
from cloud.ingest.clocks import Boot, lock_and_ask_offsets, read_offsets
from cloud.store.folding import ask_refold
from cloud.store.pool import Connection, Cursor
from cloud.store.rooms import RoomEntry, entry
from edge.wire.clock import utc
from edge.wire.ids import EventId
from edge.wire.messages import (
    AnyFact,
    ClockCorrected,
    CommandFinished,
    DeviceChanged,
    Event,
    EventBatch,
    EventUndone,
    LabelUnknown,
    ParcelReceived,
    ParcelReleased,
    ParcelShelved,
)
from edge.wire.order import ZERO, Hlc


class EventConflictError(Exception):
    """An event's number is taken by other content: the batch's site has a twin. ``batches`` cannot be applied."""

    def __init__(self, batches: Sequence[Sealed]) -> None:
        super().__init__(f"{len(batches)} batches hold an event whose number is taken by another")
        self.batches = batches


@dataclass(frozen=True, slots=True)
class AppliedEvents:
    """What was written: new events, entries for the rooms, the highest order key of what they touched."""

    rows: int
    entries: tuple[RoomEntry, ...]
    hlc: Hlc


@dataclass(frozen=True, slots=True)
class _Arrived:
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


async def lock_sites(connection: Connection, batches: Sequence[Sealed]) -> Cursor | None:
    """One writer of a site's events at a time, an undo's target included: else an undo and its target could miss each other.

    Comes before the batches' keys are taken. Asks what is known of the boots' clocks, for `apply_events`; None where there are
    no events.
    """
    arrived = list(_arrived(batches))
    if not arrived:
        return None
    sites = {one.id.site for one in arrived}
    sites |= {EventId.parse(one.event.fact.target).site for one in arrived if isinstance(one.event.fact, EventUndone)}
    return await lock_and_ask_offsets(connection, sites, {one.boot for one in arrived})


async def apply_events(connection: Connection, batches: Sequence[Sealed], clocks: Cursor | None, now: datetime) -> AppliedEvents:
    """Write the batches' events and fold what they touch. All batches are new. EventConflictError where a number is taken.

    ``clocks`` is `lock_sites`' answer. All is asked before anything is read, for in a pipeline that is one wait.
    """
    arrived = list(_arrived(batches))
    if not arrived or clocks is None:
        return AppliedEvents(0, (), ZERO)
    offsets = await read_offsets(clocks)
    unique = {one.id: one for one in reversed(arrived)}  # of a repeated number the first counts
    in_order = [unique[key] for key in sorted(unique)]
    inserting = await connection.execute(_INSERT, _recordsets(in_order, offsets, now))
    undos = {one.id: EventId.parse(fact.target) for one in in_order if isinstance(fact := one.event.fact, EventUndone)}
    if undos:
        await _link_undos(connection, undos)
    corrected = await _correct_clocks(connection, in_order)
    folding = await ask_refold(connection, await _parcels_touched(connection, in_order, corrected))
    new = {EventId(*row) for row in await inserting.fetchall()}
    await _refuse_twins(connection, [one for one in arrived if one.id not in new or unique[one.id] is not one])
    folded = await folding.finish()
    heard = max(one.event.hlc for one in arrived)
    entries = (*folded.entries, *_site_entries((unique[key] for key in new), offsets))
    return AppliedEvents(len(new), entries, max(folded.hlc, Hlc(heard)))


def _arrived(batches: Iterable[Sealed]) -> Iterable[_Arrived]:
    for batch in batches:
        if isinstance(batch.body, EventBatch):
            for event in batch.body.events:
                yield _Arrived(_id(batch, event), event, batch)


def _id(batch: Sealed, event: Event) -> EventId:
    return EventId(batch.topic.site, batch.envelope.epoch, event.n)  # type: ignore[arg-type]  # n is what EventNumber counts


# The events; what each is about; and the undos of them that came before they did, which are about the same. A parcel that nobody
# has heard of becomes a skeleton.
_INSERT = """
WITH RECURSIVE inserted AS (
    INSERT INTO event (site_id, epoch, n, hlc, boot, kind, at, measured_at, received_at, clock, operator_id, device, actor, fact)
    SELECT site_id, epoch, n, hlc, boot, fact->>'kind', at, measured_at, received_at, clock, operator_id, device, actor, fact
    FROM jsonb_to_recordset(%s::jsonb) AS given (
        site_id text, epoch uuid, n bigint, hlc bigint, boot int, at timestamptz, measured_at timestamptz, received_at timestamptz,
        clock text, operator_id text, device text, actor text, fact jsonb)
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
    RETURNING site_id, epoch, n
), about AS (
    SELECT given.entity, given.entity_id, given.site_id, given.epoch, given.n
    FROM jsonb_to_recordset(%s::jsonb) AS given (entity text, entity_id text, site_id text, epoch uuid, n bigint)
    JOIN inserted USING (site_id, epoch, n)
    UNION
    SELECT about.entity, about.entity_id, u.site_id, u.epoch, u.n
    FROM about JOIN event_undo u ON (u.target_site_id, u.target_epoch, u.target_n) = (about.site_id, about.epoch, about.n)
), subjects AS (
    INSERT INTO event_subject (entity, entity_id, site_id, epoch, n)
    SELECT * FROM about ORDER BY 1, 2, 3, 4, 5 ON CONFLICT DO NOTHING
), skeletons AS (
    INSERT INTO parcel (id, created_at)
    SELECT DISTINCT entity_id, %s::timestamptz FROM about WHERE entity = 'parcel' ORDER BY 1 ON CONFLICT DO NOTHING
)
SELECT site_id, epoch, n FROM inserted
"""


class _EventRow(msgspec.Struct, frozen=True):
    site_id: str
    epoch: UUID
    n: int
    hlc: int
    boot: int
    at: datetime
    measured_at: datetime
    received_at: datetime
    clock: str
    operator_id: str
    device: str
    actor: str
    fact: AnyFact


class _SubjectRow(msgspec.Struct, frozen=True):
    entity: str
    entity_id: str
    site_id: str
    epoch: UUID
    n: int


_to_json = msgspec.json.Encoder().encode


def _recordsets(events: Sequence[_Arrived], offsets: Mapping[Boot, int], now: datetime) -> tuple[str, str, datetime]:
    """What `_INSERT` is given: the events, what they are about, the time."""
    rows = [
        _EventRow(
            *one.id,
            one.event.hlc,
            one.event.boot,
            utc(one.at_ms(offsets)),
            utc(one.event.measured_at_ms),
            utc(one.batch.arrival.received_at_ms),
            one.event.clock.value,
            one.batch.topic.operator,
            one.event.device,
            one.event.actor,
            one.event.fact,
        )
        for one in events
    ]
    subjects = [_SubjectRow("parcel", parcel, *one.id) for one in events if (parcel := _parcel(one.event)) is not None]
    return _to_json(rows).decode(), _to_json(subjects).decode(), now


async def _refuse_twins(connection: Connection, repeated: Sequence[_Arrived]) -> None:
    """Events whose number was there before must be the same events; otherwise two cards share an epoch."""
    if not repeated:
        return
    cursor = await connection.execute(
        """
        SELECT site_id, epoch, n, hlc, boot, measured_at, fact::text FROM event
        WHERE (site_id, epoch, n) IN (SELECT * FROM unnest(%s::text[], %s::uuid[], %s::bigint[]))
        """,
        tuple(list(column) for column in zip(*(one.id for one in repeated), strict=True)),
    )
    held = {EventId(*row[:3]): (*row[3:6], msgspec.json.decode(row[6])) for row in await cursor.fetchall()}
    twins = {
        one.batch.key: one.batch
        for one in repeated
        if held.get(one.id) != (one.event.hlc, one.event.boot, utc(one.event.measured_at_ms), msgspec.to_builtins(one.event.fact))
    }
    if twins:
        raise EventConflictError(list(twins.values()))


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


async def _link_undos(connection: Connection, undos: Mapping[EventId, EventId]) -> None:
    """Say what undoes what (undo → target). An undo is about what its target is about, whichever of the two came first."""
    await connection.execute(
        """
        INSERT INTO event_undo (target_site_id, target_epoch, target_n, site_id, epoch, n)
        SELECT * FROM unnest(%s::text[], %s::uuid[], %s::bigint[], %s::text[], %s::uuid[], %s::bigint[]) ON CONFLICT DO NOTHING
        """,
        tuple(list(column) for column in zip(*((*target, *undo) for undo, target in undos.items()), strict=True)),
    )
    await connection.execute(_LINK_UNDOS, _id_columns(list(undos)))


def _id_columns(ids: Sequence[EventId]) -> dict[str, list[object]]:
    return {"sites": [one.site for one in ids], "epochs": [one.epoch for one in ids], "numbers": [one.n for one in ids]}


async def _correct_clocks(connection: Connection, new: Sequence[_Arrived]) -> list[Boot]:
    """Write corrections, the latest said of a boot standing; returns the boots they are about."""
    latest: dict[Boot, tuple[int, int]] = {}
    for one in new:
        match one.event.fact:
            case ClockCorrected(boot=boot, offset_ms=offset_ms):
                key = Boot(one.id.site, one.id.epoch, boot)
                latest[key] = max(latest.get(key, (-1, 0)), (one.event.hlc, offset_ms))
            case _:
                pass
    for key, (hlc, offset_ms) in sorted(latest.items()):
        await connection.execute(
            """
            INSERT INTO clock_correction (site_id, epoch, boot, offset_ms, hlc) VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (site_id, epoch, boot) DO UPDATE SET offset_ms = excluded.offset_ms, hlc = excluded.hlc
            WHERE clock_correction.hlc < excluded.hlc
            """,
            (*key, offset_ms, hlc),
        )
    return sorted(latest)


def _parcel(event: Event) -> str | None:
    return event.fact.parcel if isinstance(event.fact, ParcelReceived | ParcelShelved | ParcelReleased) else None


async def _parcels_touched(connection: Connection, new: Sequence[_Arrived], boots: Sequence[Boot]) -> set[str]:
    """The parcels to fold again: those the events name, those their undos undo something of, those of the corrected boots."""
    touched = {parcel for one in new if (parcel := _parcel(one.event)) is not None}
    undos = [one.id for one in new if isinstance(one.event.fact, EventUndone)]
    return touched | await _subjects_of(connection, undos, boots) if undos or boots else touched


async def _subjects_of(connection: Connection, ids: Sequence[EventId], boots: Sequence[Boot]) -> set[str]:
    cursor = await connection.execute(
        """
        SELECT DISTINCT entity_id FROM event_subject
        WHERE entity = 'parcel' AND (site_id, epoch, n) IN (
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
    return {row[0] for row in await cursor.fetchall()}


class SiteFact(msgspec.Struct, frozen=True):
    """Body of ``device/{name}``, ``problem/label`` and ``command`` in a site's room."""

    at: str
    device: str
    actor: str
    fact: DeviceChanged | LabelUnknown | CommandFinished


def _site_entries(new: Iterable[_Arrived], offsets: Mapping[Boot, int]) -> Iterable[RoomEntry]:
    """What a site's room shows besides parcels; the latest of each kind stands."""
    for one in sorted(new, key=lambda one: (one.event.hlc, one.id)):
        room = site_room(one.id.site)
        at = iso(one.at_ms(offsets))
        match one.event.fact:
            case DeviceChanged(device=device) as fact:
                yield entry(room, f"device/{device}", SiteFact(at, one.event.device, one.event.actor, fact))
            case LabelUnknown() as fact:
                yield entry(room, "problem/label", SiteFact(at, one.event.device, one.event.actor, fact))
            case CommandFinished() as fact:
                yield entry(room, "command", SiteFact(at, one.event.device, one.event.actor, fact))
            case _:
                pass
