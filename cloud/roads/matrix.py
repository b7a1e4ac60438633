"""The matrix service: times and distances between points, each asked of the roads once.

Blocks are kept as they come, so that one who breaks off has lost nothing. Leaves who knows the roads to `sources`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from psycopg_pool import AsyncConnectionPool

from cloud.roads import legs, paces
from cloud.roads.blocks import Block, Mask, blocks, key_of, unreachable
from cloud.roads.pace import Pace
from cloud.roads.ways import Matrix, Metres, Point, RoadsError, RoadSource, Seconds
from cloud.store.pool import Connection
from edge.wire.clock import Clock, utc

Progress = Callable[[int, int], None]  # ways known, ways wanted


@dataclass(slots=True)
class _Work:
    """``seconds`` and ``metres``: (N, N), ``nan`` what is not known yet; of points that all differ."""

    source: RoadSource
    graph: int
    points: Sequence[Point]
    keys: Sequence[int]
    seconds: Seconds
    metres: Metres


class MatrixService:
    """``source``: who knows the roads now; asked once a matrix, so that a new import is used by the next one."""

    def __init__(self, source: Callable[[], RoadSource], pool: AsyncConnectionPool[Connection], clock: Clock) -> None:
        self._source = source
        self._pool = pool
        self._clock = clock

    async def matrix(
        self,
        points: Sequence[Point],
        *,
        hour: int | None = None,
        pace: Pace | None = None,
        tell: Progress = lambda _known, _all: None,
    ) -> Matrix:
        """From each to each. ``hour``: local, None for the day over; ``pace``: instead of the one that was learned. RoadsError."""
        source = self._source()
        if source.is_estimate:
            seconds, metres = source.block(points, points)
            np.fill_diagonal(seconds, 0.0)
            np.fill_diagonal(metres, 0.0)
            return Matrix(seconds, metres, (), is_estimate=True, graph=source.graph)
        keys = [key_of(point) for point in points]
        place = {key: n for n, key in enumerate(dict.fromkeys(keys))}
        different = [points[keys.index(key)] for key in place]
        work, off = await self._known(source, different, list(place))
        await self._ask(work, off, tell)
        if pace is None:
            async with self._pool.connection() as connection:
                pace = await paces.read_pace(connection)
        back = np.array([place[key] for key in keys], dtype=np.intp)
        # A point that no road leads to has no known way: none of its ways leads anywhere.
        seconds = np.nan_to_num(work.seconds, nan=np.inf, posinf=np.inf)[np.ix_(back, back)] * pace.at(hour)
        metres = np.nan_to_num(work.metres, nan=np.inf, posinf=np.inf)[np.ix_(back, back)]
        seconds[back[:, None] == back] = metres[back[:, None] == back] = 0.0
        named = unreachable(seconds, [off[n] for n in back])
        return Matrix(seconds, metres, named, is_estimate=False, graph=source.graph)

    async def _known(self, source: RoadSource, points: Sequence[Point], keys: Sequence[int]) -> tuple[_Work, list[bool]]:
        """What was kept; and which points are off the road. Who has a known way is not."""
        graph_name = await asyncio.to_thread(lambda: source.graph)
        async with self._pool.connection() as connection, connection.transaction():
            graph = await legs.graph_id(connection, graph_name, utc(self._clock.now_ms()))
            seconds, metres = await legs.read(connection, graph, keys)
        np.fill_diagonal(seconds, 0.0)
        np.fill_diagonal(metres, 0.0)
        known = ~np.isnan(seconds)
        np.fill_diagonal(known, val=False)
        asked = [n for n in range(len(points)) if not known[n].any()]
        answers = await asyncio.to_thread(source.off_road, [points[n] for n in asked]) if asked else []
        off = [False] * len(points)
        for n, is_off in zip(asked, answers, strict=True):
            off[n] = is_off
        return _Work(source, graph, points, keys, seconds, metres), off

    async def _ask(self, work: _Work, off: Sequence[bool], tell: Progress) -> None:
        on: Mask = ~np.array(off, dtype=bool)
        wanted = on[:, None] & on[None, :]
        total = int(wanted.sum())
        todo = blocks(np.isnan(work.seconds) & wanted)
        if not todo:
            return
        lanes = asyncio.Semaphore(work.source.lanes)
        failed: list[RoadsError] = []

        async def run(block: Block) -> None:
            async with lanes:
                if failed:
                    return
                sources, targets = ([work.points[n] for n in side] for side in (block.sources, block.targets))
                try:
                    seconds, metres = await asyncio.to_thread(work.source.block, sources, targets)
                except RoadsError as error:
                    failed.append(error)  # what others have under way is still kept
                    return
                await self._keep(work, block, seconds, metres)
                tell(total - int((np.isnan(work.seconds) & wanted).sum()), total)

        async with asyncio.TaskGroup() as tasks:
            for block in todo:
                tasks.create_task(run(block))
        if failed:
            raise failed[0]

    async def _keep(self, work: _Work, block: Block, seconds: Seconds, metres: Metres) -> None:
        at = np.ix_(block.sources, block.targets)
        work.seconds[at], work.metres[at] = seconds, metres
        np.fill_diagonal(work.seconds, 0.0)
        np.fill_diagonal(work.metres, 0.0)
        starts, ends = ([work.keys[n] for n in side] for side in (block.sources, block.targets))
        async with self._pool.connection() as connection, connection.transaction():
            await legs.keep(connection, work.graph, starts, ends, seconds, metres)
