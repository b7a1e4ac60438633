"""Every engine against the checker, against brute force, and against itself."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings

from cloud.routing.checker import check
from cloud.routing.engine import Effort, Engine, Progress, Watch
from cloud.routing.insertion import Obstacle, route_of
from cloud.routing.loads import Load
from cloud.routing.measures import measures, route_measures
from cloud.routing.ortools_engine import OrtoolsEngine
from cloud.routing.plan import Call, CallKind, StepKind, Tour
from cloud.routing.planning import choose, solve
from cloud.routing.problem import Break, Problem
from cloud.routing.pyvrp_engine import PyvrpEngine, Splitting
from cloud.routing.wording import said
from tests.cloud.routing.days import HOUR_S, day, days

LITTLE = Effort(seconds=2, seed=7, iterations=12, cores=1)
ENGINES = [PyvrpEngine(), OrtoolsEngine()]


def has_nothing_against_it(problem: Problem, engine: Engine | None) -> None:
    plan = solve(problem, LITTLE, engine=engine).plan
    assert check(problem, plan) == []
    for left_out in plan.unassigned:
        assert said(left_out.reason).en != said(left_out.reason).zh


@pytest.mark.slow
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(problem=days(is_plain=True))
def test_the_checker_has_nothing_against_a_plan_of_pyvrp(problem: Problem) -> None:
    assert not PyvrpEngine().refuses(problem)
    has_nothing_against_it(problem, PyvrpEngine())


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(problem=days())
def test_the_checker_has_nothing_against_a_plan_of_ortools(problem: Problem) -> None:
    has_nothing_against_it(problem, OrtoolsEngine())


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(problem=days())
def test_the_checker_has_nothing_against_the_plan_of_whichever_engine_is_chosen(problem: Problem) -> None:
    has_nothing_against_it(problem, None)


def optimum_mfen(problem: Problem) -> int:
    """One van, every order."""
    costs = []
    for order in permutations(stop.id for stop in problem.stops):
        route = route_of(problem, Tour("van-1", tuple(Call(CallKind.STOP, stop_id) for stop_id in order)))
        if not isinstance(route, Obstacle):
            costs.append(route_measures(problem, route).cost_mfen)
    return min(costs)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: str(engine.name))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_best_order_of_six_stops_is_found(engine: Engine, seed: int) -> None:
    problem = day(6, 1, seed)
    plan = solve(problem, Effort(iterations=60, cores=1), engine=engine).plan
    assert measures(problem, plan).cost_mfen == optimum_mfen(problem)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: str(engine.name))
def test_a_search_by_count_ends_where_there_are_fewer_plans_than_are_counted(engine: Engine) -> None:
    only = solve(day(1, 1), Effort(iterations=1_000, cores=1), engine=engine).plan
    assert only.routes[0].stops == ("st-1",)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: str(engine.name))
def test_the_same_seed_and_iterations_give_the_same_plan(engine: Engine) -> None:
    problem = day(25, 4)
    assert solve(problem, LITTLE, engine=engine).plan == solve(problem, LITTLE, engine=engine).plan


@pytest.mark.slow
def test_on_two_cores_a_large_day_is_cut_and_comes_out_the_same_each_time() -> None:
    problem = day(80, 12)
    engine = PyvrpEngine(splitting=Splitting(from_stops=40, part_stops=20, slice_iterations=30))
    effort = Effort(seed=3, iterations=120, cores=2)
    first = solve(problem, effort, engine=engine).plan
    assert first == solve(problem, effort, engine=engine).plan
    assert not first.unassigned
    once = solve(problem, replace(effort, iterations=1), engine=engine).plan
    assert measures(problem, first).cost_mfen < measures(problem, once).cost_mfen


def test_breaks_heads_and_goods_elsewhere_go_to_ortools_and_the_rest_to_pyvrp() -> None:
    assert choose(day()).name == "pyvrp"
    assert choose(day(breaks=(Break(10 * HOUR_S, 11 * HOUR_S, 60),))).name == "or-tools"
    assert choose(day(collect_place=0)).name == "or-tools"
    assert choose(day(vans=1, first_stops=("st-1",))).name == "or-tools"
    assert choose(day(max_stops=3)).name == "pyvrp"
    assert choose(day(max_stops=3, max_reloads=1)).name == "or-tools"


def test_a_van_too_few_leaves_out_what_costs_least_and_says_which_zone_is_full() -> None:
    problem = day(6, 1)
    problem = problem.with_stops(
        replace(stop, load=Load(1, 2, 0, 5000), priority=number % 2) for number, stop in enumerate(problem.stops)
    )
    plan = solve(problem, Effort(iterations=60, cores=1)).plan
    assert len(plan.routes[0].stops) == 4  # a van takes eight cold boxes
    assert {problem.stop[one.stop_id].priority for one in plan.unassigned} == {0}
    assert {(one.reason.code, one.reason.params["measure"]) for one in plan.unassigned} == {("vans_full", "chilled")}


def test_a_plan_begins_where_the_last_one_ended() -> None:
    problem = day(20, 3)
    good = solve(problem, Effort(iterations=300, cores=1)).plan
    again = solve(problem, Effort(iterations=1, cores=1), start=good).plan
    assert measures(problem, again).cost_mfen <= measures(problem, good).cost_mfen
    fewer = problem.with_stops(problem.stops[:-3])
    assert check(fewer, solve(fewer, Effort(iterations=1, cores=1), start=good).plan) == []


def test_who_has_had_enough_gets_what_there_is_and_hears_how_it_went() -> None:
    heard: list[Progress] = []
    watch = Watch(heard.append, lambda: len(heard) > 0)
    problem = day(12, 2)
    plan = solve(problem, Effort(seconds=3600, cores=1), watch=watch).plan
    assert check(problem, plan) == []
    assert heard[-1].cost_mfen == measures(problem, plan).cost_mfen


def test_a_stop_that_is_not_worth_the_way_is_left_and_the_price_told() -> None:
    problem = day(3, 1)
    plan = solve(problem.with_stops([replace(problem.stops[0], prize_mfen=1000), *problem.stops[1:]]), LITTLE).plan
    assert [(one.stop_id, one.reason.code) for one in plan.unassigned] == [("st-1", "not_worth_it")]


def test_a_driver_is_sent_where_he_has_been() -> None:
    problem = replace(day(8, 2), unfamiliar_mfen=10**8)
    known = [frozenset(stop.id for stop in problem.stops[::2]), frozenset(stop.id for stop in problem.stops[1::2])]
    problem = replace(problem, vans=tuple(replace(van, known_stops=stops) for van, stops in zip(problem.vans, known, strict=True)))
    plan = solve(problem, Effort(iterations=200, cores=1)).plan
    assert all(set(route.stops) == known[int(route.van_id[-1]) - 1] for route in plan.routes)


def test_a_van_that_reloads_brings_twice_what_it_takes() -> None:
    problem = day(4, 1, reload_depots=("grid",), max_reloads=1, load=Load(9))
    plan = solve(problem, Effort(iterations=200, cores=1)).plan
    assert not plan.unassigned
    assert [step.kind for step in plan.routes[0].steps].count(StepKind.RELOAD) == 1


def test_an_effort_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="seconds"):
        Effort(seconds=0)
    with pytest.raises(ValueError, match="part_stops"):
        Splitting(part_stops=1)


def test_a_day_without_stops_is_an_empty_plan() -> None:
    assert solve(day(0), LITTLE).plan.routes == ()


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: str(engine.name))
def test_a_day_of_few_stops_is_done_when_nothing_better_comes_long_before_its_time(engine: Engine) -> None:
    problem = day(5, 1)
    said: list[Progress] = []
    plan = solve(problem, Effort(seconds=600, seed=1), engine=engine, watch=Watch(said.append)).plan
    assert measures(problem, plan).cost_mfen == optimum_mfen(problem)
    assert said[-1].elapsed_s < 300, "of six hundred"
