"""How a van drives a way: where it is at any time, how fast, and where it heads. Pure, so that pausing and replay are free.

Limited by each piece's speed, by bends, by what engine and brakes do; lights and stops hold it up. Leaves bytes to gnss.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

ACCELERATION_M_S2 = 1.2
BRAKING_M_S2 = 1.8
SIDEWAYS_M_S2 = 2.0  # what goods stand in a bend
_PIECE_M = 12.0  # longer ones are cut, so that a van does not need all of a street to brake
_LEAST_RADIUS_M = 4.0  # a van turns on the spot no faster than this
_RED_S = (8.0, 45.0)
_RED = 0.5  # of lights
_EARTH_M = 6_371_008.8
_CRAWL_M_S = 1.0

LatLon = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a van really is. WGS-84 degrees; ``course_deg`` clockwise from north, as it was last while it stands."""

    lat: float
    lon: float
    speed_m_s: float
    course_deg: float


@dataclass(frozen=True, slots=True)
class Way:
    """``speeds_m_s``: of the pieces between the line's points. ``stops``, ``lights``: places in the line, rising."""

    line: tuple[LatLon, ...]
    speeds_m_s: tuple[float, ...]
    stops: tuple[int, ...]
    lights: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.line) < 2 or len(self.speeds_m_s) != len(self.line) - 1:
            raise ValueError(f"way: want a speed for each piece, got {len(self.line)} points and {len(self.speeds_m_s)} speeds")
        if any(not 0 <= at < len(self.line) for at in (*self.stops, *self.lights)):
            raise ValueError("way: a stop or light lies outside the line")


