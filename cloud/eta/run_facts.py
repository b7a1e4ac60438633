"""Reads runs as arrivals are estimated of them: stops, what became of them, where the van is, what was kept of its legs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from cloud.domain.visits import SILENT_AFTER_MS
from cloud.eta.journey import Call, HourOf, Journey, Place
from cloud.eta.ways import KeptLegs
from cloud.store.pool import Connection
from edge.wire.clock import to_ms

# A run of today: the longest shift, and some.
LASTS = timedelta(hours=20)
SERVICE_S = 300.0  # where the plan does not say how long a stop takes
_UNDERWAY = ("departed", "paused")
_OPEN_STOPS = ("pending", "approaching")


class _StopRow(msgspec.Struct, frozen=True, array_like=True):
    stop: int
    site: str
    lat: float
    lon: float
    state: str
    planned: datetime | None
    leaves: datetime | None
    arrived: datetime | None
    departed: datetime | None


class KeptStart(msgspec.Struct, frozen=True, array_like=True):
    """A place that legs are of."""

    stop: int
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Fix:
    """Where the van is."""

    at_ms: int
    place: Place


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run of today. ``legs`` None: not asked for yet, or the stops have changed since."""

    run_id: int
    operator_id: str
    service_date: date
    name: str
    state: str
    zone: ZoneInfo
    left: datetime
    vehicle_id: str
    stops: tuple[_StopRow, ...]
    fix: Fix | None
    start: Place | None
    legs: KeptLegs | None
    said_at: datetime | None

    @property
    def is_underway(self) -> bool:
        return self.state in _UNDERWAY

    @property
    def places(self) -> dict[int, Place]:
        """Of each stop; 0 is the start, once it is known."""
        return {**({} if self.start is None else {0: self.start}), **{stop.stop: (stop.lat, stop.lon) for stop in self.stops}}

    @property
    def as_of_ms(self) -> int:
        """Of the newest fact."""
        known = [to_ms(moment) for stop in self.stops for moment in (stop.arrived, stop.departed) if moment is not None]
        return max(to_ms(self.left), 0 if self.fix is None else self.fix.at_ms, *known, 0)

    def journey(self) -> Journey | None:
        """None while the legs are not known."""
        if self.legs is None:
            return None
        return Journey(
            route_of(self.name, self.service_date), to_ms(self.left), tuple(_call(stop) for stop in self.stops), self.legs
        )

    def with_legs(self, start: Place, legs: KeptLegs) -> "RunFacts":
        return replace(self, start=start, legs=legs)

    def hour_of(self) -> HourOf:
        """The operator's own hour."""
        return lambda at_ms: datetime.fromtimestamp(at_ms / 1000, self.zone).hour


def route_of(name: str, day: date) -> str:
    """What stays of a run's name from day to day: without the day in it (``R1128-1`` is ``R-1``)."""
    for said in (f"{day:%Y%m%d}", f"{day:%Y-%m-%d}", f"{day:%y%m%d}", f"{day:%m%d}"):
        if said in name:
            return name.replace(said, "", 1)
    return name


def _call(stop: _StopRow) -> Call:
    service_s = SERVICE_S
    if stop.planned is not None and stop.leaves is not None and stop.leaves > stop.planned:
        service_s = (stop.leaves - stop.planned).total_seconds()
    return Call(
        stop.stop, stop.site, service_s, _ms(stop.planned), _ms(stop.arrived), _ms(stop.departed),
        is_over=stop.arrived is None and stop.state not in _OPEN_STOPS,
    )  # fmt: skip


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)


async def runs_of_today(connection: Connection, now: datetime) -> list[RunFacts]:
    """Those that left within the last day and were not broken off, by number. Stops without coordinates are nobody's arrival."""
    return await _runs(connection, now - LASTS, None)


async def run_facts(connection: Connection, run_ids: Sequence[int]) -> list[RunFacts]:
    """Those, whenever they left."""
    return await _runs(connection, None, list(run_ids))


