from dataclasses import replace

import numpy as np
import pytest

from cloud.routing.faults import WORDS, ProblemError
from cloud.routing.loads import Load, Measure
from cloud.routing.matrix import Coordinates, Matrix, StraightLine, is_on_earth
from cloud.routing.problem import Break, Problem, Window
from cloud.routing.sifting import sift
from tests.cloud.routing.days import HOUR_S, day


def faults_of(problem: Problem, **changes: object) -> list[tuple[str, str]]:
    with pytest.raises(ProblemError) as caught:
        replace(problem, **changes)  # type: ignore[arg-type]
    assert str(caught.value)
    return [(fault.field, fault.code) for fault in caught.value.faults]


def test_two_things_of_one_name_are_told_apart() -> None:
    problem = day(2)
    twice = replace(problem.stops[1], id="st-1")
    assert ("stops[st-1].id", "id_twice") in faults_of(problem, stops=(problem.stops[0], twice))


def test_a_place_that_the_matrix_does_not_have_is_named() -> None:
    problem = day(2)
    assert faults_of(problem, stops=(replace(problem.stops[0], place=7),)) == [("stops[st-1].place", "no_place")]
    assert ("vans[van-1].end_place", "no_place") in faults_of(problem, vans=(replace(problem.vans[0], end_place=9),))


def test_windows_the_wrong_way_round_are_named() -> None:
    problem = day(1)
    wrong = (replace(problem.stops[0], windows=(Window(9, 8),)),)
    assert faults_of(problem, stops=wrong) == [("stops[st-1].windows[0]", "window_reversed")]
    assert faults_of(problem, stops=(replace(problem.stops[0], windows=()),)) == [("stops[st-1].windows", "no_window")]


def test_a_problem_without_vans_is_refused() -> None:
    assert faults_of(day(1), vans=()) == [("vans", "no_vans")]


def test_what_vans_and_stops_name_has_to_be_there() -> None:
    problem = day(1)
    van = problem.vans[0]
    assert ("vans[van-1].type_id", "unknown_id") in faults_of(problem, vans=(replace(van, type_id="huge"),))
    assert faults_of(problem, vans=(replace(van, depot_id="moon"),)) == [("vans[van-1].depot_id", "unknown_id")]
    assert faults_of(problem, vans=(replace(van, first_stops=("st-9",)),)) == [("vans[van-1].first_stops", "unknown_id")]
    lost = replace(problem.stops[0], allowed_vans=frozenset({"van-9"}))
    assert faults_of(problem, stops=(lost,)) == [("stops[st-1].allowed_vans", "unknown_id")]


def test_a_stop_cannot_be_first_of_two_vans_nor_of_one_that_may_not_come() -> None:
    problem = day(1, 2)
    vans = tuple(replace(van, first_stops=("st-1",)) for van in problem.vans)
    assert faults_of(problem, vans=vans) == [("vans[van-2].first_stops", "twice_first")]
    locked = (replace(problem.stops[0], allowed_vans=frozenset({"van-2"})),)
    assert ("vans[van-1].first_stops", "first_not_allowed") in faults_of(problem, vans=(vans[0], problem.vans[1]), stops=locked)


def test_a_break_outside_the_shift_and_numbers_below_zero_are_refused() -> None:
    problem = day(1)
    van = replace(problem.vans[0], breaks=(Break(20 * HOUR_S, 21 * HOUR_S, 60),))
    assert ("vans[van-1].breaks[0]", "break_outside") in faults_of(problem, vans=(van,))
    assert faults_of(problem, stops=(replace(problem.stops[0], service_s=-1),)) == [("stops[st-1].service_s", "negative")]


def test_every_fault_is_said_in_both_languages_with_a_remedy() -> None:
    params = {"amount": 9, "measure": "chilled", "room": 8, "id": "x", "place": 1, "places": 2, "from_s": 1, "to_s": 0}
    params |= {"value": -1, "lat": "0", "lon": "0", "count": 3, "earliest_s": 5}
    for (what, remedy), (what_zh, remedy_zh) in WORDS.values():
        assert len({what, remedy, what_zh, remedy_zh, ""}) == 5
        for text in (what, remedy, what_zh, remedy_zh):
            assert "{" not in text.format(**params)


