"""Cabinets as things: doors that a pulse, a hand or a jam moves, and a record of every pulse and every move.

Leaves what a board hears and says to locker_speech, and the line to locker.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class MovedBy(StrEnum):
    """Why a door moved. HAND is somebody at the cabinet: a door that opens so has opened without a command."""

    PULSE = "pulse"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class LockPulse:
    """A lock was energised. ``at_s`` is the simulator's monotonic clock."""

    at_s: float
    address: int
    lock: int


@dataclass(frozen=True, slots=True)
class DoorMove:
    """A door opened or shut, whatever its contact says."""

    at_s: float
    address: int
    lock: int
    is_open: bool
    by: MovedBy


@dataclass(slots=True)
class SimulatedDoor:
    """One door with its lock, its contact and what lies behind it."""

    is_open: bool = False
    is_jammed: bool = False  # a pulse does not open it
    has_article: bool = False
    stuck_contact: bool | None = None  # what the contact says for ever, True for open; None where it works
    opens_at_s: float | None = None  # pulsed, and its spring has not moved it yet

    @property
    def contact_open(self) -> bool:
        return self.is_open if self.stuck_contact is None else self.stuck_contact


@dataclass(slots=True)
class SimulatedBoard:
    """One board of locks. Locks count from 1; ``address`` is as the line carries it."""

    address: int
    locks: int
    one_is_closed: bool = True  # the contact's 1, or 11
    replies: bool = True  # to an unlock
    refuses: bool = False  # WKLY: answers every unlock with "failed", and pulses nothing
    pushes: bool = False  # says by itself when a door moves (8A and WKLY boards can)
    high_first: bool = False  # the order of a whole board's status bytes
    bit_one_is_open: bool = False  # 8A: a whole board's status bits, where one_is_closed is its 11
    line_lock_base: int | None = None  # the number the line uses for lock 1; None: the family's
    opens_after_s: float = 0.0  # from the pulse to the door's contact
    doors: dict[int, SimulatedDoor] = field(default_factory=dict)
    pulses: list[LockPulse] = field(default_factory=list)
    moves: list[DoorMove] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.doors = {lock: SimulatedDoor() for lock in range(1, self.locks + 1)}

    def pulse(self, lock: int, at_s: float) -> None:
        """Energise a lock: recorded always, and the door opens unless it is open or jammed."""
        self.pulses.append(LockPulse(at_s, self.address, lock))
        door = self.doors[lock]
        if not door.is_open and not door.is_jammed:
            door.opens_at_s = at_s + self.opens_after_s
            self.settle(at_s)

    def settle(self, at_s: float) -> list[int]:
        """Open the doors whose spring has had its time; the locks that moved."""
        due = [lock for lock, door in self.doors.items() if door.opens_at_s is not None and door.opens_at_s <= at_s]
        for lock in due:
            self.move(lock, is_open=True, by=MovedBy.PULSE, at_s=at_s)
        return due

    def next_due_s(self) -> float | None:
        """When the next door will open by itself."""
        return min((door.opens_at_s for door in self.doors.values() if door.opens_at_s is not None), default=None)

    def move(self, lock: int, *, is_open: bool, by: MovedBy, at_s: float) -> bool:
        """Open or shut a door; False if it is so already."""
        door = self.doors[lock]
        door.opens_at_s = None
        if door.is_open == is_open:
            return False
        door.is_open = is_open
        self.moves.append(DoorMove(at_s, self.address, lock, is_open, by))
        return True
