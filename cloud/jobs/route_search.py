"""One search of a day's routes in a process of its own: told to stop, heard every second, killed where it takes too long."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from cloud.routing.answer import PlanSaid
from cloud.routing.solver import HEAD, Task, Told

MFEN_PER_FEN = 1_000
TICK_S = 1.0
# Beyond the time it was given: reading, a first solution of a large day, checking.
_GRACE_S = 60.0
_LONGEST_LINE_BYTES = 256 * 1024 * 1024

Row = tuple[float, int | None]  # seconds, fen
Hear = Callable[[list[Row]], Awaitable[bool]]


class SearchError(Exception):
    """No plan came of it. ``code``: died or too_long."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def search(task: Task, hear: Hear) -> PlanSaid:
    """``hear`` gets what is new each second, and says whether it is to stop. SearchError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cloud.routing.solver",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True, limit=_LONGEST_LINE_BYTES,
    )  # fmt: skip
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a process with pipes has none")
    heard: list[Told] = []
    reading = asyncio.create_task(_read(process.stdout, heard))
    try:
        async with asyncio.timeout(task.day.seconds + _GRACE_S):
            await _send(process.stdin, task)
            await _follow(reading, heard, hear, process.stdin)
            await process.wait()
    except TimeoutError:
        raise SearchError("too_long") from None
    finally:
        reading.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and those that search for it
        await process.wait()
    if not heard or heard[-1].plan is None:
        raise SearchError("died")
    return heard[-1].plan


async def _send(stdin: asyncio.StreamWriter, task: Task) -> None:
    data = msgspec.msgpack.encode(task)
    stdin.write(HEAD.pack(len(data)) + data)
    with suppress(ConnectionError):  # it died, which is found when it is read
        await stdin.drain()


async def _follow(reading: asyncio.Task[None], heard: list[Told], hear: Hear, stdin: asyncio.StreamWriter) -> None:
    told = 0
    while not reading.done():
        await asyncio.wait({reading}, timeout=TICK_S)
        fresh, told = heard[told:], len(heard)
        if await hear(_rows(fresh)):
            stdin.close()


def _rows(fresh: list[Told]) -> list[Row]:
    """The newest of a second; the plan itself is no step."""
    steps = [one for one in fresh if one.plan is None]
    return [(one.elapsed_s, None if one.cost_mfen is None else one.cost_mfen // MFEN_PER_FEN) for one in steps[-1:]]


async def _read(stdout: asyncio.StreamReader, heard: list[Told]) -> None:
    while line := await stdout.readline():
        heard.append(msgspec.json.decode(line, type=Told))
