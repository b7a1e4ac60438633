"""A van from its bytes to a dispatcher's page: NMEA on a pseudo-terminal, the real agent, broker, ingest, database and live socket.

With an outage on the way: what happened meanwhile is filled in, once, and the place on the page never goes back.
"""

import asyncio
import dataclasses
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from websockets.asyncio.client import connect as connect_socket

from cloud.auth.accounts import add_account
from cloud.auth.sessions import open_session
from cloud.domain.rooms import vans_room
from cloud.domain.scope import Role
from cloud.store.pool import connect
from cloud.store.run_following import look
from cloud.store.runs import WantedStop, plan_run, step
from edge.config import EdgeConfig
from edge.wire.clock import TownClock, TownTime, encode_town, to_ms, utc
from edge.wire.codec import decode_telemetry
from edge.wire.labels import container_label
from edge.wire.manifest import Manifest, PlannedLoad, RunStop, VanRun, Zone
from edge.wire.pickup import Scrypt
from firmware_sim.faults import LineFaults
from firmware_sim.gnss import Place, SimulatedGnss
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town.broker_line import BrokerLine
from tests.cloud.ingest.sites import TestSite, relate, running_ingest
from tests.cloud.live.conftest import Client, gateway_on
from tests.conftest import TestBroker
from tests.edge.agents import DEADLINE_S, Running, nothing_retained, running_agent, until, write_config
from tests.edge.test_acts_page import put_manifest

pytestmark = pytest.mark.slow

VAN, STATION, RATE = "van-followed", "st-1", 60.0  # a minute a second
LAT, LON, SPEED_M_S = 31.2, 121.4, 8.0
COST = Scrypt(salt=b"the salt of staff", n=1024)
CONTAINER = container_label(1)
STOP_M = 1_500.0
STAND_S = 240.0  # at least


def north(metres: float) -> float:
    return LAT + metres / 111_195


def van_config(folder: Path, broker: TestBroker, clock_file: Path) -> EdgeConfig:
    tables = f"""
[clock]
town_file = "{clock_file}"
[[gnss]]
name = "gnss"
port = "{folder}/gnss"
[[scanner]]
name = "scanner-1"
port = "{folder}/scanner"
"""
    return write_config(folder, broker, VAN, tables, kind="van")


def manifest(day: str, ends_ms: int) -> Manifest:
    stop = RunStop(stop=1, station=STATION, name="阳光花园自提点", lat=north(STOP_M), lon=LON)
    load_ = PlannedLoad(
        container=CONTAINER, operator="op", day=day, station=STATION, zone=Zone.AMBIENT, number=1, run="R1", stop=1
    )  # fmt: skip
    return Manifest(
        site=VAN, version=1, day=day, made_at_ms=0, code_cost=COST, staff_cost=COST, operators=("op",), loads=(load_,),
        runs=(VanRun(operator="op", day=day, run="R1", state="departed", ends_ms=ends_ms, stops=(stop,)),),
    )  # fmt: skip


class Drive:
    """To the north at 30 km/h, with a stand at the stop; a sentence ten times a second, from a bad line.

    It stands for four minutes, and until it ``may_go_on``: what is to happen at the stop happens there however long it takes.
    """

    def __init__(self, gnss: SimulatedGnss, clock: TownClock) -> None:
        self._gnss, self._clock = gnss, clock
        self._began_ms = clock.now_ms()
        self._went_on_ms: int | None = None
        self.may_go_on = False

    def now(self) -> Place:
        now_ms = self._clock.now_ms()
        gone_m = SPEED_M_S * (now_ms - self._began_ms) / 1000
        if gone_m < STOP_M:
            return Place(north(gone_m), LON, SPEED_M_S, 0.0)
        if self._went_on_ms is None and self.may_go_on and gone_m >= STOP_M + SPEED_M_S * STAND_S:
            self._went_on_ms = now_ms
        if self._went_on_ms is None:
            return Place(north(STOP_M), LON, 0.0)
        return Place(north(STOP_M + SPEED_M_S * (now_ms - self._went_on_ms) / 1000), LON, SPEED_M_S, 0.0)

    async def run(self) -> None:
        while True:
            await asyncio.to_thread(self._gnss.tell, self.now(), self._clock.now_ms())
            await asyncio.sleep(0.1)


class Page:
    """What a dispatcher's page was told of the van's place, in the order it came."""

    def __init__(self) -> None:
        self.told: list[datetime] = []

    async def listen(self, client: Client) -> None:
        async for frame in client.socket:
            said = json.loads(frame)
            for entry in said.get("entries", ()):
                if entry["key"] == f"van/{VAN}":
                    self.told.append(datetime.fromisoformat(entry["body"]["at"]))


@asynccontextmanager
async def page_at(url: str, token: str) -> AsyncIterator[Client]:
    """A socket, welcomed."""
    async with connect_socket(url, proxy=None) as socket:
        client = Client(socket)
        await client.say(type="hello", token=token)
        assert (await client.hear())["type"] == "welcome"
        yield client


def kept_by_the_agent(config: EdgeConfig) -> list[int]:
    """When each position that it ever sealed was measured."""
    with sqlite3.connect(f"file:{config.database}?mode=ro", uri=True) as file:
        payloads = [row[0] for row in file.execute("SELECT payload FROM batch WHERE lane IN (2, 3)")]
    tracks = [track for payload in payloads for track in decode_telemetry(payload).tracks]
    return sorted(track.t0 + dt for track in tracks for dt in track.dt)


def newest_put_away(config: EdgeConfig) -> int:
    """When the newest position was measured that waits in the agent."""
    with sqlite3.connect(f"file:{config.database}?mode=ro", uri=True) as file:
        return int(file.execute("SELECT max(at_ms) FROM reading WHERE lat IS NOT NULL").fetchone()[0])


