"""The first alarms: limits, silent and stuck sensors, doors left open. Pure; station and cloud share it.

Times come in with what is measured, and there is no clock here. A sensor's readings count in the order of their times: one that
is not newer than the newest is a repeat or comes late, and changes nothing. Leaves who is told, and who has seen it, to others.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge.rules.alarm_excursion import NONE, Excursion, Look, judge
from edge.rules.alarm_limits import Limits, Window
from edge.rules.alarm_words import Alarm, Cleared, Explained, Raised, Rule, Said, Severity, alarm_id

# A sensor owes its next reading an interval after the last, and is silent from then on; after three intervals of silence it is an
# alarm, and half an interval is left to one that comes late. Two readings in a hundred that do not come make four in a
# row once in 600 sensor weeks.
SILENT_INTERVALS = 3
LATE_INTERVALS = 0.5
STUCK_S = (
    2 * 3600.0
)  # a thermometer of 0.1 °C in a sound box repeats itself for half an hour at most (tests/firmware_sim/test_cold.py)
DOOR_OPEN_S = 120.0
DOOR_EXPLAINS_S = 30 * 60.0  # two and a half times a box's τ of recovery


@dataclass(frozen=True, slots=True)
class Thermometer:
    """What is watched of one. ``limits`` None: only that it speaks. ``door``: its box's door sensor, "" where it has none."""

    sensor: str
    every_s: float
    limits: Limits | None = None
    door: str = ""
    defrost: tuple[Window, ...] = ()
    stuck_s: float | None = STUCK_S  # None: it may stand still, as a shelf's does at night

    def is_defrosting(self, at_ms: int) -> bool:
        """Whether its box may be warm just then."""
        return any(window.holds(at_ms) for window in self.defrost)


@dataclass(frozen=True, slots=True)
class Door:
    """What is watched of one."""

    sensor: str
    every_s: float
    open_s: float = DOOR_OPEN_S


Watch = Thermometer | Door
Watches = Mapping[str, Watch]  # by sensor


@dataclass(frozen=True, slots=True)
class Measured:
    """One reading: a thermometer's in °C, a door's 1 or 0; None (or no number) where there is no value, ``fault`` saying why."""

    sensor: str
    at_ms: int
    value: float | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Sense:
    """What is remembered of one sensor. ``owed_from_ms``: of its newest value, or when the watch began; silence counts from it."""

    owed_from_ms: int
    at_ms: int | None = None  # of its newest value
    value: float | None = None
    fault: str = ""  # of what came after it
    same_since_ms: int = 0
    same_ms: int = 0  # observed unchanged
    high: Excursion = NONE
    low: Excursion = NONE
    silent: Alarm | None = None
    stuck: Alarm | None = None
    open_since_ms: int | None = None  # doors
    closed_ms: int | None = None
    open: Alarm | None = None

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """That stand."""
        return tuple(one for one in (self.high.alarm, self.low.alarm, self.open, self.silent, self.stuck) if one is not None)


@dataclass(frozen=True, slots=True)
class Watched:
    """All that the rules remember. ``as_of_ms``: the newest time they were told of."""

    as_of_ms: int
    senses: Mapping[str, Sense] = field(default_factory=dict)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """That stand, of all sensors."""
        return tuple(alarm for sense in self.senses.values() for alarm in sense.alarms)


Outcome = tuple[Watched, tuple[Said, ...]]


def begin(watches: Watches, watched: Watched | None, now_ms: int) -> Outcome:
    """Start to watch, or go on where ``watched`` stood: after a restart, and with other watches.

    While nobody watched nobody was silent, and no door is known to have stood open. A clock that is behind what is remembered was
    reset: then no time has passed. What is not watched any more is cleared.
    """
    if watched is None:
        watched = Watched(now_ms)
    elif now_ms < watched.as_of_ms:
        watched = shift(watched, now_ms - watched.as_of_ms)
    said: list[Said] = []
    senses: dict[str, Sense] = {}
    for sensor, sense in watched.senses.items():
        kept = _still_watched(watches.get(sensor), sense)
        said += (Cleared(alarm, now_ms) for alarm in sense.alarms if kept is None or alarm not in kept.alarms)
        if kept is not None:
            senses[sensor] = replace(kept, owed_from_ms=now_ms, open_since_ms=kept.open_since_ms if kept.open else None)
    fresh = {sensor: Sense(now_ms) for sensor in watches if sensor not in senses}
    return Watched(max(watched.as_of_ms, now_ms), senses | fresh), tuple(said)


