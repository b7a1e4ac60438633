"""Folds parcels and their orders again and writes what came out, in the caller's transaction (decision 7).

Locks parcels by id, then orders by id; whoever else locks them keeps that order. Called by ingest for what events are about and by
the import of orders for parcels that may have been scanned before their order came.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cloud.domain.events import RecordedEvent
from cloud.domain.order import LineView, OrderFacts, OrderParcel, OrderView, fold_order, iso, view
from cloud.domain.parcel import Parcel, fold_parcel
from cloud.domain.rooms import operator_room, order_room, site_room
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, entry
from edge.wire.clock import to_ms, utc
from edge.wire.ids import Epoch, EventNumber, SiteId
from edge.wire.messages import AnyFact, ClockQuality
from edge.wire.order import ZERO, Hlc


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold changed: entries for rooms, and the highest order key among the events it saw."""

    entries: tuple[RoomEntry, ...] = ()
    hlc: Hlc = ZERO


@dataclass(frozen=True, slots=True)
class _ParcelRow:
    id: str
    operator_id: str | None
    order_id: str | None
    site_id: str | None
    zone: str | None
    at_site_id: str | None


class ParcelEntry(msgspec.Struct, frozen=True):
    """Body of ``parcel/{id}`` in a site's room. ``dispute`` names two events of which a person believes one."""

    id: str
    order_id: str | None
    zone: str | None
    state: str
    slot: str
    site: str | None
    at_site: str | None
    state_at: str | None
    exceptions: list[str]
    dispute: list[str]


class OrderEntry(msgspec.Struct, frozen=True):
    """Body of ``order/{id}`` in an operator's room."""

    order_id: str
    external_id: str
    site: str
    state: str
    state_at: str
    pickup_date: str
    parcels: int
    exceptions: list[str]


async def refold(connection: Connection, parcel_ids: Collection[str], now: datetime) -> Folded:
    """Fold these parcels and their orders again and write their states; parcels nobody knew become skeletons.

    The caller writes the entries to the rooms as its last statement before the commit.
    """
    if not parcel_ids:
        return Folded()
    parcels = await _locked_parcels(connection, sorted(parcel_ids), now)
    orders = await _locked_orders(connection, sorted({row.order_id for row in parcels.values() if row.order_id is not None}))
    siblings = await _parcels_of(connection, list(orders)) if orders else {}
    everything = {**siblings, **parcels}
    events = await events_of(connection, list(everything))
    folded = {parcel_id: fold_parcel(events.get(parcel_id, ())) for parcel_id in everything}
    names = await _site_names(connection, folded.values())
    await _write_parcels(connection, [(row, folded[row.id]) for row in parcels.values()])
    entries = [made for row in parcels.values() for made in _parcel_entries(row, folded[row.id])]
    for order in orders.values():
        members = [OrderParcel(row.id, row.zone, folded[row.id]) for row in everything.values() if row.order_id == order.id]
        await _write_order(connection, order, members)
        entries += _order_entries(order, members, names)
    return Folded(tuple(entries), max((parcel.hlc for parcel in folded.values()), default=ZERO))


async def order_view(connection: Connection, order_id: str) -> OrderView | None:
    """An order as its resident sees it, read without locks; None where there is none."""
    orders = await _orders(connection, [order_id], lock="")
    if order_id not in orders:
        return None
    rows = await _parcels_of(connection, [order_id])
    events = await events_of(connection, list(rows))
    members = [OrderParcel(row.id, row.zone, fold_parcel(events.get(row.id, ()))) for row in rows.values()]
    return view(orders[order_id], members, await _site_names(connection, [member.parcel for member in members]))


async def _locked_parcels(connection: Connection, parcel_ids: Sequence[str], now: datetime) -> dict[str, _ParcelRow]:
    await connection.execute(
        "INSERT INTO parcel (id, created_at) SELECT id, %s FROM unnest(%s::text[]) AS id ORDER BY id ON CONFLICT DO NOTHING",
        (now, parcel_ids),
    )
    cursor = await connection.execute(
        """
        SELECT id, operator_id, order_id, site_id, zone, at_site_id FROM parcel
        WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
        """,
        (parcel_ids,),
    )
    return {row[0]: _ParcelRow(*row) async for row in cursor}


async def _parcels_of(connection: Connection, order_ids: Sequence[str]) -> dict[str, _ParcelRow]:
    cursor = await connection.execute(
        "SELECT id, operator_id, order_id, site_id, zone, at_site_id FROM parcel WHERE order_id = ANY(%s) ORDER BY id", (order_ids,)
    )
    return {row[0]: _ParcelRow(*row) async for row in cursor}


async def _locked_orders(connection: Connection, order_ids: Sequence[str]) -> dict[str, OrderFacts]:
    return await _orders(connection, order_ids, lock="FOR NO KEY UPDATE OF o") if order_ids else {}


_ORDERS = """
SELECT o.id, o.external_id, o.operator_id, o.site_id, s.name, s.address, o.pickup_date::text, o.placed_at, o.cancelled_at
FROM customer_order o JOIN site s ON s.id = o.site_id
WHERE o.id = ANY(%s) ORDER BY o.id
"""


