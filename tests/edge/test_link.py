"""A broker that refuses what is sent: a PUBACK with a reason of 0x80 or above is no word of having it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge.wire.labels import parcel_label
from tests.conftest import TestBroker
from tests.edge.agents import running_agent, write_config

DEADLINE_S = 30.0
NOT_AUTHORIZED = 0x87


class Refuser:
    """Speaks just enough MQTT 5: lets everybody in, and throws away what is published under ``/up/``."""

    def __init__(self) -> None:
        self.refused = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind, body = await _packet(reader)
                match kind >> 4:
                    case 1:
                        writer.write(b"\x20\x03\x00\x00\x00")
                    case 3:
                        end = 2 + int.from_bytes(body[:2])
                        is_refused = b"/up/" in body[2:end]
                        self.refused += is_refused
                        writer.write(b"\x40\x04" + body[end : end + 2] + bytes([NOT_AUTHORIZED if is_refused else 0, 0]))
                    case 8:
                        writer.write(b"\x90\x06" + body[:2] + b"\x00\x01\x01\x01")
                    case 12:
                        writer.write(b"\xd0\x00")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


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


async def test_what_the_broker_refuses_waits_and_the_reason_is_shown(tmp_path: Path) -> None:
    async with refusing_broker() as (refuser, broker), running_agent(write_config(tmp_path, broker, "agent-refused")) as agent:
        await agent.until_online()
        await agent.scan(parcel_label(1))
        async with asyncio.timeout(DEADLINE_S):
            while "Not authorized" not in (status := await agent.status())["uplink"]["error"]:
                await asyncio.sleep(0.05)
        assert (refuser.refused > 0, status["queue"]["event"]["unsent"]) == (True, 1)
