"""What a site says of itself while it is connected, and who can take its connection away."""

import asyncio
import hashlib
from pathlib import Path
from random import Random
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.app import client_of
from edge.config import machine_id
from edge.outbox import Store
from edge.wire.codec import decode_status
from edge.wire.labels import parcel_label
from edge.wire.messages import Birth, SettledLane
from firmware_sim.scanner import SimulatedScanner
from tests.conftest import TestBroker
from tests.edge.agents import DEADLINE_S, Cloud, listening_cloud, running_agent, until, write_config
from tests.edge.outbox.sites import settings

pytestmark = pytest.mark.slow


def births(cloud: Cloud) -> list[Birth]:
    return [word for word in map(decode_status, cloud.said.get("status", [])) if isinstance(word, Birth)]


async def test_a_device_that_comes_or_goes_is_told_in_the_birth_said_again(broker: TestBroker, tmp_path: Path) -> None:
    scanner = f'[[scanner]]\nname = "gun"\nport = "{tmp_path}/gun"\n'
    config = write_config(tmp_path, broker, "presence-1", scanner)
    async with listening_cloud(broker, "presence-1") as cloud, running_agent(config) as agent:
        await agent.until_online()
        with SimulatedScanner(tmp_path / "gun", Random(1)):
            await until(lambda: [one for one in births(cloud) if one.devices == {"gun": "ok"}], "the scanner is there")
        await until(lambda: births(cloud)[-1].devices == {"gun": "lost"}, "the scanner is gone")
        said = births(cloud)
        assert {(one.boot, one.connect, one.nonce) for one in said} == {(1, 1, said[0].nonce)}
        times = [one.at_ms for one in said]
        assert times == sorted(set(times))


async def test_a_station_that_fell_silent_says_how_far_its_events_are_settled(broker: TestBroker, tmp_path: Path) -> None:
    """The last event was sent when it was not acknowledged: a cloud restored to before it hears of it here, and nowhere else."""
    config = write_config(tmp_path, broker, "presence-3")
    async with listening_cloud(broker, "presence-3") as cloud, running_agent(config) as agent:
        await agent.until_online()
        for serial in (1, 2, 3):
            await agent.scan(parcel_label(serial))
        await until(lambda: births(cloud)[-1].settled, "the birth tells")
        last = cloud.events()[-1].envelope
        assert births(cloud)[-1].settled == [SettledLane(epoch=str(last.epoch), lane="event", floor=last.seq + 1, kept=1)]


async def test_a_name_at_the_broker_made_of_what_others_know_takes_nobodys_connection(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "presence-2")
    guess = f"tt-op-presence-2-{hashlib.sha256(machine_id(config).encode()).hexdigest()[:8]}"
    intruder = paho.Client(CallbackAPIVersion.VERSION2, guess, protocol=paho.MQTTv5)
    intruder.username_pw_set(broker.username, broker.password)
    connected, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_connect(*_: Any) -> None:
        loop.call_soon_threadsafe(connected.set)

    intruder.on_connect = on_connect
    async with listening_cloud(broker, "presence-2") as cloud, running_agent(config) as agent:
        await agent.until_online()
        intruder.connect(broker.host, broker.port)
        intruder.loop_start()
        try:
            async with asyncio.timeout(DEADLINE_S):
                await connected.wait()
            await agent.scan(parcel_label(1))
            await until(cloud.events, "the event")
            assert [one.connect for one in births(cloud)] == [1]
        finally:
            intruder.disconnect()
            await asyncio.to_thread(intruder.loop_stop)


def test_a_site_keeps_its_name_over_a_restart_and_shares_it_with_nobody(tmp_path: Path) -> None:
    names, secret = [], b""
    for folder in ("a", "a", "b"):
        (tmp_path / folder).mkdir(exist_ok=True)
        with Store(settings(tmp_path / folder), 1) as store:
            secret = store.client_secret()
        assert len(secret) == 16
        names.append(client_of(secret, "machine-1"))
    assert names[0] == names[1] != names[2]
    assert client_of(secret, "machine-2") not in names
