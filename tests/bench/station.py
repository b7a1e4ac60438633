"""``make bench NAME=station``: a station's real agent at 10 scans a second, with everything a large station has.

The agent is a process of its own with a full site file: a scanner and a cabinet on pseudo-terminals, a relay board, twenty sensors,
a manifest of 600 claims, a staff page that looks on, broker, ingest and database behind it. Scans are written to the pty for
SECONDS; then what was scanned is compared, one by one, with what the agent's file, the broker and the database hold. Hand-outs are
timed from the request, or from the scan, until the answer that is on the disk: by code with its scrypt, by label through the pty.
"""

import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import httpx
import paho.mqtt.client as mqtt
import psutil
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from edge.station.ledger import thing_of
from edge.wire.clock import WallClock
from edge.wire.codec import decode_events
from edge.wire.envelope import Envelope
from edge.wire.ids import Lane, OperatorId, SiteId
from edge.wire.pickup import secret_key
from edge.wire.topics import uplink
from tests.bench.conditions import durable_database, file_system, finish, percentile
from tests.bench.station_day import BADGE, CODE_EVERY_S, Phase, Resident, StationDay, Thing, plan
from tests.bench.station_hardware import SENSORS, Hardware
from tests.conftest import find_free_port
from tests.faults.processes import Child
from tests.faults.stack import ROOT, Stack, running_stack
from tests.faults.voice import CloudVoice

SITE, OPERATOR = "bench-station", "op-bench"
SECONDS = float(os.environ.get("SECONDS", "300"))
SCANS_PER_S = 10
LOOK_AFTER_S = 0.25  # dashboards/shared/agent/station.ts
SLOTS_SHOWN = 8  # dashboards/pickup/ShelveList.vue
WATCH_S = 0.5  # between two looks at the agent's memory
LATE_S = 30.0  # a scan whose result has not come by then is missing
SETTLE_S = 60.0
# `python -m edge` as a station has it: requirements/edge.txt brings no rich, which structlog loads wherever it finds it.
AS_INSTALLED = "import runpy, sys; sys.modules['rich'] = None; runpy.run_module('edge', run_name='__main__', alter_sys=True)"
FACTS = ("container_signed", "container_opened", "parcel_received", "parcel_shelved", "parcel_released")


@dataclass(slots=True)
class Measured:
    """Milliseconds, and what was seen of the process."""

    code_ms: list[float] = field(default_factory=list)
    label_ms: list[float] = field(default_factory=list)
    scan_ms: list[float] = field(default_factory=list)
    rss_bytes: int = 0
    peak_rss_bytes: int = 0
    cpu_s: float = 0.0
    page_looks: int = 0
    is_synchronous: bool = False  # as the agent's own connection has it
    took_s: float = 0.0


