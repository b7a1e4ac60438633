"""The agent with a cold room on a real broker: what the boxes feel is what the cloud is told, now, and after an outage too."""

from collections import defaultdict
from pathlib import Path

import pytest

from edge.wire.codec import decode_telemetry
from edge.wire.ids import Lane
from firmware_sim.cold import BoxFaults
from firmware_sim.cold_room import FREEZER_1, FRIDGE_1
from tests.conftest import TestBroker
from tests.edge.agents import Cloud, listening_cloud, running_agent, until, write_config
from tests.edge.cold_rooms import cold_room, tables

pytestmark = pytest.mark.slow


def values(cloud: Cloud, lane: Lane) -> dict[str, list[float | None]]:
    """Sensor → what the cloud was told of it, in the order it came."""
    found: dict[str, list[float | None]] = defaultdict(list)
    for sent in list(cloud.of_lane(lane)):
        for series in decode_telemetry(sent.payload).series:
            found[series.sensor] += series.v
    return found


async def test_the_cloud_is_told_every_temperature_and_door_of_now(broker: TestBroker, tmp_path: Path) -> None:
    async with cold_room(tmp_path) as room:
        config = write_config(tmp_path, broker, "cold-1", tables(room))
        async with listening_cloud(broker, "cold-1") as cloud, running_agent(config):
            wanted = {"fridge-1_c", "fridge-1.humidity_pct", "freezer-1_c", "display-1_c", "fridge-1_open", "freezer-1_open"}
            await until(lambda: wanted <= set(values(cloud, Lane.LIVE)), "every sensor")
            room.set_door(FRIDGE_1, is_open=True)
            await until(lambda: 1.0 in values(cloud, Lane.LIVE)["fridge-1_open"], "the open door")
            room.set_faults(FREEZER_1, BoxFaults(dropout=1.0))
            await until(lambda: None in values(cloud, Lane.LIVE)["freezer-1_c"], "no answer")
            told = values(cloud, Lane.LIVE)
    assert all(value is None or -25.0 < value < -17.0 for value in told["freezer-1_c"])
    assert all(value is not None and 0.0 < value < 27.0 for value in told["fridge-1_c"])


async def test_what_did_not_fit_into_now_is_told_as_the_past(broker: TestBroker, tmp_path: Path) -> None:
    async with cold_room(tmp_path) as room:
        config = write_config(tmp_path, broker, "cold-2", tables(room))
        async with listening_cloud(broker, "cold-2") as cloud, running_agent(config) as agent:
            cloud.acks = False  # the live lane's window fills
            await agent.until(lambda status: bool(status["queue"]["backfill"]["unsent"]), "readings wait")
            cloud.acks = True
            cloud.acknowledge(*cloud.batches)
            await until(lambda: values(cloud, Lane.BACKFILL), "the past")
