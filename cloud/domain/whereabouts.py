"""Where a vehicle is, from fixes that jump, wander and come late: a fold that decides what is shown. Pure.

A fix is refused where it cannot be true at all. Of what is left, a jump that no vehicle can make is not believed until a second fix
confirms it, and a vehicle that stands is shown standing: its receiver wanders, it does not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from edge.rules.places import metres

MAX_AHEAD_MS = 5 * 60_000  # clocks of phones are set by their network; more is a wrong date
MAX_AGE_MS = 30 * 86_400_000  # older ones would be deleted at once: raw tracks are kept 30 days
MAX_SPEED_M_S = 60.0  # 216 km/h: no vehicle of ours
NOWHERE_DEG = 0.001  # around 0, 0, in the Gulf of Guinea: what devices say that know nothing

FASTEST_M_S = 45.0  # what a van may seem to do between two fixes; beyond it a fix has jumped
JUMP_SLACK_M = 60.0  # two fixes of a good receiver (σ 8 m) are rarely this far apart where nothing moved
REST_M = 40.0  # five σ around where it stands: one fix in 250,000 leaves it by noise
REST_AFTER_MS = 15_000  # a red light is a stand too: what is shown there does not wander either
MOVES_M_S = 1.5  # receivers that stand say up to 0.5; who walks with a handcart says 1.4
REST_WEIGHT = 60  # the mean of a stand forgets nothing until then, and drifts slowly from then on


class Implausible(StrEnum):
    """Why a fix cannot be true; the text is for people."""

    NO_PLACE = "latitude or longitude is beyond 90 or 180 degrees"
    NOWHERE = "0, 0: the device had no position"
    FUTURE = "its time is in the future: set the device's clock"
    PAST = "its time is more than 30 days ago: set the device's clock"
    TOO_FAST = "its speed is beyond 216 km/h"


def implausible(lat: float, lon: float, at_ms: int, speed_m_s: float | None, received_ms: int) -> Implausible | None:
    """Why this cannot be; None where it can. Not a number is beyond every bound."""
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        return Implausible.NO_PLACE
    if abs(lat) < NOWHERE_DEG and abs(lon) < NOWHERE_DEG:
        return Implausible.NOWHERE
    if at_ms > received_ms + MAX_AHEAD_MS:
        return Implausible.FUTURE
    if at_ms < received_ms - MAX_AGE_MS:
        return Implausible.PAST
    if speed_m_s is not None and not speed_m_s <= MAX_SPEED_M_S:
        return Implausible.TOO_FAST
    return None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One fix, placed in time (ms since 1970)."""

    at_ms: int
    lat: float
    lon: float
    speed_m_s: float | None = None
    heading_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """A place that nothing has left since: the mean of ``count`` fixes."""

    since_ms: int
    lat: float
    lon: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The newest that is believed (``seen``) and where it slowed down; ``doubted``: a jump that waits for a second fix."""

    seen: Sighting
    rest: Rest
    doubted: Sighting | None = None

    @property
    def is_standing(self) -> bool:
        """True once nothing has moved for a while."""
        return self.seen.at_ms - self.rest.since_ms >= REST_AFTER_MS

    @property
    def shown(self) -> Sighting:
        """What a map shows: the fix, or of one that stands the mean place, with speed 0."""
        if not self.is_standing:
            return self.seen
        return Sighting(self.seen.at_ms, self.rest.lat, self.rest.lon, 0.0, self.seen.heading_deg)


def follow(before: Whereabouts | None, fix: Sighting) -> Whereabouts | None:
    """After one more fix; None where it changes nothing, for it is as old as what is known, or older."""
    if before is None:
        return Whereabouts(fix, _rest_at(fix))
    seen = before.seen
    if fix.at_ms <= seen.at_ms:
        return None
    if not _within_reach(seen, fix):
        if before.doubted is None or not _confirms(before.doubted, fix):
            return replace(before, doubted=fix)
        return Whereabouts(fix, _rest_at(fix))
    return Whereabouts(_with_heading(fix, seen), _rest(before.rest, fix))


def _confirms(doubted: Sighting, fix: Sighting) -> bool:
    return fix.at_ms > doubted.at_ms and _within_reach(doubted, fix)


def _within_reach(one: Sighting, other: Sighting) -> bool:
    distance_m = metres(one.lat, one.lon, other.lat, other.lon)
    return distance_m <= JUMP_SLACK_M + FASTEST_M_S * (other.at_ms - one.at_ms) / 1000


def _with_heading(fix: Sighting, seen: Sighting) -> Sighting:
    """Who stands says no course: it still looks where it came to."""
    return fix if fix.heading_deg is not None else replace(fix, heading_deg=seen.heading_deg)


def _rest_at(fix: Sighting) -> Rest:
    return Rest(fix.at_ms, fix.lat, fix.lon)


def _rest(rest: Rest, fix: Sighting) -> Rest:
    moves = fix.speed_m_s is not None and fix.speed_m_s >= MOVES_M_S
    if moves or metres(rest.lat, rest.lon, fix.lat, fix.lon) > REST_M:
        return _rest_at(fix)
    count = min(rest.count + 1, REST_WEIGHT)
    east = (fix.lon - rest.lon + 540.0) % 360.0 - 180.0
    lon = (rest.lon + east / count + 540.0) % 360.0 - 180.0
    return Rest(rest.since_ms, rest.lat + (fix.lat - rest.lat) / count, lon, count)


def believed(fixes: Iterable[Sighting]) -> list[Sighting]:
    """Of a track in order of time, what a map shows of it: without jumps that nothing confirmed, stands standing."""
    shown: list[Sighting] = []
    state: Whereabouts | None = None
    for fix in fixes:
        after = follow(state, fix)
        if after is None:
            continue
        if state is not None and state.doubted is not None and after.doubted is None and not _within_reach(state.seen, fix):
            shown.append(state.doubted)  # it was true after all
        if state is None or after.seen.at_ms != state.seen.at_ms:
            shown.append(after.shown)
        state = after
    return shown
