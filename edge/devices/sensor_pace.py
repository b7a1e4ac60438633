"""Which readings travel: each sensor's newest once an interval, a door's every change, and silence as silence. Pure.

Leaves positions to fix_pace, taking and sending to edge.sampling. Alarms see every reading, also those that do not travel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.devices.fix_pace import FixPace
from edge.devices.sensor import Fix, Reading, is_door

EARLY = 0.9  # of an interval: who is asked once a minute answers now after 59.9 s, now after 60.1
SILENT = 1.5  # intervals without a reading: "asked, no answer" travels instead


@dataclass(slots=True)
class _Last:
    every_ms: float
    at_ms: int
    value: float | None = None
    has_travelled: bool = False
    is_expected: bool = False


@dataclass(slots=True)
class Pace:
    """One a site. All times are domain ms; a clock that was set back holds nothing up."""

    _last: dict[str, _Last] = field(default_factory=dict)
    _fixes: dict[str, FixPace] = field(default_factory=dict)

    def expect(self, every_s: Mapping[str, float], now_ms: int) -> None:
        """These sensors report by themselves from now on, each at its own interval."""
        self._last |= {sensor: _Last(one_s * 1000, now_ms, is_expected=True) for sensor, one_s in every_s.items()}

    def travels(self, reading: Reading, every_s: float) -> bool:
        """Whether this reading is sent. ``every_s`` is its source's interval, for a sensor nobody announced (a battery)."""
        last = self._last.setdefault(reading.sensor, _Last(every_s * 1000, reading.measured_at_ms))
        if last.has_travelled and not self._is_news(reading, last):
            return False
        last.at_ms, last.value, last.has_travelled = reading.measured_at_ms, reading.value, True
        return True

    def fix_travels(self, fix: Fix) -> bool:
        """Whether this position is sent."""
        return self._fixes.setdefault(fix.device, FixPace()).travels(fix)

    def silent(self, now_ms: int) -> list[str]:
        """Sensors that should have reported and did not, each once an interval for as long as it lasts."""
        silent = []
        for sensor, last in self._last.items():
            if last.is_expected and not 0 <= now_ms - last.at_ms <= last.every_ms * SILENT:
                last.at_ms, last.value = now_ms, None
                silent.append(sensor)
        return silent

    @staticmethod
    def _is_news(reading: Reading, last: _Last) -> bool:
        if (reading.value is None) is not (last.value is None):
            return True
        if is_door(reading.sensor) and reading.value != last.value:
            return True
        return not 0 <= reading.measured_at_ms - last.at_ms < last.every_ms * EARLY
