"""What boards say of their cells, asked once for all who want to know: openings go over the same slow line."""

import asyncio
import time
from collections.abc import Callable, Mapping

from edge.devices.locker import Cell, LockerBoard

FRESH_S = 1.0  # what was seen is shown that long to whoever looks next


class Looks:
    """One look at a board at a time, however many ask."""

    def __init__(self, read_monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._read_monotonic_s = read_monotonic_s
        self._under_way: dict[int, asyncio.Task[Mapping[int, Cell]]] = {}
        self._good_until_s: dict[int, float] = {}

    async def at(self, board: LockerBoard) -> Mapping[int, Cell]:
        """Now, or less than FRESH_S ago. Whoever goes away meanwhile ends it for nobody else."""
        key = id(board)
        look = self._under_way.get(key)
        if look is None or (look.done() and self._read_monotonic_s() >= self._good_until_s.get(key, 0.0)):
            look = self._under_way[key] = asyncio.create_task(self._ask(board))
        return await asyncio.shield(look)

    async def _ask(self, board: LockerBoard) -> Mapping[int, Cell]:
        self._good_until_s[id(board)] = 0.0
        seen = await board.look()
        self._good_until_s[id(board)] = self._read_monotonic_s() + FRESH_S
        return seen
