"""Says everything that is wrong with a plan, from the plan's own steps and times. Believes no engine, and shares no code with one.

Nobody sees a plan before it came through here without a word.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cloud.routing.faults import Param
from cloud.routing.loads import total
from cloud.routing.matrix import UNREACHABLE
from cloud.routing.plan import Plan, Route, Step, StepKind
from cloud.routing.problem import Problem, Van


@dataclass(frozen=True, slots=True)
class Violation:
    """``code`` says which rule; ``id``: the stop, depot or measure it is about."""

    code: str
    van_id: str
    id: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)


def check(problem: Problem, plan: Plan) -> list[Violation]:
    """Nothing where the plan holds."""
    found = [*_once_each(problem, plan)]
    if plan.is_estimate != problem.matrix.is_estimate:
        found.append(Violation("estimate_not_said", ""))
    for route in plan.routes:
        van = problem.van.get(route.van_id)
        if van is None:
            found.append(Violation("unknown_van", route.van_id))
        elif unknown := [step for step in route.steps if not _is_known(problem, step)]:
            found += [Violation("unknown_step", van.id, step.id) for step in unknown]
        else:
            found += check_route(problem, route)
    return found


def check_route(problem: Problem, route: Route) -> list[Violation]:
    """Of one van whose steps name what there is."""
    van = problem.van[route.van_id]
    return [violation for rule in _RULES for violation in rule(problem, van, route)]


def _once_each(problem: Problem, plan: Plan) -> Iterator[Violation]:
    served = Counter(stop_id for route in plan.routes for stop_id in route.stops)
    served.update(one.stop_id for one in plan.unassigned)
    for stop_id in sorted({*served, *problem.stop}):
        if stop_id not in problem.stop:
            yield Violation("unknown_stop", "", stop_id)
        elif served[stop_id] != 1:
            yield Violation("stop_forgotten" if served[stop_id] == 0 else "stop_twice", "", stop_id)
    for one in plan.unassigned:
        if not one.reason.code:
            yield Violation("no_reason", "", one.stop_id)
    for van_id, count in Counter(route.van_id for route in plan.routes).items():
        if count > 1:
            yield Violation("van_twice", van_id)


def _is_known(problem: Problem, step: Step) -> bool:
    match step.kind:
        case StepKind.STOP | StepKind.COLLECT:
            return step.id in problem.stop
        case StepKind.LOAD | StepKind.RELOAD:
            return step.id in problem.depot
        case _:
            return True


def _ends(_problem: Problem, van: Van, route: Route) -> Iterator[Violation]:
    """A route begins where the van is or loads, and ends where it is to end."""
    first, last = route.steps[0], route.steps[-1]
    begins = (StepKind.DEPART, "") if van.depot_id is None else (StepKind.LOAD, van.depot_id)
    if (first.kind, first.id) != begins or first.place != van.start_place:
        yield Violation("wrong_start", van.id, first.id)
    is_end = last.kind is StepKind.END if van.end_place is None else (last.kind, last.place) == (StepKind.RETURN, van.end_place)
    if not is_end:
        yield Violation("wrong_end", van.id, last.id)
    for step in route.steps[1:-1]:
        if step.kind in (StepKind.DEPART, StepKind.LOAD, StepKind.RETURN, StepKind.END):
            yield Violation("ends_in_the_middle", van.id, step.id)


def _driving(problem: Problem, van: Van, route: Route) -> Iterator[Violation]:
    """Between two things done in places lies the time it takes to drive, breaks not counted."""
    for before, after in pairwise(route.steps):
        if after.start_s < before.end_s or after.end_s < after.start_s:
            yield Violation("times_overlap", van.id, after.id, {"before_s": before.end_s, "after_s": after.start_s})
    placed: list[tuple[int, Step]] = []
    rested_s = 0
    for step in route.steps:
        if step.place is None:
            rested_s += step.end_s - step.start_s
        else:
            placed.append((rested_s, step))
    for (rested_before_s, before), (rested_after_s, after) in pairwise(placed):
        assert before.place is not None and after.place is not None  # noqa: S101, PT018  # only these were taken above
        needed_s = int(problem.matrix.duration_s[before.place, after.place])
        there_s = after.start_s - before.end_s - (rested_after_s - rested_before_s)
        if needed_s == UNREACHABLE or problem.matrix.distance_m[before.place, after.place] == UNREACHABLE:
            yield Violation("no_way", van.id, after.id)
        elif there_s < needed_s:
            yield Violation("too_fast", van.id, after.id, {"needed_s": needed_s, "there_s": there_s})


def _serving(problem: Problem, van: Van, route: Route) -> Iterator[Violation]:
    """In the right place, in a window, long enough, and by a van that may."""
    for step in route.steps:
        if step.kind is not StepKind.STOP:
            continue
        stop = problem.stop[step.id]
        if step.place != stop.place:
            yield Violation("wrong_place", van.id, stop.id)
        if not any(window.from_s <= step.start_s <= window.to_s for window in stop.windows):
            yield Violation("outside_window", van.id, stop.id, {"start_s": step.start_s})
        if step.end_s - step.start_s < stop.service_s:
            yield Violation("too_short", van.id, stop.id, {"needed_s": stop.service_s, "there_s": step.end_s - step.start_s})
        if stop.allowed_vans is not None and van.id not in stop.allowed_vans:
            yield Violation("van_not_allowed", van.id, stop.id)


def _loading(problem: Problem, van: Van, route: Route) -> Iterator[Violation]:
    """Loading and reloading: at an open depot of the van's, long enough, not too often."""
    reloads = [step for step in route.steps if step.kind is StepKind.RELOAD]
    if len(reloads) > van.max_reloads:
        yield Violation("too_many_reloads", van.id, "", {"count": len(reloads), "most": van.max_reloads})
    for step in reloads:
        if step.id not in van.reload_depots:
            yield Violation("reload_not_allowed", van.id, step.id)
        if step.place != problem.depot[step.id].place:
            yield Violation("wrong_place", van.id, step.id)
    for step in (one for one in route.steps if one.kind in (StepKind.LOAD, StepKind.RELOAD)):
        depot = problem.depot[step.id]
        if not depot.opened.from_s <= step.start_s <= depot.opened.to_s:
            yield Violation("depot_closed", van.id, depot.id, {"start_s": step.start_s})
        if step.end_s - step.start_s < depot.loading_s:
            yield Violation("too_short", van.id, depot.id)


