"""Small days of a fleet, to be varied in tests; and Hypothesis' own."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from cloud.routing.loads import Load
from cloud.routing.matrix import Coordinates, Matrix, StraightLine
from cloud.routing.problem import MFEN_PER_YUAN, Break, Depot, Problem, Stop, Van, VanType, Window

HOUR_S = 3600
SMALL = VanType("small", Load(20, 8, 4, 800_000), fixed_mfen=50 * MFEN_PER_YUAN)


def day(stops: int = 8, vans: int = 2, seed: int = 1, **changes: Any) -> Problem:
    """``stops`` stations on 10 × 10 km round a grid warehouse. ``changes`` are every van's, or every stop's, as their names go."""
    rng = random.Random(seed)
    places = [Coordinates(31.2, 121.4)]
    places += [Coordinates(31.2 + rng.uniform(-0.05, 0.05), 121.4 + rng.uniform(-0.05, 0.05)) for _ in range(stops)]
    of_stop = {name: value for name, value in changes.items() if name in Stop.__dataclass_fields__}
    of_van = {name: value for name, value in changes.items() if name in Van.__dataclass_fields__}
    made = tuple(
        replace(
            Stop(
                f"st-{number}", number, Load(rng.randint(1, 3), rng.randint(0, 1), 0, rng.randint(10, 40) * 1000),
                (Window(7 * HOUR_S, 15 * HOUR_S),), 300,
            ),
            **of_stop,
        )
        for number in range(1, stops + 1)
    )  # fmt: skip
    fleet = tuple(
        replace(Van(f"van-{number}", "small", 0, 0, Window(6 * HOUR_S, 15 * HOUR_S), depot_id="grid"), **of_van)
        for number in range(1, vans + 1)
    )
    depot = Depot("grid", 0, Window(6 * HOUR_S, 12 * HOUR_S), 600)
    return Problem((depot,), (SMALL,), fleet, made, StraightLine().between(places))


def line(*places_m: int, speed_m_s: int = 10, **changes: Any) -> Problem:
    """Stations along a straight road at ``places_m`` from the warehouse, one van; whole numbers by hand."""
    at = np.array([0, *places_m])
    distance_m = np.abs(at[:, None] - at[None, :]).astype(np.int64)
    matrix = Matrix(distance_m, distance_m // speed_m_s, is_estimate=False, source="a line")
    stops = tuple(Stop(f"st-{number}", number, Load(1, 0, 0, 1000), service_s=60) for number in range(1, len(at)))
    van = replace(Van("van-1", "small", 0, 0, Window(0, 10_000), depot_id="grid"), **changes)
    return Problem((Depot("grid", 0, loading_s=100),), (SMALL,), (van,), stops, matrix)


@st.composite
def days(draw: st.DrawFn, *, is_plain: bool = False) -> Problem:
    """Days with all that a problem can ask for, some of it impossible. ``is_plain``: with what PyVRP can hold."""
    problem = day(draw(st.integers(1, 9)), draw(st.integers(1, 3)), draw(st.integers(0, 10_000)))
    vans = []
    for van in problem.vans:
        breaks = (Break(10 * HOUR_S, 11 * HOUR_S, 1800),) if not is_plain and draw(st.booleans()) else ()
        reloads = draw(st.integers(0, 1))
        most = draw(st.sampled_from([None, 2, 5]))
        vans.append(
            replace(
                van, breaks=breaks, reload_depots=("grid",) if reloads else (), max_reloads=reloads,
                max_stops=None if is_plain and reloads else most, max_duty_s=draw(st.sampled_from([None, 4 * HOUR_S])),
                end_place=draw(st.sampled_from([0, None])),
            )
        )  # fmt: skip
    ids = [van.id for van in vans]
    stops = []
    for stop in problem.stops:
        early_s = draw(st.integers(6, 11)) * HOUR_S
        windows = [Window(early_s, early_s + draw(st.integers(0, 4)) * HOUR_S)]
        if draw(st.booleans()):
            windows.append(Window(13 * HOUR_S, 14 * HOUR_S))
        allowed = draw(st.sampled_from([None, None, frozenset(ids[:1]), frozenset(ids[1:])]))
        load = Load(draw(st.integers(0, 12)), draw(st.integers(0, 9)), draw(st.integers(0, 2)), draw(st.integers(0, 400)) * 1000)
        stops.append(
            replace(
                stop, windows=tuple(windows), load=load, allowed_vans=allowed, priority=draw(st.integers(0, 2)),
                prize_mfen=draw(st.sampled_from([None, None, 2 * MFEN_PER_YUAN])),
                collect_place=None if is_plain else draw(st.sampled_from([None, None, None, 0])), collect_s=60,
            )
        )  # fmt: skip
    return replace(problem, vans=tuple(vans), stops=tuple(stops), unfamiliar_mfen=draw(st.sampled_from([0, MFEN_PER_YUAN])))
