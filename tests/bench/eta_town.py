"""A town whose vans drive as vans do, for `make bench NAME=eta`: what a day is made of, and what can be heard of it.

Nothing here knows of `cloud.eta`; what it learns it has from arrivals, departures and fixes. What makes days differ, and how much:

====================  ==========================================================================================================
road                  24 km/h without lights; by minute of the day down to x 0.7 in the peaks; each leg's road is longer or slower
                      than the engine says by a factor of its own (sigma 15 %), the same every day
lights                one every 400 m, red for half who come, then 0 to 60 s
each leg, each day    sigma 18 % of its driving
each van, each day    driver and vehicle, sigma 6 % of driving; sigma 8 % of unloading
each day              weather and traffic, sigma 6 % of driving, the same for all
unloading             3 min + 0.4 min a container, by the station (sigma 20 %, the same every day), by the visit (sigma 30 %);
                      one in 20 waits for somebody, 5 min in the mean; one in 200 stands before a closed door for 2 min
departure             07:00 +- 20 min
order of stops        one run in four has two neighbouring stops changed; one stop in twelve has no goods that day
arrival, departure    heard with +- 10 s; fixes every 60 s with sigma 8 m along streets with corners, so that straight lines
                      are wrong about how much of a leg is left
====================  ==========================================================================================================
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Metres = NDArray[np.float64]  # east, north

FREE_M_S = 24 / 3.6
ENGINE_M_S = 30 / 3.6  # an engine drives at the limit, without lights
LIGHT_EVERY_M, RED_SHARE, RED_S = 400.0, 0.5, 60.0
DEGREE_M = 111_195.0
# Minutes of the day → share of the free speed, straight in between.
_PEAKS = (
    (0, 1.0), (390, 1.0), (450, 0.75), (500, 0.70), (560, 0.78), (620, 0.95), (690, 0.88), (750, 0.86), (810, 0.97), (960, 1.0),
    (1020, 0.75), (1080, 0.70), (1140, 0.9), (1440, 1.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift:
    """How the days differ from those before: speeds and unloading times what."""

    speed: float = 1.0
    dwell: float = 1.0


@dataclass(frozen=True, slots=True)
class Stop:
    station: int
    containers: int
    arrived_s: float
    departed_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """``stops``: seconds of the day. ``track``: (seconds, east m, north m), as heard, in order of time."""

    van: int
    left_s: float
    stops: tuple[Stop, ...]
    track: tuple[tuple[float, float, float], ...]


class Town:
    """``vans`` vans with ``stations`` stations each, round one warehouse; what of it lasts comes from ``seed``."""

    def __init__(self, seed: int, vans: int = 10, stations: int = 18) -> None:
        rng = np.random.default_rng([seed, 0])
        self.vans, self.stations = vans, stations
        self.routes = [self._route(rng, van) for van in range(vans)]
        self.places = np.array([(0.0, 0.0), *(place for route in self.routes for place in route)])  # 0 is the warehouse
        self._slow = np.exp(rng.normal(0.0, 0.15, (len(self.places), len(self.places))))
        self._gate = np.exp(rng.normal(0.0, 0.20, len(self.places)))

    def _route(self, rng: np.random.Generator, van: int) -> list[tuple[float, float]]:
        """Stations in a sector round a centre of their own, in the order of the nearest next."""
        turn, away_m = 2 * math.pi * van / self.vans, rng.uniform(3_000, 8_000)
        centre = np.array([math.cos(turn), math.sin(turn)]) * away_m
        left = [tuple(place) for place in centre + rng.normal(0.0, 1_300.0, (self.stations, 2))]
        here, found = (0.0, 0.0), []
        while left:
            here = min(left, key=lambda place: math.dist(place, here))
            left.remove(here)
            found.append(here)
        return found

    def station(self, van: int, place: int) -> int:
        return 1 + van * self.stations + place

    def metres(self, one: int, other: int) -> float:
        """Along streets that run north and east."""
        return float(np.abs(self.places[one] - self.places[other]).sum())

    def engine_s(self, one: int, other: int) -> float:
        """What a road engine says, before any pace."""
        return self.metres(one, other) / ENGINE_M_S

    def planned_stops(self, seed: int, day: int, van: int) -> list[tuple[int, int]]:
        """(station, containers) in order, as the day's plan has them."""
        rng = np.random.default_rng([seed, 1, day, van])
        stops = [self.station(van, place) for place in range(self.stations) if rng.random() > 1 / 12]
        if rng.random() < 0.25:
            at = int(rng.integers(0, len(stops) - 1))
            stops[at], stops[at + 1] = stops[at + 1], stops[at]
        return [(stop, 2 + int(rng.poisson(3))) for stop in stops]

    def day(self, seed: int, day: int, drift: Drift = Drift()) -> Iterator[Run]:  # frozen
        """What really happened, van by van."""
        weather = math.exp(np.random.default_rng([seed, 2, day]).normal(0.0, 0.06))
        for van in range(self.vans):
            yield self._run(np.random.default_rng([seed, 3, day, van]), seed, day, van, weather, drift)

    def _run(self, rng: np.random.Generator, seed: int, day: int, van: int, weather: float, drift: Drift) -> Run:
        slow = weather * math.exp(rng.normal(0.0, 0.06)) / drift.speed
        lazy = math.exp(rng.normal(0.0, 0.08)) * drift.dwell
        left_s = clock_s = 7 * 3600 + rng.uniform(-1200, 1200)
        points: list[tuple[float, float, float]] = [(clock_s, *self.places[0])]
        stops: list[Stop] = []
        here = 0
        for station, containers in self.planned_stops(seed, day, van):
            clock_s = self._drive(rng, points, clock_s, here, station, slow)
            arrived_s = clock_s
            clock_s += self._dwell_s(rng, station, containers) * lazy
            points.append((clock_s, *self.places[station]))
            stops.append(Stop(station, containers, arrived_s + rng.uniform(-10, 10), clock_s + rng.uniform(-10, 10)))
            here = station
        return Run(van, left_s, tuple(stops), self._heard(rng, points))

    def _drive(
        self, rng: np.random.Generator, points: list[tuple[float, float, float]], clock_s: float, here: int, there: int, slow: float
    ) -> float:
        begin, end = self.places[here], self.places[there]
        corner = np.array((begin[0], end[1]) if rng.random() < 0.5 else (end[0], begin[1]))
        whole_m = max(self.metres(here, there), 1.0)
        first_m = float(np.abs(begin - corner).sum())
        slow = slow * self._slow[here, there] * math.exp(rng.normal(0.0, 0.18))
        done_m, until_light_m = 0.0, rng.exponential(LIGHT_EVERY_M)
        while done_m < whole_m:
            step_m = min(100.0, whole_m - done_m)
            done_m += step_m
            clock_s += step_m / (FREE_M_S * speed_share(clock_s)) * slow
            until_light_m -= step_m
            if until_light_m <= 0:
                until_light_m = rng.exponential(LIGHT_EVERY_M)
                clock_s += rng.uniform(0, RED_S) * slow if rng.random() < RED_SHARE else 0.0
            points.append((clock_s, *_along(begin, corner, end, done_m, first_m, whole_m)))
        return clock_s

    def _dwell_s(self, rng: np.random.Generator, station: int, containers: int) -> float:
        if rng.random() < 1 / 200:
            return 120.0
        waits_s = rng.exponential(300.0) if rng.random() < 1 / 20 else 0.0
        return service_s(containers) * float(self._gate[station]) * math.exp(rng.normal(0.0, 0.30)) + waits_s

    def _heard(self, rng: np.random.Generator, points: list[tuple[float, float, float]]) -> tuple[tuple[float, float, float], ...]:
        when, east, north = np.array(points).T
        at = np.arange(when[0], when[-1], 60.0)
        off = rng.normal(0.0, 8.0, (2, len(at)))
        return tuple(zip(at, np.interp(at, when, east) + off[0], np.interp(at, when, north) + off[1], strict=True))


def service_s(containers: int) -> float:
    """As every plan has it."""
    return 180.0 + 24.0 * containers


def speed_share(clock_s: float) -> float:
    """Of the free speed, at seconds of the day."""
    return float(np.interp(clock_s / 60, [minute for minute, _ in _PEAKS], [share for _, share in _PEAKS]))


def _along(begin: Metres, corner: Metres, end: Metres, done_m: float, first_m: float, whole_m: float) -> tuple[float, float]:
    """Where a van is that has driven so much, by way of the corner."""
    if done_m <= first_m:
        place = begin + (corner - begin) * (done_m / max(first_m, 1e-9))
    else:
        place = corner + (end - corner) * min(1.0, (done_m - first_m) / max(whole_m - first_m, 1e-9))
    return float(place[0]), float(place[1])
