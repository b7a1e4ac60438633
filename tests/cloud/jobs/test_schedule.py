"""Jobs come by real time, rows by the town's: the two must fit at every rate the town has."""

from datetime import timedelta

import pytest

from cloud.jobs.schedule import JOBS, Job, Moment
from cloud.store.kept import LATEST_ARRIVAL
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection
from edge.wire.clock import Clock, utc

PARTITIONS = next(job for job in JOBS if job.name == "partitions")


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1.0, 30.0, 300.0])
async def test_no_row_of_a_fast_town_arrives_before_its_partition(
    connection: Connection, mode: StoreMode, clock: Clock, rate: float
) -> None:
    """The town ran at ×1 when the jobs came, speeds up at once, and the jobs miss every other run."""
    if mode is not StoreMode.PLAIN:
        pytest.skip(f"a database in mode {mode} makes its chunks itself")
    now = utc(clock.now_ms())
    await PARTITIONS.work(connection, mode, Moment(now, 1.0))
    for _ in range(4):
        for at in (now, now - LATEST_ARRIVAL, now + PARTITIONS.period_s * timedelta(seconds=rate), now + timedelta(minutes=5)):
            await connection.execute(
                "INSERT INTO reading (at, received_at, sensor_id, quality, value) VALUES (%s, %s, 1, 0, 1)", (at, now)
            )
        now += PARTITIONS.period_s * timedelta(seconds=rate)
        await PARTITIONS.work(connection, mode, Moment(now, rate))
        now += PARTITIONS.period_s * timedelta(seconds=rate)
    cursor = await connection.execute("SELECT count(*) FROM ONLY reading_default")
    assert await cursor.fetchone() == (0,)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_period_divides_the_hour_so_that_cron_keeps_it(job: Job) -> None:
    assert 60 % job.minutes == 0
    assert job.cron.split()[0] == f"*/{job.minutes}"
