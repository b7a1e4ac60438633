"""Reads what vehicles on a run told since the last look and writes what it means: arrivals, departures, alarms.

Every run is folded over its vehicle's fixes in order of time (`cloud.domain.visits`); one of which a fix came late is folded again
from its beginning. Called by the positions process every few seconds, by one replica at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from cloud.domain.notices import RoomNotice
from cloud.domain.visits import StopPlace, Visit, observe, silent_since_ms
from cloud.domain.whereabouts import Sighting, follow
from cloud.store.alarm_folding import OFF_ROUTE, VAN_SILENT
from cloud.store.pool import Connection
from cloud.store.rooms import change
from cloud.store.run_alarms import tell
from cloud.store.run_rooms import FOLLOWED, Followed, run_entries
from edge.wire.clock import to_ms, utc

# Fixes of a run at a look; what is more follows with the next one. A day at 1 Hz is 30,000.
FIXES_AT_ONCE = 5_000
_BEFORE_DEPARTURE = timedelta(minutes=15)  # the yard, where the vehicle was when it was loaded


@dataclass(frozen=True, slots=True)
class _Run:
    id: int
    operator_id: str
    name: str
    vehicle_id: str
    state: str
    left: datetime
    followed_to: datetime | None
    followed: Followed
    replanned: int
    path: tuple[tuple[float, float], ...]
    stops: tuple[StopPlace, ...] = ()
    heard_ms: int | None = None

    @property
    def begin(self) -> datetime:
        """From when on its fixes count."""
        return self.left - _BEFORE_DEPARTURE


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look came to."""

    runs: int = 0
    arrivals: int = 0
    departures: int = 0
    alarms: int = 0
    notices: tuple[RoomNotice, ...] = ()


@dataclass(slots=True)
class _Counts:
    arrivals: int = 0
    departures: int = 0
    alarms: int = 0
    notices: list[RoomNotice] = field(default_factory=list)


async def look(connection: Connection, now: datetime) -> Looked:
    """One transaction a run of which there is something new. ``connection`` is in autocommit."""
    runs = await _underway(connection)
    counts = _Counts()
    for run in runs:
        fixes = await _fixes(connection, run)
        async with connection.transaction():
            await _follow(connection, run, fixes, now, counts)
    return Looked(len(runs), counts.arrivals, counts.departures, counts.alarms, tuple(counts.notices))


async def _underway(connection: Connection) -> list[_Run]:
    """A stale one begins anew. A stop at a site without coordinates is nobody's geofence."""
    cursor = await connection.execute(
        """
        SELECT r.id, r.operator_id, r.name, r.vehicle_id, r.state, coalesce(r.departed_at, r.state_at),
            CASE WHEN r.is_stale THEN NULL ELSE r.followed_to END, CASE WHEN r.is_stale THEN NULL ELSE r.progress::text END,
            r.replanned, r.path::text,
            (SELECT json_agg(json_build_array(t.stop, s.lat, s.lon) ORDER BY t.stop)::text
             FROM run_stop t JOIN site s ON s.id = t.site_id WHERE t.run_id = r.id AND s.lat IS NOT NULL),
            (SELECT c.at FROM position_current c WHERE c.site_id = r.vehicle_id)
        FROM run r WHERE r.state IN ('departed', 'paused') AND r.vehicle_id IS NOT NULL ORDER BY r.id
        """
    )
    return [_run(*row) for row in await cursor.fetchall()]


def _run(
    number: int, operator: str, name: str, vehicle: str, state: str, left: datetime, followed_to: datetime | None,
    progress: str | None, replanned: int, path: str | None, stops: str | None, heard: datetime | None,
) -> _Run:  # fmt: skip
    return _Run(
        number, operator, name, vehicle, state, left, followed_to,
        Followed() if progress is None else FOLLOWED.decode(progress), replanned,
        () if path is None else _PATH.decode(path),
        () if stops is None else tuple(StopPlace(*stop) for stop in _STOPS.decode(stops)),
        None if heard is None else to_ms(heard),
    )  # fmt: skip


_PATH = msgspec.json.Decoder(tuple[tuple[float, float], ...])
_STOPS = msgspec.json.Decoder(list[tuple[int, float, float]])


