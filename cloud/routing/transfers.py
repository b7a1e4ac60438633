"""Which stops another van comes to, after a plan than before, and what keeps the van that had them from having them still. Pure.

Of two plans as they are kept, of a whole day; what happens during a day, and is to change as little as it can, is told by `moves`.
The words are `move_words`'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloud.routing.answer import PlanSaid
from cloud.routing.move_words import kind_of, move_said, why_moved, why_said
from cloud.routing.plan import Tour
from cloud.routing.problem import Problem
from cloud.routing.wording import Said

# Each is a try of every place of a tour; of more than these a page says that they moved, and not why.
MOST_REASONS = 60


@dataclass(frozen=True, slots=True)
class Transfer:
    """``before``, ``after``: the van, "" where none comes. ``said`` None: it was one too many to look for its reason."""

    site: str
    name: str
    before: str
    after: str
    said: Said | None


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
            why = _why(problem, of_van, site, was, now) if now else left[site]
            said = move_said(kind_of(was, now), names[site], was, now, why)
        found.append(Transfer(site, names[site], was, now, said))
    return tuple(found)


def _why(problem: Problem, tours: Mapping[str, Tour], site: str, was: str, now: str) -> Said:
    return why_said(why_moved(problem, tours, site, was, now, gone="van_stays"), was)


def _vans(plan: PlanSaid) -> dict[str, str]:
    return {stop.site: route.van for route in plan.routes for stop in route.stops}
