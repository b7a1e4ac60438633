"""What each sound is on a buzzer that is only on or off, and on a green and a red lamp: told apart with closed eyes.

Pure. Leaves playing to signal.
"""

from dataclasses import dataclass

from edge.devices.ports import Sound

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


PATTERNS = {
    Sound.OK: pattern(".", green=True),
    Sound.ATTENTION: pattern(".-.", green=True, red=True, after_s=1.0),
    Sound.DUPLICATE: pattern("..", green=True, red=True),
    Sound.IDENTIFY: pattern(".-", green=True, red=True, after_s=1.0),
    Sound.ALARM: pattern("-.-.-", red=True),  # not whole: whoever scans meanwhile hears of the scan
    Sound.REFUSED: pattern("-", red=True, after_s=1.0, is_whole=True),
    Sound.UNKNOWN: pattern("...", red=True, after_s=1.0, is_whole=True),
    Sound.ERROR: pattern("---", red=True, after_s=1.0, is_whole=True),
}
