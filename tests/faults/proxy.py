"""A TCP proxy that stands between two parties and can cut, hold, swallow or slow what passes.

It runs in the event loop of its owner; the modes hold for connections that exist and for those that come.
"""

import asyncio
import socket
import struct
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 64 * 1024
_SLOW_CHUNK_BYTES = 256
_SLOW_S = 0.02
_LOOK_S = 0.01


class Line(StrEnum):
    """How the line is."""

    OPEN = "open"
    CUT = "cut"  # connections are reset, new ones are refused
    HELD = "held"  # bytes wait in the proxy and pass later, in order
    SWALLOWED = "swallowed"  # half open: everything is taken and nothing passes, nobody is told
    SLOW = "slow"  # a few kB/s


class Proxy:
    """Forwards a port of its own on loopback to ``target_port``. Started and stopped by ``async with``."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._line = Line.OPEN
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
        self._reset_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def line(self) -> Line:
        return self._line

    def set(self, line: Line) -> None:
        """From now on. A connection whose bytes were swallowed never recovers: it is reset when the line changes."""
        was, self._line = self._line, line
        if line is Line.CUT or (was is Line.SWALLOWED and line is not Line.SWALLOWED):
            self._reset_all()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        self.connections += 1
        try:
            if self._line is Line.CUT:
                return
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers.add(there_writer)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._carry(reader, there_writer))
                    group.create_task(self._carry(there_reader, writer))
            finally:
                self._writers.discard(there_writer)
                _reset(there_writer)
        except* (OSError, ConnectionError, _EndOfStreamError):
            pass
        finally:
            self._writers.discard(writer)
            _reset(writer)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(_CHUNK_BYTES):
            while self._line is Line.HELD:
                await self._changed.wait()
            if self._line is Line.SWALLOWED:
                continue
            if self._line is Line.SLOW:
                for start in range(0, len(data), _SLOW_CHUNK_BYTES):
                    sink.write(data[start : start + _SLOW_CHUNK_BYTES])
                    await asyncio.sleep(_SLOW_S)
            else:
                sink.write(data)
            await sink.drain()
        raise _EndOfStreamError  # the other direction ends with it

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)


class _EndOfStreamError(Exception):
    pass


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, so that what the kernel still holds is lost too."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
