"""A dock's night for tests: two runs of one operator, five containers, and everything an agent has but devices, page and line."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.devices.ports import Cue, Scan
from edge.dock.dock import Dock
from edge.outbox import Outbox, Step, no_step
from edge.site_clock import SiteClock
from edge.station.manifests import ManifestBook
from edge.station.results import ScanResult
from edge.station.rules import RuleBook
from edge.station.station import Who
from edge.wire.codec import decode_events
from edge.wire.ids import SiteId
from edge.wire.labels import container_label, parcel_label
from edge.wire.manifest import Manifest, PlannedLoad, StaffMember, Zone, encode_manifest
from edge.wire.messages import AnyFact
from edge.wire.pickup import Scrypt, secret_key
from tests.edge.outbox.sites import settings, waiting
from tests.edge.station.counters import Beeper, TestClock

SITE, OPERATOR, DAY = "st-1", "demo", "2026-01-01"  # tests.edge.outbox.sites' files are of this site
STAFF = Scrypt(salt=b"the salt of staff", n=1024)
# R1 goes to st-a (two ambient containers and a cold one), then to st-b; R2 to st-c; nobody goes to st-d.
A1, A2, A_COLD, B1, C1, D1 = (container_label(serial) for serial in range(1, 7))
SPARE = container_label(50)
P = [parcel_label(serial) for serial in range(10)]
STRANGE = parcel_label(99)
RUN_1, RUN_2 = f"{OPERATOR}/{DAY}/R1", f"{OPERATOR}/{DAY}/R2"
WANG = Who("page-1", "staff-1")


def load(
    container: str, station: str, parcels: list[str], zone: Zone = Zone.AMBIENT, number: int = 1, run: str = "R1", stop: int = 1,
    lane: str = "A1", day: str = DAY,
) -> PlannedLoad:  # fmt: skip
    return PlannedLoad(
        container=container, operator=OPERATOR, day=day, station=station, station_name=f"站 {station}", zone=zone, number=number,
        run=run, stop=stop, lane=lane, parcels=tuple(parcels),
    )  # fmt: skip


LOADS = (
    load(B1, "st-b", P[4:6], stop=2, lane="A2"),
    load(A1, "st-a", P[0:2]),
    load(A2, "st-a", P[2:3], number=2),
    load(A_COLD, "st-a", P[3:4], Zone.CHILLED),
    load(C1, "st-c", P[6:8], run="R2", lane="B1"),
    load(D1, "st-d", P[8:9], run="", stop=0, lane=""),
)


def manifest(version: int = 1, loads: tuple[PlannedLoad, ...] = LOADS) -> Manifest:
    """The night's."""
    return Manifest(
        site=SITE, version=version, day=DAY, made_at_ms=0, code_cost=STAFF, staff_cost=STAFF, operators=(OPERATOR,), loads=loads,
        staff=(StaffMember(staff="staff-1", name="王师傅", pin_key=secret_key("1357", STAFF)),),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bay:
    clock: TestClock
    outbox: Outbox
    dock: Dock
    rules: RuleBook
    manifests: ManifestBook
    beeper: Beeper

    async def scan(self, text: str, device: str = "scanner-1") -> ScanResult:
        """Two seconds after the last."""
        self.clock.pass_s(2.0)
        return await self.dock.handle(Scan(text, device, self.clock.now_ms(), heard_s=self.clock.monotonic_s()), "staff-1")

    async def words(self, *texts: str) -> list[str]:
        return [(await self.scan(text)).word for text in texts]

    async def put_in_force(self, wanted: Manifest) -> None:
        body = encode_manifest(wanted)
        await self.manifests.apply(body, hashlib.sha256(body).hexdigest(), self.clock.now_ms())

    async def facts(self) -> list[AnyFact]:
        return [decode_events(batch.payload).events[0].fact for batch in await self.outbox.run(waiting)]

    async def packed(self, container: str, *parcels: str) -> None:
        """A container with its parcels, sealed."""
        mode = self.dock.mode
        await self.rules.choose_mode("pack")
        assert await self.words(container) == ["bound"]
        for parcel in parcels:
            assert (await self.scan(parcel)).word in ("packed", "full")
        await self.rules.choose_mode("seal")
        assert await self.words(container) == ["sealed"]
        await self.rules.choose_mode(mode)

    @property
    def last_sound(self) -> Cue:
        return self.beeper.sounds[-1]

    def heard(self, cue: Cue) -> bool:
        """Last."""
        return self.last_sound == cue


@asynccontextmanager
async def open_bay(
    folder: Path, wanted: Manifest | None = None, on_step: Callable[[Step], None] = no_step, clock: TestClock | None = None
) -> AsyncIterator[Bay]:
    clock = clock or TestClock()
    async with Outbox(settings(folder, on_step=on_step), clock.now_ms) as outbox:
        site_clock = SiteClock(clock, clock.monotonic_s, lambda: True, 0)
        beeper = Beeper([])
        dock = Dock(SiteId(SITE), outbox, site_clock, [beeper], clock.monotonic_s)
        rules, manifests = RuleBook(outbox, dock), ManifestBook(dock, outbox)
        await rules.load()
        await manifests.load()
        await dock.load()
        bay = Bay(clock, outbox, dock, rules, manifests, beeper)
        if wanted is not None:
            await bay.put_in_force(wanted)
        yield bay
