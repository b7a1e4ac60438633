"""Simulated devices on real pseudo-terminals and files, tried as an installer would."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import pytest
import serial

from edge.config import EdgeConfig, load
from edge.devices.ports import DeviceState
from edge.devices_tool.found import Machine
from edge.devices_tool.report import Report
from edge.devices_tool.tried import Tried, try_devices
from edge.wire.clock import WallClock
from firmware_sim.door import SimulatedContact
from firmware_sim.hid import SimulatedHid
from firmware_sim.locker import SimulatedLockers
from firmware_sim.locker_boards import SimulatedBoard
from firmware_sim.modbus import SimulatedModbus, registers_of
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.w1 import SimulatedW1
from tests.conftest import find_free_port
from tests.edge.agents import running_agent

CLOCK = WallClock(lambda: 1_700_000_000.0)
WITHIN_S = 10.0
PROBE = "28-0316a2794bff"


def write(folder: Path) -> EdgeConfig:
    path = folder / "site.toml"
    path.write_text(
        f"""
data_dir = "data"
[site]
operator = "op"
id = "st-1"
[broker]
url = "mqtt://127.0.0.1:9"
[http]
port = {find_free_port()}
[[scanner]]
name = "desk"
port = "{folder}/scanner"
[[hid]]
name = "gun"
port = "{folder}/gun"
place = "cabinet"
[[locker]]
name = "cabinet"
port = "{folder}/cabinet"
family = "cu16"
wait_s = 0.0
[[locker.board]]
name = "left"
address = 1
locks = 4
[[modbus]]
name = "cold-line"
port = "{folder}/modbus"
[[modbus.device]]
name = "fridge-1"
address = 1
[[w1]]
name = "one-wire"
folder = "w1"
[[w1.device]]
name = "freezer-1"
id = "{PROBE}"
[[door]]
name = "fridge-door"
file = "door"
""",
        encoding="utf-8",
    )
    return load(path)


@contextmanager
def everything(folder: Path) -> Iterator[SimulatedLockers]:
    """All that is configured, well and plugged in; cell 3 stands open."""
    board = SimulatedBoard(1, 4)
    lockers = SimulatedLockers(folder / "cabinet", "cu16", (board,), Random(1))
    probes = SimulatedW1(folder / "w1")
    probes.feel(PROBE, -19.5)
    SimulatedContact(folder / "door").show(is_open=True)
    with ExitStack() as stack:
        stack.enter_context(SimulatedScanner(folder / "scanner", Random(1)))
        stack.enter_context(SimulatedHid.at(folder / "gun").line)
        stack.enter_context(lockers)
        stack.enter_context(SimulatedModbus(folder / "modbus", Random(1), {1: lambda: registers_of(4.2, 61.0)}))
        lockers.open_by_hand(1, 3)
        yield lockers


def by_name(tries: list[Tried]) -> dict[str, Tried]:
    return {tried.name: tried for tried in tries}


async def test_devices_that_are_well_say_what_they_measure_and_no_door_is_opened(tmp_path: Path) -> None:
    config = write(tmp_path)
    with everything(tmp_path) as lockers:
        tries = await try_devices(config, CLOCK, WITHIN_S)
        assert lockers.pulses == []
    report = Report(machine=[], configured=tries)
    said = by_name(tries)
    assert report.is_well, report.as_text()
    assert {tried.table for tried in tries} == {"scanner", "hid", "locker", "modbus", "w1", "door"}
    assert said["left"].detail.startswith("4 doors: 1 open, 3 closed (3)")
    assert "fridge-1_c 4.2, fridge-1.humidity_pct 61" in said["cold-line"].detail
    assert said["one-wire"].detail == "freezer-1_c -19.5"
    assert said["fridge-door"].detail == "fridge-door_open 1"
    assert (said["desk"].detail, said["desk"].place) == ("opened", "counter")
    (gun,) = [line for line in report.as_text().splitlines() if " gun " in line]
    assert "at the cabinet: opens cells for residents, takes no scan of staff; opened" in gun


async def test_what_is_away_or_held_by_somebody_else_is_said_with_the_remedy(tmp_path: Path) -> None:
    config = write(tmp_path)
    with everything(tmp_path), serial.Serial(str(tmp_path / "scanner"), exclusive=True):
        (tmp_path / "gun").unlink()
        SimulatedW1(tmp_path / "w1").unplug(PROBE)
        tries = await try_devices(config, CLOCK, 3.0)
    said = by_name(tries)
    assert not Report(machine=[], configured=tries).is_well
    assert (said["desk"].state, "in use by another program" in said["desk"].detail) == (DeviceState.FAILED, True)
    assert (said["gun"].state, "plug it in" in said["gun"].detail) == (DeviceState.LOST, True)
    assert said["one-wire"].state is not DeviceState.OK
    assert said["left"].state is DeviceState.OK
    text = Report(machine=Machine(tmp_path, tmp_path, list).look(), configured=tries).as_text()
    assert "LOST    hid" in text
    assert f"{tmp_path}/gun: not there; plug it in" in text
    assert json.loads(Report(machine=[], configured=tries).as_json())["configured"][0]["name"] == "desk"


@pytest.mark.slow
async def test_a_device_that_says_nothing_is_silent_after_the_time_it_has(tmp_path: Path) -> None:
    config = write(tmp_path)
    with everything(tmp_path) as lockers:
        lockers.boards = ()  # the line is there, and nobody on it
        said = by_name(await try_devices(config, CLOCK, 4.0))
    assert said["left"].state is not DeviceState.OK


@pytest.mark.slow
async def test_where_the_agent_runs_its_word_is_taken_and_nothing_is_touched(tmp_path: Path) -> None:
    config = write(tmp_path)
    with everything(tmp_path):
        async with running_agent(config) as agent:
            await agent.until(
                lambda status: {one["state"] for one in status["devices"]} == {"ok"} and len(status["devices"]) == 6, "all well"
            )
            tries = await try_devices(config, CLOCK, WITHIN_S)
    assert all(tried.is_in_use and tried.state is DeviceState.OK for tried in tries)
    assert "in use by the agent" in Report(machine=[], configured=tries).as_text()


async def devices_command(config: Path, *more: str) -> tuple[int, str]:
    command = [sys.executable, "-W", "error", "-m", "edge", "devices", "--config", str(config), *more]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        out, complaints = await process.communicate()
    assert complaints == b"", complaints.decode()
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest.mark.slow
async def test_the_commands_exit_code_is_zero_only_if_every_device_answered(tmp_path: Path) -> None:
    write(tmp_path)
    with everything(tmp_path):
        code, text = await devices_command(tmp_path / "site.toml")
        assert code == 0, text
        assert "ok  scanner  desk         opened" in text
        (tmp_path / "door").unlink()
        code, text = await devices_command(tmp_path / "site.toml", "--json", "--seconds", "3")
    assert code == 1
    answer = json.loads(text)
    assert {one["name"] for one in answer["configured"] if one["state"] != "ok"} == {"fridge-door"}
    assert {one["kind"] for one in answer["machine"]} >= {"serial port", "camera"}


def test_a_machine_without_a_site_says_how_to_try_devices() -> None:
    report = Report(machine=Machine(Path("/nowhere"), Path("/nowhere"), list).look())
    assert report.is_well
    assert "--config site.toml" in report.as_text()
    assert "dtoverlay=w1-gpio" in report.as_text()
