"""What a leader's page is made of: the orders of one group, what is short of them, what was handed out, how it went. Reads only.

Each query is limited by the group's scope (cloud/domain/scope.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg.rows import class_row

from cloud.domain.commission import HandedOut, Piece, Refund
from cloud.domain.scope import ORDERS_IN_SCOPE, Scope
from cloud.store.manifest_facts import OPEN_FOR
from cloud.store.pool import Connection

# What is left of earlier days is resolved next morning; two weeks later nobody comes for it.
LOOKS_BACK = timedelta(days=14)
LOOKS_AHEAD = timedelta(days=7)
MOST_ORDERS = 1_000
SCORED = timedelta(days=7)
HOT_ITEMS = 5


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """One order. ``pieces``: ordered; ``slots``: where its parcels lie now; ``reminded_at``: of today's reminder."""

    id: str
    external_id: str
    site_id: str
    pickup_date: date
    state: str
    state_at: datetime
    phone_tail: str | None
    name_encrypted: bytes | None
    pieces: int
    short: int
    slots: list[str]
    reminded_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShortLine:
    """An article of an order of which something is missing: ``short`` was not there to be had, ``missing`` did not arrive."""

    sku: str
    name: str
    order_id: str
    external_id: str
    phone_tail: str | None
    pickup_date: date
    wanted: int
    short: int
    missing: int


@dataclass(frozen=True, slots=True)
class HotItem:
    sku: str
    name: str
    pieces: int
    orders: int


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over whole days that are over. ``on_day``: orders of which all was fetched on their own day."""

    orders: int
    on_day: int
    pieces: int
    short: int
    lines: int
    cases: int


async def group_orders(connection: Connection, scope: Scope, today: date, time_zone: str) -> list[GroupOrder]:
    """Of today, of the days to come, and what is still open of earlier ones; by pickup date and number."""
    async with connection.cursor(row_factory=class_row(GroupOrder)) as cursor:
        await cursor.execute(
            f"""
            SELECT o.id, o.external_id, o.site_id, o.pickup_date, o.state, o.state_at, r.phone_tail, r.name_encrypted,
                (SELECT coalesce(sum(l.quantity), 0)::int FROM order_line l WHERE l.order_id = o.id) AS pieces,
                (SELECT coalesce(sum(l.short), 0)::int FROM order_line l WHERE l.order_id = o.id) AS short,
                ARRAY(SELECT DISTINCT p.slot FROM parcel p WHERE p.order_id = o.id AND p.slot <> ''
                    AND p.state IN ('shelved', 'in_locker') AND p.at_site_id = o.site_id ORDER BY 1) AS slots,
                m.at AS reminded_at
            FROM customer_order o LEFT JOIN resident r ON r.id = o.resident_id
                LEFT JOIN reminder m ON m.order_id = o.id AND m.day = %(today)s
            WHERE {ORDERS_IN_SCOPE} AND o.cancelled_at IS NULL AND o.pickup_date BETWEEN %(first)s AND %(last)s
                AND (o.pickup_date >= %(today)s OR o.state NOT IN ('collected', 'closed', 'cancelled')
                    OR (o.state_at AT TIME ZONE %(zone)s)::date = %(today)s)
            ORDER BY o.pickup_date, o.external_id LIMIT %(most)s
            """,  # noqa: S608  # literals only
            {
                **scope.order_filter(), "today": today, "first": today - LOOKS_BACK, "last": today + LOOKS_AHEAD,
                "zone": time_zone, "most": MOST_ORDERS,
            },
        )  # fmt: skip
        return await cursor.fetchall()


async def short_lines(connection: Connection, scope: Scope, today: date) -> list[ShortLine]:
    """Of today's and later pickup days, by article and order: what allocation could not give, what the station did not find."""
    async with connection.cursor(row_factory=class_row(ShortLine)) as cursor:
        await cursor.execute(
            f"""
            WITH line AS (
                SELECT l.sku, min(l.name) AS name, o.id AS order_id, o.external_id, r.phone_tail, o.pickup_date, l.parcel_id,
                    sum(l.quantity)::int AS wanted, sum(l.short)::int AS short
                FROM customer_order o JOIN order_line l ON l.order_id = o.id LEFT JOIN resident r ON r.id = o.resident_id
                WHERE {ORDERS_IN_SCOPE} AND o.cancelled_at IS NULL AND o.pickup_date BETWEEN %(today)s AND %(last)s
                GROUP BY l.sku, o.id, r.phone_tail, l.parcel_id
            ), found AS (
                SELECT line.*, least(wanted - short, coalesce((
                    SELECT sum(CASE WHEN c.sku = '' THEN line.wanted ELSE c.quantity END) FROM after_sales_case c
                    WHERE c.parcel_id = line.parcel_id AND c.order_id = line.order_id AND c.sku IN ('', line.sku)
                        AND c.origin = 'station' AND c.problem IN ('short', 'missing') AND c.state <> 'refused' AND NOT c.is_settled
                ), 0))::int AS missing FROM line
            )
            SELECT sku, name, order_id, external_id, phone_tail, pickup_date, wanted, short, missing FROM found
            WHERE short > 0 OR missing > 0 ORDER BY pickup_date, sku, external_id
            """,  # noqa: S608  # literals only
            {**scope.order_filter(), "today": today, "last": today + LOOKS_AHEAD},
        )
        return await cursor.fetchall()


