"""How long a van's driver takes: when it leaves, how long it stays at a stop, a flat tyre now and then. Seeded."""

from datetime import date, time
from random import Random

from edge.wire.clock import to_ms
from firmware_sim.town.plan import at
from firmware_sim.town.settings import TownSettings

LEAVES = time(7, 0)
_LEAVES_WITHIN_S = 240.0  # not all at once through one gate
_DWELL_S, _DWELL_A_CONTAINER_S = 180.0, 24.0
_MEETING_S = 120.0  # to find each other and open two doors


class Habits:
    """One van's driver's."""

    def __init__(self, van: str, settings: TownSettings) -> None:
        self._van = van
        self._settings = settings

    def leaves_ms(self, day: date) -> int:
        """Not before then."""
        return to_ms(at(day, LEAVES)) + round(self._random(day, "leaves").uniform(0, _LEAVES_WITHIN_S) * 1000)

    def stay_ms(self, day: date, stops_behind: int, containers: int) -> int:
        """At a stop."""
        return round((_DWELL_S + _DWELL_A_CONTAINER_S * containers + self._trouble_s(day, stops_behind)) * 1000)

    def meeting_ms(self, containers: int) -> int:
        """Beside another van."""
        return round((_MEETING_S + _DWELL_A_CONTAINER_S * containers) * 1000)

    def _trouble_s(self, day: date, stop: int) -> float:
        """A flat tyre at one of the stops."""
        random = self._random(day, "breakdown")
        if random.random() >= self._settings.chances.breakdown:
            return 0.0
        return random.uniform(45 * 60, 120 * 60) if stop == random.randrange(6) else 0.0

    def _random(self, day: date, what: str) -> Random:
        return Random(f"{self._settings.seed}/{day.isoformat()}/{self._van}/{what}")
