"""One connection: a broker that refuses what is sent, one that is slow to read, one that talks nonsense.

A PUBACK with a reason of 0x80 or above is no word of having it.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from edge.link import Link, LinkError, LinkSettings, Outgoing
from edge.wire.labels import parcel_label
from tests.conftest import TestBroker
from tests.edge.agents import running_agent, write_config

DEADLINE_S = 30.0
NOT_AUTHORIZED = 0x87


class Refuser:
    """Speaks just enough MQTT 5: lets everybody in, and throws away what is published under ``/up/``."""

    def __init__(self) -> None:
        self.refused = 0
        self.connections = 0
        self.listens = asyncio.Event()
        self.listens.set()
        self.last_words = b""  # said after a subscription is granted
        self.greeting = b""  # what the last one who came said

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                await self.listens.wait()
                kind, body = await _packet(reader)
                match kind >> 4:
                    case 1:
                        self.greeting = body
                        writer.write(b"\x20\x03\x00\x00\x00")
                    case 3:
                        end = 2 + int.from_bytes(body[:2])
                        is_refused = b"/up/" in body[2:end]
                        self.refused += is_refused
                        writer.write(b"\x40\x04" + body[end : end + 2] + bytes([NOT_AUTHORIZED if is_refused else 0, 0]))
                    case 8:
                        writer.write(b"\x90\x06" + body[:2] + b"\x00\x01\x01\x01" + self.last_words)
                    case 12:
                        writer.write(b"\xd0\x00")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.connections -= 1


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    (kind,) = await reader.readexactly(1)
    length = shift = 0
    while True:
        (byte,) = await reader.readexactly(1)
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return kind, await reader.readexactly(length)


@asynccontextmanager
async def refusing_broker() -> AsyncIterator[tuple[Refuser, TestBroker]]:
    refuser = Refuser()
    server = await asyncio.start_server(refuser.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield refuser, TestBroker("127.0.0.1", port, "u", "p", f"mqtt://127.0.0.1:{port}", "refuser")
        async with asyncio.timeout(DEADLINE_S):
            while refuser.connections:
                await asyncio.sleep(0.01)


async def test_what_the_broker_refuses_waits_and_the_reason_is_shown(tmp_path: Path) -> None:
    async with refusing_broker() as (refuser, broker), running_agent(write_config(tmp_path, broker, "agent-refused")) as agent:
        await agent.until_online()
        await agent.scan(parcel_label(1))
        async with asyncio.timeout(DEADLINE_S):
            while "Not authorized" not in (status := await agent.status())["uplink"]["error"]:
                await asyncio.sleep(0.05)
        assert (refuser.refused > 0, status["queue"]["event"]["unsent"]) == (True, 1)


@pytest.mark.parametrize("silent_after_s", [None, 7])
async def test_the_broker_is_told_how_long_after_a_cut_it_is_to_say_so(tmp_path: Path, silent_after_s: int | None) -> None:
    async with refusing_broker() as (refuser, broker):
        config = write_config(tmp_path, broker, "agent-quiet")
        if silent_after_s is not None:
            config = replace(config, broker=replace(config.broker, silent_after_s=silent_after_s))
        async with running_agent(config) as agent:
            await agent.until_online()
        assert b"\x18" + (silent_after_s or 30).to_bytes(4) in refuser.greeting  # Will Delay Interval, MQTT 5, 3.1.3.2.2


def settings_for(broker: TestBroker) -> LinkSettings:
    return LinkSettings(broker.host, broker.port, False, None, "", "", "client", "will", b"", ["answers"], will_delay_s=30)


async def test_more_than_the_line_takes_goes_out_as_the_broker_reads() -> None:
    async with refusing_broker() as (refuser, broker), Link(settings_for(broker), time.monotonic) as link:
        refuser.listens.clear()
        taken: list[int] = []
        link.on_puback = taken.append
        packets = [link.publish(Outgoing("much", bytes(100_000), "")) for _ in range(100)]
        assert taken == []
        refuser.listens.set()
        async with asyncio.timeout(DEADLINE_S):
            while len(taken) < len(packets):
                await asyncio.sleep(0.01)
        assert taken == packets


@pytest.mark.parametrize(
    ("nonsense", "reason"),
    [
        (b"\x30\x02\xff\xff", "Protocol error"),  # a topic longer than its message
        (b"\x30\x04\x00\x01\xff\x00", "cannot be read"),  # a topic that is no text
    ],
)
async def test_a_broker_that_talks_nonsense_is_left(nonsense: bytes, reason: str) -> None:
    async with refusing_broker() as (refuser, broker):
        refuser.last_words = nonsense
        with pytest.raises(LinkError, match=reason):
            async with Link(settings_for(broker), time.monotonic) as link, asyncio.timeout(DEADLINE_S):
                raise LinkError(await link.lost)
