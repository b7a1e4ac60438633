"""The payload of ``up/event``: one fact with its number, order and origin."""

from typing import Annotated

from msgspec import Meta

from edge.wire.alarms import AlarmAcknowledged, AlarmCleared, AlarmClosed, AlarmRaised
from edge.wire.counter import (
    AskingLocked,
    CellChanged,
    CellOpened,
    ParcelReleased,
    ReleaseRefused,
    StaffLoggedIn,
    StaffLoggedOut,
    StaffRefused,
)
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
    StockTaken,
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
from edge.wire.facts import ClockCorrected, CommandFinished, DeviceChanged, EventUndone, LabelUnknown
from edge.wire.fields import MAX_BATCH_EVENTS, BootNumber, ClockQuality, Message, Milliseconds, Number, OrderKey, Text

AnyFact = (
    ParcelReceived
    | ParcelShelved
    | ParcelReleased
    | EventUndone
    | LabelUnknown
    | ClockCorrected
    | DeviceChanged
    | CommandFinished
    | ContainerSigned
    | ContainerDropped
    | ContainerOpened
    | CountFinished
    | ContainerEmptied
    | ContainerReturned
    | VarianceFound
    | GoodsReceived
    | GoodsDistributed
    | ParcelPlaced
    | ParcelRemoved
    | ParcelSeen
    | StockTaken
    | ParcelOverdue
    | ParcelDisposed
    | ParcelReturned
    | ReleaseRefused
    | AskingLocked
    | CellOpened
    | CellChanged
    | StaffLoggedIn
    | StaffLoggedOut
    | StaffRefused
    | AlarmRaised
    | AlarmAcknowledged
    | AlarmCleared
    | AlarmClosed
    | ParcelSorted
    | ParcelPacked
    | GoodsPacked
    | ContainerBound
    | ContainerSealed
    | ContainerLoaded
    | ContainerLost
    | ContainerTakenBack
)


class Event(Message, frozen=True):
    """One fact with its number, order and origin. (site, epoch) come from the batch's topic and properties."""

    n: Number
    hlc: OrderKey
    boot: BootNumber
    measured_at_ms: Milliseconds
    clock: ClockQuality
    fact: AnyFact
    device: Text = ""
    actor: Text = ""


class EventBatch(Message, frozen=True):
    """The payload of ``up/event``."""

    events: Annotated[list[Event], Meta(min_length=1, max_length=MAX_BATCH_EVENTS)]
