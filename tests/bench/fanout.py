"""Deliveries a second of the real gateway ÷ bare ``websockets.broadcast``, and what fifty clients that never read cost the others,
from their first frame until the gateway has given up on them.

1,000 sockets in 50 rooms; a tick is one distinct message in each room. Gateway: a publisher commits the tick to PostgreSQL and
hints over MQTT, the gateway fetches, encodes and sends. Bare: encode and broadcast, nothing else. Same process, same server
settings, same clients (in a process of their own), same number of ticks under way; in turn. Nothing may be conflated: a tick is
committed only once the one before it has been handed over, and the clients count frames that hold two.
"""

import asyncio
import contextlib
import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, broadcast, serve

from cloud.auth.accounts import add_account
from cloud.auth.links import LinkSigner
from cloud.auth.sessions import open_session
from cloud.domain.order import iso
from cloud.domain.rooms import site_room
from cloud.domain.scope import Role
from cloud.live import frames, notices
from cloud.live.gateway import Gateway
from cloud.live.meters import LiveMeters
from cloud.live.reading import Reading
from cloud.live.rooms import Delivery
from cloud.onebox import postgres as onebox_postgres
from cloud.store.migrate import migrate
from cloud.store.pool import connect, open_pool
from edge.wire.clock import WallClock
from tests.bench.conditions import durable_database, finish, percentile
from tests.conftest import TestBroker, find_free_port, reachable_folder, run_broker

ROOMS = [site_room(f"bench-{number:02d}") for number in range(50)]
A_ROOM = 20
SOCKETS = len(ROOMS) * A_ROOM
BODY_BYTES = 300
ROUNDS = int(os.environ.get("ROUNDS", "3"))
ROUND_S = float(os.environ.get("ROUND_S", "6"))
# Ticks the clients may be behind: enough that nobody idles, few enough that no buffer of a healthy client grows large.
UNDER_WAY = 4
GUESTS = 50  # in the rooms beside the others, for the time of a phase
SLOW_PHASES = 3  # each way
SLOW_TICKS = 24
SLOW_TICK_S = 0.25  # a tenth of what the machine can do, so that a delay is a delay and no queue
FLOODS_A_TICK = 8  # so that a deaf client's buffers, some megabytes, are full within a phase
FLOOD_BYTES = 20_000
FLOOD_ROOM = site_room("flood")


class WatchedGateway(Gateway):
    """The gateway itself; tells how many sockets it has handed a tick's frames to."""

    handed_over = 0
    on_handed_over: Callable[[], None] = staticmethod(lambda: None)

    def _hand_over(self, delivery: Delivery[Any]) -> int:
        count = super()._hand_over(delivery)
        if FLOOD_ROOM.encode() not in delivery.frame[:200]:
            self.handed_over += count
            self.on_handed_over()
        return count


@dataclass(slots=True)
class Clients:
    """The client process: how far each side is, and the medians it reports."""

    process: asyncio.subprocess.Process
    done: dict[str, int] = field(default_factory=lambda: {"gateway": -1, "bare": -1})
    medians_ms: dict[int, float] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    last: str = ""

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            match line.decode().split():
                case [("gateway" | "bare") as side, tick, median]:
                    async with self.changed:
                        self.done[side] = max(self.done[side], int(tick))
                        if side == "gateway":
                            self.medians_ms[int(tick)] = float(median)
                        self.changed.notify_all()
                case ["missing", *_]:
                    self.last = line.decode()

    async def reached(self, side: str, tick: int) -> None:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: self.done[side] >= tick)

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())


@dataclass(slots=True)
class Publisher:
    """The publisher process."""

    process: asyncio.subprocess.Process

    async def commit(self, tick: int, size: int, rooms: Sequence[str], *, timed: bool = False) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{tick} {size} {'timed' if timed else 'plain'} {' '.join(rooms)}\n".encode())
        assert (await self.process.stdout.readline()).strip() == str(tick).encode()


