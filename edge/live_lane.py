"""Samples of now, gathered for a moment: sent at once where there is a connection with room, else kept for the backfill."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from edge.outbox import NotKeptError, Outbox, Sample
from edge.sending import Sending
from edge.site_clock import SiteClock

LINGER_S = 0.2  # what is measured within it travels together
MAX_LINGERING = 400  # samples, below one batch; overflow policy: sealed at once


class LiveLane:
    """``run`` owns the lingering; ``take`` may be called from anywhere on the loop."""

    def __init__(self, outbox: Outbox, clock: SiteClock, sending: Sending, read_is_online: Callable[[], bool]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._sending = sending
        self._read_is_online = read_is_online
        self._samples: list[Sample] = []
        self._first = asyncio.Event()
        self._full = asyncio.Event()

    def take(self, *samples: Sample) -> None:
        """Newly measured. They are on the disk after the linger, not before: a reading may be lost with the power."""
        self._samples.extend(samples)
        self._first.set()
        if len(self._samples) >= MAX_LINGERING:
            self._full.set()

    async def run(self) -> None:
        """Until cancelled; what still lingers then is kept."""
        try:
            while True:
                await self._first.wait()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LINGER_S):
                        await self._full.wait()
                await self._seal()
        finally:
            await asyncio.shield(self._seal())

    async def _seal(self) -> None:
        samples, self._samples = self._samples, []
        self._first.clear()
        self._full.clear()
        if not samples:
            return
        stamp = self._clock.stamp()
        try:
            if self._read_is_online() and self._sending.live_has_room:
                await self._outbox.run(lambda store: store.seal_live(samples, stamp.quality, stamp.measured_at_ms))
            else:
                await self._outbox.run(lambda store: store.keep_readings(samples, stamp.quality))
        except NotKeptError as error:
            structlog.get_logger().error("readings_not_kept", samples=len(samples), error=str(error))
        self._sending.readings_were_kept()
