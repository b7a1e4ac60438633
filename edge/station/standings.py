"""Where everything here stands, folded once and then only anew where something was booked: screens look four times a second.

Only on the outbox's thread. What an act depends on is read in its own transaction (`edge.station.ledger`), never here.
"""

from edge.outbox.transaction import Execute
from edge.rules.custody import ContainerStanding, ParcelStanding, container_standing, parcel_standing
from edge.station import ledger
from edge.station.day import Day
from edge.station.known import KnownContainer, KnownParcel

MAX_NEW_ROWS = 5_000  # more than that since the last look, and it begins anew


class Standings:
    """``refresh`` before each look, in the same piece of work on the thread."""

    def __init__(self) -> None:
        self._parcels: dict[str, ParcelStanding] = {}
        self._containers: dict[str, ContainerStanding] = {}
        self._here: set[str] = set()  # lies here, or was touched since anybody looked
        self._first_row = self._last_row = -1
        self._undone = -1

    def refresh(self, execute: Execute, undone: int) -> None:
        """Forget what was booked since the last look. ``undone``: how many acts were taken back."""
        ((first, last),) = execute("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM booking").fetchall()
        is_new = (first, undone) != (self._first_row, self._undone) or not 0 <= last - self._last_row <= MAX_NEW_ROWS
        if is_new:  # housekeeping and undoing change rows that are not the last
            self._parcels.clear()
            self._containers.clear()
            self._here = set(ledger.maybe_here(execute))
        else:
            rows = execute("SELECT DISTINCT thing FROM booking WHERE id > ?", (self._last_row,)).fetchall()
            for (thing,) in rows:
                self._parcels.pop(thing, None)
                self._containers.pop(thing, None)
                self._here.add(thing)
        self._first_row, self._last_row, self._undone = first, last, undone

    def parcel(self, execute: Execute, day: Day, label: str) -> KnownParcel:
        """As the ledger has it, but for when it was handed out."""
        standing = self._parcels.get(label)
        if standing is None:
            facts = ledger.facts_of(execute, label)
            standing = self._parcels[label] = parcel_standing(facts) if facts else ledger.NEVER_SEEN
        return day.known_parcel(label, standing)

    def container(self, execute: Execute, day: Day, label: str) -> KnownContainer:
        """As the ledger has it."""
        standing = self._containers.get(label)
        if standing is None:
            standing = self._containers[label] = container_standing(ledger.facts_of(execute, label))
        return day.known_container(label, standing)

    def here(self, execute: Execute, day: Day) -> list[KnownParcel]:
        """Every parcel that lies here, by label."""
        known = [self.parcel(execute, day, label) for label in sorted(self._here)]
        lying = [one for one in known if one.standing.state.is_at_station]
        self._here = {one.parcel for one in lying}
        return lying
