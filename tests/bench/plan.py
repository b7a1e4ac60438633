"""``make bench NAME=plan``: the day of a grid on the roads of a real city, planned, and then driven.

200 stations with goods of three zones and windows, eight vans whose tightest zone is full to 85 % and more. The extract is
imported as an operator imports it; the pace is learned from legs driven on another day; the matrix is asked for twice, and the plan
is made with the one that was kept, for a quarter of an hour less than stations were promised. Each leg is then driven by the
simulator's van (limits, bends, engine, brakes, lights), which knows nothing of the matrix. ``late_on_roads``: stops that it reaches
later than was promised; ``late_straight_line``: the same of a plan made with straight lines. ``SECONDS``: of the search; ``DATA``:
the folder that has osm/porto_alegre.osm.pbf; ``SEED``: of stations, loads and lights.
"""

import asyncio
import math
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from msgspec.structs import replace

from cloud.roads import paces
from cloud.roads.importing import import_extract
from cloud.roads.matrix import MatrixService
from cloud.roads.pace import Pace, Passage, learn
from cloud.roads.valhalla_here import ValhallaHere, is_here
from cloud.roads.versions import GRAPH, Versions
from cloud.roads.ways import Point
from cloud.roads.ways import Route as Ways
from cloud.routing.day import ByZone, Day, Place, StationDue, VanAsked, problem_of
from cloud.routing.engine import Effort
from cloud.routing.loads import Measure, total
from cloud.routing.matrix import Matrix, StraightLine
from cloud.routing.measures import measures
from cloud.routing.plan import Plan, Route, StepKind
from cloud.routing.planning import solve
from cloud.routing.problem import Problem
from cloud.routing.road_matrix import RoadMatrix
from cloud.routing.wording import said
from cloud.store.pool import open_pool
from edge.wire.clock import WallClock
from firmware_sim.driving import Drive, Way, drive
from tests.bench.conditions import finish
from tests.faults.stack import running_stack

ROOT = Path(__file__).parents[2]
STATIONS, VANS = 200, 8
SEED = int(os.environ.get("SEED") or 7)
SECONDS = float(os.environ.get("SECONDS") or 40)
SHORT_SECONDS = min(20.0, SECONDS)  # of the plans that are only compared
HOUR_S = 3600
# How full the day makes each zone; cold boxes are what there is least of.
FULL = {Measure.AMBIENT: 0.82, Measure.CHILLED: 0.92, Measure.FROZEN: 0.80}
SHIFT, OPEN = (6 * HOUR_S, 15 * HOUR_S + 1800), (7 * HOUR_S, 15 * HOUR_S + 1800)
IN_HAND_S = 900
LEARNED_LEGS = 120
SHORT_WINDOWS = 0.3  # of stations take goods within two to four hours only


@dataclass(frozen=True, slots=True)
class Driven:
    """``late_s``: of each stop that was reached after its window."""

    late_s: tuple[int, ...]
    stops: int
    metres: float


class Streets:
    """Legs as the simulator's van drives them; each pair of places once."""

    def __init__(self, source: ValhallaHere, day: Day) -> None:
        self._source = source
        self._points = [Point(place.lat, place.lon) for place in day.places]
        self.leg = cache(self._leg)

    def _leg(self, one: int, two: int) -> tuple[float, float]:
        """Seconds, metres."""
        if self._points[one] == self._points[two]:
            return 0.0, 0.0
        route = self._source.route([self._points[one], self._points[two]])
        driven = _driven(route, Random(f"{SEED}/{one}/{two}"))
        return driven.duration_s, driven.metres


def main() -> int:
    data = Path(os.environ.get("DATA") or os.environ.get("TUANTU_SHARED_DATA") or ROOT.parent / "shared" / "data")
    extract = data / "osm" / "porto_alegre.osm.pbf"
    if not extract.exists():
        sys.stderr.write(f"skipped: no {extract.name} in {extract.parent}: set DATA to the folder that holds osm/{extract.name}\n")
        return 2
    if not is_here():
        sys.stderr.write("skipped: no Valhalla wheel for this Python: pip install 'tuantu[roads]'\n")
        return 2
    finish(asyncio.run(_measure(extract)), floors=FLOORS, ceilings=CEILINGS)
    return 0


