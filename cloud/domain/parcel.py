"""A parcel's state as a fold over its events (decision 3), with what people have to decide.

Late, repeated and reordered events end in the same state; an undone event counts as not having happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from cloud.domain.events import PlacedEvent, RecordedEvent, effective
from edge.wire.ids import EventId, SiteId
from edge.wire.messages import ParcelReceived, ParcelReleased, ParcelShelved
from edge.wire.order import ZERO, Hlc


class ParcelState(StrEnum):
    """domain.md's words; those without an event yet come with theirs."""

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
        """True where the parcel has left for good."""
        return self in (ParcelState.RELEASED, ParcelState.RETURNED, ParcelState.DISPOSED)

    @property
    def is_at_station(self) -> bool:
        """True where it lies at a pickup point and can be handed out."""
        return self in (ParcelState.RECEIVED, ParcelState.SHELVED, ParcelState.IN_LOCKER)


class ParcelException(StrEnum):
    """What is wrong with a parcel (domain.md)."""

    SHORT = "short"
    SURPLUS = "surplus"
    WRONG_ITEM = "wrong_item"
    DAMAGED = "damaged"
    SPOILED = "spoiled"
    UNDERWEIGHT = "underweight"
    TEMP_BREACH = "temp_breach"
    MISSING = "missing"
    DWELL = "dwell"
    WRONG_RELEASE = "wrong_release"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two events that cannot both be true of one parcel: the first stands, a person decides."""

    kept: EventId
    disputed: EventId


@dataclass(frozen=True, slots=True)
class ParcelStep:
    """One change a person may be shown."""

    at_ms: int
    state: ParcelState
    site: SiteId


@dataclass(frozen=True, slots=True)
class Parcel:
    """The folded state. ``hlc`` is the highest order key among all its events, counted or not."""

    state: ParcelState = ParcelState.EXPECTED
    slot: str = ""
    at_site: SiteId | None = None
    state_at_ms: int | None = None
    conflicts: tuple[Conflict, ...] = ()
    steps: tuple[ParcelStep, ...] = ()
    hlc: Hlc = ZERO
    released_by: EventId | None = None

    def exceptions(self, meant_for: str | None) -> tuple[ParcelException, ...]:
        """What is wrong, in a fixed order. ``meant_for``: the station the order names, None where no order is known yet."""
        found: list[ParcelException] = []
        if meant_for is not None and self.at_site is not None and self.at_site != meant_for:
            found.append(ParcelException.SURPLUS)
        if self.conflicts:
            found.append(ParcelException.WRONG_RELEASE)
        return tuple(found)


def fold_parcel(events: Iterable[RecordedEvent]) -> Parcel:
    """The parcel after all its events, given in any order and any number of times."""
    recorded = list(events)
    parcel = Parcel(hlc=max((event.hlc for event in recorded), default=ZERO))
    for entry in effective(recorded):
        parcel = _after(parcel, entry)
    return parcel


def _after(parcel: Parcel, entry: PlacedEvent) -> Parcel:
    match entry.event.fact:
        case ParcelReceived():
            return _moved(parcel, entry, ParcelState.RECEIVED, slot="")
        case ParcelShelved(slot=slot):
            return _moved(parcel, entry, ParcelState.SHELVED, slot=slot)
        case ParcelReleased():
            moved = _moved(parcel, entry, ParcelState.RELEASED, slot="")
            return moved if parcel.released_by else replace(moved, released_by=entry.event.id)
        case _:
            return parcel


def _moved(parcel: Parcel, entry: PlacedEvent, state: ParcelState, slot: str) -> Parcel:
    if parcel.released_by is not None:
        # It was handed out and is seen again: one of the two scans took another parcel for this one. The first stands.
        return replace(parcel, conflicts=(*parcel.conflicts, Conflict(parcel.released_by, entry.event.id)))
    site = entry.event.site
    if state is ParcelState.RECEIVED and parcel.state.is_at_station and parcel.at_site == site:
        return parcel  # scanned in twice at one station: it is there, and it keeps its slot
    return replace(
        parcel,
        state=state,
        slot=slot,
        at_site=site,
        state_at_ms=entry.at_ms,
        steps=(*parcel.steps, ParcelStep(entry.at_ms, state, site)),
    )
