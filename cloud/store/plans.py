"""A pickup date's batch planned into containers, and containers on runs (cloud.domain says how).

Locks containers, then parcels and orders, as the fold does, and folds what changed. In the caller's transaction.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from cloud.domain.notices import RoomNotice
from cloud.domain.packing import (
    Goods,
    Load,
    PackMode,
    Place,
    ToPack,
    bulk_places,
    first_goods,
    numbered_on,
    pack,
    pack_goods,
    without,
)
from cloud.domain.sort_wall import Route, Stop, stops, with_goods
from cloud.store import fold_facts
from cloud.store.batches import fold, parcels_of
from cloud.store.downlink_call import PLANNED, call_downlink
from cloud.store.pool import Connection
from edge.wire.labels import container_label


class PlannedLine(msgspec.Struct, frozen=True):
    """So many pieces of an article."""

    sku: str
    quantity: int


_LINES = msgspec.json.Decoder(list[PlannedLine])


@dataclass(frozen=True, slots=True)
class Planned:
    """One container of a plan. ``lines``: of one that comes by SKU; then it carries no ``parcels``."""

    container: str
    site: str
    zone: str
    number: int
    run: str
    stop: int
    lane: str
    parcels: tuple[str, ...]
    pack_mode: PackMode = PackMode.ORDER_BAG
    lines: tuple[PlannedLine, ...] = ()


async def set_plan(
    connection: Connection, operator_id: str, pickup_date: date, routes: Sequence[Route], now: datetime
) -> list[RoomNotice]:
    """Put every parcel with something in it into a container, and every container on its run. ValueError: the routes contradict.

    Where goods come by SKU it is their pieces that are put into containers, and the station makes the parcels out of them.
    Containers that lie empty are used first, then new labels are given out. A plan that is made again replaces the last one, but
    for containers that a dock has taken meanwhile: they keep what they carry, and go with the run that now comes to their station.
    What else is due there in their zone comes as they do.
    """
    stops(routes)  # a contradiction is told before anything is locked
    parcels = await parcels_of(connection, operator_id, pickup_date)
    await _lock_containers(connection, operator_id, pickup_date)
    await fold_facts.lock(connection, parcels)
    kept = await _in_use(connection, operator_id, pickup_date)
    busy = await _stations_with_goods(connection, operator_id, pickup_date) | {one.site for one in kept.values()}
    routes = with_goods(routes, busy)
    places = stops(routes)
    await _keep(connection, operator_id, pickup_date, [(label, places.get(one.site, _ON_NO_ROUTE)) for label, one in kept.items()])
    bulk = sorted(bulk_places(await _bulk_stations(connection, operator_id, pickup_date), kept.values()))
    goods = without(await _goods(connection, operator_id, pickup_date, bulk, kept), kept.values())
    fresh = [*pack(await _to_pack(connection, operator_id, pickup_date, bulk, kept)), *pack_goods(goods)]
    loads = numbered_on(fresh, kept.values())
    labels = await _free_containers(connection, operator_id, len(loads), now)
    rows = [(label, load, places.get(load.site, _ON_NO_ROUTE)) for label, load in zip(labels, loads, strict=True)]
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO planned_container
                (operator_id, pickup_date, container_id, site_id, zone, number, run, stop, lane, pack_mode, lines)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)
            """,
            [
                (
                    operator_id, pickup_date, label, load.site, load.zone, load.number, at.run, at.number, at.lane, load.pack_mode,
                    msgspec.json.encode([PlannedLine(*line) for line in load.lines]).decode(),
                )
                for label, load, at in rows
            ],
        )  # fmt: skip
        await cursor.executemany(
            "UPDATE container SET site_id = %s, zone = %s WHERE id = %s", [(load.site, load.zone, label) for label, load, _ in rows]
        )
        # Whoever was planned for one of these before, and has not come, is not in it.
        await cursor.execute(
            """
            UPDATE parcel SET planned_container_id = NULL, goods_container_id = NULL
            WHERE (planned_container_id = ANY(%(labels)s) OR goods_container_id = ANY(%(labels)s) OR id = ANY(%(parcels)s))
                AND coalesce(planned_container_id, goods_container_id, '') <> ALL(%(kept)s)
            """,
            {"labels": labels, "parcels": parcels, "kept": list(kept)},
        )
        await cursor.executemany(
            """
            UPDATE parcel p SET goods_container_id = %s FROM customer_order o
            WHERE o.id = p.order_id AND p.id = ANY(%s) AND o.site_id = %s AND p.zone = %s
                AND coalesce(p.planned_container_id, p.goods_container_id) IS NULL
            """,
            [
                (label, parcels, *place)
                for place, label in first_goods([*kept.items(), *((label, load) for label, load, _ in rows)]).items()
            ],
        )
        await cursor.executemany(
            "UPDATE parcel SET planned_container_id = %s WHERE id = ANY(%s)",
            [(label, list(load.parcels)) for label, load, _ in rows],
        )
    said = [{"run": route.run, "stops": route.stops} for route in routes]
    await connection.execute(
        """
        UPDATE pickup_batch SET planned_at = %s, plans = plans + 1, routes = %s::jsonb
        WHERE operator_id = %s AND pickup_date = %s
        """,
        [now, msgspec.json.encode(said).decode(), operator_id, pickup_date],
    )
    await call_downlink(connection, PLANNED)
    return await fold(connection, parcels, now)


_ON_NO_ROUTE = Stop("", 0, "")


