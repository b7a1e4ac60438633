"""What the agent does for itself now and then: prune, bring the WAL in, say which devices changed, notice that time is known."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from edge.outbox import NotKeptError, Outbox, Store, Transaction
from edge.site_clock import SiteClock
from edge.station import cell_book, commands, ledger

ROUND_S = 1.0  # a lost scanner shall be on the cloud's screen within seconds
ROUNDS_PER_TIDYING = 60
TIDY_AFTER_MS = 3_600_000  # of domain time: in a town that runs fast a minute is hours, and parcels are overdue by then

_log = structlog.get_logger()


class Housekeeping:
    """``run`` until cancelled. ``steps``: what is looked at every second; ``tidying``: what the station does once a minute."""

    def __init__(
        self,
        outbox: Outbox,
        clock: SiteClock,
        steps: Sequence[Callable[[], Awaitable[None]]],
        tidying: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._steps = steps
        self._tidying = tidying
        self._round = 0
        self._tidied_ms = clock.now_ms()

    async def run(self) -> None:
        """Round after round; what the disk refuses is tried again in the next."""
        while True:
            await asyncio.sleep(ROUND_S)
            self._round += 1
            try:
                for step in self._steps:
                    await step()
                if self._is_due():
                    await self._tidy()
                    for step in self._tidying:
                        await step()
            except NotKeptError as error:
                _log.error("housekeeping_not_kept", error=str(error))

    def _is_due(self) -> bool:
        now_ms = self._clock.now_ms()
        if self._round % ROUNDS_PER_TIDYING and now_ms - self._tidied_ms < TIDY_AFTER_MS:
            return False
        self._tidied_ms = now_ms
        return True

    async def _tidy(self) -> None:
        now_ms = self._clock.now_ms()

        def forget(transaction: Transaction) -> None:
            ledger.forget_old(transaction.execute, now_ms)
            cell_book.forget_old(transaction.execute, now_ms)
            commands.forget_old(transaction.execute, now_ms)

        def tidy(store: Store) -> None:
            store.transact(forget)
            store.tidy(now_ms)

        await self._outbox.run(tidy)