def take(watches: Watches, watched: Watched, measured: Measured) -> Outcome:
    """One reading. Of a sensor nobody watches, or not newer than its newest: nothing."""
    watch, sense = watches.get(measured.sensor), watched.senses.get(measured.sensor)
    if watch is None or sense is None or (sense.at_ms is not None and measured.at_ms <= sense.at_ms):
        return watched, ()
    sense, silence = _look(watch, sense, measured.at_ms)
    said: tuple[Said, ...] = ()
    value = measured.value
    if value is None or not math.isfinite(value):
        sense = replace(sense, fault=measured.fault or "no value")
    elif isinstance(watch, Door):
        sense, said = _see_door(sense, measured.at_ms, value)
    else:
        sense, said = _see(watch, sense, measured.at_ms, value, watched.senses.get(watch.door))
    as_of_ms = max(watched.as_of_ms, measured.at_ms)
    return Watched(as_of_ms, {**watched.senses, measured.sensor: sense}), (*silence, *said)


def look(watches: Watches, watched: Watched, now_ms: int) -> Outcome:
    """Time has passed: who is silent, which door stands open. All readings up to ``now_ms`` must have been taken."""
    senses: dict[str, Sense] = {}
    said: tuple[Said, ...] = ()
    for sensor, sense in watched.senses.items():
        senses[sensor], news = _look(watches[sensor], sense, now_ms)
        said += news
    return Watched(max(watched.as_of_ms, now_ms), senses), said


def shift(watched: Watched, offset_ms: int) -> Watched:
    """The clock that stamps the readings was set on by so much: what is remembered moves along, and no time has passed."""
    return Watched(watched.as_of_ms + offset_ms, {sensor: _shifted(one, offset_ms) for sensor, one in watched.senses.items()})


def _look(watch: Watch, sense: Sense, now_ms: int) -> tuple[Sense, tuple[Said, ...]]:
    """What is due by ``now_ms`` without a reading."""
    said: list[Said] = []
    since_ms = sense.owed_from_ms + int(watch.every_s * 1000)
    due_ms = sense.owed_from_ms + _silent_ms(watch)
    if sense.silent is None and now_ms >= due_ms:
        silent = _alarm(watch.sensor, Rule.SILENT, since_ms, due_ms, detail=sense.fault)
        sense = replace(sense, silent=silent)
        said.append(Raised(silent))
    if isinstance(watch, Door) and sense.open is None and sense.open_since_ms is not None:
        due_ms = sense.open_since_ms + int(watch.open_s * 1000)
        if now_ms >= due_ms:
            stands_open = _alarm(watch.sensor, Rule.DOOR_OPEN, sense.open_since_ms, due_ms)
            sense = replace(sense, open=stands_open)
            said.append(Raised(stands_open))
    return sense, tuple(said)


def _see(watch: Thermometer, sense: Sense, at_ms: int, value: float, door: Sense | None) -> tuple[Sense, tuple[Said, ...]]:
    """A thermometer's value, newer than all before."""
    counted_ms = _counted(watch, sense, at_ms)
    said = _spoke(sense, at_ms, value)
    sense, news = _see_standstill(watch, sense, at_ms, value, counted_ms)
    said += news
    limits = watch.limits
    high, low = NONE, NONE
    if limits is not None:
        is_defrosting = watch.is_defrosting(at_ms)
        explained = _explanation(door, at_ms, is_defrosting=is_defrosting)
        if limits.high_c is not None:
            seen = Look(watch.sensor, Rule.HIGH, at_ms, value, limits.high_c, value - limits.high_c, counted_ms, is_defrosting)
            high, news = judge(sense.high, seen, limits, explained)
            said += news
        if limits.low_c is not None:
            seen = Look(watch.sensor, Rule.LOW, at_ms, value, limits.low_c, limits.low_c - value, counted_ms, False)
            low, news = judge(sense.low, seen, limits, Explained.NOT)
            said += news
    return replace(sense, owed_from_ms=at_ms, at_ms=at_ms, value=value, fault="", silent=None, high=high, low=low), said


