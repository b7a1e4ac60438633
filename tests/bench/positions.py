"""500 vans at 1 Hz into the store and out to the map: what is missing, how old a position is on the page, how many a second.

Vans are a process of their own: 300 agents by MQTT through ingest, 100 phones by HTTP and 100 JT/T 808 terminals by TCP through the
positions process. A page is a WebSocket client in the room of the operator's vans. A position's age is from when it was measured to
when the page has it; a terminal says whole seconds, and tells as they begin. ``missing``: fixes that were sent and are not in the
store, and vans of which the page does not have the last. ``max_rate``: 300 terminals, each sending its next fix when the last is
committed.
"""

import asyncio
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
import websockets
from websockets.asyncio.client import connect

from cloud.auth.accounts import add_account
from cloud.auth.sessions import open_session
from cloud.domain.rooms import vans_room
from cloud.domain.scope import Role
from cloud.store.pool import connect as connect_database
from cloud.store.trackers import Enrolment, TrackerProtocol, enrol
from tests.bench.conditions import durable_database, finish, percentile
from tests.bench.positions_vans import OPERATOR, name_of
from tests.cloud.ingest.sites import relate
from tests.conftest import find_free_port
from tests.faults.processes import Child, eventually
from tests.faults.stack import ROOT, Stack, cloud_environment, running_stack

AGENTS, PHONES, TERMINALS, FAST = 300, 100, 100, 300
STEADY_S = int(os.environ.get("SECONDS", "30"))
WARM_UP_S = 5
FLOOD_S = 10.0
LAST_WITHIN_S = 10.0


@dataclass(slots=True)
class Page:
    """What a page was told: the ages of the positions of one phase, and of each van the newest."""

    ages_s: list[float] = field(default_factory=list)
    newest_ms: dict[str, int] = field(default_factory=dict)
    told: int = 0

    async def listen(self, line: websockets.ClientConnection) -> None:
        async for frame in line:
            now_s = time.time()
            said = json.loads(frame)
            if said["type"] != "entries":
                continue
            for entry in said["entries"]:
                if entry["key"].startswith("van/") and entry["body"] is not None:
                    at_s = datetime.fromisoformat(entry["body"]["at"]).timestamp()
                    self.ages_s.append(now_s - at_s)
                    self.newest_ms[entry["body"]["site"]] = round(at_s * 1000)
                    self.told += 1

    def begin(self) -> None:
        self.ages_s.clear()
        self.told = 0


@dataclass(slots=True)
class Bench:
    """What a measurement touches."""

    url: str
    vans: asyncio.subprocess.Process
    page: Page
    children: list[Child]

    async def ask(self, line: str) -> dict[str, Any]:
        assert self.vans.stdin is not None
        assert self.vans.stdout is not None
        self.vans.stdin.write(f"{line}\n".encode())
        said = await self.vans.stdout.readline()
        for child in self.children:
            assert child.is_running, f"{child.name} died: {child.log.read_text()[-800:]}"
        assert said, "the vans died"
        answer: dict[str, Any] = json.loads(said)
        return answer

    async def missing_on_page(self, last_ms: dict[str, int]) -> int:
        """Vans of which the page has not the last position; it has a moment for it."""

        def behind() -> int:
            return sum(self.page.newest_ms.get(site, 0) < at_ms for site, at_ms in last_ms.items())

        await eventually(lambda: behind() == 0, LAST_WITHIN_S)
        return behind()


async def _main() -> None:
    async with running_stack(["bench-0"], {}, OPERATOR) as stack:
        conditions = durable_database(stack.database_url)
        print(f"conditions: {json.dumps(conditions)}", flush=True)
        async with _bench(stack) as bench:
            await bench.ask(f"steady {WARM_UP_S}")
            before = await _stored(bench.url)
            bench.page.begin()
            cpu_s = -_cpu_s(stack, bench)
            steady = await bench.ask(f"steady {STEADY_S}")
            missing_on_page = await bench.missing_on_page(steady["last_ms"])
            cpu_s += _cpu_s(stack, bench)
            ages_s, told = list(bench.page.ages_s), bench.page.told
            missing = steady["fixes"] - (await _stored(bench.url) - before)
            vans = AGENTS + PHONES + TERMINALS
            print(f"  {steady['fixes']} fixes of {vans} vans, {told} on the page, {missing} not in the store", flush=True)
            before = await _stored(bench.url)
            flood = await bench.ask(f"flood {FLOOD_S}")
            flooded = await _stored(bench.url) - before
            missing += flood["fixes"] - flooded
            missing_on_page += await bench.missing_on_page(flood["last_ms"])
            print(f"  as fast as they are answered: {flooded / FLOOD_S:,.0f} fixes/s", flush=True)
    finish(
        {
            "bench": "positions",
            "vans": AGENTS + PHONES + TERMINALS,
            "fixes_per_s": round(steady["fixes"] / STEADY_S),
            "age_p50_s": round(percentile(ages_s, 0.5), 3),
            "age_p99_s": round(percentile(ages_s, 0.99), 3),
            # A position that a newer one of the same van overtook on its way to the page.
            "conflated": steady["fixes"] - told,
            "max_rate": round(flooded / FLOOD_S),
            "cpu_ms_per_fix": round(1000 * cpu_s / steady["fixes"], 2),
            "unanswered": steady["unanswered"] + flood["unanswered"],
            "missing": missing + missing_on_page,
            "conditions": conditions,
        },
        floors={"fixes_per_s": AGENTS + PHONES + TERMINALS},
        ceilings={"missing": 0, "unanswered": 0, "age_p99_s": 1.0},
    )


