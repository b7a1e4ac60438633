"""A small town on its real parts: PostgreSQL, a broker with the stations' own log-ins, ingest, api, manifests, agents, terminals.

Its clock is the test's: it runs fast, and what nobody would notice is skipped.
"""

import asyncio
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from cloud.config import CloudConfig
from cloud.domain.notices import RoomNotice
from cloud.jobs import downlink as downlink_module
from cloud.jobs.route_plans import PlanDesk
from cloud.onebox import broker as onebox_broker
from cloud.positions.following import Following
from edge.wire.clock import MAX_RATE, TownClock, TownTime, encode_town, to_ms
from firmware_sim.town import hands as hands_module
from firmware_sim.town import life as life_module
from firmware_sim.town import staff as staff_module
from firmware_sim.town.chances import Chances
from firmware_sim.town.control import Request
from firmware_sim.town.incidents import Mishap
from firmware_sim.town.life import Town
from firmware_sim.town.settings import OPERATOR, Station, TownSettings, settings
from tests.conftest import find_free_port
from tests.faults.processes import Child

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "secret-of-the-town"
START_S = 60.0
DOCK = "dock-0001"
# What is over in minutes is lived through; what lasts for hours is not.
BRIEF = (Mishap.DOOR_OPEN, Mishap.UNPLUGGED, Mishap.OUTAGE)
_WORTH_SKIPPING_MS = 60_000
_SLOWLY = 120.0
_LATE_MS = 120_000
_AT_STOPS = 60.0  # its receiver speaks twice a second of real time, and a stay has to be seen


def hurry(monkeypatch: pytest.MonkeyPatch, *, lists_every_s: float, looks_every_s: float) -> None:
    """Staff and office who look often, as patient as with the pauses people make; a cloud that makes its lists so often."""
    monkeypatch.setattr(staff_module, "AGAIN_S", 0.3)
    monkeypatch.setattr(staff_module, "MOST_TRIES", 200)
    monkeypatch.setattr(staff_module, "TICK_S", 0.05)
    monkeypatch.setattr(life_module, "OFFICE_TICK_S", 0.2)
    monkeypatch.setattr(hands_module, "LOOK_S", 0.02)
    monkeypatch.setattr(downlink_module, "MAKE_EVERY_S", lists_every_s)
    monkeypatch.setattr(downlink_module, "LOOK_EVERY_S", looks_every_s)


@dataclass
class RealTown:
    """Made by ``running_town``."""

    folder: Path
    database_url: str
    town: Town
    settings: TownSettings
    clock: TownClock
    children: list[Child] = field(default_factory=list)
    rate: float = MAX_RATE
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def set_time(self, ms: int, rate: float) -> None:
        fresh = self.settings.clock_file.with_suffix(".new")
        fresh.write_bytes(encode_town(TownTime(ms, time.monotonic(), rate, "boot")))
        fresh.replace(self.settings.clock_file)
        self.rate = rate

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query.encode(), values).fetchall()

    async def live_until(self, is_over: Callable[[], bool], until_ms: int, timeout_s: float) -> None:
        """Let the time go on, no further than ``until_ms``, until ``is_over``."""
        deadline_s = time.monotonic() + timeout_s
        while not is_over():
            assert time.monotonic() < deadline_s, await self._said()
            _all_run(self.tasks)
            for child in self.children:
                assert child.is_running, f"{child.name} died: {child.log.read_text(errors='replace')[-1500:]}"
            self._let_pass(until_ms)
            await asyncio.sleep(0.05)

    def _let_pass(self, until_ms: int) -> None:
        """Skip to what comes next where there is something to skip; slowly through what is over soon."""
        houses = self.town.houses.values()
        for house in houses:
            house.accidents.tick()  # nothing that has begun is skipped before it was seen
        now_ms = self.clock.now_ms()
        changes = [change for house in houses if (change := house.accidents.next_change_ms()) is not None]
        goal_ms = min([until_ms, self.town.next_due_ms, *changes])
        is_brief = any(one.mishap in BRIEF for house in houses for one in house.accidents.going_on)
        rate = 0.0 if now_ms >= until_ms else _SLOWLY if is_brief else MAX_RATE
        if any(truck.driver.is_at_stop for truck in self.town.trucks):
            rate = min(rate, _AT_STOPS)
        if self.town.is_behind(_LATE_MS) or any(truck.driver.is_busy for truck in self.town.trucks):
            rate = min(rate, 1.0)
        if goal_ms - now_ms > _WORTH_SKIPPING_MS and not is_brief:
            self.set_time(goal_ms - 10_000, rate)
        elif rate != self.rate:
            self.set_time(now_ms, rate)

    async def _said(self) -> str:
        return (await self.town.handle(Request(do="status"))).text

    def told(self, station: str) -> int:
        """How many events the station has numbered, by its own file."""
        path = next((self.folder / "town" / "stations" / station / "data").glob("*.db"))
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as file:
            ((next_event,),) = file.execute("SELECT next_event FROM state").fetchall()
        return int(next_event) - 1


