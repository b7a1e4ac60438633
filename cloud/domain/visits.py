"""When a run's vehicle was at its stops, and whether it is on its way: by geofence with dwell, over its fixes in order of time.

Pure. Driving past is no arrival, and a fix that wanders out is no departure. Leaves what is shown in between to `whereabouts`, and
how often this is done to whoever reads the fixes.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cloud.domain.whereabouts import Sighting
from edge.rules.places import metres, metres_from_line, offsets_m

ENTER_M = 60.0  # from the station's place: the gate, its kerb, and three σ
LEAVE_M = 120.0  # what lies between changes nothing
DWELL_MS = 30_000  # at 24 km/h a van is through the circle in 18 s
OFF_ROUTE_M = 300.0  # a block beside the road it was sent along
OFF_ROUTE_AFTER_MS = 3 * 60_000  # a turn round the block, a closed lane
SILENT_AFTER_MS = 5 * 60_000  # longer than any tunnel (30 to 180 s)


@dataclass(frozen=True, slots=True)
class StopPlace:
    """A stop of the run and where it is."""

    stop: int
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Visit:
    """``near_since_ms``: within the circle, not yet for long enough. ``inside_ms``: when it was last within the outer circle."""

    near_since_ms: int | None = None
    arrived_ms: int | None = None
    inside_ms: int | None = None
    departed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What the fixes of a run say so far. ``off_since_ms``: further from its way than it should be, without a break since."""

    visits: dict[int, Visit] = field(default_factory=dict)
    off_since_ms: int | None = None
    off_m: float = 0.0
    at_ms: int | None = None

    def is_off_route(self) -> bool:
        """Long enough to be told."""
        off, at = self.off_since_ms, self.at_ms
        return off is not None and at is not None and at - off >= OFF_ROUTE_AFTER_MS


def observe(before: Progress, fix: Sighting, stops: Sequence[StopPlace], path: Sequence[tuple[float, float]] = ()) -> Progress:
    """After one more fix, newer than all before it. ``path``: the planned way as (lat, lon); without one nobody is off it."""
    visits = dict(before.visits)
    is_at_a_stop = False
    for place in stops:
        distance_m = metres(place.lat, place.lon, fix.lat, fix.lon)
        is_at_a_stop |= distance_m <= LEAVE_M
        visit = visits.get(place.stop, Visit())
        after = _visit(visit, distance_m, fix.at_ms)
        if after is not visit:
            visits[place.stop] = after
    off_m = 0.0 if is_at_a_stop or len(path) < 2 else distance_to_path_m(fix.lat, fix.lon, path)
    is_off = off_m > OFF_ROUTE_M
    since_ms = (before.off_since_ms if before.off_since_ms is not None else fix.at_ms) if is_off else None
    return Progress(visits, since_ms, off_m, fix.at_ms)


def silent_since_ms(heard_ms: int | None, left_ms: int, now_ms: int) -> int | None:
    """Since when a vehicle that has set off owes word of itself; None: not for too long. ``heard_ms`` None: never heard.

    Nobody expects anything of it before it leaves.
    """
    since_ms = left_ms if heard_ms is None else max(heard_ms, left_ms)
    return since_ms if now_ms - since_ms > SILENT_AFTER_MS else None


def distance_to_path_m(lat: float, lon: float, path: Sequence[tuple[float, float]]) -> float:
    """From a place to the nearest point of a line of (lat, lon), two at least."""
    offsets = [offsets_m(lat, lon, *point) for point in path]
    return min(metres_from_line(*begin, *end)[0] for begin, end in itertools.pairwise(offsets))


def _visit(visit: Visit, distance_m: float, at_ms: int) -> Visit:
    is_there = visit.arrived_ms is not None and visit.departed_ms is None
    if is_there:
        if distance_m <= LEAVE_M:
            return replace(visit, inside_ms=at_ms)
        return replace(visit, near_since_ms=None, departed_ms=visit.inside_ms)
    if distance_m > ENTER_M:
        return visit if visit.near_since_ms is None else replace(visit, near_since_ms=None)
    if visit.near_since_ms is None:
        return replace(visit, near_since_ms=at_ms)
    if at_ms - visit.near_since_ms < DWELL_MS:
        return visit
    # Who comes back to a stop was there from the first time until it leaves for the last.
    arrived_ms = visit.near_since_ms if visit.arrived_ms is None else visit.arrived_ms
    return Visit(visit.near_since_ms, arrived_ms, at_ms, None)
