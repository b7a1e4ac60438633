"""A pickup date's orders as one batch: frozen at the cut-off, allocated, planned into containers (cloud.domain says how).

Locks parcels, then orders, as the fold does, and folds what changed. In the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from cloud.domain.allocation import Demand, LineKey, allocate
from cloud.domain.case import CaseProblem, Origin
from cloud.domain.case_causes import Cause
from cloud.domain.cut_off import CutOff
from cloud.domain.notices import RoomNotice
from cloud.domain.packing import ToPack, pack
from cloud.domain.sort_wall import Route, Stop, stops
from cloud.store import fold_facts
from cloud.store.cases import About, follow_causes
from cloud.store.folding import refold
from cloud.store.pool import Connection
from cloud.store.rooms import change
from edge.wire.clock import to_ms
from edge.wire.labels import container_label


@dataclass(frozen=True, slots=True)
class Due:
    """A pickup date with open orders whose cut-off has passed."""

    operator_id: str
    pickup_date: date


@dataclass(frozen=True, slots=True)
class Planned:
    """One container of a plan."""

    container: str
    site: str
    zone: str
    number: int
    run: str
    stop: int
    lane: str
    parcels: tuple[str, ...]


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
    parcels = await _parcels(connection, operator_id, pickup_date)
    await fold_facts.lock(connection, parcels)
    cursor = await connection.execute(
        """
        UPDATE customer_order SET locked_at = %s
        WHERE operator_id = %s AND pickup_date = %s AND locked_at IS NULL AND cancelled_at IS NULL
        """,
        [now, operator_id, pickup_date],
    )
    return cursor.rowcount, await _fold(connection, parcels, now)


async def set_allocation(
    connection: Connection, operator_id: str, pickup_date: date, stock: Mapping[str, int], now: datetime
) -> tuple[dict[LineKey, int], list[RoomNotice]]:
    """Give out ``stock`` (pieces by SKU; one that is not named is enough for all): how much each line is short of."""
    parcels = await _parcels(connection, operator_id, pickup_date)
    await fold_facts.lock(connection, parcels)
    short = allocate(await demand(connection, operator_id, pickup_date), stock)
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
    notices = await _fold(connection, parcels, now)
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


async def set_plan(
    connection: Connection, operator_id: str, pickup_date: date, routes: Sequence[Route], now: datetime
) -> list[RoomNotice]:
    """Put every parcel with something in it into a container, and every container on its run. ValueError: the routes contradict.

    Containers that lie empty are used first, then new labels are given out. A plan that is made again replaces the last one.
    """
    places = stops(routes)
    parcels = await _parcels(connection, operator_id, pickup_date)
    await _lock_containers(connection, operator_id, pickup_date)
    await fold_facts.lock(connection, parcels)
    await connection.execute(
        "DELETE FROM planned_container WHERE operator_id = %s AND pickup_date = %s", [operator_id, pickup_date]
    )
    loads = pack(await _to_pack(connection, operator_id, pickup_date))
    labels = await _free_containers(connection, operator_id, len(loads), now)
    rows = [(label, load, places.get(load.site, _ON_NO_ROUTE)) for label, load in zip(labels, loads, strict=True)]
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO planned_container (operator_id, pickup_date, container_id, site_id, zone, number, run, stop, lane)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (operator_id, pickup_date, label, load.site, load.zone, load.number, at.run, at.number, at.lane)
                for label, load, at in rows
            ],
        )
        await cursor.executemany(
            "UPDATE container SET site_id = %s, zone = %s WHERE id = %s", [(load.site, load.zone, label) for label, load, _ in rows]
        )
        # Whoever was planned for one of these before, and has not come, is not in it.
        await cursor.execute(
            "UPDATE parcel SET planned_container_id = NULL WHERE planned_container_id = ANY(%s) OR id = ANY(%s)", [labels, parcels]
        )
        await cursor.executemany(
            "UPDATE parcel SET planned_container_id = %s WHERE id = ANY(%s)",
            [(label, list(load.parcels)) for label, load, _ in rows],
        )
    said = [{"run": route.run, "stops": route.stops} for route in routes]
    await connection.execute(
        "UPDATE pickup_batch SET planned_at = %s, routes = %s::jsonb WHERE operator_id = %s AND pickup_date = %s",
        [now, msgspec.json.encode(said).decode(), operator_id, pickup_date],
    )
    return await _fold(connection, parcels, now)


_ON_NO_ROUTE = Stop("", 0, "")


async def plan(connection: Connection, operator_id: str, pickup_date: date) -> list[Planned]:
    """The containers of a date, by run and stop."""
    cursor = await connection.execute(
        """
        SELECT c.container_id, c.site_id, c.zone, c.number, c.run, c.stop, c.lane,
               ARRAY(SELECT p.id FROM parcel p JOIN customer_order o ON o.id = p.order_id
                     WHERE p.planned_container_id = c.container_id AND o.pickup_date = c.pickup_date ORDER BY p.id)
        FROM planned_container c WHERE c.operator_id = %s AND c.pickup_date = %s ORDER BY c.run, c.stop, c.site_id, c.zone, c.number
        """,
        [operator_id, pickup_date],
    )
    return [Planned(row[0], row[1], row[2], row[3], row[4], row[5], row[6], tuple(row[7])) for row in await cursor.fetchall()]


async def _parcels(connection: Connection, operator_id: str, pickup_date: date) -> list[str]:
    cursor = await connection.execute(
        """
        SELECT p.id FROM customer_order o JOIN parcel p ON p.order_id = o.id
        WHERE o.operator_id = %s AND o.pickup_date = %s ORDER BY p.id
        """,
        [operator_id, pickup_date],
    )
    return [row[0] for row in await cursor.fetchall()]


async def _to_pack(connection: Connection, operator_id: str, pickup_date: date) -> list[ToPack]:
    cursor = await connection.execute(
        """
        SELECT p.id, p.site_id, p.zone, sum(l.quantity - l.short)::int
        FROM customer_order o JOIN order_line l ON l.order_id = o.id JOIN parcel p ON p.id = l.parcel_id
        WHERE o.operator_id = %s AND o.pickup_date = %s AND o.locked_at IS NOT NULL AND o.cancelled_at IS NULL
        GROUP BY p.id HAVING sum(l.quantity - l.short) > 0
        """,
        [operator_id, pickup_date],
    )
    return [ToPack(*row) for row in await cursor.fetchall()]


async def _lock_containers(connection: Connection, operator_id: str, pickup_date: date) -> None:
    await connection.execute(
        """
        SELECT count(*) FROM (
            SELECT FROM container WHERE id IN (
                SELECT container_id FROM planned_container WHERE operator_id = %s AND pickup_date = %s
            ) ORDER BY id FOR NO KEY UPDATE
        ) AS c
        """,
        [operator_id, pickup_date],
    )


async def _free_containers(connection: Connection, operator_id: str, wanted: int, now: datetime) -> list[str]:
    """Those of the operator that lie empty and that no other plan from today on has; new labels for the rest."""
    cursor = await connection.execute(
        """
        SELECT id FROM container c
        WHERE operator_id = %s AND state IN ('empty', 'returned_empty') AND NOT EXISTS (
            SELECT FROM planned_container p WHERE p.container_id = c.id AND p.pickup_date >= %s::date)
        ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
        """,
        [operator_id, now, wanted],
    )
    free = [str(row[0]) for row in await cursor.fetchall()]
    return free + await new_containers(connection, operator_id, wanted - len(free), now)


async def new_containers(connection: Connection, operator_id: str, wanted: int, now: datetime) -> list[str]:
    """Register containers under new labels. Numbers that somebody else has given away are passed over."""
    made: list[str] = []
    while len(made) < wanted:
        cursor = await connection.execute("SELECT nextval('container_serial') FROM generate_series(1, %s)", [wanted - len(made)])
        labels = [container_label(row[0]) for row in await cursor.fetchall()]
        cursor = await connection.execute(
            """
            INSERT INTO container (id, operator_id, created_at) SELECT label, %s, %s FROM unnest(%s::text[]) AS label
            ORDER BY label ON CONFLICT DO NOTHING RETURNING id
            """,
            [operator_id, now, labels],
        )
        made += [str(row[0]) for row in await cursor.fetchall()]
    return sorted(made)


async def _fold(connection: Connection, parcels: Sequence[str], now: datetime) -> list[RoomNotice]:
    folded = await refold(connection, parcels, now)
    return await change(connection, folded.entries, now)
