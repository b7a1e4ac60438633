"""The town as a process, with real agents that read real terminals; only the cloud is a fake, and the broker is away."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from edge.wire.clock import TownTime, decode_town, encode_town, to_ms
from firmware_sim.town.control import Answer, ControlError, Request, ask
from tests.firmware_sim.town.fakes import FakeCloud, served

ROOT = Path(__file__).parents[3]
SITE = "st-0001"
pytestmark = pytest.mark.slow


def eventually(condition: Callable[[], bool], deadline_s: float = 60.0) -> None:
    until_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < until_s, "not in time"
        time.sleep(0.02)


@contextmanager
def running_town(folder: Path, api: str, agent_port: int) -> Iterator[subprocess.Popen[bytes]]:
    (folder / "logins.json").write_text(json.dumps({SITE: "secret-of-the-station"}))
    clock = folder / "clock.json"
    if not clock.exists():  # 06:30 in Shanghai: nothing falls due by itself
        clock.write_bytes(encode_town(TownTime(to_ms(datetime(2026, 11, 23, 22, 30, tzinfo=UTC)), time.monotonic(), 1.0, "boot")))
    environment = {
        **os.environ, "TUANTU_TOWN_API": api, "TUANTU_TOWN_LOGIN": "town", "TUANTU_TOWN_PASSWORD": "secret-of-the-town",
        "TUANTU_TOWN_BROKER": "127.0.0.1:9", "TUANTU_TOWN_BROKER_LOGINS": str(folder / "logins.json"),
        "TUANTU_CLOCK_FILE": str(clock), "TUANTU_TOWN_AGENT_PORT": str(agent_port),
    }  # fmt: skip
    with (folder / "town.log").open("ab") as log:
        argv = [sys.executable, "-m", "firmware_sim", "town", "--data", str(folder / "town")]
        with subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=log, stderr=log) as town:
            try:
                eventually(lambda: (folder / "town" / "town.json").exists() and ask_quietly(folder, Request(do="status")).done)
                yield town
            finally:
                town.kill()


def ask_quietly(folder: Path, request: Request) -> Answer:
    try:
        return ask(folder / "town", request)
    except ControlError as error:
        return Answer(False, str(error))


def device_states(agent_port: int) -> dict[str, str]:
    """Device → how the agent's page says it is."""
    answer = httpx.get(f"http://127.0.0.1:{agent_port}/api/status", timeout=30).json()
    return {device["name"]: device["state"] for device in answer["devices"]}


def scan_booked(folder: Path) -> Answer:
    """Press until the agent is up and books; each press is one scan of the next expected parcel."""
    until_s = time.monotonic() + 60.0
    while not (answer := ask_quietly(folder, Request(do="scan", site=SITE))).done:
        assert time.monotonic() < until_s, answer.text
    return answer


def test_a_press_is_bytes_on_a_terminal_and_a_booking_at_a_real_agent(tmp_path: Path, free_port: int) -> None:
    cloud = FakeCloud()
    with served(cloud) as api, running_town(tmp_path, api, free_port) as town:
        answer = scan_booked(tmp_path)
        assert answer.text == f"{answer.label} received"
        eventually(lambda: set(device_states(free_port)) >= {"scanner-1", "rs485", "w1", "bluetooth", "fridge-1", "freezer-1"})
        eventually(lambda: set(device_states(free_port).values()) == {"ok"})
        said = subprocess.run(
            [sys.executable, "-m", "firmware_sim", "scan", "--data", str(tmp_path / "town"), "--site", SITE],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert said.stdout.endswith("received\n")
        assert answer.label not in said.stdout

        assert ask_quietly(tmp_path, Request(do="unplug", site=SITE)).done
        unplugged = ask_quietly(tmp_path, Request(do="scan", site=SITE))
        assert not unplugged.done
        assert "unplugged" in unplugged.text
        assert "scanner-1 plugged in" in ask_quietly(tmp_path, Request(do="replug", site=SITE, device="scanner-1")).text
        assert scan_booked(tmp_path).text.endswith("received")

        assert ask_quietly(tmp_path, Request(do="pace", rate=30.0)).done
        assert ask_quietly(tmp_path, Request(do="unplug", site=SITE, device="rs485")).done
        eventually(lambda: device_states(free_port)["rs485"] == "lost")
        assert ask_quietly(tmp_path, Request(do="replug", site=SITE, device="rs485")).done
        assert "cut" in ask_quietly(tmp_path, Request(do="unplug", site=SITE, device="line")).text
        assert "up" in ask_quietly(tmp_path, Request(do="replug", site=SITE, device="line")).text
        assert "scanner-1, rs485, bluetooth, line" in ask_quietly(tmp_path, Request(do="unplug", site=SITE, device="socket")).text
        # Whoever reads the clock sees a change 50 ms later at the latest.
        eventually(lambda: "in the town, 30 times as fast" in ask_quietly(tmp_path, Request(do="status")).text)
        eventually(lambda: device_states(free_port)["rs485"] == "ok")
        assert "door open" in ask_quietly(tmp_path, Request(do="door", site=SITE, device="fridge-1", way="open")).text
        assert ask_quietly(tmp_path, Request(do="cold", site=SITE, device="freezer-1", way="silent")).done
        eventually(lambda: device_states(free_port)["w1"] == "lost")
        assert "want one of" in ask_quietly(tmp_path, Request(do="cold", site=SITE, device="freezer-1", way="hot")).text
        assert "want one of" in ask_quietly(tmp_path, Request(do="door", site=SITE, device="display-1", way="open")).text
        assert decode_town((tmp_path / "clock.json").read_bytes()).rate == 30.0
        assert "300" in ask_quietly(tmp_path, Request(do="pace", rate=1e9)).text
        assert "st-0001" in ask_quietly(tmp_path, Request(do="scan", site="st-9999")).text

        children = psutil.Process(town.pid).children(recursive=True)
        assert children
        town.send_signal(signal.SIGTERM)
        assert town.wait(20) == 0
        assert psutil.wait_procs(children, timeout=10)[1] == []
    log = (tmp_path / "town.log").read_text()
    assert "secret-of-the-town" not in log
    assert "secret-of-the-station" not in log


def test_an_agent_that_is_killed_comes_back_and_a_restarted_town_sends_nothing_twice(tmp_path: Path, free_port: int) -> None:
    cloud = FakeCloud()
    with served(cloud) as api:
        with running_town(tmp_path, api, free_port) as town:
            first = scan_booked(tmp_path)
            (agent,) = psutil.Process(town.pid).children()
            agent.kill()
            eventually(lambda: "started 2 times" in ask_quietly(tmp_path, Request(do="status")).text)
            second = scan_booked(tmp_path)
            assert second.label != first.label
            children = psutil.Process(town.pid).children(recursive=True)
            town.kill()  # without a word
            assert psutil.wait_procs(children, timeout=20)[1] == []
        with running_town(tmp_path, api, free_port):
            assert scan_booked(tmp_path).label not in (first.label, second.label)
    assert len(cloud.imported) == len(set(cloud.imported))


def test_what_is_missing_is_one_clear_line(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TUANTU_")}
    done = subprocess.run(
        [sys.executable, "-m", "firmware_sim", "town", "--data", str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "town: TUANTU_TOWN_BROKER (or --broker) is missing\n"
