"""Where a van is while nothing lies between it and one of its stops; whoever waits there hears of it at no other time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud.domain.whereabouts import Sighting, believed
from cloud.store.pool import Connection
from edge.wire.clock import to_ms

# Where a van was longer ago says nothing of where it is.
SEEN_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LastLeg:
    """``lat``, ``lon``: the van's, at ``at_ms`` (ms since 1970). Then its stop."""

    at_ms: int
    lat: float
    lon: float
    station: str
    station_lat: float
    station_lon: float


async def last_leg(connection: Connection, run: int, stop: int, now: datetime) -> LastLeg | None:
    """Of a stop that its van drives to now: every stop before it is left, it is on no break, and on no other run.

    As of the last whole minute: who asks every second learns no more than who asks once. None also where it was not seen for ten
    minutes.
    """
    minute = now.replace(second=0, microsecond=0)
    cursor = await connection.execute(
        """
        SELECT r.vehicle_id, greatest(r.departed_at, %(since)s), s.name, s.lat, s.lon
        FROM run r JOIN run_stop t ON t.run_id = r.id JOIN site s ON s.id = t.site_id
        WHERE r.id = %(run)s AND t.stop = %(stop)s AND r.state = 'departed' AND s.lat IS NOT NULL AND s.lon IS NOT NULL
            AND NOT EXISTS (SELECT FROM run o
                WHERE o.vehicle_id = r.vehicle_id AND o.id <> r.id AND o.state IN ('departed', 'paused'))
            AND NOT EXISTS (SELECT FROM run_stop u WHERE u.run_id = r.id AND u.stop < t.stop AND u.departed_at IS NULL
                AND u.state IN ('pending', 'approaching', 'at_stop', 'unloading'))
        """,
        {"run": run, "stop": stop, "since": minute - SEEN_WITHIN},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    vehicle, since, name, lat, lon = row
    cursor = await connection.execute(
        "SELECT at, lat, lon, speed_m_s, heading_deg FROM position WHERE site_id = %s AND at BETWEEN %s AND %s ORDER BY at",
        [vehicle, since, minute],
    )
    seen = believed([Sighting(to_ms(at), *rest) for at, *rest in await cursor.fetchall()])
    return LastLeg(seen[-1].at_ms, seen[-1].lat, seen[-1].lon, name, lat, lon) if seen else None
