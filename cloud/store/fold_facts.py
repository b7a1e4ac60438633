"""What a fold reads and writes: parcels, their orders and all their events, one statement each way.

Rows travel as JSON: to send a statement and to describe its columns costs more than what most of them ask. Leaves what the facts
mean to `folding`, and the transaction to its caller.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from cloud.domain.breach import Breach, WarmPlace
from cloud.domain.container import ContainerBrief
from cloud.domain.events import RecordedEvent
from cloud.domain.order import LineView, OrderFacts
from cloud.domain.scope import LEADER_OF_ORDER
from cloud.store.pool import Connection, Cursor
from edge.wire.ids import Epoch, EventNumber, SiteId
from edge.wire.messages import AnyFact, ClockQuality
from edge.wire.order import Hlc


class ParcelRow(msgspec.Struct, frozen=True, array_like=True):
    """A parcel as it was imported, where it was last seen before this fold, and the container it is planned for.

    ``is_made_here``: its station makes it out of goods that come by SKU, in that container and maybe others.
    ``had_trouble``: something was wrong with it before this fold, so that there may be a case.
    """

    id: str
    operator_id: str | None
    order_id: str | None
    site_id: str | None
    zone: str | None
    at_site_id: str | None
    planned_container: str | None
    planned_brief: ContainerBrief | None
    had_trouble: bool
    is_breached: bool = False
    is_made_here: bool = False
    breached_in: WarmPlace | None = None
    breached_site: str = ""

    @property
    def breach(self) -> Breach | None:
        """Where it was out of range for too long, where its account says so."""
        if not self.is_breached or self.breached_in is None:
            return None
        return Breach(self.breached_in, self.breached_site)


class ParcelState(msgspec.Struct, frozen=True):
    """What is written of a folded parcel. ``state_at``: ISO 8601."""

    id: str
    state: str
    exceptions: Sequence[str]
    slot: str
    at_site_id: str | None
    state_at: str | None
    container_id: str | None
    dispute: Sequence[str]


class OrderState(msgspec.Struct, frozen=True):
    """What is written of a folded order. ``state_at``: ISO 8601."""

    id: str
    state: str
    state_at: str


@dataclass(frozen=True, slots=True)
class FoldFacts:
    """Everything that bears on some parcels and their orders. ``parcels``: those asked for and all others of the orders.

    ``containers``: those that the parcels' events name, or that they are planned for.
    """

    orders: dict[str, OrderFacts]
    parcels: dict[str, ParcelRow]
    events: dict[str, list[RecordedEvent]]
    site_names: dict[str, str]
    containers: dict[str, ContainerBrief]


# Parcels by id, then orders by id. Aggregates, so that every row is locked, whatever the plan.
_LOCK = """
WITH locked AS MATERIALIZED (
    SELECT order_id FROM parcel WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
), known AS MATERIALIZED (
    SELECT array_agg(order_id) AS orders FROM locked
)
SELECT (SELECT count(*) FROM (SELECT FROM customer_order WHERE id = ANY(known.orders) ORDER BY id FOR NO KEY UPDATE) AS o)
FROM known
"""

_FACTS = f"""
WITH known AS MATERIALIZED (
    SELECT ARRAY(
        SELECT unnest(%(orders)s::text[])
        UNION SELECT order_id FROM parcel WHERE id = ANY(%(parcels)s::text[]) AND order_id IS NOT NULL
    ) AS orders
), ids AS MATERIALIZED (
    SELECT orders, ARRAY(SELECT unnest(%(parcels)s::text[]) UNION SELECT id FROM parcel WHERE order_id = ANY(orders)) AS parcels
    FROM known
)
SELECT
    (SELECT json_agg(json_build_array(
            o.id, o.external_id, o.operator_id, o.site_id, s.name, s.address, o.pickup_date,
            (extract(epoch FROM o.placed_at) * 1000)::bigint, (extract(epoch FROM o.cancelled_at) * 1000)::bigint,
            (extract(epoch FROM o.locked_at) * 1000)::bigint, (extract(epoch FROM o.allocated_at) * 1000)::bigint,
            {LEADER_OF_ORDER}))::text
     FROM customer_order o JOIN site s ON s.id = o.site_id WHERE o.id = ANY(ids.orders)),
    (SELECT json_agg(json_build_array(l.order_id, l.name, l.quantity, p.zone, l.parcel_id, l.short)
            ORDER BY l.order_id, l.line)::text
     FROM order_line l JOIN parcel p ON p.id = l.parcel_id WHERE l.order_id = ANY(ids.orders)),
    (SELECT json_agg(json_build_array(p.id, p.operator_id, p.order_id, p.site_id, p.zone, p.at_site_id,
            coalesce(p.planned_container_id, p.goods_container_id), c.brief,
            p.exceptions <> '{{}}' OR p.dispute <> '{{}}' OR p.state = 'disposed', p.breached_at IS NOT NULL,
            p.goods_container_id IS NOT NULL, p.breached_in, p.breached_site) ORDER BY p.id)::text
     FROM parcel p LEFT JOIN container c ON c.id = coalesce(p.planned_container_id, p.goods_container_id)
     WHERE p.id = ANY(ids.parcels)),
    (SELECT json_agg(json_build_array(
            s.entity_id, e.site_id, e.epoch, e.n, e.hlc, (extract(epoch FROM e.measured_at) * 1000)::bigint,
            (extract(epoch FROM e.received_at) * 1000)::bigint, e.clock, e.fact, coalesce(c.offset_ms, 0), e.boot, site.name,
            b.brief))::text
     FROM event_subject s
     JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
     LEFT JOIN clock_correction c ON (c.site_id, c.epoch, c.boot) = (e.site_id, e.epoch, e.boot)
     LEFT JOIN site ON site.id = e.site_id
     LEFT JOIN container b ON b.id = e.fact->>'container'
     WHERE s.entity = 'parcel' AND s.entity_id = ANY(ids.parcels))
