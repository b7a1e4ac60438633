"""One run of a scheduled job: a connection of its own, one replica at a time, its outcome on record."""

from contextlib import suppress

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from cloud.jobs.schedule import Job, Moment
from cloud.store import job_health
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection, connect
from edge.wire.clock import Clock, utc

_log = structlog.get_logger(__name__)

_RUNS = Counter("tuantu_job_runs", "Runs of scheduled jobs by outcome", ["job", "outcome"])
_SUCCEEDED = Gauge("tuantu_job_succeeded_timestamp_seconds", "When a job last ended well here", ["job"])

# A month that waits to be rolled up, or a chunk to be converted, takes minutes on a small server; more means it is stuck.
_STATEMENT_TIMEOUT_MS = 15 * 60 * 1000
_LOCK_CLASS = 0x7475  # "tu": apart from other advisory locks of this database


async def run_job(url: str, job: Job, mode: StoreMode, clock: Clock) -> bool:
    """Do it once; False where another replica is at it. What goes wrong is recorded and raised."""
    async with await connect(url, f"job-{job.name}", _STATEMENT_TIMEOUT_MS) as connection:
        # Of the session and not of a queue's row: it goes with the connection, so a replica that dies holds up nobody.
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (_LOCK_CLASS, job.name))
        if await cursor.fetchone() != (True,):
            _RUNS.labels(job.name, "elsewhere").inc()
            return False
        await job_health.started(connection, job.name)
        try:
            detail = await job.work(connection, mode, Moment(utc(clock.now_ms()), clock.rate))
        except Exception as error:
            _RUNS.labels(job.name, "failed").inc()
            await _record_failure(connection, job, error)
            raise
        await job_health.succeeded(connection, job.name, dict(detail))
    _RUNS.labels(job.name, "succeeded").inc()
    _SUCCEEDED.labels(job.name).set_to_current_time()
    if any(detail.values()):
        _log.info("job done", job=job.name, **detail)
    return True


async def _record_failure(connection: Connection, job: Job, error: Exception) -> None:
    with suppress(psycopg.OperationalError):  # then the database is what failed, and the first error says so
        await job_health.failed(connection, job.name, f"{type(error).__name__}: {error}")
