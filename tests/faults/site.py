"""A station of a schedule: the real agent on a card that can fail, a scanner on a pty, a person who scans until it is booked."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
import msgspec

from edge.wire.clock import TownTime, encode_town
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError
from tests.conftest import find_free_port
from tests.faults.agent import put_back
from tests.faults.ledger import Ledger
from tests.faults.processes import FAULT_STEP, Child
from tests.faults.stack import ROOT, Stack

OPERATOR = "op-faults"
PATIENCE_S = 2.0  # without a beep a person scans again; sooner it would count as the same act (edge.rules.debounce)
AT_ONCE = 8  # labels scanned before looking up at the page
_BEFORE = {"received": ("received before",), "released": ("handed out before", "already_released")}
BOOKED = {"received": "parcel_received", "released": "parcel_released"}


class _Scan(msgspec.Struct):
    text: str
    kind: str
    detail: str = ""

    def says_booked(self, booked_as: str) -> bool:
        """Now, or before: then the beep was lost, and it is scanned a second time."""
        return self.kind == booked_as or (self.kind == "repeated" and self.detail.startswith(_BEFORE[booked_as]))


class _Scans(msgspec.Struct):
    scans: list[_Scan]


@dataclass
class Site:
    """``machine`` is its board's serial number; ``is_warm``: as of `Child`."""

    stack: Stack
    site: str
    folder: Path
    machine: str
    random: Random
    mutant: str = ""
    devices: str = ""  # more tables of its file
    port: int = field(default_factory=find_free_port)
    clock_offset_ms: int = 0
    mode: str = "receive"  # what the person works in
    is_warm: bool = False

    def __post_init__(self) -> None:
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        self.scanner = SimulatedScanner(self.folder / "scanner", self.random)
        self.set_clock(0)
        config = self.folder / "site.toml"
        config.write_text(self._toml())
        mutant = ["--mutant", self.mutant] if self.mutant else []
        self.agent = Child(
            f"agent {self.machine}",
            [sys.executable, "-m", "tests.faults.agent", str(self.folder), "run", "--config", str(config), *mutant],
            self.folder / "agent.log",
            cwd=ROOT,
            is_warm=self.is_warm,
        )
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=5.0)

    def _toml(self) -> str:
        text = json.dumps  # a JSON string is a TOML string
        return f"""\
data_dir = {text(str(self.folder / "data"))}
machine_id = {text(self.machine)}
[site]
operator = {text(OPERATOR)}
id = {text(self.site)}
[broker]
url = {text(f"mqtt://127.0.0.1:{self.stack.proxy.port}")}
username = {text(self.site)}
password = {text(self.stack.broker_settings.logins[self.site])}
[http]
port = {self.port}
cabinet_kiosk = {text(bool(self.devices))}
[clock]
town_file = {text(str(self.folder / "clock.json"))}
[[scanner]]
name = "scanner-1"
port = {text(str(self.scanner.path))}
{self.devices}"""

    @property
    def database(self) -> Path:
        """The site's file, as the agent has it."""
        return self.folder / "data" / "site.db"

    def set_clock(self, offset_ms: int) -> None:
        """The wall clock jumps: to so much ahead of the true time."""
        self.clock_offset_ms = offset_ms
        now_ms = max(0, int(time.time() * 1000) + offset_ms)
        fresh = self.folder / "clock.new"
        fresh.write_bytes(encode_town(TownTime(now_ms, time.monotonic(), 1.0, "")))
        fresh.replace(self.folder / "clock.json")

    def start(self, dies_at: str = "") -> None:
        self.agent.start(**({FAULT_STEP: dies_at} if dies_at else {}))

    def cut_power(self) -> None:
        """The agent is gone, and so is everything that was not synced."""
        self.agent.kill()
        put_back(self.folder)

    def put_card(self, data: Path) -> None:
        """Another card, or this one as it was: a copy of its data folder. The agent is dead."""
        shutil.rmtree(self.folder / "data")
        shutil.rmtree(self.folder / "platter")
        shutil.copytree(data, self.folder / "data")

    def fill_card(self, room_bytes: int) -> None:
        (self.folder / "full").write_text(str(room_bytes))

    def empty_card(self) -> None:
        (self.folder / "full").unlink(missing_ok=True)

    async def close(self) -> None:
        await self.agent.stop()
        self.scanner.unplug()
        await self.http.aclose()

    async def until_up(self, timeout_s: float = 60.0) -> None:
        """The page answers."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            try:
                (await self.http.get("/api/status")).raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
            else:
                return
        raise RuntimeError(f"{self.agent.name} does not come up: {self.log_tail()}")

    async def until_in_force(self, manifest_version: int, timeout_s: float = 60.0) -> None:
        """The page knows the day."""
        deadline_s = time.monotonic() + timeout_s
        while (await self.http.get("/api/day")).raise_for_status().json()["version"] != manifest_version:
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"{self.agent.name} has no manifest: {self.log_tail()}")
            await asyncio.sleep(0.05)

    def log_tail(self) -> str:
        return self.agent.log.read_text(errors="replace")[-2000:]

    async def waiting(self) -> int:
        """How many sealed event batches wait for the cloud; -1 where the agent does not answer."""
        try:
            status = (await self.http.get("/api/status")).json()
        except httpx.HTTPError:
            return -1
        return int(status["queue"]["event"]["unsent"])

    async def recent(self) -> list[_Scan]:
        """What the page shows of the last scans; nothing where the agent does not answer."""
        try:
            answer = await self.http.get("/api/scans", params={"limit": 100})
            answer.raise_for_status()
        except httpx.HTTPError:
            return []
        return msgspec.json.decode(answer.content, type=_Scans).scans

    async def set_mode(self, mode: str) -> None:
        """Until the agent says so: it may be dead at the moment."""
        self.mode = mode
        while True:
            try:
                (await self.http.post("/api/mode", json={"mode": mode})).raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return


@dataclass
class Person:
    """Scans labels in a mode until the page says of each that it is booked."""

    site: Site
    ledger: Ledger
    done: int = 0
    refused: list[str] = field(default_factory=list)
    hands: asyncio.Lock = field(default_factory=asyncio.Lock)  # held: the person waits
    may_go_on: Callable[[], bool] = lambda: True  # looked at before each handful of labels

    async def scan_all(self, labels: Sequence[str], booked_as: str) -> None:
        for start in range(0, len(labels), AT_ONCE):
            while not self.may_go_on():
                await asyncio.sleep(0.02)
            async with self.hands:
                await self._scan(labels[start : start + AT_ONCE], booked_as)

    async def _scan(self, labels: Sequence[str], booked_as: str) -> None:
        left = list(labels)
        while left:
            for label in left:
                self.ledger.scans += 1
                await self._pull_trigger(label)
            patience_until_s = time.monotonic() + PATIENCE_S
            while left and time.monotonic() < patience_until_s:
                for scan in await self.site.recent():
                    if scan.text in left and scan.kind == "wrong_site":
                        left.remove(scan.text)
                        self.refused.append(scan.text)
                    elif scan.text in left and scan.says_booked(booked_as):
                        left.remove(scan.text)
                        self.ledger.tell(BOOKED[booked_as], scan.text)
                        self.done += 1
                await asyncio.sleep(0.01 if left else 0.0)

    async def _pull_trigger(self, label: str) -> None:
        try:
            await asyncio.to_thread(self.site.scanner.scan, label)
        except (TimeoutError, UnpluggedError):
            await asyncio.sleep(0.1)  # nobody reads: scanned again after a while
