"""What a fact is about: the entities whose state it may change. The index of events by entity is made from this."""

from enum import StrEnum
from typing import NamedTuple

from edge.wire.counter import CellChanged, CellOpened, ParcelReleased, ReleaseRefused
from edge.wire.custody import (
    ContainerDropped,
    ContainerEmptied,
    ContainerOpened,
    ContainerReturned,
    ContainerSigned,
    CountFinished,
    GoodsDistributed,
    GoodsReceived,
    ParcelDisposed,
    ParcelOverdue,
    ParcelPlaced,
    ParcelReceived,
    ParcelRemoved,
    ParcelReturned,
    ParcelSeen,
    ParcelShelved,
    VarianceFound,
)
from edge.wire.dock import (
    ContainerBound,
    ContainerLoaded,
    ContainerLost,
    ContainerSealed,
    ContainerTakenBack,
    GoodsPacked,
    ParcelPacked,
    ParcelSorted,
)
from edge.wire.events import AnyFact


class Entity(StrEnum):
    """What has a state folded from facts."""

    PARCEL = "parcel"
    CONTAINER = "container"


class Subject(NamedTuple):
    """One thing a fact is about."""

    entity: Entity
    id: str


def subjects(fact: AnyFact) -> tuple[Subject, ...]:
    """The parcel first, then containers; nothing for facts about the site itself. An undo is about what its target is about."""
    match fact:
        case (
            ParcelShelved(parcel=parcel)
            | ParcelSorted(parcel=parcel)
            | ParcelPlaced(parcel=parcel)
            | ParcelRemoved(parcel=parcel)
            | ParcelSeen(parcel=parcel)
            | ParcelReleased(parcel=parcel)
            | ParcelOverdue(parcel=parcel)
            | ParcelDisposed(parcel=parcel)
            | CellOpened(parcel=parcel)
            | CellChanged(parcel=parcel)
            | ReleaseRefused(parcel=parcel)
        ):
            return _named(parcel, "")
        case (
            ParcelReceived(parcel=parcel, container=container)
            | ParcelPacked(parcel=parcel, container=container)
            | ParcelReturned(parcel=parcel, container=container)
            | VarianceFound(parcel=parcel, container=container)
            | GoodsDistributed(parcel=parcel, container=container)
        ):
            return _named(parcel, container)
        case (
            ContainerSigned(container=container)
            | ContainerBound(container=container)
            | ContainerSealed(container=container)
            | ContainerLoaded(container=container)
            | ContainerLost(container=container)
            | ContainerTakenBack(container=container)
            | ContainerDropped(container=container)
            | ContainerOpened(container=container)
            | CountFinished(container=container)
            | ContainerEmptied(container=container)
            | ContainerReturned(container=container)
            | GoodsReceived(container=container)
            | GoodsPacked(container=container)
        ):
            return _named("", container)
        case _:
            return ()


def _named(parcel: str, container: str) -> tuple[Subject, ...]:
    found = [Subject(Entity.PARCEL, parcel)] if parcel else []
    if container:
        found.append(Subject(Entity.CONTAINER, container))
    return tuple(found)