async def _fixes(connection: Connection, run: _Run) -> list[Sighting]:
    cursor = await connection.execute(
        """
        SELECT at, lat, lon, speed_m_s, heading_deg FROM position
        WHERE site_id = %s AND at > %s ORDER BY at LIMIT %s
        """,
        [run.vehicle_id, run.followed_to or run.begin, FIXES_AT_ONCE],
    )
    return [Sighting(to_ms(at), lat, lon, speed, heading) for at, lat, lon, speed, heading in await cursor.fetchall()]


def fold(
    followed: Followed, fixes: Sequence[Sighting], stops: Sequence[StopPlace], path: Sequence[tuple[float, float]]
) -> Followed:
    """After more fixes, in order of time. What jumped is left out until a second fix confirms it. Pure."""
    progress, state = followed.progress, followed.whereabouts
    for fix in fixes:
        after = follow(state, fix)
        if after is None:
            continue
        if state is None or after.seen.at_ms != state.seen.at_ms:
            progress = observe(progress, after.seen, stops, path)
        state = after
    return Followed(progress, state)


async def _follow(connection: Connection, run: _Run, fixes: Sequence[Sighting], now: datetime, counts: _Counts) -> None:
    followed = fold(run.followed, fixes, run.stops, run.path)
    has_changed = False
    if fixes:
        cursor = await connection.execute(
            """
            UPDATE run SET progress = %s::jsonb, followed_to = %s, is_stale = false
            WHERE id = %s AND state IN ('departed', 'paused') AND (%s OR NOT is_stale) AND replanned = %s RETURNING id
            """,
            [msgspec.json.encode(followed).decode(), utc(fixes[-1].at_ms), run.id, run.followed_to is None, run.replanned],
        )
        if await cursor.fetchone() is None:  # it ended, was planned anew, or something came late: the next look sees to it
            return
        has_changed = await _write_visits(connection, run, followed.progress.visits, counts)
    wrong = {
        VAN_SILENT: silent_since_ms(run.heard_ms, to_ms(run.left), to_ms(now)) if run.state == "departed" else None,
        OFF_ROUTE: followed.progress.off_since_ms if followed.progress.is_off_route() else None,
    }
    told = await tell(connection, run.vehicle_id, wrong, now)
    counts.alarms += told.raised
    if has_changed or told.entries:
        entries = [*told.entries, *await run_entries(connection, run.id, now)]
        counts.notices += await change(connection, entries, now)


async def _write_visits(connection: Connection, run: _Run, visits: Mapping[int, Visit], counts: _Counts) -> bool:
    """Of every stop, for a run that was folded anew may have been somewhere else. What people and scans say of a stop stands."""
    told = [(place.stop, visits.get(place.stop, Visit())) for place in run.stops]
    cursor = await connection.execute(
        """
        WITH given AS (
            SELECT t.stop, t.arrived_at AS arrived_before, t.departed_at AS departed_before, n.arrived_at, n.departed_at,
                CASE WHEN t.state NOT IN ('pending', 'approaching', 'at_stop') THEN t.state
                     WHEN n.arrived_at IS NOT NULL THEN 'at_stop' WHEN n.is_near THEN 'approaching' ELSE 'pending' END AS state
            FROM unnest(%(stops)s::int[], %(arrived)s::timestamptz[], %(departed)s::timestamptz[], %(near)s::bool[])
                AS n (stop, arrived_at, departed_at, is_near)
            JOIN run_stop t ON t.run_id = %(run)s AND t.stop = n.stop
        )
        UPDATE run_stop t SET arrived_at = given.arrived_at, departed_at = given.departed_at, state = given.state FROM given
        WHERE t.run_id = %(run)s AND t.stop = given.stop
            AND (t.arrived_at, t.departed_at, t.state) IS DISTINCT FROM (given.arrived_at, given.departed_at, given.state)
        RETURNING given.arrived_before IS NULL AND t.arrived_at IS NOT NULL,
            given.departed_before IS NULL AND t.departed_at IS NOT NULL
        """,
        {
            "run": run.id,
            "stops": [stop for stop, _ in told],
            "arrived": [None if visit.arrived_ms is None else utc(visit.arrived_ms) for _, visit in told],
            "departed": [None if visit.departed_ms is None else utc(visit.departed_ms) for _, visit in told],
            "near": [visit.near_since_ms is not None for _, visit in told],
        },
    )
    changed = await cursor.fetchall()
    counts.arrivals += sum(arrived for arrived, _ in changed)
    counts.departures += sum(departed for _, departed in changed)
    return bool(changed)
