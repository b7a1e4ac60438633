"""What is known of a day that is underway: its committed plan and its runs as they stand, made one `Situation`. Pure.

Goods are aboard once their run is being loaded. What had to be fetched elsewhere is aboard once a scan says so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from cloud.routing.answer import PlanSaid
from cloud.routing.day import Day, VanAsked, due_at
from cloud.routing.situation import Ahead, Aside, Lying, Situation, VanNow
from cloud.store.route_plans import PlanStanding
from cloud.store.runs_underway import RunNow, StopNow


@dataclass(frozen=True, slots=True)
class Standing:
    """``runs`` by van. ``scanned``: (station, run) of what was scanned aboard. ``depot``: lat, lon."""

    plan_id: int
    day: Day
    said: PlanSaid
    runs: Mapping[str, RunNow]
    scanned: Collection[tuple[str, str]]
    midnight: datetime
    now_s: int
    depot: tuple[float, float]

    def situation(self) -> Situation:
        """Nothing has happened yet."""
        vans = tuple(self._van(asked) for asked in self.day.vans)
        before = self.day.situation
        runs = self.runs.values()
        return Situation(
            base=self.plan_id,
            now_s=self.now_s,
            vans=vans,
            served=tuple(sorted({stop.site for run in runs for stop in run.stops if stop.is_served})),
            lying=tuple(lying for van in vans for lying in self._lying(van)),
            aside=tuple(
                Aside(stop.site, van.id)
                for van in vans
                if van.id in self.runs
                for stop in self.runs[van.id].stops
                if stop.state == "skipped"
            ),
            closed=() if before is None else before.closed,
        )

    def _van(self, asked: VanAsked) -> VanNow:
        before = self.day.situation
        was_out = before is not None and asked.id in before.van and before.van[asked.id].is_out
        run = self.runs.get(asked.id)
        if run is None or run.state in ("completed", "aborted"):
            is_out = was_out or (run is not None and run.state == "aborted")
            return VanNow(asked.id, "", *self.depot, max(self.now_s, asked.from_s), is_loaded=False, is_out=is_out)
        ahead = tuple(Ahead(stop.site, self._trip.get(stop.site, 1)) for stop in run.stops if stop.is_ahead)
        return VanNow(
            asked.id, run.name, *self._place(run), self._free_s(run), is_loaded=run.is_loaded, ahead=ahead,
            heads=tuple(stop.site for stop in run.stops if stop.is_ahead and stop.state == "approaching")[:1],
            served=sum(stop.is_served for stop in run.stops), is_out=was_out,
        )  # fmt: skip

    @property
    def _trip(self) -> dict[str, int]:
        return {stop.site: stop.trip for route in self.said.routes for stop in route.stops}

    def _place(self, run: RunNow) -> tuple[float, float]:
        """Where it was last seen since it left; else where it was last."""
        is_fresh = run.fix_at is not None and run.departed_at is not None and run.fix_at >= run.departed_at
        if is_fresh and run.lat is not None and run.lon is not None:
            return run.lat, run.lon
        due = due_at(self.day.stations)
        last = max((stop for stop in run.stops if stop.arrived_at is not None), key=_arrival, default=None)
        at = due[last.site].place.coordinates if last is not None and last.site in due else None
        return self.depot if at is None else (at.lat, at.lon)

    def _free_s(self, run: RunNow) -> int:
        """Once it has unloaded where it stands, or is loaded."""
        if run.state == "loading":
            planned_s = self.now_s + self.day.loading_s if run.planned_start is None else self._seconds(run.planned_start)
            return max(self.now_s, planned_s)
        here = [stop for stop in run.stops if stop.arrived_at is not None and stop.departed_at is None]
        at_stop = max(here, key=_arrival, default=None)
        if at_stop is None or at_stop.arrived_at is None or at_stop.planned_arrival is None or at_stop.planned_departure is None:
            return self.now_s
        lasts_s = round((at_stop.planned_departure - at_stop.planned_arrival).total_seconds())
        return max(self.now_s, self._seconds(at_stop.arrived_at) + lasts_s)

    def _lying(self, van: VanNow) -> list[Lying]:
        """What this van is to bring and has not fetched: as the plan before left it, or at the depot for a later trip."""
        before = self.day.situation
        known = {} if before is None else before.is_lying
        was_loaded = before is not None and van.id in before.van and before.van[van.id].is_loaded
        run = self.runs.get(van.id)
        served = [] if run is None else [self._trip.get(stop.site, 1) for stop in run.stops if stop.is_served]
        trip = max(served, default=min((one.trip for one in van.ahead), default=1))
        found = []
        for one in van.ahead:
            goods = known.get(one.site)
            if (one.site, van.run) in self.scanned:
                continue
            if goods is not None and (goods.van or (van.is_loaded and was_loaded)):
                found.append(goods)
            elif van.is_loaded and one.trip > trip:
                found.append(Lying(one.site, *self.depot))
        return found

    def _seconds(self, at: datetime) -> int:
        return round((at - self.midnight).total_seconds())


def _arrival(stop: StopNow) -> float:
    return 0.0 if stop.arrived_at is None else stop.arrived_at.timestamp()


def run_names(plan: PlanStanding, day: Day, said: PlanSaid) -> dict[str, str]:
    """By van, of a committed plan: those it wrote, and in the day those that had one before."""
    before = {} if day.situation is None else {van.id: van.run for van in day.situation.vans if van.run}
    return before | {route.van: name for route, name in zip(said.routes, plan.runs, strict=True)}
