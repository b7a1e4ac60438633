"""Where a parcel lay and since when: its own events and those of the container it was in, in one order. Pure.

For the cold chain: whose readings are a parcel's follows from it. What state a parcel is in is `parcel`'s; here only the place
counts, and a fact that cannot be true any more (`contradicts`) moves nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from cloud.domain.container import place_of
from cloud.domain.events import PlacedEvent, RecordedEvent, effective
from edge.rules.custody import ParcelStanding, after, contradicts
from edge.wire.messages import (
    ContainerBound,
    ContainerDropped,
    ContainerEmptied,
    ContainerLoaded,
    ContainerLost,
    ContainerOpened,
    ContainerReturned,
    ContainerSealed,
    ContainerSigned,
    GoodsDistributed,
    ParcelDisposed,
    ParcelPacked,
    ParcelPlaced,
    ParcelReceived,
    ParcelReleased,
    ParcelRemoved,
    ParcelReturned,
    ParcelSeen,
    ParcelShelved,
    ParcelSorted,
)


@dataclass(frozen=True, slots=True)
class Stay:
    """One place for some time; ``to_ms`` None: it is there now. ``site``: who said so; ``is_aboard``: it lies in a van since.

    ``place``: shelf slot or locker cell; ``container``: it lies in it. Both "": somewhere at the site.
    """

    from_ms: int
    to_ms: int | None
    site: str
    place: str = ""
    container: str = ""
    run: str = ""
    is_aboard: bool = False


def stays(
    events: Iterable[RecordedEvent], of_containers: Mapping[str, Iterable[RecordedEvent]], planned_container: str = ""
) -> tuple[Stay, ...]:  # fmt: skip
    """From the first that is known of it until it was handed out, thrown away or sent back; nothing overlaps.

    ``events``: the parcel's; ``of_containers``: those of each container it may have been in, by name. Where nobody scanned it into
    one, it came in the one it was taken out of, or else in ``planned_container``. Given in any order and any number of times.
    """
    own = effective(events)
    told = [(entry, "") for entry in own]
    for name, facts in of_containers.items():
        told += [(entry, name) for entry in effective(facts) if not isinstance(entry.event.fact, _OF_PARCELS)]
    told.sort(key=lambda one: (one[0].key, one[1]))
    way = _Way(came_in=_came_in(own) or planned_container)
    for entry, container in told:
        if container:
            way.container_told(entry, container)
        else:
            way.parcel_told(entry)
    return tuple(way.done if way.now is None else [*way.done, way.now])


def containers_of(events: Iterable[RecordedEvent], planned_container: str = "") -> set[str]:
    """Those it may have been in."""
    facts = (one.event.fact for one in effective(events))
    named = {fact.container for fact in facts if isinstance(fact, ParcelPacked | ParcelReceived | GoodsDistributed)}
    return (named | {planned_container}) - {""}


_OF_PARCELS = (ParcelPacked, ParcelReceived, ParcelReturned, GoodsDistributed)
_LEFT = (ParcelReleased, ParcelDisposed, ParcelReturned)


def _came_in(own: Iterable[PlacedEvent]) -> str:
    """The container it was taken out of, where the first that is known of it is that."""
    for entry in own:
        match entry.event.fact:
            case ParcelReceived(container=container) | GoodsDistributed(container=container):
                return container
            case ParcelSorted() | ParcelPacked() | ParcelSeen() | ParcelShelved() | ParcelPlaced():
                return ""
            case _:
                pass
    return ""


@dataclass(slots=True)
class _Way:
    """``came_in``: the container it is believed to be in before anybody says anything of itself."""

    came_in: str
    standing: ParcelStanding = field(default_factory=ParcelStanding)
    now: Stay | None = None
    done: list[Stay] = field(default_factory=list)
    is_seen: bool = False

    def parcel_told(self, entry: PlacedEvent) -> None:
        fact, site = entry.event.fact, str(entry.event.site)
        if contradicts(self.standing, fact):
            return
        here = self.now is not None and self.now.site == site and not self.now.container and not self.now.is_aboard
        place = self.now.place if here and self.now is not None else ""
        match fact:
            case ParcelSorted():
                self._go(Stay(entry.at_ms, None, site))
            case ParcelPacked(container=container):
                self._go(Stay(entry.at_ms, None, site, container=container))
            case ParcelReceived() | GoodsDistributed():  # a bag that is made here was its goods before
                self._go(Stay(entry.at_ms, None, site, place))
            case ParcelSeen(slot=slot):
                self._go(Stay(entry.at_ms, None, site, slot or place))
            case ParcelShelved(slot=slot):
                self._go(Stay(entry.at_ms, None, site, slot))
            case ParcelPlaced(cell=cell):
                self._go(Stay(entry.at_ms, None, site, cell))
            case ParcelRemoved():
                self._go(Stay(entry.at_ms, None, site))
            case _ if isinstance(fact, _LEFT):
                self._go(None, entry.at_ms)
            case _:
                return
        self.is_seen = True
        self.standing = after(self.standing, fact)

    def container_told(self, entry: PlacedEvent, container: str) -> None:
        if not self._is_in(container):
            return
        site = str(place_of(entry))
        inside = Stay(entry.at_ms, None, site, container=container)
        match entry.event.fact:
            case ContainerBound() if not self.is_seen:
                self.done, self.now = [], inside  # the rounds before carried other goods
            case ContainerSealed() if not self.is_seen:
                self._go(inside)
            case ContainerLoaded(run=run):
                self._go(replace(inside, run=run, is_aboard=True))
            case ContainerSigned() | ContainerDropped():
                self._go(inside)
            case ContainerOpened() if self.now is not None and (self.now.site != site or self.now.is_aboard):
                self._go(inside)
            case ContainerEmptied() if self.is_seen:
                self._go(Stay(entry.at_ms, None, site))  # left lying out of it, and nobody has said where
            case ContainerReturned() | ContainerEmptied() if not self.is_seen:
                self.done, self.now = [], None
            case ContainerLost() | ContainerReturned():
                self._go(None, entry.at_ms)
            case _:
                pass

    def _is_in(self, container: str) -> bool:
        return self.now.container == container if self.now is not None else not self.is_seen and self.came_in == container

    def _go(self, stay: Stay | None, at_ms: int = 0) -> None:
        """Elsewhere; what is said twice changes nothing. Times that go back (a clock that was wrong) make nothing negative."""
        before = self.now
        if before is not None and stay is not None and replace(stay, from_ms=before.from_ms) == before:
            return
        at_ms = max(at_ms if stay is None else stay.from_ms, before.from_ms if before is not None else 0)
        if before is not None and at_ms > before.from_ms:
            self.done.append(replace(before, to_ms=at_ms))
        last = self.done[-1] if self.done else None
        if stay is None or last is None:
            self.now = None if stay is None else replace(stay, from_ms=at_ms)
        elif at_ms <= (last.to_ms or 0) and replace(last, from_ms=0, to_ms=None) == replace(stay, from_ms=0):
            self.now = replace(self.done.pop(), to_ms=None)  # it was elsewhere for no time at all
        else:
            self.now = replace(stay, from_ms=max(at_ms, last.to_ms or 0))
