"""A station's line to the broker, which an incident can cut: bytes pass a port of ours on loopback, both ways, unread."""

import asyncio
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 64 * 1024


class BrokerLine:
    """Entered, it listens on ``port``. While it is cut nothing passes and nobody gets through."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._calls: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}  # with their two ends
        self._is_cut = False
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._calls, return_exceptions=True)

    @property
    def is_cut(self) -> bool:
        return self._is_cut

    @property
    def calls(self) -> int:
        """Connections that are open."""
        return len(self._calls)

    def cut(self) -> None:
        """Somebody's digger: calls break off."""
        self._is_cut = True
        for ends in self._calls.values():
            for end in ends:
                end.transport.abort()

    def mend(self) -> None:
        """Whoever calls again gets through."""
        self._is_cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        if call is None or self._is_cut:
            writer.transport.abort()
            return
        ends = self._calls[call] = [writer]
        try:
            there, here = await asyncio.open_connection(self._host, self._port)
            ends.append(here)
            async with asyncio.TaskGroup() as both:
                both.create_task(_carry(reader, here))
                both.create_task(_carry(there, writer))
        except* (OSError, EOFError):  # either end hung up, or the line was cut
            pass
        finally:
            for end in ends:
                end.transport.abort()
            del self._calls[call]


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK_BYTES):
        sink.write(data)
        await sink.drain()
    raise EOFError
