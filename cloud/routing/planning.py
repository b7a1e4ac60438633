"""From a problem to a plan that the checker has nothing against: sift, choose, solve, repair, time, check, give reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cloud.routing.checker import Violation, check
from cloud.routing.engine import Effort, Engine, Watch
from cloud.routing.faults import ProblemFault
from cloud.routing.insertion import Obstacle, filled, repaired, route_of
from cloud.routing.measures import measures
from cloud.routing.ortools_engine import OrtoolsEngine
from cloud.routing.plan import Plan, Route, Tour, Unassigned
from cloud.routing.problem import Problem
from cloud.routing.pyvrp_engine import PyvrpEngine
from cloud.routing.reasons import why_unassigned
from cloud.routing.sifting import reason_of, sift

# The first that does not refuse a problem gets it.
ENGINES: tuple[Engine, ...] = (PyvrpEngine(), OrtoolsEngine())
# How much of the time goes to a problem without what PyVRP cannot say, for the other engine to begin with.
_RELAXED_SHARE = 0.4


class UncheckedPlanError(RuntimeError):
    """Our own fault: a plan that the checker does not let through. It is told, and never shown."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{one.code} {one.van_id} {one.id}".strip() for one in violations))
        self.violations = tuple(violations)


@dataclass(frozen=True, slots=True)
class Solved:
    """``faults``: of stops that no plan could serve; they are unassigned in the plan, with the same reason."""

    plan: Plan
    faults: tuple[ProblemFault, ...]


def solve(
    problem: Problem, effort: Effort, start: Plan | None = None, watch: Watch | None = None, engine: Engine | None = None
) -> Solved:
    """``engine`` None: the first that fits. Blocks until done, or until the watch says stop. UncheckedPlanError."""
    watching = Watch() if watch is None else watch
    sifted, faults = sift(problem)
    tours = start.tours if start is not None else ()
    chosen = engine or choose(sifted)
    found = _solve(chosen, sifted, effort, _still_there(sifted, tours), watching)
    plan = plan_of(sifted, found, chosen.name, effort.seed)
    solved = checked(problem, sifted, plan, faults)
    watching.report(measures(sifted, plan).cost_mfen, is_last=True)
    return solved


def checked(problem: Problem, sifted: Problem, plan: Plan, faults: Mapping[str, ProblemFault]) -> Solved:
    """The plan of what was sifted, with what was sifted out. UncheckedPlanError."""
    left_out = [Unassigned(stop_id, reason_of(fault)) for stop_id, fault in faults.items()]
    whole = replace(plan, unassigned=(*plan.unassigned, *left_out))
    if violations := check(replace(problem, vans=sifted.vans), whole):
        raise UncheckedPlanError(violations)
    return Solved(whole, tuple(faults.values()))


def choose(problem: Problem) -> Engine:
    """The first engine that can hold all of the problem."""
    return next(engine for engine in ENGINES if not engine.refuses(problem))


def plan_of(problem: Problem, tours: Sequence[Tour], engine: str, seed: int) -> Plan:
    """Tours made to hold, filled up, timed; what is left out gets its reason."""
    kept, _ = repaired(problem, tours)
    whole = filled(problem, kept)
    routes: list[Route] = []
    for tour in whole:
        route = route_of(problem, tour)
        if isinstance(route, Obstacle):
            raise UncheckedPlanError([Violation(route.code, route.van_id, route.id)])
        routes.append(route)
    served = {stop_id for tour in whole for stop_id in tour.stops}
    unassigned = tuple(Unassigned(stop.id, why_unassigned(problem, whole, stop)) for stop in problem.stops if stop.id not in served)
    return Plan(tuple(routes), unassigned, problem.matrix.is_estimate, engine, seed)


def _solve(engine: Engine, problem: Problem, effort: Effort, start: Sequence[Tour], watch: Watch) -> list[Tour]:
    if start or engine.name == ENGINES[0].name or effort.iterations is not None:
        return engine.solve(problem, effort, start, watch)
    relaxed = _relaxed(problem)
    if ENGINES[0].refuses(relaxed):
        return engine.solve(problem, effort, start, watch)
    first = ENGINES[0].solve(relaxed, replace(effort, seconds=effort.seconds * _RELAXED_SHARE), (), Watch(None, watch.is_stopped))
    kept, _ = repaired(problem, first)
    begun = filled(problem, kept)
    if watch.is_stopped():
        return begun
    left = replace(effort, seconds=effort.seconds * (1 - _RELAXED_SHARE))
    found = engine.solve(problem, left, begun, watch)
    return min(found, begun, key=lambda tours: _cost_mfen(problem, tours)) if found else begun


def _relaxed(problem: Problem) -> Problem:
    """Without breaks (the shift ends as much earlier), without fixed heads (their vans stay), with all goods at the depots."""
    vans = tuple(
        replace(
            van, breaks=(), first_stops=(),
            shift=replace(van.shift, to_s=max(van.shift.from_s, van.shift.to_s - sum(one.duration_s for one in van.breaks))),
        )
        for van in problem.vans
    )  # fmt: skip
    head_of = {stop_id: van.id for van in problem.vans for stop_id in van.first_stops}
    stops = tuple(
        replace(stop, collect_place=None, allowed_vans=frozenset({head_of[stop.id]}) if stop.id in head_of else stop.allowed_vans)
        for stop in problem.stops
    )
    return replace(problem, vans=vans, stops=stops)


def _cost_mfen(problem: Problem, tours: Sequence[Tour]) -> int:
    kept, _ = repaired(problem, tours)
    routes = [route for tour in kept if not isinstance(route := route_of(problem, tour), Obstacle)]
    served = {stop_id for route in routes for stop_id in route.stops}
    road = measures(problem, Plan(tuple(routes), (), is_estimate=problem.matrix.is_estimate)).cost_mfen
    return road + sum(stop.left_out_mfen for stop in problem.stops if stop.id not in served)


def _still_there(problem: Problem, tours: Sequence[Tour]) -> tuple[Tour, ...]:
    """Of an older plan, what vans and stops there still are."""
    kept = []
    for tour in tours:
        if tour.van_id not in problem.van:
            continue
        calls = tuple(call for call in tour.calls if call.id in problem.stop or call.id in problem.depot)
        if any(call.id in problem.stop for call in calls):
            kept.append(Tour(tour.van_id, calls))
    return tuple(repaired(problem, kept)[0])
