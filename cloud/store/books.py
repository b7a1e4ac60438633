"""What a pickup date's books are closed over, read: each parcel that was sent, where it stands, what was reported of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from cloud.domain.books import Complaint, Delivery, Variance
from cloud.store.pool import Connection
from edge.rules.custody import ParcelState
from edge.wire.messages import Problem

_PROBLEMS = frozenset(problem.value for problem in Problem)


async def deliveries(connection: Connection, operator_id: str, pickup_date: date) -> list[Delivery]:
    """Parcels of frozen orders with something in them, by label. A cancelled order's count only where somebody has seen them.

    Sent is what allocation gave out: ordered, less what could not be had.
    """
    variances = await _variances(connection, operator_id, pickup_date)
    complaints = await _complaints(connection, operator_id, pickup_date)
    cursor = await connection.execute(
        """
        SELECT p.id, o.site_id, coalesce(p.zone, 'ambient'), p.state, p.dispute <> '{}', 'missing' = ANY(p.exceptions),
               json_agg(json_build_array(l.sku, l.quantity - l.short) ORDER BY l.line)
        FROM customer_order o JOIN parcel p ON p.order_id = o.id JOIN order_line l ON l.parcel_id = p.id AND l.order_id = o.id
        WHERE o.operator_id = %s AND o.pickup_date = %s AND o.locked_at IS NOT NULL AND l.quantity > l.short
          AND (o.cancelled_at IS NULL OR p.state <> 'expected')
        GROUP BY p.id, o.site_id ORDER BY p.id
        """,
        [operator_id, pickup_date],
    )
    return [
        Delivery(
            parcel=row[0], site=row[1], zone=row[2], state=ParcelState(row[3]), contents=_pieces(row[6]),
            variances=variances.get(row[0], ()), is_disputed=row[4], is_missing=row[5], complaints=complaints.get(row[0], ()),
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


def _pieces(lines: Sequence[Sequence[Any]]) -> Mapping[str, int]:
    """An order may name an article twice."""
    pieces: dict[str, int] = {}
    for sku, quantity in lines:
        pieces[sku] = pieces.get(sku, 0) + quantity
    return pieces


async def _variances(connection: Connection, operator_id: str, pickup_date: date) -> dict[str, list[Variance]]:
    """What was reported of single articles and not taken back, by parcel."""
    cursor = await connection.execute(
        """
        SELECT p.id, e.fact->>'problem', e.fact->>'sku', coalesce((e.fact->>'quantity')::int, 1)
        FROM customer_order o JOIN parcel p ON p.order_id = o.id
        JOIN event_subject s ON s.entity = 'parcel' AND s.entity_id = p.id
        JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
        WHERE o.operator_id = %s AND o.pickup_date = %s AND e.kind = 'variance_found' AND coalesce(e.fact->>'sku', '') <> ''
          AND NOT EXISTS (SELECT FROM event_undo u WHERE (u.target_site_id, u.target_epoch, u.target_n) = (e.site_id, e.epoch, e.n))
        ORDER BY p.id, e.hlc, e.site_id, e.n
        """,
        [operator_id, pickup_date],
    )
    found: dict[str, list[Variance]] = {}
    for parcel, problem, sku, pieces in await cursor.fetchall():
        if problem in _PROBLEMS:  # kinds of a newer release are left out, as the fold leaves them out
            found.setdefault(parcel, []).append(Variance(Problem(problem), sku, pieces))
    return found


async def _complaints(connection: Connection, operator_id: str, pickup_date: date) -> dict[str, list[Complaint]]:
    """Cases that people opened and nobody has refused, by parcel. Those that facts opened are counted by their facts."""
    cursor = await connection.execute(
        """
        SELECT c.parcel_id, c.sku, c.quantity FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id
        WHERE o.operator_id = %s AND o.pickup_date = %s AND c.origin IN ('resident', 'staff') AND c.parcel_id IS NOT NULL
          AND c.state <> 'refused' AND NOT c.is_settled ORDER BY c.id
        """,
        [operator_id, pickup_date],
    )
    found: dict[str, list[Complaint]] = {}
    for parcel, sku, pieces in await cursor.fetchall():
        found.setdefault(parcel, []).append(Complaint(sku, pieces))
    return found


async def dates(connection: Connection, operator_id: str, most: int) -> list[date]:
    """The newest pickup dates that are frozen, the newest first."""
    cursor = await connection.execute(
        "SELECT pickup_date FROM pickup_batch WHERE operator_id = %s ORDER BY pickup_date DESC LIMIT %s", [operator_id, most]
    )
    return [row[0] for row in await cursor.fetchall()]
