"""Runs of a plan as they stand in the day: what is served, where the van is, what was scanned aboard; and their rest written anew.

Stops that are done keep their number and all that is known of them; what is still to come takes the numbers that are free.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from cloud.domain.visits import Progress
from cloud.store.pool import Connection
from cloud.store.run_rooms import FOLLOWED, Followed

AHEAD = ("pending", "approaching")
LOADED = ("loading", "departed", "paused")
# A container that somebody has scanned onto a van, whatever became of it since.
_ON_A_VAN = ("loaded", "delivered", "opened", "awaiting_return", "returned_empty")


class StopNow(msgspec.Struct, frozen=True, array_like=True):
    """A stop of a run with what became of it."""

    stop: int
    site: str
    state: str
    planned_arrival: datetime | None
    planned_departure: datetime | None
    arrived_at: datetime | None
    departed_at: datetime | None

    @property
    def is_ahead(self) -> bool:
        return self.state in AHEAD and self.arrived_at is None

    @property
    def is_served(self) -> bool:
        return not self.is_ahead and self.state != "skipped"


@dataclass(frozen=True, slots=True)
class RunNow:
    """``planned_start``: when it is to leave. ``lat``, ``lon``: where its vehicle was last seen, ``fix_at``; None: never."""

    id: int
    name: str
    state: str
    planned_start: datetime | None
    departed_at: datetime | None
    fix_at: datetime | None
    lat: float | None
    lon: float | None
    stops: tuple[StopNow, ...]

    @property
    def is_loaded(self) -> bool:
        return self.state in LOADED


@dataclass(frozen=True, slots=True)
class StopToCome:
    """``load``: JSON."""

    site: str
    arrival: datetime
    departure: datetime
    load: str


@dataclass(frozen=True, slots=True)
class PlannedNow:
    """A container as planned. ``aboard_of``: the run onto whose van it was scanned last; "" none."""

    container: str
    site: str
    zone: str
    aboard_of: str


_STOPS = msgspec.json.Decoder(tuple[StopNow, ...])


async def runs_now(connection: Connection, operator_id: str, day: date, names: Collection[str]) -> dict[str, RunNow]:
    """By name; locked, so that nobody plans or steps them meanwhile."""
    cursor = await connection.execute(
        """
        SELECT r.id, r.name, r.state, r.planned_start, r.departed_at, c.at, c.lat, c.lon,
            (SELECT json_agg(json_build_array(t.stop, t.site_id, t.state, t.planned_arrival, t.planned_departure, t.arrived_at,
                    t.departed_at) ORDER BY t.stop)::text FROM run_stop t WHERE t.run_id = r.id)
        FROM run r LEFT JOIN position_current c ON c.site_id = r.vehicle_id
        WHERE r.operator_id = %s AND r.service_date = %s AND r.name = ANY(%s) ORDER BY r.id FOR UPDATE OF r
        """,
        [operator_id, day, list(names)],
    )
    return {
        row[1]: RunNow(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], () if row[8] is None else _STOPS.decode(row[8])
        )
        for row in await cursor.fetchall()
    }  # fmt: skip


async def taken_unlabelled(connection: Connection, operator_id: str, day: date) -> set[tuple[str, str]]:
    """(station, run) of goods without labels that a driver says are aboard."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT a.site_id, r.name FROM run r JOIN driver_act a ON a.run_id = r.id
        WHERE r.operator_id = %s AND r.service_date = %s AND a.kind = 'taken_over' AND a.containers = '{}' AND a.refusal = ''
        """,
        [operator_id, day],
    )
    return {(row[0], row[1]) for row in await cursor.fetchall()}


async def scanned_aboard(connection: Connection, operator_id: str, day: date) -> set[tuple[str, str]]:
    """(station, run) of containers of the date that were scanned onto a van."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT p.site_id, k.run FROM planned_container p
        JOIN container k ON k.id = p.container_id OR (k.stands_for = p.container_id AND k.stands_for <> '')
        WHERE p.operator_id = %s AND p.pickup_date = %s AND k.state = ANY(%s) AND k.run <> ''
        """,
        [operator_id, day, list(_ON_A_VAN)],
    )
    return {(row[0], row[1]) for row in await cursor.fetchall()}


async def containers_for(connection: Connection, operator_id: str, day: date, sites: Collection[str]) -> list[PlannedNow]:
    """By station; one that stands for a planned one is named instead of it."""
    cursor = await connection.execute(
        """
        SELECT coalesce(k.id, p.container_id), p.site_id, p.zone, CASE WHEN k.state = ANY(%(aboard)s) THEN k.run ELSE '' END
        FROM planned_container p
        LEFT JOIN LATERAL (SELECT c.id, c.state, c.run FROM container c
            WHERE c.id = p.container_id OR (c.stands_for = p.container_id AND c.stands_for <> '')
            ORDER BY c.stands_for = p.container_id DESC, c.id LIMIT 1) k ON true
        WHERE p.operator_id = %(operator)s AND p.pickup_date = %(day)s AND p.site_id = ANY(%(sites)s)
        ORDER BY p.site_id, p.zone, p.number, p.container_id
        """,
        {"operator": operator_id, "day": day, "sites": list(sites), "aboard": list(_ON_A_VAN)},
    )
    return [PlannedNow(*row) for row in await cursor.fetchall()]


async def write_rest(
    connection: Connection, run: RunNow, stops: Sequence[StopToCome], skipped: Collection[str], coming: Collection[str],
    planned_end: datetime | None,
) -> None:  # fmt: skip
    """What is ahead of a run is ``stops`` now, in their order. ``skipped``: stations of it that keep their place, passed over;
    ``coming``: those that some van comes to.
    """
    await connection.execute(
        """
        DELETE FROM run_stop WHERE run_id = %(run)s AND (
            state IN ('pending', 'approaching') AND arrived_at IS NULL AND site_id <> ALL(%(skipped)s)
            OR state = 'skipped' AND site_id = ANY(%(coming)s))
        """,
        {"run": run.id, "skipped": list(skipped), "coming": list(coming)},
    )
    cursor = await connection.execute(
        """
        UPDATE run_stop SET state =
            CASE WHEN state IN ('pending', 'approaching') AND arrived_at IS NULL THEN 'skipped' ELSE state END
        WHERE run_id = %s RETURNING stop
        """,
        [run.id],
    )
    kept = {int(row[0]) for row in await cursor.fetchall()}
    free = [number for number in range(1, len(kept) + len(stops) + 1) if number not in kept]
    async with connection.cursor() as writing:
        await writing.executemany(
            """
            INSERT INTO run_stop (run_id, stop, site_id, planned_arrival, planned_departure, load)
            VALUES (%s, %s, %s, %s, %s, %s::jsonb)
            """,
            [(run.id, number, one.site, one.arrival, one.departure, one.load) for number, one in zip(free, stops, strict=False)],
        )
    await connection.execute(
        """
        UPDATE run SET planned_end = coalesce(%s, planned_end), path = NULL, progress = %s::jsonb, replanned = replanned + 1
        WHERE id = %s
        """,
        [planned_end, await _progress(connection, run.id, kept), run.id],
    )


async def _progress(connection: Connection, run_id: int, kept: Collection[int]) -> str | None:
    """What its fixes say of the stops that are done; of the others nothing yet."""
    cursor = await connection.execute("SELECT progress::text FROM run WHERE id = %s", [run_id])
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        return None
    told = FOLLOWED.decode(row[0])
    visits = {stop: visit for stop, visit in told.progress.visits.items() if stop in kept}
    # Off the way it was sent along before is not off the one it is sent along now.
    return msgspec.json.encode(Followed(Progress(visits, at_ms=told.progress.at_ms), told.whereabouts)).decode()


async def move_containers(
    connection: Connection, operator_id: str, day: date, places: Sequence[tuple[str, str, int, str]], routes: Sequence[object]
) -> None:
    """Each station's containers go with (station, run, stop, lane). What they carry stays as it is packed. ``routes``: as kept."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            UPDATE planned_container SET run = %s, stop = %s, lane = %s
            WHERE operator_id = %s AND pickup_date = %s AND site_id = %s
            """,
            [(run, stop, lane, operator_id, day, site) for site, run, stop, lane in places],
        )
    await connection.execute(
        "UPDATE pickup_batch SET routes = %s::jsonb WHERE operator_id = %s AND pickup_date = %s",
        [msgspec.json.encode(routes).decode(), operator_id, day],
    )
