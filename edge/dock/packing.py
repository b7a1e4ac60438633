"""Packing and sealing: an empty container is bound to a load, parcels go in and are checked a second time, it is closed. Pure."""

from edge.devices.ports import Sound
from edge.dock.known import ContainerNow, LoadNow, ParcelNow
from edge.dock.sorting import not_planned
from edge.dock.words import DockWord
from edge.rules.custody import ContainerState, ParcelState
from edge.station.verdict import Verdict
from edge.wire.manifest import PlannedLoad
from edge.wire.messages import AnyFact, ContainerBound, ContainerSealed, ParcelPacked, Problem, VarianceFound


def open_container(known: ContainerNow) -> Verdict:
    """A container was scanned where things are packed: it is bound to the load it is planned for, or opened again."""
    label, carries = known.container, known.carries
    if carries is None:
        return not_planned("", label, has_plan=known.has_plan)
    if carries.is_bound and not known.is_carrying:
        return Verdict(DockWord.LOAD_BOUND, Sound.REFUSED, container=carries.container, place=carries.load.lane)
    if closed := already_closed(carries):
        return closed
    if carries.state is ContainerState.BOUND:
        return _told(DockWord.OPEN, Sound.OK, carries)
    return _bind(label, carries.load, len(carries.packed))


def bind(known: ContainerNow, target: LoadNow) -> Verdict:
    """A container is to take a load, whichever the plan named: the planned one is broken, or not at hand."""
    label = known.container
    if known.is_carrying and known.carries is not None:
        if known.carries.load.container == target.load.container:
            return open_container(known)
        if known.carries.state in (ContainerState.BOUND, ContainerState.SEALED, ContainerState.LOADED):
            return Verdict(DockWord.CONTAINER_BUSY, Sound.REFUSED, container=label, place=known.carries.load.lane)
    if closed := already_closed(target):
        return closed
    return _bind(label, target.load, 0)


def pack(known: ParcelNow, into: LoadNow | None) -> Verdict:
    """A parcel goes into the open container, if it belongs there. The gravest difference is told."""
    label, load = known.parcel, known.load
    if load is None:
        return not_planned(label, "", has_plan=known.has_plan)
    if into is None or not into.is_bound:
        return Verdict(DockWord.NO_CONTAINER, Sound.REFUSED, parcel=label, place=load.load.lane)
    if load.load.container != into.load.container:
        word = _difference(load.load, into.load)
        return Verdict(
            word, Sound.REFUSED, parcel=label, container=load.container, place=load.load.lane, detail=load.load.zone
        )  # fmt: skip
    if closed := already_closed(into):
        return closed
    of = len(into.load.parcels)
    if label in into.packed:
        return Verdict(
            DockWord.PACKED_BEFORE, Sound.DUPLICATE, parcel=label, container=into.container, amount=len(into.packed), of=of
        )
    amount = len(into.packed) + 1
    was_elsewhere = known.standing.state is ParcelState.PACKED
    is_full = amount == of and not into.lacking_pieces
    word = DockWord.FULL if is_full else DockWord.MOVED if was_elsewhere else DockWord.PACKED
    return Verdict(
        word, Sound.OK, (ParcelPacked(parcel=label, container=into.container),), parcel=label, container=into.container,
        place=into.load.lane, amount=amount, of=of,
    )  # fmt: skip


def seal(known: ContainerNow, *, is_short: bool = False) -> Verdict:
    """Close a container. ``is_short``: although parcels lack; they are missing from now on, until somebody finds them.

    Of pieces that lack nothing is said here: their station counts them, and says it.
    """
    label, carries = known.container, known.carries
    if carries is None:
        return not_planned("", label, has_plan=known.has_plan)
    if carries.is_bound and not known.is_carrying:
        return Verdict(DockWord.LOAD_BOUND, Sound.REFUSED, container=carries.container, place=carries.load.lane)
    if closed := already_closed(carries):
        return closed
    if carries.state is not ContainerState.BOUND:
        return Verdict(DockWord.NOT_BOUND, Sound.REFUSED, container=label, place=carries.load.lane)
    if carries.lacks and not is_short:
        return _told(DockWord.SEAL_LACKS, Sound.REFUSED, carries)
    missing: tuple[AnyFact, ...] = tuple(
        VarianceFound(problem=Problem.MISSING, parcel=parcel, container=label) for parcel in carries.lacking
    )
    word, sound = (DockWord.SEALED_SHORT, Sound.ATTENTION) if carries.lacks else (DockWord.SEALED, Sound.OK)
    return _told(word, sound, carries)._replace(facts=(*missing, ContainerSealed(container=label)))


def already_closed(now: LoadNow) -> Verdict | None:
    """What a container that is sealed or loaded says to whoever wants to change it."""
    match now.state:
        case ContainerState.SEALED:
            return _told(DockWord.SEALED_BEFORE, Sound.DUPLICATE, now)
        case ContainerState.LOADED:
            return _told(DockWord.LOADED_BEFORE, Sound.DUPLICATE, now)
        case _:
            return None


def _bind(label: str, load: PlannedLoad, packed: int) -> Verdict:
    bound = ContainerBound(
        container=label,
        station=load.station,
        zone=load.zone.value,
        run=load.run,
        day=load.day,
        stands_for="" if label == load.container else load.container,
    )
    return Verdict(
        DockWord.BOUND, Sound.OK, (bound,), container=label, place=load.lane, amount=packed, of=len(load.parcels), detail=load.zone
    )


def _told(word: DockWord, sound: Sound, now: LoadNow) -> Verdict:
    load, (amount, of) = now.load, now.progress
    return Verdict(word, sound, container=now.container, place=load.lane, amount=amount, of=of, detail=load.zone)


def _difference(load: PlannedLoad, other: PlannedLoad) -> DockWord:
    if load.station != other.station or load.day != other.day:
        return DockWord.WRONG_STATION
    return DockWord.WRONG_ZONE if load.zone is not other.zone else DockWord.WRONG_CONTAINER
