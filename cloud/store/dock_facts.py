"""What a dock's manifest is made of, read: the planned containers of the operators it serves, in the order of loading."""

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from cloud.store.pool import Connection
from edge.wire.manifest import Line, PlannedLoad, Zone

# On the evening before, the next day's plan is packed; this day's stays, for what came late and what is still to be looked up.
AHEAD = timedelta(days=1)
_LINES = msgspec.json.Decoder(tuple[Line, ...])


async def loads(connection: Connection, dock: str, operators: tuple[str, ...], day: date) -> tuple[PlannedLoad, ...]:
    """The plans of a day and the next, for the stations the dock sorts for. Where two name a container, the later counts."""
    values = {"dock": dock, "operators": list(operators), "day": day, "until": day + AHEAD}
    parcels = await _parcels(connection, values)
    cursor = await connection.execute(
        """
        SELECT * FROM (
            SELECT DISTINCT ON (c.container_id) c.container_id, c.operator_id, c.pickup_date, c.site_id, s.name AS site_name,
                   c.zone, c.number, c.run, c.stop, c.lane, c.lines::text
            FROM planned_container c JOIN site s ON s.id = c.site_id
            WHERE c.operator_id = ANY(%(operators)s) AND c.pickup_date BETWEEN %(day)s AND %(until)s AND (
                NOT EXISTS (SELECT FROM dock_station d WHERE d.dock_id = %(dock)s)
                OR EXISTS (SELECT FROM dock_station d WHERE (d.dock_id, d.station_id) = (%(dock)s, c.site_id)))
            ORDER BY c.container_id, c.pickup_date DESC, c.operator_id
        ) AS load ORDER BY pickup_date, operator_id, run, stop DESC, site_id, zone, number
        """,
        values,
    )
    return tuple(
        PlannedLoad(
            container=row[0], operator=row[1], day=row[2].isoformat(), station=row[3], station_name=row[4][:200], zone=Zone(row[5]),
            number=row[6], run=row[7], stop=row[8], lane=row[9], parcels=parcels.get((row[1], row[2], row[0]), ()),
            lines=_LINES.decode(row[10]),
        )
        for row in await cursor.fetchall()
    )  # fmt: skip


async def _parcels(connection: Connection, values: Mapping[str, object]) -> dict[tuple[str, date, str], tuple[str, ...]]:
    """Of each planned container: those of orders that are still wanted."""
    cursor = await connection.execute(
        """
        SELECT o.operator_id, o.pickup_date, p.planned_container_id, array_agg(p.id ORDER BY p.id)
        FROM customer_order o JOIN parcel p ON p.order_id = o.id
        WHERE o.operator_id = ANY(%(operators)s) AND o.pickup_date BETWEEN %(day)s AND %(until)s AND o.cancelled_at IS NULL
            AND p.planned_container_id IS NOT NULL
        GROUP BY 1, 2, 3
        """,
        values,
    )
    return {(row[0], row[1], row[2]): tuple(row[3]) for row in await cursor.fetchall()}
