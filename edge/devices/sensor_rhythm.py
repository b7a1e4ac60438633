"""Waiting in domain time: a sensor is asked once a minute of the town's clock, however fast that runs.

Leaves what is done once a minute to the drivers.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from edge.wire.clock import Clock

MAX_STEP_S = 0.5  # how late a change of the clock's rate, or the end of a pause, is noticed
MIN_STEP_S = 0.001


class Rhythm:
    """Every ``every_s`` seconds of domain time. One that was missed is left out, not made up for.

    Time is carried by the monotonic clock at the domain clock's rate: a wall clock that is set neither stretches nor skips a wait.
    """

    def __init__(self, clock: Clock, every_s: float, read_monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._every_s = every_s
        self._read_monotonic_s = read_monotonic_s
        self._left_s = every_s
        self._carried_s = read_monotonic_s()

    async def wait(self, unless: asyncio.Event | None = None) -> None:
        """Until the next time is due, at once where it already is; or until ``unless`` is set."""
        unless = unless or asyncio.Event()
        while (real_s := self.left()) > 0.0:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(MAX_STEP_S, max(MIN_STEP_S, real_s))):
                    await unless.wait()
                    return
        self._left_s = self._left_s % self._every_s or self._every_s

    def left(self) -> float:
        """Real seconds until the next time is due, at the rate of now; infinite while the clock stands."""
        now_s, rate = self._read_monotonic_s(), self._clock.rate
        self._left_s -= max(0.0, now_s - self._carried_s) * rate
        self._carried_s = now_s
        if self._left_s <= 0.0:
            return 0.0
        return self._left_s / rate if rate > 0.0 else float("inf")
