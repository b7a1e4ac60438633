"""Two plans of a day side by side: what differs in the sums, and which stations another van comes to. Pure."""

from dataclasses import dataclass

from cloud.routing.answer import PlanSaid


@dataclass(frozen=True, slots=True)
class Moved:
    """``before``, ``after``: the van, "" where none comes."""

    site: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Differences:
    """After minus before."""

    cost_fen: int
    distance_m: int
    driving_s: int
    duty_s: int
    vans: int
    unassigned: int
    late_if_slower: int
    moved: tuple[Moved, ...]


def differences(before: PlanSaid, after: PlanSaid) -> Differences:
    """What somebody who drops the first for the second gets."""
    vans_before, vans_after = _vans(before), _vans(after)
    names = {stop.site: stop.name for plan in (before, after) for route in plan.routes for stop in route.stops}
    return Differences(
        cost_fen=after.cost_fen - before.cost_fen,
        distance_m=after.distance_m - before.distance_m,
        driving_s=after.driving_s - before.driving_s,
        duty_s=after.duty_s - before.duty_s,
        vans=len(after.routes) - len(before.routes),
        unassigned=len(after.unassigned) - len(before.unassigned),
        late_if_slower=after.late_if_slower - before.late_if_slower,
        moved=tuple(
            Moved(site, names[site], vans_before.get(site, ""), vans_after.get(site, ""))
            for site in sorted(names)
            if vans_before.get(site, "") != vans_after.get(site, "")
        ),
    )


def _vans(plan: PlanSaid) -> dict[str, str]:
    return {stop.site: route.van for route in plan.routes for stop in route.stops}
