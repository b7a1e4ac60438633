"""The one box's own button: kill -9 of the cloud's processes, pressed on the town's page and passed on by the api.

A Unix socket with mode 0600 beside the town's own, one JSON line in, one out. Only `make run` with its town opens it; the
supervisor starts again what was killed, as after any death.
"""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from cloud.api.town_sockets import BOX
from cloud.onebox.supervisor import Supervisor

CLOUD = ("ingest", "live", "api", "positions", "jobs")
# The api that has passed the word on is among the killed: its answer must have left it.
ANSWERED_S = 0.3
_MOST_BYTES = 4096


class TownControls:
    """Listens in ``folder`` while entered."""

    def __init__(self, folder: Path, supervisor: Supervisor, say: Callable[[str], None]) -> None:
        self._path = folder / BOX
        self._supervisor = supervisor
        self._say = say
        self._server: asyncio.Server | None = None
        self._killing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._path.parent.mkdir(exist_ok=True, mode=0o700)
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.setblocking(False)
        with _short(self._path.parent) as folder:
            listening.bind(f"{folder}/{BOX}")
        self._path.chmod(0o600)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=_MOST_BYTES)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._killing is not None:
            self._killing.cancel()
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ValueError, ConnectionError):  # no JSON, a line without end, or whoever asked has gone
            asked = json.loads(await reader.readline())
            is_kill = isinstance(asked, dict) and asked.get("do") == "kill"
            pids = {name: self._supervisor.pid(name) for name in CLOUD} if is_kill else {}
            if is_kill:
                self._killing = asyncio.create_task(self._kill())
            writer.write(json.dumps({"done": is_kill, "killed": pids}).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _kill(self) -> None:
        await asyncio.sleep(ANSWERED_S)
        self._say("the town's page asks for it: kill -9 of the cloud")
        for name in CLOUD:
            self._supervisor.kill(name)


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A short name of ``folder``: a socket's path holds 107 bytes only, a data folder's may be longer."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
