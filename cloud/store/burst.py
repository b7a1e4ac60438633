"""A pipeline whose statements leave together, where the first of their results is read, and not one by one as they are asked.

psycopg's own sends each at once: the server wakes for each, and on a busy machine every waking waits for a core. Relies on two
methods of psycopg's that its documentation does not name (3.3; the lock file pins it, and tests count the packets).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from psycopg.abc import PQGen

# More than one flush ever asks; what they hold in memory stays small.
_MOST_WAITING = 64


class _Burst(psycopg.AsyncPipeline):
    def _communicate_gen(self) -> PQGen[None]:
        if len(self.command_queue) >= _MOST_WAITING:
            yield from super()._communicate_gen()

    def _fetch_gen(self, *, flush: bool) -> PQGen[None]:
        if flush and self.result_queue:
            self.command_queue.append(self.pgconn.send_flush_request)
        try:
            yield from super()._communicate_gen()
        except psycopg.Error:
            with suppress(psycopg.Error):  # what follows from the first error; all of it has to be read
                yield from super()._fetch_gen(flush=False)
            raise
        yield from super()._fetch_gen(flush=False)


class BurstConnection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection whose pipelines are such."""

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[psycopg.AsyncPipeline]:
        """As psycopg's, which takes the one that is there and clears it away."""
        async with self.lock:
            if self._pipeline is None:
                self._pipeline = _Burst(self)
        async with super().pipeline() as pipeline:
            yield pipeline
