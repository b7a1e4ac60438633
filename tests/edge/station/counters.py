"""A station's counter on a real file, with a clock that a test moves."""

import hashlib
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.devices.ports import Cue, Scan
from edge.outbox import Outbox, Step, no_step
from edge.site_clock import SiteClock
from edge.station.decide import Mode
from edge.station.desk import Desk
from edge.station.manifests import ManifestBook
from edge.station.people import People
from edge.station.questions import Questions
from edge.station.results import ScanResult
from edge.station.station import Station, Who
from edge.wire.codec import decode_events
from edge.wire.ids import SiteId
from edge.wire.manifest import Manifest, encode_manifest
from edge.wire.messages import AnyFact, Event
from tests.edge.outbox.sites import settings, waiting
from tests.edge.station import days

CHEN = Who("page-1", "staff-1")


class TestClock:
    """Domain time and monotonic time, moved by hand."""

    __test__ = False
    rate = 0.0
    is_simulated = True

    def __init__(self) -> None:
        self.ms = days.NOON_MS
        self.s = 1_000.0

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.s

    def pass_s(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)
        self.s += seconds


@dataclass(slots=True)
class Beeper:
    sounds: list[Cue]

    async def signal(self, cue: Cue) -> None:
        self.sounds.append(cue)


@dataclass(frozen=True, slots=True)
class Counter:
    """Everything an agent has but devices, page and line."""

    clock: TestClock
    outbox: Outbox
    station: Station
    manifests: ManifestBook
    desk: Desk
    questions: Questions
    people: People
    beeper: Beeper
    by: str = "staff-1"  # where nobody is logged in

    async def scan(self, text: str, device: str = "scanner-1") -> ScanResult:
        """Two seconds after the last."""
        self.clock.pass_s(2.0)
        scan = Scan(text, device, self.clock.now_ms(), heard_s=self.clock.monotonic_s())
        return await self.station.handle(scan, self.people.actor_at(device) or self.by)

    async def put_in_force(self, manifest: Manifest) -> bool:
        """As if it had come from the cloud."""
        body = encode_manifest(manifest)
        return await self.manifests.apply(body, hashlib.sha256(body).hexdigest(), self.clock.now_ms())

    async def receive(self, *labels: str) -> None:
        """Scanned in, whatever the mode is meanwhile."""
        mode = self.station.mode
        self.station.set_mode("receive")
        for label in labels:
            await self.scan(label)
        self.station.set_mode(mode)

    async def events(self) -> list[Event]:
        batches = await self.outbox.run(waiting)
        return [decode_events(batch.payload).events[0] for batch in batches]

    async def facts(self) -> list[AnyFact]:
        return [event.fact for event in await self.events()]


@asynccontextmanager
async def open_counter(
    folder: Path,
    mode: Mode = "receive",
    manifest: Manifest | None = None,
    on_step: Callable[[Step], None] = no_step,
    clock: TestClock | None = None,
    by: str = "staff-1",
    site: str = days.SITE,
) -> AsyncIterator[Counter]:
    clock = clock or TestClock()
    async with Outbox(settings(folder, site=site, on_step=on_step), clock.now_ms) as outbox:
        site_clock = SiteClock(clock, clock.monotonic_s, lambda: True, 0)
        beeper = Beeper([])
        station = Station(SiteId(site), outbox, site_clock, [beeper], clock.monotonic_s)
        manifests = ManifestBook(station, outbox)
        await manifests.load()
        names = map("q{}".format, itertools.count(1))
        people = People(outbox, site_clock, station, clock.monotonic_s)
        questions = Questions(outbox, site_clock, station, clock.monotonic_s, lambda: next(names))
        station.on_scan(people.take_badge)
        station.on_scan(questions.take_scan)
        desk = Desk(outbox, site_clock, station, clock.monotonic_s)
        counter = Counter(clock, outbox, station, manifests, desk, questions, people, beeper, by)
        if manifest is not None:
            await counter.put_in_force(manifest)
        await people.load()
        await questions.load()
        await station.load()
        station.set_mode(mode)
        yield counter
