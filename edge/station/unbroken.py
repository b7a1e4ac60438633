"""Work that goes on to its end though whoever asked for it has gone: a door that was opened must be booked.

A connection that breaks cancels what it was doing; the agent's own end is the only thing that breaks this off.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Unbroken:
    """``run`` as often as wanted."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()  # the loop itself holds none

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Its result. Cancelled, ``work`` goes on."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return await asyncio.shield(task)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits hears of it; for the others it was kept by who failed