@asynccontextmanager
async def running_town(
    folder: Path,
    database_url: str,
    stations: tuple[str, ...],
    start: datetime,
    seed: int,
    chances: Chances,
    vans: tuple[str, ...] = (),
) -> AsyncIterator[RealTown]:
    """Everything runs inside the block, from ``start`` on. With ``vans`` the cloud plans their routes and follows them, too."""
    sites = (*stations, DOCK, *vans)
    logins = {"cloud": secrets.token_hex(8), **{site: secrets.token_hex(12) for site in sites}}
    kind = onebox_broker.choose(os.environ.get("TUANTU_TEST_BROKER"))
    broker = await asyncio.to_thread(
        onebox_broker.prepare, kind, folder / "broker", find_free_port(), logins, operators=dict.fromkeys(sites, OPERATOR)
    )
    api_port = find_free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TUANTU_")},
        "TUANTU_DATABASE_URL": database_url, "TUANTU_BROKER_URL": broker.url("cloud"), "TUANTU_SECRET": secrets.token_hex(32),
        "TUANTU_HTTP_PORT": str(api_port), "TUANTU_PUBLIC_URL": f"http://127.0.0.1:{api_port}",
        "TUANTU_CLOCK_FILE": str(folder / "clock.json"),
    }  # fmt: skip
    told = _settings(folder, broker, logins, api_port, seed, chances)
    clock = TownClock(told.clock_file.read_bytes, time.monotonic)
    real = RealTown(folder, database_url, Town(told, clock, time.monotonic), told, clock)
    real.set_time(to_ms(start), MAX_RATE)
    await asyncio.to_thread(_add_admin, environment)
    tasks = real.tasks
    with onebox_broker.running(broker, folder / "broker.log"):
        try:
            for name in ("ingest", "api"):
                child = Child(
                    name, [sys.executable, "-m", "cloud", name], folder / f"{name}.log", environment, cwd=ROOT, is_warm=True
                )
                child.start()
                real.children.append(child)
            await _answers(f"http://127.0.0.1:{api_port}/health")
            tasks.append(asyncio.create_task(downlink_module.Downlink(_config(environment), clock).run()))
            if vans:
                tasks.append(asyncio.create_task(PlanDesk(_config(environment), clock).run()))
                tasks.append(asyncio.create_task(Following(database_url, clock, _say_nothing, "test").run()))
            tasks.append(asyncio.create_task(real.town.run()))
            yield real
            _all_run(tasks)
        finally:
            for task in reversed(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for child in real.children:
                child.kill()


def _settings(
    folder: Path, broker: onebox_broker.Broker, logins: Mapping[str, str], api_port: int, seed: int, chances: Chances
) -> TownSettings:
    (folder / "logins.json").write_text(json.dumps(logins))
    first_port = find_free_port()
    environment = {
        "TUANTU_TOWN_API": f"http://127.0.0.1:{api_port}", "TUANTU_TOWN_LOGIN": "admin", "TUANTU_TOWN_PASSWORD": PASSWORD,
        "TUANTU_TOWN_BROKER": f"{broker.host}:{broker.port}", "TUANTU_TOWN_BROKER_LOGINS": str(folder / "logins.json"),
        "TUANTU_CLOCK_FILE": str(folder / "clock.json"), "TUANTU_TOWN_SEED": str(seed), "TUANTU_TOWN_AGENT_PORT": str(first_port),
    }  # fmt: skip
    said = settings(folder / "town", {}, environment)
    dock = None if said.dock is None else _free(said.dock)
    vans = tuple(_free(one) for one in said.vans)
    return replace(said, stations=tuple(_free(one) for one in said.stations), dock=dock, vans=vans, chances=chances)


def _all_run(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Raises what ended a task of the town; one that ended by itself is a fault, too."""
    for task in tasks:
        if task.done():
            task.result()
            raise AssertionError(f"{task.get_coro()} has ended")


def _say_nothing(_notices: Sequence[RoomNotice]) -> None:
    """Nobody has a page open."""


def _free(one: Station) -> Station:
    port = find_free_port()
    return replace(one, http_port=port, agent_url=f"http://127.0.0.1:{port}")


def _config(environment: Mapping[str, str]) -> CloudConfig:
    return CloudConfig(
        database_url=SecretStr(environment["TUANTU_DATABASE_URL"]), broker_url=SecretStr(environment["TUANTU_BROKER_URL"]),
        secret=SecretStr(environment["TUANTU_SECRET"]), public_url=environment["TUANTU_PUBLIC_URL"],
    )  # fmt: skip


def _add_admin(environment: Mapping[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "cloud", "account", "add", "admin", "--role", "admin", "--name", "管理员"],
        input=f"{PASSWORD}\n", env=environment, cwd=ROOT, check=True, text=True, capture_output=True, timeout=START_S,
    )  # fmt: skip


async def _answers(url: str) -> None:
    async with asyncio.timeout(START_S), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).status_code:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
