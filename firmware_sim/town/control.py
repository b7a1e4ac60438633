"""The town's control socket: one JSON line in, one out. For demonstrations, tests and the commands of ``python -m firmware_sim``.

A Unix socket with mode 0600 in the data folder: who may read the folder may press the buttons, nobody else.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

SOCKET = "control.sock"
MAX_LINE_BYTES = 64 * 1024
ANSWER_TIMEOUT_S = 15.0


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One press of a button. ``label`` empty: the next parcel expected at ``site``. ``data_hex``: bytes as they are.

    ``device`` empty: the scanner. ``way``: how a door stands, what a cold box has, or that a van is ``broken`` or ``sound``.
    """

    do: Literal["scan", "write", "unplug", "replug", "door", "cold", "pace", "status", "stage", "van"]
    site: str = ""
    label: str = ""
    aim: str = ""
    data_hex: str = ""
    rate: float = 1.0
    device: str = ""
    way: str = ""


class Hops(msgspec.Struct, frozen=True):
    """One scan on its way through its station: the bytes on the line, and the number under which they lie in the outbox.

    Times are ms since 1970 by this machine's wall clock, made of monotonic readings: the simulator's, then the agent's.
    """

    sent_hex: str
    sent_ms: float
    heard_ms: float
    booked_ms: float
    event: str


class StationSeen(msgspec.Struct, frozen=True):
    """A station as the buttons find it. ``doors``: those that stand open."""

    id: str
    name: str
    url: str
    is_plugged: bool
    is_online: bool
    doors: list[str]
    parcels_left: bool


class VanSeen(msgspec.Struct, frozen=True):
    """A van as its button finds it."""

    id: str
    name: str
    is_under_way: bool
    is_broken: bool


class SceneSeen(msgspec.Struct, frozen=True):
    """One row of the storyboard. ``at_ms``: when it is due or was, domain ms; 0 where nobody can tell yet."""

    name: str
    state: Literal["ahead", "done", "missed"]
    at_ms: int = 0


class Stage(msgspec.Struct, frozen=True):
    """What the town's own page shows: whose order is followed, where, and what has happened."""

    operator: str
    pin: str
    day: str
    station: str
    order: str
    phone_tail: str
    parcels: list[str]
    stations: list[StationSeen]
    vans: list[VanSeen]
    scenes: list[SceneSeen]
    is_held: bool = False  # the clock stands until the night's work is done
    waits: str = ""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """``text`` is for people, ``code`` says of a refusal which it is; ``label`` is what was scanned."""

    done: bool
    text: str
    label: str = ""
    code: str = ""
    hops: Hops | None = None
    stage: Stage | None = None


class ControlError(Exception):
    """The town can't be reached; the text has the remedy."""


class ControlServer:
    """Serves ``folder``/control.sock while entered; ``handle`` decides and acts."""

    def __init__(self, folder: Path, handle: Callable[[Request], Awaitable[Answer]]) -> None:
        self._folder = folder
        self._handle = handle
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        path = self._folder / SOCKET
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.setblocking(False)
        with _short(self._folder) as folder:
            listening.bind(f"{folder}/{SOCKET}")
        path.chmod(0o600)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=MAX_LINE_BYTES)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        (self._folder / SOCKET).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._answer(await reader.readline())
            writer.write(msgspec.json.encode(answer) + b"\n")
            with suppress(ConnectionError):  # whoever asked has gone
                await writer.drain()
        except (ValueError, ConnectionError):  # a line longer than the limit
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            return await self._handle(msgspec.json.decode(line, type=Request))
        except msgspec.DecodeError as error:
            return Answer(False, f"request: {error}")


def ask(folder: Path, request: Request) -> Answer:
    """Ask the running town whose data lie in ``folder``; blocking. ControlError when there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        try:
            with _short(folder) as short:
                connection.connect(f"{short}/{SOCKET}")
            connection.sendall(msgspec.json.encode(request) + b"\n")
            with connection.makefile("rb") as lines:
                return msgspec.json.decode(lines.readline(MAX_LINE_BYTES), type=Answer)
        except (OSError, msgspec.DecodeError) as error:
            raise ControlError(f"no town answers in {folder} ({error}); start it with: make run") from None


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A short name of ``folder``: a socket's path holds 107 bytes only, a data folder's may be longer."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
