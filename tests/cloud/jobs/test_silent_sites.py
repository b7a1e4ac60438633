"""A site that has gone is an alarm of the cloud's own; by the domain clock."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud.domain.alarm import WordKind
from cloud.jobs.silent_sites import CRITICAL_AFTER, WARN_AFTER, watch_sites
from cloud.store.alarm_folding import AlarmKey, lock_site, say
from cloud.store.pool import Connection
from edge.wire.clock import utc
from tests.cloud.jobs.conftest import SetClock

pytestmark = pytest.mark.slow


@pytest.fixture
async def now(connection: Connection, clock: SetClock) -> datetime:
    """A site that went just now, one that is there, one that nobody ever heard."""
    now = utc(clock.now_ms())
    await connection.execute("INSERT INTO operator (id, name) VALUES ('green', '绿')")
    for site in ("gone", "here", "new"):
        await connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES (%s, 'station', %s, now())", [site, site])
        await connection.execute("INSERT INTO site_operator (site_id, operator_id) VALUES (%s, 'green')", [site])
    for site, is_online in (("gone", False), ("here", True)):
        await connection.execute(
            "INSERT INTO site_status (site_id, operator_id, boot, connect, online, heard_at) VALUES (%s, 'green', 1, 1, %s, %s)",
            [site, is_online, now + timedelta(microseconds=777)],
        )
    return now


async def alarms(connection: Connection) -> list[tuple[Any, ...]]:
    cursor = await connection.execute("SELECT site_id, rule, severity, state, is_open FROM alarm ORDER BY id")
    return await cursor.fetchall()


async def test_a_site_that_stays_away_is_an_alarm_and_a_worse_one_later(connection: Connection, now: datetime) -> None:
    assert await watch_sites(connection, now + WARN_AFTER - timedelta(seconds=1)) == {"raised": 0, "cleared": 0}
    warned = now + WARN_AFTER + timedelta(seconds=1)
    assert await watch_sites(connection, warned) == {"raised": 1, "cleared": 0}
    assert await watch_sites(connection, warned + timedelta(minutes=1)) == {"raised": 0, "cleared": 0}
    assert await alarms(connection) == [("gone", "site_silent", "warning", "raised", True)]
    await watch_sites(connection, now + CRITICAL_AFTER + timedelta(seconds=1))
    assert await alarms(connection) == [("gone", "site_silent", "critical", "raised", True)]
    cursor = await connection.execute("SELECT raised_at FROM alarm")
    assert await cursor.fetchone() == (warned,)
    cursor = await connection.execute("SELECT body->>'severity' FROM room_entry WHERE room = 'sites:green' AND key LIKE 'alarm/%'")
    assert await cursor.fetchone() == ("critical",)


@pytest.mark.parametrize(
    "back",
    [
        "UPDATE site_status SET online = true, heard_at = %s WHERE site_id = 'gone'",
        "INSERT INTO lane_floor (site_id, epoch, lane, heard_at) VALUES ('gone', gen_random_uuid(), 2, %s)",
    ],
)
async def test_it_is_over_when_the_site_is_heard_again_and_the_next_silence_is_another(
    connection: Connection, now: datetime, back: str
) -> None:
    await watch_sites(connection, now + timedelta(minutes=20))
    await connection.execute(back.encode(), [now + timedelta(minutes=30)])
    assert await watch_sites(connection, now + timedelta(minutes=31)) == {"raised": 0, "cleared": 1}
    assert await alarms(connection) == [("gone", "site_silent", "warning", "cleared", True)]
    assert await watch_sites(connection, now + timedelta(minutes=32)) == {"raised": 0, "cleared": 0}
    await connection.execute(
        "UPDATE site_status SET online = false, heard_at = %s WHERE site_id = 'gone'", [now + timedelta(hours=1)]
    )
    await watch_sites(connection, now + timedelta(hours=1, minutes=20))
    assert [one[3] for one in await alarms(connection)] == ["cleared", "raised"]


async def test_what_people_said_of_it_stays_when_it_is_over(connection: Connection, now: datetime) -> None:
    await watch_sites(connection, now + timedelta(minutes=20))
    cursor = await connection.execute("SELECT site_id, alarm, raised_by FROM alarm")
    row = await cursor.fetchone()
    assert row is not None
    await connection.execute(
        "INSERT INTO account (login, password_hash, display_name, role, created_at) VALUES ('a', '', '王', 'admin', now())"
    )
    async with connection.transaction():
        await lock_site(connection, "gone")
        await say(connection, AlarmKey(*row[:2]), WordKind.ACKNOWLEDGED, row[2], 1, "王", "已派人", now + timedelta(minutes=21))
    await connection.execute("UPDATE site_status SET online = true WHERE site_id = 'gone'")
    await watch_sites(connection, now + timedelta(minutes=25))
    assert await alarms(connection) == [("gone", "site_silent", "warning", "cleared", False)]


async def test_a_town_that_runs_fast_gives_its_agents_real_time_to_start(connection: Connection, now: datetime) -> None:
    assert await watch_sites(connection, now + timedelta(minutes=59), rate=30.0) == {"raised": 0, "cleared": 0}
    assert await watch_sites(connection, now + timedelta(minutes=61), rate=30.0) == {"raised": 1, "cleared": 0}
