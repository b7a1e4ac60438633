from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from cloud.jobs.housekeeping import COLD_RECORDS_KEPT, FINISHED_ORDERS_SHOWN, SETTLED_QUARANTINE_KEPT, delete_served
from cloud.jobs.quarantine import trim_quarantine
from cloud.store.pool import Connection
from edge.wire.clock import Clock, utc

pytestmark = pytest.mark.slow
DAY = timedelta(days=1)


@pytest.fixture
def now(clock: Clock) -> datetime:
    return utc(clock.now_ms())


async def rows(connection: Connection, query: str) -> list[tuple[object, ...]]:
    cursor = await connection.execute(query.encode())
    return await cursor.fetchall()


async def test_expired_log_ins_go(connection: Connection, now: datetime) -> None:
    real_now = datetime.now(UTC)  # log-ins do not follow the town's clock
    await connection.execute(
        "INSERT INTO account (login, password_hash, display_name, role, created_at) VALUES ('a', 'x', 'A', 'admin', %s)", (now,)
    )
    await connection.execute(
        """
        INSERT INTO session (token_sha256, account_id, created_at, expires_at)
        SELECT decode(given.token, 'hex'), id, %s, given.expires_at
        FROM account, unnest(ARRAY['01', '02'], %s::timestamptz[]) AS given (token, expires_at)
        """,
        (now - DAY, [real_now - timedelta(seconds=1), real_now + DAY]),
    )
    assert (await delete_served(connection, now))["sessions"] == 1
    assert await rows(connection, "SELECT encode(token_sha256, 'hex') FROM session") == [("02",)]


async def test_quarantine_goes_a_month_after_it_was_settled_and_never_before(connection: Connection, now: datetime) -> None:
    old = now - SETTLED_QUARANTINE_KEPT - DAY
    await connection.execute(
        """
        INSERT INTO quarantine (first_at, last_at, topic, properties, content_type, payload, payload_sha256, payload_bytes,
            reason, detail, state, state_at)
        SELECT %s, %s, given.topic, '{}', '', '', '', 0, 'payload', '', given.state, given.state_at
        FROM unnest(
            ARRAY['kept', 'old discarded', 'old replayed', 'discarded'],
            ARRAY['kept', 'discarded', 'replayed', 'discarded'],
            %s::timestamptz[]
        ) AS given (topic, state, state_at)
        """,
        (old, old, [None, old, old, now - DAY]),
    )
    assert (await delete_served(connection, now))["quarantine"] == 2
    assert await rows(connection, "SELECT topic FROM quarantine ORDER BY id") == [("kept",), ("discarded",)]


async def test_finished_orders_leave_the_rooms_after_a_month_and_the_cursors_stay(connection: Connection, now: datetime) -> None:
    long_ago = now - FINISHED_ORDERS_SHOWN - DAY
    await connection.execute("INSERT INTO operator (id, name) VALUES ('op', 'Op')")
    await connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES ('s1', 'station', 'S', %s)", (now,))
    await connection.execute(
        "INSERT INTO leader (operator_id, id, name, keeps_site_id, created_at) VALUES ('op', 'L1', '王姐', 's1', %s)", (now,)
    )
    for order_id, state, state_at in (
        ("op/old", "collected", long_ago),
        ("op/new", "collected", now - DAY),
        ("op/open", "ready", long_ago),
    ):
        await connection.execute(
            """
            INSERT INTO customer_order (id, operator_id, external_id, site_id, pickup_date, placed_at, state, state_at)
            VALUES (%s, 'op', %s, 's1', '2026-03-01', %s, %s, %s)
            """,
            (order_id, order_id, long_ago, state, state_at),
        )
        await connection.execute(
            "INSERT INTO parcel (id, order_id, site_id, at_site_id, created_at) VALUES (%s, %s, 's1', 's1', %s)",
            (f"parcel of {order_id}", order_id, long_ago),
        )
        for room, key in (
            (f"order:{order_id}", "order"),
            (f"order:{order_id}", "reminder"),
            ("group:op/L1", f"order/{order_id}"),
            ("operator:op", f"order/{order_id}"),
            ("site:s1", f"parcel/parcel of {order_id}"),
        ):
            await connection.execute(
                """
                INSERT INTO room (name, version, changed_at) VALUES (%s, 1, %s)
                ON CONFLICT (name) DO UPDATE SET version = room.version + 1
                """,
                (room, state_at),
            )
            await connection.execute(
                "INSERT INTO room_entry (room, key, version, at) VALUES (%s, %s, 1, %s)", (room, key, state_at)
            )
    assert (await delete_served(connection, now))["room_entries"] == 5
    left = await rows(connection, "SELECT DISTINCT split_part(room || key, '/', 2) FROM room_entry WHERE room || key LIKE '%old%'")
    assert left == []
    assert await rows(connection, "SELECT count(*) FROM room_entry") == [(10,)]
    assert await rows(connection, "SELECT version FROM room WHERE name = 'site:s1'") == [(3,)]


async def test_a_full_quarantine_is_never_emptied_silently(
    connection: Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.store.quarantine_limit.MAX_AGE", DAY)
    await connection.execute(
        """
        INSERT INTO quarantine (first_at, last_at, topic, properties, content_type, payload, payload_sha256, payload_bytes,
            reason, detail)
        VALUES (%s, %s, 't', '{}', '', '', '', 7, 'payload', '')
        """,
        (now - 2 * DAY, now - 2 * DAY),
    )
    before = REGISTRY.get_sample_value("tuantu_quarantine_dropped_total", {"still": "lost"}) or 0
    with capture_logs() as lines:
        assert await trim_quarantine(connection, now) == {"settled": 0, "at_site": 0, "lost": 1}
    assert [line["messages"] for line in lines if line["log_level"] == "error"] == [1]
    assert REGISTRY.get_sample_value("tuantu_quarantine_dropped_total", {"still": "lost"}) == before + 1
    assert REGISTRY.get_sample_value("tuantu_quarantine_bytes") == 0


async def test_alarms_and_cold_chain_records_go_after_two_years_but_not_what_is_open(connection: Connection, now: datetime) -> None:
    old = now - COLD_RECORDS_KEPT - DAY
    for name, is_open, at in (("over", False, old), ("open", True, old), ("new", False, now)):
        await connection.execute(
            """
            INSERT INTO alarm (site_id, alarm, subject, rule, severity, state, is_open, raised_at)
            VALUES ('s1', %s, 'x_c', 'high', 'warning', 'cleared', %s, %s)
            """,
            (name, is_open, at),
        )
        await connection.execute(
            "INSERT INTO alarm_word (site_id, alarm, kind, at, name, seen) VALUES ('s1', %s, 'acknowledged', %s, '王', '')",
            (name, at),
        )
        await connection.execute(
            """
            INSERT INTO cold_account
            VALUES (%s, 'chilled', '{}', %s, %s, 'in_range', 'place', 1, 1, 0, 0, 0, 0, NULL, NULL, NULL, '[]')
            """,
            (name, at, not is_open),
        )
        await connection.execute(
            "INSERT INTO cold_stay VALUES (%s, 0, %s, %s, true, 's1', 'C1', '', false, 'place', '', '', '{}', 1, 0)", (name, at, at)
        )
    gone = await delete_served(connection, now)
    assert gone["alarms"] == gone["cold_accounts"] == 1
    for table, column in (("alarm", "alarm"), ("alarm_word", "alarm"), ("cold_account", "parcel_id"), ("cold_stay", "parcel_id")):
        assert await rows(connection, f"SELECT {column} FROM {table} ORDER BY 1") == [("new",), ("open",)]  # our own
