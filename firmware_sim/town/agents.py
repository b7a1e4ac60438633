"""The stations' agents: real ``python -m edge run`` processes, restarted when they die, gone when the town goes.

Leaves what they are configured with to site_files.
"""

import asyncio
import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

MIN_BACKOFF_S = 0.5
MAX_BACKOFF_S = 5.0  # somebody is watching
HEALTHY_S = 30.0  # one that ran this long starts again at once
STOP_S = 8.0  # then it is killed; the one box gives the town ten
LOG_LIMIT_BYTES = 5_000_000  # checked at each start

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None  # loaded before any fork

_log = structlog.get_logger()


@dataclass(slots=True)
class Agent:
    """One station's process. ``run`` owns it: the process ends with the task."""

    station: str
    command: tuple[str, ...]
    log: Path
    starts: int = 0
    pid: int | None = None

    async def run(self) -> None:
        """Start, wait, start again, for ever; cancellation stops the process in order and then by force."""
        backoff_s = MIN_BACKOFF_S
        while True:
            started_s = time.monotonic()
            code = await self._run_once()
            if time.monotonic() - started_s >= HEALTHY_S:
                backoff_s = MIN_BACKOFF_S
            _log.warning("agent_ended", station=self.station, code=code, log=str(self.log), again_in_s=backoff_s)
            await asyncio.sleep(backoff_s)
            backoff_s = min(MAX_BACKOFF_S, backoff_s * 2)

    async def _run_once(self) -> int:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".old"))
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command, stdin=asyncio.subprocess.DEVNULL, stdout=descriptor, stderr=descriptor,
                start_new_session=True, preexec_fn=_die_with_parent,  # its own session: Ctrl-C reaches it through us, in order
            )  # fmt: skip
        finally:
            os.close(descriptor)
        self.starts += 1
        self.pid = process.pid
        try:
            return await process.wait()
        finally:
            self.pid = None
            if process.returncode is None:
                await asyncio.shield(_stop(process))


def edge_command(*configs: Path) -> tuple[str, ...]:
    """What starts a real agent, or several in one process."""
    return (sys.executable, "-m", "edge", "run", *(word for one in configs for word in ("--config", str(one))))


async def _stop(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _die_with_parent() -> None:
    """In the child, between fork and exec: the kernel ends it when the town dies without saying so."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
