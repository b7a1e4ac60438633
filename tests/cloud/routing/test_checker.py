from collections.abc import Callable
from dataclasses import replace

import pytest

from cloud.routing.checker import check
from cloud.routing.loads import Load
from cloud.routing.plan import Call, CallKind, Plan, Reason, Route, Step, StepKind, Tour, Unassigned
from cloud.routing.problem import Break, Problem, Window
from cloud.routing.timetable import timetable
from tests.cloud.routing.days import line


def planned(problem: Problem, *calls: Call) -> Plan:
    route = timetable(problem, Tour("van-1", calls or tuple(Call(CallKind.STOP, stop.id) for stop in problem.stops)))
    assert isinstance(route, Route), route
    return Plan((route,), (), problem.matrix.is_estimate)


def codes(problem: Problem, plan: Plan) -> list[str]:
    return [violation.code for violation in check(problem, plan)]


def changed(plan: Plan, index: int, **values: object) -> Plan:
    steps = list(plan.routes[0].steps)
    steps[index] = replace(steps[index], **values)  # type: ignore[arg-type]
    return replace(plan, routes=(replace(plan.routes[0], steps=tuple(steps)),))


def test_a_plan_that_holds_is_let_through() -> None:
    problem = line(1000, 2000)
    assert check(problem, planned(problem)) == []


def test_every_stop_is_served_once_or_left_out_with_a_reason() -> None:
    problem = line(1000, 2000)
    plan = planned(problem)
    only = planned(problem, Call(CallKind.STOP, "st-1"))
    assert codes(problem, only) == ["stop_forgotten"]
    assert codes(problem, replace(only, unassigned=(Unassigned("st-2", Reason("too_late")),))) == []
    assert codes(problem, replace(only, unassigned=(Unassigned("st-2", Reason("")),))) == ["no_reason"]
    assert codes(problem, replace(plan, unassigned=(Unassigned("st-2", Reason("too_late")),))) == ["stop_twice"]
    assert "unknown_stop" in codes(problem, replace(plan, routes=(), unassigned=(Unassigned("st-9", Reason("too_late")),)))


def test_an_estimate_has_to_be_called_one() -> None:
    problem = line(1000)
    assert codes(problem, replace(planned(problem), is_estimate=True)) == ["estimate_not_said"]


WRONG: list[tuple[str, Callable[[Plan], Plan]]] = [
    ("too_fast", lambda plan: changed(plan, 1, start_s=199)),
    ("times_overlap", lambda plan: changed(plan, 1, start_s=90)),
    ("too_short", lambda plan: changed(plan, 1, end_s=259)),
    ("wrong_place", lambda plan: changed(plan, 1, place=2)),
    ("too_short", lambda plan: changed(plan, 0, end_s=99)),
    ("outside_shift", lambda plan: changed(plan, 3, start_s=20_000, end_s=20_000)),
    ("wrong_end", lambda plan: changed(plan, 3, place=1)),
    ("wrong_start", lambda plan: changed(plan, 0, place=1)),
    ("unknown_step", lambda plan: changed(plan, 0, id="moon")),
    ("unknown_van", lambda plan: replace(plan, routes=(replace(plan.routes[0], van_id="van-9"),))),
    ("van_twice", lambda plan: replace(plan, routes=plan.routes * 2)),
]


@pytest.mark.parametrize(("code", "wrong"), WRONG, ids=[f"{number}-{code}" for number, (code, _) in enumerate(WRONG)])
def test_a_wrong_step_is_found(code: str, wrong: Callable[[Plan], Plan]) -> None:
    problem = line(1000, 2000)
    assert code in codes(problem, wrong(planned(problem)))


def test_a_window_counts_where_unloading_begins() -> None:
    problem = line(1000)
    plan = planned(problem)
    assert codes(problem.with_stops([replace(problem.stops[0], windows=(Window(0, 200),))]), plan) == []
    assert codes(problem.with_stops([replace(problem.stops[0], windows=(Window(0, 199),))]), plan) == ["outside_window"]


def test_each_zone_is_counted_by_itself_and_a_reload_makes_room() -> None:
    problem = line(1000, 2000, reload_depots=("grid",), max_reloads=1)
    problem = problem.with_stops(replace(stop, load=Load(chilled_slots=5)) for stop in problem.stops)
    found = check(problem, planned(problem))
    assert {(one.code, one.id) for one in found} == {("overloaded", "chilled")}
    one, two = (Call(CallKind.STOP, stop.id) for stop in problem.stops)
    again = planned(problem, one, Call(CallKind.RELOAD, "grid"), two)
    assert codes(problem, again) == []
    assert codes(replace(problem, vans=(replace(problem.vans[0], max_reloads=0),)), again) == ["too_many_reloads"]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"first_stops": ("st-2",)}, "not_first"), ({"max_stops": 1}, "too_many_stops"), ({"max_duty_s": 9}, "duty_too_long")],
)
def test_heads_and_limits_of_a_van_are_kept(change: dict[str, object], code: str) -> None:
    problem = line(1000, 2000)
    van = replace(problem.vans[0], **change)  # type: ignore[arg-type]
    assert codes(replace(problem, vans=(van,)), planned(problem)) == [code]


def test_a_van_that_may_not_come_is_found() -> None:
    problem = line(1000, 2000)
    locked = problem.with_stops([replace(problem.stops[0], allowed_vans=frozenset()), problem.stops[1]])
    assert codes(locked, planned(problem)) == ["van_not_allowed"]


def test_a_break_that_is_due_has_to_be_there() -> None:
    problem = line(1000, 2000)
    resting = replace(problem, vans=(replace(problem.vans[0], breaks=(Break(100, 300, 60),)),))
    assert codes(resting, planned(problem)) == ["no_break"]
    assert codes(resting, planned(resting)) == []


def test_goods_that_lie_elsewhere_are_fetched_before_they_are_brought() -> None:
    problem = line(1000, 2000)
    problem = problem.with_stops([replace(problem.stops[0], collect_place=2, collect_s=30), problem.stops[1]])
    stop, collect, other = Call(CallKind.STOP, "st-1"), Call(CallKind.COLLECT, "st-1"), Call(CallKind.STOP, "st-2")
    assert codes(problem, planned(problem, other, collect, stop)) == []
    assert "not_collected" in codes(problem, planned(problem, other, stop))
    assert "not_collected" in codes(problem, planned(problem, stop, collect, other))
    assert "collected_for_nothing" in codes(problem, planned(problem, collect, other))


def test_steps_of_a_kind_that_ends_a_route_do_not_stand_in_its_middle() -> None:
    problem = line(1000)
    plan = planned(problem)
    steps = plan.routes[0].steps
    middle = Step(StepKind.RETURN, "", 1, steps[1].end_s, steps[1].end_s)
    broken = replace(plan, routes=(Route("van-1", (*steps[:2], middle, *steps[2:])),))
    assert codes(problem, broken) == ["ends_in_the_middle"]
