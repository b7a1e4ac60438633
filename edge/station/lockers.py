"""Which locker cell a parcel goes into, and putting it there or taking it out by staff. Pure.

Opening doors and what their sensors say is not here: whoever calls has the door's feedback, for success is the closed door, not the
board's reply.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from edge.devices.ports import Sound
from edge.rules.custody import ParcelState
from edge.station.arrivals import receive
from edge.station.known import KnownParcel
from edge.station.verdict import Verdict, Word
from edge.wire.manifest import LockerCell, Size
from edge.wire.messages import AnyFact, ParcelPlaced, ParcelRemoved


def allocate(known: KnownParcel, cells: Iterable[LockerCell], taken: Mapping[str, str]) -> LockerCell | None:
    """The smallest free cell of the parcel's own temperature that it fits in; the first of several. None: there is none.

    ``taken``: cells that hold or wait for a parcel, are open, faulty or blocked. A stranger's zone and size nobody knows: no cell.
    """
    if known.expected is None:
        return None
    zone, size = known.expected.zone, known.expected.size
    fitting = [cell for cell in cells if cell.cell not in taken and cell.zone is zone and size.fits_in(cell.size)]
    order = list(Size)
    return min(fitting, key=lambda cell: order.index(cell.size), default=None)


def place(known: KnownParcel, cell: LockerCell, taken: Mapping[str, str]) -> Verdict:
    """A parcel lies in a cell and the door is closed on it. ``taken``: other cells' and this one's parcels by cell."""
    label, name = known.parcel, cell.cell
    if taken.get(name, label) != label:
        return Verdict(Word.CELL_BUSY, Sound.REFUSED, parcel=label, place=name)
    if known.expected is not None and known.expected.zone is not cell.zone:
        return Verdict(Word.WRONG_ZONE, Sound.REFUSED, parcel=label, place=name, detail=known.expected.zone)
    if known.standing.state is ParcelState.IN_LOCKER and known.standing.place == name:
        return Verdict(Word.PLACED, Sound.DUPLICATE, parcel=label, place=name)
    placed: tuple[AnyFact, ...] = (ParcelPlaced(parcel=label, cell=name),)
    if known.standing.state is ParcelState.IN_LOCKER:
        placed = (ParcelRemoved(parcel=label, cell=known.standing.place, reason="moved"), *placed)
    if known.standing.state.is_at_station:
        return Verdict(Word.PLACED, Sound.OK, placed, parcel=label, place=name)
    received = receive(known)
    if not received.facts:
        return received
    return Verdict(Word.PLACED, received.sound, received.facts + placed, parcel=label, place=name)


def remove(known: KnownParcel, reason: Literal["expired", "mistake", "fault", "moved"]) -> Verdict:
    """Staff took a parcel out of its cell; it waits to be shelved."""
    if known.standing.state is not ParcelState.IN_LOCKER:
        return Verdict(Word.NOT_HERE, Sound.REFUSED, parcel=known.parcel)
    removed = ParcelRemoved(parcel=known.parcel, cell=known.standing.place, reason=reason)
    return Verdict(Word.REMOVED, Sound.OK, (removed,), parcel=known.parcel, place=known.standing.place, detail=reason)