async def hot_items(connection: Connection, scope: Scope, today: date) -> list[HotItem]:
    """What the group orders most, over the last week and the days to come."""
    async with connection.cursor(row_factory=class_row(HotItem)) as cursor:
        await cursor.execute(
            f"""
            SELECT l.sku, min(l.name) AS name, sum(l.quantity)::int AS pieces, count(DISTINCT o.id)::int AS orders
            FROM customer_order o JOIN order_line l ON l.order_id = o.id
            WHERE {ORDERS_IN_SCOPE} AND o.cancelled_at IS NULL AND o.pickup_date BETWEEN %(first)s AND %(last)s
            GROUP BY l.sku ORDER BY 3 DESC, 4 DESC, 1 LIMIT %(most)s
            """,  # noqa: S608  # literals only
            {**scope.order_filter(), "first": today - SCORED, "last": today + LOOKS_AHEAD, "most": HOT_ITEMS},
        )
        return await cursor.fetchall()


async def score(connection: Connection, scope: Scope, today: date, time_zone: str) -> Score:
    """Of the seven pickup days before today. What was cancelled before its cut-off is in no denominator."""
    async with connection.cursor(row_factory=class_row(Score)) as cursor:
        await cursor.execute(
            f"""
            WITH scored AS (
                SELECT o.id, o.state = 'collected' AND NOT EXISTS (
                    SELECT FROM parcel p WHERE p.order_id = o.id AND p.state = 'released'
                        AND (p.state_at AT TIME ZONE %(zone)s)::date > o.pickup_date) AS on_day
                FROM customer_order o
                WHERE {ORDERS_IN_SCOPE} AND o.cancelled_at IS NULL AND o.pickup_date BETWEEN %(first)s AND %(last)s
            )
            SELECT (SELECT count(*)::int FROM scored) AS orders, (SELECT count(*)::int FROM scored WHERE on_day) AS on_day,
                coalesce(sum(l.quantity), 0)::int AS pieces, coalesce(sum(l.short), 0)::int AS short, count(l.line)::int AS lines,
                (SELECT count(*)::int FROM after_sales_case c JOIN scored s ON s.id = c.order_id
                    WHERE c.origin IN ('resident', 'staff') AND c.state <> 'refused') AS cases
            FROM scored LEFT JOIN order_line l ON l.order_id = scored.id
            """,  # noqa: S608  # literals only
            {**scope.order_filter(), "zone": time_zone, "first": today - SCORED, "last": today - timedelta(days=1)},
        )
        found = await cursor.fetchone()
    return found or Score(0, 0, 0, 0, 0, 0)


async def handed_out(connection: Connection, scope: Scope, since: date, time_zone: str) -> list[HandedOut]:
    """Every line that went to its resident on ``since`` or later, less what it never got. Undone hand-outs are none.

    What was to be fetched earlier than a station knows of was handed out before.
    """
    cursor = await connection.execute(
        f"""
        SELECT p.id, l.sku, sum(l.quantity - l.short)::int, (p.state_at AT TIME ZONE %(zone)s)::date, o.pickup_date
        FROM customer_order o JOIN parcel p ON p.order_id = o.id JOIN order_line l ON l.parcel_id = p.id AND l.order_id = o.id
        WHERE {ORDERS_IN_SCOPE} AND o.cancelled_at IS NULL AND o.pickup_date >= %(known)s AND p.state = 'released'
            AND p.state_at >= %(since)s::date::timestamp AT TIME ZONE %(zone)s
        GROUP BY p.id, l.sku, p.state_at, o.pickup_date HAVING sum(l.quantity - l.short) > 0 ORDER BY 1, 2
        """,  # noqa: S608  # literals only
        {**scope.order_filter(), "since": since, "known": since - OPEN_FOR, "zone": time_zone},
    )
    return [HandedOut(Piece(row[0], row[1]), row[2], row[3], row[4]) for row in await cursor.fetchall()]


async def refunds(connection: Connection, scope: Scope, parcels: Sequence[str], keeps_site_id: str | None) -> list[Refund]:
    """What was decided to be given back of these parcels. What allocation could not give was not handed out either.

    The amount counts where the station is liable and the leader keeps it.
    """
    cursor = await connection.execute(
        f"""
        SELECT c.parcel_id, c.sku, c.quantity,
            CASE WHEN c.liability = 'station' AND o.site_id = %(keeps)s THEN coalesce(c.refund_fen, 0) ELSE 0 END
        FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id
        WHERE {ORDERS_IN_SCOPE} AND c.parcel_id = ANY(%(parcels)s) AND c.origin <> 'allocation' AND NOT c.is_settled
            AND c.state IN ('approved', 'refunding', 'refunded', 'return_required', 'returned_to_grid')
        """,  # noqa: S608  # literals only
        {**scope.order_filter(), "parcels": list(parcels), "keeps": keeps_site_id},
    )
    return [Refund(Piece(row[0], row[1]), row[2], row[3]) for row in await cursor.fetchall()]
