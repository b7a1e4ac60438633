"""The processes a schedule kills: started in sessions of their own, killed by their id, never left behind."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from cloud.onebox.leash import leashed
from cloud.onebox.unprivileged import Unprivileged
from tests.faults.warm import WarmProcess, open_warm

FAULT_STEP = "TUANTU_FAULT_STEP"


@dataclass(slots=True)
class Child:
    """One process, started as often as it was killed. It dies with us, also when we are killed.

    ``is_warm``: it need not import anything first; for a module of ours.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    run_as: Unprivileged | None = None
    cwd: Path | None = None
    is_warm: bool = False
    starts: int = 0
    _process: subprocess.Popen[bytes] | WarmProcess | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def start(self, **env: str) -> None:
        """``env`` is added for this one life."""
        assert not self.is_running, f"{self.name} runs already"
        environment = {**(os.environ if self.env is None else self.env), **env}
        if self.is_warm:
            self._process = open_warm(self.argv, self.log, environment, self.cwd)
        else:
            with self.log.open("ab") as out:
                self._process = self._open(out, environment)
        self.starts += 1

    def _open(self, out: IO[bytes], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        uid, gid = (-1, -1) if self.run_as is None else (self.run_as.uid, self.run_as.gid)
        return subprocess.Popen(
            leashed(list(self.argv), uid, gid, signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment,
            cwd=self.cwd,
            start_new_session=True,
        )

    def cpu_s(self) -> float:
        """What it and its children have spent so far."""
        assert self._process is not None
        family = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        return sum(times.user + times.system for times in (one.cpu_times() for one in family))

    def kill(self) -> None:
        """-9, with all its children: PostgreSQL's are in sessions of their own."""
        if self._process is None:
            return
        if self._process.poll() is None:
            try:
                family = psutil.Process(self._process.pid).children(recursive=True)
            except psutil.NoSuchProcess:
                family = []
            self._process.kill()
            for relative in family:
                try:
                    relative.kill()
                except psutil.NoSuchProcess:
                    continue
            psutil.wait_procs(family, timeout=10)
        self._process.wait()

    async def stop(self, stop_signal: signal.Signals = signal.SIGTERM, grace_s: float = 15.0) -> None:
        """In order, or -9 after ``grace_s``."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(stop_signal)
        if not await eventually(lambda: not self.is_running, grace_s):
            self.kill()
        self._process.wait()


async def eventually(condition: Any, timeout_s: float, *, every_s: float = 0.02) -> bool:
    """Whether a condition came true within a real time."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        await asyncio.sleep(every_s)
    return True
