"""A whole small chain for a browser: cloud processes, one station's agent with a scanner on a pseudo-terminal.

Everything is real and on this machine; all of it is killed at the end.
"""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

from cloud.auth.accounts import add_account
from cloud.domain.scope import Role
from cloud.onebox.town_time import TOWN_ZONE
from cloud.store.pool import connect
from firmware_sim.scanner import SimulatedScanner
from tests.conftest import TestBroker, find_free_port
from tests.faults.processes import Child

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dashboards" / "dist"
OPERATOR = "e2e-operator"
START_S = 40.0

T = TypeVar("T")
TownT = TypeVar("TownT", bound="Town")


def until(look: Callable[[], T], what: str, timeout_s: float = 20.0) -> T:
    """Poll with a deadline; the first true answer."""
    deadline_s = time.monotonic() + timeout_s
    while not (answer := look()):
        assert time.monotonic() < deadline_s, f"not in {timeout_s:.0f} s: {what}"
        time.sleep(0.02)
    return answer


@dataclass(slots=True)
class Order:
    """An order of the town, with its resident's link."""

    external_id: str
    url: str
    labels: Sequence[str]


class Town:
    """Made by ``running_town``. ``kind``: of the site whose agent runs."""

    kind = "station"

    def __init__(self, folder: Path, database_url: str, broker: TestBroker, more: Mapping[str, str] | None = None) -> None:
        """``more``: of the processes' environment."""
        self.site = f"e2e-{secrets.token_hex(3)}"
        self.password = secrets.token_hex(8)
        self.broker = broker
        self.agents_broker_port = broker.port  # or of a wire to it that can be cut
        self.database_url = database_url
        self.folder = folder
        api_port, live_port, self.agent_port = find_free_port(), find_free_port(), find_free_port()
        self.url = f"http://127.0.0.1:{api_port}"
        self.agent_url = f"http://127.0.0.1:{self.agent_port}"
        self._live_port = live_port
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TUANTU_")},
            "TUANTU_DATABASE_URL": database_url,
            "TUANTU_BROKER_URL": broker.url,
            "TUANTU_SECRET": secrets.token_hex(32),
            "TUANTU_HTTP_PORT": str(api_port),
            "TUANTU_LIVE_PORT": str(live_port),
            "TUANTU_PUBLIC_URL": self.url,
            "TUANTU_LIVE_URL": f"ws://127.0.0.1:{live_port}",
            "TUANTU_PAGES_DIR": str(DIST),
            **(more or {}),
        }
        self.api = self.child("api", "cloud", "api")
        self.live = self.child("live", "cloud", "live")
        self.ingest = self.child("ingest", "cloud", "ingest")
        self.agent = self.child("agent", "edge", "run", "--config", str(folder / "site.toml"))
        self.scanner = SimulatedScanner(folder / "scanner", Random(1))
        self.http = httpx.Client(base_url=self.url, timeout=20.0)
        self._orders = 0

    @property
    def children(self) -> Sequence[Child]:
        return (self.api, self.live, self.ingest, self.agent)

    def child(self, name: str, *argv: str) -> Child:
        """A process of the town, not started."""
        return Child(name, [sys.executable, "-m", *argv], self.folder / f"{name}.log", self._environment, cwd=ROOT, is_warm=True)

    def wait_for(self, child: Child, url: str) -> None:
        """Until it answers HTTP at all."""

        def answers() -> bool:
            assert child.is_running, f"{child.name} died: {child.log.read_text(errors='replace')[-1500:]}"
            try:
                return self.http.get(url, timeout=2.0).status_code > 0
            except httpx.TransportError:
                return False

        until(answers, f"{child.name} answers", START_S)

    def start_agent(self) -> None:
        self.agent.start()
        self.wait_for(self.agent, f"{self.agent_url}/api/status")

    def start_cloud(self) -> None:
        """What of it does not run, all at once."""
        for child in (self.api, self.live, self.ingest):
            if not child.is_running:
                child.start()
        self.wait_for(self.api, f"{self.url}/health")
        self.wait_for(self.live, f"http://127.0.0.1:{self._live_port}/")

    async def add_admin(self) -> None:
        """As ``python -m cloud account add`` does."""
        async with await connect(self.database_url, "town") as connection:
            await add_account(
                connection, datetime.now(UTC), login="admin", password=self.password, display_name="管理员", role=Role.ADMIN
            )  # fmt: skip

    async def add_staff(self) -> None:
        """Somebody of the station, with the same password."""
        async with await connect(self.database_url, "town") as connection:
            await add_account(
                connection, datetime.now(UTC), login="staff", password=self.password, display_name="陈姐", role=Role.STAFF,
                operator_id=OPERATOR, site_ids=(self.site,),
            )  # fmt: skip

    def prepare(self) -> None:
        """The station's file."""
        (self.folder / "site.toml").write_text(
            f"""
data_dir = "{self.folder / "station"}"

[site]
operator = "{OPERATOR}"
id = "{self.site}"
kind = "{self.kind}"
name = "阳光花园自提点"

[broker]
url = "mqtt://{self.broker.host}:{self.agents_broker_port}"
username = "{self.broker.username}"
password = "{self.broker.password}"

[http]
port = {self.agent_port}
pages_dir = "{DIST}"

[[scanner]]
name = "scanner-1"
port = "{self.scanner.path}"
""",
            encoding="utf-8",
        )

    def register(self) -> None:
        """An admin; an operator and a station through the same doors as real ones."""
        with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one
            thread.submit(lambda: asyncio.run(self.add_admin())).result()
        self.ask("POST", "/api/login", {"login": "admin", "password": self.password})
        self.ask("POST", "/api/operators", {"id": OPERATOR, "name": "示例运营"})
        self.ask(
            "POST",
            "/api/sites",
            {
                "id": self.site, "kind": self.kind, "name": "阳光花园自提点", "address": "滨湖新区云谷路 218 号 3 栋底商",
                "operators": [OPERATOR],
            },
        )  # fmt: skip

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request as the admin; its answer must be a success."""
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    @contextmanager
    def positions(self) -> Iterator[str]:
        """Hears phones, and says when vans come. Yields the address at which they speak."""
        http = find_free_port()
        child = self.child("positions", "cloud", "positions")
        child.start(TUANTU_POSITIONS_PORT=str(http), TUANTU_JT808_PORT="0")
        try:
            self.wait_for(child, f"http://127.0.0.1:{http}/health")
            yield f"http://127.0.0.1:{http}"
        finally:
            child.kill()

    def phone(self, van: str, name: str = "手机") -> str:
        """A new phone in a van, which speaks as OsmAnd does. Its token."""
        phone = {"operator": OPERATOR, "vehicle": van, "protocol": "osmand", "name": name, "is_personal": False}
        return phone_of(self.ask("POST", "/api/trackers", phone)["set_ups"][0]["link"])

    def order(self, site: str = "", leader: str | None = None) -> Order:
        """A new order of two parcels, ambient and chilled. ``site``: the station it is for, where that is not the agent's."""
        self._orders += 1
        external_id = f"E{self._orders:04d}"
        lines = [
            {"sku": "ginger", "name": "云南小黄姜 500g", "quantity": 1, "zone": "ambient"},
            {"sku": "rice", "name": "五常大米 5kg", "quantity": 2, "zone": "ambient"},
            {"sku": "milk", "name": "鲜牛奶 950ml", "quantity": 2, "zone": "chilled"},
        ]
        order = {
            "external_id": external_id, "site": site or self.site, "pickup_date": today(),
            "resident": {"name": "李雷", "phone": "13812345678"}, "lines": lines, "leader": leader,
        }  # fmt: skip
        report = self.ask("POST", f"/api/operators/{OPERATOR}/orders", [order])
        assert report["created"] == 1, report
        seen = self.ask("GET", f"/api/operators/{OPERATOR}/orders/{external_id}")
        link = self.ask("POST", f"/api/operators/{OPERATOR}/orders/{external_id}/link")
        return Order(external_id, link["url"], [parcel["id"] for parcel in seen["order"]["parcels"]])