class Tap:
    """All event batches of the site as the broker passes them on, each key once; how often one came again."""

    def __init__(self, stack: Stack) -> None:
        self._lock = threading.Lock()
        self._payloads: dict[tuple[str, int], bytes] = {}
        self.repeats = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="tap", protocol=mqtt.MQTTv5)
        self._client.username_pw_set("cloud", stack.broker_settings.logins["cloud"])
        topic = uplink(OperatorId(OPERATOR), SiteId(SITE), Lane.EVENT)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_message = self._hear
        self._client.connect(stack.broker_settings.host, stack.broker_settings.port)
        self._client.loop_start()

    def _hear(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        properties: Any = message.properties
        envelope = Envelope.parse(properties.UserProperty)
        key = (str(envelope.epoch), int(envelope.seq))
        with self._lock:
            self.repeats += key in self._payloads
            self._payloads[key] = bytes(message.payload)

    def things(self) -> Counter[Thing]:
        with self._lock:
            facts = [event.fact for payload in self._payloads.values() for event in decode_events(payload).events]
        return _of_interest((str(fact.__struct_config__.tag), thing_of(fact)) for fact in facts)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def main() -> None:
    asyncio.run(_main())


async def _main() -> None:
    kind = file_system(Path(tempfile.gettempdir()))
    day = await asyncio.to_thread(plan, SITE, OPERATOR, int(SECONDS * SCANS_PER_S), SECONDS)
    async with running_stack([SITE], {}, OPERATOR) as stack:
        conditions = durable_database(stack.database_url)
        folder = stack.folder / "station"
        folder.mkdir()
        tap = Tap(stack)
        with CloudVoice(stack.broker_settings, OPERATOR) as voice, Hardware(folder, WallClock(time.time)).plugged() as hardware:
            living = asyncio.create_task(hardware.run())
            agent = _agent(stack, folder, hardware)
            try:
                found, handed_out = await _measure(voice, hardware, agent, day)
                await agent.child.stop()
            finally:
                agent.child.kill()
                living.cancel()
                tap.close()
        held = {"file": _in_file(folder), "broker": tap.things(), "database": _in_database(stack.database_url)}
    wanted = day.expected + handed_out
    skipped = {place: sum((wanted - things).values()) for place, things in held.items()}
    doubled = {place: sum((things - wanted).values()) for place, things in held.items()}
    for place, things in held.items():
        for what, amiss in (("skipped", wanted - things), ("doubled", things - wanted)):
            for thing, count in list(amiss.items())[:10]:
                print(f"  {what} in {place}: {' '.join(thing)} ×{count}", flush=True)
    decisions = found.code_ms + found.label_ms
    result = {
        "bench": "station",
        "seconds": round(found.took_s),
        "scans": sum(len(phase.pulls) for phase in day.phases),
        "scans_per_s": round(sum(len(phase.pulls) for phase in day.phases) / found.took_s, 2),
        "facts": sum(wanted.values()),
        "skipped": sum(skipped.values()),
        "doubled": sum(doubled.values()),
        "where": {"skipped": skipped, "doubled": doubled},
        "sent_again": tap.repeats,
        "hand_outs_by_code": len(found.code_ms),
        "hand_outs_by_label": len(found.label_ms),
        "p50_ms": round(percentile(decisions, 0.5), 2),
        "p99_ms": round(percentile(decisions, 0.99), 2),
        "code_p50_ms": round(percentile(found.code_ms, 0.5), 2),
        "code_p99_ms": round(percentile(found.code_ms, 0.99), 2),
        "label_p50_ms": round(percentile(found.label_ms, 0.5), 2),
        "label_p99_ms": round(percentile(found.label_ms, 0.99), 2),
        "scan_p99_ms": round(percentile(found.scan_ms, 0.99), 2),
        "scrypt_ms": round(_scrypt_ms(day), 1),
        "rss_mb": round(found.rss_bytes / 1e6, 1),
        "peak_rss_mb": round(found.peak_rss_bytes / 1e6, 1),
        "cpu_share": round(found.cpu_s / found.took_s, 3),
        "sensors": SENSORS,
        "file_system": kind,
        "synchronous": "FULL" if found.is_synchronous else "less",
        "page_looks": found.page_looks,
        "conditions": conditions,
        "note": "this machine's figures; a Raspberry Pi's are unmeasured",
    }
    finish(
        result,
        floors={"scans_per_s": SCANS_PER_S * 0.98, "hand_outs_by_code": len(day.residents)},
        ceilings={"skipped": 0, "doubled": 0, "rss_mb": 120, "peak_rss_mb": 120, "cpu_share": 0.15},
    )


@dataclass(frozen=True, slots=True)
class Agent:
    """The process and its page."""

    child: Child
    page: str

    @property
    def process(self) -> psutil.Process:
        assert self.child._process is not None
        return psutil.Process(self.child._process.pid)


def _agent(stack: Stack, folder: Path, hardware: Hardware) -> Agent:
    port = find_free_port()
    config = folder / "site.toml"
    config.write_text(
        f"""\
data_dir = {json.dumps(str(folder / "data"))}
machine_id = "bench"
[site]
operator = "{OPERATOR}"
id = "{SITE}"
name = "阳光花园自提点"
[broker]
url = "mqtt://127.0.0.1:{stack.broker_settings.port}"
username = "{SITE}"
password = {json.dumps(stack.broker_settings.logins[SITE])}
[http]
port = {port}
{hardware.toml()}"""
    )
    argv = [sys.executable, "-c", AS_INSTALLED, "run", "--config", str(config)]
    return Agent(Child("agent", argv, folder / "agent.log", cwd=ROOT), f"127.0.0.1:{port}")


async def _measure(voice: CloudVoice, hardware: Hardware, agent: Agent, day: StationDay) -> tuple[Measured, Counter[Thing]]:
    """Run the day; the figures, and what was handed out by code."""
    agent.child.start()
    found = Measured()
    async with httpx.AsyncClient(base_url=f"http://{agent.page}", timeout=30.0) as http:
        await _until_ready(http, voice, agent, day)
        (await http.post("/api/log-in", json={"secret": BADGE})).raise_for_status()
        async with http.stream("GET", "/api/live", timeout=None) as live:
            listener = Listener()
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(listener.listen(live))
                looking = tasks.create_task(listener.look(http))
                watching = tasks.create_task(_watch(agent.process, found))
                cpu = agent.process.cpu_times()
                began_s = time.monotonic()
                handed_out = await _run(http, hardware, listener, day, found)
                found.took_s = time.monotonic() - began_s
                found.page_looks = listener.looks
                spent = agent.process.cpu_times()
                found.cpu_s = spent.user + spent.system - cpu.user - cpu.system
                found.peak_rss_bytes = _peak_rss_bytes(agent.process)
                listening.cancel()
                looking.cancel()
                watching.cancel()
        found.is_synchronous = (await http.get("/api/status")).json()["store"]["synchronous"]
        assert found.is_synchronous, "the agent's file is not synchronous=FULL"
        for _ in range(int(SETTLE_S)):
            if (await http.get("/api/status")).json()["queue"]["event"]["unsent"] == 0:
                break
            await asyncio.sleep(1.0)
    return found, handed_out


async def _until_ready(http: httpx.AsyncClient, voice: CloudVoice, agent: Agent, day: StationDay) -> None:
    """The page answers, every device is there, the manifest is in force."""
    voice.announce(day.manifest)
    deadline_s = time.monotonic() + 60.0
    while True:
        assert agent.child.is_running, agent.child.log.read_text()[-2000:]
        assert time.monotonic() < deadline_s, agent.child.log.read_text()[-2000:]
        await asyncio.sleep(0.2)
        try:
            status = (await http.get("/api/status")).json()
            version = (await http.get("/api/day")).json()["version"]
        except httpx.HTTPError:
            continue
        if version == day.manifest.version and all(device["state"] == "ok" for device in status["devices"]):
            return


@dataclass(slots=True)
class Listener:
    """A staff page that looks on: when the newest result of each text came; and what it reads after each burst of them."""

    heard: dict[str, tuple[float, str]] = field(default_factory=dict)
    mode: str = ""
    looks: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self, http: httpx.AsyncClient) -> None:
        """As dashboards/shared/agent/station.ts and the pages' `look`, `ShelveList` do: one look at a time."""
        while True:
            await self.changed.wait()
            await asyncio.sleep(LOOK_AFTER_S)
            self.changed.clear()
            paths = ["/api/day", "/api/worker", *([f"/api/shelf-queue?limit={SLOTS_SHOWN}"] if self.mode == "receive" else [])]
            for answer in await asyncio.gather(*(http.get(path) for path in paths)):
                answer.raise_for_status()
            self.looks += 1

    async def listen(self, live: httpx.Response) -> None:
        async for line in live.aiter_lines():
            if not line.startswith("data:"):
                continue
            news = json.loads(line.removeprefix("data:"))
            if news["type"] == "scan":
                self.changed.set()
                scan = news["scan"]
                self.heard[scan["text"] or scan["parcel"]] = (time.monotonic(), scan["word"])


