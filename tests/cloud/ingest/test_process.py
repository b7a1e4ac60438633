"""The process itself: killed at its steps, stopped by a signal, and with the mutants that other tests have to notice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cloud.store.pool import connect
from edge.wire.ids import Lane
from edge.wire.messages import ParcelReceived
from tests.cloud.ingest.sites import Batch, TestSite, Uplink, count, relate, rows, until, uplink_of
from tests.conftest import TestBroker, find_free_port

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def process(database_url: str, broker: TestBroker, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {**os.environ, "TUANTU_DATABASE_URL": database_url, "TUANTU_BROKER_URL": broker.url, **environment}
    ingest = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cloud", "ingest", env=settings, cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield ingest
    finally:
        if ingest.returncode is None:
            ingest.kill()
        await ingest.wait()


async def sent_until_answered(link: Uplink, batch: Batch, lane: Lane = Lane.EVENT) -> None:
    """As the edge does: again and again."""
    before = len(link.acked(lane))
    for _ in range(100):
        link.send(batch)
        for _ in range(10):
            if len(link.acked(lane)) > before:
                return
            await asyncio.sleep(0.02)
    pytest.fail("no ack came")


async def sent_until_dead(link: Uplink, batch: Batch, ingest: asyncio.subprocess.Process) -> None:
    """Until ingest has killed itself at the step it was told."""
    for _ in range(100):
        link.send(batch)
        try:
            await asyncio.wait_for(asyncio.shield(ingest.wait()), 0.3)
        except TimeoutError:
            continue
        assert ingest.returncode == -signal.SIGKILL
        return
    pytest.fail("it did not reach the step")


@pytest.mark.parametrize(
    ("step", "is_stored", "is_acked"),
    [("received", 0, False), ("before_commit", 0, False), ("after_commit", 1, False), ("after_ack", 1, None)],
)
async def test_killed_at_any_step_and_started_again_everything_is_there_once(
    database_url: str, broker: TestBroker, step: str, is_stored: int, is_acked: bool | None
) -> None:
    site = TestSite(f"kill-{step.replace('_', '-')}")
    relate(database_url, site.operator, site.site)
    event = site.scans(ParcelReceived(parcel="X"))
    async with uplink_of(site, broker) as link:
        async with process(database_url, broker, TUANTU_FAULT_STEP=f"{step}:1") as ingest:
            await sent_until_dead(link, event, ingest)
        assert count(database_url, "SELECT count(*) FROM event") == is_stored
        if is_acked is not None:
            assert bool(link.acked()) is is_acked
        async with process(database_url, broker):
            await sent_until_answered(link, event)
    assert count(database_url, "SELECT count(*) FROM event") == 1
    entries = "SELECT key, room_entry.version = room.version FROM room JOIN room_entry ON room = name WHERE name = %s"
    assert rows(database_url, entries, f"site:{site.site}") == [("parcel/X", True)]


async def test_the_mutant_that_acknowledges_before_the_commit_tells_a_site_what_is_not_so(
    database_url: str, broker: TestBroker
) -> None:
    site = TestSite("mutant-1")
    relate(database_url, site.operator, site.site)
    event = site.scans(ParcelReceived(parcel="X"))
    switches = {"TUANTU_MUTANT": "ack-before-commit", "TUANTU_FAULT_STEP": "before_commit:1"}
    async with uplink_of(site, broker) as link:
        async with process(database_url, broker, **switches) as ingest:
            await sent_until_dead(link, event, ingest)
        await until(lambda: bool(link.acked()))
    assert count(database_url, "SELECT count(*) FROM event") == 0


async def test_the_mutant_without_dedupe_doubles_readings(database_url: str, broker: TestBroker) -> None:
    site = TestSite("mutant-2")
    relate(database_url, site.operator, site.site)
    readings = site.readings([1.0])
    async with uplink_of(site, broker) as link, process(database_url, broker, TUANTU_MUTANT="no-dedupe"):
        await sent_until_answered(link, readings, Lane.LIVE)
        link.send(readings)
        await until(lambda: count(database_url, "SELECT count(*) FROM reading") >= 2)


async def test_it_stops_on_sigterm_with_exit_code_0_and_shows_its_numbers_before(database_url: str, broker: TestBroker) -> None:
    site = TestSite("stop-1")
    relate(database_url, site.operator, site.site)
    port = find_free_port()
    async with uplink_of(site, broker) as link, process(database_url, broker, TUANTU_METRICS_PORT=str(port)) as ingest:
        await sent_until_answered(link, site.readings([1.0, 2.0]), Lane.LIVE)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        assert 'tuantu_ingest_rows_total{lane="live"} 2.0' in text
        assert 'tuantu_ingest_lane_up{lane="event"} 1.0' in text
        ingest.terminate()
        assert await asyncio.wait_for(ingest.wait(), 15) == 0
    connection = await connect(database_url, "test")
    cursor = await connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tuantu-ingest%%'"
    )
    row = await cursor.fetchone()
    await connection.close()
    assert row == (0,)
