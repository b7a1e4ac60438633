"""The cabinet of a schedule: doors that people shut, and a judge who looks at the site's card at every pulse.

A pulse is rightful where somebody asked for that door, and where the card, as a power cut would leave it at that moment, holds a
wish for it that was not pulsed before and has no outcome yet, or the one that says that a pulse may have been given: on a machine
so busy that the board hears seconds late, the agent has given up waiting and says just that. The board outlives the agent, and so
does what it remembers.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import apsw

from edge.devices.locker import OpenOutcome
from edge.outbox.schema import connect_to_read
from firmware_sim.locker import SimulatedLockers
from firmware_sim.locker_boards import SimulatedBoard
from firmware_sim.locker_speech import SPEECH, Unlock
from tests.faults.station_day import CELLS

ADDRESS = 1
FAMILIES = tuple(SPEECH)
_MAY_BE_PULSED = f"outcome IS NULL OR outcome = '{OpenOutcome.UNKNOWN}'"
_TRIES = 5  # of reading a card that is being written


class Ask(NamedTuple):
    """What somebody asked of a cell; of a wish that the agent made of it, the same."""

    cell: str
    purpose: str
    parcel: str = ""
    command: str = ""


@dataclass
class Cabinet:
    """One board of the family that is the seed's. ``card``: the site's folder, with its platter."""

    card: Path
    path: Path
    seed: int
    asked: Counter[Ask] = field(default_factory=Counter)  # so many pulses would be rightful
    without_command: list[str] = field(default_factory=list)
    judged: int = 0
    on_pulse: Callable[[], None] | None = None  # called once, when a lock is about to be pulsed
    _pulsed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        family = FAMILIES[self.seed % len(FAMILIES)]
        self.lockers = SimulatedLockers(self.path, family, [SimulatedBoard(ADDRESS, CELLS)], Random(f"cabinet {self.seed}"))
        self.lockers.on_request = self.hear

    @property
    def toml(self) -> str:
        """Its tables."""
        return f"""\
[[locker]]
name = "cabinet"
port = "{self.path}"
family = "{self.lockers.family}"
[[locker.board]]
name = "board"
address = {ADDRESS}
locks = {CELLS}
feedback_s = 1.0
"""

    def is_open(self, cell: str) -> bool:
        return self.lockers.board(ADDRESS).doors[int(cell)].is_open

    def holds(self, cell: str) -> bool:
        return self.lockers.board(ADDRESS).doors[int(cell)].has_article

    def shut(self, cell: str, *, holds: bool) -> None:
        """Somebody shuts the door, on something or on nothing."""
        if self.is_open(cell):
            self.lockers.board(ADDRESS).doors[int(cell)].has_article = holds
            if self.lockers.terminal.is_plugged:
                self.lockers.shut(ADDRESS, int(cell))
            else:
                self.lockers.board(ADDRESS).doors[int(cell)].is_open = False

    def shut_all(self) -> None:
        """Whatever stands open, with what lies in it."""
        for cell in map(str, self.lockers.board(ADDRESS).doors):
            self.shut(cell, holds=self.holds(cell))

    def verdicts(self) -> tuple[str, ...]:
        """Every door that was opened and should not have been."""
        pulses = len(self.lockers.pulses)
        unseen = () if pulses == self.judged else (f"the board pulsed {pulses} times, and was asked {self.judged} times",)
        return (*self.without_command, *unseen)

    def is_unlock(self, request: bytes) -> bool:
        return bool(self._locks_of(request))

    def _locks_of(self, request: bytes) -> Collection[int]:
        speech = SPEECH[self.lockers.family]
        heard = speech.hear(request, speech.base)
        return heard.locks if isinstance(heard, Unlock) else ()

    def hear(self, request: bytes) -> None:
        """Before the board acts."""
        locks = self._locks_of(request)
        if not locks:
            return
        for lock in locks:
            self._judge(str(lock))
        if self.on_pulse is not None:
            act, self.on_pulse = self.on_pulse, None
            act()

    def _judge(self, cell: str) -> None:
        self.judged += 1
        wishes = {row: ask for row, ask in self._durable_wishes().items() if ask.cell == cell}
        fresh = [row for row in wishes if row not in self._pulsed]
        if not fresh:
            why = "the card holds no wish for it" if not wishes else f"that wish was pulsed before: {wishes}"
            self.without_command.append(f"cell {cell}: {why}")
            return
        row = max(fresh)
        self._pulsed.add(row)
        self.asked[wishes[row]] -= 1
        if self.asked[wishes[row]] < 0:
            self.without_command.append(f"cell {cell}: nobody asked for {wishes[row]}, or not so often")

    def _durable_wishes(self) -> dict[int, Ask]:
        """Of the card as it would be after a power cut now."""
        for attempt in range(_TRIES):
            copy = self.card / "judged"
            shutil.rmtree(copy, ignore_errors=True)
            copy.mkdir()
            # The log first: what of it is in the file by the time that is copied is only there twice.
            for name in ("site.db-wal", "site.db"):
                if (self.card / "platter" / name).exists():
                    shutil.copyfile(self.card / "platter" / name, copy / name)
            try:
                return read_wishes(copy / "site.db", _MAY_BE_PULSED)
            except (apsw.CorruptError, apsw.NotADBError):
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError


def read_wishes(database: Path, condition: str) -> dict[int, Ask]:
    """Rows of ``cell_wish`` that meet a condition."""
    with closing(connect_to_read(database)) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(
            f"SELECT id, cell, purpose, parcel, command FROM cell_wish WHERE {condition}"
        ).fetchall()
    return {row: Ask(cell, purpose, parcel, command) for row, cell, purpose, parcel, command in rows}