FROM ids
"""  # noqa: S608  # literals only

_WRITE = """
WITH folded AS (
    UPDATE parcel
    SET state = new.state, exceptions = new.exceptions, slot = new.slot, at_site_id = new.at_site_id, state_at = new.state_at,
        container_id = new.container_id, dispute = new.dispute
    FROM jsonb_to_recordset(%s::jsonb) AS new (
        id text, state text, exceptions text[], slot text, at_site_id text, state_at timestamptz, container_id text, dispute text[])
    WHERE parcel.id = new.id
    RETURNING parcel.id, parcel.zone
), noted AS (
    INSERT INTO cold_note (parcel_id) SELECT id FROM folded WHERE zone IN ('chilled', 'frozen')
)
UPDATE customer_order SET state = new.state, state_at = new.state_at
FROM jsonb_to_recordset(%s::jsonb) AS new (id text, state text, state_at timestamptz) WHERE customer_order.id = new.id
"""


async def lock(connection: Connection, parcel_ids: Sequence[str]) -> None:
    """Keep everybody else from folding these parcels and their orders until the transaction ends."""
    await connection.execute(_LOCK, (parcel_ids,))


async def ask(connection: Connection, parcel_ids: Sequence[str], order_ids: Sequence[str]) -> Cursor:
    """Ask for all that bears on these parcels and orders; `read` reads the answer."""
    return await connection.execute(_FACTS, {"parcels": parcel_ids, "orders": order_ids})


async def read(cursor: Cursor) -> FoldFacts:
    """The answer to `ask`."""
    row = await cursor.fetchone()
    orders, lines, parcels, events = row or (None, None, None, None)
    lines_of: dict[str, list[LineView]] = {}
    for line in _rows(_decode_lines, lines):
        lines_of.setdefault(line.order_id, []).append(LineView(line.name, line.quantity, line.zone, line.parcel, line.short))
    parcel_rows, event_rows = _rows(_decode_parcels, parcels), _rows(_decode_events, events)
    events_of, site_names = recorded(event_rows)
    briefs = [*(one.planned_brief for one in parcel_rows), *(one.container for one in event_rows)]
    return FoldFacts(
        {one.id: _order(one, lines_of.get(one.id, ())) for one in _rows(_decode_orders, orders)},
        {one.id: one for one in parcel_rows},
        events_of,
        site_names,
        {one.id: one for one in briefs if one is not None},
    )


async def write(connection: Connection, parcels: Sequence[ParcelState], orders: Sequence[OrderState]) -> None:
    """Write what a fold came to."""
    await connection.execute(_WRITE, (msgspec.json.encode(parcels).decode(), msgspec.json.encode(orders).decode()))


class _OrderRow(msgspec.Struct, frozen=True, array_like=True):
    id: str
    external_id: str
    operator_id: str
    site_id: str
    site_name: str
    site_address: str
    pickup_date: str
    placed_at_ms: int
    cancelled_at_ms: int | None
    locked_at_ms: int | None
    allocated_at_ms: int | None
    leader_id: str | None


class _LineRow(msgspec.Struct, frozen=True, array_like=True):
    order_id: str
    name: str
    quantity: int
    zone: str | None
    parcel: str
    short: int


class EventRow(msgspec.Struct, frozen=True, array_like=True):
    """An event with what it is about, its site's name and the container it names; who said so where that is asked."""

    entity_id: str
    site: str
    epoch: UUID
    n: int
    hlc: int
    measured_at_ms: int
    received_at_ms: int
    clock: str
    fact: msgspec.Raw
    offset_ms: int
    boot: int
    site_name: str | None
    container: ContainerBrief | None
    actor: str = ""
    device: str = ""


T = TypeVar("T")
_decode_orders = msgspec.json.Decoder(list[_OrderRow])
_decode_lines = msgspec.json.Decoder(list[_LineRow])
_decode_parcels = msgspec.json.Decoder(list[ParcelRow])
_decode_events = msgspec.json.Decoder(list[EventRow])
_decode_fact: Any = msgspec.json.Decoder(AnyFact)


def _rows(decoder: msgspec.json.Decoder[list[T]], text: str | None) -> list[T]:
    return [] if text is None else decoder.decode(text)


def _order(row: _OrderRow, lines: Sequence[LineView]) -> OrderFacts:
    return OrderFacts(
        row.id,
        row.external_id,
        row.operator_id,
        row.site_id,
        row.site_name,
        row.site_address,
        row.pickup_date,
        row.placed_at_ms,
        row.cancelled_at_ms,
        tuple(lines),
        row.locked_at_ms,
        row.allocated_at_ms,
        row.leader_id,
    )


def recorded(rows: Iterable[EventRow]) -> tuple[dict[str, list[RecordedEvent]], dict[str, str]]:
    """Events by what they are about, undos included, in no order; names of sites. Kinds of a newer release are left out."""
    events: dict[str, list[RecordedEvent]] = {}
    names: dict[str, str] = {}
    for row in rows:
        try:
            fact = _decode_fact.decode(row.fact)
        except msgspec.ValidationError:
            continue
        if row.site_name is not None:
            names[row.site] = row.site_name
        events.setdefault(row.entity_id, []).append(
            RecordedEvent(
                SiteId(row.site),
                Epoch(row.epoch),
                EventNumber(row.n),
                Hlc(row.hlc),
                row.measured_at_ms,
                row.received_at_ms,
                ClockQuality(row.clock),
                fact,
                row.offset_ms,
                row.boot,
                row.actor,
                row.device,
            )
        )
    return events, names
