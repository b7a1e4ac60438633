"""An agent with a cabinet whose board talks nonsense or is pulled: what staff are told, and that nothing opens that should not."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from firmware_sim.locker import LockerFaults, SimulatedLockers
from firmware_sim.locker_boards import SimulatedBoard
from firmware_sim.locker_speech import SPEECH, Unlock
from tests.edge.agents import NOBODY, Running, running_agent, write_config

pytestmark = pytest.mark.slow


@pytest.fixture
def lockers(tmp_path: Path) -> SimulatedLockers:
    return SimulatedLockers(tmp_path / "lockers", "wkly", [SimulatedBoard(1, 4)], Random(1))


def tables(folder: Path) -> str:
    return f"""
[[locker]]
name = "cabinet"
port = "{folder}/lockers"
family = "wkly"
reply_s = 0.1
watch_s = 0.2
[[locker.board]]
name = "board"
address = 1
locks = 4
feedback_s = 0.2
"""


async def open_cell(agent: Running, cell: str) -> dict[str, Any]:
    answer = await agent.http.post("/api/cells/open", json={"cell": cell, "purpose": "check", "actor": "chen"})
    assert answer.status_code == 200, answer.text
    act: dict[str, Any] = answer.json()["act"]
    return act


async def until_board_is(agent: Running, state: str) -> None:
    await agent.until(lambda status: [one["state"] for one in status["devices"]] == [state], f"the board is {state}")


async def test_a_board_whose_answers_are_garbage_opens_nothing_and_is_told_with_the_remedy(
    tmp_path: Path, lockers: SimulatedLockers
) -> None:
    with lockers:
        async with running_agent(write_config(tmp_path, NOBODY, "garbage", tables(tmp_path))) as agent:
            await until_board_is(agent, "ok")
            lockers.faults = LockerFaults(bad_checksum=1.0)
            act = await open_cell(agent, "2")
            assert (act["word"], act["sound"]) == ("cell_not_opened", "error")
            assert lockers.pulses == []
            await until_board_is(agent, "lost")
            (board,) = (await agent.status())["devices"]
            assert "check its power" in board["detail"]
            lockers.faults = LockerFaults()
            await until_board_is(agent, "ok")
            assert (await open_cell(agent, "2"))["word"] == "cell_opened"
            assert [pulse.lock for pulse in lockers.pulses] == [2]


async def test_a_cabinet_pulled_at_the_pulse_sends_people_to_look_and_works_again_when_it_is_back(
    tmp_path: Path, lockers: SimulatedLockers
) -> None:
    def pull(request: bytes) -> None:
        speech = SPEECH[lockers.family]
        if isinstance(speech.hear(request, speech.base), Unlock):
            asyncio.get_running_loop().call_soon(lockers.unplug)

    with lockers:
        async with running_agent(write_config(tmp_path, NOBODY, "pulled", tables(tmp_path))) as agent:
            await until_board_is(agent, "ok")
            lockers.on_request = pull
            act = await open_cell(agent, "3")
            assert (act["word"], act["sound"]) == ("cell_uncertain", "error")
            await until_board_is(agent, "lost")
            lockers.on_request = None
            lockers.plug()
            await until_board_is(agent, "ok")
            assert [pulse.lock for pulse in lockers.pulses] == [3]  # nobody asked for another
            lockers.shut(1, 3)
            assert (await open_cell(agent, "3"))["word"] == "cell_opened"
            assert [pulse.lock for pulse in lockers.pulses] == [3, 3]