@dataclass(slots=True)
class Bench:
    """Everything a measurement touches."""

    gateway: WatchedGateway
    clients: Clients
    publisher: Publisher
    bare: dict[str, list[ServerConnection]]
    live_port: int
    handed_over: asyncio.Event
    next_tick: dict[str, int] = field(default_factory=lambda: {"gateway": 0, "bare": 0})
    cpu_s: dict[str, float] = field(default_factory=lambda: {"gateway": 0.0, "bare": 0.0})
    deliveries: dict[str, int] = field(default_factory=lambda: {"gateway": 0, "bare": 0})

    async def run_gateway(self) -> float:
        began_s, first = time.monotonic(), self.next_tick["gateway"]
        self.cpu_s["gateway"] -= time.process_time()
        tick = first
        while time.monotonic() - began_s < ROUND_S:
            await self.clients.reached("gateway", tick - UNDER_WAY)
            await self.publisher.commit(tick, BODY_BYTES, ROOMS)
            tick += 1
            await self._handed_over(tick)
        return await self._rate("gateway", first, tick, began_s)

    async def _handed_over(self, ticks: int) -> None:
        """So many ticks, to each socket."""
        while self.gateway.handed_over < ticks * SOCKETS:
            self.handed_over.clear()
            await self.handed_over.wait()

    async def run_bare(self) -> float:
        began_s, first = time.monotonic(), self.next_tick["bare"]
        self.cpu_s["bare"] -= time.process_time()
        tick = first
        at = iso(time.time_ns() // 1_000_000)
        while time.monotonic() - began_s < ROUND_S:
            await self.clients.reached("bare", tick - UNDER_WAY)
            for room in ROOMS:
                body = json.dumps({"text": "x" * BODY_BYTES})
                news = [frames.Entry(f"m/{tick:06d}", tick, at, body)]
                broadcast(self.bare[room], frames.entries(room, tick, news, snapshot=False), text=True)
            tick += 1
            await asyncio.sleep(0)
        return await self._rate("bare", first, tick, began_s)

    async def _rate(self, side: str, first: int, tick: int, began_s: float) -> float:
        await self.clients.reached(side, tick - 1)
        self.next_tick[side] = tick
        self.cpu_s[side] += time.process_time()
        self.deliveries[side] += (tick - first) * SOCKETS
        return (tick - first) * SOCKETS / (time.monotonic() - began_s)

    async def delays_ms(self, *, deaf: bool, phase: int) -> list[float]:
        """From before the commit to the page, at a steady pace, while fifty guests are written to: of each tick the median page's.

        They read what they are sent, or they are deaf: then their buffers fill up meanwhile, and the gateway gives up on each.
        """
        self.clients.tell(f"{'deaf' if deaf else 'eager'} {self.live_port} {GUESTS}")
        first = self.next_tick["gateway"]
        for tick in range(first, first + SLOW_TICKS):
            await self.publisher.commit(tick, BODY_BYTES, ROOMS, timed=True)
            await self.clients.reached("gateway", tick)
            for flood in range(FLOODS_A_TICK):
                await asyncio.sleep(SLOW_TICK_S / FLOODS_A_TICK)
                await self.publisher.commit(
                    500_000 + 10_000 * phase + FLOODS_A_TICK * (tick - first) + flood, FLOOD_BYTES, [FLOOD_ROOM]
                )
        self.next_tick["gateway"] = first + SLOW_TICKS
        given_up = len(self.gateway._lagging.sockets)
        assert given_up == (GUESTS if deaf else 0), f"{given_up} of {GUESTS} are behind"
        self.clients.tell("leave")
        while self.gateway._lagging.sockets:
            await asyncio.sleep(0.02)
        return [self.clients.medians_ms[tick] for tick in range(first, first + SLOW_TICKS)]


async def _main() -> None:
    with reachable_folder() as folder, run_broker(os.environ.get("BROKER")) as broker, _database(folder) as url:
        conditions = durable_database(url)
        print(f"conditions: {json.dumps(conditions)}", flush=True)
        async with _bench(url, broker) as bench:
            rates: dict[str, list[float]] = {"gateway": [], "bare": []}
            for turn in range(ROUNDS):
                order = ("gateway", "bare") if turn % 2 == 0 else ("bare", "gateway")
                for side in order:
                    rates[side].append(await (bench.run_gateway() if side == "gateway" else bench.run_bare()))
                    print(f"  round {turn + 1}/{ROUNDS}  {side:8s} {rates[side][-1]:10,.0f} deliveries/s", flush=True)
            found: dict[bool, list[list[float]]] = {False: [], True: []}
            for phase in range(2 * SLOW_PHASES):
                # In the order reads, deaf, deaf, reads, …: the machine's other work falls on both.
                deaf = phase % 4 in (1, 2)
                delays_ms = await bench.delays_ms(deaf=deaf, phase=phase)
                found[deaf].append(delays_ms)
                print(
                    f"  {GUESTS} clients more that {'never read' if deaf else 'read'}: {statistics.median(delays_ms):.2f} ms",
                    flush=True,
                )
            bench.clients.tell("quit")
            await bench.clients.process.wait()
            await asyncio.sleep(0.1)
            _, missing, _, combined = bench.clients.last.split()
    finish(
        {
            "bench": "fanout",
            "sockets": SOCKETS,
            "rooms": len(ROOMS),
            "deliveries_per_s": round(statistics.median(rates["gateway"])),
            "bare_per_s": round(statistics.median(rates["bare"])),
            "ratio": round(statistics.median(a / b for a, b in zip(rates["gateway"], rates["bare"], strict=True)), 3),
            # Of this process alone, which is steadier than wall time on a busy machine.
            "cpu_us_per_delivery": round(1e6 * bench.cpu_s["gateway"] / bench.deliveries["gateway"], 1),
            "bare_cpu_us_per_delivery": round(1e6 * bench.cpu_s["bare"] / bench.deliveries["bare"], 1),
            "slow_clients": GUESTS,
            "slow_clients_delay_ms": _costs_ms(found, 0.5),
            "slow_clients_delay_p90_ms": _costs_ms(found, 0.9),
            "missing": int(missing),
            "conflated": int(combined),
            "broker": broker.kind,
            "conditions": conditions,
        },
        floors={"ratio": 0.6},
        ceilings={"missing": 0, "conflated": 0, "slow_clients_delay_ms": 5.0},
    )


def _costs_ms(found: dict[bool, list[list[float]]], share: float) -> float:
    """What deafness adds to this percentile of the ticks; in the median of neighbouring phases, which had the same machine."""
    pairs = zip(found[True], found[False], strict=True)
    return round(max(0.0, statistics.median(percentile(deaf, share) - percentile(reads, share) for deaf, reads in pairs)), 2)


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[str]:
    named = os.environ.get("DATABASE_URL")
    if named:
        migrate(named)
        yield named
        return
    server = onebox_postgres.prepare(folder / "postgres", secrets.token_hex(8), find_free_port())
    with onebox_postgres.running(server):
        onebox_postgres.create_database(server)
        migrate(server.url())
        yield server.url()


@asynccontextmanager
async def _bench(url: str, broker: TestBroker) -> AsyncIterator[Bench]:
    clock = WallClock(time.time)
    now = datetime.now(UTC)
    async with await connect(url, "bench") as connection, connection.transaction():
        account = await add_account(
            connection,
            now,
            login=f"bench-{secrets.token_hex(4)}",
            password=secrets.token_hex(8),
            display_name="bench",
            role=Role.ADMIN,
        )
        token = (await open_session(connection, account)).token
        await connection.execute("DELETE FROM room WHERE name = ANY(%s)", [[*ROOMS, FLOOD_ROOM]])
        await connection.execute("DELETE FROM room_entry WHERE room = ANY(%s)", [[*ROOMS, FLOOD_ROOM]])
    bare: dict[str, list[ServerConnection]] = {room: [] for room in ROOMS}

    async def hear(connection: ServerConnection) -> None:
        await connection.recv()
        room = json.loads(await connection.recv())["rooms"][0]["room"]
        bare[room].append(connection)
        await connection.send(frames.entries(room, 0, [], snapshot=True), text=True)
        await connection.wait_closed()

    async with open_pool(url, "live", max_size=4) as pool:
        reading = Reading(pool, LinkSigner(SecretStr("-" * 32), clock), clock)
        gateway = WatchedGateway(reading, clock, LiveMeters())
        handed_over = asyncio.Event()
        gateway.on_handed_over = handed_over.set
        async with (
            notices.listening(broker.url, gateway.hint),
            gateway.listening("127.0.0.1", 0) as live,
            serve(hear, "127.0.0.1", 0, compression=None, ping_interval=None) as bare_server,
        ):
            ports = {"gateway": _port(live), "bare": _port(bare_server)}
            moving = asyncio.create_task(gateway.run())
            clients = Clients(await _start("fanout_clients", json.dumps(ports), token, json.dumps(ROOMS), str(A_ROOM)))
            publisher = Publisher(await _start("fanout_publisher", url, json.dumps(_login(broker))))
            assert clients.process.stdout is not None
            assert await clients.process.stdout.readline() == b"ready\n"
            listening = asyncio.create_task(clients.read())
            try:
                yield Bench(gateway, clients, publisher, bare, ports["gateway"], handed_over)
            finally:
                for process in (clients.process, publisher.process):
                    if process.returncode is None:
                        process.kill()
                    await process.wait()
                for task in (moving, listening):
                    task.cancel()
                await asyncio.gather(moving, listening, return_exceptions=True)


def _login(broker: TestBroker) -> dict[str, str]:
    return {"host": broker.host, "port": str(broker.port), "username": broker.username, "password": broker.password}


def _port(server: object) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])  # type: ignore[attr-defined]


async def _start(name: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"tests.bench.{name}", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def main() -> None:
    asyncio.run(_main())


if __name__ == "__main__":
    main()
