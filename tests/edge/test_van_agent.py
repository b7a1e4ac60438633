"""A van's agent with its devices: what its page says, what a person's receiver keeps to itself, and its compartments."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from edge.config import EdgeConfig
from edge.wire.codec import decode_status, decode_telemetry
from edge.wire.ids import Lane
from edge.wire.labels import container_label
from edge.wire.manifest import Manifest, PlannedLoad, RunStop, VanRun, Zone
from edge.wire.messages import Birth, ContainerDropped
from edge.wire.pickup import Scrypt
from firmware_sim.door import SimulatedContact
from firmware_sim.gnss import Place, SimulatedGnss
from firmware_sim.w1 import SimulatedW1
from tests.conftest import TestBroker
from tests.edge.agents import NOBODY, Cloud, listening_cloud, running_agent, until, write_config
from tests.edge.test_acts_page import put_manifest

pytestmark = pytest.mark.slow

COST = Scrypt(salt=b"the salt of staff", n=1024)
CONTAINER, LAT, LON = container_label(1), 31.2, 121.4
PROBE = "28-0316a2794bff"


def van_config(folder: Path, broker: TestBroker, site: str, *, is_personal: bool) -> EdgeConfig:
    tables = f"""
[[gnss]]
name = "gnss"
port = "{folder}/gnss"
personal = {str(is_personal).lower()}
[[w1]]
name = "one-wire"
folder = "{folder}/w1"
every_s = 1.0
device = [{{ name = "chilled-1", id = "{PROBE}" }}]
[[door]]
name = "chilled-1"
file = "{folder}/door"
[[cold]]
name = "chilled-1"
goods = "chilled"
door = "chilled-1"
"""
    return write_config(folder, broker, site, tables, kind="van")


def manifest(site: str, state: str, version: int = 1) -> Manifest:
    now_ms = int(time.time() * 1000)
    load_ = PlannedLoad(
        container=CONTAINER, operator="op", day="2026-01-01", station="st-1", zone=Zone.CHILLED, number=1, run="R1", stop=1
    )
    run = VanRun(
        operator="op", day="2026-01-01", run="R1", state=state, ends_ms=now_ms + 3_600_000,  # type: ignore[arg-type]
        stops=(RunStop(stop=1, station="st-1", name="阳光花园", lat=LAT, lon=LON),),
    )  # fmt: skip
    return Manifest(
        site=site, version=version, day="2026-01-01", made_at_ms=0, code_cost=COST, staff_cost=COST, operators=("op",),
        loads=(load_,), runs=(run,),
    )  # fmt: skip


@asynccontextmanager
async def devices(folder: Path) -> AsyncIterator[None]:
    """A receiver that stands at the stop, and a chilled compartment with its door shut."""
    contact, bus = SimulatedContact(folder / "door"), SimulatedW1(folder / "w1")
    contact.show(is_open=False)
    bus.plug()
    bus.feel(PROBE, 3.2)
    with SimulatedGnss(folder / "gnss", Random(1), drops=True) as gnss:

        async def stand() -> None:
            while True:
                await asyncio.to_thread(gnss.tell, Place(LAT, LON), int(time.time() * 1000))
                await asyncio.sleep(0.05)

        task = asyncio.create_task(stand())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def tracks(cloud: Cloud) -> int:
    return sum(len(decode_telemetry(sent.payload).tracks) for sent in list(cloud.of_lane(Lane.LIVE)))


def sensors(cloud: Cloud) -> set[str]:
    return {one.sensor for sent in list(cloud.of_lane(Lane.LIVE)) for one in decode_telemetry(sent.payload).series}


async def test_a_van_leaves_a_container_where_it_stands_and_its_compartments_are_boxes(broker: TestBroker, tmp_path: Path) -> None:
    config = van_config(tmp_path, broker, "van-1", is_personal=False)
    await put_manifest(config, manifest("van-1", "departed"))
    async with devices(tmp_path), listening_cloud(broker, "van-1") as cloud, running_agent(config) as agent:
        await until(lambda: tracks(cloud), "a position")
        await until(lambda: {"chilled-1_c", "chilled-1_open"} <= sensors(cloud), "the compartment")
        assert (await agent.status())["kind"] == "van"
        left = await agent.scan(CONTAINER)
        assert (left["word"], left["slot"], left["count"], left["of"], left["sound"]) == ("stop_done", "st-1", 1, 1, "ok")
        view = (await agent.http.get("/api/van")).json()
        assert [round(view["fix"][key], 3) for key in ("lat", "lon")] == [LAT, LON]
        (run,) = view["runs"]
        assert (run["name"], run["state"], run["stops"][0]["here"], run["containers"][0]["state"]) == (
            "R1", "departed", True, "delivered",
        )  # fmt: skip
        fact = await until(
            lambda: next((one.event.fact for one in cloud.events() if isinstance(one.event.fact, ContainerDropped)), None),
            "the drop",
        )
        assert fact == ContainerDropped(container=CONTAINER, run="R1", station="st-1")
        births = [decode_status(said) for said in cloud.said["status"]]
        assert [(box.name, box.goods, box.door) for one in births if isinstance(one, Birth) for box in one.boxes][:1] == [
            ("chilled-1", "chilled", "chilled-1_open")
        ]


async def test_where_a_person_is_nobody_is_told_before_their_run_begins(broker: TestBroker, tmp_path: Path) -> None:
    config = van_config(tmp_path, broker, "van-2", is_personal=True)
    await put_manifest(config, manifest("van-2", "assigned"))
    async with devices(tmp_path), listening_cloud(broker, "van-2") as cloud:
        async with running_agent(config) as agent:
            await until(lambda: "chilled-1_c" in sensors(cloud), "the compartment")
            await agent.until_at("/api/van", lambda said: said["fix"] is not None, "the receiver's fix")
            await agent.until_nothing_waits()
        assert tracks(cloud) == 0
        await put_manifest(config, manifest("van-2", "loading", version=2))
        async with running_agent(config):
            await until(lambda: tracks(cloud), "a position on the run")


async def test_a_van_has_an_api_and_says_where_its_page_is(tmp_path: Path) -> None:
    config = van_config(tmp_path, NOBODY, "van-3", is_personal=False)
    async with running_agent(config) as agent:
        assert (await agent.http.get("/api/van")).json() == {"version": 0, "fix": None, "runs": []}
        assert (await agent.scan(CONTAINER))["word"] == "no_plan"
        assert "the link that dispatch sends" in (await agent.http.get("/")).json()["error"]["remedy"]
        assert (await agent.http.post("/api/mode", json={"mode": "receive"})).status_code == 422
