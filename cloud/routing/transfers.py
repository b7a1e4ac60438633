"""Which stops another van comes to, after a plan than before, and what keeps the van that had them from having them still. Pure.

Looked for in the plan after: the stop is tried in the tour that its van has now. Of two plans as they are kept, of a whole day;
what happens during a day, and is to change as little as it can, has its own words in `moves`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cloud.routing.answer import PlanSaid
from cloud.routing.faults import Param
from cloud.routing.insertion import Obstacle, insertion_into, tour_cost_mfen, without
from cloud.routing.plan import Tour
from cloud.routing.problem import Problem
from cloud.routing.wording import Said, moved_said

# Each is a try of every place of a tour; of more than these a page says that they moved, and not why.
MOST_REASONS = 60
_MFEN_PER_YUAN = 100_000
_LEAST_MFEN = 1_000  # a fen


@dataclass(frozen=True, slots=True)
class Transfer:
    """``before``, ``after``: the van, "" where none comes. ``said`` None: it was one too many to look for its reason."""

    site: str
    name: str
    before: str
    after: str
    said: Said | None


@dataclass(frozen=True, slots=True)
class _Why:
    code: str
    params: Mapping[str, Param] = field(default_factory=dict)


def transfers(before: PlanSaid, after: PlanSaid, problem: Problem, tours: Sequence[Tour]) -> tuple[Transfer, ...]:
    """By site. ``problem``, ``tours``: of the plan after."""
    vans_before, vans_after = _vans(before), _vans(after)
    names = {stop.site: stop.name for plan in (before, after) for route in plan.routes for stop in route.stops}
    sites = [site for site in sorted(names) if vans_before.get(site, "") != vans_after.get(site, "")]
    left = {one.site: Said(one.reason_en, one.reason_zh) for one in after.unassigned}
    of_van = {tour.van_id: tour for tour in tours}
    found = []
    for number, site in enumerate(sites):
        was, now = vans_before.get(site, ""), vans_after.get(site, "")
        said = None
        if number < MOST_REASONS and (now or site in left):
            why = _why(problem, of_van, site, was, now) if now else _Why("")
            said = moved_said(names[site], was, now, why.code, why.params, left.get(site))
        found.append(Transfer(site, names[site], was, now, said))
    return tuple(found)


def _vans(plan: PlanSaid) -> dict[str, str]:
    return {stop.site: route.van for route in plan.routes for stop in route.stops}


def _why(problem: Problem, tours: Mapping[str, Tour], site: str, was: str, now: str) -> _Why:
    if not was:
        return _Why("none_before")
    if was not in problem.van:
        return _Why("gone")
    stop, here = problem.stop[site], tours[now]
    found = insertion_into(problem, tours.get(was, Tour(was, ())), stop)
    if isinstance(found, Obstacle):
        return _Why(f"overloaded.{found.id}" if found.code == "overloaded" else found.code)
    more_mfen = found.more_mfen - (tour_cost_mfen(problem, here) - tour_cost_mfen(problem, without(here, site)))
    if abs(more_mfen) < _LEAST_MFEN:
        return _Why("same")
    return _Why("dearer" if more_mfen > 0 else "cheaper", {"yuan": f"{abs(more_mfen) / _MFEN_PER_YUAN:.2f}"})
