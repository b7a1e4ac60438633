"""What an alarm is, and what a rule says of one: raised, more severe, cleared. Pure.

Leaves when a rule says so to alarms, and who has seen it to whoever keeps them.
"""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """What is wrong with a subject; one alarm of each stands at a time."""

    HIGH = "high"  # too warm
    LOW = "low"  # too cold
    DOOR_OPEN = "door_open"
    SILENT = "silent"  # a sensor gives no value
    STUCK = "stuck"  # a sensor repeats itself


class Severity(StrEnum):
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """A higher one is more severe."""
        return 1 if self is Severity.WARNING else 2


class Explained(StrEnum):
    """What may have caused it. It is an alarm all the same."""

    NOT = ""
    DOOR = "door"
    DEFROST = "defrost"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One standing alarm. Times are the readings' own, in ms: ``raised_ms`` is when it was due, whenever that was noticed.

    ``since_ms``: when what it complains of began. ``value`` and ``limit`` in the sensor's unit, where there are such.
    """

    id: str
    subject: str  # a sensor's id
    rule: Rule
    severity: Severity
    since_ms: int
    raised_ms: int
    value: float | None = None
    limit: float | None = None
    explained: Explained = Explained.NOT
    detail: str = ""  # why a sensor gives no value


@dataclass(frozen=True, slots=True)
class Raised:
    """It stands from now on; or, where it stood before, it is more severe now."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class Cleared:
    """It stands no more. ``value``: what cleared it; None where nothing was measured (its sensor is not watched any more)."""

    alarm: Alarm
    at_ms: int
    value: float | None = None


Said = Raised | Cleared


def alarm_id(subject: str, rule: Rule, since_ms: int) -> str:
    """The same on every machine that sees the same readings."""
    return f"{subject}/{rule.value}/{since_ms}"
