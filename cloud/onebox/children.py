"""The one box's processes, as the supervisor is to start them: what each is told and how one knows that it is ready."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud.onebox import broker as onebox_broker
from cloud.onebox import postgres as onebox_postgres
from cloud.onebox.broker import Broker
from cloud.onebox.postgres import Server
from cloud.onebox.supervisor import Child

DOCK = "dock-0001"
WATCHED = 3  # of the town's stations: those with devices, whose pages people are shown


@dataclass(frozen=True, slots=True)
class TownSites:
    """Names of the town's sites on the broker: each may only publish under its own. ``all``: in the order of their pages' ports."""

    stations: tuple[str, ...]
    vans: tuple[str, ...]

    @classmethod
    def of(cls, stations: int, vans: int) -> "TownSites":
        return cls(tuple(f"st-{n:04d}" for n in range(1, stations + 1)), tuple(f"van-{n:04d}" for n in range(1, vans + 1)))

    @property
    def watched(self) -> tuple[str, ...]:
        return self.stations[:WATCHED]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.watched, DOCK, *self.vans, *self.stations[WATCHED:])


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything listens and how browsers and agents find it."""

    host: str  # what api and live listen on
    reachable: str  # the name a browser uses for it
    port: int
    live_port: int
    ingest_metrics: int
    live_metrics: int
    jobs_metrics: int
    positions_port: int  # where phones send to
    jt808_port: int
    agent_port: int

    @property
    def public_url(self) -> str:
        return f"http://{self.reachable}:{self.port}"

    @property
    def live_url(self) -> str:
        return f"ws://{self.reachable}:{self.live_port}/live"

    @property
    def inner_url(self) -> str:
        """The API from this machine."""
        return f"http://{loopback_of(self.host)}:{self.port}"


def loopback_of(host: str) -> str:
    """Where this machine reaches what listens on ``host``."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not bound


def listens(host: str, port: int) -> Callable[[], Awaitable[bool]]:
    """Ready when a TCP connection is taken."""

    async def ask() -> bool:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 1.0)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    return ask


def database(server: Server) -> Child:
    """PostgreSQL; SIGINT ends its clients and stops it in order, also when we are killed."""

    async def is_ready() -> bool:
        return await asyncio.to_thread(onebox_postgres.answers, server.url("postgres"))

    return Child(
        "database", server.argv, is_ready=is_ready, stop=signal.SIGINT, with_parent=signal.SIGINT, run_as=server.run_as,
        stop_timeout_s=30.0, folder=Path("/"),
    )  # fmt: skip


def broker(configured: Broker, root: Path) -> Child:
    """Mosquitto or iotcore."""
    return Child(
        "broker", configured.argv, is_ready=listens(configured.host, configured.port), run_as=configured.run_as,
        ready_timeout_s=20.0, stop_timeout_s=5.0,
        folder=root if configured.kind is onebox_broker.BrokerKind.IOTCORE else Path("/"),
    )  # fmt: skip


def cloud(root: Path, at: Addresses, shared: Mapping[str, str]) -> list[Child]:
    """Ingest, live, api, positions and jobs. Each gets the shared settings and its own metrics port."""

    def child(name: str, is_ready: Callable[[], Awaitable[bool]], **own: str) -> Child:
        return Child(name, [sys.executable, "-m", "cloud", name], {**shared, **own}, is_ready, folder=root)

    inner = loopback_of(at.host)
    return [
        child("ingest", listens("127.0.0.1", at.ingest_metrics), TUANTU_METRICS_PORT=str(at.ingest_metrics)),
        child("live", listens(inner, at.live_port), TUANTU_METRICS_PORT=str(at.live_metrics), TUANTU_LIVE_HOST=at.host),
        child("api", listens(inner, at.port), TUANTU_HTTP_HOST=at.host),
        child("positions", listens(inner, at.positions_port), TUANTU_HTTP_HOST=at.host),
        child("jobs", listens("127.0.0.1", at.jobs_metrics), TUANTU_METRICS_PORT=str(at.jobs_metrics)),
    ]


def town(root: Path, data: Path, at: Addresses, environment: Mapping[str, str], sites: TownSites) -> Child:
    """The simulator with its stations' agents. SIGTERM with us: it has children of its own to end."""
    argv = [sys.executable, "-m", "firmware_sim", "town", "--data", str(data)]
    # Those that somebody is shown; the small shops' come up beside.
    shown = len(sites.watched) + 1
    agents: Sequence[Callable[[], Awaitable[bool]]] = [listens(loopback_of(at.host), at.agent_port + n) for n in range(shown)]

    async def is_ready() -> bool:
        return all(await asyncio.gather(*(agent() for agent in agents)))

    return Child(
        "town", argv, environment, is_ready, stop_timeout_s=20.0, with_parent=signal.SIGTERM, ready_timeout_s=90.0, folder=root
    )