async def plan(connection: Connection, operator_id: str, pickup_date: date) -> list[Planned]:
    """The containers of a date, by run and stop."""
    cursor = await connection.execute(
        """
        SELECT c.container_id, c.site_id, c.zone, c.number, c.run, c.stop, c.lane, c.pack_mode, c.lines::text,
               ARRAY(SELECT p.id FROM parcel p JOIN customer_order o ON o.id = p.order_id
                     WHERE p.planned_container_id = c.container_id AND o.pickup_date = c.pickup_date ORDER BY p.id)
        FROM planned_container c WHERE c.operator_id = %s AND c.pickup_date = %s ORDER BY c.run, c.stop, c.site_id, c.zone, c.number
        """,
        [operator_id, pickup_date],
    )
    return [
        Planned(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], tuple(row[9]), PackMode(row[7]), tuple(_LINES.decode(row[8]))
        )
        for row in await cursor.fetchall()
    ]


async def stations(connection: Connection, operator_id: str, day: date) -> list[str]:
    """Those that serve the operator on a day."""
    cursor = await connection.execute(
        """
        SELECT r.site_id FROM site_operator r JOIN site s ON s.id = r.site_id
        WHERE r.operator_id = %s AND s.kind = 'station' AND r.valid @> %s ORDER BY 1
        """,
        [operator_id, day],
    )
    return [row[0] for row in await cursor.fetchall()]


async def _stations_with_goods(connection: Connection, operator_id: str, pickup_date: date) -> set[str]:
    """Where anything of the day is to go."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT o.site_id FROM customer_order o JOIN order_line l ON l.order_id = o.id
        WHERE o.operator_id = %s AND o.pickup_date = %s AND o.locked_at IS NOT NULL AND o.cancelled_at IS NULL
            AND l.quantity > l.short
        """,
        [operator_id, pickup_date],
    )
    return {row[0] for row in await cursor.fetchall()}


async def _bulk_stations(connection: Connection, operator_id: str, pickup_date: date) -> list[str]:
    """Where the operator's goods of that day come by SKU."""
    cursor = await connection.execute(
        """
        SELECT r.site_id FROM site_operator r JOIN operator o ON o.id = r.operator_id
        WHERE r.operator_id = %s AND r.valid @> %s AND coalesce(r.pack_mode, o.pack_mode) = 'sku_bulk' ORDER BY 1
        """,
        [operator_id, pickup_date],
    )
    return [row[0] for row in await cursor.fetchall()]


async def _goods(
    connection: Connection, operator_id: str, pickup_date: date, bulk: Sequence[Place], kept: Collection[str]
) -> list[Goods]:
    cursor = await connection.execute(
        """
        SELECT o.site_id, p.zone, l.sku, sum(l.quantity - l.short)::int
        FROM customer_order o JOIN order_line l ON l.order_id = o.id JOIN parcel p ON p.id = l.parcel_id
        WHERE o.operator_id = %s AND o.pickup_date = %s AND o.locked_at IS NOT NULL AND o.cancelled_at IS NULL
            AND (o.site_id, p.zone) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
            AND coalesce(p.planned_container_id, '') <> ALL(%s)
        GROUP BY 1, 2, 3 HAVING sum(l.quantity - l.short) > 0
        """,
        [operator_id, pickup_date, [site for site, _ in bulk], [zone for _, zone in bulk], list(kept)],
    )
    return [Goods(*row) for row in await cursor.fetchall()]


async def _to_pack(
    connection: Connection, operator_id: str, pickup_date: date, bulk: Sequence[Place], kept: Collection[str]
) -> list[ToPack]:
    cursor = await connection.execute(
        """
        SELECT p.id, p.site_id, p.zone, sum(l.quantity - l.short)::int
        FROM customer_order o JOIN order_line l ON l.order_id = o.id JOIN parcel p ON p.id = l.parcel_id
        WHERE o.operator_id = %s AND o.pickup_date = %s AND o.locked_at IS NOT NULL AND o.cancelled_at IS NULL
            AND (o.site_id, p.zone) NOT IN (SELECT * FROM unnest(%s::text[], %s::text[]))
            AND coalesce(p.planned_container_id, '') <> ALL(%s)
        GROUP BY p.id HAVING sum(l.quantity - l.short) > 0
        """,
        [operator_id, pickup_date, [site for site, _ in bulk], [zone for _, zone in bulk], list(kept)],
    )
    return [ToPack(*row) for row in await cursor.fetchall()]


async def _in_use(connection: Connection, operator_id: str, pickup_date: date) -> dict[str, Load]:
    """What the last plan's containers carry that a dock has taken, or another in their place: by label."""
    cursor = await connection.execute(
        """
        SELECT c.container_id, c.site_id, c.zone, c.number, c.lines::text FROM planned_container c
        WHERE c.operator_id = %s AND c.pickup_date = %s AND EXISTS (
            SELECT FROM container k WHERE k.state NOT IN ('empty', 'returned_empty', 'lost')
                AND (k.id = c.container_id OR (k.stands_for = c.container_id AND k.stands_for <> '')))
        ORDER BY 1
        """,
        [operator_id, pickup_date],
    )
    return {
        row[0]: Load(row[1], row[2], row[3], (), 0, tuple((line.sku, line.quantity) for line in _LINES.decode(row[4])))
        for row in await cursor.fetchall()
    }


async def _keep(connection: Connection, operator_id: str, pickup_date: date, kept: Sequence[tuple[str, Stop]]) -> None:
    """All else of the last plan goes."""
    await connection.execute(
        "DELETE FROM planned_container WHERE operator_id = %s AND pickup_date = %s AND container_id <> ALL(%s)",
        [operator_id, pickup_date, [label for label, _ in kept]],
    )
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            UPDATE planned_container SET run = %s, stop = %s, lane = %s
            WHERE operator_id = %s AND pickup_date = %s AND container_id = %s
            """,
            [(at.run, at.number, at.lane, operator_id, pickup_date, label) for label, at in kept],
        )


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
