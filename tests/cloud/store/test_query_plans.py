"""What is asked every few seconds, or for each container, goes by an index past the days that are over: PostgreSQL says so."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from cloud.domain.scope import Role, Scope
from cloud.store import departures, driver_runs, group_orders, leaders, manifest_facts, runs_underway, van_facts
from cloud.store.coming_facts import coming_vans
from cloud.store.pool import Connection
from cloud.store.stop_signing import sign_stops

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DAY = NOW.date()
GROUP = Scope(Role.GROUP, "op", frozenset(), leader_id="L1")
# Six weeks of ten vans with ten stops each, of three containers that go round; a leader of one station among a hundred.
_WEEKS = """
INSERT INTO operator (id, name) VALUES ('op', 'Op');
INSERT INTO site (id, kind, name, created_at)
    SELECT 'st-' || n, 'station', n, now() FROM generate_series(0, 99) n UNION ALL
    SELECT 'van-' || n, 'van', n, now() FROM generate_series(0, 9) n UNION ALL SELECT 'dock', 'dock', 0, now();
INSERT INTO site_operator (site_id, operator_id) SELECT id, 'op' FROM site;
INSERT INTO leader (operator_id, id, name, keeps_site_id, created_at) VALUES ('op', 'L1', 'L1', 'st-0', now());
INSERT INTO container (id, operator_id, state, created_at) SELECT 'C' || n, 'op', 'empty', now() FROM generate_series(0, 2999) n;
INSERT INTO pickup_batch (operator_id, pickup_date, frozen_at, planned_at)
    SELECT 'op', date '2026-11-23' - n, now(), now() FROM generate_series(0, 41) n;
INSERT INTO run (operator_id, service_date, name, vehicle_id, state, state_at, departed_at, ended_at)
    SELECT 'op', b.pickup_date, 'r' || n, 'van-' || n, s.state, b.pickup_date, b.pickup_date, b.pickup_date + interval '12 hours'
    FROM pickup_batch b, generate_series(0, 9) n, LATERAL (SELECT CASE WHEN b.pickup_date = '2026-11-23' THEN 'assigned'
        WHEN b.pickup_date = '2026-11-22' THEN 'departed' ELSE 'completed' END AS state) s;
INSERT INTO run_stop (run_id, stop, site_id)
    SELECT r.id, n, 'st-' || (substr(r.name, 2)::int * 10 + n - 1) FROM run r, generate_series(1, 10) n;
INSERT INTO planned_container (operator_id, pickup_date, container_id, site_id, zone, number, run, stop)
    SELECT 'op', r.service_date, 'C' || (3 * substr(t.site_id, 4)::int + n), t.site_id, 'chilled', n, r.name, t.stop
    FROM run r JOIN run_stop t ON t.run_id = r.id, generate_series(0, 2) n;
INSERT INTO customer_order (id, operator_id, external_id, site_id, pickup_date, placed_at, state_at)
    SELECT t.site_id || r.service_date, 'op', t.site_id || r.service_date, t.site_id, r.service_date, now(), now()
    FROM run r JOIN run_stop t ON t.run_id = r.id;
INSERT INTO parcel (id, operator_id, order_id, site_id, zone, state, state_at, created_at)
    SELECT id, operator_id, id, site_id, 'chilled', 'released', pickup_date, now() FROM customer_order;
INSERT INTO order_line (order_id, line, parcel_id, sku, name, quantity) SELECT id, 1, id, 'egg', 'egg', 1 FROM customer_order;
INSERT INTO audit (at, action, subject, detail)
    SELECT timestamptz '2026-11-22 08:00Z' - n * interval '1 hour', CASE n % 5 WHEN 0 THEN 'leader.phone' ELSE 'order.import' END,
        n, jsonb_build_object('leader', 'op/L' || n % 50) FROM generate_series(0, 1999) n;
ANALYZE;
"""


@asynccontextmanager
async def explained(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """The plans of what is asked meanwhile."""
    execute, found = psycopg.AsyncCursor.execute, list[str]()

    async def explaining(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
        if isinstance(query, str) and re.match(r"\s*(SELECT|WITH|UPDATE)\b", query):
            async with psycopg.AsyncCursor(self.connection) as asking:
                await execute(asking, f"EXPLAIN {query}".encode(), params)
                found.append("\n".join(row[0] for row in await asking.fetchall()))
        return await execute(self, query, params, **more)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.AsyncCursor, "execute", explaining)
        yield found


Asking = Callable[[Connection], Awaitable[object]]

# What is asked, and by which indexes it has to go.
ASKED: dict[str, tuple[Asking, set[str]]] = {
    "what signs stops": (
        lambda c: sign_stops(c, NOW), {"run_of_vehicle", "run_completed", "planned_container_run", "container_stands_for"},
    ),
    "stamps of manifests": (lambda c: manifest_facts.stamps(c, NOW), {"run_of_vehicle", "customer_order_cancelled"}),
    "a van's loads": (lambda c: van_facts.loads(c, "van-1", DAY), {"run_of_vehicle", "planned_container_run"}),
    "vans to come": (lambda c: coming_vans(c, NOW), {"run_operator_id_service_date_name_key", "planned_container_run"}),
    "what a plan moves": (
        lambda c: runs_underway.containers_for(c, "op", DAY, ["st-1"]), {"container_pkey", "container_stands_for"},
    ),
    "a driver's stops": (lambda c: driver_runs.stops_ahead(c, 1), {"planned_container_run", "container_stands_for"}),
    "departures": (lambda c: departures.departing(c, "op", DAY), {"planned_container_run", "container_stands_for"}),
    "a group's orders": (
        lambda c: group_orders.group_orders(c, GROUP, DAY, "Asia/Shanghai"), {"customer_order_site", "customer_order_leader"},
    ),
    "what a group was handed": (
        lambda c: group_orders.handed_out(c, GROUP, date(2026, 10, 1), "Asia/Shanghai"),
        {"customer_order_site", "customer_order_leader"},
    ),
    "numbers a leader looked up": (lambda c: leaders.phones_shown(c, "op/L1", NOW - timedelta(days=1), ""), {"audit_leader_phone"}),
}  # fmt: skip


async def test_what_is_asked_all_the_time_goes_by_its_indexes(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    for statement in _WEEKS.split(";\n"):
        if statement.strip():
            await connection.execute(statement.encode())
    await connection.execute("SET enable_seqscan = off")  # so few rows are read from end to end sooner
    for name, (asking, by) in ASKED.items():
        async with explained(monkeypatch) as found:
            await asking(connection)
        plan = "\n".join(found)
        assert {one for one in by if not re.search(rf"(using|on) {one}\b", plan)} == set(), f"{name}: {plan}"
