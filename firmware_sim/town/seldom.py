"""How often somebody asks the cloud what may have changed: not with each look at the clock. In real time."""

import time


class Seldom:
    """One thing that is asked for now and then."""

    def __init__(self) -> None:
        self._asked_s: float | None = None

    def may_ask(self, every_s: float) -> bool:
        """Whether it is time again; it counts as asked then."""
        now_s = time.monotonic()
        if self._asked_s is not None and now_s - self._asked_s < every_s:
            return False
        self._asked_s = now_s
        return True
