"""The cold chain over the agent's own API: a real agent with a cold room, no cloud behind the broker."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.cold import BoxFaults
from firmware_sim.cold_room import DISPLAY_1, FRIDGE_1
from tests.conftest import TestBroker
from tests.edge.agents import DEADLINE_S, Running, running_agent, write_config
from tests.edge.cold_rooms import cold_room, pass_minutes, tables

pytestmark = pytest.mark.slow


async def ask(agent: Running, path: str, **params: Any) -> dict[str, Any]:
    answer = await agent.http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until_alarm(agent: Running, subject: str, rule: str, **wanted: Any) -> dict[str, Any]:
    ends_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < ends_s:
        for alarm in (await ask(agent, "/api/alarms"))["alarms"]:
            if (alarm["subject"], alarm["rule"]) == (subject, rule) and all(alarm[key] == value for key, value in wanted.items()):
                found: dict[str, Any] = alarm
                return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"no {rule} of {subject} with {wanted}: {await ask(agent, '/api/alarms')}")


async def until_points(agent: Running, sensor: str, count: int) -> dict[str, Any]:
    ends_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < ends_s:
        chart = await ask(agent, "/api/readings", sensor=sensor)
        if len(chart["at_ms"]) >= count:
            return chart
        await asyncio.sleep(0.05)
    raise AssertionError(f"fewer than {count} readings of {sensor}")


async def test_an_open_door_is_told_live_acknowledged_with_a_name_and_cleared(broker: TestBroker, tmp_path: Path) -> None:
    async with cold_room(tmp_path) as room:
        config = write_config(tmp_path, broker, "cold-3", tables(room))
        async with running_agent(config) as agent:
            await until_points(agent, "fridge-1_open", 1)
            async with agent.http.stream("GET", "/api/live") as live:
                room.set_door(FRIDGE_1, is_open=True)
                async with asyncio.timeout(DEADLINE_S):
                    async for line in live.aiter_lines():
                        news = json.loads(line.removeprefix("data: ")) if line else {}
                        if news.get("type") == "alarm" and news["alarm"]["rule"] == "door_open":
                            break
            alarm = await until_alarm(agent, "fridge-1_open", "door_open")
            assert (alarm["severity"], alarm["stands"], alarm["acknowledged_ms"]) == ("warning", True, None)
            path = f"/api/alarms/{alarm['id']}"
            nameless = await agent.http.post(f"{path}/acknowledge", json={"note": "?"})
            assert (nameless.status_code, nameless.json()["error"]["field"]) == (422, "actor")
            seen = await agent.http.post(f"{path}/acknowledge", json={"actor": "staff-1", "note": "在补货"})
            assert seen.status_code == 200, seen.text
            assert (seen.json()["alarm"]["acknowledged_by"], seen.json()["alarm"]["note"]) == ("staff-1", "在补货")
            early = await agent.http.post(f"{path}/close", json={"actor": "staff-1"})
            assert early.status_code == 409
            room.set_door(FRIDGE_1, is_open=False)
            await until_alarm(agent, "fridge-1_open", "door_open", stands=False)
            closed = await agent.http.post(f"{path}/close", json={"actor": "staff-1"})
            assert closed.json()["alarm"]["closed_by"] == "staff-1"
            unknown = await agent.http.post("/api/alarms/nothing/acknowledge", json={"actor": "staff-1"})
            assert unknown.status_code == 404


async def test_a_chart_has_its_band_its_gaps_and_its_past_after_a_restart(broker: TestBroker, tmp_path: Path) -> None:
    async with cold_room(tmp_path) as room:
        config = write_config(tmp_path, broker, "cold-4", tables(room))
        async with running_agent(config) as agent:
            chart = await until_points(agent, "display-1_c", 4)
            room.set_faults(DISPLAY_1, BoxFaults(dropout=1.0))
            await until_alarm(agent, "display-1_c", "silent")
            sensors = {one["sensor"]: one for one in (await ask(agent, "/api/sensors"))["sensors"]}
            assert sensors["display-1_c"]["value"] is None
            assert sensors["display-1_c"]["fault"].startswith("silent")
            assert sensors["fridge-1_c"]["box"] == {
                "name": "fridge-1", "goods": "chilled", "door": "fridge-1_open", "defrost": [],
                "limits": {"low": 0.0, "high": 5.0, "rebound": None, "at_once_low": -4.0, "at_once_high": 9.0},
            }  # fmt: skip
            assert sensors["fridge-1_open"]["box"] is None
        pass_minutes(room, 3)  # without anybody
        async with running_agent(config) as agent:
            room.set_faults(DISPLAY_1, BoxFaults())
            alarm = await until_alarm(agent, "display-1_c", "silent", stands=False)
            again = await until_points(agent, "display-1_c", len(chart["at_ms"]) + 2)
            both = list(zip(again["at_ms"], again["value"], strict=True))
            assert both == sorted(both, key=lambda point: point[0])
            assert set(zip(chart["at_ms"], chart["value"], strict=True)) <= set(both)
            assert any(value is None for at_ms, value in both if at_ms >= alarm["since_ms"])
            short = await ask(agent, "/api/readings", sensor="display-1_c", hours=0.01)
            assert len(short["at_ms"]) < len(again["at_ms"])
            assert (await agent.http.get("/api/readings", params={"sensor": "nothing_c"})).status_code == 404
            assert (await agent.http.get("/api/readings", params={"sensor": "display-1_c", "hours": 25})).status_code == 422
