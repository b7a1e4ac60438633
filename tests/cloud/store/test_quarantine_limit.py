"""Quarantine has bounds, and what they take is counted by whether somebody still has it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from cloud.store.losses import LossKind, losses
from cloud.store.pool import Connection, connect
from cloud.store.quarantine_limit import MAX_AGE, Dropped, Held, Limits, held, trim

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url, "test") as opened:
        yield opened


async def put(
    connection: Connection, name: str, *, state: str = "kept", reason: str = "payload", site: str = "s1", minutes: int = 0,
    size: int = 10,
) -> None:  # fmt: skip
    """A message that came (or was settled) ``minutes`` ago."""
    at = NOW - timedelta(minutes=minutes)
    await connection.execute(
        """
        INSERT INTO quarantine (first_at, last_at, topic, site_id, properties, content_type, payload, payload_sha256, payload_bytes,
            reason, detail, state, state_at)
        VALUES (%s, %s, %s, %s, '{}', '', '', '', %s, %s, '', %s, %s)
        """,
        (at, at, name, site, size, reason, state, None if state == "kept" else at),
    )


async def names(connection: Connection) -> set[str]:
    cursor = await connection.execute("SELECT topic FROM quarantine")
    return {row[0] for row in await cursor.fetchall()}


async def test_what_was_settled_goes_first_the_oldest_first_then_what_its_site_still_has(connection: Connection) -> None:
    await put(connection, "only here", minutes=500)
    await put(connection, "at its site", reason="hash", minutes=1)
    await put(connection, "replayed", state="replayed", minutes=2)
    await put(connection, "long replayed", state="replayed", minutes=3)
    assert await trim(connection, NOW, Limits(messages=4)) == Dropped(0, 0, 0)
    assert await trim(connection, NOW, Limits(messages=3)) == Dropped(1, 0, 0)
    assert "long replayed" not in await names(connection)
    assert await trim(connection, NOW, Limits(messages=1)) == Dropped(1, 1, 0)
    assert await names(connection) == {"only here"}


async def test_bytes_are_bounded_too_as_they_are_stored(connection: Connection) -> None:
    await put(connection, "cut at a mebibyte", size=50 * 1024 * 1024, minutes=9)
    await put(connection, "small", minutes=1)
    assert await held(connection) == Held(2, 0, 1024 * 1024 + 10)
    assert await trim(connection, NOW, Limits(size=1024 * 1024 + 10)) == Dropped(0, 0, 0)
    assert await trim(connection, NOW, Limits(size=1024 * 1024)) == Dropped(0, 1, 0)  # cut: it was not acknowledged
    assert await names(connection) == {"small"}


async def test_a_site_that_sends_nonsense_all_day_pushes_out_its_own_messages(connection: Connection) -> None:
    await put(connection, "of another site", site="s2", minutes=1000)
    for minutes in range(10):
        await put(connection, f"nonsense {minutes}", minutes=minutes)
    assert await trim(connection, NOW, Limits(messages=3)) == Dropped(0, 0, 8)
    assert await names(connection) == {"of another site", "nonsense 0", "nonsense 1"}


async def test_what_nobody_looked_at_in_time_goes_and_is_counted_as_lost(connection: Connection) -> None:
    await put(connection, "old", minutes=int(MAX_AGE / timedelta(minutes=1)) + 1)
    await put(connection, "young", minutes=int(MAX_AGE / timedelta(minutes=1)) - 1)
    assert await trim(connection, NOW) == Dropped(0, 0, 1)
    await put(connection, "old too", minutes=int(MAX_AGE / timedelta(minutes=1)) + 1)
    await trim(connection, NOW)
    assert await names(connection) == {"young"}
    assert (await losses(connection))[LossKind.QUARANTINE].total == 2
