"""A van with its file and a manifest in force, without devices and line: what is booked, kept over a restart, and undone."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.devices.ports import Scan
from edge.devices.sensor import Fix, Reading
from edge.outbox import Outbox
from edge.site_clock import SiteClock
from edge.station.manifests import ManifestBook
from edge.station.rules import NoSuchModeError, RuleBook
from edge.van.van import FRESH_MS, Van
from edge.wire.codec import decode_events
from edge.wire.ids import SiteId
from edge.wire.labels import container_label, parcel_label
from edge.wire.manifest import Manifest, PlannedLoad, RunStop, VanRun, Zone, encode_manifest
from edge.wire.messages import AnyFact, ContainerDropped, ContainerLoaded, EventUndone
from edge.wire.pickup import Scrypt
from tests.edge.outbox.sites import settings, waiting
from tests.edge.station.counters import TestClock

COST = Scrypt(salt=b"the salt of staff", n=1024)
A1, A2, B1, OLD = (container_label(serial) for serial in (1, 2, 3, 9))
STOPS = (RunStop(stop=1, station="st-a", name="甲站", lat=31.2, lon=121.4), RunStop(stop=2, station="st-b", lat=31.21, lon=121.4))


def load(container: str, station: str, stop: int) -> PlannedLoad:
    return PlannedLoad(
        container=container,
        operator="demo",
        day="2026-01-01",
        station=station,
        zone=Zone.AMBIENT,
        number=1,
        run="R0101-1",
        stop=stop,
    )


class Cab:
    """The driver's seat."""

    def __init__(self, van: Van, outbox: Outbox, clock: TestClock, manifests: ManifestBook) -> None:
        self.van, self.outbox, self.clock, self.manifests = van, outbox, clock, manifests
        self._version = 0

    async def is_told(self, state: str) -> None:
        """The run's state, by a manifest of the cloud."""
        self._version += 1
        run = VanRun(
            operator="demo", day="2026-01-01", run="R0101-1", state=state,  # type: ignore[arg-type]
            ends_ms=self.clock.now_ms() + 3_600_000, stops=STOPS,
        )  # fmt: skip
        body = encode_manifest(
            Manifest(
                site="st-1", version=self._version, day="2026-01-01", made_at_ms=0, code_cost=COST, staff_cost=COST,
                operators=("demo",), loads=(load(B1, "st-b", 2), load(A1, "st-a", 1), load(A2, "st-a", 1)), runs=(run,),
            )
        )  # fmt: skip
        await self.manifests.apply(body, hashlib.sha256(body).hexdigest(), self.clock.now_ms())

    def stands_at(self, stop: RunStop) -> None:
        assert stop.lat is not None
        assert stop.lon is not None
        self.van.take(Fix("gnss", stop.lat, stop.lon, self.clock.now_ms(), 0.0))

    async def scan(self, text: str) -> str:
        self.clock.pass_s(2.0)
        return (await self.van.handle(Scan(text, "scanner-1", self.clock.now_ms(), heard_s=self.clock.monotonic_s()))).word

    async def facts(self) -> list[AnyFact]:
        return [event.fact for batch in await self.outbox.run(waiting) for event in decode_events(batch.payload).events]


@asynccontextmanager
async def seated(folder: Path, clock: TestClock | None = None) -> AsyncIterator[Cab]:
    clock = clock or TestClock()
    async with Outbox(settings(folder), clock.now_ms) as outbox:
        van = Van(SiteId("st-1"), outbox, SiteClock(clock, clock.monotonic_s, lambda: True, 0), [], clock.monotonic_s)
        rules, manifests = RuleBook(outbox, van), ManifestBook(van, outbox)
        await rules.load()
        await manifests.load()
        await van.load()
        yield Cab(van, outbox, clock, manifests)


async def test_a_morning(tmp_path: Path) -> None:
    async with seated(tmp_path) as cab:
        assert await cab.scan(A1) == "no_plan"
        await cab.is_told("assigned")
        assert [await cab.scan(one) for one in (B1, A1, A1, A2, OLD)] == [
            "loaded", "loaded", "loaded_before", "run_full", "not_in_plan",
        ]  # fmt: skip
        assert await cab.scan(parcel_label(1)) == "want_container"
        await cab.is_told("departed")
        cab.stands_at(STOPS[0])
        assert [await cab.scan(one) for one in (B1, A1, A2, A2, OLD)] == [
            "wrong_stop", "dropped", "stop_done", "dropped_before", "collected",
        ]  # fmt: skip
        cab.stands_at(STOPS[1])
        assert await cab.scan(B1) == "stop_done"
        kinds = [type(one) for one in await cab.facts()]
        assert (kinds.count(ContainerLoaded), kinds.count(ContainerDropped)) == (3, 3)


async def test_what_was_loaded_is_known_after_a_restart_and_another_round_begins_anew(tmp_path: Path) -> None:
    clock = TestClock()
    async with seated(tmp_path, clock) as cab:
        await cab.is_told("assigned")
        assert await cab.scan(A1) == "loaded"
    async with seated(tmp_path, clock) as cab:
        assert await cab.scan(A1) == "loaded_before"
        assert cab.van.here(clock.now_ms()).is_known is False


async def test_a_drop_that_was_a_mistake_is_undone_and_scanned_again(tmp_path: Path) -> None:
    async with seated(tmp_path) as cab:
        await cab.is_told("departed")
        cab.stands_at(STOPS[0])
        assert await cab.scan(A1) == "dropped"
        await cab.van.undo(None, "staff-1")
        assert await cab.scan(A1) == "dropped"
        assert [type(one) for one in await cab.facts()] == [ContainerDropped, EventUndone, ContainerDropped]


async def test_an_old_fix_is_no_place_and_a_reading_is_none_either(tmp_path: Path) -> None:
    async with seated(tmp_path) as cab:
        await cab.is_told("departed")
        cab.stands_at(STOPS[0])
        cab.van.take(Reading("box_c", 3.0, cab.clock.now_ms()))
        cab.clock.pass_s(FRESH_MS / 1000 + 1)
        assert await cab.scan(B1) == "loaded"
        assert await cab.scan(B1) == "dropped_unseen"


async def test_modes_of_a_station_are_of_no_use_in_a_van(tmp_path: Path) -> None:
    async with seated(tmp_path) as cab:
        assert cab.van.mode == "carry"
        cab.van.set_mode("receive")
        assert cab.van.mode == "carry"
        with pytest.raises(NoSuchModeError, match="carry"):
            await RuleBook(cab.outbox, cab.van).choose_mode("receive")
