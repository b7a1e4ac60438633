"""The live process as a whole: hints over the broker, its sign of life, and its end."""

import asyncio
import contextlib

import httpx
import msgspec
import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr
from websockets.asyncio.client import connect

from cloud.config import CloudConfig
from cloud.live import gateway as gateway_module
from cloud.live.app import run
from cloud.live.notices import NOTICES
from cloud.store.rooms import change, entry
from cloud.trouble import Trouble
from tests.cloud.api.world import NOW, SECRET, TestClock, settle
from tests.cloud.live.conftest import DEADLINE_S, Client
from tests.conftest import TestBroker, find_free_port

pytestmark = pytest.mark.slow


def publish(broker: TestBroker, payload: bytes) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(broker.username, broker.password)
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.publish(NOTICES, payload, qos=1).wait_for_publish(DEADLINE_S)
    client.disconnect()
    client.loop_stop()


async def test_a_hint_over_the_broker_brings_news_long_before_a_poll(
    database_url: str, broker: TestBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module.Gateway.__init__, "__kwdefaults__", {"poll_s": 3600.0, "recheck_s": 3600.0})
    port, metrics_port = find_free_port(), find_free_port()
    config = CloudConfig(
        database_url=SecretStr(database_url), secret=SecretStr(SECRET), broker_url=SecretStr(broker.url),
        live_port=port, metrics_port=metrics_port,
    )  # fmt: skip
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        tokens = await settle(connection)
        task = asyncio.create_task(run(config, TestClock()))
        try:
            async with asyncio.timeout(2 * DEADLINE_S), httpx.AsyncClient() as client:
                while True:
                    with contextlib.suppress(httpx.ConnectError):
                        assert (await client.get(f"http://127.0.0.1:{port}/health")).text == "ok\n"
                        break
                    await asyncio.sleep(0.02)
                async with connect(f"ws://127.0.0.1:{port}/live", proxy=None) as socket:
                    page = Client(socket)
                    await page.say(type="hello", token=tokens["leader-a1"])
                    await page.hear_type("welcome")
                    await page.subscribe("site:st-a1")
                    async with connection.transaction():
                        (moved,) = await change(connection, [entry("site:st-a1", "status", {"online": True})], NOW)
                    # Until the gateway's own subscription stands a hint is lost, as hints may be: so it is said again.
                    heard = asyncio.create_task(page.hear_type("entries"))
                    while not heard.done():
                        await asyncio.to_thread(publish, broker, b"nonsense")
                        await asyncio.to_thread(publish, broker, msgspec.msgpack.encode([[moved.room, moved.version]]))
                        await asyncio.wait([heard], timeout=0.1)
                    assert (await heard)["cursor"] == moved.version
                    metrics = (await client.get(f"http://127.0.0.1:{metrics_port}/metrics")).text
                    assert "tuantu_live_sockets 1.0" in metrics
                    assert await count(connection) == 1
                    task.cancel()
                    await socket.wait_closed()
                    assert socket.close_code == 1001
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        assert await count(connection) == 0


async def count(connection: psycopg.AsyncConnection[tuple[int, ...]]) -> int:
    """Gateways that say they live."""
    cursor = await connection.execute("SELECT count(*) FROM heartbeat WHERE process = 'live'")
    row = await cursor.fetchone()
    assert row is not None
    return row[0]


async def test_a_port_that_is_taken_is_said_with_the_remedy(database_url: str) -> None:
    taken = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with taken:
        port = taken.sockets[0].getsockname()[1]
        config = CloudConfig(database_url=SecretStr(database_url), secret=SecretStr(SECRET), live_port=port)
        with pytest.raises(Trouble, match="TUANTU_LIVE_PORT"):
            await run(config, TestClock())
