"""Which slot a parcel goes to, and whether it may lie there. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.devices.ports import Sound
from edge.rules.custody import ParcelState
from edge.rules.zones import may_lie
from edge.station.arrivals import receive
from edge.station.known import KnownParcel
from edge.station.verdict import Verdict, Word
from edge.wire.manifest import Shelf
from edge.wire.messages import AnyFact, ParcelRemoved, ParcelShelved


@dataclass(frozen=True, slots=True)
class ShelfPlan:
    """The station's slots by their names; empty: no plan is known, and any slot is taken."""

    shelves: Mapping[str, Shelf]

    @classmethod
    def of(cls, shelves: Iterable[Shelf]) -> "ShelfPlan":
        return cls({shelf.slot: shelf for shelf in shelves})


def suggest_slot(parcel: KnownParcel, plan: ShelfPlan, lying: Mapping[str, int], family: Sequence[str] = ()) -> str:
    """The slot to put a parcel in, "" where none is free or nothing is known.

    ``lying``: how many parcels each slot holds; ``family``: slots in which others of the same person's lie.
    """
    if parcel.expected is None:
        return ""
    zone = parcel.expected.zone
    free = [slot for slot, shelf in plan.shelves.items() if lying.get(slot, 0) < shelf.capacity]
    own = [slot for slot in free if plan.shelves[slot].zone is zone]
    together = [slot for slot in family if slot in own]
    fallback = [slot for slot in free if may_lie(zone, plan.shelves[slot].zone)]
    return next(iter([*together, *own, *fallback]), "")


def shelve(known: KnownParcel, slot: str, plan: ShelfPlan, open_container: str = "") -> Verdict:
    """Put into a slot; what was not scanned in before is received with it."""
    label = known.parcel
    if plan.shelves and slot not in plan.shelves:
        return Verdict(Word.NO_SUCH_SLOT, Sound.REFUSED, parcel=label, place=slot)
    if known.zone is not None and slot in plan.shelves and not may_lie(known.zone, plan.shelves[slot].zone):
        return Verdict(Word.WRONG_ZONE, Sound.REFUSED, parcel=label, place=slot, detail=known.zone)
    if known.standing.state is ParcelState.SHELVED and known.standing.place == slot:
        return Verdict(Word.SHELVED_BEFORE, Sound.DUPLICATE, parcel=label, place=slot)
    facts: tuple[AnyFact, ...] = (ParcelShelved(parcel=label, slot=slot),)
    if known.standing.state is ParcelState.IN_LOCKER:
        facts = (ParcelRemoved(parcel=label, cell=known.standing.place, reason="moved"), *facts)
    if known.standing.state.is_at_station:
        return Verdict(Word.SHELVED, Sound.OK, facts, parcel=label, place=slot)
    received = receive(known, open_container)
    if not received.facts:
        return received
    word = Word.SHELVED if received.sound is Sound.OK else received.word
    return Verdict(word, received.sound, received.facts + facts, parcel=label, place=slot, other=received.other)
