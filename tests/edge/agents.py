"""A real agent in this process, on a real broker, and a cloud that is told what to answer."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.app import agent_of
from edge.config import EdgeConfig, load
from edge.wire.codec import MSGPACK, decode_events, encode
from edge.wire.envelope import Envelope, digest, mark
from edge.wire.ids import Lane
from edge.wire.messages import Ack, Event, Message
from tests.conftest import TestBroker, find_free_port

T = TypeVar("T")
NOBODY = TestBroker("127.0.0.1", 9, "u", "p", "", "none")
DEADLINE_S = 30.0  # of real time: what is waited for takes milliseconds on a machine that is not busy


async def until(read: Callable[[], T | None], what: str) -> T:
    """Ask until there is an answer that counts as true."""
    ends_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < ends_s:
        found = read()
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {DEADLINE_S:.0f} s: {what}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch as it came through the broker."""

    envelope: Envelope
    payload: bytes
    content_type: str

    @property
    def event(self) -> Event:
        (event,) = decode_events(self.payload).events
        return event


@dataclass(slots=True)
class Cloud:
    """Hears a site and answers: acknowledges at once while ``acks`` is True."""

    client: paho.Client
    site: str
    acks: bool = True
    credit: int = 8
    batches: list[Sent] = field(default_factory=list)
    said: dict[str, list[bytes]] = field(default_factory=dict)
    correlations: list[bytes] = field(default_factory=list)

    def topic(self, leaf: str) -> str:
        return f"tt/v1/op/{self.site}/{leaf}"

    def say(
        self,
        leaf: str,
        message: Message | bytes,
        *,
        retain: bool = False,
        correlation: bytes = b"",
        answer_to: str = "",
        content_type: str = MSGPACK,
    ) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = content_type
        if correlation:
            properties.CorrelationData, properties.ResponseTopic = correlation, answer_to
        payload = message if isinstance(message, bytes) else encode(message)
        self.client.publish(self.topic(leaf), payload, qos=1, retain=retain, properties=properties)

    def acknowledge(self, *batches: Sent) -> None:
        for one in batches:
            self.say(
                "ack",
                Ack(
                    epoch=str(one.envelope.epoch),
                    lane=one.envelope.lane.value,
                    seqs=[one.envelope.seq],
                    marks=[mark(one.envelope.sha256)],
                    credit=self.credit,
                    cloud_time_ms=int(time.time() * 1000),
                    hlc=0,
                ),
            )

    def events(self) -> list[Sent]:
        return [one for one in self.batches if one.envelope.lane is Lane.EVENT]

    def of_lane(self, lane: Lane) -> list[Sent]:
        return [one for one in self.batches if one.envelope.lane is lane]

    def hear(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        """In paho's thread."""
        if "/up/" not in message.topic:
            self.said.setdefault(message.topic.split("/", 4)[4], []).append(bytes(message.payload))
            self.correlations.append(getattr(message.properties, "CorrelationData", b""))
            return
        properties: Any = message.properties
        sent = Sent(Envelope.parse(properties.UserProperty), bytes(message.payload), properties.ContentType)
        assert digest(sent.payload) == sent.envelope.sha256
        self.batches.append(sent)
        if self.acks:
            self.acknowledge(sent)


@asynccontextmanager
async def listening_cloud(broker: TestBroker, site: str) -> AsyncIterator[Cloud]:
    client = paho.Client(CallbackAPIVersion.VERSION2, f"cloud-of-{site}", protocol=paho.MQTTv5)
    cloud = Cloud(client, site)
    client.username_pw_set(broker.username, broker.password)
    client.on_message = cloud.hear
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()

    def subscribe(*_: Any) -> None:
        client.subscribe(f"tt/v1/op/{site}/#", qos=1)

    def subscribed(*_: Any) -> None:
        loop.call_soon_threadsafe(ready.set)

    client.on_connect = subscribe
    client.on_subscribe = subscribed
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        async with asyncio.timeout(DEADLINE_S):
            await ready.wait()
        try:
            yield cloud
        finally:
            await asyncio.to_thread(_forget, client, site)
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


def _forget(client: paho.Client, site: str) -> None:
    for leaf in ("status", "reported", "desired"):
        client.publish(f"tt/v1/op/{site}/{leaf}", b"", qos=1, retain=True).wait_for_publish(5)


@contextmanager
def nothing_retained(broker: TestBroker, site: str) -> Iterator[None]:
    """After the block the broker has forgotten the site: whoever tests next has the same broker."""
    try:
        yield
    finally:
        client = paho.Client(CallbackAPIVersion.VERSION2, f"forgets-{site}", protocol=paho.MQTTv5)
        client.username_pw_set(broker.username, broker.password)
        client.connect(broker.host, broker.port)
        client.loop_start()
        try:
            _forget(client, site)
        finally:
            client.disconnect()
            client.loop_stop()


def write_config(folder: Path, broker: TestBroker, site: str, more: str = "", kind: str = "station") -> EdgeConfig:
    path = folder / f"{site}.toml"
    path.write_text(
        f"""
data_dir = "data"
[site]
operator = "op"
id = "{site}"
kind = "{kind}"
name = "阳光花园自提点"
[broker]
url = "mqtt://{broker.host}:{broker.port}"
username = "{broker.username}"
password = "{broker.password}"
[http]
port = {find_free_port()}
{more}
""",
        encoding="utf-8",
    )
    return load(path)


@dataclass(slots=True)
class Running:
    """The agent's page, as a browser would use it."""

    http: httpx.AsyncClient

    async def scan(self, text: str) -> dict[str, Any]:
        answer = await self.http.post("/api/scan", json={"text": text})
        assert answer.status_code == 200, answer.text
        scan: dict[str, Any] = answer.json()["scan"]
        return scan

    async def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.http.get("/api/status")).json()
        return answer

    async def until_online(self) -> None:
        await self.until(lambda status: bool(status["uplink"]["online"]), "online")

    async def until_nothing_waits(self) -> None:
        await self.until(lambda status: all(lane["unsent"] == 0 for lane in status["queue"].values()), "nothing waits")

    async def until(self, is_so: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The status in which it is so."""
        return await self.until_at("/api/status", is_so, what)

    async def until_at(self, path: str, is_so: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """What the agent answers there, once it is so."""
        ends_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < ends_s:
            said: dict[str, Any] = (await self.http.get(path)).json()
            if is_so(said):
                return said
            await asyncio.sleep(0.02)
        raise AssertionError(f"not within {DEADLINE_S:.0f} s: {what}")


@asynccontextmanager
async def running_agent(config: EdgeConfig) -> AsyncIterator[Running]:
    task = asyncio.create_task(agent_of(config, "", "").run())
    try:
        # Without ``verify`` it does not read all authorities of the world for each agent; a test of TLS looks itself.
        scheme = "http" if config.http.cert_file is None else "https"
        address = f"{scheme}://127.0.0.1:{config.http.port}"
        async with httpx.AsyncClient(base_url=address, timeout=DEADLINE_S, verify=False) as http:
            for _ in range(int(DEADLINE_S / 0.02)):
                if task.done():
                    await task
                with contextlib.suppress(httpx.TransportError):
                    await http.get("/api/status")
                    break
                await asyncio.sleep(0.02)
            yield Running(http)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
