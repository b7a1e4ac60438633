"""The button that kills the cloud, with a real supervisor and its children."""

import asyncio
import json
import sys
from pathlib import Path

import psutil
import pytest

from cloud.api.town_sockets import BOX, NobodyThereError, ask
from cloud.onebox.supervisor import Child, Supervisor
from cloud.onebox.town_controls import TownControls

pytestmark = pytest.mark.slow

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


async def test_the_cloud_is_killed_after_it_was_said_and_started_again_and_nothing_else_is(tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / ("long" * 30)  # longer than a socket's path may be
    async with Supervisor(tmp_path, said.append) as supervisor, TownControls(folder, supervisor, said.append):
        await supervisor.start(*(Child(name, SLEEP) for name in ("ingest", "live", "api", "positions", "jobs", "town")))
        assert (folder / BOX).stat().st_mode & 0o777 == 0o600
        town = supervisor.pid("town")
        assert json.loads(await ask(folder, BOX, {"do": "nothing"})) == {"done": False, "killed": {}}
        told = json.loads(await ask(folder, BOX, {"do": "kill"}))
        assert set(told["killed"]) == {"ingest", "live", "api", "positions", "jobs"}
        async with asyncio.timeout(30):
            while not all(f"{name} is back" in said for name in told["killed"]):
                await asyncio.sleep(0.02)
        assert not any(psutil.pid_exists(pid) for pid in told["killed"].values())
        assert supervisor.pid("town") == town
    with pytest.raises(NobodyThereError):
        await ask(folder, BOX, {"do": "kill"})


async def test_a_line_that_is_no_json_kills_nobody(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(tmp_path, said.append) as supervisor, TownControls(tmp_path, supervisor, said.append):
        reader, writer = await asyncio.open_unix_connection(tmp_path / BOX)
        writer.write(b"\xff{\n")
        assert await reader.read() == b""
        writer.close()
        assert json.loads(await ask(tmp_path, BOX, {"do": "nothing"}))["done"] is False
