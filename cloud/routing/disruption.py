"""What happens in the day, applied to what is known of it: the facts afterwards, or why it cannot have happened. Pure.

What is done stays done; what is aboard stays aboard, but for a van that has broken down: its goods lie where it stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as member

from msgspec.structs import replace

from cloud.routing.day import Day, StationDue, due_at
from cloud.routing.faults import Param
from cloud.routing.situation import Ahead, Aside, Breakdown, Closed, Delay, Event, Lying, NewStop, NewTimes, Situation, VanNow


@dataclass(frozen=True, slots=True)
class Impossible:
    """``code`` and ``field``: as the api says them."""

    code: str
    field: str
    params: Mapping[str, Param] = member(default_factory=dict)


def disrupted(day: Day, now: Situation, event: Event, station: StationDue | None = None) -> Day | Impossible:
    """The rest of the day once ``event`` has happened. ``day``: with all its stations; ``station``: of a new stop."""
    match event:
        case Delay():
            return _delayed(day, now, event)
        case Breakdown():
            return _broken(day, now, event)
        case Closed():
            return _closed(day, now, event)
        case NewStop():
            return _new(day, now, event, station)
        case NewTimes():
            return _rest(day, replace(now, event=event))


def pins_fault(now: Situation) -> Impossible | None:
    """A pin that nobody could keep."""
    vans, van_of = now.van, now.van_of
    for pin in now.pins:
        if pin.van not in vans:
            return Impossible("no_van", "pins", {"van": pin.van})
        if pin.site in now.served:
            return Impossible("stop_served", "pins", {"site": pin.site})
        if vans[pin.van].is_out:
            return Impossible("van_out", "pins", {"van": pin.van})
        if now.is_aboard(pin.site) and van_of[pin.site].id != pin.van:
            return Impossible("aboard_elsewhere", "pins", {"site": pin.site, "van": van_of[pin.site].id})
    return None


def _van(now: Situation, van_id: str) -> VanNow | Impossible:
    van = now.van.get(van_id)
    if van is None:
        return Impossible("no_van", "event.van", {"van": van_id})
    return Impossible("van_out", "event.van", {"van": van_id}) if van.is_out else van


def _with(now: Situation, van: VanNow) -> Situation:
    return replace(now, vans=tuple(van if one.id == van.id else one for one in now.vans))


def _delayed(day: Day, now: Situation, event: Delay) -> Day | Impossible:
    van = _van(now, event.van)
    if isinstance(van, Impossible):
        return van
    return _rest(day, replace(_with(now, replace(van, free_s=van.free_s + event.delay_s)), event=event))


def _broken(day: Day, now: Situation, event: Breakdown) -> Day | Impossible:
    van = _van(now, event.van)
    if isinstance(van, Impossible):
        return van
    if all(one.is_out for one in now.vans if one.id != van.id):
        return Impossible("no_van_left", "event.van", {"van": van.id})
    at_depot = day.depot.coordinates
    lying = now.is_lying
    fresh = []
    for one in van.ahead:
        if one.site in lying:
            continue
        if van.is_loaded:
            fresh.append(Lying(one.site, van.lat, van.lon, van.id))
        elif at_depot is not None:
            fresh.append(Lying(one.site, at_depot.lat, at_depot.lon))
    return _rest(day, replace(_with(now, replace(van, is_out=True)), lying=(*now.lying, *fresh), event=event))


def _closed(day: Day, now: Situation, event: Closed) -> Day | Impossible:
    if event.site in now.served:
        return Impossible("stop_served", "event.site", {"site": event.site})
    van = now.van_of.get(event.site)
    if van is None:
        return Impossible("no_stop_ahead", "event.site", {"site": event.site})
    due = due_at(day.stations)[event.site]
    if event.until_s is not None and event.until_s <= due.to_s:
        later = replace(due, from_s=max(due.from_s, event.until_s))
        return _rest(_with_station(day, later), replace(now, event=event))
    aside = (*now.aside, Aside(event.site, van.id)) if now.is_aboard(event.site) else now.aside
    ahead = tuple(one for one in van.ahead if one.site != event.site)
    gone = replace(van, ahead=ahead, heads=tuple(one for one in van.heads if one != event.site))
    lying = tuple(one for one in now.lying if one.site != event.site)
    return _rest(day, replace(_with(now, gone), lying=lying, aside=aside, closed=(*now.closed, event.site), event=event))


def _new(day: Day, now: Situation, event: NewStop, station: StationDue | None) -> Day | Impossible:
    if event.site in now.served:
        return Impossible("stop_served", "event.site", {"site": event.site})
    if event.site in now.van_of:
        return Impossible("stop_planned", "event.site", {"site": event.site, "van": now.van_of[event.site].id})
    closed = tuple(site for site in now.closed if site != event.site)
    aside = next((one for one in now.aside if one.site == event.site), None)
    if aside is not None:
        left = replace(now, aside=tuple(one for one in now.aside if one.site != event.site), closed=closed, event=event)
        return _rest(day, _taken_up(left, now.van[aside.van], event.site))
    at_depot = day.depot.coordinates
    if station is None or at_depot is None:
        return Impossible("not_due", "event.site", {"site": event.site})
    lying = (*now.lying, Lying(event.site, at_depot.lat, at_depot.lon))
    return _rest(_with_station(day, station), replace(now, lying=lying, closed=closed, event=event))


def _taken_up(now: Situation, van: VanNow, site: str) -> Situation:
    """It is aboard of a van, which brings it after all; of one that stands, it is fetched."""
    if van.is_out:
        return replace(now, lying=(*now.lying, Lying(site, van.lat, van.lon, van.id)))
    return _with(now, replace(van, ahead=(*van.ahead, Ahead(site))))


def _with_station(day: Day, station: StationDue) -> Day:
    others = (one for one in day.stations if one.place.site != station.place.site)
    return replace(day, stations=(*others, station))


def _rest(day: Day, now: Situation) -> Day:
    """Only stations that still matter: to be served, or named as left out."""
    kept = {*now.van_of, *now.is_lying, *now.closed, *(one.site for one in now.aside)}
    return replace(day, stations=tuple(one for one in day.stations if one.place.site in kept), situation=now)
