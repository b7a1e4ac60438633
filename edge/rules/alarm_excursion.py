"""One limit of one thermometer: how long a value has been beyond it, when that is an alarm, and when the alarm is over. Pure.

Only observed time counts: a gap in the readings makes nothing worse and nothing better.
"""

from dataclasses import dataclass, replace

from edge.rules.alarm_limits import Limits
from edge.rules.alarm_words import Alarm, Cleared, Explained, Raised, Rule, Said, Severity, alarm_id


@dataclass(frozen=True, slots=True)
class Excursion:
    """``since_ms``: of its first reading; None while there is none.

    Before it is an alarm it ends ``clear_s`` within the limit, not with the first reading there: a box that hovers is told of too.
    """

    since_ms: int | None = None
    over_ms: int = 0  # observed beyond the limit
    was_over: bool = False
    inside_ms: int | None = None  # observed far enough inside, up to now; None: it is not
    explained: Explained = Explained.NOT
    alarm: Alarm | None = None


NONE = Excursion()


@dataclass(frozen=True, slots=True)
class Look:
    """One reading as a limit sees it. ``beyond_c``: negative inside. ``counted_ms``: observed since the reading before."""

    sensor: str
    rule: Rule
    at_ms: int
    value: float
    limit: float
    beyond_c: float
    counted_ms: int
    is_defrosting: bool


def judge(excursion: Excursion, look: Look, limits: Limits, explained: Explained) -> tuple[Excursion, tuple[Said, ...]]:
    """``explained`` is what could explain an excursion at this moment; the first explanation stays."""
    if look.beyond_c > 0.0:
        return _over(excursion, look, limits, explained)
    if excursion.since_ms is None:
        return NONE, ()
    return _within(excursion, look, limits)


def _over(excursion: Excursion, look: Look, limits: Limits, explained: Explained) -> tuple[Excursion, tuple[Said, ...]]:
    counts = excursion.was_over and not look.is_defrosting
    excursion = replace(
        excursion,
        since_ms=look.at_ms if excursion.since_ms is None else excursion.since_ms,
        over_ms=excursion.over_ms + (look.counted_ms if counts else 0),
        was_over=True,
        inside_ms=None,
        explained=excursion.explained or explained,
    )
    severity = _severity(excursion, look, limits)
    stood = excursion.alarm
    if severity is None or (stood is not None and stood.severity.rank >= severity.rank):
        return excursion, ()
    since_ms = excursion.since_ms or 0
    alarm = Alarm(
        id=alarm_id(look.sensor, look.rule, since_ms) if stood is None else stood.id,
        subject=look.sensor,
        rule=look.rule,
        severity=severity,
        since_ms=since_ms,
        raised_ms=look.at_ms,
        value=look.value,
        limit=look.limit,
        explained=excursion.explained,
    )
    return replace(excursion, alarm=alarm), (Raised(alarm),)


def _severity(excursion: Excursion, look: Look, limits: Limits) -> Severity | None:
    at_once_c = limits.at_once_c * (2 if look.is_defrosting else 1)
    if look.beyond_c >= at_once_c or excursion.over_ms >= limits.alarm_s * 1000:
        return Severity.CRITICAL
    is_rebound = limits.rebound_c is not None and look.rule is Rule.HIGH and look.value > limits.rebound_c
    if excursion.over_ms >= limits.warn_s * 1000 or (is_rebound and not look.is_defrosting):
        # What only got so far in a defrost has not been over for any time that counts.
        return Severity.WARNING
    return None


def _within(excursion: Excursion, look: Look, limits: Limits) -> tuple[Excursion, tuple[Said, ...]]:
    is_far_inside = look.beyond_c <= -limits.clear_c
    stood = excursion.alarm
    if stood is None and is_far_inside:
        return NONE, ()
    if stood is not None and not is_far_inside:
        return replace(excursion, was_over=False, inside_ms=None), ()
    inside_ms = 0 if excursion.inside_ms is None else excursion.inside_ms + look.counted_ms
    if inside_ms < limits.clear_s * 1000:
        return replace(excursion, was_over=False, inside_ms=inside_ms), ()
    return NONE, () if stood is None else (Cleared(stood, look.at_ms, look.value),)
