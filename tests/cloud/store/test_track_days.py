from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from cloud.domain.whereabouts import Sighting
from cloud.store.kept import POSITIONS_KEPT, TRACKS_KEPT
from cloud.store.pool import Connection, connect
from cloud.store.track_days import days_of, keep_days
from edge.wire.clock import to_ms

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
OLD = datetime(2026, 10, 24, 6, 0, tzinfo=UTC)  # 29 days ago


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url, "test") as opened:
        await opened.execute("INSERT INTO operator (id, name) VALUES ('op', 'O')")
        for van in ("van-1", "van-2"):
            await opened.execute("INSERT INTO site (id, kind, name, created_at) VALUES (%s, 'van', '车', %s)", [van, NOW])
        yield opened


async def drive(connection: Connection, van: str, begin: datetime, fixes: int = 600) -> None:
    """To the north at 8 m/s, a corner half way, a fix a second."""
    async with (
        connection.cursor() as cursor,
        cursor.copy("COPY position (at, received_at, site_id, lat, lon, speed_m_s) FROM STDIN") as copy,
    ):
        for n in range(fixes):
            north, east = min(n, fixes // 2), max(0, n - fixes // 2)
            at = begin + timedelta(seconds=n)
            await copy.write_row((at, at, van, 31.2 + north * 8 / 111_195, 121.5 + east * 8 / 95_000, 8.0))
    await connection.execute(
        """
        INSERT INTO position_current (site_id, operator_id, at, received_at, lat, lon) VALUES (%s, 'op', %s, %s, 31, 121)
        ON CONFLICT DO NOTHING
        """,
        [van, NOW, NOW],
    )


async def test_a_day_that_is_about_to_go_is_kept_as_a_line(connection: Connection) -> None:
    await drive(connection, "van-1", OLD)
    assert await keep_days(connection, NOW) == {"written": 1, "dropped": 0}
    assert await keep_days(connection, NOW) == {"written": 0, "dropped": 0}
    kept = await days_of(connection, "van-1", OLD, OLD + timedelta(hours=1))
    assert kept.fixes == 600
    (piece,) = kept.pieces
    assert 3 <= len(piece) <= 4
    assert piece[0] == Sighting(to_ms(OLD), 31.2, 121.5, 8.0)


async def test_a_recent_day_is_left_as_it_is(connection: Connection) -> None:
    await drive(connection, "van-1", NOW - timedelta(days=20))
    assert (await keep_days(connection, NOW))["written"] == 0


async def test_of_who_carried_a_phone_nothing_is_kept(connection: Connection) -> None:
    await drive(connection, "van-1", OLD)
    await connection.execute(
        """
        INSERT INTO tracker (operator_id, site_id, protocol, name, is_personal, token_sha256, created_at)
        VALUES ('op', 'van-1', 'osmand', 'x', true, 'x', now())
        """
    )
    assert (await keep_days(connection, NOW))["written"] == 0


async def test_lines_go_after_a_year(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO track_day (site_id, day, points, fixes) VALUES ('van-1', %s, '[]', 1), ('van-1', %s, '[]', 1)",
        [(NOW - TRACKS_KEPT - timedelta(days=1)).date(), (NOW - POSITIONS_KEPT).date()],
    )
    assert (await keep_days(connection, NOW))["dropped"] == 1
    cursor = await connection.execute("SELECT day FROM track_day")
    assert await cursor.fetchall() == [(date(2026, 10, 23),)]
