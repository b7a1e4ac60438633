"""Runs (车次): who brings what where, from the plan to the last stop. Leaves what their vehicles' fixes mean to `run_following`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from cloud.domain.scope import RUNS_IN_SCOPE, Scope
from cloud.store.pool import Connection

# state → those it may come from
STEPS = {
    "loading": ("planned", "assigned"),
    "departed": ("assigned", "loading", "paused"),
    "paused": ("departed",),
    "completed": ("departed", "paused"),
    "aborted": ("planned", "assigned", "loading", "departed", "paused"),
}


@dataclass(frozen=True, slots=True)
class WantedStop:
    """A stop as planned."""

    site_id: str
    planned_arrival: datetime | None = None
    planned_departure: datetime | None = None


@dataclass(frozen=True, slots=True)
class StopStanding:
    """A stop with what became of it. ``arrived_at``, ``departed_at``: by geofence."""

    stop: int
    site_id: str
    site_name: str
    state: str
    planned_arrival: datetime | None
    arrived_at: datetime | None
    departed_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunStanding:
    """A run without its stops."""

    id: int
    operator_id: str
    service_date: date
    name: str
    vehicle_id: str | None
    state: str
    state_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None


async def plan_run(
    connection: Connection,
    operator_id: str,
    day: date,
    name: str,
    vehicle_id: str | None,
    stops: Sequence[WantedStop],
    at: datetime,
) -> int | None:
    """Its number; said again before it is loaded, it is planned anew. None where it is underway or over already."""
    cursor = await connection.execute(
        """
        INSERT INTO run AS held (operator_id, service_date, name, vehicle_id, state, state_at)
        VALUES (%(operator)s, %(day)s, %(name)s, %(vehicle)s,
            CASE WHEN %(vehicle)s::text IS NULL THEN 'planned' ELSE 'assigned' END, %(at)s)
        ON CONFLICT (operator_id, service_date, name) DO UPDATE SET
            vehicle_id = excluded.vehicle_id, state = excluded.state, state_at = excluded.state_at
        WHERE held.state IN ('planned', 'assigned') RETURNING id
        """,
        {"operator": operator_id, "day": day, "name": name, "vehicle": vehicle_id, "at": at},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    await connection.execute("DELETE FROM run_stop WHERE run_id = %s", [row[0]])
    await connection.execute(
        """
        INSERT INTO run_stop (run_id, stop, site_id, planned_arrival, planned_departure)
        SELECT %s, n, site_id, arrival, departure
        FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY AS given (site_id, arrival, departure, n)
        """,
        [row[0], [one.site_id for one in stops], [one.planned_arrival for one in stops], [one.planned_departure for one in stops]],
    )
    return int(row[0])


async def step(connection: Connection, run_id: int, state: str, at: datetime) -> bool:
    """Take a run to its next state; False where it stands in none that leads there, or has no vehicle to go with."""
    cursor = await connection.execute(
        """
        UPDATE run SET state = %(state)s, state_at = %(at)s,
            departed_at = CASE WHEN %(state)s = 'departed' THEN coalesce(departed_at, %(at)s) ELSE departed_at END,
            ended_at = CASE WHEN %(state)s IN ('completed', 'aborted') THEN %(at)s END
        WHERE id = %(run)s AND state = ANY(%(from)s) AND (vehicle_id IS NOT NULL OR %(state)s = 'aborted') RETURNING id
        """,
        {"run": run_id, "state": state, "at": at, "from": list(STEPS[state])},
    )
    return await cursor.fetchone() is not None


async def listed(connection: Connection, scope: Scope, day: date | None, run_id: int | None = None) -> list[RunStanding]:
    """Of a day, by name; or one by its number."""
    async with connection.cursor(row_factory=class_row(RunStanding)) as cursor:
        await cursor.execute(
            f"""
            SELECT id, operator_id, service_date, name, vehicle_id, state, state_at, departed_at, ended_at FROM run r
            WHERE {RUNS_IN_SCOPE} AND (%(day)s::date IS NULL OR service_date = %(day)s)
                AND (%(run)s::bigint IS NULL OR id = %(run)s)
            ORDER BY service_date, operator_id, name
            """.encode(),  # noqa: S608  # a constant
            {**scope.order_filter(), "day": day, "run": run_id},
        )
        return await cursor.fetchall()


async def stops_of(connection: Connection, run_ids: Sequence[int]) -> dict[int, list[StopStanding]]:
    """Of each run, in their order."""
    cursor = await connection.execute(
        """
        SELECT t.run_id, t.stop, t.site_id, s.name, t.state, t.planned_arrival, t.arrived_at, t.departed_at
        FROM run_stop t JOIN site s ON s.id = t.site_id WHERE t.run_id = ANY(%s) ORDER BY t.run_id, t.stop
        """,
        [list(run_ids)],
    )
    found: dict[int, list[StopStanding]] = {run_id: [] for run_id in run_ids}
    for run_id, *stop in await cursor.fetchall():
        found[run_id].append(StopStanding(*stop))
    return found
