"""Where a stop could go into tours as they are: every place tried, by timetable and checker. What fails says why.

For the reasons why nobody comes, for the moves between two plans, and for the smallest change in the day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cloud.routing.checker import check_route
from cloud.routing.measures import route_measures
from cloud.routing.plan import Call, CallKind, Route, Tour
from cloud.routing.problem import Problem, Stop, Van
from cloud.routing.timetable import Misfit, timetable


@dataclass(frozen=True, slots=True)
class Insertion:
    """``tour`` with the stop in it, at what more it costs."""

    tour: Tour
    more_mfen: int


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a van from coming: a code of the checker or the timetable; ``id``: the measure, stop or depot it names."""

    van_id: str
    code: str
    id: str = ""


def route_of(problem: Problem, tour: Tour) -> Route | Obstacle:
    """The tour with its times, if nothing speaks against it."""
    route = timetable(problem, tour)
    if isinstance(route, Misfit):
        return Obstacle(tour.van_id, route.code, route.id)
    violations = check_route(problem, route)
    return Obstacle(tour.van_id, violations[0].code, violations[0].id) if violations else route


def best_insertion(problem: Problem, tours: Mapping[str, Tour], stop: Stop) -> Insertion | list[Obstacle]:
    """``tours`` by van. The cheapest, or what each van that may come is kept by."""
    best: Insertion | None = None
    obstacles: list[Obstacle] = []
    for van in problem.vans_for(stop):
        found = insertion_into(problem, tours.get(van.id, Tour(van.id, ())), stop)
        if isinstance(found, Obstacle):
            obstacles.append(found)
        elif best is None or found.more_mfen < best.more_mfen:
            best = found
    return obstacles if best is None else best


def insertion_into(problem: Problem, tour: Tour, stop: Stop) -> Insertion | Obstacle:
    """Into one van's tour, which may be empty."""
    van = problem.van[tour.van_id]
    before = tour_cost_mfen(problem, tour)
    best: Insertion | None = None
    obstacles: list[Obstacle] = []
    for calls in places_for(tour.calls, stop, van):
        route = route_of(problem, Tour(tour.van_id, calls))
        if isinstance(route, Obstacle):
            obstacles.append(route)
            continue
        more = route_measures(problem, route).cost_mfen - before
        if best is None or more < best.more_mfen:
            best = Insertion(Tour(tour.van_id, calls), more)
    return _binding(tour.van_id, obstacles) if best is None else best


def repaired(problem: Problem, tours: Sequence[Tour]) -> tuple[list[Tour], list[str]]:
    """Tours that hold, and the stops that had to be taken out of them, one at a time."""
    kept: list[Tour] = []
    out: list[str] = []
    for tour in tours:
        now = tour
        while now.stops:
            route = route_of(problem, now)
            if not isinstance(route, Obstacle):
                kept.append(now)
                break
            culprit = route.id if route.id in now.stops else _cheapest_to_leave(problem, now)
            out.append(culprit)
            now = without(now, culprit)
    return kept, out


def filled(problem: Problem, tours: Sequence[Tour]) -> list[Tour]:
    """Stops that are in no tour and are worth coming to put where they cost least: dearest to leave out first."""
    by_van = {tour.van_id: tour for tour in tours}
    served = {stop_id for tour in tours for stop_id in tour.stops}
    left = sorted((stop for stop in problem.stops if stop.id not in served), key=lambda stop: (-stop.left_out_mfen, stop.id))
    for stop in left:
        found = best_insertion(problem, by_van, stop)
        if isinstance(found, Insertion) and found.more_mfen < stop.left_out_mfen:
            by_van[found.tour.van_id] = found.tour
    return [by_van[van.id] for van in problem.vans if van.id in by_van]


def without(tour: Tour, stop_id: str) -> Tour:
    """The tour less one stop, less its collecting, less reloads that nothing follows or precedes any more."""
    kept: list[Call] = []
    for call in tour.calls:
        if call.id == stop_id and call.kind is not CallKind.RELOAD:
            continue
        if call.kind is CallKind.RELOAD and (not kept or kept[-1].kind is CallKind.RELOAD):
            continue
        kept.append(call)
    if kept and kept[-1].kind is CallKind.RELOAD:
        kept.pop()
    return Tour(tour.van_id, tuple(kept))


def places_for(calls: tuple[Call, ...], stop: Stop, van: Van) -> Iterator[tuple[Call, ...]]:
    """Every order with the stop in it; at the end of a tour also behind one more reload."""
    served = Call(CallKind.STOP, stop.id)
    for at in range(len(calls) + 1):
        if stop.collect_place is None:
            yield (*calls[:at], served, *calls[at:])
            continue
        collect = Call(CallKind.COLLECT, stop.id)
        for later in range(at, len(calls) + 1):
            yield (*calls[:at], collect, *calls[at:later], served, *calls[later:])
    reloads = sum(call.kind is CallKind.RELOAD for call in calls)
    if calls and reloads < van.max_reloads and stop.collect_place is None:
        for depot_id in van.reload_depots:
            yield (*calls, Call(CallKind.RELOAD, depot_id), served)


# Which obstacle tells most, where the places of one van fail for several: room is asked before time, time before comfort.
_TELLING = (
    "van_not_allowed", "unreachable", "no_way", "overloaded", "too_many_stops", "too_late", "depot_closed", "shift_over",
    "duty_over", "no_break",
)  # fmt: skip


def _binding(van_id: str, obstacles: Sequence[Obstacle]) -> Obstacle:
    """A load that fits nowhere binds only if it fits nowhere: where one place has room, what that place fails for tells more."""
    codes = [one.code for one in obstacles]
    if len(set(codes)) > 1 and "overloaded" in codes:
        others = [one for one in obstacles if one.code != "overloaded"]
        late = [one for one in others if one.code in ("too_late", "shift_over", "duty_over", "no_break")]
        # A timetable is asked before loads are: a place that is too late says nothing about room.
        obstacles = [one for one in obstacles if one.code == "overloaded"] if late and len(late) == len(others) else others
    order = {code: place for place, code in enumerate(_TELLING)}
    return min(obstacles, key=lambda one: order.get(one.code, len(order)), default=Obstacle(van_id, "no_van_may"))


def tour_cost_mfen(problem: Problem, tour: Tour) -> int:
    """Nothing where the van stays, or where the tour does not hold."""
    if not tour.calls:
        return 0
    route = timetable(problem, tour)
    return 0 if isinstance(route, Misfit) else route_measures(problem, route).cost_mfen


def _cheapest_to_leave(problem: Problem, tour: Tour) -> str:
    loose = [stop_id for stop_id in tour.stops if stop_id not in problem.van[tour.van_id].first_stops] or list(tour.stops)
    return min(reversed(loose), key=lambda stop_id: problem.stop[stop_id].left_out_mfen)
