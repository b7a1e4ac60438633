"""What the cloud says to a site, over a real broker: the manifest that is wanted, retained; a command, once."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from cloud.config import CloudConfig
from cloud.jobs import downlink as downlink_module
from cloud.jobs.downlink import BrokerLine, Downlink
from cloud.store.downlink_call import PLANNED, call_downlink
from cloud.store.manifest_facts import changed
from cloud.store.pool import Connection
from cloud.store.retiring import retire
from edge.wire.clock import utc
from edge.wire.codec import MSGPACK, decode_command, decode_desired
from edge.wire.messages import Command, Desired, Message
from tests.cloud.ingest.sites import relate, until
from tests.cloud.jobs.conftest import SetClock

pytestmark = pytest.mark.slow

SECRET = "a secret for tests, 32 characters and more"


@asynccontextmanager
async def agent(broker: Any) -> AsyncIterator[list[tuple[str, bytes]]]:
    """Hears what a site would."""
    heard: list[tuple[str, bytes]] = []
    ready = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(broker.username, broker.password)
    client.on_message = lambda _client, _data, message: heard.append((message.topic, bytes(message.payload)))

    def on_connect(*_: object) -> None:
        client.subscribe([("tt/v1/green/s1/desired", 1), ("tt/v1/green/s1/cmd", 1)])

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: ready.set()
    await asyncio.to_thread(client.connect, broker.host, broker.port)
    client.loop_start()
    try:
        assert await asyncio.to_thread(ready.wait, 5)
        yield heard
    finally:
        await asyncio.to_thread(client.disconnect)
        await asyncio.to_thread(client.loop_stop)


@asynccontextmanager
async def running(database_url: str, broker: Any, clock: SetClock) -> AsyncIterator[None]:
    config = CloudConfig(
        database_url=SecretStr(database_url), broker_url=SecretStr(broker.url), secret=SecretStr(SECRET),
        public_url="https://cloud.example/",
    )  # fmt: skip
    task = asyncio.create_task(Downlink(config, clock).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def is_there(connection: Connection, *, online: bool = True) -> None:
    await connection.execute(
        """
        INSERT INTO site_status (site_id, operator_id, boot, connect, online, nonce, reported, heard_at)
        VALUES ('s1', 'green', 1, 1, %s, 'n1', '{"version": 6, "mode": "release"}', now())
        """,
        [online],
    )


def commands(heard: list[tuple[str, bytes]]) -> list[Command]:
    return [decode_command(payload, MSGPACK) for topic, payload in heard if topic.endswith("/cmd")]


def wishes(heard: list[tuple[str, bytes]]) -> list[Desired]:
    return [decode_desired(payload, MSGPACK) for topic, payload in heard if topic.endswith("/desired")]


async def test_a_site_is_told_of_its_manifest_also_when_it_comes_later(
    connection: Connection, database_url: str, broker: Any, clock: SetClock
) -> None:
    relate(database_url, "green", "s1")
    await is_there(connection)
    async with running(database_url, broker, clock), agent(broker) as heard:
        await until(lambda: bool(wishes(heard)))
        (wish,) = wishes(heard)
    row = await (await connection.execute("SELECT sha256 FROM manifest")).fetchone()
    assert row is not None
    assert (wish.version, wish.mode, wish.manifest_sha256) == (7, "release", row[0])
    assert wish.manifest_url == f"https://cloud.example/api/sites/s1/manifest/{row[0]}"
    async with agent(broker) as later:
        await until(lambda: wishes(later) == [wish])


async def test_of_a_new_plan_sites_hear_at_once_and_of_other_changes_when_it_is_time(
    connection: Connection, database_url: str, clock: SetClock, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downlink_module, "MAKE_EVERY_S", 600.0)
    monkeypatch.setattr(downlink_module, "LOOK_EVERY_S", 0.1)
    relate(database_url, "green", "s1")
    await is_there(connection)

    def made() -> int:
        return count(database_url, "SELECT count(*) FROM manifest")

    async with running(database_url, broker, clock):
        await until(lambda: made() == 1)
        await connection.execute("UPDATE station SET code_cost = 2048 WHERE site_id = 's1'")
        await changed(connection, "s1")
        await call_downlink(connection)
        await asyncio.sleep(0.5)
        assert made() == 1
        await call_downlink(connection, PLANNED)
        await until(lambda: made() == 2)


class Told(BrokerLine):
    """Keeps what would be published, and whether it would be retained."""

    def __init__(self) -> None:
        super().__init__("")
        self.said: list[tuple[str, Message, bool]] = []

    def publish(self, topic: str, message: Message, *, retain: bool) -> None:
        self.said.append((topic, message, retain))


async def test_a_site_that_was_retired_and_comes_back_is_told_again(
    connection: Connection, database_url: str, clock: SetClock
) -> None:
    relate(database_url, "green", "s1")
    await is_there(connection)
    await connection.execute("INSERT INTO desired (site_id, version, changed_at) VALUES ('s1', 7, now())")
    downlink, line = Downlink(CloudConfig(database_url=SecretStr(database_url)), clock), Told()
    assert [await downlink.publish_wishes(connection, line) for _ in range(2)] == [1, 0]
    async with connection.transaction():
        await retire(connection, "s1", utc(clock.now_ms()))
    assert await downlink.publish_wishes(connection, line) == 0
    await is_there(connection)
    assert await downlink.publish_wishes(connection, line) == 1
    assert [(topic, retained) for topic, _, retained in line.said] == [("tt/v1/green/s1/desired", True)] * 2


async def test_a_station_is_told_of_its_vans_when_it_is_worth_it_and_its_manifest_stays(
    connection: Connection, database_url: str, broker: Any, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.jobs.downlink.COMING_EVERY_S", 0.0)
    relate(database_url, "green", "s1")
    await is_there(connection)
    now = utc(clock.now_ms())
    await a_van_comes(connection, now)
    async with running(database_url, broker, clock), agent(broker) as heard:
        await until(lambda: any(one.coming for one in wishes(heard)))
        (van,) = wishes(heard)[-1].coming
        assert (van.run, van.state, van.stops_before, van.containers) == ("A1", "departed", 2, {"chilled": 1})
        assert (van.early_ms, van.late_ms, van.as_of_ms) == (clock.now_ms() + 600_000, clock.now_ms() + 1_800_000, clock.now_ms())
        said = wishes(heard)[-1]

        await connection.execute("UPDATE eta_stop SET early = early + interval '1 minute', as_of = as_of + interval '1 minute'")
        await connection.execute("UPDATE eta_stop SET early = early + interval '4 minutes'")
        await until(lambda: wishes(heard)[-1].coming_at_ms > said.coming_at_ms)
        moved = wishes(heard)[-1]
        assert moved.coming[0].early_ms == clock.now_ms() + 900_000
        assert (moved.version, moved.manifest_sha256, moved.mode) == (said.version, said.manifest_sha256, said.mode)

        await connection.execute("UPDATE run_stop SET arrived_at = %s, state = 'at_stop'", [now])
        await until(lambda: wishes(heard)[-1].coming == ())
    assert count(database_url, "SELECT count(*) FROM manifest") == 1


async def a_van_comes(connection: Connection, now: datetime) -> None:
    values = {"now": now}
    await connection.execute(
        """
        WITH drives AS (
            INSERT INTO run (operator_id, service_date, name, state, state_at)
            SELECT id, (%(now)s AT TIME ZONE time_zone)::date, 'A1', 'departed', %(now)s FROM operator WHERE id = 'green'
            RETURNING id
        ), stops AS (
            INSERT INTO run_stop (run_id, stop, site_id, planned_arrival) SELECT id, 3, 's1', %(now)s FROM drives
        )
        INSERT INTO eta_run (run_id, places, legs, is_estimate) SELECT id, '[]', '[]', false FROM drives
        """,
        values,
    )
    await connection.execute(
        """
        INSERT INTO eta_stop (run_id, stop, stops_before, early, expected, late, as_of)
        SELECT run_id, 3, 2, %(now)s + interval '10 minutes', %(now)s + interval '20 minutes', %(now)s + interval '30 minutes',
            %(now)s
        FROM eta_run
        """,
        values,
    )
    await connection.execute(
        "INSERT INTO pickup_batch (operator_id, pickup_date, frozen_at) SELECT operator_id, service_date, state_at FROM run"
    )
    await connection.execute("INSERT INTO container (id, created_at) VALUES ('TTC1', now())")
    await connection.execute(
        """
        INSERT INTO planned_container (operator_id, pickup_date, container_id, site_id, zone, number, run, stop)
        SELECT operator_id, service_date, 'TTC1', 's1', 'chilled', 1, name, 3 FROM run
        """
    )


async def test_a_command_is_sent_once_and_cites_the_connection(
    connection: Connection, database_url: str, broker: Any, clock: SetClock
) -> None:
    relate(database_url, "green", "s1")
    await is_there(connection)
    await ask(connection, "c1")
    async with agent(broker) as heard:
        async with running(database_url, broker, clock):
            await until(lambda: len(commands(heard)) == 1)
            await ask(connection, "c2")
            await until(lambda: len(commands(heard)) == 2)
        async with running(database_url, broker, clock):
            await ask(connection, "c3")
            await until(lambda: len(commands(heard)) == 3)
    assert [(one.id, one.nonce, one.action, one.cell) for one in commands(heard)] == [
        (name, "n1", "open_cell", "1-07") for name in ("c1", "c2", "c3")
    ]
    assert all(0 < one.ttl_s <= 30 for one in commands(heard))


async def test_a_command_whose_time_has_passed_or_whose_site_is_away_is_not_sent(
    connection: Connection, database_url: str, broker: Any, clock: SetClock
) -> None:
    relate(database_url, "green", "s1", "s2")
    await is_there(connection, online=False)
    await ask(connection, "away")
    await ask(connection, "late", "s2", ttl_s=-1)
    await connection.execute(
        """INSERT INTO site_status (site_id, operator_id, boot, connect, online, nonce, heard_at)
           VALUES ('s2', 'green', 1, 1, true, 'n2', now())"""
    )
    async with running(database_url, broker, clock), agent(broker) as heard:
        await until(lambda: count(database_url, "SELECT count(*) FROM desired WHERE published > 0") == 2)
    assert commands(heard) == []
    assert count(database_url, "SELECT count(*) FROM command WHERE sent_at IS NOT NULL") == 0


async def ask(connection: Connection, name: str, site: str = "s1", ttl_s: int = 30) -> None:
    await connection.execute(
        """
        WITH asking AS (
            INSERT INTO account (login, password_hash, display_name, role, created_at) VALUES (%(id)s, '', '', 'admin', now())
            RETURNING id
        )
        INSERT INTO command (id, site_id, action, cell, account_id, reason, asked_at, expires_at, ttl_s)
        SELECT %(id)s, %(site)s, 'open_cell', '1-07', id, 'test', now(), now() + make_interval(secs => %(ttl)s), %(ttl)s FROM asking
        """,
        {"id": name, "site": site, "ttl": ttl_s},
    )
    await call_downlink(connection)


def count(url: str, query: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0
