"""What nobody fetched: overdue, thrown away or sent back; and the empty containers. Pure.

What must be kept cold never goes back: which zones may is the station's rules.
"""

from collections.abc import Container, Iterable, Sequence
from typing import Literal

from edge.devices.ports import Sound
from edge.rules.custody import ContainerState, ParcelState
from edge.station.handout import ClaimHere
from edge.station.known import KnownContainer, KnownParcel
from edge.station.verdict import Verdict, Word
from edge.wire.manifest import Zone
from edge.wire.messages import (
    ContainerEmptied,
    ContainerReturned,
    ParcelDisposed,
    ParcelOverdue,
    ParcelReturned,
    Problem,
)

DisposedFor = Literal["expired", "spoiled", "damaged", "temp_breach", "recalled"]


def overdue(claims: Iterable[ClaimHere], now_ms: int) -> Verdict:
    """Say of every parcel whose claim's deadline has passed that it is overdue; once each."""
    late = [
        one.parcel
        for here in claims
        if now_ms > here.claim.deadline_ms
        for one in here.ready
        if not one.standing.is_overdue
    ]  # fmt: skip
    if not late:
        return Verdict(Word.NOTHING_OVERDUE, Sound.OK)
    return Verdict(Word.OVERDUE, Sound.ATTENTION, tuple(ParcelOverdue(parcel=parcel) for parcel in late), amount=len(late))


def dispose(known: KnownParcel, reason: DisposedFor, photo: str = "") -> Verdict:
    """Throw a parcel away, expected or surplus; it has to be here."""
    if (refused := _not_here(known)) is not None:
        return refused
    disposed = ParcelDisposed(parcel=known.parcel, reason=reason, photo=photo)
    return Verdict(Word.DISPOSED, Sound.OK, (disposed,), parcel=known.parcel, place=known.standing.place, detail=reason)


def give_back(known: KnownParcel, takes_back: Container[Zone], container: str = "", run: str = "") -> Verdict:
    """Hand a parcel to the van. A surplus parcel, whose zone nobody here knows, always may: it belongs elsewhere."""
    if (refused := _not_here(known)) is not None:
        return refused
    if known.expected is not None and known.expected.zone not in takes_back:
        return Verdict(
            Word.NEVER_GOES_BACK, Sound.REFUSED, parcel=known.parcel, place=known.standing.place, detail=known.expected.zone
        )
    returned = ParcelReturned(parcel=known.parcel, container=container, run=run)
    return Verdict(Word.RETURNED, Sound.OK, (returned,), parcel=known.parcel, place=known.standing.place, container=container)


def empty(known: KnownContainer, parcels: Sequence[KnownParcel]) -> Verdict:
    """A container waits for the van. ``parcels``: those expected in it; each must be accounted for, here or missing."""
    label = known.container
    match known.standing.state:
        case ContainerState.AWAITING_RETURN:
            return Verdict(Word.EMPTIED, Sound.DUPLICATE, container=label)
        case state if not state.is_at_station:
            return Verdict(Word.NOT_HERE, Sound.REFUSED, container=label)
        case _:
            pass
    uncounted = [
        one for one in parcels if one.standing.state is ParcelState.EXPECTED and Problem.MISSING not in one.standing.problems
    ]
    if uncounted and not known.is_bulk:
        return Verdict(Word.NOT_EMPTY, Sound.REFUSED, container=label, amount=len(uncounted), of=len(parcels))
    return Verdict(Word.EMPTIED, Sound.OK, (ContainerEmptied(container=label),), container=label)


def send_back(known: KnownContainer, run: str = "") -> Verdict:
    """The van takes a container along."""
    if not known.standing.state.is_at_station:
        return Verdict(Word.NOT_HERE, Sound.REFUSED, container=known.container)
    return Verdict(Word.SENT_BACK, Sound.OK, (ContainerReturned(container=known.container, run=run),), container=known.container)


def _not_here(known: KnownParcel) -> Verdict | None:
    if known.standing.state.is_at_station:
        return None
    word = Word.LEFT_BEFORE if known.standing.state.is_final else Word.NOT_HERE
    return Verdict(word, Sound.REFUSED, parcel=known.parcel)
