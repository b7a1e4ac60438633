"""What a van's manifest is made of, read: its runs with their stops, and what each container of theirs is to go where."""

from datetime import date, timedelta

import msgspec

from cloud.store.pool import Connection
from edge.wire.clock import to_ms
from edge.wire.manifest import PlannedLoad, RunStop, VanRun, Zone

AROUND = timedelta(days=1)  # a run that began before midnight goes on; the next day's is loaded in the evening
# A run of which nothing is planned or heard any more is over by then, also where its van has not been told.
LASTS = timedelta(hours=16)
_OVERDUE = timedelta(hours=4)

# Of a vehicle that is to drive, or drives. Also part of what a manifest's stamp is made of.
OF_VAN = "r.vehicle_id = s.id AND r.state IN ('assigned', 'loading', 'departed', 'paused')"

_STOPS = msgspec.json.Decoder(tuple[RunStop, ...])


async def runs(connection: Connection, van: str, day: date) -> tuple[VanRun, ...]:
    """Its runs around a day, in order of time."""
    cursor = await connection.execute(
        f"""
        SELECT r.operator_id, r.service_date, r.name, r.state,
            greatest(coalesce(r.planned_start, r.state_at) + %(lasts)s, r.planned_end + %(overdue)s),
            (SELECT coalesce(json_agg(json_build_object('stop', t.stop, 'station', p.id, 'name', left(p.name, 200),
                    'lat', p.lat, 'lon', p.lon) ORDER BY t.stop), '[]')::text
             FROM run_stop t JOIN site p ON p.id = t.site_id WHERE t.run_id = r.id AND t.state <> 'skipped')
        FROM run r JOIN site s ON s.id = %(van)s AND {OF_VAN}
        WHERE r.service_date BETWEEN %(from)s AND %(to)s ORDER BY r.service_date, r.planned_start, r.operator_id, r.name
        """,  # noqa: S608  # a constant
        {"van": van, "from": day - AROUND, "to": day + AROUND, "lasts": LASTS, "overdue": _OVERDUE},
    )
    return tuple(
        VanRun(
            operator=row[0], day=row[1].isoformat(), run=row[2], state=row[3], ends_ms=to_ms(row[4]), stops=_STOPS.decode(row[5])
        )
        for row in await cursor.fetchall()
    )


async def loads(connection: Connection, van: str, day: date) -> tuple[PlannedLoad, ...]:
    """What goes with its runs, in the order of loading. Where a container stands in for a planned one, it is named."""
    cursor = await connection.execute(
        f"""
        SELECT * FROM (
            SELECT DISTINCT ON (1) coalesce(k.id, c.container_id) AS container, c.operator_id, c.pickup_date, c.site_id,
                p.name, c.zone, c.number, r.name AS run, coalesce(t.stop, c.stop) AS stop, c.lane,
                coalesce(e.run, '') AS comes_from
            FROM run r JOIN site s ON s.id = %(van)s AND {OF_VAN}
            JOIN planned_container c ON (c.operator_id, c.pickup_date, c.run) = (r.operator_id, r.service_date, r.name)
            JOIN site p ON p.id = c.site_id
            LEFT JOIN run_stop t ON t.run_id = r.id AND t.site_id = c.site_id AND t.state <> 'skipped'
            LEFT JOIN LATERAL (SELECT id FROM container k WHERE k.stands_for = c.container_id AND k.stands_for <> ''
                AND EXISTS (SELECT FROM run o
                    WHERE (o.operator_id, o.service_date, o.name) = (c.operator_id, c.pickup_date, k.run))
                ORDER BY k.run <> c.run, id LIMIT 1) k ON true
            LEFT JOIN container e ON e.id = coalesce(k.id, c.container_id) AND e.state = 'loaded' AND e.run NOT IN ('', c.run)
            WHERE r.service_date BETWEEN %(from)s AND %(to)s ORDER BY 1, c.pickup_date DESC, c.operator_id
        ) AS load ORDER BY pickup_date, operator_id, run, stop DESC, site_id, zone, number
        """,  # noqa: S608  # a constant
        {"van": van, "from": day - AROUND, "to": day + AROUND},
    )
    return tuple(
        PlannedLoad(
            container=row[0], operator=row[1], day=row[2].isoformat(), station=row[3], station_name=row[4][:200], zone=Zone(row[5]),
            number=row[6], run=row[7], stop=row[8], lane=row[9], comes_from=row[10],
        )
        for row in await cursor.fetchall()
    )  # fmt: skip
