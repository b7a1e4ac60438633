"""How warm goods may be, for how long, and when a box defrosts: what the alarm rules are set to. Pure.

Domain.md's numbers are the defaults; a site's rules change them. Leaves what follows from them to alarms.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import msgspec

from edge.wire.presence import GoodsLimits

DAY_MINUTES = 24 * 60
CHINA_MINUTES = 8 * 60  # east of UTC; one zone, no summer time

_WINDOW = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)(?: ([+-])(\d\d):(\d\d))?\Z")


class Goods(StrEnum):
    """Classes of goods by what they bear."""

    CHILLED = "chilled"  # 0-5 °C
    CHILLED_WIDE = "chilled_wide"  # 0-10 °C: some fruit, drinks
    FROZEN = "frozen"  # -18 °C and below


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one class of goods. A value *at* a limit is within it.

    ``rebound_c``: up to here for minutes only; beyond it the warning does not wait. ``at_once_c``: so far beyond a limit is an
    alarm at once; in a defrost window twice as far. ``clear_c``, ``clear_s``: so far inside for so long, and the alarm is over.
    """

    low_c: float | None = None
    high_c: float | None = None
    rebound_c: float | None = None
    at_once_c: float = 4.0
    warn_s: float = 10 * 60.0
    alarm_s: float = 20 * 60.0
    clear_c: float = 1.0
    clear_s: float = 5 * 60.0

    def __post_init__(self) -> None:
        given = [one for one in (self.low_c, self.high_c, self.rebound_c) if one is not None]
        if not all(map(math.isfinite, given)):
            raise ValueError("limits: want finite temperatures")
        if self.low_c is not None and self.high_c is not None and not self.low_c + 2 * self.clear_c < self.high_c:
            raise ValueError(f"high_c: want more than low_c + {2 * self.clear_c:g}, got {self.high_c:g}: no alarm could ever clear")
        if self.rebound_c is not None and (self.high_c is None or self.rebound_c <= self.high_c):
            raise ValueError(f"rebound_c: want more than high_c, got {self.rebound_c:g}")
        for name in ("at_once_c", "clear_c"):
            if not 0.0 < getattr(self, name) <= 100.0:
                raise ValueError(f"{name}: want more than 0 and at most 100, got {getattr(self, name)}")
        for name in ("warn_s", "clear_s"):
            if not 0.0 <= getattr(self, name) <= 86_400.0:
                raise ValueError(f"{name}: want 0 to 86400, got {getattr(self, name)}")
        if not self.warn_s <= self.alarm_s <= 86_400.0:
            raise ValueError(f"alarm_s: want warn_s to 86400, got {self.alarm_s}")


DEFAULT_LIMITS = {
    Goods.CHILLED: Limits(0.0, 5.0),
    Goods.CHILLED_WIDE: Limits(0.0, 10.0),
    Goods.FROZEN: Limits(None, -18.0, rebound_c=-15.0),
}


def limits_of(wanted: Mapping[str, GoodsLimits]) -> dict[Goods, Limits]:
    """Of every class: the cloud's, else the default. A class we do not know is a later release's. ValueError names the key."""
    limits = dict(DEFAULT_LIMITS)
    for goods in Goods:
        if (one := wanted.get(goods.value)) is not None:
            try:
                limits[goods] = Limits(**msgspec.structs.asdict(one))
            except ValueError as error:
                raise ValueError(f"{goods.value}.{error}") from None
    return limits


@dataclass(frozen=True, slots=True)
class Window:
    """When a box defrosts and gets cold again, every day: from and to, in minutes of the UTC day; it may cross midnight."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < DAY_MINUTES and 0 <= self.end < DAY_MINUTES) or self.start == self.end:
            raise ValueError(f"want two different times of a day, got minutes {self.start} and {self.end}")
        if self.minutes > 6 * 60:
            raise ValueError(f"want at most 6 h for a defrost, got {self.minutes} min")

    @property
    def minutes(self) -> int:
        return (self.end - self.start) % DAY_MINUTES

    @classmethod
    def parse(cls, text: str) -> Self:
        """``02:00-03:00``, China's time, or ``02:00-03:00 +07:00``. ValueError."""
        match = _WINDOW.match(text)
        if (
            match is None
            or any(int(hour) > 23 for hour in match.group(1, 3))
            or any(int(minute) > 59 for minute in match.group(2, 4))
        ):
            raise ValueError(f"want such as '02:00-03:00', or '02:00-03:00 +07:00' outside China, got {text[:40]!r}")
        sign, hours, minutes = match.group(5, 6, 7)
        east = CHINA_MINUTES if sign is None else int(f"{sign}1") * (int(hours) * 60 + int(minutes))
        start, end = (int(match[at]) * 60 + int(match[at + 1]) - east for at in (1, 3))
        return cls(start % DAY_MINUTES, end % DAY_MINUTES)

    def holds(self, at_ms: int) -> bool:
        """Whether a moment lies in it."""
        minute = at_ms // 60_000 % DAY_MINUTES
        return (minute - self.start) % DAY_MINUTES < self.minutes
