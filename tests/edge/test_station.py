"""A pickup point: what scans mean, what is booked, what staff hear; on a real file."""

import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.devices.ports import Cue, Reason, Scan, Sound
from edge.outbox import NotKeptError, Outbox, Step, Store
from edge.site_clock import SiteClock
from edge.station.decide import SLOT_HELD_S, Mode, ScanKind
from edge.station.results import ScanResult
from edge.station.rules import RuleBook
from edge.station.station import NoSuchScanError, Station
from edge.wire.clock import WallClock
from edge.wire.codec import decode_events
from edge.wire.ids import SiteId
from edge.wire.labels import parcel_label
from edge.wire.messages import Desired, Event, EventUndone, How, LabelUnknown, ParcelReceived, ParcelReleased, ParcelShelved
from tests.edge.outbox.sites import settings, waiting

P1, P2 = parcel_label(1), parcel_label(2)


class Beeper:
    """Remembers what it was told to sound, and how many events were on the disk at that moment."""

    def __init__(self) -> None:
        self.sounds: list[Cue] = []

    async def signal(self, cue: Cue) -> None:
        self.sounds.append(cue)


class Counter:
    """A station with a scanner that reads one label after another, a second of its own apart."""

    def __init__(self, outbox: Outbox, station: Station, beeper: Beeper) -> None:
        self.outbox, self.station, self.beeper = outbox, station, beeper
        self.at_s = 1_000.0

    async def scan(self, text: str, *, after_s: float = 2.0, fault: str = "", device: str = "scanner-1") -> ScanResult:
        self.at_s += after_s
        return await self.station.handle(Scan(text, device, int(time.time() * 1000), heard_s=self.at_s, fault=fault))

    async def events(self) -> list[Event]:
        batches = await self.outbox.run(waiting)
        return [decode_events(batch.payload).events[0] for batch in batches]


@asynccontextmanager
async def open_counter(folder: Path, mode: Mode = "receive", dies_at: Step | None = None) -> AsyncIterator[Counter]:
    def on_step(step: Step) -> None:
        if step == dies_at:
            raise NotKeptError("the card is gone")

    clock = WallClock(time.time)
    async with Outbox(settings(folder, on_step=on_step), clock.now_ms) as outbox:
        beeper = Beeper()
        site_clock = SiteClock(clock, time.monotonic, lambda: True, 0)
        station = Station(SiteId("st-1"), outbox, site_clock, [beeper], time.monotonic)
        await station.load()
        station.set_mode(mode)
        yield Counter(outbox, station, beeper)


