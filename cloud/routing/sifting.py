"""Stops that no plan can serve, taken out before engines look: each with what is wrong with it. The others are planned.

A stop is judged by itself, as if a van had nothing else to do; what does not fit together is the engines' to find out.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from cloud.routing.faults import ProblemFault
from cloud.routing.loads import Load, Measure
from cloud.routing.matrix import UNREACHABLE
from cloud.routing.plan import Reason, Unassigned
from cloud.routing.problem import Problem, Stop, Van


def sift(problem: Problem) -> tuple[Problem, dict[str, ProblemFault]]:
    """The problem without stops that cannot be served, and the fault of each of those by its id."""
    faults = {stop.id: fault for stop in problem.stops if (fault := stop_fault(problem, stop)) is not None}
    left = [stop for stop in problem.stops if stop.id not in faults]
    faults |= _holes(problem, left)
    if not faults:
        return problem, {}
    return problem.with_stops(stop for stop in problem.stops if stop.id not in faults), faults


def reason_of(fault: ProblemFault) -> Reason:
    """The same, as the reason for which nobody comes."""
    return Reason(fault.code, fault.params)


def unassigned_of(faults: dict[str, ProblemFault]) -> list[Unassigned]:
    """What was sifted out, as a plan says it."""
    return [Unassigned(stop_id, reason_of(fault)) for stop_id, fault in faults.items()]


def stop_fault(problem: Problem, stop: Stop) -> ProblemFault | None:
    """Why this stop cannot be served by itself."""
    where = f"stops[{stop.id}]"
    vans = problem.vans_for(stop)
    if not vans:
        return ProblemFault(f"{where}.allowed_vans", "no_van_may")
    too_small = [stop.load.over(problem.capacity(van)) for van in vans]
    if all(too_small):
        return _too_large(where, stop.load, [problem.capacity(van) for van in vans])
    vans = [van for van, over in zip(vans, too_small, strict=True) if not over]
    arrivals = [(van, at_s) for van in vans if (at_s := _arrival_s(problem, van, stop)) is not None]
    if not arrivals or all(_back_s(problem, van, stop, at_s) is None for van, at_s in arrivals):
        return ProblemFault(f"{where}.place", "unreachable")
    in_time = [(van, at_s) for van, at_s in arrivals if at_s <= max(window.to_s for window in stop.windows)]
    if not in_time:
        return ProblemFault(f"{where}.windows", "windows_cannot_be_met", {"earliest_s": min(at_s for _, at_s in arrivals)})
    if not any(_is_back(problem, van, stop, at_s) for van, at_s in in_time):
        return ProblemFault(f"{where}.windows", "shift_too_short")
    return None


def _too_large(where: str, load: Load, capacities: Sequence[Load]) -> ProblemFault:
    """Names the first measure that not even the roomiest van has; else the one that most vans lack."""
    for index, measure in enumerate(Measure):
        room = max(capacity.amounts[index] for capacity in capacities)
        if load.amounts[index] > room:
            return ProblemFault(
                f"{where}.load", "larger_than_any_van", {"amount": load.amounts[index], "measure": measure.value, "room": room}
            )
    index = max(range(len(Measure)), key=lambda index: sum(load.amounts[index] > one.amounts[index] for one in capacities))
    room = min(one.amounts[index] for one in capacities)
    params = {"amount": load.amounts[index], "measure": list(Measure)[index].value, "room": room}
    return ProblemFault(f"{where}.load", "larger_than_any_van", params)


def _drive_s(problem: Problem, one: int, two: int) -> int | None:
    if problem.matrix.distance_m[one, two] == UNREACHABLE:
        return None
    travel_s = int(problem.matrix.duration_s[one, two])
    return None if travel_s == UNREACHABLE else travel_s


def _arrival_s(problem: Problem, van: Van, stop: Stop) -> int | None:
    """When the van can be there at the earliest; None where no road leads there."""
    now_s = van.shift.from_s
    if van.depot_id is not None:
        depot = problem.depot[van.depot_id]
        now_s = max(now_s, depot.opened.from_s) + depot.loading_s
    places = [van.start_place, stop.place]
    if stop.collect_place is not None:
        places.insert(1, stop.collect_place)
        now_s += stop.collect_s
    for one, two in pairwise(places):
        travel_s = _drive_s(problem, one, two)
        if travel_s is None:
            return None
        now_s += travel_s
    return now_s


def _back_s(problem: Problem, van: Van, stop: Stop, at_s: int) -> int | None:
    """When it is back at the earliest; None where no road leads back."""
    begin_s = min((max(at_s, window.from_s) for window in stop.windows if window.to_s >= at_s), default=at_s)
    home_s = 0 if van.end_place is None else _drive_s(problem, stop.place, van.end_place)
    return None if home_s is None else begin_s + stop.service_s + home_s


def _is_back(problem: Problem, van: Van, stop: Stop, at_s: int) -> bool:
    back_s = _back_s(problem, van, stop, at_s)
    return back_s is not None and back_s <= van.shift.to_s


def _holes(problem: Problem, stops: Sequence[Stop]) -> dict[str, ProblemFault]:
    """Holes between stops: the one with the most goes first, until none are left."""
    places = np.array([stop.place for stop in stops], dtype=np.int64)
    holes = problem.matrix.holes()[np.ix_(places, places)]
    holes = holes | holes.T
    faults: dict[str, ProblemFault] = {}
    while holes.any():
        counts = holes.sum(axis=0)
        worst = int(counts.argmax())
        stop = stops[worst]
        faults[stop.id] = ProblemFault(f"stops[{stop.id}].place", "part_unreachable", {"count": int(counts[worst])})
        holes[worst, :] = False
        holes[:, worst] = False
    return faults