async def _runs(connection: Connection, since: datetime | None, run_ids: list[int] | None) -> list[RunFacts]:
    cursor = await connection.execute(
        """
        SELECT r.id, r.operator_id, r.service_date, r.name, r.state, o.time_zone, r.departed_at, r.vehicle_id,
            (SELECT json_agg(json_build_array(t.stop, t.site_id, s.lat, s.lon, t.state, t.planned_arrival, t.planned_departure,
                    t.arrived_at, t.departed_at) ORDER BY t.stop)::text
             FROM run_stop t JOIN site s ON s.id = t.site_id WHERE t.run_id = r.id AND s.lat IS NOT NULL AND s.lon IS NOT NULL),
            c.at, c.lat, c.lon, e.places::text, e.legs::text, e.is_estimate, e.said_at
        FROM run r JOIN operator o ON o.id = r.operator_id LEFT JOIN position_current c ON c.site_id = r.vehicle_id
            LEFT JOIN eta_run e ON e.run_id = r.id
        WHERE r.departed_at IS NOT NULL AND r.vehicle_id IS NOT NULL AND (%(since)s::timestamptz IS NULL
                OR (r.departed_at > %(since)s AND r.state IN ('departed', 'paused', 'completed')))
            AND (%(runs)s::bigint[] IS NULL OR r.id = ANY(%(runs)s))
        ORDER BY r.id
        """,
        {"since": since, "runs": run_ids},
    )
    return [_facts(*row) for row in await cursor.fetchall()]


def _facts(
    run_id: int, operator: str, day: date, name: str, state: str, zone: str, left: datetime, vehicle: str, stops: str | None,
    fix_at: datetime | None, lat: float, lon: float, places: str | None, legs: str | None, is_estimate: bool | None,
    said_at: datetime | None,
) -> RunFacts:  # fmt: skip
    rows = () if stops is None else tuple(_STOPS.decode(stops))
    # Where it stood before this run is not on its way.
    fix = Fix(to_ms(fix_at), (lat, lon)) if fix_at is not None and to_ms(fix_at) >= to_ms(left) - SILENT_AFTER_MS else None
    kept = [] if places is None else _PLACES.decode(places)
    start = next(((one.lat, one.lon) for one in kept if one.stop == 0), None)
    is_same = [(one.stop, one.lat, one.lon) for one in kept if one.stop] == [(one.stop, one.lat, one.lon) for one in rows]
    known = None
    if legs is not None and is_same:
        place = {one.stop: n for n, one in enumerate(kept)}
        known = KeptLegs(place, _LEGS.decode(legs), bool(is_estimate))
    return RunFacts(run_id, operator, day, name, state, ZoneInfo(zone), left, vehicle, rows, fix, start, known, said_at)


_STOPS = msgspec.json.Decoder(list[_StopRow])
_PLACES = msgspec.json.Decoder(list[KeptStart])
_LEGS = msgspec.json.Decoder(tuple[tuple[float, ...], ...])


async def start_of(connection: Connection, run: RunFacts) -> Place | None:
    """Where the van was as it left: its last fix before, else its first since."""
    cursor = await connection.execute(
        """
        (SELECT lat, lon, 0 AS turn FROM position WHERE site_id = %(van)s AND at BETWEEN %(left)s - interval '30 min' AND %(left)s
         ORDER BY at DESC LIMIT 1)
        UNION ALL
        (SELECT lat, lon, 1 FROM position WHERE site_id = %(van)s AND at > %(left)s AND at < %(left)s + interval '20 h'
         ORDER BY at LIMIT 1)
        ORDER BY turn LIMIT 1
        """,
        {"van": run.vehicle_id, "left": run.left},
    )
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1])


async def keep_legs(connection: Connection, run_id: int, places: Sequence[tuple[int, Place]], legs: KeptLegs) -> None:
    """``places``: the start first, then the stops."""
    await connection.execute(
        """
        INSERT INTO eta_run (run_id, places, legs, is_estimate) VALUES (%s, %s::jsonb, %s::jsonb, %s)
        ON CONFLICT (run_id) DO UPDATE SET places = excluded.places, legs = excluded.legs, is_estimate = excluded.is_estimate
        """,
        [
            run_id, msgspec.json.encode([(stop, *place) for stop, place in places]).decode(),
            msgspec.json.encode(legs.rows).decode(), legs.is_estimate,
        ],
    )  # fmt: skip
