"""Which fixes of a receiver travel: fewer than it says, and none that it cannot mean. Pure; one a receiver.

Thinned by time and by what the van does, so that its way, its arrivals and its departures are there. Leaves what is shown of what
travels to the cloud, which hears phones too.
"""

from dataclasses import dataclass

from edge.devices.sensor import Fix
from edge.rules.places import metres

EARLY = 0.9  # of an interval: receivers speak once a second, a little early or late
MOVING_MS = 10_000  # positions every 10 s moving, 60 s idle
STANDING_MS = 60_000
MOVING_M_S = 1.0
MOVED_M = 30.0  # of a receiver that says no speed: more than it wanders (σ 8 m)
STILL_MS = 5_000  # a stand that has lasted so long is told at once: an arrival is not known a minute late
TURN_DEG = 35.0  # a corner travels out of turn, so that the line on the map does not cut it
TURN_MS = 3_000
MAX_HDOP = 10.0  # beyond it a place may be off by a block; data sheets call it poor
FASTEST_M_S = 60.0  # 216 km/h
JUMP_M = 60.0  # two fixes of a good receiver are rarely this far apart where nothing moved


@dataclass(slots=True)
class FixPace:
    """All times are domain ms; a clock that was set back holds nothing up."""

    _sent: Fix | None = None
    _seen: Fix | None = None  # the newest that is believed
    _doubted: Fix | None = None
    _still_since_ms: int | None = None
    _stand_is_told: bool = False

    def travels(self, fix: Fix) -> bool:
        """Whether this position is sent."""
        if fix.hdop is not None and fix.hdop > MAX_HDOP:
            return False
        if not self._believes(fix):
            return False
        is_moving = self._is_moving(fix)
        if is_moving:
            self._still_since_ms, self._stand_is_told = None, False
        elif self._still_since_ms is None or fix.measured_at_ms < self._still_since_ms:
            self._still_since_ms = fix.measured_at_ms
        if not self._is_due(fix, is_moving=is_moving):
            return False
        if self._still_since_ms is not None and fix.measured_at_ms - self._still_since_ms >= STILL_MS:
            self._stand_is_told = True
        self._sent = fix
        return True

    def _believes(self, fix: Fix) -> bool:
        """A jump that no van can make waits for a second fix that confirms it."""
        seen, doubted = self._seen, self._doubted
        if seen is None or _within_reach(seen, fix) or (doubted is not None and _within_reach(doubted, fix)):
            self._seen, self._doubted = fix, None
            return True
        self._doubted = fix
        return False

    def _is_moving(self, fix: Fix) -> bool:
        if fix.speed_m_s is not None:
            return fix.speed_m_s >= MOVING_M_S
        return self._sent is not None and metres(self._sent.lat, self._sent.lon, fix.lat, fix.lon) > MOVED_M

    def _is_due(self, fix: Fix, *, is_moving: bool) -> bool:
        sent = self._sent
        if sent is None:
            return True
        passed_ms = fix.measured_at_ms - sent.measured_at_ms
        if passed_ms < 0 or passed_ms >= (MOVING_MS if is_moving else STANDING_MS) * EARLY:
            return True
        if is_moving:
            return passed_ms >= TURN_MS and _turned_deg(sent, fix) >= TURN_DEG
        still_ms = 0 if self._still_since_ms is None else fix.measured_at_ms - self._still_since_ms
        return still_ms >= STILL_MS and not self._stand_is_told and (sent.speed_m_s or 0.0) >= MOVING_M_S


def _turned_deg(one: Fix, other: Fix) -> float:
    if one.heading_deg is None or other.heading_deg is None:
        return 0.0
    return abs((other.heading_deg - one.heading_deg + 180.0) % 360.0 - 180.0)


def _within_reach(one: Fix, other: Fix) -> bool:
    passed_s = abs(other.measured_at_ms - one.measured_at_ms) / 1000
    return metres(one.lat, one.lon, other.lat, other.lon) <= JUMP_M + FASTEST_M_S * passed_s
