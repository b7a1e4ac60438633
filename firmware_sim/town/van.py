"""The van's day: when it leaves, when it is at each station, what holds it up. Pure and seeded.

Its way is a list of stops in a fixed order; streets and positions come with routing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from firmware_sim.town.chances import AS_USUAL, Chances
from firmware_sim.town.goods import Place
from firmware_sim.town.plan import at

_DEPARTS, _SPREAD_MIN = time(7, 0), 20.0
_SPEED_KM_H, _DETOUR, _PEAK = 24.0, 1.35, 0.7  # the morning's traffic slows a van down to this share
_DWELL_MIN, _DWELL_A_CONTAINER_MIN, _CONTAINERS = 3.0, 0.4, 6.0
_TO_THE_FIRST_MIN = 30.0  # from the grid warehouse at the town's edge
_BREAKDOWN_MIN = (45.0, 120.0)
_LATEST = time(15, 30)  # deliveries end: a van that would be later has its goods brought by another
_OPENS_LATER_MIN = (60.0, 150.0)  # after the van was at a closed door, until somebody comes
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Stop:
    """A station on the van's way. ``signs_at``: when somebody takes over what it brought: later where it was left at the door."""

    station: str
    arrives_at: datetime
    signs_at: datetime

    @property
    def is_dropped(self) -> bool:
        """Nobody was there (无人交接)."""
        return self.signs_at > self.arrives_at


def run_of(day: date) -> str:
    """The run's name: one van serves a small town."""
    return f"R{day:%m%d}-1"


def drive(seed: int, day: date, stations: Sequence[tuple[str, Place]], chances: Chances = AS_USUAL) -> list[Stop]:
    """The stops, in their order."""
    random = Random(f"{seed}/{day.isoformat()}/van")
    now = at(day, _DEPARTS) + timedelta(minutes=random.uniform(-_SPREAD_MIN, _SPREAD_MIN) + _TO_THE_FIRST_MIN)
    breaks_at = random.randrange(max(1, len(stations))) if random.random() < chances.breakdown else -1
    stops: list[Stop] = []
    before: Place | None = None
    for n, (station, place) in enumerate(stations):
        if before is not None:
            now += timedelta(hours=_km(before, place) * _DETOUR / (_SPEED_KM_H * _PEAK))
        if n == breaks_at:
            now += timedelta(minutes=random.uniform(*_BREAKDOWN_MIN))
        arrives = min(now, at(day, _LATEST))
        later = timedelta(minutes=random.uniform(*_OPENS_LATER_MIN)) if random.random() < chances.closed else timedelta()
        stops.append(Stop(station, arrives, arrives + later))
        now = arrives + timedelta(minutes=_DWELL_MIN + _DWELL_A_CONTAINER_MIN * _CONTAINERS)
        before = place
    return stops


def _km(one: Place, other: Place) -> float:
    """Great circle."""
    south, north = math.radians(one.lat), math.radians(other.lat)
    up = north - south
    east = math.radians(other.lon - one.lon)
    half = math.sin(up / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(east / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))
