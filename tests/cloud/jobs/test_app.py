"""The jobs process on a real queue: its start, its stop, a database that goes away."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import procrastinate
import pytest
from pydantic import SecretStr

from cloud.config import CloudConfig
from cloud.jobs import app as jobs_app
from cloud.jobs.schedule import JOBS
from cloud.store.heartbeat import heartbeats
from cloud.store.job_health import job_health
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection
from cloud.trouble import Trouble
from edge.wire.clock import Clock
from tests.conftest import DatabaseSource, _administer, _at

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]


def config_of(url: str) -> CloudConfig:
    return CloudConfig(database_url=SecretStr(url))


async def all_succeeded(connection: Connection, mode: StoreMode) -> None:
    expected = {job.name for job in JOBS if mode in job.modes}
    async with asyncio.timeout(60):
        while True:
            health = {one.task: one for one in await job_health(connection) if not one.task.startswith("timescaledb")}
            assert not [one for one in health.values() if one.is_failing]
            if {name for name, one in health.items() if one.succeeded_at is not None} == expected:
                return
            await asyncio.sleep(0.05)


async def test_every_job_of_the_mode_runs_at_the_start_and_the_end_is_clean(
    database_url: str, connection: Connection, mode: StoreMode, clock: Clock
) -> None:
    running = asyncio.create_task(jobs_app.run(config_of(database_url), clock))
    await all_succeeded(connection, mode)
    assert [beat.process for beat in await heartbeats(connection)] == ["jobs"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    cursor = await connection.execute("SELECT count(*) FROM procrastinate_workers")
    assert await cursor.fetchone() == (0,)
    assert await heartbeats(connection) == []
    cursor = await connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status <> 'todo'")
    assert await cursor.fetchone() == (0,)


async def test_runs_are_counted_for_prometheus(
    database_url: str, connection: Connection, mode: StoreMode, clock: Clock, free_port: int
) -> None:
    running = asyncio.create_task(jobs_app.run(config_of(database_url).model_copy(update={"metrics_port": free_port}), clock))
    await all_succeeded(connection, mode)
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{free_port}/metrics")).text
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert 'tuantu_job_runs_total{job="roll-up",outcome="succeeded"}' in text


async def test_a_metrics_port_that_is_taken_is_named(database_url: str, clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Trouble, match=str(port)):
            await jobs_app.run(config_of(database_url).model_copy(update={"metrics_port": port}), clock)


async def test_two_replicas_share_the_work(database_url: str, connection: Connection, mode: StoreMode, clock: Clock) -> None:
    async with asyncio.TaskGroup() as group:
        replicas = [group.create_task(jobs_app.run(config_of(database_url), clock)) for _ in range(2)]
        await all_succeeded(connection, mode)
        for replica in replicas:
            replica.cancel()


async def test_connections_that_are_cut_are_made_again(
    database_url: str, connection: Connection, mode: StoreMode, clock: Clock
) -> None:
    running = asyncio.create_task(jobs_app.run(config_of(database_url), clock))
    await all_succeeded(connection, mode)
    await connection.execute(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'tuantu-job%'
        """
    )
    await connection.execute("UPDATE job_run SET succeeded_at = NULL")
    queue = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url, min_size=1))
    async with queue.open_async():
        for job in JOBS:
            if mode in job.modes:
                await queue.configure_task(job.name).defer_async(timestamp=0)
    await all_succeeded(connection, mode)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_runs_of_a_replica_that_was_killed_are_closed(database_url: str, connection: Connection) -> None:
    await connection.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
    await connection.execute(
        """
        INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status, worker_id)
        SELECT 'default', 'roll-up', 'roll-up', 'doing', id FROM procrastinate_workers
        """
    )
    queue = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url, min_size=1))
    async with queue.open_async():
        await jobs_app._tidy(queue)
    cursor = await connection.execute("SELECT status::text FROM procrastinate_jobs")
    assert await cursor.fetchall() == [("failed",)]


@contextmanager
def process_of(url: str, start: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "TUANTU_DATABASE_URL": url}
    with subprocess.Popen([*start, sys.executable, "-m", "cloud", "jobs"], env=environment, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("start", [(), ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")], ids=["", "in a script's background"])
async def test_sigterm_ends_the_process_and_nothing_is_left_of_it(
    database_url: str, connection: Connection, mode: StoreMode, start: tuple[str, ...]
) -> None:
    with process_of(database_url, start) as process:
        await all_succeeded(connection, mode)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0
    assert await heartbeats(connection) == []


async def test_a_database_without_schema_is_told_apart_from_one_that_is_away(database_source: DatabaseSource, clock: Clock) -> None:
    if database_source.template is None:
        pytest.skip("the server's user may not create databases")
    _administer(
        database_source.url,
        "DROP DATABASE IF EXISTS tuantu_test_empty WITH (FORCE)",
        "CREATE DATABASE tuantu_test_empty TEMPLATE template0",
    )
    try:
        with pytest.raises(Trouble, match="cloud migrate"):
            await jobs_app.run(config_of(_at(database_source.url, "tuantu_test_empty")), clock)
    finally:
        _administer(database_source.url, "DROP DATABASE tuantu_test_empty WITH (FORCE)")


async def test_a_database_that_is_away_is_waited_for(clock: Clock, free_port: int) -> None:
    running = asyncio.create_task(jobs_app.run(config_of(f"postgresql://nobody:pw@127.0.0.1:{free_port}/nothing"), clock))
    done, _ = await asyncio.wait([running], timeout=2)
    assert not done
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
