"""Readings fed to the alarm rules as a station would, and what they said of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edge.rules.alarm_limits import DEFAULT_LIMITS, Goods, Limits, Window
from edge.rules.alarm_words import Alarm, Cleared, Raised, Said
from edge.rules.alarms import Door, Measured, Thermometer, Watch, Watched, begin, look, take

MINUTE_MS = 60_000
NOON_MS = 1_767_240_000_000  # 2026-01-01 04:00 UTC, noon in China
FRIDGE, FREEZER, DOOR = "fridge-1_c", "freezer-1_c", "fridge-1_open"


def watches_of(
    limits: Limits = DEFAULT_LIMITS[Goods.CHILLED], defrost: tuple[Window, ...] = (), freezer_defrost: tuple[Window, ...] = ()
) -> dict[str, Watch]:
    """A fridge with a door, and a freezer without."""
    return {
        FRIDGE: Thermometer(FRIDGE, 60.0, limits, DOOR, defrost),
        FREEZER: Thermometer(FREEZER, 60.0, DEFAULT_LIMITS[Goods.FROZEN], "", freezer_defrost),
        DOOR: Door(DOOR, 60.0),
    }


@dataclass
class Watching:
    """The rules with a memory, from noon on."""

    watches: Mapping[str, Watch] = field(default_factory=watches_of)
    start_ms: int = NOON_MS
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watched, _ = begin(self.watches, None, self.start_ms)

    def keep(self, outcome: tuple[Watched, tuple[Said, ...]]) -> tuple[Said, ...]:
        self.watched, said = outcome
        self.said += said
        return said

    def feel(self, minute: float, value: float | None, sensor: str = FRIDGE, fault: str = "") -> tuple[Said, ...]:
        return self.keep(take(self.watches, self.watched, self.measured(minute, value, sensor, fault)))

    def feel_each_minute(self, minutes: Iterable[int], value: float, sensor: str = FRIDGE) -> None:
        """Never quite the same twice, as a sound thermometer."""
        for minute in minutes:
            self.feel(minute, value + (0.01 if minute % 2 else 0.0), sensor)

    def open_door(self, minute: float, *, is_open: bool) -> tuple[Said, ...]:
        return self.feel(minute, float(is_open), DOOR)

    def wait_until(self, minute: float) -> tuple[Said, ...]:
        return self.keep(look(self.watches, self.watched, self.at(minute)))

    def restart(self, minute: float) -> tuple[Said, ...]:
        return self.keep(begin(self.watches, self.watched, self.at(minute)))

    def measured(self, minute: float, value: float | None, sensor: str = FRIDGE, fault: str = "") -> Measured:
        return Measured(sensor, self.at(minute), value, fault)

    def at(self, minute: float) -> int:
        return self.start_ms + int(minute * MINUTE_MS)

    def minute_of(self, at_ms: int) -> float:
        return (at_ms - self.start_ms) / MINUTE_MS

    @property
    def raised(self) -> list[Alarm]:
        return [one.alarm for one in self.said if isinstance(one, Raised)]

    @property
    def cleared(self) -> list[Cleared]:
        return [one for one in self.said if isinstance(one, Cleared)]

    @property
    def story(self) -> list[tuple[str, str, float]]:
        """What was said: rule, severity or "cleared", minute."""
        return [
            (one.alarm.rule.value, one.alarm.severity.value, self.minute_of(one.alarm.raised_ms))
            if isinstance(one, Raised)
            else (one.alarm.rule.value, "cleared", self.minute_of(one.at_ms))
            for one in self.said
        ]
