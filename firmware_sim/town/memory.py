"""What the town remembers between two runs: which orders it has sent, what lies in the day's bags, which steps were done.

One JSON file, replaced as a whole. What the cloud knows is asked of the cloud.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from firmware_sim.town.arrivals import Bag
from firmware_sim.town.steps import Step
from firmware_sim.town.trips import Trip

KEPT_DAYS = 3  # the service date, the next one, and one that somebody may still look back to


class _Kept(msgspec.Struct):
    seed: int
    sent: set[str] = msgspec.field(default_factory=set)  # station/date: all of its orders
    placed: dict[str, int] = msgspec.field(default_factory=dict)  # station/date → how many of them, the first ones
    done: dict[str, set[str]] = msgspec.field(default_factory=dict)  # date → [station/]kind/label
    begun: set[str] = msgspec.field(default_factory=set)  # date/kind/label of what must not be done twice
    bags: dict[str, list[Bag]] = msgspec.field(default_factory=dict)  # station/date
    batches: set[str] = msgspec.field(default_factory=set)  # act/date
    notes: dict[str, str] = msgspec.field(default_factory=dict)
    trips: dict[str, Trip] = msgspec.field(default_factory=dict)  # van/date
    set_up: dict[str, str] = msgspec.field(default_factory=dict)  # station → what it was set up with


class ForgottenError(ValueError):
    """The file does not belong to this town; the text has the remedy."""


@dataclass(slots=True)
class Memory:
    """Loaded by ``recall``; each change is on disk when the method returns."""

    path: Path
    _kept: _Kept = field(repr=False)

    @classmethod
    def recall(cls, path: Path, seed: int) -> "Memory":
        """Read ``path``, or begin. ForgottenError for a broken file or one of another seed."""
        if not path.exists():
            return cls(path, _Kept(seed))
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        except msgspec.DecodeError as error:
            raise ForgottenError(f"{path}: {error}; start over with FRESH=1") from None
        if kept.seed != seed:
            raise ForgottenError(f"{path}: made with seed {kept.seed}, not {seed}; use that one, or start over with FRESH=1")
        return cls(path, kept)

    def placed(self, station: str, day: date) -> int | None:
        """How many orders of ``station`` for ``day`` are in the cloud; None: all."""
        key = f"{station}/{day.isoformat()}"
        return None if key in self._kept.sent else self._kept.placed.get(key, 0)

    def place(self, station: str, day: date, count: int, *, is_all: bool) -> None:
        """So many of them are, the first ones."""
        key = f"{station}/{day.isoformat()}"
        self._kept.placed[key] = count
        if is_all:
            self._kept.sent.add(key)
        self._save()

    def has_batch(self, act: str, day: date) -> bool:
        """Whether the orders of ``day`` are allocated, or planned."""
        return f"{act}/{day.isoformat()}" in self._kept.batches

    def batch(self, act: str, day: date) -> None:
        """They are."""
        self._kept.batches.add(f"{act}/{day.isoformat()}")
        self._save()

    def is_set_up(self, station: str, like: str) -> bool:
        """Whether the cloud knows the station's staff, shelves and cells as ``like`` says."""
        return self._kept.set_up.get(station) == like

    def set_up(self, station: str, like: str) -> None:
        """It does."""
        self._kept.set_up[station] = like
        self._save()

    def noted(self, what: str) -> str:
        """What was noted of something; "" nothing."""
        return self._kept.notes.get(what, "")

    def note(self, what: str, text: str) -> None:
        """Until the next note of it."""
        self._kept.notes[what] = text
        self._save()

    def bags(self, station: str, day: date) -> list[Bag] | None:
        """What the list said; None: nobody has read it yet."""
        return self._kept.bags.get(f"{station}/{day.isoformat()}")

    def keep_bags(self, station: str, day: date, bags: Sequence[Bag]) -> None:
        """The list as it was read: by tomorrow the page has another one."""
        self._kept.bags[f"{station}/{day.isoformat()}"] = list(bags)
        self._save()

    def trip(self, van: str, day: date) -> Trip | None:
        """How far a van is with its day; None: nobody has begun it."""
        return self._kept.trips.get(f"{van}/{day.isoformat()}")

    def keep_trip(self, van: str, day: date, trip: Trip) -> None:
        """So far."""
        self._kept.trips[f"{van}/{day.isoformat()}"] = trip
        self._save()

    def is_done(self, day: date, station: str, step: Step) -> bool:
        done = self._kept.done.get(day.isoformat(), set())
        return f"{station}/{step.key}" in done or step.key in done  # without a station: before release 0.2

    def done(self, day: date, station: str, step: Step) -> None:
        """``step`` was seen to be booked."""
        self._kept.done.setdefault(day.isoformat(), set()).add(f"{station}/{step.key}")
        self._forget_old()
        self._save()

    def begin(self, day: date, station: str, step: Step) -> bool:
        """It is about to be done. True: so it was before, and nobody knows whether it was."""
        key = f"{day.isoformat()}/{station}/{step.key}"
        if key in self._kept.begun:
            return True
        self._kept.begun.add(key)
        self._save()
        return False

    def _forget_old(self) -> None:
        kept = self._kept
        for old in sorted(kept.done)[:-KEPT_DAYS]:
            del kept.done[old]
        first = min(kept.done)
        kept.sent = {key for key in kept.sent if key.rpartition("/")[2] >= first}
        kept.placed = {key: count for key, count in kept.placed.items() if key.rpartition("/")[2] >= first}
        kept.begun = {key for key in kept.begun if key.partition("/")[0] >= first}
        kept.trips = {key: trip for key, trip in kept.trips.items() if key.rpartition("/")[2] >= first}
        kept.bags = {key: bags for key, bags in kept.bags.items() if key.rpartition("/")[2] >= first}
        kept.batches = {key for key in kept.batches if key.rpartition("/")[2] >= first}

    def _save(self) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self._kept))
        fresh.replace(self.path)
