import asyncio
from collections.abc import Mapping

import pytest

from cloud.jobs.run import run_job
from cloud.jobs.schedule import Job, Moment
from cloud.store import job_health
from cloud.store.job_health import JobHealth
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection
from edge.wire.clock import Clock, utc

pytestmark = pytest.mark.slow


async def health_of(connection: Connection, name: str) -> JobHealth:
    (found,) = [one for one in await job_health.job_health(connection) if one.task == name]
    return found


async def test_a_run_that_ends_well_is_on_record(database_url: str, connection: Connection, mode: StoreMode, clock: Clock) -> None:
    seen: list[Moment] = []

    async def work(_connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
        seen.append(moment)
        return {"made": 3}

    await job_health.register(connection, {"demo": 60})
    assert await run_job(database_url, Job("demo", 1, work), mode, clock)
    assert seen == [Moment(utc(clock.now_ms()), clock.rate)]
    health = await health_of(connection, "demo")
    assert health.succeeded_at is not None
    assert (health.is_late, health.is_failing, health.error) == (False, False, "")
    cursor = await connection.execute("SELECT detail FROM job_run WHERE task = 'demo'")
    assert await cursor.fetchone() == ({"made": 3},)


async def test_what_goes_wrong_is_on_record_until_a_run_ends_well(
    database_url: str, connection: Connection, mode: StoreMode, clock: Clock
) -> None:
    async def work(inner: Connection, _mode: StoreMode, _moment: Moment) -> Mapping[str, int]:
        async with inner.transaction():
            await inner.execute("SELECT * FROM no_such_table")
        return {}

    async def cured(_connection: Connection, _mode: StoreMode, _moment: Moment) -> Mapping[str, int]:
        return {}

    await job_health.register(connection, {"demo": 60})
    with pytest.raises(Exception, match="no_such_table"):
        await run_job(database_url, Job("demo", 1, work), mode, clock)
    health = await health_of(connection, "demo")
    assert health.is_failing
    assert "UndefinedTable" in health.error
    await run_job(database_url, Job("demo", 1, cured), mode, clock)
    assert not (await health_of(connection, "demo")).is_failing


async def test_two_replicas_never_do_the_same_job_at_once(
    database_url: str, connection: Connection, mode: StoreMode, clock: Clock
) -> None:
    await job_health.register(connection, {"demo": 60})
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(_connection: Connection, _mode: StoreMode, _moment: Moment) -> Mapping[str, int]:
        begun.set()
        await may_end.wait()
        return {}

    job = Job("demo", 1, work)
    first = asyncio.create_task(run_job(database_url, job, mode, clock))
    await begun.wait()
    assert not await run_job(database_url, job, mode, clock)
    may_end.set()
    assert await first
    assert await run_job(database_url, job, mode, clock)


async def test_a_replica_that_dies_in_the_middle_holds_up_nobody(
    database_url: str, connection: Connection, mode: StoreMode, clock: Clock
) -> None:
    await job_health.register(connection, {"demo": 60})
    begun = asyncio.Event()

    async def hangs(_connection: Connection, _mode: StoreMode, _moment: Moment) -> Mapping[str, int]:
        begun.set()
        await asyncio.Event().wait()
        return {}

    async def works(_connection: Connection, _mode: StoreMode, _moment: Moment) -> Mapping[str, int]:
        return {}

    dying = asyncio.create_task(run_job(database_url, Job("demo", 1, hangs), mode, clock))
    await begun.wait()
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    async with asyncio.timeout(10):  # the server takes a moment to notice
        while not await run_job(database_url, Job("demo", 1, works), mode, clock):
            await asyncio.sleep(0.02)


async def test_a_job_is_late_after_three_of_its_periods(connection: Connection) -> None:
    await job_health.register(connection, {"demo": 60, "fresh": 60})
    await connection.execute("UPDATE job_run SET registered_at = now() - interval '4 min' WHERE task = 'demo'")
    assert (await health_of(connection, "demo")).is_late
    assert not (await health_of(connection, "fresh")).is_late
    await job_health.succeeded(connection, "demo", {})
    assert not (await health_of(connection, "demo")).is_late


async def test_jobs_that_are_no_more_are_forgotten(connection: Connection) -> None:
    await job_health.register(connection, {"old": 60})
    await job_health.register(connection, {"new": 60})
    cursor = await connection.execute("SELECT task FROM job_run")
    assert await cursor.fetchall() == [("new",)]
