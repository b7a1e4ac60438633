"""A pickup date's orders as one batch: frozen at the cut-off, allocated (cloud.domain says how). Its plan is `plans`'.

Locks parcels, then orders, as the fold does, and folds what changed. In the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from cloud.domain.allocation import Demand, LineKey, ShortageRule, allocate
from cloud.domain.case import CaseProblem, Origin
from cloud.domain.case_causes import Cause
from cloud.domain.cut_off import CutOff
from cloud.domain.notices import RoomNotice
from cloud.store import fold_facts
from cloud.store.cases import About, follow_causes
from cloud.store.folding import refold
from cloud.store.pool import Connection
from cloud.store.rooms import change
from edge.wire.clock import to_ms


@dataclass(frozen=True, slots=True)
class Due:
    """A pickup date with open orders whose cut-off has passed."""

    operator_id: str
    pickup_date: date


async def due(connection: Connection, now: datetime) -> list[Due]:
    """What the cut-off is to freeze now."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT o.operator_id, o.pickup_date, op.cut_off, op.time_zone
        FROM customer_order o JOIN operator op ON op.id = o.operator_id
        WHERE o.locked_at IS NULL AND o.cancelled_at IS NULL AND o.pickup_date <= (%(now)s AT TIME ZONE op.time_zone)::date + 1
        ORDER BY 1, 2
        """,
        {"now": now},
    )
    return [Due(row[0], row[1]) for row in await cursor.fetchall() if CutOff(row[2], row[3]).is_closed(row[1], now)]


async def freeze(
    connection: Connection, operator_id: str, pickup_date: date, now: datetime, account_id: int | None = None
) -> tuple[int, list[RoomNotice]]:
    """Lock all open orders of the date: from now on they are neither changed nor joined by others. How many; what is to be told."""
    await connection.execute(
        "INSERT INTO pickup_batch (operator_id, pickup_date, frozen_at, frozen_by) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [operator_id, pickup_date, now, account_id],
    )
    parcels = await parcels_of(connection, operator_id, pickup_date)
    await fold_facts.lock(connection, parcels)
    cursor = await connection.execute(
        """
        UPDATE customer_order SET locked_at = %s
        WHERE operator_id = %s AND pickup_date = %s AND locked_at IS NULL AND cancelled_at IS NULL
        """,
        [now, operator_id, pickup_date],
    )
    return cursor.rowcount, await fold(connection, parcels, now)


async def set_allocation(
    connection: Connection, operator_id: str, pickup_date: date, stock: Mapping[str, int], now: datetime
) -> tuple[dict[LineKey, int], list[RoomNotice]]:
    """Give out ``stock`` (pieces by SKU; one that is not named is enough for all): how much each line is short of."""
    parcels = await parcels_of(connection, operator_id, pickup_date)
    await fold_facts.lock(connection, parcels)
    cursor = await connection.execute("SELECT shortage_rule FROM operator WHERE id = %s", [operator_id])
    declared = await cursor.fetchone()
    rule = ShortageRule.FIRST if declared is None else ShortageRule(declared[0])
    short = allocate(await demand(connection, operator_id, pickup_date), stock, rule)
    await connection.execute(
        """
        UPDATE order_line l SET short = given.short
        FROM unnest(%s::text[], %s::int[], %s::int[]) AS given (order_id, line, short)
        WHERE (l.order_id, l.line) = (given.order_id, given.line)
        """,
        [[key.order for key in short], [key.line for key in short], list(short.values())],
    )
    await connection.execute(
        "UPDATE customer_order SET allocated_at = %s WHERE operator_id = %s AND pickup_date = %s AND locked_at IS NOT NULL",
        [now, operator_id, pickup_date],
    )
    await connection.execute(
        "UPDATE pickup_batch SET allocated_at = %s, stock = %s::jsonb WHERE operator_id = %s AND pickup_date = %s",
        [now, msgspec.json.encode(dict(stock)).decode(), operator_id, pickup_date],
    )
    notices = await fold(connection, parcels, now)
    await _follow_shortages(connection, operator_id, pickup_date, now)
    return short, notices


async def _follow_shortages(connection: Connection, operator_id: str, pickup_date: date, now: datetime) -> None:
    """Who goes short is owed it: a case a line, refunded at once where that is the operator's rule."""
    cursor = await connection.execute(
        """
        SELECT o.id, l.line, l.short, l.sku, l.parcel_id, o.site_id FROM customer_order o JOIN order_line l ON l.order_id = o.id
        WHERE o.operator_id = %s AND o.pickup_date = %s AND o.locked_at IS NOT NULL AND o.cancelled_at IS NULL
        ORDER BY o.id, l.line
        """,
        [operator_id, pickup_date],
    )
    rows = await cursor.fetchall()
    causes = [
        Cause(
            f"allocation/{row[0]}/{row[1]}", Origin.ALLOCATION, CaseProblem.SHORT, operator_id, row[0], row[4], sites=(row[5],),
            sku=row[3], quantity=row[2],
        )
        for row in rows
        if row[2]
    ]  # fmt: skip
    await follow_causes(connection, About(orders=sorted({row[0] for row in rows})), causes, now)


async def demand(connection: Connection, operator_id: str, pickup_date: date) -> list[Demand]:
    """Every line of the date's frozen orders that were not cancelled."""
    cursor = await connection.execute(
        """
        SELECT l.order_id, l.line, l.sku, l.name, p.zone, o.site_id, l.quantity, o.placed_at
        FROM customer_order o JOIN order_line l ON l.order_id = o.id JOIN parcel p ON p.id = l.parcel_id
        WHERE o.operator_id = %s AND o.pickup_date = %s AND o.locked_at IS NOT NULL AND o.cancelled_at IS NULL
        ORDER BY l.order_id, l.line
        """,
        [operator_id, pickup_date],
    )
    return [
        Demand(LineKey(row[0], row[1]), row[2], row[3], row[4], row[5], row[6], to_ms(row[7])) for row in await cursor.fetchall()
    ]


async def shortages(connection: Connection, operator_id: str, pickup_date: date) -> dict[LineKey, int]:
    """What each line was last found to be short of."""
    cursor = await connection.execute(
        """
        SELECT l.order_id, l.line, l.short FROM customer_order o JOIN order_line l ON l.order_id = o.id
        WHERE o.operator_id = %s AND o.pickup_date = %s AND l.short > 0
        """,
        [operator_id, pickup_date],
    )
    return {LineKey(*row[:2]): row[2] for row in await cursor.fetchall()}


async def parcels_of(connection: Connection, operator_id: str, pickup_date: date) -> list[str]:
    """All parcels of a date's orders."""
    cursor = await connection.execute(
        """
        SELECT p.id FROM customer_order o JOIN parcel p ON p.order_id = o.id
        WHERE o.operator_id = %s AND o.pickup_date = %s ORDER BY p.id
        """,
        [operator_id, pickup_date],
    )
    return [row[0] for row in await cursor.fetchall()]


async def fold(connection: Connection, parcels: Sequence[str], now: datetime) -> list[RoomNotice]:
    """Fold parcels whose orders were changed; what is to be told."""
    folded = await refold(connection, parcels, now)
    return await change(connection, folded.entries, now)
