"""What systemd is told, over a socket as systemd's."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.watchdog import Watchdog


@contextmanager
def systemd(path: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + path[1:] if path.startswith("@") else path)
        listening.setblocking(False)
        yield listening


async def heard(listening: socket.socket, count: int) -> list[bytes]:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        return [await loop.sock_recv(listening, 100) for _ in range(count)]


@pytest.mark.parametrize("is_abstract", [False, True])
async def test_it_says_that_the_agent_serves_and_then_that_it_lives(tmp_path: Path, is_abstract: bool) -> None:
    path = f"@tuantu-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with systemd(path) as listening:
        watchdog = Watchdog({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())})
        assert watchdog.every_s == 0.01
        running = asyncio.create_task(watchdog.run())
        assert await heard(listening, 4) == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        running.cancel()


async def test_another_processes_watchdog_is_not_fed_and_without_systemd_nothing_is_said(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with systemd(path) as listening:
        running = [
            asyncio.create_task(Watchdog(environment).run())
            for environment in ({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"}, {})
        ]
        assert await heard(listening, 1) == [b"READY=1"]
        await asyncio.sleep(0)
        with pytest.raises(BlockingIOError):
            listening.recv(100)
        assert not any(one.done() for one in running)
        for one in running:
            one.cancel()
