"""Applies events: the rows, what they are about, what they undo and correct, and the fold of all they touch.

Leaves the transaction to `flush` and the fold itself to `store.folding`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cloud.domain.order import iso
from cloud.domain.rooms import site_room
from cloud.ingest.batch import Sealed
from cloud.ingest.clocks import Boot, lock_and_ask_offsets, read_offsets
from cloud.ingest.event_rows import Arrived, arrived_in, insert, touched_by
from cloud.store.alarm_folding import AlarmKey, refold_alarms
from cloud.store.container_folding import fold_containers
from cloud.store.folding import Refold, ask_refold
from cloud.store.pool import Connection, Cursor
from cloud.store.rooms import RoomEntry, entry
from edge.wire.clock import utc
from edge.wire.ids import EventId
from edge.wire.messages import (
    CommandFinished,
    DeviceChanged,
    EventUndone,
    LabelUnknown,
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


async def lock_sites(connection: Connection, batches: Sequence[Sealed]) -> Cursor | None:
    """One writer of a site's events at a time, an undo's target included: else an undo and its target could miss each other.

    Comes before the batches' keys are taken. Asks what is known of the boots' clocks, for `finish_events`; None where there are
    no events.
    """
    arrived = list(arrived_in(batches))
    if not arrived:
        return None
    sites = {one.id.site for one in arrived}
    sites |= {EventId.parse(one.event.fact.target).site for one in arrived if isinstance(one.event.fact, EventUndone)}
    return await lock_and_ask_offsets(connection, sites, {one.boot for one in arrived})


@dataclass(frozen=True, slots=True)
class AskedEvents:
    """Events on their way in: everything is asked, nothing read."""

    clocks: Cursor
    inserting: Cursor
    folding: Refold
    alarms: frozenset[AlarmKey]
    now: datetime


async def ask_events(
    connection: Connection, batches: Sequence[Sealed], clocks: Cursor | None, now: datetime, *, of_taken_keys: bool
) -> AskedEvents | None:
    """Send the batches' events in and ask for all that bears on what they touch; None where there are none.

    ``of_taken_keys``: only the events of batches whose key went in in this very transaction. So nobody has to wait until it is
    known which are new: the statement knows. ``clocks`` is `lock_sites`' answer.
    """
    arrived = list(arrived_in(batches))
    if not arrived or clocks is None:
        return None
    inserting = await insert(connection, arrived, now, of_taken_keys=of_taken_keys)
    touched = await touched_by(connection, arrived)
    containers = await fold_containers(connection, touched.named, touched.changed, now)
    folding = await ask_refold(connection, touched.parcels, now, containers)
    return AskedEvents(clocks, inserting, folding, frozenset(touched.alarms), now)


async def finish_events(connection: Connection, batches: Sequence[Sealed], asked: AskedEvents | None) -> AppliedEvents:
    """Read what became of the events of ``batches``, the new ones, and fold what they touch.

    EventConflictError where a number is taken.
    """
    arrived = list(arrived_in(batches))
    if not arrived or asked is None:
        return AppliedEvents(0, (), ZERO)
    offsets = await read_offsets(asked.clocks)
    new = {EventId(*row) for row in await asked.inserting.fetchall()}
    times = Counter(one.id for one in arrived)
    await _refuse_twins(connection, [one for one in arrived if one.id not in new or times[one.id] > 1])
    folded = await asked.folding.finish()
    alarms = await refold_alarms(connection, asked.alarms, asked.now)
    heard = max(one.event.hlc for one in arrived)
    entries = (*folded.entries, *alarms, *_site_entries((one for one in arrived if one.id in new), offsets))
    return AppliedEvents(len(new), entries, max(folded.hlc, Hlc(heard)))


async def _refuse_twins(connection: Connection, repeated: Sequence[Arrived]) -> None:
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


class SiteFact(msgspec.Struct, frozen=True):
    """Body of ``device/{name}``, ``problem/label`` and ``command`` in a site's room."""

    at: str
    device: str
    actor: str
    fact: DeviceChanged | LabelUnknown | CommandFinished


def _site_entries(new: Iterable[Arrived], offsets: Mapping[Boot, int]) -> Iterable[RoomEntry]:
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
