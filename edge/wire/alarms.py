"""Facts of an alarm's life: raised, acknowledged by a person, cleared by the readings, closed by a person."""

from typing import Literal

from edge.wire.facts import Fact
from edge.wire.fields import Milliseconds, Name, Reading, Text

# The device of an acknowledgement that a station was told from afar: no name travels, so the event's actor is nobody's.
FROM_AFAR = "cloud"


class AlarmRaised(Fact, frozen=True, tag="alarm_raised"):
    """A rule found a subject out of bounds. ``alarm`` names this raising in all that follows; unique within the site.

    Said again of the same alarm where it became more severe; an acknowledgement before that does not count for it.
    """

    alarm: Name
    subject: Name  # a sensor's, device's or cell's id
    rule: Name
    severity: Literal["info", "warning", "critical"]
    value: Reading | None = None
    limit: Reading | None = None  # in the value's unit
    since_ms: Milliseconds | None = None
    explained: Literal["", "door", "defrost"] = ""  # what may have caused it; it is an alarm all the same
    detail: Text = ""  # why a sensor gives no value


class AlarmAcknowledged(Fact, frozen=True, tag="alarm_acknowledged"):
    """The event's actor has seen it."""

    alarm: Name
    note: Text = ""


class AlarmCleared(Fact, frozen=True, tag="alarm_cleared"):
    """The readings are within bounds again."""

    alarm: Name
    value: Reading | None = None


class AlarmClosed(Fact, frozen=True, tag="alarm_closed"):
    """The event's actor has dealt with it."""

    alarm: Name
    note: Text = ""
