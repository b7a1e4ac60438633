"""An alarm's life as a fold over its site's events, with what people said of it from the cloud.

Raised, acknowledged, cleared, closed; said again where it became more severe, and then nobody has seen that yet. Late, repeated
and reordered events end in the same life. Leaves when a rule says so to `edge.rules.alarms`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from cloud.domain.events import PlacedEvent, RecordedEvent, effective
from edge.wire.ids import SiteId
from edge.wire.messages import FROM_AFAR, AlarmAcknowledged, AlarmCleared, AlarmClosed, AlarmRaised, AnyFact

AlarmFact = AlarmRaised | AlarmAcknowledged | AlarmCleared | AlarmClosed
ENTITY = "alarm"  # in event_subject


class AlarmState(StrEnum):
    """How far its life has come; the pages translate."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    CLOSED = "closed"


class WordKind(StrEnum):
    """What a person can say of an alarm."""

    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CloudWord:
    """What somebody said of an alarm from the cloud. ``seen``: the newest raising they were shown (``Alarm.raised_by``).

    What they were not shown they have not seen: where it had become more severe, and the cloud did not know yet, it does not count.
    """

    kind: WordKind
    at_ms: int
    by: str
    note: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """The folded life. Times in ms since 1970; ``since_ms`` is when what it complains of began, None where that is not known.

    ``raised_by`` tells its newest raising from those before: the event's id; of an alarm of the cloud's own, how severe it is.
    """

    subject: str
    rule: str
    severity: str
    raised_ms: int
    since_ms: int | None = None
    value: float | None = None
    limit: float | None = None
    explained: str = ""
    detail: str = ""
    raised_by: str = ""
    acknowledged_ms: int | None = None
    acknowledged_by: str = ""
    is_echo: bool = False  # a station acknowledged it because somebody in the cloud did, whose word names them
    note: str = ""
    cleared_ms: int | None = None
    cleared_value: float | None = None
    closed_ms: int | None = None
    closed_by: str = ""
    close_note: str = ""

    @property
    def state(self) -> AlarmState:
        if self.closed_ms is not None:
            return AlarmState.CLOSED
        if self.cleared_ms is not None:
            return AlarmState.CLEARED
        return AlarmState.RAISED if self.acknowledged_ms is None else AlarmState.ACKNOWLEDGED

    @property
    def stands(self) -> bool:
        """What it complains of goes on."""
        return self.cleared_ms is None and self.closed_ms is None

    @property
    def is_open(self) -> bool:
        """It stands, or nobody has seen it."""
        return self.closed_ms is None and (self.cleared_ms is None or self.acknowledged_ms is None)


def alarm_entity(site: SiteId, fact: AnyFact) -> str | None:
    """By what an alarm's events are found: its name is the site's own. None for other facts."""
    return f"{site}/{fact.alarm}" if isinstance(fact, AlarmFact) else None


def fold_alarm(events: Iterable[RecordedEvent], words: Iterable[CloudWord] = ()) -> Alarm | None:
    """The alarm after all its events, given in any order and any number of times; None before one has raised it."""
    alarm: Alarm | None = None
    for entry in effective(events):
        alarm = _after(alarm, entry)
    return None if alarm is None else with_words(alarm, words)


def with_words(alarm: Alarm, words: Iterable[CloudWord]) -> Alarm:
    """With what people said from the cloud; of two who say the same the first counts, wherever they are."""
    for word in sorted(words, key=lambda word: (word.at_ms, word.kind, word.by, word.note)):
        if word.seen != alarm.raised_by:
            continue
        if alarm.acknowledged_ms is None or alarm.is_echo or word.at_ms < alarm.acknowledged_ms:
            alarm = replace(alarm, acknowledged_ms=word.at_ms, acknowledged_by=word.by, note=word.note, is_echo=False)
        is_first = alarm.closed_ms is None or word.at_ms < alarm.closed_ms
        if word.kind is WordKind.CLOSED and alarm.cleared_ms is not None and is_first:
            alarm = replace(alarm, closed_ms=word.at_ms, closed_by=word.by, close_note=word.note)
    return alarm


def _after(alarm: Alarm | None, entry: PlacedEvent) -> Alarm | None:
    fact, actor = entry.event.fact, entry.event.actor
    if isinstance(fact, AlarmRaised):
        return _raised(alarm, fact, entry)
    if alarm is None:
        return None
    match fact:
        case AlarmAcknowledged(note=note) if alarm.acknowledged_ms is None:
            is_echo = entry.event.device == FROM_AFAR
            return replace(alarm, acknowledged_ms=entry.at_ms, acknowledged_by=actor, note=note, is_echo=is_echo)
        case AlarmCleared(value=value) if alarm.cleared_ms is None:
            return replace(alarm, cleared_ms=entry.at_ms, cleared_value=value)
        case AlarmClosed(note=note) if alarm.closed_ms is None:
            return replace(alarm, closed_ms=entry.at_ms, closed_by=actor, close_note=note)
        case _:
            return alarm


def _raised(before: Alarm | None, fact: AlarmRaised, entry: PlacedEvent) -> Alarm:
    """Anew, whatever had become of it: but it began when it first did, and was first raised then."""
    return Alarm(
        subject=fact.subject,
        rule=fact.rule,
        severity=fact.severity,
        raised_ms=entry.at_ms if before is None else before.raised_ms,
        since_ms=fact.since_ms if before is None or before.since_ms is None else before.since_ms,
        value=fact.value,
        limit=fact.limit,
        explained=fact.explained,
        detail=fact.detail,
        raised_by=str(entry.event.id),
    )
