"""The proxy itself: what passes, what waits, what is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.proxy import Line, Proxy

pytestmark = pytest.mark.faults


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(100):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def read(reader: asyncio.StreamReader, count: int, timeout_s: float = 10.0) -> bytes:
    async with asyncio.timeout(timeout_s):
        return await reader.readexactly(count)


async def first_byte(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await read(reader, 1)
    finally:
        writer.close()


async def test_held_bytes_pass_later_in_order_and_swallowed_ones_never() -> None:
    async with echo() as port, Proxy(port) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"one")
        assert await read(reader, 3) == b"one"
        proxy.set(Line.HELD)
        writer.write(b"two")
        writer.write(b"three")
        with pytest.raises(TimeoutError):
            await read(reader, 1, timeout_s=0.2)
        proxy.set(Line.OPEN)
        assert await read(reader, 8) == b"twothree"
        proxy.set(Line.SWALLOWED)
        writer.write(b"lost")
        with pytest.raises(TimeoutError):
            await read(reader, 1, timeout_s=0.2)
        proxy.set(Line.OPEN)  # nobody can go on with a gap: reset
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await read(reader, 1)


async def test_a_cut_line_resets_what_is_there_and_refuses_what_comes() -> None:
    async with echo() as port, Proxy(port) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"one")
        assert await read(reader, 3) == b"one"
        proxy.set(Line.CUT)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await read(reader, 1)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await first_byte(proxy.port)
        proxy.set(Line.OPEN)
        last, last_writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        last_writer.write(b"back")
        assert await read(last, 4) == b"back"


async def test_a_slow_line_delivers_everything() -> None:
    async with echo() as port, Proxy(port) as proxy:
        proxy.set(Line.SLOW)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"x" * 2_000)
        assert await read(reader, 2_000) == b"x" * 2_000
