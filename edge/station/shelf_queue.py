"""What was received and lies on no shelf yet: cold first, each with the slot it should go to. Read only, on the outbox's thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.outbox.transaction import Execute
from edge.rules.custody import ParcelState
from edge.station import ledger
from edge.station.day import Day
from edge.station.known import KnownParcel
from edge.station.shelving import suggest_slot
from edge.station.standings import Standings
from edge.wire.manifest import Zone

_COLD_FIRST = {Zone.FROZEN: 0, Zone.CHILLED: 1, Zone.AMBIENT: 2, None: 3}


@dataclass(frozen=True, slots=True)
class ShelfQueue:
    """``total`` wait; of the first of them, what and where to (slot "": nobody knows)."""

    total: int
    first: tuple[tuple[KnownParcel, str], ...]


def read_shelf_queue(execute: Execute, day: Day, standings: Standings, undone: int, limit: int) -> ShelfQueue:
    """The first ``limit`` of what waits."""
    standings.refresh(execute, undone)
    here = standings.here(execute, day)
    lying = (one for one in here if one.standing.state is ParcelState.RECEIVED)
    waiting = sorted((one for one in lying if not (one.is_aside or one.is_seen_elsewhere)), key=_coldness)
    return ShelfQueue(len(waiting), tuple(zip(waiting[:limit], _slots(waiting[:limit], here, day), strict=True)))


def slot_for(parcel: KnownParcel, here: Sequence[KnownParcel], day: Day) -> str:
    """Where one parcel should go; "" where nobody knows."""
    (slot,) = _slots([parcel], here, day)
    return slot


def _slots(parcels: Sequence[KnownParcel], here: Sequence[KnownParcel], day: Day) -> list[str]:
    """One after another, as they will be carried: a slot with one place left is told of one of them."""
    lying = dict(ledger.lying(here))
    families: dict[str, list[str]] = {_claim(one): [] for one in parcels}
    for one in here:
        if (claim := _claim(one)) in families:
            families[claim].append(one.standing.place)
    slots: list[str] = []
    for one in parcels:
        claim = _claim(one)
        slot = suggest_slot(one, day.plan, lying, families[claim] if claim else ())
        lying[slot] = lying.get(slot, 0) + 1
        families[claim].append(slot)
        slots.append(slot)
    return slots


def _claim(parcel: KnownParcel) -> str:
    return parcel.expected.claim if parcel.expected else ""


def _coldness(parcel: KnownParcel) -> tuple[int, str]:
    return _COLD_FIRST[parcel.expected.zone if parcel.expected else None], parcel.parcel
