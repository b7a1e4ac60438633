from dataclasses import replace

from cloud.routing.plan import Call, CallKind, Route, StepKind, Tour
from cloud.routing.problem import Break, Problem, Window
from cloud.routing.timetable import Misfit, timetable
from tests.cloud.routing.days import line


def timed(problem: Problem, *stops: str) -> Route | Misfit:
    return timetable(problem, Tour("van-1", tuple(Call(CallKind.STOP, stop) for stop in stops)))


def steps(route: Route | Misfit) -> list[tuple[str, int, int]]:
    assert isinstance(route, Route), route
    return [(f"{step.kind} {step.id}".strip(), step.start_s, step.end_s) for step in route.steps]


def test_a_van_loads_drives_unloads_and_comes_back() -> None:
    assert steps(timed(line(1000, 3000), "st-1", "st-2")) == [
        ("load grid", 0, 100), ("stop st-1", 200, 260), ("stop st-2", 460, 520), ("return", 820, 820),
    ]  # fmt: skip


def test_it_leaves_no_earlier_than_its_windows_ask() -> None:
    problem = line(1000)
    problem = problem.with_stops([replace(problem.stops[0], windows=(Window(5000, 6000),))])
    assert steps(timed(problem, "st-1")) == [("load grid", 4800, 4900), ("stop st-1", 5000, 5060), ("return", 5160, 5160)]


def test_of_two_windows_the_first_that_is_not_over_is_taken() -> None:
    problem = line(1000)
    problem = problem.with_stops([replace(problem.stops[0], windows=(Window(0, 150), Window(400, 500)))])
    assert steps(timed(problem, "st-1"))[1] == ("stop st-1", 400, 460)


def test_what_is_too_late_names_the_stop() -> None:
    problem = line(1000, 2000)
    problem = problem.with_stops([problem.stops[0], replace(problem.stops[1], windows=(Window(0, 300),))])
    assert timed(problem, "st-1", "st-2") == Misfit("too_late", "st-2")
    assert isinstance(timed(problem, "st-2", "st-1"), Route)


def test_shift_and_duty_end_a_tour() -> None:
    assert timed(line(1000, shift=Window(0, 300)), "st-1") == Misfit("shift_over", "")
    assert timed(line(1000, max_duty_s=300), "st-1") == Misfit("duty_over", "")
    assert isinstance(timed(line(1000, max_duty_s=360), "st-1"), Route)


def test_a_break_is_taken_on_the_road_as_soon_as_it_may() -> None:
    problem = line(1000, 5000, breaks=(Break(300, 400, 50),))
    assert ("break", 300, 350) in steps(timed(problem, "st-1", "st-2"))
    assert steps(timed(problem, "st-1", "st-2"))[-1] == ("return", 1270, 1270)


def test_a_break_that_falls_into_unloading_is_taken_before_it() -> None:
    problem = line(1000, breaks=(Break(190, 230, 30),))
    assert ("break", 190, 220) in steps(timed(problem, "st-1"))


def test_a_break_is_not_due_where_the_duty_is_over_before_it() -> None:
    found = timed(line(1000, breaks=(Break(900, 950, 50),)), "st-1")
    assert [name for name, *_ in steps(found)] == ["load grid", "stop st-1", "return"]


def test_a_tour_that_leaves_no_time_for_the_break_does_not_hold() -> None:
    problem = line(1000, breaks=(Break(210, 220, 30),))
    problem = problem.with_stops([replace(problem.stops[0], windows=(Window(0, 205),), service_s=600)])
    assert timed(problem, "st-1") == Misfit("no_break", "")


def test_a_van_on_its_way_begins_where_it_is() -> None:
    problem = line(1000, 2000, depot_id=None, start_place=1, shift=Window(500, 9000), end_place=None)
    assert steps(timed(problem, "st-2"))[-1][0] == "end"
    assert steps(timed(problem, "st-2"))[0][0] == "depart"


def test_no_way_is_no_time() -> None:
    problem = line(1000)
    problem.matrix.duration_s[0, 1] = -1
    assert timed(problem, "st-1") == Misfit("unreachable", "st-1")


def test_reloading_takes_as_long_as_loading() -> None:
    problem = line(1000, 2000, reload_depots=("grid",), max_reloads=1)
    calls = (Call(CallKind.STOP, "st-1"), Call(CallKind.RELOAD, "grid"), Call(CallKind.STOP, "st-2"))
    route = timetable(problem, Tour("van-1", calls))
    assert steps(route)[2] == ("reload grid", 360, 460)
    assert isinstance(route, Route)
    assert [step.kind for step in route.steps] == [StepKind.LOAD, StepKind.STOP, StepKind.RELOAD, StepKind.STOP, StepKind.RETURN]