async def until_at_the_stop(agent: Running) -> None:
    """As the agent itself knows it."""
    await agent.until_at(
        "/api/van", lambda said: said["fix"] is not None and abs(said["fix"]["lat"] - north(STOP_M)) < 1e-4, "at the stop"
    )


async def in_the_cloud(connection: psycopg.AsyncConnection[Any]) -> list[int]:
    cursor = await connection.execute("SELECT at FROM position WHERE site_id = %s ORDER BY at", [VAN])
    return [to_ms(at) for (at,) in await cursor.fetchall()]


async def all_in_the_cloud(connection: psycopg.AsyncConnection[Any], agent: Running, config: EdgeConfig) -> list[int]:
    """Once nothing waits and the cloud has what the agent kept, no more and no less."""
    await agent.until_nothing_waits()
    there: list[int] = []
    for _ in range(int(DEADLINE_S / 0.05)):
        if (there := await in_the_cloud(connection)) == kept_by_the_agent(config):
            return there
        await asyncio.sleep(0.05)
    raise AssertionError(f"the cloud has {there}, the agent kept {kept_by_the_agent(config)}")


@pytest.mark.timeout(180)
async def test_a_van_is_followed_from_its_bytes_to_a_page_through_an_outage(
    broker: TestBroker, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "clock.json"
    file.write_bytes(encode_town(TownTime(int(time.time() * 1000), time.monotonic(), RATE, "")))
    clock = TownClock(file.read_bytes, time.monotonic)
    day = utc(clock.now_ms()).date()
    relate(database_url, "op", VAN, STATION)
    async with await connect(database_url, "test") as connection, BrokerLine(broker.host, broker.port) as line:
        await connection.execute("UPDATE site SET kind = 'van' WHERE id = %s", [VAN])
        await connection.execute("UPDATE site SET lat = %s, lon = %s WHERE id = %s", [north(STOP_M), LON, STATION])
        number = await plan_run(connection, "op", day, "R1", VAN, [WantedStop(STATION)], utc(clock.now_ms()))
        assert number is not None
        assert await step(connection, number, "departed", utc(clock.now_ms()))
        account = await add_account(
            connection, datetime.now(UTC), login="watcher", password="long enough 1", display_name="w", role=Role.ADMIN
        )  # fmt: skip
        token = (await open_session(connection, account)).token
        config = van_config(tmp_path, dataclasses.replace(broker, host="127.0.0.1", port=line.port), file)
        await put_manifest(config, manifest(day.isoformat(), clock.now_ms() + 8 * 3_600_000))
        bad = LineFaults(split=0.3, noise=0.05)
        page = Page()
        with (
            nothing_retained(broker, VAN),
            SimulatedGnss(tmp_path / "gnss", Random(1), bad, bad_checksum=0.05, drops=True) as gnss,
            SimulatedScanner(tmp_path / "scanner", Random(2)) as scanner,
        ):
            async with (
                running_ingest(database_url, broker, TestSite(VAN, "op"), clock=clock),
                gateway_on(database_url, clock, poll_s=0.05, recheck_s=0.5) as (_, _, url, _),
                running_agent(config) as agent,
                page_at(url, token) as client,
                asyncio.TaskGroup() as tasks,
            ):
                await client.say(type="subscribe", rooms=[{"room": vans_room("op"), "cursor": 0}])
                listening = tasks.create_task(page.listen(client))
                await agent.until_online()
                drive = Drive(gnss, clock)
                driving = tasks.create_task(drive.run())
                await until(lambda: len(page.told) >= 5, "the van on the page")

                line.cut()
                await agent.until(lambda status: not status["uplink"]["online"], "offline")
                cut_ms = clock.now_ms()
                before = (await agent.status())["queue"]["backfill"]["unsent"]  # measured before anybody knew of the cut
                await agent.until(lambda status: status["queue"]["backfill"]["unsent"] >= before + 8, "positions wait")
                await until_at_the_stop(agent)
                await asyncio.to_thread(scanner.scan, CONTAINER)
                await agent.until(lambda status: (status["last_scan"] or {}).get("text") == CONTAINER, "the scan")
                seen_before = len(page.told)
                put_away_ms = newest_put_away(config)
                mended_ms = clock.now_ms()
                line.mend()
                await agent.until_online()
                await until(lambda: page.told[-1] > utc(put_away_ms), "the place of now")
                first_after = next(at for at in page.told[seen_before:] if to_ms(at) > cut_ms)
                drive.may_go_on = True
                gone_on = len(page.told)
                await until(lambda: len(page.told) >= gone_on + 25, "the way on")
                driving.cancel()
                there = await all_in_the_cloud(connection, agent, config)  # nothing lost, nothing doubled
                listening.cancel()

        assert len(set(there)) == len(there)
        meanwhile = [at_ms for at_ms in there if cut_ms < at_ms < mended_ms]
        assert len(meanwhile) >= 5  # filled in later …
        assert page.told == sorted(set(page.told))  # … and the place on the page never went back
        assert to_ms(first_after) >= put_away_ms  # what was missed was not driven through once more
        await look(connection, utc(clock.now_ms()))
        cursor = await connection.execute("SELECT state, arrived_at IS NOT NULL, departed_at IS NOT NULL FROM run_stop")
        assert await cursor.fetchall() == [("at_stop", True, True)]
        cursor = await connection.execute("SELECT kind, fact->>'container' FROM event WHERE kind LIKE 'container%'")
        assert await cursor.fetchall() == [("container_dropped", CONTAINER)]
