"""Plans of days' routes that wait are solved, one after the other in each replica; what is away is waited for.

A replica that dies leaves a plan that another takes up. Leaves the search to `route_search`.
"""

import asyncio
import os
from contextlib import suppress
from datetime import datetime

import msgspec
import psycopg
import structlog

from cloud.config import CloudConfig
from cloud.jobs.route_search import TICK_S, Row, SearchError, search
from cloud.roads.matrix import MatrixService
from cloud.roads.sources import Roads
from cloud.routing.day import Day
from cloud.routing.matrix import Matrix, MatrixSource
from cloud.routing.road_matrix import RoadMatrix
from cloud.routing.solver import task_of
from cloud.store import route_plans
from cloud.store.pool import Connection, Unavailable, connect, is_unavailable, open_pool
from cloud.store.route_plans import CHANNEL, Claimed
from edge.wire.clock import Clock, utc

_LOOK_EVERY_S = 2.0
_MAX_BACKOFF_S = 30.0

_log = structlog.get_logger(__name__)


class PlanDesk:
    """``run`` until cancelled."""

    def __init__(self, config: CloudConfig, clock: Clock) -> None:
        self._url = config.database_url.get_secret_value()
        self._roads = Roads(config)
        self._clock = clock

    async def run(self) -> None:
        """The supervisor of this part."""
        backoff_s = 1.0
        while True:
            try:
                async with open_pool(self._url, "plans", max_size=2) as pool, await connect(self._url, "plans") as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")  # a constant
                    backoff_s = 1.0
                    await self._serve(connection, RoadMatrix(MatrixService(self._roads.source, pool, self._clock)))
            except (Unavailable, psycopg.Error) as error:
                if isinstance(error, psycopg.Error) and not is_unavailable(error):
                    _log.exception("plans are not solved")
                elif backoff_s == 1.0:
                    _log.warning("plans wait for the database", error=str(error))
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, _MAX_BACKOFF_S)

    async def _serve(self, connection: Connection, ways: MatrixSource) -> None:
        while True:
            claimed = await route_plans.claim(connection)
            if claimed is not None:
                await self._solve(connection, claimed, ways)
                continue
            with suppress(TimeoutError):
                async for _ in connection.notifies(timeout=_LOOK_EVERY_S, stop_after=1):
                    pass

    async def _solve(self, connection: Connection, claimed: Claimed, ways: MatrixSource) -> None:
        async def hear(rows: list[Row]) -> bool:
            return await route_plans.hear(connection, claimed.id, rows)

        day = msgspec.json.decode(claimed.day, type=Day)
        measuring = asyncio.ensure_future(ways.matrix(day.places))
        try:
            while not measuring.done():  # a large day on fresh roads takes a minute
                await asyncio.wait({measuring}, timeout=TICK_S)
                await hear([])
            matrix: Matrix = measuring.result()
            plan = await search(task_of(day, matrix, os.cpu_count() or 1), hear)
        except SearchError as error:
            _log.error("a plan could not be made", plan=claimed.id, trouble=error.code)
            await route_plans.fail(connection, claimed.id, error.code, self._now())
            return
        finally:
            measuring.cancel()
        result = msgspec.json.encode(plan)
        await route_plans.finish(connection, claimed.id, result, is_estimate=plan.is_estimate, now=self._now())
        _log.info("a plan is made", plan=claimed.id, vans=len(plan.routes), unassigned=len(plan.unassigned))

    def _now(self) -> datetime:
        return utc(self._clock.now_ms())
