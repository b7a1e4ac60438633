"""When goods come to a station, and whether they are there: by a formula in a town without vans, by its vans in one with them."""

from collections.abc import Callable
from datetime import date
from typing import Protocol

from firmware_sim.town.settings import TownSettings
from firmware_sim.town.van import Stop, drive


class Round(Protocol):
    """What a station's staff know of the day's delivery."""

    def stop(self, day: date, station: str) -> Stop:
        """When it is expected, as far as anybody knows yet."""
        ...

    def is_known(self, day: date, station: str) -> bool:
        """Whether that is more than an expectation: the day is planned around it."""
        ...

    def has_come(self, day: date, station: str) -> bool:
        """Whether the goods are at the door."""
        ...


class FormulaRound:
    """``has_loaded``: whether the dock has everything of a day in the van that nobody sees."""

    def __init__(self, settings: TownSettings, has_loaded: Callable[[date], bool]) -> None:
        self._settings = settings
        self._has_loaded = has_loaded
        self._stops: dict[date, dict[str, Stop]] = {}

    def stop(self, day: date, station: str) -> Stop:
        if day not in self._stops:
            settings = self._settings
            stops = drive(settings.seed, day, [(one.id, one.place) for one in settings.stations], settings.chances)
            self._stops = {day: {one.station: one for one in stops}}
        return self._stops[day][station]

    def is_known(self, day: date, station: str) -> bool:  # noqa: ARG002  # a formula knows every day
        return True

    def has_come(self, day: date, station: str) -> bool:  # noqa: ARG002  # all is loaded or nothing leaves
        return self._has_loaded(day)
