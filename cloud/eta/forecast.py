"""When a van will be at each stop ahead: its legs by hour, by experience and by today's mood, its stops likewise. Pure.

Says the middle; how far it may be off is `errors`' to say.
"""

from dataclasses import dataclass

from cloud.eta.experience import Experience
from cloud.eta.journey import HourOf, Journey
from cloud.eta.today import Mood

# Of a stop that takes longer than expected so much is still expected: the longer it has taken, the longer it will.
_OVERDUE_SHARE, _SHORTEST_REST_S = 0.25, 30.0
# What one leg or stop is off by, and what all of them are together: the shape of the spread. Its size is learned by `errors`.
_LEG_OFF, _STOP_OFF, _ALL_OFF, _ALWAYS_OFF_S = 0.25, 0.45, 0.06, 30.0


@dataclass(frozen=True, slots=True)
class Now:
    """The newest that is known of the van. ``share_left``: of the leg it is on."""

    at_ms: int
    share_left: float = 1.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """At a stop ahead. ``stops_before``: others the van goes to first. ``spread_s``: about one standard deviation."""

    stop: int
    stops_before: int
    expected_ms: int
    spread_s: float


def forecast(journey: Journey, now: Now, experience: Experience, mood: Mood, hour_of: HourOf) -> list[Arrival]:
    """Of each stop ahead, in the order they are driven to. ``now`` is not before anything the journey knows."""
    ahead = journey.ahead
    standing = journey.at_stop
    variance_s2, common_s = _ALWAYS_OFF_S**2, 0.0
    if standing is None:
        from_stop, share = journey.came_from[0], now.share_left
        clock_s = 0.0
    else:
        from_stop, share = standing.stop, 1.0
        service_s = standing.service_s * experience.dwell_factor(standing.site) * mood.dwell
        clock_s = _rest_s(service_s, (now.at_ms - (standing.arrived_ms or now.at_ms)) / 1000)
        variance_s2 += (_STOP_OFF * clock_s) ** 2
        common_s += clock_s
    found: list[Arrival] = []
    for place, call in enumerate(ahead):
        hour = hour_of(now.at_ms + round(clock_s * 1000))
        leg_s = journey.legs.seconds(from_stop, call.stop) * experience.drive_factor(journey.route, hour, call.site) * mood.drive
        leg_s *= share
        clock_s, common_s = clock_s + leg_s, common_s + leg_s
        variance_s2 += (_LEG_OFF * leg_s) ** 2
        spread_s = (variance_s2 + (_ALL_OFF * common_s) ** 2) ** 0.5
        found.append(Arrival(call.stop, place, now.at_ms + round(clock_s * 1000), spread_s))
        service_s = call.service_s * experience.dwell_factor(call.site) * mood.dwell
        clock_s, common_s = clock_s + service_s, common_s + service_s
        variance_s2 += (_STOP_OFF * service_s) ** 2
        from_stop, share = call.stop, 1.0
    return found


def by_delay(journey: Journey, now: Now) -> dict[int, int]:
    """What a board without roads would say: the plan's times and the delay the van has now. To be compared with.

    On its way the van should be where its leg's share says; at a stop it is late once it should have left.
    """
    planned = {call.stop: call.planned_ms for call in journey.calls if call.planned_ms is not None}
    delay_ms = delay_now_ms(journey, now)
    return {call.stop: max(now.at_ms, planned[call.stop] + delay_ms) for call in journey.ahead if call.stop in planned}


def delay_now_ms(journey: Journey, now: Now) -> int:
    """Behind the plan (or, below 0, before it), by the stop it stands at or the part of its leg that it has driven."""
    standing = journey.at_stop
    if standing is not None:
        if standing.planned_ms is None or standing.arrived_ms is None:
            return 0
        late_ms = standing.arrived_ms - standing.planned_ms
        return max(late_ms, now.at_ms - standing.planned_ms - round(standing.service_s * 1000))
    next_ = next(iter(journey.ahead), None)
    if next_ is None or next_.planned_ms is None:
        return 0
    leg_s = journey.legs.seconds(journey.came_from[0], next_.stop)
    return now.at_ms + round(leg_s * now.share_left * 1000) - next_.planned_ms


def _rest_s(service_s: float, stood_s: float) -> float:
    return max(service_s - stood_s, service_s * _OVERDUE_SHARE, _SHORTEST_REST_S)
