"""Folds parcels and their orders again and writes what came out, in the caller's transaction (decision 7).

Locks parcels by id, then orders by id; whoever else locks them keeps that order. Called by ingest for what events are about and by
the import of orders for parcels that may have been scanned before their order came.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from cloud.domain.events import RecordedEvent
from cloud.domain.order import LineView, OrderFacts, OrderParcel, OrderStatus, OrderView, fold_order, iso, view
from cloud.domain.parcel import Parcel, fold_parcel
from cloud.domain.rooms import operator_room, order_room, site_room
from cloud.store.pool import Connection, Cursor
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
    """Body of ``parcel/{id}`` in a site's room. ``dispute`` names two events of which a person believes one.

    Everybody who works at the site sees it, whichever operator sent the parcel (decision 18): so it names no order.
    """

    id: str
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


@dataclass(frozen=True, slots=True)
class _Known:
    """What a fold reads. ``siblings`` are all parcels of the orders."""

    orders: dict[str, OrderFacts]
    siblings: dict[str, _ParcelRow]
    events: dict[str, list[RecordedEvent]]
    site_names: dict[str, str]


async def refold(connection: Connection, parcel_ids: Collection[str], now: datetime) -> Folded:
    """Fold these parcels and their orders again and write their states; parcels nobody knew become skeletons.

    The caller writes the entries to the rooms as its last statement before the commit.
    """
    async with connection.pipeline():
        return await (await ask_refold(connection, parcel_ids, now)).finish()


async def ask_refold(connection: Connection, parcel_ids: Collection[str], now: datetime) -> "Refold":
    """The first half of `refold`: all is locked and asked, nothing read. In a pipeline that costs no wait."""
    if not parcel_ids:
        return Refold(connection, None)
    ids = sorted(parcel_ids)
    await connection.execute(_MAKE_SKELETONS, (now, ids))
    locked = await connection.execute(_LOCK_PARCELS, (ids,))
    return Refold(connection, (locked, await _ask(connection, ids, [], lock="FOR NO KEY UPDATE OF o")))


@dataclass(frozen=True, slots=True)
class Refold:
    """What a fold has asked: the locked parcels and all about them; None where there is nothing to fold."""

    connection: Connection
    asked: tuple[Cursor, "_Asked"] | None

    async def finish(self) -> Folded:
        """The second half of `refold`: read, fold, write."""
        if self.asked is None:
            return Folded()
        locked, asked = self.asked
        known = await _read(asked)
        parcels = {row[0]: _ParcelRow(*row) for row in await locked.fetchall()}
        everything = {**known.siblings, **parcels}
        folded = {parcel_id: fold_parcel(known.events.get(parcel_id, ())) for parcel_id in everything}
        entries = [made for row in parcels.values() for made in _parcel_entries(row, folded[row.id])]
        statuses: list[tuple[str, OrderStatus]] = []
        members_of = _members(everything.values(), folded)
        for order in known.orders.values():
            members = members_of.get(order.id, [])
            statuses.append((order.id, fold_order(order, members)))
            entries += _order_entries(order, members, known.site_names)
        await _write_parcels(self.connection, [(row, folded[row.id]) for row in parcels.values()])
        if statuses:
            await _write_orders(self.connection, statuses)
        return Folded(tuple(entries), max((parcel.hlc for parcel in folded.values()), default=ZERO))


async def order_view(connection: Connection, order_id: str) -> OrderView | None:
    """An order as its resident sees it, read without locks; None where there is none."""
    async with connection.pipeline():
        known = await _read(await _ask(connection, [], [order_id], lock=""))
    if order_id not in known.orders:
        return None
    folded = {parcel_id: fold_parcel(known.events.get(parcel_id, ())) for parcel_id in known.siblings}
    members = _members(known.siblings.values(), folded).get(order_id, [])
    return view(known.orders[order_id], members, known.site_names)


def _members(rows: Iterable[_ParcelRow], folded: Mapping[str, Parcel]) -> dict[str, list[OrderParcel]]:
    members: dict[str, list[OrderParcel]] = {}
    for row in rows:
        if row.order_id is not None:
            members.setdefault(row.order_id, []).append(OrderParcel(row.id, row.zone, folded[row.id]))
    return members


_MAKE_SKELETONS = (
    "INSERT INTO parcel (id, created_at) SELECT id, %s FROM unnest(%s::text[]) AS id ORDER BY id ON CONFLICT DO NOTHING"
)

_LOCK_PARCELS = """
SELECT id, operator_id, order_id, site_id, zone, at_site_id FROM parcel WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""

_ORDER_IDS = "SELECT unnest(%(orders)s::text[]) UNION SELECT order_id FROM parcel WHERE id = ANY(%(parcels)s::text[])"