async def _run(http: httpx.AsyncClient, hardware: Hardware, listener: Listener, day: StationDay, found: Measured) -> Counter[Thing]:
    """Both phases at an even pace, and residents with codes beside the first."""
    handed_out: Counter[Thing] = Counter()
    due_s = time.monotonic()
    for phase in day.phases:
        (await http.post("/api/mode", json={"mode": phase.mode})).raise_for_status()
        listener.mode = phase.mode
        async with asyncio.TaskGroup() as tasks:
            if phase.mode == "receive":
                tasks.create_task(_residents(http, listener, day.residents, found, handed_out))
            due_s = await tasks.create_task(_scan(hardware, listener, phase, due_s, found))
    return handed_out


async def _scan(hardware: Hardware, listener: Listener, phase: Phase, due_s: float, found: Measured) -> float:
    """Pull the trigger at its time, and wait for the last result; when the next scan would be due."""
    began: dict[str, float] = {}
    took_ms = found.label_ms if phase.mode == "release" else found.scan_ms

    def collect() -> None:
        for text in [text for text, began_s in began.items() if listener.heard.get(text, (0.0, ""))[0] > began_s]:
            heard_s, word = listener.heard[text]
            assert phase.mode == "receive" or word == "released", f"{text}: {word}"
            took_ms.append((heard_s - began.pop(text)) * 1000)

    for pull in phase.pulls:
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        due_s += 1 / SCANS_PER_S
        if pull.text != BADGE:  # who it is of is nobody's to see: its result has no text
            began[pull.text] = time.monotonic()
        hardware.scanner.scan(pull.text)
        collect()
    late_s = time.monotonic() + LATE_S
    while began and time.monotonic() < late_s:
        await asyncio.sleep(0.01)
        collect()
    return due_s


