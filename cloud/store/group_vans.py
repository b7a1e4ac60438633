"""The vans that bring goods to a group's stations, and which stations those are. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from cloud.domain.scope import ORDERS_IN_SCOPE, RUNS_IN_SCOPE, Scope
from cloud.store.pool import Connection


@dataclass(frozen=True, slots=True)
class GroupStation:
    """Where the group fetches. ``is_silent``: the cloud does not hear it now; one that never spoke is not silent."""

    id: str
    name: str
    is_silent: bool


@dataclass(frozen=True, slots=True)
class ComingVan:
    """A van under way with containers for a station. What is null is not known."""

    run: int
    run_name: str
    vehicle_name: str | None
    site_id: str
    site_name: str
    site_lat: float | None
    site_lon: float | None
    planned_arrival: datetime | None
    stops_ahead: int
    containers: int
    early: datetime | None
    late: datetime | None
    as_of: datetime | None
    is_estimate: bool | None
    fix_at: datetime | None
    lat: float | None
    lon: float | None


async def group_stations(connection: Connection, scope: Scope, today: date) -> list[GroupStation]:
    """The one its leader keeps, and those where orders of today or later are fetched."""
    cursor = await connection.execute(
        f"""
        SELECT s.id, s.name, coalesce(NOT t.online AND coalesce(
            (SELECT max(f.heard_at) FROM lane_floor f WHERE f.site_id = s.id) <= t.heard_at, true), false)
        FROM site s LEFT JOIN site_status t ON t.site_id = s.id
        WHERE s.id IN (SELECT keeps_site_id FROM leader WHERE (operator_id, id) = (%(scope_operator)s, %(scope_leader)s))
            OR s.id IN (SELECT o.site_id FROM customer_order o
                WHERE {ORDERS_IN_SCOPE} AND o.cancelled_at IS NULL AND o.pickup_date >= %(today)s)
        ORDER BY s.id
        """,  # noqa: S608  # literals only
        {**scope.order_filter(), "today": today},
    )
    return [GroupStation(*row) for row in await cursor.fetchall()]


async def coming_vans(connection: Connection, scope: Scope, sites: Collection[str]) -> list[ComingVan]:
    """The soonest first. A van that has nothing on board for these stations is nobody's business here."""
    async with connection.cursor(row_factory=class_row(ComingVan)) as cursor:
        await cursor.execute(
            f"""
            SELECT r.id AS run, r.name AS run_name, v.name AS vehicle_name, t.site_id, s.name AS site_name, s.lat AS site_lat,
                s.lon AS site_lon, t.planned_arrival, coalesce(e.stops_before, (
                    SELECT count(*)::int FROM run_stop u WHERE u.run_id = r.id AND u.stop < t.stop AND u.arrived_at IS NULL
                        AND u.state IN ('pending', 'approaching'))) AS stops_ahead,
                aboard.containers, e.early, e.late, e.as_of, k.is_estimate, c.at AS fix_at, c.lat, c.lon
            FROM run r JOIN run_stop t ON t.run_id = r.id JOIN site s ON s.id = t.site_id
                CROSS JOIN LATERAL (SELECT count(*)::int AS containers FROM container b
                    WHERE b.operator_id = r.operator_id AND b.run = r.name AND b.site_id = t.site_id AND b.state = 'loaded')
                    AS aboard
                LEFT JOIN site v ON v.id = r.vehicle_id LEFT JOIN position_current c ON c.site_id = r.vehicle_id
                LEFT JOIN eta_stop e ON e.run_id = r.id AND e.stop = t.stop LEFT JOIN eta_run k ON k.run_id = r.id
            WHERE {RUNS_IN_SCOPE} AND r.state IN ('departed', 'paused') AND t.site_id = ANY(%(sites)s)
                AND t.arrived_at IS NULL AND t.state IN ('pending', 'approaching') AND aboard.containers > 0
            ORDER BY e.late NULLS LAST, t.planned_arrival NULLS LAST, r.id
            """,  # noqa: S608  # literals only
            {**scope.order_filter(), "sites": sorted(sites)},
        )
        return await cursor.fetchall()
