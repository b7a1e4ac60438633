"""A small world for tests of api and live: two operators, four stations, one of them shared, and everybody's log-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import psycopg
from argon2 import PasswordHasher
from psycopg.types.json import Jsonb

from cloud.auth.sessions import open_session
from cloud.domain.notices import RoomNotice
from cloud.domain.scope import Role
from cloud.store.folding import refold
from cloud.store.pool import Connection
from cloud.store.rooms import change
from edge.wire.clock import to_ms
from edge.wire.labels import parcel_label

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SECRET = "a secret for tests, 32 characters and more"
PASSWORD = "correct horse"
# As weak as can be: a log-in takes a millisecond instead of fifty.
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
EPOCH = UUID("11111111-2222-4333-8444-555555555555")
LABELS = [parcel_label(900_000 + number) for number in range(20)]


@dataclass(slots=True)
class TestClock:
    """Domain time that tests move."""

    __test__ = False
    ms: int = to_ms(NOW)
    rate: float = 1.0
    is_simulated: bool = False

    def now_ms(self) -> int:
        return self.ms


# login → role, operator, sites
PEOPLE: Mapping[str, tuple[Role, str | None, tuple[str, ...]]] = {
    "admin": (Role.ADMIN, None, ()),
    "dispatcher-a": (Role.DISPATCHER, "op-a", ()),
    "dispatcher-b": (Role.DISPATCHER, "op-b", ()),
    "leader-a1": (Role.LEADER, "op-a", ("st-a1",)),
    "leader-a2": (Role.LEADER, "op-a", ("st-a2",)),
    "staff-a1": (Role.STAFF, "op-a", ("st-a1",)),
    "leader-b1": (Role.LEADER, "op-b", ("st-b1",)),
}
SITES: Mapping[str, tuple[str, ...]] = {"st-a1": ("op-a",), "st-a2": ("op-a",), "st-b1": ("op-b",), "st-both": ("op-a", "op-b")}


async def settle(connection: Connection) -> dict[str, str]:
    """Write the world; returns session tokens by log-in."""
    async with connection.transaction():
        for operator in ("op-a", "op-b"):
            await connection.execute("INSERT INTO operator (id, name) VALUES (%s, %s)", [operator, operator.upper()])
        for site, operators in SITES.items():
            await connection.execute(
                "INSERT INTO site (id, kind, name, address, created_at) VALUES (%s, 'station', %s, '', %s)",
                [site, f"站 {site}", NOW],
            )
            for operator in operators:
                await connection.execute("INSERT INTO site_operator (site_id, operator_id) VALUES (%s, %s)", [site, operator])
        tokens = {}
        for login, (role, employer, sites) in PEOPLE.items():
            cursor = await connection.execute(
                """
                INSERT INTO account (login, password_hash, display_name, role, operator_id, created_at)
                VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
                """,
                [login, _HASH, login, role, employer, NOW],
            )
            row = await cursor.fetchone()
            assert row is not None
            for site in sites:
                await connection.execute("INSERT INTO account_site VALUES (%s, %s)", [row[0], site])
            tokens[login] = (await open_session(connection, row[0])).token
        return tokens


async def scan(connection: Connection, site: str, parcel: str, kind: str, n: int, **more: str) -> list[RoomNotice]:
    """An event as ingest would have written it, folded."""
    async with connection.transaction():
        await connection.execute(
            """
            INSERT INTO event
                (site_id, epoch, n, hlc, boot, kind, measured_at, received_at, clock, operator_id, device, actor, fact)
            VALUES (%s, %s, %s, %s, 1, %s, %s, %s, 'synced', 'op-a', 'scanner-1', '', %s)
            """,
            [site, EPOCH, n, (to_ms(NOW) + n * 1000) << 16, kind, NOW, NOW, Jsonb({"kind": kind, "parcel": parcel, **more})],
        )
        await connection.execute("INSERT INTO event_subject VALUES ('parcel', %s, %s, %s, %s)", [parcel, site, EPOCH, n])
        await connection.execute("INSERT INTO parcel (id, created_at) VALUES (%s, %s) ON CONFLICT DO NOTHING", [parcel, NOW])
        folded = await refold(connection, [parcel], NOW)
        return await change(connection, folded.entries, NOW)


def order(external_id: str = "A-1001", site: str = "st-a1", **more: Any) -> dict[str, Any]:
    """A good order as JSON."""
    return {
        "external_id": external_id,
        "site": site,
        "pickup_date": "2026-11-23",
        "placed_at": "2026-11-22T07:00:00+00:00",
        "resident": {"name": "王小明", "phone": "138 1234 5678"},
        "lines": [
            {"sku": "egg", "name": "鸡蛋", "quantity": 2},
            {"sku": "milk", "name": "牛奶", "quantity": 1, "zone": "chilled"},
        ],
        **more,
    }


@dataclass(slots=True)
class World:
    """An api under test, and everybody's tokens."""

    client: httpx.AsyncClient
    connection: psycopg.AsyncConnection[tuple[Any, ...]]
    clock: TestClock
    tokens: dict[str, str] = field(default_factory=dict)

    async def call(self, login: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        """One request as somebody; None: without a log-in."""
        headers = {**more.pop("headers", {})}
        if login is not None:
            headers["Authorization"] = f"Bearer {self.tokens[login]}"
        return await self.client.request(method, path, headers=headers, **more)

    async def get(self, login: str | None, path: str, **more: Any) -> httpx.Response:
        return await self.call(login, "GET", path, **more)

    async def post(self, login: str | None, path: str, **more: Any) -> httpx.Response:
        return await self.call(login, "POST", path, **more)

    async def one(self, query: str, *arguments: object) -> Any:
        """The first column of the first row."""
        cursor = await self.connection.execute(query.encode(), arguments)
        row = await cursor.fetchone()
        return None if row is None else row[0]