def test_a_demand_larger_than_any_van_is_left_out_and_the_others_planned() -> None:
    problem = day(3)
    large = replace(problem.stops[0], load=Load(chilled_slots=9))
    left, faults = sift(problem.with_stops([large, *problem.stops[1:]]))
    assert [stop.id for stop in left.stops] == ["st-2", "st-3"]
    fault = faults["st-1"]
    assert (fault.field, fault.code) == ("stops[st-1].load", "larger_than_any_van")
    assert "9 chilled" in fault.said
    assert "9 个冷藏箱" in fault.said_zh
    assert fault.remedy != fault.remedy_zh


def test_windows_that_are_over_before_a_van_can_come_are_told_with_the_earliest_time() -> None:
    problem = day(2)
    early = replace(problem.stops[0], windows=(Window(0, 6 * HOUR_S),))
    _, faults = sift(problem.with_stops([early, problem.stops[1]]))
    assert faults["st-1"].code == "windows_cannot_be_met"
    assert int(faults["st-1"].params["earliest_s"]) > 6 * HOUR_S


def test_a_stop_from_which_no_van_is_back_in_its_shift_is_told() -> None:
    problem = day(1)
    late = replace(problem.stops[0], windows=(Window(14 * HOUR_S + 3500, 15 * HOUR_S),))
    assert sift(problem.with_stops([late]))[1]["st-1"].code == "shift_too_short"


def test_a_station_in_the_sea_is_unreachable_and_named() -> None:
    problem = day(3)
    distance_m, duration_s = problem.matrix.distance_m.copy(), problem.matrix.duration_s.copy()
    for table in (distance_m, duration_s):
        table[2, :] = table[:, 2] = -1
    left, faults = sift(replace(problem, matrix=Matrix(distance_m, duration_s, is_estimate=False, source="roads")))
    assert faults["st-2"].code == "unreachable"
    assert [stop.id for stop in left.stops] == ["st-1", "st-3"]


def test_a_hole_between_stops_takes_out_the_one_with_the_most_holes() -> None:
    problem = day(4)
    distance_m = problem.matrix.distance_m.copy()
    distance_m[1, 2] = distance_m[3, 2] = distance_m[2, 4] = -1
    _, faults = sift(replace(problem, matrix=Matrix(distance_m, problem.matrix.duration_s, is_estimate=False, source="roads")))
    assert [(stop_id, fault.code, fault.params) for stop_id, fault in faults.items()] == [
        ("st-2", "part_unreachable", {"count": 3})
    ]


def test_a_stop_that_no_van_may_serve_is_told() -> None:
    problem = day(2)
    _, faults = sift(problem.with_stops([replace(problem.stops[0], allowed_vans=frozenset()), problem.stops[1]]))
    assert faults["st-1"].code == "no_van_may"


def test_a_matrix_of_two_shapes_is_refused() -> None:
    square = np.zeros((2, 2), dtype=np.int64)
    with pytest.raises(ValueError, match="squares"):
        Matrix(square, np.zeros((3, 3), dtype=np.int64), is_estimate=False, source="")
    with pytest.raises(ValueError, match="below"):
        Matrix(square - 2, square, is_estimate=False, source="")


def test_the_straight_line_says_that_it_is_an_estimate() -> None:
    matrix = StraightLine(road_factor=1.5).between([Coordinates(31, 121), Coordinates(31.01, 121)])
    assert matrix.is_estimate
    assert matrix.distance_m.tolist() == [[0, 1668], [1668, 0]]  # a hundredth of a degree is 1112 m
    assert matrix.duration_s[0, 1] == 251


def test_positions_of_broken_receivers_are_not_on_earth() -> None:
    assert is_on_earth(Coordinates(31, 121))
    assert not any(is_on_earth(Coordinates(*at)) for at in [(0.0, 0.0), (91.0, 0.0), (float("nan"), 1.0), (1.0, 181.0)])


def test_a_load_says_what_does_not_fit() -> None:
    assert Load(2, 0, 1, 500).over(Load(1, 0, 1, 600)) == {Measure.AMBIENT: 1}
    with pytest.raises(ValueError, match="below zero"):
        Load(-1)
