"""``python -m cloud jobs``: scheduled and queued work through procrastinate. Any number of replicas; each run is one replica's.

Leaves what a job does to schedule.py and the store.
"""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status

from cloud.config import CloudConfig
from cloud.jobs.downlink import Downlink
from cloud.jobs.route_plans import PlanDesk
from cloud.jobs.run import run_job
from cloud.jobs.schedule import JOBS, Job
from cloud.metrics_port import metrics_served
from cloud.store import heartbeat, job_health
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection, Unavailable, connect, is_unavailable, parameters, place
from cloud.store.rollup import store_mode
from cloud.trouble import Trouble
from edge.wire.clock import Clock

_log = structlog.get_logger(__name__)

# A job that is asked to stop gets this long to finish before it is cancelled and rolled back.
STOP_S = 8.0  # below the 10 s after which containers are killed
MAX_BACKOFF_S = 30.0  # a database that restarts is back within seconds, one that recovers within minutes
FAILED_RUNS_KEPT_H = 7 * 24
# A long conversion or drop must not hold up the minute's roll-up.
CONCURRENCY = 3


async def run(config: CloudConfig, clock: Clock) -> None:
    """Work until cancelled. Survives a database that goes away; Trouble where its schema is missing."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)  # it tells of every run; job_run and /metrics do too
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(metrics_served(config))
        beside = [asyncio.create_task(part) for part in (Downlink(config, clock).run(), PlanDesk(config, clock).run())]
        try:
            await _supervise(config.database_url.get_secret_value(), clock, heartbeat.new_instance())
        finally:
            for task in beside:
                task.cancel()
            for task in beside:
                with suppress(asyncio.CancelledError):
                    await task


async def _supervise(url: str, clock: Clock, instance: str) -> None:
    backoff_s = 1.0
    while True:
        try:
            async with await connect(url, "jobs-start") as connection:
                mode = await _mode(connection)
            if backoff_s > 1.0:
                _log.info("jobs have the database back", database=place(url))
            backoff_s = 1.0
            await work(url, mode, clock, instance)
        except (Unavailable, ConnectorException, psycopg.Error) as error:
            if isinstance(error, psycopg.Error) and not is_unavailable(error):
                raise
            if backoff_s == 1.0:
                _log.warning("jobs wait for the database", database=place(url), error=str(error))
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # a worker that is ending may swallow the wish to end
            raise asyncio.CancelledError
        await asyncio.sleep(backoff_s)
        backoff_s = min(2 * backoff_s, MAX_BACKOFF_S)


async def _mode(connection: Connection) -> StoreMode:
    try:
        return await store_mode(connection)
    except (psycopg.errors.UndefinedTable, LookupError):
        raise Trouble("the database has no schema yet", "run python -m cloud migrate first") from None


async def work(url: str, mode: StoreMode, clock: Clock, instance: str) -> None:
    """Run everything once and then by schedule, until cancelled; returns or raises where the database is lost.

    ``instance``: what we are called among the signs of life.
    """
    jobs = [job for job in JOBS if mode in job.modes]
    app = _app(url, jobs, mode, clock)
    async with await connect(url, "jobs-beat") as connection, app.open_async():
        await job_health.register(connection, {job.name: job.period_s for job in jobs})
        for job in jobs:
            with suppress(AlreadyEnqueued):
                await app.configure_task(job.name).defer_async(timestamp=0)
        beating = asyncio.create_task(_beat(connection, instance))
        try:
            await app.run_worker_async(
                concurrency=CONCURRENCY,
                delete_jobs="successful",
                install_signal_handlers=False,  # cloud.__main__ cancels us
                shutdown_graceful_timeout=STOP_S,
            )
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError, psycopg.OperationalError):
                await beating


async def _beat(connection: Connection, instance: str) -> None:
    try:
        while True:
            await heartbeat.beat(connection, "jobs", instance)
            await asyncio.sleep(heartbeat.PERIOD_S)
    finally:
        await heartbeat.retire(connection, "jobs", instance)


def _app(url: str, jobs: list[Job], mode: StoreMode, clock: Clock) -> procrastinate.App:
    connector = procrastinate.PsycopgConnector(conninfo=url, kwargs=parameters("jobs"), min_size=1, max_size=CONCURRENCY + 2)
    app = procrastinate.App(connector=connector)
    for job in jobs:
        _schedule(app, url, job, mode, clock)

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="tidy-queue", queueing_lock="tidy-queue")
    async def tidy_queue(timestamp: int) -> None:  # noqa: ARG001  # procrastinate hands it over
        await _tidy(app)

    return app


def _schedule(app: procrastinate.App, url: str, job: Job, mode: StoreMode, clock: Clock) -> None:
    @app.periodic(cron=job.cron)
    @app.task(name=job.name, queueing_lock=job.name)  # one waits at most, however late the workers are
    async def scheduled(timestamp: int) -> None:  # noqa: ARG001  # procrastinate hands it over
        await run_job(url, job, mode, clock)


async def _tidy(app: procrastinate.App) -> None:
    """Close the runs of replicas that died, and forget failed ones after a week."""
    for job in await app.job_manager.get_stalled_jobs():
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
    await app.job_manager.delete_old_jobs(
        nb_hours=FAILED_RUNS_KEPT_H, include_failed=True, include_cancelled=True, include_aborted=True
    )