async def test_a_parcel_is_received_once_and_the_second_scan_is_heard_as_such(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        first, second = await counter.scan(P1), await counter.scan(P1)
        assert (first.kind, second.kind) == (ScanKind.RECEIVED, ScanKind.REPEATED)
        assert counter.beeper.sounds == [Sound.OK, Sound.DUPLICATE]
        assert [event.fact for event in await counter.events()] == [ParcelReceived(parcel=P1)]


async def test_a_trigger_held_down_is_one_scan_and_makes_no_noise(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release") as counter:
        counter.station.set_mode("receive")
        await counter.scan(P1)
        counter.station.set_mode("release")
        await counter.scan(P1)
        for _ in range(5):
            await counter.scan(P1, after_s=0.2)
        assert counter.beeper.sounds == [Sound.OK, Sound.OK]


async def test_a_repeated_product_is_counted_each_time(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        for _ in range(3):
            await counter.scan("4006381333931", after_s=0.1)
        assert len(await counter.events()) == 3


async def test_a_slots_label_opens_the_shelf_for_a_minute(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await counter.scan(P1)
        opened = await counter.scan("SLOT:A12")
        shelved, fresh = await counter.scan(P1), await counter.scan(P2)
        again = await counter.scan(P2)
        assert (opened.kind, shelved.kind, shelved.slot, fresh.kind, again.kind) == (
            ScanKind.SLOT, ScanKind.SHELVED, "A12", ScanKind.SHELVED, ScanKind.REPEATED,
        )  # fmt: skip
        assert [event.fact for event in await counter.events()] == [
            ParcelReceived(parcel=P1),
            ParcelShelved(parcel=P1, slot="A12"),
            ParcelReceived(parcel=P2),
            ParcelShelved(parcel=P2, slot="A12"),
        ]
        late = await counter.scan(parcel_label(3), after_s=SLOT_HELD_S)
        assert late.kind is ScanKind.RECEIVED


async def test_a_parcel_is_handed_out_once_from_here_only(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await counter.scan(P1)
        counter.station.set_mode("release")
        handed_out, again, foreign = await counter.scan(P1), await counter.scan(P1), await counter.scan(P2)
        assert (handed_out.kind, again.kind, foreign.kind) == (ScanKind.RELEASED, ScanKind.REPEATED, ScanKind.WRONG_SITE)
        assert counter.beeper.sounds == [Sound.OK, Sound.OK, Reason.ALREADY_RELEASED, Reason.WRONG_SITE]
        assert [event.fact for event in await counter.events()][1:] == [ParcelReleased(parcel=P1, how=How.SCAN)]


async def test_what_names_nothing_is_kept_with_its_reason(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        for text in ("hello", P1[:-1] + ("0" if P1[-1] != "0" else "1"), "6901234567892", "x\0y\u202e"):
            assert (await counter.scan(text)).kind is ScanKind.UNKNOWN
        assert (await counter.scan("\x1b[garbage", fault="cut off")).kind is ScanKind.UNKNOWN
        facts = [event.fact for event in await counter.events()]
        assert all(isinstance(fact, LabelUnknown) and fact.reason for fact in facts)
        texts = [fact.text.split(" #")[0] for fact in facts if isinstance(fact, LabelUnknown)]
        assert texts[3:] == ["xy", "[garbage"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13812345678", "*******5678"),
        ("tel 138-1234-5678, door 12", "tel *********5678, door 12"),
        ("\u738b\u5c0f\u660e 123456", "*** 123456"),
        ("11010519491231002X", "*************1002X"),
        ("x" * 500, "x" * 32),
        ("a" * 28 + "13812345678", "a" * 28 + "****"),
    ],
)
async def test_no_phone_no_id_card_and_no_chinese_name_leaves_the_station(tmp_path: Path, text: str, shown: str) -> None:
    async with open_counter(tmp_path) as counter:
        first = await counter.scan(text)
        await counter.scan(text, fault="no end of frame")
        await counter.scan(text + "!")
        assert first.text == text  # on the station's own page it stands whole
        facts = [event.fact for event in await counter.events()]
        texts = [fact.text for fact in facts if isinstance(fact, LabelUnknown)]
        assert texts[0] == f"{shown} #{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        assert texts[0] == texts[1] != texts[2]


async def test_what_was_not_kept_does_not_beep_ok_and_may_be_scanned_again_at_once(tmp_path: Path) -> None:
    async with open_counter(tmp_path, dies_at="sealed") as counter:
        results = [await counter.scan(P1, after_s=0.1) for _ in range(2)]
        assert [result.kind for result in results] == [ScanKind.FAILED, ScanKind.FAILED]
        assert counter.beeper.sounds == [Sound.ERROR, Sound.ERROR]
        assert await counter.events() == []


async def test_the_last_booking_is_undone_in_the_name_of_a_person(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await counter.scan(P1)
        booked = await counter.scan(P2)
        undone = await counter.station.undo(None, "staff-7", "wrong pile")
        assert (undone.parcel, undone.is_undone, undone.can_undo) == (P2, True, False)
        event = (await counter.events())[-1]
        assert event.fact == EventUndone(target=str(booked.event), reason="wrong pile")
        assert event.actor == "staff-7"
        assert (await counter.scan(P2)).kind is ScanKind.RECEIVED


async def test_all_that_one_scan_booked_is_undone_at_once_the_last_first(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await counter.scan(P2)
        await counter.scan("SLOT:A12")
        shelved = await counter.scan(P1)
        _, received, _ = await counter.events()
        undone = await counter.station.undo(None, "staff-7")
        assert (undone.event, undone.kind, undone.is_undone) == (shelved.event, ScanKind.SHELVED, True)
        assert [one.is_undone for one in counter.station.results] == [True, False, False]
        facts = [event.fact for event in await counter.events()][3:]
        assert [fact.target for fact in facts if isinstance(fact, EventUndone)] == [
            str(shelved.event),
            f"{str(shelved.event).rsplit('/', 1)[0]}/{received.n}",
        ]
        with pytest.raises(NoSuchScanError, match="undone before"):
            await counter.station.undo(shelved.event, "staff-7")
    async with open_counter(tmp_path) as counter:
        assert [(one.parcel, one.is_undone) for one in counter.station.results] == [(P1, True), (P2, False)]
        assert (await counter.scan(P1)).kind is ScanKind.RECEIVED


async def test_a_parcel_shelved_by_a_second_scan_stays_received_when_that_is_undone(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await counter.scan(P1)
        await counter.scan("SLOT:A12")
        shelved = await counter.scan(P1)
        await counter.station.undo(shelved.event, "staff-7")
        assert len(await counter.events()) == 3
        assert (await counter.scan(P1)).kind is ScanKind.SHELVED


async def test_nothing_is_undone_twice_and_nothing_unknown_at_all(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        with pytest.raises(NoSuchScanError):
            await counter.station.undo(None, "staff-7")
        booked = await counter.scan(P1)
        await counter.station.undo(booked.event, "staff-7")
        with pytest.raises(NoSuchScanError, match="undone before"):
            await counter.station.undo(booked.event, "staff-7")
        assert len(await counter.events()) == 2


async def test_a_restart_remembers_what_was_booked_and_lists_it(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        booked = await counter.scan(P1)
    async with open_counter(tmp_path) as counter:
        assert [(one.event, one.parcel, one.kind) for one in counter.station.results] == [(booked.event, P1, ScanKind.RECEIVED)]
        assert (await counter.scan(P1)).kind is ScanKind.REPEATED


async def test_ten_scans_a_second_from_two_devices_are_all_booked(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        for serial in range(100, 200):
            await counter.scan(parcel_label(serial), after_s=0.1, device=f"scanner-{serial % 2}")
        assert len({event.n for event in await counter.events()}) == 100


async def test_the_clouds_rules_hold_until_staff_choose_and_then_until_its_next_version(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        rules = RuleBook(counter.outbox, counter.station)
        await rules.load()
        assert await rules.apply(Desired(version=3, hlc=0, mode="release"))
        await rules.choose_mode("count")
        assert not await rules.apply(Desired(version=3, hlc=0, mode="release"))
        assert counter.station.mode == "count"
        assert await rules.apply(Desired(version=4, hlc=0, mode="release"))
    async with open_counter(tmp_path) as counter:
        rules = RuleBook(counter.outbox, counter.station)
        await rules.load()
        assert (counter.station.mode, rules.rules.version) == ("release", 4)


def bookings_of(store: Store) -> int:
    ((count,),) = store.execute("SELECT count(*) FROM booking").fetchall()
    return int(count)


async def test_event_and_booking_are_one_commit(tmp_path: Path) -> None:
    async with open_counter(tmp_path, dies_at="sealed") as counter:
        await counter.scan(P1)
        assert await counter.outbox.run(bookings_of) == 0
    async with open_counter(tmp_path) as counter:
        await counter.scan(P1)
        assert await counter.outbox.run(bookings_of) == 1
