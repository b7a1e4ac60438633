"""What a plan comes to: cost, kilometres, hours, how full each van is, and how easily it runs late. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cloud.routing.loads import NOTHING, Load, total
from cloud.routing.plan import Plan, Route, Step, StepKind
from cloud.routing.problem import Problem

# A rainy morning: how much longer everything on the road takes when a plan is asked how easily it runs late.
SLOWER_PERCENT = 20


@dataclass(frozen=True, slots=True)
class RouteMeasures:
    """``fullest``: the most of each measure that is aboard at once. ``late_if_slower``: stops that then miss their window."""

    van_id: str
    cost_mfen: int
    distance_m: int
    driving_s: int
    duty_s: int
    waiting_s: int
    stops: int
    unfamiliar: int
    fullest: Load
    capacity: Load
    late_if_slower: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanMeasures:
    """``cost_mfen`` counts what is left out too; ``road_cost_mfen`` does not."""

    cost_mfen: int
    road_cost_mfen: int
    distance_m: int
    driving_s: int
    duty_s: int
    vans: int
    stops: int
    unassigned: int
    late_if_slower: int
    routes: tuple[RouteMeasures, ...]


def measures(problem: Problem, plan: Plan) -> PlanMeasures:
    """Of a plan that the checker let through."""
    routes = tuple(route_measures(problem, route) for route in plan.routes)
    road = sum(route.cost_mfen for route in routes)
    return PlanMeasures(
        cost_mfen=road + sum(problem.stop[one.stop_id].left_out_mfen for one in plan.unassigned),
        road_cost_mfen=road,
        distance_m=sum(route.distance_m for route in routes),
        driving_s=sum(route.driving_s for route in routes),
        duty_s=sum(route.duty_s for route in routes),
        vans=len(routes),
        stops=sum(route.stops for route in routes),
        unassigned=len(plan.unassigned),
        late_if_slower=sum(len(route.late_if_slower) for route in routes),
        routes=routes,
    )


def route_measures(problem: Problem, route: Route) -> RouteMeasures:
    """Of one van."""
    van = problem.van[route.van_id]
    kind = problem.van_type[van.type_id]
    places = [step.place for step in route.steps if step.place is not None]
    distance_m = sum(int(problem.matrix.distance_m[one, two]) for one, two in pairwise(places))
    driving_s = sum(int(problem.matrix.duration_s[one, two]) for one, two in pairwise(places))
    duty_s = route.end_s - route.start_s
    busy_s = sum(step.end_s - step.start_s for step in route.steps)
    unfamiliar = sum(not van.knows(stop_id) for stop_id in route.stops)
    return RouteMeasures(
        van_id=van.id,
        cost_mfen=kind.fixed_mfen + distance_m * kind.per_m_mfen + duty_s * kind.per_s_mfen + unfamiliar * problem.unfamiliar_mfen,
        distance_m=distance_m,
        driving_s=driving_s,
        duty_s=duty_s,
        waiting_s=duty_s - driving_s - busy_s,
        stops=len(route.stops),
        unfamiliar=unfamiliar,
        fullest=_fullest(problem, route.steps),
        capacity=kind.capacity,
        late_if_slower=_late_if_slower(problem, route.steps),
    )


def _fullest(problem: Problem, steps: Sequence[Step]) -> Load:
    aboard: dict[str, Load] = {}
    peaks = [NOTHING]
    for index, step in enumerate(steps):
        match step.kind:
            case StepKind.LOAD | StepKind.DEPART | StepKind.RELOAD:
                aboard = _loaded(problem, steps[index + 1 :])
            case StepKind.COLLECT:
                aboard[step.id] = problem.stop[step.id].load
            case StepKind.STOP:
                aboard.pop(step.id, None)
            case _:
                continue
        peaks.append(total(list(aboard.values())))
    return Load(*(max(amounts) for amounts in zip(*(peak.amounts for peak in peaks), strict=True)))


def _loaded(problem: Problem, steps: Sequence[Step]) -> dict[str, Load]:
    """What is taken aboard for the trip that ``steps`` begin with."""
    loads: dict[str, Load] = {}
    for step in steps:
        if step.kind is StepKind.RELOAD:
            break
        if step.kind is StepKind.STOP and problem.stop[step.id].collect_place is None:
            loads[step.id] = problem.stop[step.id].load
    return loads


def _late_if_slower(problem: Problem, steps: Sequence[Step]) -> tuple[str, ...]:
    """The same order, every way 20 % longer, nothing left out."""
    late: list[str] = []
    now_s, place = steps[0].end_s, steps[0].place
    for step in steps[1:]:
        if step.place is None:
            now_s = max(now_s, step.start_s) + step.end_s - step.start_s
            continue
        if place is not None:
            now_s += int(problem.matrix.duration_s[place, step.place]) * (100 + SLOWER_PERCENT) // 100
        place = step.place
        if step.kind is StepKind.STOP:
            stop = problem.stop[step.id]
            ahead = [window for window in stop.windows if window.to_s >= now_s]
            if ahead:
                now_s = max(now_s, ahead[0].from_s)
            else:
                late.append(stop.id)
        now_s += step.end_s - step.start_s
    return tuple(late)
