"""From a committed plan, its runs as they stand and what has happened, to the rest of the day that can be planned anew."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from msgspec.structs import replace

from cloud.api.day_standing import Standing, run_names
from cloud.api.errors import ApiError
from cloud.api.replan_forms import BreakdownIn, ClosedIn, DelayIn, EventIn, NewStopIn, NewTimesIn, ReplanIn
from cloud.api.route_plan_asking import named_due, places_of, seconds_of
from cloud.api.route_plan_committing import midnight_of
from cloud.routing.answer import PlanSaid
from cloud.routing.day import ByZone, Day, StationDue
from cloud.routing.disruption import Impossible, disrupted, pins_fault
from cloud.routing.situation import Breakdown, Closed, Delay, Event, NewStop, NewTimes, Pin
from cloud.store import plans
from cloud.store.pool import Connection
from cloud.store.route_plans import PlanStanding
from cloud.store.runs_underway import runs_now, scanned_aboard, taken_unlabelled

# What may have been true when it was typed.
_LATE = frozenset({"stop_served", "van_out", "stop_planned", "aboard_elsewhere", "no_van_left"})


async def rest_asked(connection: Connection, plan: PlanStanding, day: Day, said: PlanSaid, wanted: ReplanIn, now: datetime) -> Day:
    """The rest of the committed ``plan`` once the event has happened. ApiError."""
    depot = day.depot.coordinates
    if depot is None:
        raise ApiError(422, "no_place", "depot", site=day.depot.site)
    midnight = await midnight_of(connection, plan.operator_id, plan.service_date)
    names = run_names(plan, day, said)
    by_name = await runs_now(connection, plan.operator_id, plan.service_date, names.values())
    standing = Standing(
        plan.id, day, said, {van: by_name[name] for van, name in names.items() if name in by_name},
        await scanned_aboard(connection, plan.operator_id, plan.service_date)
        | await taken_unlabelled(connection, plan.operator_id, plan.service_date), midnight,
        max(0, round((now - midnight).total_seconds())), (depot.lat, depot.lon),
    )  # fmt: skip
    situation = replace(standing.situation(), pins=tuple(Pin(one.site, one.van) for one in wanted.pins))
    _require_of_plan(day, situation.van_of)
    for field, sites in (("stations", [one.site for one in wanted.stations]), ("pins", [one.site for one in wanted.pins])):
        for site in sites:
            if site not in situation.van_of and site not in situation.served and site != getattr(wanted.event, "site", None):
                raise ApiError(422, "no_stop_ahead", field, site=site)
    known = _as_said(day, wanted, standing.now_s)
    station = await _new_station(connection, plan, wanted.event) if isinstance(wanted.event, NewStopIn) else None
    if station is not None:
        _require_times(station, standing.now_s, "event.deliver_until")
    rest = disrupted(known, situation, _event(wanted.event), station)
    fault = rest if isinstance(rest, Impossible) else pins_fault(rest.situation or situation)
    if isinstance(fault, Impossible):
        raise ApiError(409 if fault.code in _LATE else 422, fault.code, fault.field, **fault.params)
    assert isinstance(rest, Day)  # noqa: S101  # else it was the fault
    return rest


def _require_of_plan(day: Day, sites: Collection[str]) -> None:
    """A run that somebody has changed by hand has stops the plan knows nothing of."""
    known = {one.place.site for one in day.stations}
    for site in sorted(sites):
        if site not in known:
            raise ApiError(409, "not_of_plan", "plan_id", site=site)


def _as_said(day: Day, wanted: ReplanIn, now_s: int) -> Day:
    """With what was said of its stations and vans."""
    if isinstance(wanted.event, NewTimesIn) and not wanted.stations:
        raise ApiError(422, "no_new_times", "stations")
    named = {one.site: one for one in wanted.stations}
    dues = tuple(named_due(one, named.get(one.place.site)) for one in day.stations)
    for due in dues:
        if due.place.site in named:
            _require_times(due, now_s, "stations")
    vans = tuple(replace(van, max_stops=None) for van in day.vans) if wanted.lift_max_stops else day.vans
    return replace(day, vans=vans, stations=dues, seconds=float(wanted.seconds))


def _require_times(due: StationDue, now_s: int, field: str) -> None:
    """ApiError where nobody could come within them, whoever drives."""
    if due.from_s >= due.to_s:
        raise ApiError(422, "times_reversed", field, site=due.place.site, begin=_clock(due.from_s), end=_clock(due.to_s))
    if due.to_s <= now_s:
        raise ApiError(422, "times_over", field, site=due.place.site, end=_clock(due.to_s), now=_clock(now_s))


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _event(said: EventIn) -> Event:
    match said:
        case DelayIn():
            return Delay(said.van, said.minutes * 60)
        case BreakdownIn():
            return Breakdown(said.van)
        case ClosedIn():
            return Closed(said.site, None if said.until is None else seconds_of(said.until))
        case NewStopIn():
            return NewStop(said.site)
        case NewTimesIn():
            return NewTimes()


async def _new_station(connection: Connection, plan: PlanStanding, said: NewStopIn) -> StationDue | None:
    """None where nothing is said and nothing packed for it. ApiError where it is no station of the operator, or has no place."""
    cursor = await connection.execute(
        """
        SELECT FROM site_operator r JOIN site s ON s.id = r.site_id
        WHERE r.site_id = %s AND r.operator_id = %s AND r.valid @> %s::date AND s.kind = 'station'
        """,
        [said.site, plan.operator_id, plan.service_date],
    )
    if await cursor.fetchone() is None:
        raise ApiError(422, "no_station", "event.site", site=said.site, operator=plan.operator_id)
    place = (await places_of(connection, [said.site]))[said.site]
    if place.coordinates is None:
        raise ApiError(422, "no_place", "event.site", site=said.site)
    if said.load is not None:
        load = ByZone(said.load.ambient, said.load.chilled, said.load.frozen)
    else:
        zones = Counter(
            one.zone for one in await plans.plan(connection, plan.operator_id, plan.service_date) if one.site == said.site
        )
        load = ByZone(zones["ambient"], zones["chilled"], zones["frozen"])
    if not load.load.containers:
        return None
    return StationDue(place, load, seconds_of(said.deliver_from), seconds_of(said.deliver_until), said.priority)
