"""Days that are underway: a committed plan, some of it done, some of it aboard; to be disturbed in tests, and by Hypothesis."""

import random
from dataclasses import dataclass

from hypothesis import strategies as st
from msgspec.structs import replace

from cloud.routing.day import ByZone, Day, Place, StationDue, VanAsked, due_at
from cloud.routing.disruption import Impossible, disrupted
from cloud.routing.engine import Effort, Watch
from cloud.routing.matrix import StraightLine
from cloud.routing.replanning import Replanned, replanned
from cloud.routing.situation import Ahead, Breakdown, Closed, Delay, Event, NewStop, NewTimes, Pin, Situation, VanNow

HOUR_S = 3600
LITTLE = Effort(seconds=2, seed=7, iterations=12, cores=1)
ROOM = ByZone(20, 8, 4)
DEPOT = Place("grid", "网格仓", 31.2, 121.4)


def asked(stations: int = 9, vans: int = 3, seed: int = 1, room: ByZone = ROOM) -> Day:
    rng = random.Random(seed)
    due = tuple(
        StationDue(
            Place(f"st-{n}", f"自提点 {n}", 31.2 + rng.uniform(-0.05, 0.05), 121.4 + rng.uniform(-0.05, 0.05)),
            ByZone(rng.randint(1, 3), rng.randint(0, 1)), 7 * HOUR_S, 15 * HOUR_S,
        )
        for n in range(1, stations + 1)
    )  # fmt: skip
    fleet = tuple(VanAsked(f"{n}", f"van-{n}", room, 6 * HOUR_S, 15 * HOUR_S, fixed_fen=5_000) for n in range(1, vans + 1))
    return Day(DEPOT, fleet, due, loading_s=600, seconds=2.0)


def spread(day: Day) -> list[tuple[str, ...]]:
    """A plan that uses every van: stations dealt out, each van's in the order of insertion."""
    return [tuple(one.place.site for one in day.stations[n :: len(day.vans)]) for n in range(len(day.vans))]


def situation(day: Day, now_s: int, served: int, loaded: int, pins: tuple[Pin, ...] = ()) -> Situation:
    """The first ``loaded`` vans are underway, each with ``served`` stops done, standing where it was last."""
    places = {one.place.site: one.place for one in day.stations}
    vans: list[VanNow] = []
    done: list[str] = []
    for n, (asked_van, stops) in enumerate(zip(day.vans, spread(day), strict=True)):
        is_loaded = n < loaded
        count = min(served, len(stops)) if is_loaded else 0
        at = places[stops[count - 1]] if count else DEPOT
        done += stops[:count]
        vans.append(
            VanNow(
                asked_van.id, f"R1123-{n + 1}", at.lat or 0.0, at.lon or 0.0, now_s, is_loaded=is_loaded,
                ahead=tuple(Ahead(site) for site in stops[count:]), served=count,
            )
        )  # fmt: skip
    return Situation(1, now_s, tuple(vans), tuple(done), pins=pins)


@dataclass(frozen=True)
class Disturbed:
    """``day``: as it was; ``rest``: after the event."""

    day: Day
    before: Situation
    rest: Day

    @property
    def after(self) -> Situation:
        assert self.rest.situation is not None
        return self.rest.situation

    def replanned(self) -> Replanned:
        return replanned(self.rest, self.after, StraightLine().between(self.rest.places), LITTLE, Watch())


def disturb(day: Day, before: Situation, event: Event, station: StationDue | None = None) -> Disturbed:
    rest = disrupted(day, before, event, station)
    assert not isinstance(rest, Impossible), rest
    return Disturbed(day, before, rest)


@st.composite
def disturbed(draw: st.DrawFn, answer: str = "smallest") -> Disturbed:
    day = asked(
        draw(st.integers(3, 9)), draw(st.integers(2, 3)), draw(st.integers(0, 1_000)), ByZone(draw(st.integers(5, 20)), 8, 4)
    )
    loaded, served = draw(st.integers(0, len(day.vans))), draw(st.integers(0, 2))
    before = situation(day, draw(st.integers(7, 13)) * HOUR_S, served, loaded)
    ahead = sorted(before.van_of)
    pins: tuple[Pin, ...] = ()
    is_pinned = draw(st.booleans())
    if ahead and is_pinned:
        site = draw(st.sampled_from(ahead))
        pins = (Pin(site, before.van_of[site].id),)
    vans = st.sampled_from([van.id for van in before.vans])
    events: list[st.SearchStrategy[Event]] = [
        st.builds(Delay, vans, st.integers(0, 4 * HOUR_S)),
        st.builds(Breakdown, vans.filter(lambda van: all(pin.van != van for pin in pins))),
        st.just(NewStop("st-new")),
    ]
    if ahead:
        events.append(st.builds(Closed, st.sampled_from(ahead), st.sampled_from([None, 12 * HOUR_S])))
        events.append(st.just(NewTimes()))
    event = draw(st.one_of(events))
    if isinstance(event, NewTimes):
        site, begin_s = draw(st.sampled_from(ahead)), draw(st.integers(0, 14)) * HOUR_S
        due = replace(due_at(day.stations)[site], from_s=begin_s, to_s=begin_s + draw(st.integers(1, 6)) * HOUR_S)
        day = replace(day, stations=tuple(due if one.place.site == site else one for one in day.stations))
    fresh = StationDue(Place("st-new", "新站", 31.23, 121.43), ByZone(2, 1), 7 * HOUR_S, 15 * HOUR_S)
    before = Situation(
        before.base, before.now_s, before.vans, before.served, pins=pins, answer="best" if answer == "best" else "smallest"
    )
    return disturb(day, before, event, fresh)
