"""A run as arrivals are estimated of it: its stops, what became of them, the roads between them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.rules.places import metres

START = 0  # the place a run leaves from, where stops count from 1


class Legs(Protocol):
    """Driving between the stops of one run, as the plan has it: the roads' seconds with their pace over the day."""

    @property
    def is_estimate(self) -> bool:
        """Straight lines, not roads: say so."""
        ...

    def seconds(self, from_stop: int, to_stop: int) -> float:
        """``START`` is where the run leaves from. Finite, not negative."""
        ...


Place = tuple[float, float]  # lat, lon
HourOf = Callable[[int], int]  # ms since 1970 → local hour, 0 to 23


@dataclass(frozen=True, slots=True)
class Call:
    """A stop. ``service_s``: as planned. ``is_over``: nobody goes there any more, whether or not a fix was heard there."""

    stop: int
    site: str
    service_s: float
    planned_ms: int | None = None
    arrived_ms: int | None = None
    departed_ms: int | None = None
    is_over: bool = False

    @property
    def is_ahead(self) -> bool:
        return self.arrived_ms is None and not self.is_over


@dataclass(frozen=True, slots=True)
class Journey:
    """A run that has left at ``left_ms``. ``route``: the same from day to day."""

    route: str
    left_ms: int
    calls: tuple[Call, ...]
    legs: Legs

    @property
    def ahead(self) -> list[Call]:
        """In the order they are driven to."""
        return [call for call in self.calls if call.is_ahead]

    @property
    def at_stop(self) -> Call | None:
        """Where the van stands now."""
        there = [call for call in self.calls if call.arrived_ms is not None and call.departed_ms is None and not call.is_over]
        return max(there, key=lambda call: call.arrived_ms or 0, default=None)

    @property
    def came_from(self) -> tuple[int, int]:
        """The stop it left last, and when."""
        left = [(call.departed_ms, call.stop) for call in self.calls if call.departed_ms is not None]
        left_ms, stop = max(left, default=(self.left_ms, START))
        return stop, left_ms


@dataclass(frozen=True, slots=True)
class Driven:
    """A leg that was driven. ``planned_s``: what `Legs` says."""

    route: str
    hour: int
    site: str
    planned_s: float
    observed_s: float


@dataclass(frozen=True, slots=True)
class Stood:
    """A stop that was served."""

    site: str
    planned_s: float
    observed_s: float


def driven(journey: Journey, hour_of: HourOf) -> list[Driven]:
    """The legs whose both ends are known, in order of time. What was driven in another order than planned counts too."""
    came = sorted(((call.arrived_ms, call) for call in journey.calls if call.arrived_ms is not None), key=lambda one: one[0])
    found: list[Driven] = []
    stop, left_ms = START, journey.left_ms
    for arrived_ms, call in came:
        planned_s = journey.legs.seconds(stop, call.stop)
        if arrived_ms > left_ms and planned_s > 0:
            found.append(Driven(journey.route, hour_of(left_ms), call.site, planned_s, (arrived_ms - left_ms) / 1000))
        if call.departed_ms is None:
            break
        stop, left_ms = call.stop, call.departed_ms
    return found


def stood(journey: Journey) -> list[Stood]:
    """The stops that were left again."""
    return [
        Stood(call.site, call.service_s, (call.departed_ms - call.arrived_ms) / 1000)
        for call in journey.calls
        if call.arrived_ms is not None and call.departed_ms is not None and call.departed_ms > call.arrived_ms
    ]


def share_left(begin: Place, now: Place, end: Place) -> float:
    """How much of a leg is still to be driven, 0 to 1, by straight lines from its begin, where the van is, and its end.

    A way round makes a leg no longer than it is: what it costs shows in the legs that were driven.
    """
    whole_m = metres(*begin, *end)
    return 0.0 if whole_m <= 0 else min(1.0, metres(*now, *end) / whole_m)
