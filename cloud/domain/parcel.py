"""A parcel's state as a fold over its events (ARCHITECTURE, decision 3), with what people have to decide.

The transitions are `edge.rules.custody`'s, which stations use too; here is what only the cloud knows: sites, and who contradicts
whom. Late, repeated and reordered events end in the same state; an undone event counts as not having happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from cloud.domain.events import PlacedEvent, RecordedEvent, effective
from edge.rules.custody import ParcelStanding, ParcelState, after, contradicts
from edge.wire.ids import EventId, SiteId
from edge.wire.messages import (
    ParcelPacked,
    ParcelPlaced,
    ParcelReceived,
    ParcelRemoved,
    ParcelSeen,
    ParcelShelved,
    ParcelSorted,
    Problem,
)
from edge.wire.order import ZERO, Hlc

__all__ = ["Conflict", "Dispute", "Parcel", "ParcelException", "ParcelState", "ParcelStep", "fold_parcel"]


class ParcelException(StrEnum):
    """What is wrong with a parcel."""

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


class Dispute(StrEnum):
    """How two events cannot both be true of one parcel."""

    LEFT_TWICE = "left_twice"  # handed out, thrown away or sent back, and that again
    SEEN_AFTER_LEAVING = "seen_after_leaving"
    AT_TWO_STATIONS = "at_two_stations"  # and nobody said that it went from the one to the other


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two events of which a person believes one, by undoing the other.

    Until then what left stays gone, and what was at two stations is at the second.
    """

    kept: EventId
    disputed: EventId
    dispute: Dispute = Dispute.LEFT_TWICE


@dataclass(frozen=True, slots=True)
class ParcelStep:
    """One change a person may be shown."""

    at_ms: int
    state: ParcelState
    site: SiteId


@dataclass(frozen=True, slots=True)
class Parcel:
    """The folded state. ``slot``: shelf slot or locker cell. ``container``: the one it last went into, or came in.

    ``hlc`` is the highest order key among all its events, counted or not. ``left_by``: the event by which it left, ``here_by`` the
    one that first found it at ``at_site``.
    """

    state: ParcelState = ParcelState.EXPECTED
    slot: str = ""
    at_site: SiteId | None = None
    state_at_ms: int | None = None
    conflicts: tuple[Conflict, ...] = ()
    steps: tuple[ParcelStep, ...] = ()
    hlc: Hlc = ZERO
    left_by: EventId | None = None
    here_by: EventId | None = None
    container: str = ""
    container_at_ms: int | None = None
    problems: frozenset[Problem] = frozenset()
    is_overdue: bool = False

    def exceptions(self, meant_for: str | None) -> tuple[ParcelException, ...]:
        """What is wrong, in a fixed order. ``meant_for``: the station the order names, None where no order is known yet."""
        if not (self.problems or self.conflicts or self.is_overdue) and meant_for in (None, self.at_site):
            return ()
        found = {ParcelException(problem) for problem in self.problems}
        is_on_the_way = self.state in (ParcelState.SORTED, ParcelState.PACKED)
        if meant_for is not None and self.at_site is not None and self.at_site != meant_for and not is_on_the_way:
            found.add(ParcelException.SURPLUS)
        if self.is_overdue:
            found.add(ParcelException.DWELL)
        if any(conflict.dispute is not Dispute.AT_TWO_STATIONS for conflict in self.conflicts):
            found.add(ParcelException.WRONG_RELEASE)
        return tuple(one for one in ParcelException if one in found)

    @property
    def standing(self) -> ParcelStanding:
        """The same, as the shared rules see it."""
        return ParcelStanding(self.state, self.slot, self.container, self.problems, self.is_overdue)


def fold_parcel(events: Iterable[RecordedEvent]) -> Parcel:
    """The parcel after all its events, given in any order and any number of times."""
    recorded = list(events)
    parcel = Parcel(hlc=max((event.hlc for event in recorded), default=ZERO))
    for entry in effective(recorded):
        parcel = _after(parcel, entry)
    return parcel


def _after(parcel: Parcel, entry: PlacedEvent) -> Parcel:
    fact, site, before = entry.event.fact, entry.event.site, parcel.standing
    if contradicts(before, fact):
        dispute = Dispute.SEEN_AFTER_LEAVING if isinstance(fact, _SIGHTINGS) else Dispute.LEFT_TWICE
        return parcel if parcel.left_by is None else _disputed(parcel, parcel.left_by, entry, dispute)
    if before.state.is_at_station and parcel.at_site != site and isinstance(fact, _SIGHTINGS):
        if parcel.here_by is not None:
            parcel = _disputed(parcel, parcel.here_by, entry, Dispute.AT_TWO_STATIONS)
        before = replace(before, state=ParcelState.EXPECTED, place="")
    standing = after(before, fact)
    if isinstance(fact, ParcelPacked) or standing.container != before.container:
        parcel = replace(parcel, container_at_ms=entry.at_ms)
    if standing == before and not isinstance(fact, _ALWAYS_STEPS):
        return parcel
    if (standing.state, standing.place) == (before.state, before.place) and not isinstance(fact, _ALWAYS_STEPS):
        return replace(
            parcel, container=standing.container, problems=standing.problems, is_overdue=standing.is_overdue
        )  # fmt: skip
    stays = before.state.is_at_station and parcel.at_site == site
    return replace(
        parcel,
        state=standing.state,
        slot=standing.place,
        container=standing.container,
        problems=standing.problems,
        is_overdue=standing.is_overdue,
        at_site=site,
        state_at_ms=entry.at_ms,
        steps=(*parcel.steps, ParcelStep(entry.at_ms, standing.state, site)),
        left_by=entry.event.id if standing.state.is_final else None,
        here_by=parcel.here_by if stays else entry.event.id,
    )


# They say that the parcel is at the event's station.
_SIGHTINGS = (ParcelReceived, ParcelSeen, ParcelShelved, ParcelPlaced, ParcelRemoved)
# They are told also where they repeat what was known.
_ALWAYS_STEPS = (ParcelShelved, ParcelSorted, ParcelPacked)


def _disputed(parcel: Parcel, kept: EventId, entry: PlacedEvent, dispute: Dispute) -> Parcel:
    return replace(parcel, conflicts=(*parcel.conflicts, Conflict(kept, entry.event.id, dispute)))
