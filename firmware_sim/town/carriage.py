"""How far the goods of a station are on their way to it, for whoever follows them: in the van, on the road, behind other stops."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from firmware_sim.town.dock_staff import DockStaff
from firmware_sim.town.staff import Progress


class Carriage(Protocol):
    """Of the van that goes to a station, as the day was planned."""

    @property
    def has_vans(self) -> bool:
        """Whether anybody sees a van: else goods are loaded, and come."""
        ...

    def loaded(self, day: date, station: str, but: int = 0) -> Progress:
        """With what the van takes, all ``but`` so many containers."""
        ...

    def left(self, day: date, station: str) -> Progress:
        """With the van's leaving the yard."""
        ...

    def before(self, day: date, station: str) -> Sequence[str]:
        """The stations that it goes to first, in order."""
        ...


class UnseenCarriage:
    """Of a town without vans. ``dock`` None: it has none of those either."""

    has_vans = False

    def __init__(self, dock: DockStaff | None) -> None:
        self._dock = dock

    def loaded(self, day: date, station: str, but: int = 0) -> Progress:  # noqa: ARG002  # all go in the van that nobody sees
        return Progress(None, is_done=True) if self._dock is None else self._dock.loading(day, but=but)

    def left(self, day: date, station: str) -> Progress:
        return self.loaded(day, station)

    def before(self, day: date, station: str) -> Sequence[str]:  # noqa: ARG002
        return ()
