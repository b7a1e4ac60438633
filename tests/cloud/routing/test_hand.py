"""Tours as somebody wants them: timed without a search, refused with all that is wrong, and each move in plain words."""

import pytest

from cloud.routing.day import ByZone, Day, Place, StationDue, VanAsked
from cloud.routing.faults import ProblemError
from cloud.routing.hand import Handmade, TourWanted, by_hand, tours_of
from cloud.routing.matrix import StraightLine
from cloud.routing.refusals import clock, refusal
from cloud.routing.transfers import transfers

HOUR_S = 3_600
DEPOT = Place("dock-1", "网格仓", 31.2, 121.4)
NAMES = {"st-1": "站点1", "st-2": "站点2", "st-3": "站点3", "lost": "没有坐标的站"}
ONE_EACH = ByZone(1, 1)
TWO_COLD = ByZone(9, 2)


def station(site: str, east_km: float, load: ByZone = ONE_EACH, until_s: int = 12 * HOUR_S) -> StationDue:
    return StationDue(Place(site, NAMES[site], 31.2, 121.4 + east_km / 95), load, 6 * HOUR_S, until_s)


def van(van_id: str, room: ByZone = TWO_COLD, to_s: int = 14 * HOUR_S, reloads: int = 0, stops: int | None = None) -> VanAsked:
    return VanAsked(van_id, "", room, 5 * HOUR_S, to_s, stops, reloads)


THREE = (station("st-1", 2), station("st-2", 4), station("st-3", 6))


def made(wanted: dict[str, list[list[str]]], *vans: VanAsked, stations: tuple[StationDue, ...] = THREE) -> tuple[Day, Handmade]:
    asked = Day(DEPOT, vans or (van("1"), van("2")), stations)
    tours = [TourWanted(one, tuple(tuple(trip) for trip in trips)) for one, trips in wanted.items()]
    return asked, by_hand(asked, StraightLine().between(asked.places), tours)


def test_tours_are_timed_in_the_order_they_are_given_and_what_is_in_none_is_left_out_by_name() -> None:
    _, hand = made({"2": [["st-2", "st-1"]], "1": []})
    assert hand.said is not None
    (route,) = hand.said.routes
    assert (route.van, [stop.site for stop in route.stops]) == ("2", ["st-2", "st-1"])
    assert route.start_s < route.stops[0].arrival_s < route.stops[1].arrival_s < route.end_s
    assert (hand.said.engine, hand.said.is_estimate, hand.said.cost_fen > 0) == ("hand", True, True)
    (left,) = hand.said.unassigned
    assert (left.site, left.code, left.reason_zh) == ("st-3", "left_out", "还没有安排车辆")


def test_the_same_tours_come_to_the_same_whoever_asks_and_can_be_read_back_from_what_is_said() -> None:
    asked, first = made({"1": [["st-1", "st-2"], ["st-3"]]}, van("1", reloads=1))
    assert first.said is not None
    (tour,) = tours_of(first.said)
    assert tour == TourWanted("1", (("st-1", "st-2"), ("st-3",)))
    assert by_hand(asked, StraightLine().between(asked.places), [tour]).said == first.said


def refused(wanted: dict[str, list[list[str]]], *vans: VanAsked, stations: tuple[StationDue, ...] = THREE) -> list[tuple[str, str]]:
    day, hand = made(wanted, *vans, stations=stations)
    assert hand.said is None
    told = [refusal(day, hand.problem, one) for one in hand.violations]
    assert all(one.field == f"tours[{one.van}]" and one.remedy.en and one.remedy.zh and one.said.en != one.said.zh for one in told)
    return [(one.code, one.said.zh) for one in told]


def test_a_van_that_is_too_full_is_told_by_how_much_of_what() -> None:
    assert refused({"1": [["st-1", "st-2", "st-3"]]}) == [("overloaded", "1号车的冷藏箱超出 1 个")]


def test_every_station_that_would_get_it_too_late_is_named_with_when_and_until_when() -> None:
    early = (station("st-1", 2, until_s=6 * HOUR_S), station("st-2", 4, until_s=6 * HOUR_S + 60), THREE[2])
    told = refused({"晨班车": [["st-3", "st-2", "st-1"]]}, van("晨班车", ByZone(9, 9)), stations=early)
    assert [code for code, _ in told] == ["outside_window", "outside_window"]
    assert told[0][1].startswith("晨班车 06:")
    assert told[0][1].endswith("才到站点2，它的时间窗到 06:01 为止")


