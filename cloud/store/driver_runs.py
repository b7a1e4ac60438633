"""A run as its driver sees it: stops in order, what is dropped at each, empties to take back, when the van comes. No residents."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from psycopg.rows import class_row

from cloud.store.pool import Connection


class Brought(msgspec.Struct, frozen=True, array_like=True):
    """A container that the run brings to a stop."""

    id: str
    zone: str
    state: str
    is_signed: bool


@dataclass(frozen=True, slots=True)
class RunHead:
    """``trackers``: how many are enrolled for its vehicle; ``fix_at``: when that was last seen."""

    id: int
    name: str
    service_date: date
    vehicle: str | None
    state: str
    time_zone: str
    trackers: int
    fix_at: datetime | None


@dataclass(frozen=True, slots=True)
class StopAhead:
    """``early``, ``late``, ``as_of``, ``is_estimate``: None where nobody knows when the van comes. ``brought``: JSON.

    ``unlabelled``: JSON of so many containers by zone that the plan brings here and nobody has labels of; else None.
    """

    stop: int
    site_id: str
    name: str
    address: str
    gate_note: str
    lat: float | None
    lon: float | None
    state: str
    planned_arrival: datetime | None
    arrived_at: datetime | None
    early: datetime | None
    late: datetime | None
    as_of: datetime | None
    is_estimate: bool | None
    brought: str
    unlabelled: str | None
    empties: list[str]

    def containers(self) -> list[Brought]:
        """What is dropped here, by zone."""
        return _BROUGHT.decode(self.brought)


_BROUGHT = msgspec.json.Decoder(list[Brought])


async def note_opened(connection: Connection, run_id: int, now: datetime) -> None:
    """The driver has the run before them: for the first time, or for the first time on the day itself."""
    await connection.execute(
        """
        UPDATE run r SET driver_opened_at = %(now)s FROM operator o WHERE r.id = %(run)s AND o.id = r.operator_id AND (
            r.driver_opened_at IS NULL OR (r.driver_opened_at AT TIME ZONE o.time_zone)::date < r.service_date
                AND (%(now)s AT TIME ZONE o.time_zone)::date >= r.service_date)
        """,
        {"run": run_id, "now": now},
    )


async def run_head(connection: Connection, run_id: int) -> RunHead | None:
    """The run itself."""
    async with connection.cursor(row_factory=class_row(RunHead)) as cursor:
        await cursor.execute(
            """
            SELECT r.id, r.name, r.service_date, s.name AS vehicle, r.state, o.time_zone,
                (SELECT count(*) FROM tracker t WHERE t.site_id = r.vehicle_id AND t.operator_id = r.operator_id
                    AND t.revoked_at IS NULL) AS trackers,
                (SELECT c.at FROM position_current c WHERE c.site_id = r.vehicle_id) AS fix_at
            FROM run r JOIN operator o ON o.id = r.operator_id LEFT JOIN site s ON s.id = r.vehicle_id WHERE r.id = %s
            """,
            [run_id],
        )
        return await cursor.fetchone()


async def stops_ahead(connection: Connection, run_id: int) -> list[StopAhead]:
    """All its stops, in their order. A container that stands for a planned one is named instead of it."""
    async with connection.cursor(row_factory=class_row(StopAhead)) as cursor:
        await cursor.execute(
            """
            SELECT t.stop, t.site_id, s.name, s.address, s.gate_note, s.lat, s.lon, t.state, t.planned_arrival, t.arrived_at,
                e.early, e.late, e.as_of, k.is_estimate,
                coalesce((
                    SELECT json_agg(json_build_array(b.id, coalesce(b.zone, 'ambient'), b.state, b.is_signed)
                        ORDER BY array_position(ARRAY['frozen', 'chilled', 'ambient'], b.zone), b.id)
                    FROM (
                        SELECT c.id, c.zone, c.state, c.is_signed FROM planned_container p
                        JOIN LATERAL (SELECT * FROM container c
                            WHERE c.id = p.container_id OR (c.stands_for = p.container_id AND c.stands_for <> '')
                            ORDER BY c.stands_for = p.container_id DESC, c.id LIMIT 1) c ON true
                        WHERE p.operator_id = r.operator_id AND p.pickup_date = r.service_date AND p.run = r.name
                            AND p.site_id = t.site_id
                        UNION
                        SELECT c.id, c.zone, c.state, c.is_signed FROM container c
                        WHERE c.operator_id = r.operator_id AND c.site_id = t.site_id AND c.run = r.name AND c.state = 'loaded'
                    ) b), '[]')::text AS brought,
                CASE WHEN t.state <> 'skipped' AND NOT EXISTS (SELECT FROM planned_container p
                    WHERE p.operator_id = r.operator_id AND p.pickup_date = r.service_date AND p.site_id = t.site_id)
                    THEN t.load::text END AS unlabelled,
                ARRAY(SELECT c.id FROM container c WHERE c.operator_id = r.operator_id AND c.at_site_id = t.site_id
                    AND c.state = 'awaiting_return' ORDER BY c.id LIMIT 200) AS empties
            FROM run r JOIN run_stop t ON t.run_id = r.id JOIN site s ON s.id = t.site_id
                LEFT JOIN eta_run k ON k.run_id = r.id AND r.state IN ('departed', 'paused')
                LEFT JOIN eta_stop e ON e.run_id = k.run_id AND e.stop = t.stop
                    AND t.arrived_at IS NULL AND t.state IN ('pending', 'approaching')
            WHERE r.id = %s ORDER BY t.stop
            """,
            [run_id],
        )
        return await cursor.fetchall()
