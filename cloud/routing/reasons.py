"""Why nobody comes to a stop: what keeps each van that may, found by trying to put it into its tour, and which of it binds."""

from collections import Counter
from collections.abc import Mapping, Sequence

from cloud.routing.insertion import Insertion, Obstacle, best_insertion
from cloud.routing.plan import Reason, Tour
from cloud.routing.problem import Problem, Stop

# What keeps a van → how it is told; in the order in which it is told where vans are kept by different things.
_CODES: Mapping[str, str] = {
    "overloaded": "vans_full",
    "too_late": "too_late",
    "shift_over": "shift_over",
    "duty_over": "duty_over",
    "no_break": "no_break",
    "depot_closed": "depot_closed",
    "too_many_stops": "too_many_stops",
    "unreachable": "unreachable",
    "no_way": "unreachable",
}


def why_unassigned(problem: Problem, tours: Sequence[Tour], stop: Stop) -> Reason:
    """The binding reason, with how many vans it keeps, and the van that comes nearest to it."""
    found = best_insertion(problem, {tour.van_id: tour for tour in tours}, stop)
    if isinstance(found, Insertion):
        return Reason("not_worth_it", {"cost_fen": found.more_mfen // 1000, "prize_fen": stop.left_out_mfen // 1000})
    return binding(found)


def binding(obstacles: Sequence[Obstacle]) -> Reason:
    """Of what keeps each van, what keeps most; a van that has room and no time tells more than full ones."""
    told = Counter(_CODES.get(one.code, "no_van_may") for one in obstacles)
    timely = [code for code in ("too_late", "shift_over", "duty_over", "no_break") if told[code]]
    code = max(timely, key=lambda one: told[one]) if timely else max(told, key=lambda one: told[one], default="no_van_may")
    mine = [one for one in obstacles if _CODES.get(one.code, "no_van_may") == code]
    if code == "vans_full":
        measure = Counter(one.id for one in mine).most_common(1)[0][0]
        return Reason(code, {"measure": measure, "vans": len(mine), "of": len(obstacles)})
    if not mine:
        return Reason(code)
    return Reason(code, {"vans": len(mine), "of": len(obstacles), "full": told["vans_full"], "van": mine[0].van_id})
