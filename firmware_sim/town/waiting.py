"""The town's clock stands while the night's work is late, as after a first start, and goes on at its pace then. Pure.

Whoever sets another pace meanwhile has the last word.
"""

from dataclasses import dataclass

LATE_MS = 10 * 60_000  # of the town's time: twenty seconds at its usual speed
MOST_S = 180.0  # of real time: whatever is broken by then will not mend by waiting


@dataclass(slots=True)
class Waiting:
    """``look`` again and again. ``held``: the pace to go on with; None: nothing is held."""

    held: float | None = None
    _since_s: float | None = None
    _has_given_up: bool = False

    def look(self, rate: float, now_s: float, *, is_behind: bool) -> float | None:
        """The pace to be set now; None: leave it. ``now_s``: of one monotonic clock."""
        if self._since_s is None:
            self._since_s = now_s  # held before we came
        if self.held is None:
            if is_behind and rate > 0.0 and not self._has_given_up:
                self.held, self._since_s = rate, now_s
                return 0.0
            self._has_given_up &= is_behind
            return None
        if rate > 0.0:  # somebody wants it to run
            self.held, self._has_given_up = None, is_behind
            return None
        self._has_given_up = is_behind and now_s - self._since_s >= MOST_S
        if is_behind and not self._has_given_up:
            return None
        pace, self.held = self.held, None
        return pace
