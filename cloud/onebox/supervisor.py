"""Starts child processes in order, restarts what dies, stops all in the opposite order, leaves no orphan.

Knows nothing of what the children are. A failure is said once on the console, a recovery once; the rest is in the logs.
"""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from cloud.onebox.leash import leashed
from cloud.onebox.unprivileged import Unprivileged
from cloud.trouble import Trouble

FIRST_DELAY_S = 0.5
MAX_DELAY_S = 15.0
# A child that lived this long was well: the next death starts with a short delay again.
STEADY_S = 30.0
LOG_LIMIT_BYTES = 10_000_000
LOG_CHECK_S = 20.0
POLL_S = 0.05
# One that dies this often before it was ever ready is not going to be.
HOPELESS_DEATHS = 4
# A child that ends with this code has said itself what is in the way: starting it again can't help at the first start.
EXIT_TROUBLE = 2


async def _at_once() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Child:
    """What to run. ``is_ready`` is asked every 50 ms after a start; ``with_parent`` is what it gets when we are killed."""

    name: str
    argv: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], Awaitable[bool]] = _at_once
    ready_timeout_s: float = 60.0
    stop: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 15.0
    with_parent: signal.Signals = signal.SIGKILL
    run_as: Unprivileged | None = None
    folder: Path | None = None


class _Kept:
    """One child and its restarts."""

    def __init__(self, child: Child, log: Path, say: Callable[[str], None]) -> None:
        self.child = child
        self.log = log
        self._say = say
        self._stopping = asyncio.Event()
        self._has_been_ready = False
        self._has_failed = False
        self._deaths = 0
        self._last_code = 0
        self.process: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Run until told to stop."""
        delay_s = FIRST_DELAY_S
        while not self._stopping.is_set():
            started_s = time.monotonic()
            process = self.process = await self._spawn()
            if self._stopping.is_set():
                self._signal(self.child.stop)
            if self._has_failed:
                await self._recover(process)
            code = await process.wait()
            self._sweep(process.pid)
            self._deaths += 1
            self._last_code = code
            if self._stopping.is_set():
                return
            if time.monotonic() - started_s > STEADY_S:
                delay_s = FIRST_DELAY_S
            if not self._has_failed and self._has_been_ready:
                self._say(f"{self.child.name} ended ({_how(code)}); restarting it. Its log: {self.log}")
            self._has_failed = True
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)
            delay_s = min(delay_s * 2, MAX_DELAY_S)

    async def _spawn(self) -> asyncio.subprocess.Process:
        child = self.child
        uid, gid = (child.run_as.uid, child.run_as.gid) if child.run_as else (-1, -1)
        argv = leashed(child.argv, uid, gid, child.with_parent)
        with self.log.open("ab") as out:
            return await asyncio.create_subprocess_exec(
                *argv, env={**os.environ, **child.environment}, cwd=child.folder,
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    async def _recover(self, process: asyncio.subprocess.Process) -> None:
        deadline_s = time.monotonic() + self.child.ready_timeout_s
        while process.returncode is None and not self._stopping.is_set() and time.monotonic() < deadline_s:
            if await self.child.is_ready():
                if self._has_been_ready:
                    self._say(f"{self.child.name} is back")
                self._has_failed = False
                self._has_been_ready = True
                return
            await asyncio.sleep(POLL_S)

    async def wait_ready(self) -> None:
        """Until it answers for the first time; Trouble with the end of its log when it can't."""
        deadline_s = time.monotonic() + self.child.ready_timeout_s
        while time.monotonic() < deadline_s:
            if self._deaths >= HOPELESS_DEATHS or (self._deaths and self._last_code == EXIT_TROUBLE):
                raise Trouble(f"{self.child.name} can't start ({_how(self._last_code)}): {self.last_lines(3)}", f"read {self.log}")
            if self.process is not None and self.process.returncode is None and await self.child.is_ready():
                self._has_been_ready = True
                return
            await asyncio.sleep(POLL_S)
        raise Trouble(
            f"{self.child.name} did not start in {self.child.ready_timeout_s:.0f} s: {self.last_lines(6)}", f"read {self.log}"
        )

    async def end(self) -> None:
        """Ask it to stop, then kill it and its group."""
        self._stopping.set()
        process = self.process
        if process is None or process.returncode is not None:
            return
        self._signal(self.child.stop)
        try:
            await asyncio.wait_for(process.wait(), self.child.stop_timeout_s)
        except TimeoutError:
            self._say(f"{self.child.name} did not stop in {self.child.stop_timeout_s:.0f} s and is killed")
            self.kill()
            await process.wait()
        self._sweep(process.pid)

    def kill(self) -> None:
        """Kill it and its group now."""
        if self.process is not None and self.process.returncode is None:
            self._sweep(self.process.pid)
            with suppress(ProcessLookupError):
                self.process.kill()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    @staticmethod
    def _sweep(group: int) -> None:
        """Kill what the child left of its process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)

    def last_lines(self, count: int) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return " | ".join(lines[-count:])[-800:] or "it said nothing"


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class Supervisor:
    """Owns the children between ``async with`` and its end."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self._logs = logs
        self._say = say
        self._kept: list[_Kept] = []
        self._group = asyncio.TaskGroup()
        self._trimmer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Supervisor":
        await self._group.__aenter__()
        self._trimmer = self._group.create_task(self._trim_logs(), name="logs")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for kept in reversed(self._kept):
            await kept.end()
        if self._trimmer is not None:
            self._trimmer.cancel()
        await self._group.__aexit__(kind, error, trace)

    async def start(self, *children: Child) -> None:
        """Start side by side and wait until all are ready. Trouble when one can't."""
        started = []
        for child in children:
            kept = _Kept(child, self._logs / f"{child.name}.log", self._say)
            self._kept.append(kept)
            started.append(kept)
            self._group.create_task(kept.keep(), name=child.name)
        for kept in started:
            await kept.wait_ready()

    def kill_all(self) -> None:
        """The impatient end: everything is killed, nothing asked."""
        for kept in reversed(self._kept):
            kept.kill()

    def kill(self, name: str) -> None:
        """SIGKILL for what runs under this name; it is started again as after any death."""
        for kept in self._kept:
            if kept.child.name == name:
                kept.kill()

    def pid(self, name: str) -> int | None:
        """The process that runs under this name now."""
        for kept in self._kept:
            if kept.child.name == name and kept.process is not None:
                return kept.process.pid
        return None

    async def _trim_logs(self) -> None:
        """Keep each log and its predecessor below the limit. Children append, so a shortened file is written on from its start."""
        while True:
            for kept in self._kept:
                if kept.log.exists() and kept.log.stat().st_size > LOG_LIMIT_BYTES:
                    await asyncio.to_thread(shutil.copyfile, kept.log, kept.log.with_suffix(".log.1"))
                    os.truncate(kept.log, 0)
            await asyncio.sleep(LOG_CHECK_S)