async def _orders(connection: Connection, order_ids: Sequence[str], lock: str) -> dict[str, OrderFacts]:
    cursor = await connection.execute((_ORDERS + lock).encode(), (order_ids,))
    rows = await cursor.fetchall()
    cursor = await connection.execute(
        """
        SELECT l.order_id, l.name, l.quantity, p.zone, l.parcel_id
        FROM order_line l JOIN parcel p ON p.id = l.parcel_id
        WHERE l.order_id = ANY(%s) ORDER BY l.order_id, l.line
        """,
        (order_ids,),
    )
    lines: dict[str, list[LineView]] = {}
    async for order_id, *line in cursor:
        lines.setdefault(order_id, []).append(LineView(*line))
    return {
        order_id: OrderFacts(
            order_id,
            external_id,
            operator_id,
            site_id,
            name,
            address,
            pickup_date,
            to_ms(placed_at),
            None if cancelled_at is None else to_ms(cancelled_at),
            tuple(lines.get(order_id, ())),
        )
        for order_id, external_id, operator_id, site_id, name, address, pickup_date, placed_at, cancelled_at in rows
    }


_EVENTS = """
SELECT s.entity_id, e.site_id, e.epoch, e.n, e.hlc, e.measured_at, e.received_at, e.clock, e.fact::text, coalesce(c.offset_ms, 0)
FROM event_subject s
JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
LEFT JOIN clock_correction c ON (c.site_id, c.epoch, c.boot) = (e.site_id, e.epoch, e.boot)
WHERE s.entity = 'parcel' AND s.entity_id = ANY(%s)
"""
_decode_fact = msgspec.json.Decoder(AnyFact).decode


async def events_of(connection: Connection, parcel_ids: Sequence[str]) -> dict[str, list[RecordedEvent]]:
    """All events about these parcels, undos included, in no order. A kind that a newer release wrote is left out."""
    cursor = await connection.execute(_EVENTS, (parcel_ids,))
    events: dict[str, list[RecordedEvent]] = {}
    async for parcel_id, site, epoch, n, hlc, measured_at, received_at, clock, fact_text, offset_ms in cursor:
        try:
            fact = _decode_fact(fact_text)
        except msgspec.ValidationError:
            continue
        events.setdefault(parcel_id, []).append(
            RecordedEvent(
                SiteId(site),
                Epoch(epoch),
                EventNumber(n),
                Hlc(hlc),
                to_ms(measured_at),
                to_ms(received_at),
                ClockQuality(clock),
                fact,
                offset_ms,
            )
        )
    return events


async def _site_names(connection: Connection, parcels: Iterable[Parcel]) -> dict[str, str]:
    sites = {step.site for parcel in parcels for step in parcel.steps}
    if not sites:
        return {}
    cursor = await connection.execute("SELECT id, name FROM site WHERE id = ANY(%s)", (sorted(sites),))
    return dict(await cursor.fetchall())


_WRITE_PARCELS = """
UPDATE parcel
SET state = new.state, exceptions = new.exceptions::text[], slot = new.slot, at_site_id = new.at_site_id, state_at = new.state_at
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
    AS new (id, state, exceptions, slot, at_site_id, state_at)
WHERE parcel.id = new.id
"""


async def _write_parcels(connection: Connection, folded: Sequence[tuple[_ParcelRow, Parcel]]) -> None:
    await connection.execute(
        _WRITE_PARCELS,
        (
            [row.id for row, _ in folded],
            [parcel.state for _, parcel in folded],
            ["{" + ",".join(parcel.exceptions(row.site_id)) + "}" for row, parcel in folded],
            [parcel.slot for _, parcel in folded],
            [parcel.at_site for _, parcel in folded],
            [None if parcel.state_at_ms is None else utc(parcel.state_at_ms) for _, parcel in folded],
        ),
    )


async def _write_order(connection: Connection, order: OrderFacts, members: Sequence[OrderParcel]) -> None:
    status = fold_order(order, members)
    await connection.execute(
        "UPDATE customer_order SET state = %s, state_at = %s WHERE id = %s", (status.state, utc(status.at_ms), order.id)
    )


def _parcel_entries(row: _ParcelRow, parcel: Parcel) -> Iterable[RoomEntry]:
    body = ParcelEntry(
        id=row.id,
        order_id=row.order_id,
        zone=row.zone,
        state=parcel.state,
        slot=parcel.slot,
        site=row.site_id,
        at_site=parcel.at_site,
        state_at=None if parcel.state_at_ms is None else iso(parcel.state_at_ms),
        exceptions=list(parcel.exceptions(row.site_id)),
        dispute=[text for conflict in parcel.conflicts for text in (str(conflict.kept), str(conflict.disputed))],
    )
    rooms = {site for site in (row.site_id, parcel.at_site) if site is not None}
    # Who released it and who disputes it both see it: they have to talk.
    rooms |= {event.site for conflict in parcel.conflicts for event in (conflict.kept, conflict.disputed)}
    left = {row.at_site_id} - rooms - {None}
    yield from (entry(site_room(site), f"parcel/{row.id}", body) for site in sorted(rooms))
    yield from (entry(site_room(site), f"parcel/{row.id}", None) for site in left if site is not None)


def _order_entries(order: OrderFacts, members: Sequence[OrderParcel], names: dict[str, str]) -> Iterable[RoomEntry]:
    seen = view(order, members, names)
    yield entry(order_room(order.id), "order", seen)
    yield entry(
        operator_room(order.operator_id),
        f"order/{order.id}",
        OrderEntry(
            order_id=order.id,
            external_id=order.external_id,
            site=order.site_id,
            state=seen.state,
            state_at=seen.state_at,
            pickup_date=order.pickup_date,
            parcels=len(members),
            exceptions=sorted({exception for parcel in seen.parcels for exception in parcel.exceptions}),
        ),
    )
