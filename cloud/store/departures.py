"""The morning's board: each run of a day with what is to go on it, how far that is sorted and loaded, and who will be late."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from psycopg.rows import class_row

from cloud.store.pool import Connection

# What leaders are promised (domain.md): everything is there by four in the afternoon.
PROMISE = "16:00"


class Count(msgspec.Struct, frozen=True):
    """Containers of one zone. ``sorted``: a dock has something in them; ``loaded``: they are on the van, or were."""

    zone: str
    expected: int
    sorted: int
    loaded: int


COUNTS = msgspec.json.Decoder(list[Count])


@dataclass(frozen=True, slots=True)
class Departing:
    """``containers``: JSON of `Count`. ``late``: stops not reached before the promise, as last said, else as planned.

    ``heard_at``: when its vehicle last said where it is. ``driver_opened_at``: on the day itself. ``has_phone``: somebody to call.
    """

    id: int
    name: str
    state: str
    vehicle_id: str | None
    vehicle_name: str | None
    planned_start: datetime | None
    planned_end: datetime | None
    departed_at: datetime | None
    heard_at: datetime | None
    driver_opened_at: datetime | None
    has_phone: bool
    stops: int
    done: int
    late: int
    containers: str


async def departing(connection: Connection, operator_id: str, day: date) -> list[Departing]:
    """By when they are to leave. Runs that were called off are none."""
    async with connection.cursor(row_factory=class_row(Departing)) as cursor:
        await cursor.execute(
            """
            SELECT r.id, r.name, r.state, r.vehicle_id, v.name AS vehicle_name, r.planned_start, r.planned_end, r.departed_at,
                c.at AS heard_at, CASE WHEN (r.driver_opened_at AT TIME ZONE o.time_zone)::date >= r.service_date
                    THEN r.driver_opened_at END AS driver_opened_at,
                EXISTS (SELECT FROM driver_phone p WHERE p.operator_id = r.operator_id AND p.site_id = r.vehicle_id) AS has_phone,
                t.stops, t.done, t.late, coalesce(k.containers, '[]') AS containers
            FROM run r JOIN operator o ON o.id = r.operator_id LEFT JOIN site v ON v.id = r.vehicle_id
                LEFT JOIN position_current c ON c.site_id = r.vehicle_id
                CROSS JOIN LATERAL (
                    SELECT count(*)::int AS stops, (count(*) FILTER (
                            WHERE s.arrived_at IS NOT NULL OR s.state NOT IN ('pending', 'approaching', 'skipped')))::int AS done,
                        (count(*) FILTER (
                            WHERE coalesce(s.arrived_at, CASE WHEN r.state IN ('departed', 'paused') THEN e.expected END,
                                s.planned_arrival) > (r.service_date + %(promise)s::time) AT TIME ZONE o.time_zone))::int AS late
                    FROM run_stop s LEFT JOIN eta_stop e USING (run_id, stop) WHERE s.run_id = r.id
                ) t
                LEFT JOIN LATERAL (
                    SELECT json_agg(json_build_object(
                        'zone', z.zone, 'expected', z.expected, 'sorted', z.sorted, 'loaded', z.loaded
                    ) ORDER BY z.zone)::text AS containers
                    FROM (
                        SELECT p.zone, count(*)::int AS expected,
                            (count(*) FILTER (WHERE b.state NOT IN ('empty', 'returned_empty', 'lost')))::int AS sorted,
                            (count(*) FILTER (WHERE b.state IN ('loaded', 'delivered', 'opened', 'awaiting_return')))::int AS loaded
                        FROM planned_container p CROSS JOIN LATERAL (
                            SELECT b.state FROM container b
                            WHERE b.id = p.container_id OR (b.stands_for = p.container_id AND b.stands_for <> '')
                            ORDER BY b.stands_for = p.container_id DESC, b.id LIMIT 1
                        ) b
                        WHERE p.operator_id = r.operator_id AND p.pickup_date = r.service_date AND p.run = r.name
                        GROUP BY p.zone
                    ) z
                ) k ON true
            WHERE r.operator_id = %(operator)s AND r.service_date = %(day)s AND r.state <> 'aborted'
            ORDER BY r.planned_start NULLS LAST, r.name
            """,
            {"operator": operator_id, "day": day, "promise": PROMISE},
        )
        return await cursor.fetchall()
