"""A plan that somebody makes by hand: tours as they want them, timed and checked without any search. Pure.

What does not hold is told with all that is wrong with it; the words are `refusals`'.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from cloud.routing.answer import PlanSaid, answer
from cloud.routing.checker import Violation, check_route
from cloud.routing.day import Day, problem_of
from cloud.routing.faults import ProblemError, ProblemFault
from cloud.routing.insertion import Obstacle, route_of
from cloud.routing.matrix import Matrix
from cloud.routing.plan import Call, CallKind, Plan, Reason, Route, Tour, Unassigned
from cloud.routing.planning import UncheckedPlanError, checked
from cloud.routing.problem import Problem, Window
from cloud.routing.reasons import why_unassigned
from cloud.routing.sifting import sift
from cloud.routing.timetable import Misfit, timetable

ENGINE = "hand"
# Later than any tour ends: a tour that does not fit is timed as if nobody minded, to say by how much it does not.
_NEVER_S = 4 * 24 * 3600
# Each costs a try of every place of every van; who leaves out more than this knows why.
_MOST_REASONS = 30


class TourWanted(msgspec.Struct, frozen=True):
    """``trips``: sites in order; between two of them the van loads again."""

    van: str
    trips: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Handmade:
    """``said`` None: it does not hold, and ``violations`` says why. ``tours``: what was timed."""

    problem: Problem
    tours: tuple[Tour, ...]
    said: PlanSaid | None
    violations: tuple[Violation, ...]


def by_hand(day: Day, matrix: Matrix, wanted: Sequence[TourWanted]) -> Handmade:
    """ProblemError where it names what there is not, or names it twice."""
    whole = problem_of(day, matrix)
    problem, faults = sift(whole)
    tours = _tours(day, problem, faults | day.misplaced(), wanted)
    routes: list[Route] = []
    wrong: list[Violation] = []
    for tour in tours:
        route = route_of(problem, tour)
        if isinstance(route, Obstacle):
            wrong += _all_wrong(problem, tour, route)
        else:
            routes.append(route)
    if wrong:
        return Handmade(problem, tours, None, tuple(wrong))
    plan = Plan(tuple(routes), tuple(_left(problem, tours)), matrix.is_estimate, ENGINE)
    return Handmade(problem, tours, answer(day, problem, checked(whole, problem, plan, faults)), ())


def tours_of(said: PlanSaid) -> tuple[TourWanted, ...]:
    """As a plan has them."""
    return tuple(
        TourWanted(
            route.van,
            tuple(
                tuple(stop.site for stop in route.stops if stop.trip == trip)
                for trip in range(1, max((stop.trip for stop in route.stops), default=0) + 1)
            ),
        )
        for route in said.routes
    )


def calls_of(depot_id: str, trips: Sequence[Sequence[str]]) -> tuple[Call, ...]:
    """With a loading between two trips; empty ones are none."""
    calls: list[Call] = []
    for trip in trips:
        if trip and calls:
            calls.append(Call(CallKind.RELOAD, depot_id))
        calls += [Call(CallKind.STOP, site) for site in trip]
    return tuple(calls)


def _tours(day: Day, problem: Problem, faults: dict[str, ProblemFault], wanted: Sequence[TourWanted]) -> tuple[Tour, ...]:
    """In the order of the day's vans, without those that stay."""
    calls: dict[str, tuple[Call, ...]] = {}
    seen: set[str] = set()
    wrong: list[ProblemFault] = []
    for tour in wanted:
        where = f"tours[{tour.van}]"
        if tour.van not in problem.van:
            wrong.append(ProblemFault(f"{where}.van", "unknown_id", {"id": tour.van}))
        if tour.van in calls:
            wrong.append(ProblemFault(f"{where}.van", "twice_on_tours", {"id": tour.van}))
        calls[tour.van] = calls_of(day.depot.site, tour.trips)
        for site in (site for trip in tour.trips for site in trip):
            if site in seen:
                wrong.append(ProblemFault(f"{where}.trips", "twice_on_tours", {"id": site}))
            elif site in faults:
                wrong.append(faults[site])
            elif site not in problem.stop:
                wrong.append(ProblemFault(f"{where}.trips", "unknown_id", {"id": site}))
            seen.add(site)
    if wrong:
        raise ProblemError(wrong)
    return tuple(Tour(van.id, calls[van.id]) for van in problem.vans if calls.get(van.id))


def _all_wrong(problem: Problem, tour: Tour, first: Obstacle) -> list[Violation]:
    """Everything that speaks against a tour, by how much: it is timed as if nobody minded, and then somebody does."""
    patient = replace(
        problem,
        vans=tuple(replace(van, shift=Window(van.shift.from_s, _NEVER_S), max_duty_s=None) for van in problem.vans),
        stops=tuple(replace(stop, windows=(Window(stop.windows[0].from_s, _NEVER_S),)) for stop in problem.stops),
        depots=tuple(replace(depot, opened=Window(depot.opened.from_s, _NEVER_S)) for depot in problem.depots),
    )
    route = timetable(patient, tour, is_earliest=True)
    if isinstance(route, Misfit):
        return [Violation(route.code, tour.van_id, route.id)]
    worst: dict[tuple[str, str], Violation] = {}
    for one in check_route(problem, route):
        key = (one.code, one.id)
        if key not in worst or int(one.params.get("by", 0)) > int(worst[key].params.get("by", 0)):
            worst[key] = one
    if not worst:
        raise UncheckedPlanError([Violation(first.code, tour.van_id, first.id)])
    return [*worst.values()]


def _left(problem: Problem, tours: Sequence[Tour]) -> list[Unassigned]:
    served = {stop_id for tour in tours for stop_id in tour.stops}
    left = [stop for stop in problem.stops if stop.id not in served]
    return [
        Unassigned(stop.id, _reason(why_unassigned(problem, tours, stop)) if number < _MOST_REASONS else Reason("left_out"))
        for number, stop in enumerate(left)
    ]


def _reason(found: Reason) -> Reason:
    """There is a place for it, and nobody put it there."""
    return Reason("left_out") if found.code == "not_worth_it" else found
