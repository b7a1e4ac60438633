"""What each sound is on a buzzer that is only on or off, and on a green and a red lamp: told apart with closed eyes.

Pure. Leaves playing to signal.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.devices.ports import Cue, Reason, Sound

SHORT_S = 0.08  # the least that a cheap buzzer makes heard
LONG_S = 0.45


@dataclass(frozen=True, slots=True)
class Lamps:
    """What is on."""

    buzzer: bool = False
    green: bool = False
    red: bool = False


DARK = Lamps()


@dataclass(frozen=True, slots=True)
class Step:
    """What is on, and for how long."""

    lamps: Lamps
    seconds: float


@dataclass(frozen=True, slots=True)
class Pattern:
    """``is_whole``: its beeps are played to the end, whatever comes meanwhile, for somebody has to look up."""

    steps: tuple[Step, ...]
    is_whole: bool = False

    @property
    def beeps(self) -> int:
        return sum(step.lamps.buzzer for step in self.steps)

    @property
    def duration_s(self) -> float:
        return sum(step.seconds for step in self.steps)


def pattern(rhythm: str, *, green: bool = False, red: bool = False, after_s: float = 0.5, is_whole: bool = False) -> Pattern:
    """``rhythm`` is ``.`` for a short and ``-`` for a long beep, with a pause between; the lamps stay for ``after_s``."""
    steps: list[Step] = []
    for beep in rhythm:
        if steps:
            steps.append(Step(Lamps(False, green, red), SHORT_S))
        steps.append(Step(Lamps(True, green, red), LONG_S if beep == "-" else SHORT_S))
    steps.append(Step(Lamps(False, green, red), after_s))
    return Pattern(tuple(steps), is_whole)


_GOOD: Mapping[Cue, Pattern] = {
    Sound.OK: pattern(".", green=True),
    Sound.ATTENTION: pattern(".-.", green=True, red=True, after_s=1.0),
    Sound.DUPLICATE: pattern("..", green=True, red=True),
    Sound.IDENTIFY: pattern(".-", green=True, red=True, after_s=1.0),
}
# Red. A refusal begins with a long beep, which is the no, and ends with its reason; what fails begins with two short ones.
# The same table, for people, is in deploy/site.example.toml.
_REFUSED: Mapping[Cue, str] = {
    Sound.REFUSED: "-",
    Reason.WRONG_SITE: "-.",
    Reason.ALREADY_RELEASED: "-..",  # as a repeat ends
    Reason.UNKNOWN_CODE: "-...",  # as an unknown label ends
    Reason.FORGED: "-....",
    Reason.REVOKED: "--",
    Reason.OTHER_OPERATOR: "--.",
    Reason.WRONG_PARCEL: "--..",
    Reason.SEAL_LACKS: "--...",
    Reason.EXPIRED: "-.-",
    Reason.WRONG_ZONE: "-.-.",
    Reason.TOO_WARM: "-.-..",
    Reason.WRONG_RUN: "-.--",
    Reason.NOT_READY: "-..-",
    Reason.NO_CELL: "-..-.",
    Reason.WRONG_CONTAINER: "-...-",
    Reason.NO_LOG_IN: "--.-",
    Reason.NOT_AT_CABINET: "--..-",
    Reason.LOCKED_OUT: "----",
    Reason.LOCKER_FAULT: "..-",
    Reason.DEVICE_FAULT: "..--",
    Sound.UNKNOWN: "...",
    Sound.ERROR: "---",
}
# Of no scan, and said again until somebody has seen it: whoever scans meanwhile hears of the scan.
_REMINDERS: Mapping[Cue, str] = {Sound.ALARM: "-.-.-", Reason.SENSOR_FAULT: "..-.."}

PATTERNS: dict[Cue, Pattern] = {
    **_GOOD,
    **{cue: pattern(rhythm, red=True, after_s=0.9, is_whole=True) for cue, rhythm in _REFUSED.items()},
    **{cue: pattern(rhythm, red=True) for cue, rhythm in _REMINDERS.items()},
}