async def _residents(
    http: httpx.AsyncClient, listener: Listener, residents: tuple[Resident, ...], found: Measured, handed_out: Counter[Thing]
) -> None:
    """They come one after another, from when their parcels are in."""
    last = residents[-1].parcels[-1]
    while listener.heard.get(last, (0.0, ""))[1] not in ("received", "shelved"):
        await asyncio.sleep(0.05)
    due_s = time.monotonic()
    for resident in residents:
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        due_s += CODE_EVERY_S
        began_s = time.monotonic()
        asked = (await http.post("/api/ask", json={"text": resident.code})).raise_for_status().json()
        assert [claim["claim"] for claim in asked["claims"]] == [resident.claim], asked
        form = {"question": asked["question"], "claim": resident.claim}
        done = (await http.post("/api/hand-out", json=form)).raise_for_status().json()["act"]
        found.code_ms.append((time.monotonic() - began_s) * 1000)
        assert (done["word"], done["count"]) == ("released", len(resident.parcels)), done
        handed_out.update(("parcel_released", parcel) for parcel in resident.parcels)


async def _watch(process: psutil.Process, found: Measured) -> None:
    """The most memory it and its children ever had."""
    while True:
        family = [process, *process.children(recursive=True)]
        found.rss_bytes = max(found.rss_bytes, sum(one.memory_info().rss for one in family))
        await asyncio.sleep(WATCH_S)


def _peak_rss_bytes(process: psutil.Process) -> int:
    """Also of a moment nobody looked at, such as the start, or a derivation's."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("this kernel does not say what a process had at most")


def _of_interest(things: Any) -> Counter[Thing]:
    return Counter(thing for thing in things if thing[0] in FACTS)


def _in_file(folder: Path) -> Counter[Thing]:
    connection = apsw.Connection(str(folder / "data" / "site.db"), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return _of_interest(connection.execute("SELECT kind, thing FROM booking").fetchall())
    finally:
        connection.close()


def _in_database(url: str) -> Counter[Thing]:
    with psycopg.connect(url) as connection:
        return _of_interest(
            connection.execute(
                "SELECT kind, CASE WHEN kind LIKE 'container_%%' THEN fact->>'container' ELSE fact->>'parcel' END"
                " FROM event WHERE site_id = %s",
                (SITE,),
            ).fetchall()
        )


def _scrypt_ms(day: StationDay) -> float:
    """One derivation alone, for comparison: the least of five."""
    took_s = []
    for _ in range(5):
        began_s = time.perf_counter()
        secret_key("00000000", day.manifest.code_cost)
        took_s.append(time.perf_counter() - began_s)
    return min(took_s) * 1000


if __name__ == "__main__":
    main()
