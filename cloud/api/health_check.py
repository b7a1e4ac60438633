"""Whether the cloud can do its work: what is looked at, and what of it is a reason to worry. Says nothing of any person."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from psycopg import Error
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests
from pydantic import BaseModel

from cloud.api.clock import ClockOut
from cloud.config import CloudConfig
from cloud.store.heartbeat import LATE_AFTER_S, Heartbeat, heartbeats
from cloud.store.job_health import job_health
from cloud.store.losses import LossKind, losses
from cloud.store.pool import Connection, Unavailable
from cloud.store.quarantine_limit import held

_PROBE_TIMEOUT_S = 2.0
# A disaster makes everybody ask at once; an answer a second old is as good.
_KEEP_S = 1.0
# What a town cannot do without; the jobs process is judged by its jobs.
_NEEDED = ("ingest", "live")
# A site whose acknowledgement takes longer than this sends again, and makes it worse.
LAG_S = 5.0


class DatabaseHealth(BaseModel):
    reachable: bool
    version: str | None = None
    mode: str | None = None
    licence: str | None = None
    migrations: int = 0
    newest_migration: str | None = None


class ProcessHealth(BaseModel):
    """``lag_s``: of an ingest process only. ``gone``: it missed three signs of life, so it hangs or was killed."""

    process: str
    instance: str
    silent_s: float
    lag_s: float | None
    gone: bool


class JobOut(BaseModel):
    task: str
    late: bool
    failing: bool
    error: str


class Backlog(BaseModel):
    """``oldest_unsent_s``: how far behind the worst site that is online says it is, by the domain's clock.

    ``lost_batches`` are neither here nor at their site, ``quarantine_lost`` were dropped by the bounds of quarantine before anybody
    looked; the numbers stay, what is ``…_acknowledged`` (POST /api/losses) is no longer a reason to worry.
    """

    sites: int
    online: int
    quarantined: int
    quarantine_bytes: int
    quarantine_lost: int
    quarantine_lost_acknowledged: int
    lost_batches: int
    lost_batches_acknowledged: int
    oldest_unsent_s: float | None


class Cause(BaseModel):
    """One of ``reasons``, for pages that say it in their own words."""

    code: str
    params: dict[str, str | int]


class Health(BaseModel):
    """``degraded``: works, but somebody should look; ``down``: nothing can be served.

    ``ingest_silent_s``: since an ingest process last said that it lives; ``ingest_lag_s``: the longest that a message waited in one
    before it was written, in the 10 s before that. Real seconds.
    """

    status: Literal["ok", "degraded", "down"]
    reasons: list[str]
    causes: list[Cause]
    database: DatabaseHealth
    broker: Literal["reachable", "unreachable", "not configured"]
    processes: list[ProcessHealth]
    ingest_silent_s: float | None
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
            causes = [_cause("database_away", detail=stored)]
            return Health(
                status="down", reasons=_words(causes), causes=causes, database=database, broker=broker,
                processes=[], ingest_silent_s=None, ingest_lag_s=None, backlog=None, jobs=[], clock=clock,
            )  # fmt: skip
        ingest = [one for one in stored.processes if one.process == "ingest"]
        causes = _causes(broker, stored)
        return Health(
            status="degraded" if causes else "ok", reasons=_words(causes), causes=causes, database=stored.database, broker=broker,
            processes=stored.processes, ingest_silent_s=min((one.silent_s for one in ingest), default=None),
            ingest_lag_s=_lag_s(ingest), backlog=stored.backlog,
            jobs=stored.jobs, clock=clock,
        )  # fmt: skip

    async def _stored(self, now_ms: int) -> _Stored | str:
        try:
            async with asyncio.timeout(2 * _PROBE_TIMEOUT_S), self._pool.connection(timeout=_PROBE_TIMEOUT_S) as connection:
                return _Stored(
                    await _database(connection),
                    [_process(one) for one in await heartbeats(connection)],
                    await _backlog(connection, now_ms),
                    [
                        JobOut(task=job.task, late=job.is_late, failing=job.is_failing, error=job.error if job.is_failing else "")
                        for job in await job_health(connection)
                    ],
                )
        except (Error, Unavailable, PoolTimeout, TooManyRequests, TimeoutError) as error:
            return str(error).partition("\n")[0] or type(error).__name__


def _process(one: Heartbeat) -> ProcessHealth:
    return ProcessHealth(
        process=one.process, instance=one.instance, silent_s=round(one.age_s, 1),
        lag_s=None if one.lag_s is None else round(one.lag_s, 3), gone=one.age_s > LATE_AFTER_S,
    )  # fmt: skip


# code → words; zh-CN: dashboards/shared/i18n/faults.ts
CAUSES = {
    "database_away": "the database cannot be reached: {detail}",
    "broker_away": "the broker cannot be reached: sites keep what they have",
    "no_process": "no {process} process runs",
    "process_silent": "{process} has been silent for {seconds} s",
    "job_fails": "job {task} fails: {error}",
    "job_late": "job {task} is late",
    "ingest_behind": "ingest is {seconds} s behind",
    "batches_lost": "{count} batches are lost for good; find out why, then: python -m cloud losses",
    "quarantine_lost": "{count} messages were dropped by a full quarantine before anybody looked; find out why, then: "
    "python -m cloud losses",
    "quarantined": "{count} messages wait in quarantine",
}


def _cause(code: str, **params: str | int) -> Cause:
    return Cause(code=code, params=params)


def _words(causes: Sequence[Cause]) -> list[str]:
    return [CAUSES[cause.code].format(**cause.params) for cause in causes]


def _causes(broker: str, stored: _Stored) -> list[Cause]:
    away = [_cause("broker_away")] if broker == "unreachable" else []
    return [*away, *_process_causes(stored), *_backlog_causes(stored.backlog)]


def _process_causes(stored: _Stored) -> list[Cause]:
    causes = []
    for process in _NEEDED:
        silent = [one.silent_s for one in stored.processes if one.process == process]
        if not silent:
            causes.append(_cause("no_process", process=process))
        elif min(silent) > LATE_AFTER_S:  # one replica that lives is enough
            causes.append(_cause("process_silent", process=process, seconds=round(min(silent))))
    for job in stored.jobs:
        if job.failing:
            causes.append(_cause("job_fails", task=job.task, error=job.error))
        elif job.late:
            causes.append(_cause("job_late", task=job.task))
    lag_s = _lag_s([one for one in stored.processes if one.process == "ingest"])
    return causes if lag_s is None or lag_s <= LAG_S else [*causes, _cause("ingest_behind", seconds=round(lag_s))]


def _backlog_causes(backlog: Backlog) -> list[Cause]:
    counts = {
        "batches_lost": backlog.lost_batches - backlog.lost_batches_acknowledged,
        "quarantine_lost": backlog.quarantine_lost - backlog.quarantine_lost_acknowledged,
        "quarantined": backlog.quarantined,
    }
    return [_cause(code, count=count) for code, count in counts.items() if count > 0]


def _lag_s(ingest: Sequence[ProcessHealth]) -> float | None:
    """The worst of the replicas that live."""
    return max((one.lag_s for one in ingest if one.lag_s is not None and not one.gone), default=None)


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
               (SELECT min((lane.value->>'oldest_ms')::bigint) FROM site_status, jsonb_each(said->'queue') AS lane
                WHERE online AND jsonb_typeof(said->'queue') = 'object' AND (lane.value->>'unsent')::bigint > 0)
        """
    )
    row = await cursor.fetchone()
    sites, online, oldest_ms = row if row is not None else (0, 0, None)
    lost = await losses(connection)
    quarantine = await held(connection)
    return Backlog(
        sites=sites, online=online, quarantined=quarantine.waiting, quarantine_bytes=quarantine.size,
        quarantine_lost=lost[LossKind.QUARANTINE].total, quarantine_lost_acknowledged=lost[LossKind.QUARANTINE].acknowledged,
        lost_batches=lost[LossKind.BATCHES].total, lost_batches_acknowledged=lost[LossKind.BATCHES].acknowledged,
        oldest_unsent_s=None if oldest_ms is None else max(0.0, (now_ms - oldest_ms) / 1000),
    )  # fmt: skip


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