def test_several_things_wrong_are_all_told() -> None:
    codes = {
        code
        for code, _ in refused({"1": [["st-1"], ["st-2"], ["st-3"]]}, van("1", to_s=6 * HOUR_S + 1_800, stops=2), stations=THREE)
    }
    assert codes == {"outside_shift", "too_many_stops", "too_many_reloads", "reload_not_allowed", "depot_closed"}


@pytest.mark.parametrize(
    ("wanted", "field", "code"),
    [
        ({"9": [["st-1"]]}, "tours[9].van", "unknown_id"),
        ({"1": [["st-9"]]}, "tours[1].trips", "unknown_id"),
        ({"1": [["st-1", "st-1"]]}, "tours[1].trips", "twice_on_tours"),
        ({"1": [["lost"]]}, "stops[lost].place", "no_coordinates"),
    ],
)
def test_what_there_is_not_and_what_is_there_twice_is_refused_by_its_field(
    wanted: dict[str, list[list[str]]], field: str, code: str
) -> None:
    lost = StationDue(Place("lost", NAMES["lost"]), ONE_EACH, 6 * HOUR_S, 12 * HOUR_S)
    with pytest.raises(ProblemError) as refusal_of_it:
        made(wanted, stations=(*THREE, lost))
    first = refusal_of_it.value.faults[0]
    assert (first.field, first.code) == (field, code)
    assert first.remedy
    assert first.remedy_zh


def test_a_van_that_is_named_twice_is_refused() -> None:
    asked = Day(DEPOT, (van("1"),), THREE)
    twice = [TourWanted("1", (("st-1",),)), TourWanted("1", (("st-2",),))]
    with pytest.raises(ProblemError, match="is given twice"):
        by_hand(asked, StraightLine().between(asked.places), twice)


def moved(before: dict[str, list[list[str]]], after: dict[str, list[list[str]]], *vans: VanAsked) -> list[tuple[str, str]]:
    _, first = made(before, *vans)
    _, second = made(after, *vans)
    assert first.said is not None
    assert second.said is not None
    found = transfers(first.said, second.said, second.problem, second.tours)
    assert all(one.said is not None for one in found)
    return [(one.said.zh, one.said.en) for one in found if one.said is not None]


def test_a_move_is_told_with_what_keeps_the_van_that_had_it() -> None:
    first, second = moved({"1": [["st-1", "st-2"]], "2": [["st-3"]]}, {"1": [["st-1", "st-3"]], "2": [["st-2"]]})
    assert first == ("站点2改由2号车：1号车冷藏箱已满", "站点2 goes to van 2: van 1's cold box is full")
    assert second[0].startswith("站点3改由1号车：由2号车送")


def test_a_move_that_nothing_forces_is_told_by_what_it_costs() -> None:
    ((dearer, _),) = moved({"1": [["st-1", "st-2"]]}, {"1": [["st-1"]], "2": [["st-2"]]})
    assert dearer.startswith("站点2改由2号车：由1号车送可省 ¥")


def test_what_no_van_came_to_before_or_comes_to_after_is_told_as_that() -> None:
    assert moved({"1": [["st-1"]]}, {"2": [["st-2"]]}) == [
        ("站点1不再由1号车送：还没有安排车辆", "站点1 is taken off van 1: nobody has put it on a van"),
        ("站点2由2号车送：原来没有安排车辆", "站点2 goes to van 2: no van came to it before"),
    ]


def test_a_van_that_is_not_there_any_more_is_told_as_gone() -> None:
    _, first = made({"7": [["st-1"]]}, van("7"))
    _, second = made({"2": [["st-1"]]})
    assert first.said is not None
    assert second.said is not None
    (one,) = transfers(first.said, second.said, second.problem, second.tours)
    assert one.said is not None
    assert one.said.zh == "站点1改由2号车：7号车当天不出车"


@pytest.mark.parametrize(("at_s", "said"), [(6 * HOUR_S, "06:00"), (6 * HOUR_S + 1, "06:01"), (25 * HOUR_S, "25:00")])
def test_a_time_of_day_is_never_said_earlier_than_it_is(at_s: int, said: str) -> None:
    assert clock(at_s) == said
