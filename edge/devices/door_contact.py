"""A door contact's level as open and closed, without its bouncing; pure, times are handed in.

Leaves pins and files to door, and how long a door may stand open to edge.rules.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Contact:
    """``settle_s``: a level counts when it has stood for so long. Times are seconds of one monotonic clock."""

    settle_s: float
    is_open: bool | None = None  # None: not known yet
    _level: bool | None = None  # True: the contact says open
    _since_s: float = 0.0

    def see(self, level: bool, at_s: float) -> bool:
        """The contact says this now. Whether ``is_open`` has changed by what came before ``at_s``."""
        changed = self.settle(at_s)
        if level is not self._level:
            self._level, self._since_s = level, at_s
        return self.settle(at_s) or changed

    def settle(self, at_s: float) -> bool:
        """Time has passed. Whether ``is_open`` has changed."""
        if self._level is None or self._level is self.is_open or at_s - self._since_s < self.settle_s:
            return False
        self.is_open = self._level
        return True

    def due_s(self) -> float | None:
        """When ``settle`` should be called next; None while nothing is on its way."""
        return None if self._level is self.is_open else self._since_s + self.settle_s
