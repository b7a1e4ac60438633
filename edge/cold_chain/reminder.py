"""When the buzzer sounds for alarms: at once, and then now and then until somebody has seen them, or they are over. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.cold_chain.records import AlarmRecord
from edge.devices.ports import Cue, Reason, Sound
from edge.rules.alarm_words import Rule, Severity

AGAIN_S = {Severity.CRITICAL: 30.0, Severity.WARNING: 120.0}  # real seconds: often enough to be asked about, not to be unplugged

_OF_SENSORS = (Rule.SILENT, Rule.STUCK)


def cue_of(alarms: Sequence[AlarmRecord]) -> Cue:
    """Goods come first: a sensor's own fault is heard as such where nothing else is to be seen to."""
    unseen = [alarm.rule for alarm in alarms if alarm.needs_somebody]
    return Reason.SENSOR_FAULT if unseen and all(rule in _OF_SENSORS for rule in unseen) else Sound.ALARM


@dataclass(slots=True)
class Reminder:
    """One a site. ``now_s`` is real monotonic time."""

    last_s: float | None = None

    def is_due(self, alarms: Sequence[AlarmRecord], now_s: float, *, is_news: bool) -> bool:
        """Whether to sound now; if so, it counts as sounded. ``is_news``: one was raised, or became more severe, just now."""
        unseen = [alarm.severity for alarm in alarms if alarm.needs_somebody]
        if not unseen:
            self.last_s = None
            return False
        if not is_news and self.last_s is not None and now_s - self.last_s < min(AGAIN_S[severity] for severity in unseen):
            return False
        self.last_s = now_s
        return True
