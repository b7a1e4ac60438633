import asyncio
import socket
import threading
from collections.abc import Callable

import pytest

from cloud.mqtt.client import LoopClient
from cloud.mqtt.loop import PahoLoop
from cloud.mqtt.publish import Publish
from tests.conftest import TestBroker

pytestmark = pytest.mark.slow

DEADLINE_S = 10.0


def client_of(broker: TestBroker) -> LoopClient:
    client = LoopClient("loop-test")
    client.take = lambda _message: None
    client.username_pw_set(broker.username, broker.password)
    return client


def connect(client: LoopClient, broker: TestBroker, keepalive_s: int = 15) -> Callable[[], object]:
    return lambda: client.connect(broker.host, broker.port, keepalive=keepalive_s)


def never_lost(why: str) -> None:
    raise AssertionError(why)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.01)


async def test_more_than_the_socket_takes_at_once_arrives_whole_and_in_order(broker: TestBroker) -> None:
    client = client_of(broker)
    driver = PahoLoop(client, never_lost)
    heard: list[bytes] = []
    threads: set[int] = set()

    def take(message: Publish) -> None:
        heard.append(message.payload)
        threads.add(threading.get_ident())

    def on_connect(*_: object) -> None:
        client.subscribe("tt-live/v1/rooms", qos=0)

    client.on_connect = on_connect
    client.take = take
    subscribed = asyncio.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    try:
        await driver.connect(connect(client, broker))
        async with asyncio.timeout(DEADLINE_S):
            await subscribed.wait()
        client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)  # type: ignore[union-attr]
        sent = [bytes([number]) * 700_000 for number in range(12)]
        for payload in sent:
            client.publish("tt-live/v1/rooms", payload, qos=0)
            driver.flush()
        assert client.want_write(), "all of it went into the socket's buffer at once: this tests nothing"
        await until(lambda: len(heard) == len(sent))
        assert heard == sent
        assert threads == {threading.get_ident()}
    finally:
        driver.close()
    assert client.socket() is None


async def test_a_silent_connection_is_kept_alive_and_one_that_is_cut_is_reported(broker: TestBroker) -> None:
    client = client_of(broker)
    driver = PahoLoop(client, never_lost)
    connected, lost = asyncio.Event(), asyncio.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_disconnect = lambda *_: lost.set()
    try:
        await driver.connect(connect(client, broker, keepalive_s=1))
        async with asyncio.timeout(DEADLINE_S):
            await connected.wait()
            await asyncio.sleep(2.5)  # the broker would close it after 1.5 s
            assert not lost.is_set()
            client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
            await lost.wait()
    finally:
        driver.close()


async def test_what_cannot_be_read_ends_the_connection_instead_of_hanging_half_read(broker: TestBroker) -> None:
    client = client_of(broker)
    told: list[str] = []
    driver = PahoLoop(client, told.append)

    def choke(_message: Publish) -> None:
        raise LookupError("nobody foresaw this")

    def on_connect(*_: object) -> None:
        client.subscribe("tt-live/v1/rooms", qos=0)

    def on_subscribe(*_: object) -> None:
        client.publish("tt-live/v1/rooms", b"x", qos=0)

    client.take, client.on_connect, client.on_subscribe = choke, on_connect, on_subscribe
    try:
        await driver.connect(connect(client, broker))
        await until(lambda: bool(told))
        assert told == ["what the broker sent cannot be read: LookupError: nobody foresaw this"]
    finally:
        driver.close()
    assert client.socket() is None


async def test_a_broker_that_is_not_there_is_an_error_and_leaves_nothing_open(free_port: int) -> None:
    client = LoopClient("loop-test")
    driver = PahoLoop(client, never_lost)
    with pytest.raises(OSError, match="refused"):
        await driver.connect(lambda: client.connect("127.0.0.1", free_port))
    driver.close()
    assert client.socket() is None