def _cpu_s(stack: Stack, bench: Bench) -> float:
    """Of ingest, positions and live, not of the database."""
    return sum(child.cpu_s() for child in (stack.ingest, *bench.children))


async def _stored(url: str) -> int:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        row = await (await connection.execute("SELECT count(*) FROM position")).fetchone()
    assert row is not None
    return int(row[0])


async def _enrol(url: str) -> tuple[str, list[str]]:
    """Every van, phone and terminal; an admin's session and the phones' tokens."""
    vans = [name_of(number) for number in range(AGENTS + PHONES + TERMINALS + FAST)]
    await asyncio.to_thread(relate, url, OPERATOR, *vans)
    now = datetime.now(UTC)
    tokens = [secrets.token_urlsafe(16) for _ in range(PHONES)]
    async with await connect_database(url, "bench") as connection, connection.transaction():
        for number, token in enumerate(tokens, AGENTS):
            wanted = Enrolment(OPERATOR, vans[number], TrackerProtocol.OSMAND, vans[number], False, token)
            assert await enrol(connection, wanted, now)
        for number in range(AGENTS + PHONES, len(vans)):
            terminal = str(10_000_000_000 + number)
            wanted = Enrolment(OPERATOR, vans[number], TrackerProtocol.JT808, vans[number], False, None, terminal)
            assert await enrol(connection, wanted, now)
        account = await add_account(
            connection, now, login="bench", password=secrets.token_hex(8), display_name="bench", role=Role.ADMIN
        )
        return (await open_session(connection, account)).token, tokens


@asynccontextmanager
async def _bench(stack: Stack) -> AsyncIterator[Bench]:
    token, tokens = await _enrol(stack.database_url)
    live_port, http_port, jt808_port = (find_free_port() for _ in range(3))
    broker_url = stack.broker_settings.url("cloud")
    environment = {
        **cloud_environment(stack.database_url, broker_url), "TUANTU_LIVE_PORT": str(live_port),
        "TUANTU_POSITIONS_PORT": str(http_port), "TUANTU_JT808_PORT": str(jt808_port),
    }  # fmt: skip
    children = [
        Child(name, [sys.executable, "-m", "cloud", name], stack.folder / f"{name}.log", environment, cwd=ROOT)
        for name in ("positions", "live")
    ]
    page = Page()
    try:
        for child in children:
            child.start()
        for port in (live_port, http_port, jt808_port):
            assert await eventually(lambda port=port: _answers(port), 30.0), f"nobody listens on port {port}"
        settings = {"agents": AGENTS, "terminals": TERMINALS, "fast": FAST, "http": http_port, "jt808": jt808_port}
        vans = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.positions_vans", json.dumps(settings), json.dumps(tokens),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env=environment, limit=1024 * 1024,
        )  # fmt: skip
        try:
            assert vans.stdout is not None
            assert await vans.stdout.readline() == b"ready\n"
            async with connect(f"ws://127.0.0.1:{live_port}/live", compression=None, max_size=None) as line:
                await line.send(json.dumps({"type": "hello", "token": token}))
                await line.send(json.dumps({"type": "subscribe", "rooms": [{"room": vans_room(OPERATOR), "cursor": 0}]}))
                listening = asyncio.create_task(page.listen(line))
                yield Bench(stack.database_url, vans, page, children)
                listening.cancel()
        finally:
            if vans.returncode is None:
                vans.kill()
            await vans.wait()
    finally:
        for child in reversed(children):
            child.kill()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    asyncio.run(_main())


if __name__ == "__main__":
    main()
