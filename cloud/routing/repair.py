"""The smallest change after which tours hold again: what cannot stay is taken out, and put back where it disturbs fewest. Pure.

Bounded and deterministic, no search: nobody learns a new day by heart because one van stands. What counts, in this order: what is
left out, how many vans get another list, how many stops change van or order, what it costs.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from cloud.routing.insertion import Obstacle, places_for, route_of, without
from cloud.routing.matrix import UNREACHABLE
from cloud.routing.measures import route_measures
from cloud.routing.plan import Call, CallKind, Tour
from cloud.routing.problem import Problem, Stop, Van

# Of the places of a stop in one tour, cheapest driving first, so many are timed.
_PLACES_TRIED = 24
# Of the vans that help most by themselves, so many are tried in pairs.
_PAIRED = 4
_NO_WAY_S = 10**9


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """How much a repair disturbs; the least is the smallest."""

    left_out_mfen: int
    vans: int
    stops: int
    cost_mfen: int


@dataclass(frozen=True, slots=True)
class _Tried:
    change: Change
    tours: dict[str, Tour]


def repair(problem: Problem, before: Sequence[Tour]) -> list[Tour]:
    """Tours that hold, by the problem's vans; what fits nowhere is in none. ``before`` may name vans and stops that are gone."""
    standing = {van.id: Tour(van.id, ()) for van in problem.vans}
    for tour in before:
        if tour.van_id in standing:
            standing[tour.van_id] = _standing(problem, _present(problem, tour))
    served = {stop_id for tour in standing.values() for stop_id in tour.stops}
    pool = sorted((stop for stop in problem.stops if stop.id not in served), key=_urgency)
    best = min(_attempts(problem, before, standing, pool), key=lambda tried: tried.change)
    return [tour for tour in best.tours.values() if tour.stops]


def _urgency(stop: Stop) -> tuple[int, int, str]:
    """Dearest to leave out first, then who closes first."""
    return -stop.left_out_mfen, max(window.to_s for window in stop.windows), stop.id


def _present(problem: Problem, tour: Tour) -> Tour:
    for stop_id in tour.stops:
        if stop_id not in problem.stop:
            tour = without(tour, stop_id)
    calls = (call for call in tour.calls if call.kind is CallKind.RELOAD or call.id in problem.stop)
    return Tour(tour.van_id, tuple(calls))


def _standing(problem: Problem, tour: Tour) -> Tour:
    """Without the stops that keep it from holding, one at a time: the one after which it gets furthest."""
    while tour.stops and isinstance(route := route_of(problem, tour), Obstacle):
        heads = problem.van[tour.van_id].first_stops
        loose = [stop_id for stop_id in tour.stops if stop_id not in heads] or list(tour.stops)
        less = [(stop_id, without(tour, stop_id)) for stop_id in loose]
        out = max(less, key=lambda one: (_reach(problem, one[1]), -problem.stop[one[0]].left_out_mfen, one[0] == route.id, one[0]))
        tour = out[1]
    return tour


def _reach(problem: Problem, tour: Tour) -> float:
    """How many of its calls it comes to before something fails; infinity where nothing does."""
    if not tour.stops:
        return float("inf")
    route = route_of(problem, tour)
    if not isinstance(route, Obstacle):
        return float("inf")
    ids = [call.id for call in tour.calls]
    return ids.index(route.id) if route.id in ids else len(ids)


def _attempts(problem: Problem, before: Sequence[Tour], standing: Mapping[str, Tour], pool: Sequence[Stop]) -> Iterator[_Tried]:
    """What was taken out, put into tours of one van alone, of pairs of those that help most, of all."""
    everyone = [van.id for van in problem.vans]
    if pool and len(everyone) > 1:
        ones = sorted(
            ((_tried(problem, before, standing, pool, (one,)), one) for one in everyone), key=lambda it: (it[0].change, it[1])
        )
        yield ones[0][0]
        if not ones[0][0].change.left_out_mfen:
            return
        for pair in combinations([one for _, one in ones[:_PAIRED]], 2):
            yield _tried(problem, before, standing, pool, pair)
    yield _tried(problem, before, standing, pool, everyone)