FLOORS: dict[str, float] = {"tightest": 0.85, "left_out": 1}
CEILINGS: dict[str, float] = {"solve_s": 60, "late_on_roads": 0, "unassigned": 0, "unnamed": 0}


async def _measure(extract: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tuantu-plan-") as folder:
        versions = Versions(Path(folder) / "roads")
        about = import_extract(versions, extract, datetime.now(UTC), _say)
        source = ValhallaHere(versions.path(about.version, GRAPH), about.version)
        day = a_day(source, about.bounds)
        async with running_stack([], {}) as stack, open_pool(stack.database_url, "bench") as pool:
            ways = RoadMatrix(MatrixService(lambda: source, pool, WallClock(time.time)))
            pace = _learned(source, day)
            async with pool.connection() as connection:
                await paces.set_pace(connection, pace, datetime.now(UTC))
            cold_s, _ = await _timed_matrix(ways, day)
            began_s = time.monotonic()
            cached_s, matrix = await _timed_matrix(ways, day)
        problem = problem_of(day, matrix)  # with what was promised
        plan = solve(problem_of(_earlier(day), matrix), Effort(seconds=SECONDS, seed=SEED)).plan
        solve_s = time.monotonic() - began_s
        _say(f"pace {pace.factor:.3f}; matrix {cold_s:.1f} s, cached {cached_s:.2f} s")
        _say(f"solved in {solve_s:.1f} s, {len(plan.unassigned)} left out")
        streets = Streets(source, day)
        driven = driven_plan(problem, plan, streets)
        _say(f"driven: {driven.stops} stops, {driven.metres / 1000:.0f} km, late {driven.late_s}")
        return {
            **_facts(problem, plan), "pace": round(pace.factor, 3),
            "matrix_cold_s": round(cold_s, 1), "matrix_cached_s": round(cached_s, 2),
            "solve_s": round(solve_s, 1), "late_on_roads": len(driven.late_s), **_straight(day, problem, streets),
            **_one_van_fewer(day, matrix),
        }  # fmt: skip


async def _timed_matrix(ways: RoadMatrix, day: Day) -> tuple[float, Matrix]:
    began_s = time.monotonic()
    matrix = await ways.matrix(day.places)
    return time.monotonic() - began_s, matrix


def _facts(problem: Problem, plan: Plan) -> dict[str, Any]:
    found = measures(problem, plan)
    return {
        "bench": "plan", "stations": len(problem.stops), "vans": found.vans, "tightest": round(tightest(problem), 3),
        "is_estimate": plan.is_estimate, "km": round(found.distance_m / 1000), "unassigned": found.unassigned,
        "late_if_slower": found.late_if_slower,
    }  # fmt: skip


def _straight(day: Day, on_roads: Problem, streets: Streets) -> dict[str, Any]:
    """A plan that knows no roads, driven on them."""
    problem = problem_of(_earlier(day), StraightLine().between(day.places))
    plan = solve(problem, Effort(seconds=SHORT_SECONDS, seed=SEED)).plan
    late_s = driven_plan(on_roads, plan, streets).late_s
    share = 100 * len(late_s) / max(1, len(plan.van_of))
    return {"late_straight_line": len(late_s), "late_straight_line_percent": round(share, 1)}


def _one_van_fewer(day: Day, matrix: Matrix) -> dict[str, Any]:
    """``unnamed``: stops that are left out without a reason that can be told in both languages."""
    problem = problem_of(replace(_earlier(day), vans=day.vans[:-1]), matrix)
    plan = solve(problem, Effort(seconds=SHORT_SECONDS, seed=SEED)).plan
    told = [(one.stop_id, said(one.reason)) for one in plan.unassigned]
    for stop_id, words in told:
        _say(f"  {stop_id}: {words.en} / {words.zh}")
    return {
        "left_out": len(told), "unnamed": sum(not words.en or not words.zh or "{" in words.en + words.zh for _, words in told),
        "left_out_reasons": dict(Counter(one.reason.code for one in plan.unassigned)),
    }  # fmt: skip


def _earlier(day: Day) -> Day:
    """As it is planned: with something in hand for lights that are red."""
    return replace(day, stations=tuple(replace(one, to_s=one.to_s - IN_HAND_S) for one in day.stations))


def _learned(source: ValhallaHere, day: Day) -> Pace:
    """From legs between neighbouring stations, as vans drove them on another day."""
    random = Random(f"{SEED}/another day")
    points = [Point(place.lat, place.lon) for place in day.places]
    passages = []
    for number in range(LEARNED_LEGS):
        one = random.choice(points)
        other = random.choice(sorted(points, key=one.straight_m)[1:9])
        route = source.route([one, other])
        passages.append(Passage((number, number), 9, _driven(route, random).duration_s, route.seconds))
    return learn(passages)


def _driven(route: Ways, random: Random) -> Drive:
    way = Way(tuple((point.lat, point.lon) for point in route.line), route.speeds_m_s, route.stops, route.lights)
    return drive(way, random)


def a_day(source: ValhallaHere, bounds: tuple[float, float, float, float]) -> Day:
    """Stations where roads lead there and back, goods as a grid has them, vans just large enough."""
    random = Random(SEED)
    places = _places(source, bounds, random)
    stations = []
    for number, place in enumerate(places[1:], 1):
        begin, end = OPEN
        if random.random() < SHORT_WINDOWS:
            begin += random.randrange(0, 5 * HOUR_S, 1800)
            end = begin + random.choice([2, 3, 4]) * HOUR_S
        load = ByZone(random.randint(1, 3), random.randint(1, 2), random.randint(0, 1))
        stations.append(StationDue(Place(f"st-{number}", f"自提点 {number}", place.lat, place.lon), load, begin, min(end, OPEN[1])))
    wanted = total([one.load.load for one in stations])
    room = [math.ceil(amount / VANS / FULL[measure]) for measure, amount in zip(FULL, wanted.amounts, strict=False)]
    vans = tuple(VanAsked(f"{n}", "", ByZone(*room), *SHIFT, fixed_fen=20_000) for n in range(1, VANS + 1))
    return Day(Place("grid", "网格仓", places[0].lat, places[0].lon), vans, tuple(stations))


def _places(source: ValhallaHere, bounds: tuple[float, float, float, float], random: Random) -> list[Point]:
    west, south, east, north = bounds
    inset = 0.1  # of the extract: at its edge roads end
    found: list[Point] = []
    while len(found) <= STATIONS:
        some = [
            Point(
                south + (north - south) * random.uniform(inset, 1 - inset), west + (east - west) * random.uniform(inset, 1 - inset)
            )
            for _ in range(50)
        ]
        some = [point for point, is_off in zip(some, source.off_road(some), strict=True) if not is_off]
        there, _ = source.block((found or some)[:1], some)
        back, _ = source.block(some, (found or some)[:1])
        found += [point for n, point in enumerate(some) if math.isfinite(there[0, n]) and math.isfinite(back[n, 0])]
    return found[: STATIONS + 1]


def tightest(problem: Problem) -> float:
    """Of the zones, the largest share of what all vans take."""
    wanted = total([stop.load for stop in problem.stops])
    room = total([problem.capacity(van) for van in problem.vans])
    return max(amount / there for amount, there in zip(wanted.amounts, room.amounts, strict=True) if there)


def driven_plan(problem: Problem, plan: Plan, streets: Streets) -> Driven:
    """``problem``: with the windows that count. Vans leave when the plan says, and begin as soon as they may."""
    drives = [_driven_route(problem, route, streets) for route in plan.routes]
    return Driven(
        tuple(late_s for one in drives for late_s in one.late_s),
        sum(one.stops for one in drives),
        sum(one.metres for one in drives),
    )


def _driven_route(problem: Problem, route: Route, streets: Streets) -> Driven:
    first = route.steps[0]
    now_s, place = float(first.end_s), first.place
    late: list[int] = []
    metres = 0.0
    for step in route.steps[1:]:
        if step.place is None or place is None:
            continue
        leg_s, leg_m = streets.leg(place, step.place)
        now_s, metres, place = now_s + leg_s, metres + leg_m, step.place
        if step.kind is StepKind.STOP:
            stop = problem.stop[step.id]
            window = stop.windows[-1]
            if now_s > window.to_s:
                late.append(round(now_s - window.to_s))
            now_s = max(now_s, window.from_s) + stop.service_s
        elif step.kind is StepKind.RELOAD:
            now_s += problem.depot[step.id].loading_s
    return Driven(tuple(late), len(route.stops), metres)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