def _collecting(problem: Problem, van: Van, route: Route) -> Iterator[Violation]:
    """What lies elsewhere is fetched before it is delivered, by the same van."""
    fetched: set[str] = set()
    for step in route.steps:
        if step.kind is StepKind.COLLECT:
            stop = problem.stop[step.id]
            if step.place != stop.collect_place or step.end_s - step.start_s < stop.collect_s or stop.id in fetched:
                yield Violation("wrong_collect", van.id, stop.id)
            fetched.add(stop.id)
        elif step.kind is StepKind.STOP and problem.stop[step.id].collect_place is not None and step.id not in fetched:
            yield Violation("not_collected", van.id, step.id)
    for stop_id in sorted(fetched - set(route.stops)):
        yield Violation("collected_for_nothing", van.id, stop_id)


def _loads(problem: Problem, van: Van, route: Route) -> Iterator[Violation]:
    """What is on board never exceeds what the van takes, zone by zone: at each departure, and after each collecting."""
    capacity = problem.van_type[van.type_id].capacity
    for trip in _trips(route.steps):
        brought = [problem.stop[step.id] for step in trip if step.kind is StepKind.STOP]
        aboard = {stop.id: stop.load for stop in brought if stop.collect_place is None}
        for step in trip:
            if step.kind is StepKind.COLLECT:
                aboard[step.id] = problem.stop[step.id].load
            for measure, amount in total(list(aboard.values())).over(capacity).items():
                yield Violation("overloaded", van.id, measure, {"by": amount})
            if step.kind is StepKind.STOP:
                aboard.pop(step.id, None)
        if aboard:
            yield Violation("left_aboard", van.id, ",".join(sorted(aboard)))


def _trips(steps: Sequence[Step]) -> list[list[Step]]:
    """A trip begins at each loading."""
    trips: list[list[Step]] = [[]]
    for step in steps:
        if step.kind is StepKind.RELOAD:
            trips.append([])
        trips[-1].append(step)
    return trips


def _shift(_problem: Problem, van: Van, route: Route) -> Iterator[Violation]:
    """Within the shift, no longer than a driver may work, no more stops than he may make, his fixed ones first."""
    if route.start_s < van.shift.from_s or route.end_s > van.shift.to_s:
        yield Violation("outside_shift", van.id, "", {"start_s": route.start_s, "end_s": route.end_s})
    if van.max_duty_s is not None and route.end_s - route.start_s > van.max_duty_s:
        yield Violation("duty_too_long", van.id, "", {"duty_s": route.end_s - route.start_s})
    if van.max_stops is not None and len(route.stops) > van.max_stops:
        yield Violation("too_many_stops", van.id, "", {"count": len(route.stops)})
    if route.stops[: len(van.first_stops)] != van.first_stops:
        yield Violation("not_first", van.id, ",".join(van.first_stops))


def _breaks(_problem: Problem, van: Van, route: Route) -> Iterator[Violation]:
    """Every break that falls into the duty is taken in its window, in order."""
    taken = [step for step in route.steps if step.kind is StepKind.BREAK]
    for one in van.breaks:
        is_due = route.end_s > one.latest_s and route.start_s < one.earliest_s + one.duration_s
        match = next(
            (
                step
                for step in taken
                if one.earliest_s <= step.start_s <= one.latest_s and step.end_s - step.start_s >= one.duration_s
            ),
            None,
        )
        if match is not None:
            taken.remove(match)
        elif is_due:
            yield Violation("no_break", van.id, "", {"latest_s": one.latest_s})


_RULES = (_ends, _driving, _serving, _loading, _collecting, _loads, _shift, _breaks)
