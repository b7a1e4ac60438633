"""From an order of calls to times: as early as possible, breaks included, and then leaving no earlier than that takes.

Exact for one window a stop: what comes after a departure is max(a, departure + b), so the latest departure with the same end is
also the shortest duty. Leaves loads and locks to the checker and to engines.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cloud.routing.matrix import UNREACHABLE
from cloud.routing.plan import Call, CallKind, Route, Step, StepKind, Tour
from cloud.routing.problem import Break, Problem, Van, Window


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first call that cannot be in time. ``code``: unreachable, too_late, depot_closed, shift_over, duty_over or no_break."""

    code: str
    id: str


@dataclass(frozen=True, slots=True)
class _Place:
    """One thing to be done somewhere."""

    kind: StepKind
    id: str
    place: int
    windows: tuple[Window, ...]
    lasts_s: int


@dataclass(frozen=True, slots=True)
class _Node:
    """The earliest end of something, ``taken`` breaks into the day; ``steps`` lead here from ``before``."""

    end_s: int
    taken: int
    place: int
    steps: tuple[Step, ...]
    before: "_Node | None"


def timetable(problem: Problem, tour: Tour, *, is_earliest: bool = False) -> Route | Misfit:
    """The route of a tour that has calls. ``is_earliest``: it leaves as soon as it may, however long it then waits."""
    van = problem.van[tour.van_id]
    todo = [_place(problem, call) for call in tour.calls]
    opened = problem.depot[van.depot_id].opened if van.depot_id is not None else van.shift
    earliest_s = max(van.shift.from_s, opened.from_s)
    route = _leaving(problem, van, todo, earliest_s)
    if isinstance(route, Misfit) or is_earliest:
        return route
    late_s = min(opened.to_s, todo[0].windows[-1].to_s)
    early_s, best = earliest_s, route
    while early_s < late_s:  # the last departure that ends no later
        middle_s = (early_s + late_s + 1) // 2
        tried = _leaving(problem, van, todo, middle_s)
        if isinstance(tried, Misfit) or tried.end_s > route.end_s:
            late_s = middle_s - 1
        else:
            early_s, best = middle_s, tried
    if van.max_duty_s is not None and best.end_s - best.start_s > van.max_duty_s:
        return Misfit("duty_over", best.steps[-1].id)
    return best


def _place(problem: Problem, call: Call) -> _Place:
    match call.kind:
        case CallKind.STOP:
            stop = problem.stop[call.id]
            return _Place(StepKind.STOP, stop.id, stop.place, stop.windows, stop.service_s)
        case CallKind.COLLECT:
            stop = problem.stop[call.id]
            place = stop.place if stop.collect_place is None else stop.collect_place
            return _Place(StepKind.COLLECT, stop.id, place, (Window(0, stop.windows[-1].to_s),), stop.collect_s)
        case CallKind.RELOAD:
            depot = problem.depot[call.id]
            return _Place(StepKind.RELOAD, depot.id, depot.place, (depot.opened,), depot.loading_s)


def _leaving(problem: Problem, van: Van, todo: Sequence[_Place], leaves_s: int) -> Route | Misfit:
    """As early as possible after ``leaves_s``."""
    depot = problem.depot[van.depot_id] if van.depot_id is not None else None
    if depot is None:
        first = Step(StepKind.DEPART, "", van.start_place, leaves_s, leaves_s)
    else:
        if leaves_s > depot.opened.to_s:
            return Misfit("depot_closed", depot.id)
        first = Step(StepKind.LOAD, depot.id, van.start_place, leaves_s, leaves_s + depot.loading_s)
    over = sum(leaves_s >= one.earliest_s + one.duration_s for one in van.breaks)
    nodes = [_Node(first.end_s, taken, van.start_place, (first,), None) for taken in range(over + 1)]
    for doing in todo:
        found = _next(problem, van, nodes, doing)
        if isinstance(found, Misfit):
            return found
        nodes = found
    return _home(problem, van, nodes)


def _next(problem: Problem, van: Van, nodes: Sequence[_Node], doing: _Place) -> list[_Node] | Misfit:
    best: dict[int, _Node] = {}
    misfit = Misfit("unreachable", doing.id)
    for node in nodes:
        travel_s = int(problem.matrix.duration_s[node.place, doing.place])
        if travel_s == UNREACHABLE:
            continue
        for taken in range(node.taken, len(van.breaks) + 1):
            driven = _drive(node.end_s, travel_s, van.breaks[node.taken : taken])
            if driven is None:
                break
            ready_s, pauses = driven
            start_s = _opens(doing.windows, ready_s)
            if start_s is None:
                misfit = Misfit("depot_closed" if doing.kind is StepKind.RELOAD else "too_late", doing.id)
                break
            end_s = start_s + doing.lasts_s
            if taken not in best or end_s < best[taken].end_s:
                step = Step(doing.kind, doing.id, doing.place, start_s, end_s)
                best[taken] = _Node(end_s, taken, doing.place, (*pauses, step), node)
    return [best[taken] for taken in sorted(best)] or misfit


def _home(problem: Problem, van: Van, nodes: Sequence[_Node]) -> Route | Misfit:
    best: _Node | None = None
    misfit = Misfit("unreachable", "")
    for node in nodes:
        place = node.place if van.end_place is None else van.end_place
        travel_s = int(problem.matrix.duration_s[node.place, place])
        if travel_s == UNREACHABLE:
            continue
        for taken in range(node.taken, len(van.breaks) + 1):
            driven = _drive(node.end_s, travel_s, van.breaks[node.taken : taken])
            if driven is None:
                break
            end_s, pauses = driven
            if any(end_s > one.latest_s for one in van.breaks[taken:]):
                misfit = Misfit("no_break", "")
            elif end_s > van.shift.to_s:
                misfit = Misfit("shift_over", "")
                break
            elif best is None or end_s < best.end_s:
                kind = StepKind.END if van.end_place is None else StepKind.RETURN
                best = _Node(end_s, taken, place, (*pauses, Step(kind, "", place, end_s, end_s)), node)
    return misfit if best is None else Route(van.id, _steps(best))


def _steps(last: _Node) -> tuple[Step, ...]:
    parts: list[tuple[Step, ...]] = []
    node: _Node | None = last
    while node is not None:
        parts.append(node.steps)
        node = node.before
    return tuple(step for part in reversed(parts) for step in part)


def _drive(from_s: int, travel_s: int, pauses: Sequence[Break]) -> tuple[int, tuple[Step, ...]] | None:
    """When the van is there, with these breaks on the way or on arrival; None where one would begin too late."""
    ready_s, free_s = from_s + travel_s, from_s
    steps: list[Step] = []
    for one in pauses:
        start_s = max(free_s, one.earliest_s)
        if start_s > one.latest_s:
            return None
        free_s = start_s + one.duration_s
        ready_s = max(ready_s, start_s) + one.duration_s
        steps.append(Step(StepKind.BREAK, "", None, start_s, free_s))
    return ready_s, tuple(steps)


def _opens(windows: Sequence[Window], ready_s: int) -> int | None:
    """When the first window that is not over lets the van begin."""
    starts = [max(window.from_s, ready_s) for window in windows if window.to_s >= ready_s]
    return min(starts, default=None)
