"""Keeps one part of ingest running: after a loss it starts over, logging once the loss and once the recovery."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from cloud.ingest.metrics import IngestMetrics
from cloud.ingest.session import BrokerLost
from cloud.store.pool import is_unavailable

_MIN_BACKOFF_S = 0.1
_MAX_BACKOFF_S = 5.0  # a database restarts in a few seconds; sites' own back-off is longer anyway

log = structlog.get_logger("ingest")
Serve = Callable[[Callable[[], None]], Awaitable[None]]


@dataclass(slots=True)
class Supervisor:
    """Owns one part. ``serve`` gets a function to call once it is up; it returns when ``stopping`` is set, and raises on a loss."""

    name: str
    serve: Serve
    stopping: asyncio.Event
    metrics: IngestMetrics
    _is_lost: bool = False

    async def run(self) -> None:
        """Until ``stopping`` is set."""
        backoff_s = _MIN_BACKOFF_S
        while not self.stopping.is_set():
            began_s = time.monotonic()
            try:
                await self.serve(self._report_up)
            except* Exception as group:  # noqa: BLE001  # the supervisor: whatever it was, the part starts over
                self._report_lost(group)
            finally:
                self.metrics.is_up.labels(self.name).set(0)
            if time.monotonic() - began_s > _MAX_BACKOFF_S:
                backoff_s = _MIN_BACKOFF_S
            await self._pause(random.uniform(backoff_s / 2, backoff_s))  # noqa: S311  # spreads replicas, guards nothing
            backoff_s = min(_MAX_BACKOFF_S, backoff_s * 2)

    def _report_up(self) -> None:
        if self._is_lost:
            log.info("part is back", part=self.name)
        self._is_lost = False
        self.metrics.is_up.labels(self.name).set(1)

    def _report_lost(self, group: BaseExceptionGroup[Exception]) -> None:
        errors = _leaves(group)
        unexpected = [error for error in errors if not (isinstance(error, BrokerLost) or is_unavailable(error))]
        if unexpected:
            log.error("part failed", part=self.name, why=str(unexpected[0]), exc_info=unexpected[0])
        elif not self._is_lost:
            log.warning("part is lost", part=self.name, why=(str(errors[0]) or type(errors[0]).__name__).splitlines()[0])
        self._is_lost = True
        self.metrics.restarts.labels(self.name).inc()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return


def _leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    found: list[Exception] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