def today() -> str:
    """Of the operator, which is not that of UTC between midnight there and eight."""
    return datetime.now(TOWN_ZONE).date().isoformat()


def phone_of(link: str) -> str:
    """The token of a phone that was set up by a link."""
    return parse_qs(urlsplit(link).query)["id"][0]


def say_place(at: str, token: str, lon: float, lat: float = 31.2) -> None:
    """A phone says where it is. ``at``: as ``Town.positions`` yields it."""
    said = httpx.get(f"{at}/?id={token}&lat={lat}&lon={lon}&batt=87", timeout=20)
    assert said.status_code == 200, said.text


@contextmanager
def running_town(folder: Path, database_url: str, broker: TestBroker) -> Iterator[Town]:
    """Everything runs inside the block."""
    with running(Town(folder, database_url, broker)) as town:
        yield town


@contextmanager
def running(town: TownT) -> Iterator[TownT]:
    """The same for a town of another kind."""
    with running_cloud(town):
        town.start_agent()
        yield town


@contextmanager
def running_cloud(town: TownT) -> Iterator[TownT]:
    """All but the agent, which whoever asks for this starts."""
    town.prepare()
    try:
        with town.scanner, town.http:
            town.start_cloud()
            town.register()
            yield town
    finally:
        for child in reversed(town.children):
            child.kill()
