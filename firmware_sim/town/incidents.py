"""What goes wrong with a station's machines on a day: which device, from when to when. Pure and seeded.

Who breaks and mends things is accidents'.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from random import Random

from edge.wire.clock import to_ms
from firmware_sim.cold_room import DISPLAY_1, FREEZER_1, FRIDGE_1
from firmware_sim.town.chances import AS_USUAL, Chances
from firmware_sim.town.plan import at

_OPENS, _HOURS = time(7, 30), 13.0
_DOOR_MIN = (4.0, 12.0)
_FAILING_H = (1.0, 4.0)
_SCANNER_MIN = (3.0, 15.0)
_OUTAGE_MEDIAN_MIN, _OUTAGE_SIGMA = 20.0, 1.51  # log-normal: P95 is 4 h
_OUTAGE_MOST_MIN = 12 * 60.0
_SKEW_S, _LARGE_SKEW_S = 2.0, 300.0


class Mishap(StrEnum):
    """What happens; each ends by itself at ``Incident.until_ms``."""

    DOOR_OPEN = "door_open"
    FAILING = "failing"
    DROPOUT = "dropout"
    UNPLUGGED = "unplugged"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Incident:
    """One of them, in domain ms. ``device``: a box or a door; empty: the scanner, or the line to the broker."""

    from_ms: int
    until_ms: int
    mishap: Mishap
    device: str = ""

    def is_going_on(self, now_ms: int) -> bool:
        return self.from_ms <= now_ms < self.until_ms


def incidents(seed: int, station: str, day: date, chances: Chances = AS_USUAL) -> list[Incident]:
    """A station's, by their beginning."""
    random = Random(f"{seed}/{station}/{day.isoformat()}/incidents")
    found = [
        *_of(random, day, Mishap.DOOR_OPEN, (FRIDGE_1, FREEZER_1), chances.door_left_open, _DOOR_MIN),
        *_of(random, day, Mishap.FAILING, (FRIDGE_1, FREEZER_1), chances.failing_box, (60 * _FAILING_H[0], 60 * _FAILING_H[1])),
        *_of(random, day, Mishap.DROPOUT, (FRIDGE_1, FREEZER_1, DISPLAY_1), chances.dropout, (60.0, 600.0)),
        *_of(random, day, Mishap.UNPLUGGED, ("",), chances.scanner_unplugged, _SCANNER_MIN),
    ]
    if random.random() < chances.outage:
        minutes = min(_OUTAGE_MOST_MIN, _OUTAGE_MEDIAN_MIN * math.exp(random.gauss(0.0, _OUTAGE_SIGMA)))
        found.append(_between(Mishap.OUTAGE, "", _some_time(random, day), minutes))
    return sorted(found, key=lambda one: one.from_ms)


def skew_ms(seed: int, station: str, day: date, chances: Chances = AS_USUAL) -> int:
    """How far a station's clock is off that day, ahead or behind: seconds mostly, rarely minutes."""
    random = Random(f"{seed}/{station}/{day.isoformat()}/clock")
    if random.random() < chances.skewed_clock:
        return int(1000 * random.choice((-1.0, 1.0)) * _LARGE_SKEW_S)
    return int(1000 * random.uniform(-_SKEW_S, _SKEW_S))


def going_on(found: Iterable[Incident], now_ms: int) -> frozenset[Incident]:
    """Those that have begun and are not over."""
    return frozenset(one for one in found if one.is_going_on(now_ms))


def _of(
    random: Random, day: date, mishap: Mishap, devices: Iterable[str], chance: float, minutes: tuple[float, float]
) -> Iterator[Incident]:  # fmt: skip
    for device in devices:
        if random.random() < chance:
            yield _between(mishap, device, _some_time(random, day), random.uniform(*minutes))


def _some_time(random: Random, day: date) -> datetime:
    return at(day, _OPENS) + timedelta(hours=random.uniform(0.0, _HOURS))


def _between(mishap: Mishap, device: str, begins: datetime, minutes: float) -> Incident:
    return Incident(to_ms(begins), to_ms(begins + timedelta(minutes=minutes)), mishap, device)
