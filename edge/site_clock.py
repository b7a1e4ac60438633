"""What time the site believes it is, and how far that can be believed.

Three sources: the domain clock (a synced wall clock, or the town's), the cloud's time as last heard and carried forward, and
failing both the site's own past carried forward, so that one correction of the boot puts all of its events right.
"""

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass

from edge.outbox import Stamp
from edge.wire.clock import Clock
from edge.wire.messages import ClockQuality
from edge.wire.order import believed_ms

# Ahead of its own past by less than this, an unsynced wall clock (a battery clock, or fake-hwclock's last shutdown) is a better
# first guess than the past alone. It is a guess either way: the quality says unsynced, and the first contact corrects it.
MAX_GUESS_AHEAD_MS = 30 * 24 * 3600 * 1000
# Smaller offsets are not worth a correction: a scan's place in the day does not change by them.
MIN_CORRECTION_MS = 2_000

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def wall_is_synced() -> bool:
    """Whether the kernel takes the wall clock for synchronised (NTP, PTP). True where there is no such word to be had."""
    if _libc is None:
        return True
    timex = (ctypes.c_byte * 256)()  # struct timex, modes = 0: only read
    return bool(_libc.adjtimex(ctypes.byref(timex)) != _TIME_ERROR)


@dataclass(frozen=True, slots=True)
class Correction:
    """All that this boot has stamped so far was ``offset_ms`` behind (positive) or ahead of the truth."""

    offset_ms: int


class SiteClock:
    """One a process, on the event loop. ``past_ms`` is where the outbox's order stood at start."""

    def __init__(
        self, clock: Clock, read_monotonic_s: Callable[[], float], read_is_synced: Callable[[], bool], past_ms: int
    ) -> None:
        self._clock = clock
        self._read_monotonic_s = read_monotonic_s
        self._read_is_synced = read_is_synced
        wall_ms = clock.now_ms()
        is_plausible = past_ms == 0 or past_ms <= wall_ms <= past_ms + MAX_GUESS_AHEAD_MS
        self._guess_ms = float(wall_ms if is_plausible else past_ms)
        self._cloud_ms: float | None = None
        self._carried_s = read_monotonic_s()
        self._is_guessing = self._believed(wall_ms) is None
        self._was_judged = False

    @property
    def is_guessing(self) -> bool:
        """True until there is a time to believe and ``confirm_correction`` was called."""
        return self._is_guessing

    @property
    def quality(self) -> ClockQuality:
        return self.stamp().quality

    def now_ms(self) -> int:
        """The time that is believed, or guessed."""
        return self.stamp().measured_at_ms

    def stamp(self, measured_at_ms: int | None = None) -> Stamp:
        """A stamp for now, or for what the domain clock called ``measured_at_ms`` a moment ago."""
        self._carry()
        wall_ms = self._clock.now_ms()
        if measured_at_ms is None:
            measured_at_ms = wall_ms
        believed = self._believed(wall_ms)
        if believed == wall_ms:
            return Stamp(measured_at_ms, ClockQuality.SYNCED, wall_ms)
        if believed is not None:
            return Stamp(max(0, believed - wall_ms + measured_at_ms), ClockQuality.CLOUD, believed)
        guess_ms = max(0, int(self._guess_ms) - wall_ms + measured_at_ms)
        return Stamp(guess_ms, ClockQuality.UNSYNCED, guess_ms)

    def heard(self, cloud_ms: int) -> None:
        """The cloud said what time it is."""
        self._carry()
        self._cloud_ms = float(cloud_ms)

    def correction(self) -> Correction | None:
        """By how much the guess was wrong, the same until ``confirm_correction``. None while guessing, or where it was right."""
        self._carry()
        believed = self._believed(self._clock.now_ms())
        self._was_judged = believed is not None
        if not self._is_guessing or believed is None:
            return None
        offset_ms = believed - int(self._guess_ms)
        return Correction(offset_ms) if abs(offset_ms) >= MIN_CORRECTION_MS else None

    def confirm_correction(self) -> None:
        """What ``correction`` said last is on the disk, or it said there was none to make: if it knew the time, guessing ends."""
        if self._was_judged:
            self._is_guessing = False

    def _believed(self, wall_ms: int) -> int | None:
        cloud_ms = None if self._cloud_ms is None else int(self._cloud_ms)
        return believed_ms(wall_ms, wall_synced=self._clock.is_simulated or self._read_is_synced(), cloud_ms=cloud_ms)

    def _carry(self) -> None:
        """Move guess and cloud's time on, at the rate of the domain clock; a change of rate is followed within one call."""
        now_s = self._read_monotonic_s()
        passed_ms = max(0.0, now_s - self._carried_s) * self._clock.rate * 1000
        self._carried_s = now_s
        self._guess_ms += passed_ms
        if self._cloud_ms is not None:
            self._cloud_ms += passed_ms
