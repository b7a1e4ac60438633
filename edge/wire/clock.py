"""One clock for edge, cloud and town (ARCHITECTURE, decision 13): what domain time it is, and how fast it runs.

Pure: the readings of the machine's clocks are handed in. Protocol time-outs use real monotonic time, never this.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from edge.wire.fields import MAX_MS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_RATE = 300.0  # a day in five minutes; faster, and the processes of a small machine fall behind


class Clock(Protocol):
    """Domain time."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...

    @property
    def rate(self) -> float:
        """Domain seconds a real second: 1.0 in production, 0.0 while a town is paused."""
        ...

    @property
    def is_simulated(self) -> bool:
        """True in the town: every page then shows 演示时间."""
        ...


def utc(ms: int) -> datetime:
    """Aware UTC datetime of milliseconds since 1970; OverflowError past year 9999."""
    return EPOCH + timedelta(milliseconds=ms)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime, rounded down."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class WallClock:
    """Production: the machine's wall clock. ``read_wall_s`` is ``time.time``."""

    read_wall_s: Callable[[], float]

    def now_ms(self) -> int:
        return int(self.read_wall_s() * 1000)

    @property
    def rate(self) -> float:
        return 1.0

    @property
    def is_simulated(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class TownTime:
    """Simulated time as a line: at monotonic ``anchor_s`` it was ``simulated_ms``, and it runs at ``rate``.

    ``anchor_s`` is CLOCK_MONOTONIC of this boot, which all processes of a machine share. ``boot_id`` says which boot: after
    another one the line is resumed from ``simulated_ms``, for no time passes in a town that is not running.
    """

    simulated_ms: int
    anchor_s: float
    rate: float
    boot_id: str

    def at(self, monotonic_s: float) -> int:
        """Simulated milliseconds since 1970 at a monotonic reading of the same boot; never before the anchor."""
        return self.simulated_ms + int(max(0.0, monotonic_s - self.anchor_s) * self.rate * 1000)

    def changed(self, monotonic_s: float, rate: float) -> "TownTime":
        """The same time at this moment, running at another rate from here (0 pauses). ValueError outside 0-300."""
        _check_rate(rate)
        return TownTime(self.at(monotonic_s), monotonic_s, rate, self.boot_id)


class TownClock:
    """The town's clock: a line kept in a file that all processes of the machine share.

    ``read_file`` returns the file's bytes, ``read_monotonic_s`` is ``time.monotonic``. The file is looked at again after
    50 ms at the latest, so that a change of rate reaches every process before anyone sees two times.
    """

    _REREAD_S = 0.05

    def __init__(self, read_file: Callable[[], bytes], read_monotonic_s: Callable[[], float]) -> None:
        self._read_file = read_file
        self._read_monotonic_s = read_monotonic_s
        self._town: TownTime | None = None
        self._read_at_s = 0.0

    def now_ms(self) -> int:
        return self._current().at(self._read_monotonic_s())

    @property
    def rate(self) -> float:
        return self._current().rate

    @property
    def is_simulated(self) -> bool:
        return True

    def _current(self) -> TownTime:
        now_s = self._read_monotonic_s()
        if self._town is None or not 0.0 <= now_s - self._read_at_s < self._REREAD_S:
            self._town = decode_town(self._read_file())
            self._read_at_s = now_s
        return self._town


def encode_town(town: TownTime) -> bytes:
    """The clock file's text (JSON)."""
    return msgspec.json.encode(town)


def decode_town(data: bytes) -> TownTime:
    """Read a clock file; ValueError names the file's fault and the remedy."""
    try:
        town = msgspec.json.decode(data, type=TownTime)
        _check_rate(town.rate)
        if not 0 <= town.simulated_ms <= MAX_MS:
            raise ValueError(f"simulated_ms: want 0 to {MAX_MS}, got {town.simulated_ms}")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"clock file: {error}; start over with FRESH=1") from error
    return town


def _check_rate(rate: float) -> None:
    if not 0.0 <= rate <= MAX_RATE:
        raise ValueError(f"rate: want 0 to {MAX_RATE:.0f}, got {rate}")
