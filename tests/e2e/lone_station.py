"""A station's agent by itself, with simulated devices that live in a loop of their own, for tests of its page in a browser.

No cloud: the broker is there, and nobody behind it.
"""

import asyncio
import hashlib
import secrets
import sys
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from edge.config import load, machine_id
from edge.outbox import Outbox, StoreSettings
from edge.site_clock import SiteClock
from edge.station.manifests import ManifestBook
from edge.station.schema import FILE_VERSIONS
from edge.station.station import Station
from edge.wire.clock import WallClock
from edge.wire.ids import parse_epoch
from edge.wire.manifest import Manifest, encode_manifest
from tests.conftest import TestBroker, find_free_port
from tests.e2e.town import DIST, ROOT, START_S, until
from tests.faults.processes import Child

NAME_ON_THE_LAN = "pickup.test"  # by which a browser asks as from another machine: no secure context

T = TypeVar("T")


@dataclass(slots=True)
class LoneStation:
    """Made by ``lone_station``."""

    site: str
    file: Path
    port: int
    agent: Child
    is_secure: bool

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url_on_the_lan(self) -> str:
        return f"http://{NAME_ON_THE_LAN}:{self.port}"

    @property
    def secure_url_on_the_lan(self) -> str:
        return f"https://{NAME_ON_THE_LAN}:{self.port}"

    def start(self) -> None:
        self.agent.start()
        url = f"https://127.0.0.1:{self.port}" if self.is_secure else self.url
        with httpx.Client(base_url=url, timeout=2.0, verify=False) as http:

            def answers() -> bool:
                assert self.agent.is_running, f"the agent died: {self.agent.log.read_text(errors='replace')[-1500:]}"
                try:
                    return http.get("/api/status").is_success
                except httpx.TransportError:
                    return False

            until(answers, "the agent answers", START_S)


@contextmanager
def lone_station(
    folder: Path,
    broker: TestBroker,
    tables: str = "",
    make_day: Callable[[str], Manifest] | None = None,
    https: str = "",
    pages: Path = DIST,
) -> Iterator[LoneStation]:
    """Everything runs inside the block. ``tables``: devices; ``make_day``: the manifest of a site; ``https``: lines of [http]."""
    site, port = f"lone-{secrets.token_hex(3)}", find_free_port()
    file = folder / "site.toml"
    file.write_text(
        f"""
data_dir = "{folder / "station"}"
[site]
operator = "lone-operator"
id = "{site}"
name = "阳光花园自提点"
[broker]
url = "mqtt://{broker.host}:{broker.port}"
username = "{broker.username}"
password = "{broker.password}"
[http]
port = {port}
pages_dir = "{pages}"
names = ["{NAME_ON_THE_LAN}"]
{https}
{tables}
""",
        encoding="utf-8",
    )
    agent = Child(
        "agent", [sys.executable, "-m", "edge", "run", "--config", str(file)], folder / "agent.log", cwd=ROOT, is_warm=True
    )
    station = LoneStation(site, file, port, agent, https != "")
    if make_day is not None:
        put_day(file, make_day(site))
    try:
        station.start()
        yield station
    finally:
        agent.kill()


def put_day(file: Path, manifest: Manifest) -> None:
    """Into the site's own file as if it had been fetched, while the agent is not running."""
    config = load(file)
    clock = WallClock(time.time)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    settings = StoreSettings(
        path=config.database,
        site=config.site_id,
        machine=machine_id(config),
        new_uuid=lambda: parse_epoch(str(uuid.uuid4())),
        versions=FILE_VERSIONS,
    )
    body = encode_manifest(manifest)

    async def apply() -> None:
        async with Outbox(settings, clock.now_ms) as outbox:
            site_clock = SiteClock(clock, time.monotonic, lambda: True, 0)
            book = ManifestBook(Station(config.site_id, outbox, site_clock, [], time.monotonic), outbox)
            await book.load()
            await book.apply(body, hashlib.sha256(body).hexdigest(), clock.now_ms())

    with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one
        thread.submit(lambda: asyncio.run(apply())).result()


class Devices:
    """A loop in a thread of its own, for simulators whose test is not asynchronous."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def do(self, what: Callable[[], T]) -> T:
        """In the loop's thread."""

        async def call() -> T:
            return what()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(10.0)

    def run(self, part: Coroutine[Any, Any, None]) -> None:
        """For as long as the devices live."""
        asyncio.run_coroutine_threadsafe(part, self._loop)


@contextmanager
def living_devices() -> Iterator[Devices]:
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def live() -> None:
        over = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), over))
        await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(live(),), daemon=True)
    thread.start()
    loop, over = ready.result(10.0)
    try:
        yield Devices(loop)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10.0)
