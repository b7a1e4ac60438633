"""A station's line to the broker that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from firmware_sim.town.broker_line import BrokerLine

pytestmark = pytest.mark.timeout(60)


@asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1024):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def said(port: int, text: bytes) -> bytes:
    """What comes back; empty where the line is dead."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(text)
        heard = await reader.read(len(text))
        writer.close()
    except OSError:
        return b""
    return heard


async def test_bytes_pass_until_the_line_is_cut_and_again_when_it_is_mended() -> None:
    async with echoing() as port, BrokerLine("127.0.0.1", port) as line:
        assert await said(line.port, b"before") == b"before"
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"open call")
        assert await reader.readexactly(9) == b"open call"
        line.cut()
        assert line.is_cut
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        assert await said(line.port, b"nobody") == b""
        line.mend()
        assert await said(line.port, b"again") == b"again"
        writer.close()


async def test_a_broker_that_is_away_is_a_call_that_ends() -> None:
    async with echoing() as port:
        pass
    async with BrokerLine("127.0.0.1", port) as line:
        assert await said(line.port, b"hello") == b""


async def test_whoever_hangs_up_first_the_other_end_hears_it() -> None:
    async with echoing() as port, BrokerLine("127.0.0.1", port) as line:
        _, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(10):
            while line.calls:
                await asyncio.sleep(0.01)
