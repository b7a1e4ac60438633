"""A container's state as a fold over its events: who had it where since when, and in which round it is.

The transitions are `edge.rules.custody`'s; here is what only the cloud knows: sites, times, custody. A container goes round: what
was said of it before it was bound anew, or signed for anew, belongs to goods that are gone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from cloud.domain.events import PlacedEvent, RecordedEvent, effective
from edge.rules.custody import ContainerStanding, ContainerState, container_after
from edge.wire.ids import EventId, SiteId
from edge.wire.messages import (
    AnyFact,
    ContainerBound,
    ContainerDropped,
    ContainerEmptied,
    ContainerLoaded,
    ContainerLost,
    ContainerOpened,
    ContainerReturned,
    ContainerSealed,
    ContainerSigned,
    ContainerTakenBack,
    CountFinished,
    EventUndone,
    Problem,
    VarianceFound,
)
from edge.wire.order import ZERO, Hlc


class Holder(StrEnum):
    """In whose hands a container is."""

    SITE = "site"  # the dock's or the station's, whose id is ``at_site``
    RUN = "run"  # the van's
    DOORSTEP = "doorstep"  # left where nobody took it over
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Custody:
    """One hand-over: from then on ``holder`` has it. ``site``: where it changed hands; ``actor``: who said so, as staff id."""

    at_ms: int
    holder: Holder
    site: SiteId
    state: ContainerState
    actor: str = ""
    device: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class TwoPlaces:
    """It was signed for at two stations, and nobody said that it went from the one to the other."""

    kept: EventId
    disputed: EventId


_UNKNOWN = ContainerStanding()


@dataclass(frozen=True, slots=True)
class Container:
    """The folded state. ``bound_for``, ``zone``, ``run``, ``stands_for`` as the dock said. Times are of this round, ms since 1970.

    ``hlc`` is the highest order key among all its events, counted or not.
    """

    standing: ContainerStanding = _UNKNOWN
    at_site: SiteId | None = None
    state_at_ms: int | None = None
    bound_for: str = ""
    zone: str = ""
    run: str = ""
    stands_for: str = ""
    round_at_ms: int | None = None
    loaded_at_ms: int | None = None
    arrived_at_ms: int | None = None
    counted_at_ms: int | None = None
    custody: tuple[Custody, ...] = ()
    conflicts: tuple[TwoPlaces, ...] = ()
    here_by: EventId | None = None
    hlc: Hlc = ZERO

    @property
    def state(self) -> ContainerState:
        return self.standing.state

    @property
    def problems(self) -> tuple[Problem, ...]:
        """In a fixed order."""
        return tuple(problem for problem in Problem if problem in self.standing.problems)

    @property
    def is_astray(self) -> bool:
        """True where it lies at another station than it was bound for."""
        return bool(self.bound_for) and self.state.is_at_station and self.at_site != self.bound_for

    @property
    def holder(self) -> Holder:
        """Who has it now."""
        match self.state:
            case ContainerState.LOADED | ContainerState.RETURNED_EMPTY:
                return Holder.RUN
            case ContainerState.LOST:
                return Holder.NOBODY
            case ContainerState.DELIVERED if not self.standing.is_signed:
                return Holder.DOORSTEP
            case _:
                return Holder.SITE


@dataclass(frozen=True, slots=True)
class ContainerBrief:
    """What an order needs to know of the container its parcel is in. Times are of the container's present round."""

    id: str
    state: ContainerState
    at_site: str | None
    round_at_ms: int | None
    loaded_at_ms: int | None
    arrived_at_ms: int | None
    counted_at_ms: int | None


_CHANGING = (
    ContainerBound, ContainerSealed, ContainerLoaded, ContainerLost, ContainerSigned, ContainerDropped, ContainerOpened,
    CountFinished, ContainerEmptied, ContainerReturned, ContainerTakenBack,
)  # fmt: skip


# As events call them.
CHANGING_KINDS = tuple(sorted(str(kind.__struct_config__.tag) for kind in (*_CHANGING, VarianceFound, EventUndone)))


def changes_container(fact: AnyFact) -> bool:
    """Whether a container's state may follow from it; other facts only name one."""
    return isinstance(fact, _CHANGING) or (isinstance(fact, VarianceFound) and fact.parcel == "")


