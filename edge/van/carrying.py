"""What a container's label means in a van: loaded, left at its stop, or taken back empty, by where the van is. Pure.

There is one scanner and no screen to choose at: the place and the run say what is meant, and what cannot be meant is refused.
"""

from typing import NamedTuple

from edge.devices.ports import Sound
from edge.rules.custody import ContainerStanding, ContainerState
from edge.station.verdict import Verdict
from edge.van.plan import UNDERWAY
from edge.van.words import VanWord
from edge.wire.manifest import PlannedLoad, RunStop, VanRun
from edge.wire.messages import ContainerDropped, ContainerLoaded, ContainerReturned

BACK_AFTER_MS = 20 * 60_000  # what was left and is scanned again by then is a second look; later it goes back, empty


class Here(NamedTuple):
    """Where the van is. ``is_known`` False: no fix lately. ``near``: the stops it is at, the nearest first."""

    is_known: bool = False
    near: tuple[RunStop, ...] = ()

    def is_at(self, station: str) -> bool:
        return any(one.station == station for one in self.near)


class Aboard(NamedTuple):
    """What this van knows of a container. ``load``, ``run``: as planned; ``standing``: by what was scanned in it for that run.

    ``since_ms``: when it was last scanned. ``loaded``, ``loads``: of the run; ``left``, ``lefts``: of its stop. Those of one that
    is not planned are none.
    """

    container: str
    load: PlannedLoad | None = None
    run: VanRun | None = None
    standing: ContainerStanding = ContainerStanding()
    since_ms: int = 0
    loaded: int = 0
    loads: int = 0
    left: int = 0
    lefts: int = 0
    has_plan: bool = True


def carry(known: Aboard, here: Here, underway: VanRun | None, now_ms: int) -> Verdict:
    """One container. ``underway``: the run the van is on, by which it takes back what no plan names."""
    load = known.load
    if load is None:
        return _collect(known, here, underway)
    told = Verdict(
        VanWord.DROPPED_BEFORE, Sound.DUPLICATE, container=known.container, place=load.station_name or load.station,
        amount=known.left, of=known.lefts, detail=load.run,
    )  # fmt: skip
    if known.standing.state is ContainerState.RETURNED_EMPTY:
        return told._replace(word=VanWord.COLLECTED_BEFORE, amount=0, of=0)
    if known.standing.state is ContainerState.DELIVERED:
        if here.is_at(load.station) and now_ms - known.since_ms >= BACK_AFTER_MS:
            return _collected(known.container, load.run, load.station, told.place)
        return told
    if here.is_at(load.station):
        return _dropped(known, load, told)
    has_left = known.run is not None and known.run.state in UNDERWAY
    is_loaded = known.standing.state is ContainerState.LOADED
    is_taken_over = load.comes_from != "" and not is_loaded  # its van stands beside this one, wherever that is
    if here.near and has_left and not is_taken_over:
        return told._replace(word=VanWord.WRONG_STOP, sound=Sound.REFUSED, amount=0, of=0)
    if not is_loaded:
        return _loaded(known, load, told)
    if not has_left:
        return told._replace(word=VanWord.LOADED_BEFORE, amount=known.loaded, of=known.loads)
    if here.is_known:
        return told._replace(word=VanWord.NOT_AT_STOP, sound=Sound.REFUSED, amount=0, of=0)
    dropped = _dropped(known, load, told)
    return dropped._replace(word=VanWord.DROPPED_UNSEEN, sound=Sound.ATTENTION)


def _loaded(known: Aboard, load: PlannedLoad, told: Verdict) -> Verdict:
    loaded = known.loaded + 1
    word = VanWord.RUN_FULL if loaded >= known.loads else VanWord.LOADED
    facts = (ContainerLoaded(container=known.container, run=load.run),)
    return told._replace(word=word, sound=Sound.OK, facts=facts, amount=loaded, of=known.loads)


def _dropped(known: Aboard, load: PlannedLoad, told: Verdict) -> Verdict:
    left = known.left + 1
    word = VanWord.STOP_DONE if left >= known.lefts else VanWord.DROPPED
    facts = (ContainerDropped(container=known.container, run=load.run, station=load.station),)
    return told._replace(word=word, sound=Sound.OK, facts=facts, amount=left)


def _collect(known: Aboard, here: Here, underway: VanRun | None) -> Verdict:
    """None of the day's: an empty one of a day before, where the van is at a stop."""
    label = known.container
    if known.standing.state is ContainerState.RETURNED_EMPTY:
        return Verdict(VanWord.COLLECTED_BEFORE, Sound.DUPLICATE, container=label)
    if underway is not None and here.near:
        stop = here.near[0]
        return _collected(label, underway.run, stop.station, stop.name or stop.station)
    if underway is not None and not here.is_known:
        return _collected(label, underway.run, "", "")._replace(word=VanWord.COLLECTED_UNSEEN, sound=Sound.ATTENTION)
    return Verdict(VanWord.NOT_IN_PLAN if known.has_plan else VanWord.NO_PLAN, Sound.REFUSED, container=label)


def _collected(label: str, run: str, station: str, place: str) -> Verdict:
    facts = (ContainerReturned(container=label, run=run, station=station),)
    return Verdict(VanWord.COLLECTED, Sound.OK, facts, container=label, place=place, detail=run)
