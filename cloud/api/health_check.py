"""Whether the cloud can do its work: what is looked at, and what of it is a reason to worry. Says nothing of any person."""

import asyncio
import time
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from psycopg import Error
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests
from pydantic import BaseModel

from cloud.api.clock import ClockOut
from cloud.config import CloudConfig
from cloud.store.heartbeat import LATE_AFTER_S, heartbeats
from cloud.store.job_health import job_health
from cloud.store.pool import Connection, Unavailable

_PROBE_TIMEOUT_S = 2.0
# A disaster makes everybody ask at once; an answer a second old is as good.
_KEEP_S = 1.0
# What a town cannot do without; the jobs process is judged by its jobs.
_NEEDED = ("ingest", "live")


class DatabaseHealth(BaseModel):
    reachable: bool
    version: str | None = None
    mode: str | None = None
    licence: str | None = None
    migrations: int = 0
    newest_migration: str | None = None


class ProcessHealth(BaseModel):
    process: str
    instance: str
    silent_s: float


class JobOut(BaseModel):
    task: str
    late: bool
    failing: bool
    error: str


class Backlog(BaseModel):
    """``oldest_unsent_s``: how far behind the worst site that is online says it is, by the domain's clock."""

    sites: int
    online: int
    quarantined: int
    lost_batches: int
    oldest_unsent_s: float | None


class Health(BaseModel):
    """``degraded``: works, but somebody should look; ``down``: nothing can be served."""

    status: Literal["ok", "degraded", "down"]
    reasons: list[str]
    database: DatabaseHealth
    broker: Literal["reachable", "unreachable", "not configured"]
    processes: list[ProcessHealth]
    ingest_lag_s: float | None
    backlog: Backlog | None
    jobs: list[JobOut]
    clock: ClockOut


@dataclass(frozen=True, slots=True)
class _Stored:
    database: DatabaseHealth
    processes: list[ProcessHealth]
    backlog: Backlog
    jobs: list[JobOut]


class HealthCheck:
    """Looks, at most once a second. Give it nothing but what it looks at: the status tool uses it without an api."""

    def __init__(self, config: CloudConfig, pool: AsyncConnectionPool[Connection]) -> None:
        self._config = config
        self._pool = pool
        self._lock = asyncio.Lock()
        self._looked_at_s = -_KEEP_S
        self._found: Health | None = None

    async def look(self, clock: ClockOut) -> Health:
        """How things stand."""
        async with self._lock:
            if self._found is None or time.monotonic() - self._looked_at_s >= _KEEP_S:
                self._found = await self._look(clock)
                self._looked_at_s = time.monotonic()
            return self._found.model_copy(update={"clock": clock})

    async def _look(self, clock: ClockOut) -> Health:
        broker, stored = await asyncio.gather(_broker(self._config), self._stored(clock.now_ms))
        if isinstance(stored, str):
            database = DatabaseHealth(reachable=False)
            return Health(
                status="down", reasons=[f"the database cannot be reached: {stored}"], database=database, broker=broker,
                processes=[], ingest_lag_s=None, backlog=None, jobs=[], clock=clock,
            )  # fmt: skip
        ingest = [one.silent_s for one in stored.processes if one.process == "ingest"]
        reasons = _reasons(broker, stored)
        return Health(
            status="degraded" if reasons else "ok", reasons=reasons, database=stored.database, broker=broker,
            processes=stored.processes, ingest_lag_s=min(ingest, default=None), backlog=stored.backlog,
            jobs=stored.jobs, clock=clock,
        )  # fmt: skip

    async def _stored(self, now_ms: int) -> _Stored | str:
        try:
            async with asyncio.timeout(2 * _PROBE_TIMEOUT_S), self._pool.connection(timeout=_PROBE_TIMEOUT_S) as connection:
                return _Stored(
                    await _database(connection),
                    [
                        ProcessHealth(process=b.process, instance=b.instance, silent_s=round(b.age_s, 1))
                        for b in await heartbeats(connection)
                    ],
                    await _backlog(connection, now_ms),
                    [
                        JobOut(task=job.task, late=job.is_late, failing=job.is_failing, error=job.error if job.is_failing else "")
                        for job in await job_health(connection)
                    ],
                )
        except (Error, Unavailable, PoolTimeout, TooManyRequests, TimeoutError) as error:
            return str(error).partition("\n")[0] or type(error).__name__


def _reasons(broker: str, stored: _Stored) -> list[str]:
    reasons = []
    if broker == "unreachable":
        reasons.append("the broker cannot be reached: sites keep what they have")
    for process in _NEEDED:
        silent = [one.silent_s for one in stored.processes if one.process == process]
        if not silent:
            reasons.append(f"no {process} process runs")
        elif min(silent) > LATE_AFTER_S:  # one replica that lives is enough
            reasons.append(f"{process} has been silent for {min(silent):.0f} s")
    reasons += [
        f"job {job.task} {'fails: ' + job.error if job.failing else 'is late'}" for job in stored.jobs if job.late or job.failing
    ]
    if stored.backlog.lost_batches:
        reasons.append(f"{stored.backlog.lost_batches} batches are lost for good")
    if stored.backlog.quarantined:
        reasons.append(f"{stored.backlog.quarantined} messages wait in quarantine")
    return reasons


async def _database(connection: Connection) -> DatabaseHealth:
    cursor = await connection.execute(
        """
        SELECT current_setting('server_version'), (SELECT mode FROM store_mode), current_setting('timescaledb.license', true),
               count(*), max(version)
        FROM schema_migrations
        """
    )
    row = await cursor.fetchone()
    if row is None:
        return DatabaseHealth(reachable=True)
    return DatabaseHealth(
        reachable=True, version=row[0], mode=row[1], licence=row[2] or None, migrations=row[3], newest_migration=row[4]
    )


async def _backlog(connection: Connection, now_ms: int) -> Backlog:
    cursor = await connection.execute(
        """
        SELECT (SELECT count(*) FROM site), (SELECT count(*) FROM site_status WHERE online),
               (SELECT count(*) FROM quarantine WHERE state IN ('kept', 'requested')),
               (SELECT coalesce(sum(lost), 0)::bigint FROM lane_floor),
               (SELECT min((lane.value->>'oldest_ms')::bigint) FROM site_status, jsonb_each(said->'queue') AS lane
                WHERE online AND jsonb_typeof(said->'queue') = 'object' AND (lane.value->>'unsent')::bigint > 0)
        """
    )
    row = await cursor.fetchone()
    sites, online, quarantined, lost, oldest_ms = row if row is not None else (0, 0, 0, 0, None)
    oldest_s = None if oldest_ms is None else max(0.0, (now_ms - oldest_ms) / 1000)
    return Backlog(sites=sites, online=online, quarantined=quarantined, lost_batches=lost, oldest_unsent_s=oldest_s)


async def _broker(config: CloudConfig) -> Literal["reachable", "unreachable", "not configured"]:
    parts = urlsplit(config.broker_url.get_secret_value())
    if not parts.hostname:
        return "not configured"
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT_S):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or (8883 if parts.scheme == "mqtts" else 1883))
    except (OSError, TimeoutError):
        return "unreachable"
    writer.close()
    return "reachable"
