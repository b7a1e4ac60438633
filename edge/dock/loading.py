"""Loading a van in order, last stop first, with a countdown of what lacks (装车); and what becomes of empties. Pure."""

from collections.abc import Sequence

from edge.devices.ports import Sound
from edge.dock.known import ContainerNow, LoadNow
from edge.dock.plan import run_key
from edge.dock.sorting import not_planned
from edge.dock.words import DockWord
from edge.rules.custody import ContainerState
from edge.station.verdict import Verdict
from edge.wire.messages import ContainerLoaded, ContainerLost, ContainerTakenBack


def load(known: ContainerNow, open_run: str, of_run: Sequence[LoadNow]) -> Verdict:
    """A container goes into the van. ``open_run``: the key of the run that is being loaded; "": whichever is scanned first.

    ``of_run``: the loads of the container's own run, as they stand. Who loads out of order is told and may: what should have gone
    in before may never come.
    """
    label, carries = known.container, known.carries
    if carries is None:
        return not_planned("", label, has_plan=known.has_plan)
    planned = carries.load
    if carries.is_bound and not known.is_carrying:
        return Verdict(DockWord.LOAD_BOUND, Sound.REFUSED, container=carries.container, place=planned.lane)
    if not planned.run:
        return Verdict(
            DockWord.NO_ROUTE, Sound.REFUSED, container=label, detail=planned.station_name or planned.station
        )  # fmt: skip
    loaded = sum(one.state is ContainerState.LOADED for one in of_run)
    is_found = carries.is_lost and carries.found_as in (ContainerState.SEALED, ContainerState.LOADED)
    of = loaded + sum(one.is_to_load for one in of_run) + is_found  # which was not waited for
    run = run_key(planned)
    told = Verdict(
        DockWord.LOADED_BEFORE, Sound.DUPLICATE, container=label, place=planned.lane, amount=loaded, of=of, detail=run
    )  # fmt: skip
    if open_run and run != open_run:
        return told._replace(word=DockWord.WRONG_RUN, sound=Sound.REFUSED, amount=0, of=0)
    match ContainerState.SEALED if is_found else carries.state:
        case ContainerState.LOADED:
            return told
        case ContainerState.BOUND:
            return told._replace(word=DockWord.NOT_SEALED, sound=Sound.REFUSED, amount=0, of=0)
        case ContainerState.SEALED:
            pass
        case _:
            return told._replace(word=DockWord.NOT_BOUND, sound=Sound.REFUSED, amount=0, of=0)
    booked = told._replace(facts=(ContainerLoaded(container=label, run=planned.run),), amount=loaded + 1)
    if is_found:
        return booked._replace(word=DockWord.FOUND, sound=Sound.ATTENTION)
    if (first := next_to_load(of_run)) is not None and first.load.stop > planned.stop:
        return booked._replace(word=DockWord.LOADED_EARLY, sound=Sound.ATTENTION, place=first.load.lane)
    word = DockWord.RUN_FULL if loaded + 1 == of else DockWord.LOADED
    return booked._replace(word=word, sound=Sound.ATTENTION if carries.lacks else Sound.OK)


def next_to_load(of_run: Sequence[LoadNow]) -> LoadNow | None:
    """The first in the order of loading that is not in the van, and waited for."""
    return next((one for one in of_run if one.is_to_load), None)


def take_back(known: ContainerNow) -> Verdict:
    """An empty container came back. One with parcels in it, with goods that nobody scans, or with a seal on it is none."""
    label, now = known.container, known.carries
    if now is not None and known.is_carrying and now.found_as in (ContainerState.BOUND, ContainerState.SEALED):
        refused = Verdict(DockWord.NOT_EMPTY, Sound.REFUSED, container=label, place=now.load.lane)
        if now.packed:
            return refused._replace(amount=len(now.packed), of=len(now.packed))
        if now.load.lines:
            return refused._replace(word=DockWord.HOLDS_GOODS)
        if now.found_as is ContainerState.SEALED:
            return refused._replace(word=DockWord.STILL_SEALED)
    if known.was_taken_back:
        return Verdict(DockWord.TAKEN_BACK_BEFORE, Sound.DUPLICATE, container=label)
    return Verdict(DockWord.TAKEN_BACK, Sound.OK, (ContainerTakenBack(container=label),), container=label)


def lose(known: ContainerNow, note: str) -> Verdict:
    """Nobody finds a container. Whoever scans it again has found it."""
    label = known.container
    if known.own.state is ContainerState.LOST:
        return Verdict(DockWord.LOST_BEFORE, Sound.DUPLICATE, container=label)
    lane = known.carries.load.lane if known.carries else ""
    return Verdict(DockWord.LOST, Sound.ATTENTION, (ContainerLost(container=label, note=note),), container=label, place=lane)