def _tried(
    problem: Problem, before: Sequence[Tour], standing: Mapping[str, Tour], pool: Sequence[Stop], vans: Collection[str]
) -> _Tried:
    tours = dict(standing)
    left = 0
    for stop in pool:
        may = problem.vans_for(stop)
        mine = [van for van in may if van.id in vans] or may
        found = [tour for van in mine if (tour := _inserted(problem, tours[van.id], stop, van)) is not None]
        if not found:
            left += stop.left_out_mfen
            continue
        cheapest = min(found, key=lambda tour: _cost_mfen(problem, tour) - _cost_mfen(problem, tours[tour.van_id]))
        tours[cheapest.van_id] = cheapest
    disturbed, moved = changed(before, list(tours.values()))
    cost = sum(_cost_mfen(problem, tour) for tour in tours.values())
    return _Tried(Change(left, disturbed, moved, cost), tours)


def _inserted(problem: Problem, tour: Tour, stop: Stop, van: Van) -> Tour | None:
    """The first that holds of the places with the least more to drive."""
    orders = sorted(places_for(tour.calls, stop, van), key=lambda calls: _driving_s(problem, van, calls))
    for calls in orders[:_PLACES_TRIED]:
        made = Tour(tour.van_id, calls)
        if not isinstance(route_of(problem, made), Obstacle):
            return made
    return None


def _driving_s(problem: Problem, van: Van, calls: Sequence[Call]) -> int:
    places = [van.start_place, *(_place(problem, call) for call in calls)]
    if van.end_place is not None:
        places.append(van.end_place)
    ways = (int(problem.matrix.duration_s[one, two]) for one, two in pairwise(places))
    return sum(_NO_WAY_S if way == UNREACHABLE else way for way in ways)


def _place(problem: Problem, call: Call) -> int:
    if call.kind is CallKind.RELOAD:
        return problem.depot[call.id].place
    stop = problem.stop[call.id]
    return stop.collect_place if call.kind is CallKind.COLLECT and stop.collect_place is not None else stop.place


def _cost_mfen(problem: Problem, tour: Tour) -> int:
    route = route_of(problem, tour) if tour.stops else None
    return 0 if route is None or isinstance(route, Obstacle) else route_measures(problem, route).cost_mfen


def changed(before: Sequence[Tour], after: Sequence[Tour]) -> tuple[int, int]:
    """How many vans have another list than what is left of theirs, and how many stops came to another van or another turn."""
    old = {tour.van_id: tour.stops for tour in before}
    new = {tour.van_id: tour.stops for tour in after}
    vans = sum(old.get(van_id, ()) != new.get(van_id, ()) for van_id in {*old, *new})
    old_van = {stop_id: van_id for van_id, stops in old.items() for stop_id in stops}
    new_van = {stop_id: van_id for van_id, stops in new.items() for stop_id in stops}
    elsewhere = sum(old_van.get(stop_id) != new_van.get(stop_id) for stop_id in {*old_van, *new_van})
    moved = sum(len(turned(old.get(van_id, ()), stops)) for van_id, stops in new.items())
    return vans, elsewhere + moved


def turned(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """The fewest stops whose turn changed, of those that both have: all but a longest run in the same order."""
    place = {stop_id: number for number, stop_id in enumerate(before)}
    common = [stop_id for stop_id in after if stop_id in place]
    tails: list[int] = []
    ends: list[int] = []
    came_from: list[int] = []
    for number, stop_id in enumerate(common):
        at = bisect_left(tails, place[stop_id])
        came_from.append(ends[at - 1] if at else -1)
        if at == len(tails):
            tails.append(place[stop_id])
            ends.append(number)
        else:
            tails[at], ends[at] = place[stop_id], number
    kept: set[int] = set()
    number = ends[-1] if ends else -1
    while number >= 0:
        kept.add(number)
        number = came_from[number]
    return [stop_id for number, stop_id in enumerate(common) if number not in kept]
