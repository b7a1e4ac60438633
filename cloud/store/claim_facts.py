"""Whose parcels a station has, or had today: what the claims of its manifest are made of."""

from collections.abc import Callable, Mapping

from cloud.store.pool import Connection
from edge.wire.clock import to_ms
from edge.wire.manifest import Claim

# Stand in queries over customer_order AS o, as in cloud.auth.claims: who shares a code; whose parcels may still be handed out.
CLAIM = (
    "CASE WHEN o.resident_id IS NULL THEN o.operator_id || '/o/' || o.external_id ELSE o.operator_id || '/r/' || o.resident_id END"
)
IS_HERE = "o.site_id = %(site)s AND o.pickup_date BETWEEN %(since)s AND %(day)s AND o.cancelled_at IS NULL"
IS_OPEN = f"{IS_HERE} AND o.state NOT IN ('collected', 'closed', 'cancelled')"
# What ended on this day, or belongs to it: a code that is shown again is answered by what became of it.
_IS_OF_DAY = f"""{IS_HERE} AND (o.state NOT IN ('collected', 'closed', 'cancelled')
    OR o.pickup_date = %(day)s OR (o.state_at AT TIME ZONE op.time_zone)::date >= %(day)s)"""


async def read_claims(
    connection: Connection, values: Mapping[str, object], masked: Callable[[str, bytes], str]
) -> tuple[Claim, ...]:  # fmt: skip
    """Everybody's of a station on a day, those included of whom nothing is left. ``values``: site, day, since."""
    cursor = await connection.execute(
        f"""
        WITH of_day AS (
            SELECT {CLAIM} AS claim, o.operator_id, o.id, o.pickup_date, o.state, o.state_at, r.phone_tail, r.name_encrypted,
                   (o.pickup_date + op.pickup_until) AT TIME ZONE op.time_zone AS deadline
            FROM customer_order o JOIN operator op ON op.id = o.operator_id LEFT JOIN resident r ON r.id = o.resident_id
            WHERE {_IS_OF_DAY}
        ), claims AS (
            SELECT claim, operator_id, array_agg(id ORDER BY pickup_date, id) AS orders, max(deadline) AS deadline,
                   max(phone_tail) AS tail, name_encrypted, bool_and(state IN ('collected', 'closed')) AS is_done,
                   bool_or(state = 'collected') AS is_collected, max(state_at) AS done_at
            FROM of_day GROUP BY claim, operator_id, name_encrypted
        )
        SELECT claim, operator_id, orders, deadline, tail, name_encrypted, is_done, is_collected, done_at,
               coalesce(e.fact->>'how', '')
        FROM claims LEFT JOIN LATERAL (
            SELECT e.fact FROM parcel p JOIN event_subject s ON s.entity = 'parcel' AND s.entity_id = p.id
            JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
            WHERE claims.is_done AND p.order_id = ANY(claims.orders) AND e.kind = 'parcel_released' AND NOT EXISTS (
                SELECT FROM event_undo u WHERE (u.target_site_id, u.target_epoch, u.target_n) = (e.site_id, e.epoch, e.n))
            ORDER BY e.hlc DESC LIMIT 1
        ) AS e ON true
        ORDER BY claim
        """,  # noqa: S608  # constants
        values,
    )
    return tuple(
        Claim(
            claim=row[0], operator=row[1], orders=tuple(row[2]), deadline_ms=to_ms(row[3]), tail=row[4],
            name="" if row[5] is None else masked(row[1], bytes(row[5])),
            done=("released" if row[7] else "left") if row[6] else "", done_at_ms=to_ms(row[8]) if row[6] else 0,
            done_how=row[9] if row[6] else "",
        )
        for row in await cursor.fetchall()
    )  # fmt: skip
