"""An event as the folds see it: placed in the one order of all sites, its time corrected, its retraction known.

Pure and insensitive to arrival: whatever the order or number of times events came, `effective` gives the same list.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.wire.ids import Epoch, EventId, EventNumber, SiteId
from edge.wire.messages import AnyFact, ClockQuality, EventUndone
from edge.wire.order import ZERO, Hlc, shift


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event as stored. ``offset_ms``: what a clock event said of its boot, 0 where none did."""

    site: SiteId
    epoch: Epoch
    n: EventNumber
    hlc: Hlc
    measured_at_ms: int
    received_at_ms: int
    clock: ClockQuality
    fact: AnyFact
    offset_ms: int = 0
    boot: int = 0
    actor: str = ""
    device: str = ""

    @property
    def id(self) -> EventId:
        return EventId(self.site, self.epoch, self.n)


@dataclass(frozen=True, slots=True)
class PlacedEvent:
    """A recorded event in its place. ``key`` orders events of all sites; ``at_ms`` is the time believed, ms since 1970."""

    key: tuple[Hlc, SiteId, Epoch, EventNumber]
    at_ms: int
    event: RecordedEvent


# What is believed of a corrected time: at most this long before it was received, at most this long after.
MAX_AGE_MS = 90 * 86_400_000
MAX_AHEAD_MS = 5 * 60_000


def believed_at_ms(corrected_ms: int, received_ms: int) -> int:
    """The time a row lies at: the corrected one if within [received - 90 d, received + 5 min], else received."""
    return corrected_ms if received_ms - MAX_AGE_MS <= corrected_ms <= received_ms + MAX_AHEAD_MS else received_ms


def offset_for(clock: ClockQuality, offset_ms: int) -> int:
    """The correction that applies to what was stamped with this quality: none to the cloud's own time carried forward."""
    return 0 if clock is ClockQuality.CLOUD else offset_ms


def placed(events: Iterable[RecordedEvent]) -> list[PlacedEvent]:
    """Each event once, in order: hybrid logical clock with its correction, then site, epoch, n.

    Within a site and epoch n decides, so a correction never carries an event before one the site numbered earlier. An event with a
    higher number and a lower clock than another of the same boot was moved here after a conflict: it keeps the place of its clock.
    """
    unique = {event.id: event for event in events}
    in_order: list[PlacedEvent] = []
    last: dict[tuple[SiteId, Epoch], Hlc] = {}
    newest: dict[tuple[SiteId, Epoch, int], Hlc] = {}  # as stamped: a boot's clock only goes on
    for event in sorted(unique.values(), key=lambda event: event.id):
        offset_ms = offset_for(event.clock, event.offset_ms)
        stream = (event.site, event.epoch)
        hlc = shift(event.hlc, offset_ms)
        if event.hlc >= newest.get((*stream, event.boot), ZERO):
            newest[(*stream, event.boot)] = event.hlc
            hlc = last[stream] = max(hlc, last.get(stream, ZERO))
        at_ms = believed_at_ms(event.measured_at_ms + offset_ms, event.received_at_ms)
        in_order.append(PlacedEvent((hlc, event.site, event.epoch, event.n), at_ms, event))
    in_order.sort(key=lambda entry: entry.key)
    return in_order


def effective(events: Iterable[RecordedEvent]) -> list[PlacedEvent]:
    """What counts as having happened, in order: without the undone events and without the undos themselves.

    The last word counts: undos are heard from the latest back, and one that is itself undone says nothing.
    """
    in_order = placed(events)
    undone: set[EventId] = set()
    for entry in reversed(in_order):
        if isinstance(entry.event.fact, EventUndone) and entry.event.id not in undone:
            undone.add(EventId.parse(entry.event.fact.target))
    return [entry for entry in in_order if entry.event.id not in undone and not isinstance(entry.event.fact, EventUndone)]