_ORDERS = f"""
SELECT o.id, o.external_id, o.operator_id, o.site_id, s.name, s.address, o.pickup_date::text, o.placed_at, o.cancelled_at
FROM customer_order o JOIN site s ON s.id = o.site_id
WHERE o.id IN ({_ORDER_IDS}) ORDER BY o.id
"""  # noqa: S608  # constants

_LINES = f"""
SELECT l.order_id, l.name, l.quantity, p.zone, l.parcel_id
FROM order_line l JOIN parcel p ON p.id = l.parcel_id
WHERE l.order_id IN ({_ORDER_IDS}) ORDER BY l.order_id, l.line
"""  # noqa: S608  # constants

_SIBLINGS = f"""
SELECT id, operator_id, order_id, site_id, zone, at_site_id FROM parcel WHERE order_id IN ({_ORDER_IDS}) ORDER BY id
"""  # noqa: S608  # constants

_EVENTS = f"""
SELECT s.entity_id, e.site_id, e.epoch, e.n, e.hlc, e.measured_at, e.received_at, e.clock, e.fact::text, coalesce(c.offset_ms, 0),
    e.boot, site.name
FROM event_subject s
JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
LEFT JOIN clock_correction c ON (c.site_id, c.epoch, c.boot) = (e.site_id, e.epoch, e.boot)
LEFT JOIN site ON site.id = e.site_id
WHERE s.entity = 'parcel' AND s.entity_id IN (
    SELECT unnest(%(parcels)s::text[]) UNION SELECT id FROM parcel WHERE order_id IN ({_ORDER_IDS})
)
"""  # noqa: S608  # constants
_decode_fact = msgspec.json.Decoder(AnyFact).decode


class _Asked(NamedTuple):
    orders: Cursor
    lines: Cursor
    siblings: Cursor
    events: Cursor


async def _ask(connection: Connection, parcel_ids: Sequence[str], order_ids: Sequence[str], lock: str) -> _Asked:
    """The orders come first, for their lock has to."""
    ids = {"parcels": parcel_ids, "orders": order_ids}
    return _Asked(
        await connection.execute((_ORDERS + lock).encode(), ids),
        await connection.execute(_LINES, ids),
        await connection.execute(_SIBLINGS, ids),
        await connection.execute(_EVENTS, ids),
    )


async def _read(asked: _Asked) -> _Known:
    lines_of: dict[str, list[LineView]] = {}
    for order_id, *line in await asked.lines.fetchall():
        lines_of.setdefault(order_id, []).append(LineView(*line))
    recorded, site_names = _recorded(await asked.events.fetchall())
    return _Known(
        {row[0]: _order(row, lines_of.get(row[0], ())) for row in await asked.orders.fetchall()},
        {row[0]: _ParcelRow(*row) for row in await asked.siblings.fetchall()},
        recorded,
        site_names,
    )


def _order(row: tuple[Any, ...], lines: Sequence[LineView]) -> OrderFacts:
    order_id, external_id, operator_id, site_id, name, address, pickup_date, placed_at, cancelled_at = row
    cancelled_at_ms = None if cancelled_at is None else to_ms(cancelled_at)
    return OrderFacts(
        order_id, external_id, operator_id, site_id, name, address, pickup_date, to_ms(placed_at), cancelled_at_ms, tuple(lines)
    )


def _recorded(rows: Iterable[tuple[Any, ...]]) -> tuple[dict[str, list[RecordedEvent]], dict[str, str]]:
    """Events by parcel, undos included, in no order, and their sites' names. A kind that a newer release wrote is left out."""
    events: dict[str, list[RecordedEvent]] = {}
    names: dict[str, str] = {}
    for parcel_id, site, epoch, n, hlc, measured_at, received_at, clock, fact_text, offset_ms, boot, name in rows:
        try:
            fact = _decode_fact(fact_text)
        except msgspec.ValidationError:
            continue
        if name is not None:
            names[site] = name
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
                boot,
            )
        )
    return events, names


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


async def _write_orders(connection: Connection, statuses: Sequence[tuple[str, OrderStatus]]) -> None:
    await connection.execute(
        """
        UPDATE customer_order SET state = new.state, state_at = new.state_at
        FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS new (id, state, state_at) WHERE customer_order.id = new.id
        """,
        ([order_id for order_id, _ in statuses], [one.state for _, one in statuses], [utc(one.at_ms) for _, one in statuses]),
    )


def _parcel_entries(row: _ParcelRow, parcel: Parcel) -> Iterable[RoomEntry]:
    body = ParcelEntry(
        id=row.id,
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
