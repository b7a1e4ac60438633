import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from firmware_sim.town import agents
from firmware_sim.town.agents import Agent

pytestmark = pytest.mark.slow

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
PATIENT = "import time; print('up', flush=True); time.sleep(600)"


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def agent_of(code: str, folder: Path) -> Agent:
    return Agent("st-0001", (sys.executable, "-c", code), folder / "agent.log")


def is_up(agent: Agent, times: int = 1) -> Callable[[], bool]:
    return lambda: agent.log.exists() and agent.log.read_text().count("up") >= times


async def test_an_agent_that_is_killed_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "MIN_BACKOFF_S", 0.01)
    agent = agent_of(PATIENT, tmp_path)
    running = asyncio.create_task(agent.run())
    await eventually(is_up(agent))
    first = agent.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await eventually(is_up(agent, 2))
    assert agent.starts == 2
    second = agent.pid
    running.cancel()
    await asyncio.wait([running])
    assert second is not None
    assert not psutil.pid_exists(second)


async def test_one_that_will_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "STOP_S", 0.05)
    agent = agent_of(STUBBORN, tmp_path)
    running = asyncio.create_task(agent.run())
    await eventually(is_up(agent))
    pid = agent.pid
    running.cancel()
    await asyncio.wait([running])
    assert pid is not None
    assert not psutil.pid_exists(pid)


PARENT = """
import asyncio, sys
from pathlib import Path
from firmware_sim.town.agents import Agent

async def main():
    agent = Agent("st-0001", (sys.executable, "-c", sys.argv[1]), Path(sys.argv[2]))
    asyncio.create_task(agent.run())
    while agent.pid is None:
        await asyncio.sleep(0.01)
    print(agent.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
async def test_no_agent_outlives_a_town_that_was_killed(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, PATIENT, str(tmp_path / "agent.log")], cwd=root, stdout=subprocess.PIPE, text=True
    ) as town:
        assert town.stdout is not None
        pid = int(await asyncio.to_thread(town.stdout.readline))
        child = psutil.Process(pid)
        town.kill()
    await eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
