"""Where a parcel or a container stands after what happened to it: the transitions that station and cloud share.

ARCHITECTURE, decisions 3 and 28.
A standing is a fold over facts in their order; whose clock orders them, what is undone and which sites disagree is the caller's.
A parcel that was handed out or thrown away has left: later facts about it contradict that, and `contradicts` says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from edge.wire.counter import ParcelReleased
from edge.wire.custody import (
    ContainerDropped,
    ContainerEmptied,
    ContainerOpened,
    ContainerReturned,
    ContainerSigned,
    CountFinished,
    ParcelDisposed,
    ParcelOverdue,
    ParcelPlaced,
    ParcelReceived,
    ParcelRemoved,
    ParcelReturned,
    ParcelSeen,
    ParcelShelved,
    Problem,
    VarianceFound,
)
from edge.wire.dock import (
    ContainerBound,
    ContainerLoaded,
    ContainerLost,
    ContainerSealed,
    ContainerTakenBack,
    ParcelPacked,
    ParcelSorted,
)
from edge.wire.events import AnyFact


class ParcelState(StrEnum):
    """Where a parcel stands; the pages translate."""

    EXPECTED = "expected"
    SORTED = "sorted"
    PACKED = "packed"
    RECEIVED = "received"
    SHELVED = "shelved"
    IN_LOCKER = "in_locker"
    RELEASED = "released"
    RETURNED = "returned"
    DISPOSED = "disposed"

    @property
    def is_final(self) -> bool:
        """True where the parcel has left the station."""
        return self in (ParcelState.RELEASED, ParcelState.RETURNED, ParcelState.DISPOSED)

    @property
    def is_at_station(self) -> bool:
        """True where it lies at a pickup point and can be handed out."""
        return self in (ParcelState.RECEIVED, ParcelState.SHELVED, ParcelState.IN_LOCKER)


@dataclass(frozen=True, slots=True)
class ParcelStanding:
    """``place``: the shelf slot or the locker cell it lies in, "" where it lies in neither. ``container``: the one it came in."""

    state: ParcelState = ParcelState.EXPECTED
    place: str = ""
    container: str = ""
    problems: frozenset[Problem] = frozenset()
    is_overdue: bool = False


class ContainerState(StrEnum):
    """Where a container stands; the pages translate."""

    EMPTY = "empty"
    BOUND = "bound"
    SEALED = "sealed"
    LOADED = "loaded"
    DELIVERED = "delivered"
    OPENED = "opened"
    AWAITING_RETURN = "awaiting_return"
    RETURNED_EMPTY = "returned_empty"
    LOST = "lost"

    @property
    def is_at_station(self) -> bool:
        """True from the door to the van that takes it back."""
        return self in (ContainerState.DELIVERED, ContainerState.OPENED, ContainerState.AWAITING_RETURN)


@dataclass(frozen=True, slots=True)
class ContainerStanding:
    """``is_signed``: a person took it over; a container that was dropped is delivered and not signed for. ``count``: the last."""

    state: ContainerState = ContainerState.EMPTY
    is_signed: bool = False
    count: CountFinished | None = None
    problems: frozenset[Problem] = frozenset()

    @property
    def is_counted(self) -> bool:
        return self.count is not None


def parcel_standing(facts: Iterable[AnyFact]) -> ParcelStanding:
    """After all facts about one parcel, in order; facts about other things change nothing."""
    standing = ParcelStanding()
    for fact in facts:
        standing = after(standing, fact)
    return standing


def after(standing: ParcelStanding, fact: AnyFact) -> ParcelStanding:
    """One step. What contradicts the standing leaves it as it is: the first stands."""
    if contradicts(standing, fact):
        return standing
    match fact:
        case VarianceFound(problem=problem):
            return replace(standing, problems=standing.problems | {problem})
        case ParcelOverdue():
            return replace(standing, is_overdue=True)
        case ParcelReleased() | ParcelDisposed() | ParcelReturned():
            return replace(standing, state=_LEFT_AS[type(fact)], place="", is_overdue=False)
        case ParcelSorted():
            return replace(_found(standing), state=ParcelState.SORTED, place="", is_overdue=False)
        case ParcelPacked(container=container):
            return replace(_found(standing), state=ParcelState.PACKED, place="", container=container, is_overdue=False)
        case ParcelReceived(container=container):
            return _here(standing, container)
        case ParcelSeen() | ParcelShelved() | ParcelPlaced() | ParcelRemoved():
            return _moved(_here(standing, standing.container), fact)
        case _:
            return standing


def contradicts(standing: ParcelStanding, fact: AnyFact) -> bool:
    """Whether a fact cannot be true of a parcel that stands so: one of the two was a mistake, and a person has to say which.

    What was sent back may come again; what was handed out or thrown away may not.
    """
    match fact:
        case ParcelReceived() | ParcelSorted() | ParcelPacked():
            return standing.state in (ParcelState.RELEASED, ParcelState.DISPOSED)
        case ParcelSeen() | ParcelShelved() | ParcelPlaced() | ParcelRemoved():
            return standing.state.is_final
        case ParcelReleased() | ParcelDisposed() | ParcelReturned():
            return standing.state.is_final
        case _:
            return False


def container_standing(facts: Iterable[AnyFact]) -> ContainerStanding:
    """After all facts about one container, in order."""
    standing = ContainerStanding()
    for fact in facts:
        standing = container_after(standing, fact)
    return standing


def container_after(standing: ContainerStanding, fact: AnyFact) -> ContainerStanding:
    """One step. A container goes round: signing for it again after it went back begins anew."""
    match fact:
        case ContainerBound():
            return ContainerStanding(ContainerState.BOUND)
        case ContainerSealed() | ContainerLoaded():
            return _outbound(standing, ContainerState.SEALED if isinstance(fact, ContainerSealed) else ContainerState.LOADED)
        case ContainerTakenBack():
            return ContainerStanding()
        case ContainerSigned():
            fresh = standing if standing.state.is_at_station else ContainerStanding()
            state = fresh.state if fresh.state.is_at_station else ContainerState.DELIVERED
            return replace(fresh, state=state, is_signed=True)
        case ContainerDropped():
            return standing if standing.state.is_at_station else ContainerStanding(ContainerState.DELIVERED)
        case CountFinished():
            return replace(standing, count=fact)
        case ContainerOpened() | ContainerEmptied() | ContainerReturned() | ContainerLost():
            return replace(standing, state=_BECOMES[type(fact)])
        case VarianceFound(problem=problem, parcel=""):
            return replace(standing, problems=standing.problems | {problem})
        case _:
            return standing


_BECOMES = {
    ContainerOpened: ContainerState.OPENED,
    ContainerEmptied: ContainerState.AWAITING_RETURN,
    ContainerReturned: ContainerState.RETURNED_EMPTY,
    ContainerLost: ContainerState.LOST,
}


def _outbound(standing: ContainerStanding, state: ContainerState) -> ContainerStanding:
    """At the dock. What was said of it at a station belongs to the round before."""
    is_new_round = standing.state not in (ContainerState.EMPTY, ContainerState.BOUND, ContainerState.SEALED, ContainerState.LOADED)
    return replace(ContainerStanding() if is_new_round else standing, state=state)


_LEFT_AS = {
    ParcelReleased: ParcelState.RELEASED,
    ParcelDisposed: ParcelState.DISPOSED,
    ParcelReturned: ParcelState.RETURNED,
}


def _moved(standing: ParcelStanding, fact: ParcelSeen | ParcelShelved | ParcelPlaced | ParcelRemoved) -> ParcelStanding:
    """Into a slot, into a cell, or out of one; a parcel that was only seen lies where it lay."""
    match fact:
        case ParcelSeen(slot=""):
            return standing
        case ParcelSeen(slot=slot) | ParcelShelved(slot=slot):
            return replace(standing, state=ParcelState.SHELVED, place=slot)
        case ParcelPlaced(cell=cell):
            return replace(standing, state=ParcelState.IN_LOCKER, place=cell)
        case ParcelRemoved():
            return replace(standing, state=ParcelState.RECEIVED, place="")
        case _:
            assert_never(fact)


def _here(standing: ParcelStanding, container: str) -> ParcelStanding:
    """It is at the station, and so not missing. Where it lies stays as it was, if it lay somewhere."""
    state = standing.state if standing.state.is_at_station else ParcelState.RECEIVED
    place = standing.place if standing.state.is_at_station else ""
    return replace(_found(standing), state=state, place=place, container=container or standing.container)


def _found(standing: ParcelStanding) -> ParcelStanding:
    """Somebody holds it in their hands."""
    return replace(standing, problems=standing.problems - {Problem.MISSING})
