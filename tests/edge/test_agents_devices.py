"""An agent with devices of several kinds: what comes in from one goes out at the other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import httpx
import pytest

from edge.wire.labels import parcel_label
from firmware_sim.door import SimulatedContact
from firmware_sim.hid import SimulatedHid
from firmware_sim.relay import SimulatedRelay
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.scanner_trigger import Maker, TriggeredScanner
from tests.edge.agents import NOBODY, running_agent, until, write_config

pytestmark = pytest.mark.slow


def tables(folder: Path) -> str:
    return f"""
[[scanner]]
name = "stand"
port = "{folder}/stand"
trigger = "gm65"
[[scanner]]
name = "plain"
port = "{folder}/plain"
[[hid]]
name = "gun"
port = "{folder}/gun"
[[door]]
name = "fridge-door"
file = "{folder}/door"
[signal]
kind = "relay"
port = "{folder}/relay"
buzzer = 1
red = 2
"""


@contextlib.asynccontextmanager
async def hearing(*devices: TriggeredScanner | SimulatedRelay) -> AsyncIterator[None]:
    async def listen() -> None:
        while True:
            for device in devices:
                device.hear()
            await asyncio.sleep(0.002)

    task = asyncio.create_task(listen())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_label_typed_or_triggered_is_booked_and_heard_on_the_relay(tmp_path: Path) -> None:
    SimulatedContact(tmp_path / "door").show(is_open=False)
    gun = SimulatedHid.at(tmp_path / "gun")
    with (
        SimulatedScanner(tmp_path / "stand", Random(1)) as stand,
        SimulatedScanner(tmp_path / "plain", Random(1)) as plain,
        gun.line,
        SimulatedScanner(tmp_path / "relay", Random(1)) as line,
    ):
        relay, triggered = SimulatedRelay(line), TriggeredScanner(stand, Maker.GM65, in_view=parcel_label(2))
        async with hearing(relay, triggered), running_agent(write_config(tmp_path, NOBODY, "devices-1", tables(tmp_path))) as agent:
            status = await agent.until(lambda status: {one["state"] for one in status["devices"]} == {"ok"}, "all devices well")
            kinds = {one["name"]: one["kind"] for one in status["devices"]}
            can_read = [one["name"] for one in status["devices"] if one["can_read"]]
            assert can_read == ["stand"]
            assert kinds == {"stand": "scanner", "plain": "scanner", "gun": "hid", "fridge-door": "door", "signal": "signal"}

            gun.scan(parcel_label(1))
            await agent.until(lambda status: (status["last_scan"] or {}).get("parcel") == parcel_label(1), "the typed label")
            await until(lambda: (1, False) in relay.switched, "the beep's end")
            assert relay.switched[0] == (1, True)

            assert (await trigger(agent.http, "stand", on=True)).status_code == 204
            await agent.until(lambda status: (status["last_scan"] or {}).get("parcel") == parcel_label(2), "the triggered label")
            assert (await trigger(agent.http, "stand", on=False)).status_code == 204
            await until(lambda: triggered.heard == [True, False], "both commands")

            relay.switched.clear()
            gun.line.write(b"\x01" * 240 + b"\0" * 24)  # no event has such a kind: nothing is typed
            gun.scan("no label of ours, and no product")
            await until(lambda: (2, True) in relay.switched, "red for an unknown label")
            await until(lambda: relay.switched[-1:] == [(2, False)], "its end")

            relay.switched.clear()
            plain.unplug()  # it worked: whoever stands there hears that it does not any more, and it is no refusal
            await until(lambda: relay.switched.count((1, False)) == 4, "the device's fault")


async def test_triggering_what_cannot_be_triggered_is_refused_with_the_remedy(tmp_path: Path) -> None:
    async with running_agent(write_config(tmp_path, NOBODY, "devices-2", tables(tmp_path))) as agent:
        answers = {name: await trigger(agent.http, name, on=True) for name in ("nobody", "gun", "plain", "stand")}
    assert {name: answer.status_code for name, answer in answers.items()} == {"nobody": 404, "gun": 409, "plain": 409, "stand": 409}
    errors = {name: answer.json()["error"] for name, answer in answers.items()}
    assert all(error["field"] == "name" and error["message"] for error in errors.values())
    no_trigger = ("no_trigger", "set trigger in its [[scanner]], or use one that has it")
    assert {name: (error["code"], error["remedy"]) for name, error in errors.items()} == {
        "nobody": ("no_device", "see devices in GET /api/status"),
        "gun": no_trigger,
        "plain": no_trigger,
        "stand": ("device_away", "plug it in"),
    }


async def trigger(http: httpx.AsyncClient, name: str, *, on: bool) -> httpx.Response:
    return await http.post(f"/api/devices/{name}/trigger", json={"on": on})