def brief_of(container_id: str, container: Container) -> ContainerBrief:
    """What is kept of it for its orders."""
    return ContainerBrief(
        container_id,
        container.state,
        container.at_site,
        container.round_at_ms,
        container.loaded_at_ms,
        container.arrived_at_ms,
        container.counted_at_ms,
    )


def fold_container(events: Iterable[RecordedEvent]) -> Container:
    """The container after all its events, given in any order and any number of times."""
    recorded = list(events)
    container = Container(hlc=max((event.hlc for event in recorded), default=ZERO))
    for entry in effective(recorded):
        container = _after(container, entry)
    return container


def _after(container: Container, entry: PlacedEvent) -> Container:
    fact = entry.event.fact
    if not changes_container(fact):
        return container
    site = place_of(entry)
    if container.state.is_at_station and container.at_site != site and isinstance(fact, ContainerSigned | ContainerOpened):
        if container.here_by is not None:
            container = replace(container, conflicts=(*container.conflicts, TwoPlaces(container.here_by, entry.event.id)))
        container = replace(container, standing=ContainerStanding())
    before, standing = container.standing, container_after(container.standing, fact)
    run_before = container.run
    if _begins_round(before, standing, fact):
        container = _new_round(container, entry.at_ms)
    container = _told(container, fact, entry.at_ms)
    changes_vans = isinstance(fact, ContainerLoaded) and run_before not in ("", container.run)
    if standing == before and not changes_vans:
        return replace(container, standing=standing)
    stays = before.state.is_at_station and container.at_site == site
    moved = replace(
        container,
        standing=standing,
        at_site=site,
        state_at_ms=entry.at_ms,
        here_by=container.here_by if stays else entry.event.id,
    )
    return _handed_over(container, moved, entry)


def _begins_round(before: ContainerStanding, standing: ContainerStanding, fact: AnyFact) -> bool:
    if isinstance(fact, ContainerBound):
        return True
    was_underway = before.state in _OUTBOUND or before.state.is_at_station
    is_underway = standing.state in _OUTBOUND or standing.state.is_at_station
    return (is_underway and not was_underway) or (before.state.is_at_station and standing.state in _OUTBOUND)


def place_of(entry: PlacedEvent) -> SiteId:
    """Where it happened: at the site that says so, or where a van says that it stood."""
    match entry.event.fact:
        case ContainerDropped(station=station) | ContainerReturned(station=station) if station:
            return SiteId(station)
        case _:
            return entry.event.site


_OUTBOUND = (ContainerState.BOUND, ContainerState.SEALED, ContainerState.LOADED)


def _new_round(container: Container, at_ms: int) -> Container:
    return replace(
        container,
        round_at_ms=at_ms,
        loaded_at_ms=None,
        arrived_at_ms=None,
        counted_at_ms=None,
        bound_for="",
        zone="",
        run="",
        stands_for="",
    )


def _told(container: Container, fact: AnyFact, at_ms: int) -> Container:
    """What the fact says besides the state. The first arrival and the first count of a round stand."""
    match fact:
        case ContainerBound(station=station, zone=zone, run=run, stands_for=stands_for):
            return replace(container, bound_for=station, zone=zone, run=run, stands_for=stands_for)
        case ContainerLoaded(run=run):
            return replace(container, run=run or container.run, loaded_at_ms=container.loaded_at_ms or at_ms)
        case ContainerSigned(run=run) | ContainerDropped(run=run):
            return replace(container, run=run or container.run, arrived_at_ms=container.arrived_at_ms or at_ms)
        case CountFinished():
            return replace(container, counted_at_ms=container.counted_at_ms or at_ms)
        case _:
            return container


def _handed_over(before: Container, container: Container, entry: PlacedEvent) -> Container:
    """A step of custody where it is in other hands, or elsewhere, than before; or the first that is known of it."""
    if before.custody and (before.holder, before.at_site) == (container.holder, container.at_site):
        return container
    fact = entry.event.fact
    run = fact.run if isinstance(fact, ContainerReturned) else container.run
    step = Custody(
        entry.at_ms, container.holder, place_of(entry), container.state, entry.event.actor, entry.event.device,
        run if container.holder is Holder.RUN else "",
    )  # fmt: skip
    return replace(container, custody=(*container.custody, step))