def _see_standstill(watch: Thermometer, sense: Sense, at_ms: int, value: float, counted_ms: int) -> tuple[Sense, tuple[Said, ...]]:
    if watch.stuck_s is None or value != sense.value:
        said = () if sense.stuck is None else (Cleared(sense.stuck, at_ms, value),)
        return replace(sense, same_since_ms=at_ms, same_ms=0, stuck=None), said
    sense = replace(sense, same_ms=sense.same_ms + counted_ms)
    if sense.stuck is not None or sense.same_ms < watch.stuck_s * 1000:
        return sense, ()
    stuck = _alarm(watch.sensor, Rule.STUCK, sense.same_since_ms, at_ms, value=value)
    return replace(sense, stuck=stuck), (Raised(stuck),)


def _see_door(sense: Sense, at_ms: int, value: float) -> tuple[Sense, tuple[Said, ...]]:
    """A door's state, newer than all before."""
    said = _spoke(sense, at_ms, value)
    sense = replace(sense, owed_from_ms=at_ms, at_ms=at_ms, value=value, fault="", silent=None)
    if value >= 0.5:
        return replace(sense, open_since_ms=at_ms if sense.open_since_ms is None else sense.open_since_ms), said
    if sense.open is not None:
        said = (*said, Cleared(sense.open, at_ms, value))
    closed_ms = at_ms if sense.open_since_ms is not None else sense.closed_ms
    return replace(sense, open_since_ms=None, closed_ms=closed_ms, open=None), said


def _spoke(sense: Sense, at_ms: int, value: float) -> tuple[Said, ...]:
    return () if sense.silent is None else (Cleared(sense.silent, at_ms, value),)


def _explanation(door: Sense | None, at_ms: int, *, is_defrosting: bool) -> Explained:
    if door is not None and (
        door.open_since_ms is not None or (door.closed_ms is not None and at_ms - door.closed_ms <= DOOR_EXPLAINS_S * 1000)
    ):
        return Explained.DOOR
    return Explained.DEFROST if is_defrosting else Explained.NOT


def _counted(watch: Watch, sense: Sense, at_ms: int) -> int:
    """How much of the time since its last value was observed: all of it, or none where a silent sensor would have been told of."""
    passed_ms = 0 if sense.at_ms is None else at_ms - sense.at_ms
    return passed_ms if passed_ms < _silent_ms(watch) else 0


def _silent_ms(watch: Watch) -> int:
    return int(watch.every_s * (1 + SILENT_INTERVALS + LATE_INTERVALS) * 1000)


def _alarm(
    sensor: str, rule: Rule, since_ms: int, raised_ms: int, value: float | None = None, detail: str = ""
) -> Alarm:  # fmt: skip
    return Alarm(alarm_id(sensor, rule, since_ms), sensor, rule, Severity.WARNING, since_ms, raised_ms, value, detail=detail)


def _still_watched(watch: Watch | None, sense: Sense) -> Sense | None:
    """What goes on of it under (perhaps) other watches."""
    match watch:
        case None:
            return None
        case Door():
            return sense
        case Thermometer(limits=limits, stuck_s=stuck_s):
            return replace(
                sense,
                high=NONE if limits is None or limits.high_c is None else sense.high,
                low=NONE if limits is None or limits.low_c is None else sense.low,
                stuck=None if stuck_s is None else sense.stuck,
            )


def _shifted(sense: Sense, offset_ms: int) -> Sense:
    def moved(at_ms: int | None) -> int | None:
        return None if at_ms is None else at_ms + offset_ms

    def moved_alarm(alarm: Alarm | None) -> Alarm | None:
        if alarm is None:
            return None
        return replace(alarm, since_ms=alarm.since_ms + offset_ms, raised_ms=alarm.raised_ms + offset_ms)

    def moved_excursion(one: Excursion) -> Excursion:
        return replace(one, since_ms=moved(one.since_ms), alarm=moved_alarm(one.alarm))

    return replace(
        sense,
        owed_from_ms=sense.owed_from_ms + offset_ms,
        at_ms=moved(sense.at_ms),
        same_since_ms=sense.same_since_ms + offset_ms,
        open_since_ms=moved(sense.open_since_ms),
        closed_ms=moved(sense.closed_ms),
        high=moved_excursion(sense.high),
        low=moved_excursion(sense.low),
        silent=moved_alarm(sense.silent),
        stuck=moved_alarm(sense.stuck),
        open=moved_alarm(sense.open),
    )