def way_of(answer: dict[str, Any]) -> Way:
    """What POST /api/roads/route says."""
    return Way(
        tuple((lat, lon) for lat, lon in answer["line"]),
        tuple(answer["speeds_m_s"]),
        tuple(answer["stops"]),
        tuple(answer["lights"]),
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """The van at a point of its way: from here to the next its speed changes evenly, or it stands."""

    at_s: float
    lat: float
    lon: float
    speed_m_s: float
    course_deg: float


@dataclass(frozen=True, slots=True)
class Drive:
    """A way, driven. Seconds from its start. ``arrives_s``, ``leaves_s``: of each stop, the first being where it starts."""

    arrives_s: tuple[float, ...]
    leaves_s: tuple[float, ...]
    metres: float
    _moments: tuple[_Moment, ...]
    _times_s: tuple[float, ...]

    @property
    def duration_s(self) -> float:
        return self._times_s[-1]

    def position_at(self, t_s: float) -> Fix:
        """Before the start it stands at the first point, after the end at the last."""
        n = bisect_right(self._times_s, t_s) - 1
        if n < 0 or n >= len(self._moments) - 1:
            moment = self._moments[max(0, min(n, len(self._moments) - 1))]
            return Fix(moment.lat, moment.lon, 0.0, moment.course_deg)
        one, other = self._moments[n], self._moments[n + 1]
        whole_s, gone_s = other.at_s - one.at_s, t_s - one.at_s
        speed = one.speed_m_s + (other.speed_m_s - one.speed_m_s) * gone_s / whole_s
        mean = (one.speed_m_s + other.speed_m_s) / 2
        share = 0.0 if mean <= 0.0 else (one.speed_m_s + speed) / 2 * gone_s / (mean * whole_s)
        return Fix(one.lat + (other.lat - one.lat) * share, one.lon + (other.lon - one.lon) * share, speed, one.course_deg)


def drive(way: Way, random: Random, *, dwell_s: Sequence[float] = (), pace: float = 1.0) -> Drive:
    """``dwell_s``: at each stop but the last, 0 where not said; ``pace``: seconds for one of a van alone on the road.

    The same for the same way and the same state of ``random``, which throws the lights.
    """
    if pace <= 0.0:
        raise ValueError(f"pace: want more than 0, got {pace}")
    points, limits, halts = _cut(way)
    waits = {halts[at]: 0.0 for at in way.stops} | {0: 0.0, len(points) - 1: 0.0}
    for at in way.lights:
        red_s = random.uniform(*_RED_S) if random.random() < _RED else 0.0
        if red_s:
            waits[halts[at]] = red_s
    for at, held_s in zip(way.stops, dwell_s, strict=False):
        waits[halts[at]] = held_s
    lengths = [_metres(one, other) for one, other in pairwise(points)]
    speeds = _speeds(points, lengths, [limit / pace for limit in limits], waits)
    return _timed(way, points, lengths, speeds, waits, halts)


def _cut(way: Way) -> tuple[list[LatLon], list[float], dict[int, int]]:
    """Points close enough to each other, the limits between them, and where each of the line's points went. Doubles go."""
    points, limits, places = [way.line[0]], [], {0: 0}
    for n, (one, other) in enumerate(pairwise(way.line)):
        length_m = _metres(one, other)
        if length_m > 0.01:
            pieces = max(2, math.ceil(length_m / _PIECE_M))  # two: between two places where it stands it moves
            for k in range(1, pieces + 1):
                points.append((one[0] + (other[0] - one[0]) * k / pieces, one[1] + (other[1] - one[1]) * k / pieces))
                limits.append(max(_CRAWL_M_S, way.speeds_m_s[n]))
        places[n + 1] = len(points) - 1
    if len(points) == 1:
        points.append(points[0])
        limits.append(_CRAWL_M_S)
        places = dict.fromkeys(places, 0)
    return points, limits, places


def _speeds(points: list[LatLon], lengths: list[float], limits: list[float], waits: dict[int, float]) -> list[float]:
    """At each point: what its pieces and its bend allow, then what can be reached and braked for."""
    last = len(points) - 1
    speeds = [min(limits[max(0, n - 1)], limits[min(n, last - 1)]) for n in range(len(points))]
    for n in range(1, last):
        speeds[n] = min(speeds[n], _bend_m_s(points[n - 1], points[n], points[n + 1], lengths[n - 1], lengths[n]))
    for n in waits:
        speeds[n] = 0.0
    for n in range(1, len(points)):
        speeds[n] = min(speeds[n], math.sqrt(speeds[n - 1] ** 2 + 2 * ACCELERATION_M_S2 * lengths[n - 1]))
    for n in range(last - 1, -1, -1):
        speeds[n] = min(speeds[n], math.sqrt(speeds[n + 1] ** 2 + 2 * BRAKING_M_S2 * lengths[n]))
    return speeds


def _bend_m_s(before: LatLon, at: LatLon, after: LatLon, in_m: float, out_m: float) -> float:
    """By the radius of the circle that takes this turn within half of the shorter side."""
    turn = abs((_course(at, after) - _course(before, at) + 180) % 360 - 180)
    if turn < 3.0:
        return math.inf
    radius_m = min(in_m, out_m) / 2 / math.tan(math.radians(min(turn, 175.0)) / 2)
    return max(_CRAWL_M_S, math.sqrt(SIDEWAYS_M_S2 * max(_LEAST_RADIUS_M, radius_m)))


def _timed(
    way: Way, points: list[LatLon], lengths: list[float], speeds: list[float], waits: dict[int, float], halts: dict[int, int]
) -> Drive:  # fmt: skip
    moments: list[_Moment] = []
    reached: dict[int, float] = {}
    left: dict[int, float] = {}
    now_s, course = 0.0, _course(points[0], points[1])
    for n, ((lat, lon), speed) in enumerate(zip(points, speeds, strict=True)):
        course = _course(points[n], points[n + 1]) if n < len(lengths) and lengths[n] > 0 else course
        reached[n] = now_s
        held_s = waits.get(n, 0.0)
        if held_s > 0:
            moments.append(_Moment(now_s, lat, lon, 0.0, course))
            now_s += held_s
        left[n] = now_s
        moments.append(_Moment(now_s, lat, lon, speed, course))
        if n < len(lengths):
            now_s += 2 * lengths[n] / (speed + speeds[n + 1]) if lengths[n] > 0 else 0.0
    stops = [halts[at] for at in way.stops]
    return Drive(
        tuple(reached[n] for n in stops), tuple(left[n] for n in stops), sum(lengths), tuple(moments),
        tuple(moment.at_s for moment in moments),
    )  # fmt: skip


def _metres(one: LatLon, other: LatLon) -> float:
    east = math.radians(other[1] - one[1]) * math.cos(math.radians((one[0] + other[0]) / 2))
    return _EARTH_M * math.hypot(math.radians(other[0] - one[0]), east)


def _course(one: LatLon, other: LatLon) -> float:
    east = (other[1] - one[1]) * math.cos(math.radians(one[0]))
    return math.degrees(math.atan2(east, other[0] - one[0])) % 360
