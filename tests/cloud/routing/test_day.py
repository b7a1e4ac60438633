"""A day as it was asked for: what it makes, and what of it nobody can be sent to."""

import pytest

from cloud.routing.answer import answer
from cloud.routing.comparison import differences
from cloud.routing.day import ByZone, Day, Place, StationDue, VanAsked, problem_of
from cloud.routing.engine import Effort
from cloud.routing.faults import ProblemError
from cloud.routing.matrix import StraightLine
from cloud.routing.planning import solve

HOUR_S = 3_600
TWO_AND_ONE = ByZone(2, 1)
DEPOT = Place("dock-1", "网格仓", 31.2, 121.4)


def station(site: str, lat: float | None = 31.21, load: ByZone = TWO_AND_ONE, until_s: int = 12 * HOUR_S) -> StationDue:
    return StationDue(Place(site, site, lat, None if lat is None else 121.41), load, 6 * HOUR_S, until_s)


def day(*stations: StationDue, vans: int = 1) -> Day:
    fleet = tuple(VanAsked(f"{n}", "", ByZone(10, 4), 5 * HOUR_S, 14 * HOUR_S) for n in range(1, vans + 1))
    return Day(DEPOT, fleet, stations, loading_s=600)


def test_what_nobody_can_be_sent_to_is_named_with_its_remedy_and_the_others_are_planned() -> None:
    asked = day(
        station("good"), station("nowhere", None), station("huge", load=ByZone(2, 9)), station("dawn", until_s=6 * HOUR_S),
        StationDue(Place("null", "null", 0.0, 0.0), ByZone(1), 0, 12 * HOUR_S),
        StationDue(Place("early", "early", 31.3, 121.6), ByZone(1), 0, 5 * HOUR_S),
    )  # fmt: skip
    problem = problem_of(asked, StraightLine().between(asked.places))
    said = answer(asked, problem, solve(problem, Effort(iterations=20, cores=1)))
    assert {stop.site for route in said.routes for stop in route.stops} == {"good", "dawn"}
    assert {one.site: one.code for one in said.unassigned} == {
        "nowhere": "no_coordinates", "huge": "larger_than_any_van", "null": "off_the_map", "early": "windows_cannot_be_met",
    }  # fmt: skip
    assert all(one.field.startswith(f"stops[{one.site}]") for one in said.unassigned)
    assert all(one.remedy_en and one.remedy_zh and one.reason_en != one.reason_zh for one in said.unassigned)
    assert (said.is_estimate, said.late) == (True, 0)


def test_a_day_too_full_says_which_zone_is_and_names_no_remedy_of_the_station() -> None:
    asked = day(station("st-1", load=ByZone(1, 3)), station("st-2", 31.22, ByZone(1, 3)))
    problem = problem_of(asked, StraightLine().between(asked.places))
    said = answer(asked, problem, solve(problem, Effort(iterations=20, cores=1)))
    (left,) = said.unassigned
    assert (left.code, left.field) == ("vans_full", "")
    assert "冷藏区" in left.reason_zh
    (route,) = said.routes
    assert (route.load, route.fullest, route.room) == (ByZone(1, 3), ByZone(1, 3), ByZone(10, 4))


def test_another_van_more_is_compared_with_the_plan_before() -> None:
    stations = (station("st-1", load=ByZone(1, 3)), station("st-2", 31.22, ByZone(1, 3)))
    plans = []
    for vans in (1, 2):
        asked = day(*stations, vans=vans)
        problem = problem_of(asked, StraightLine().between(asked.places))
        plans.append(answer(asked, problem, solve(problem, Effort(iterations=20, cores=1))))
    told = differences(plans[0], plans[1])
    assert (told.vans, told.unassigned) == (1, -1)
    assert told.cost_fen == plans[1].cost_fen - plans[0].cost_fen > 0
    assert "" in {one.before for one in told.moved}


def test_a_day_without_vans_is_refused_before_any_way_is_known() -> None:
    with pytest.raises(ProblemError, match="no van"):
        day(station("st-1"), vans=0).require_sound()
    with pytest.raises(ValueError, match="coordinates"):
        _ = Day(Place("dock-1", "网格仓"), (), ()).places
