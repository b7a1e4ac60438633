"""At the cabinet: what a scanner there may ask for, what a screen shows of it and for how long, and whose guesses lock what."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.devices.locker import OpenOutcome
from edge.devices.ports import Reason, Scan, Sound
from edge.outbox import NotKeptError, Step, no_step
from edge.station import ledger
from edge.station.cabinet import Lock
from edge.station.pickups import OPEN_SHOWN_S, SHOWN_S, Opened, Pickups, refusal_of
from edge.station.station import Who
from edge.station.terminals import Terminals
from edge.station.verdict import Word
from edge.wire.messages import AskingLocked, ParcelReleased, Refusal
from edge.wire.pickup import QR_PREFIX
from tests.edge.station import days
from tests.edge.station.counters import CHEN
from tests.edge.station.days import BADGE, BAGS, CODE_OF, LI_1, MILK_EAN, WANG_1, WANG_2
from tests.edge.station.test_cabinet import Lockers, open_lockers

SCANNER, SCREEN, OTHER = "at-the-cabinet", "page-1", "page-2"
WRONG = "00000000"


class Cabinet:
    def __init__(self, lockers: Lockers) -> None:
        self.lockers, self.clock = lockers, lockers.counter.clock
        self.pickups = Pickups(lockers.cabinet, lockers.counter.station, [SCANNER], self.clock.monotonic_s)

    async def scan(self, text: str, symbology: str = "Q1", after_s: float = 10.0) -> None:
        self.clock.pass_s(after_s)
        await self.pickups.take(Scan(text, SCANNER, self.clock.now_ms(), symbology, self.clock.monotonic_s()))

    def cells(self, screen: str = SCREEN) -> tuple[Opened, ...]:
        seen = self.pickups.seen_at(screen)
        return () if seen is None else seen.opened

    def word(self, screen: str = SCREEN) -> tuple[str, str]:
        seen = self.pickups.seen_at(screen)
        assert seen is not None
        return seen.word, seen.detail


@asynccontextmanager
async def open_cabinet(folder: Path, *, on_step: Callable[[Step], None] = no_step) -> AsyncIterator[Cabinet]:
    async with open_lockers(folder, on_step=on_step) as lockers:
        yield Cabinet(lockers)


def scan(text: str, symbology: str = "C1", fault: str = "") -> Scan:
    return Scan(text, SCANNER, 0, symbology, fault=fault)


@pytest.mark.parametrize("shown", [days.qr("demo/1"), f"{QR_PREFIX}no token at all", CODE_OF["c-li"], "1122 3344"])
def test_a_code_or_a_qr_may_be_a_residents(shown: str) -> None:
    assert refusal_of(scan(shown, "Q1")) is None


@pytest.mark.parametrize(
    ("text", "symbology"),
    [(LI_1, "C1"), (BAGS, "C1"), (BADGE, "Q1"), (MILK_EAN, "E0"), ("96385074", "E4"), ("5678", "C1"), ("SLOT:A1", "C0")],
)
def test_a_label_an_article_a_badge_or_four_digits_ask_for_nothing_at_the_cabinet(text: str, symbology: str) -> None:
    verdict = refusal_of(scan(text, symbology))
    assert verdict is not None
    assert (verdict.word, verdict.sound, verdict.facts) == (Word.NOT_AT_CABINET, Sound.REFUSED, ())


def test_noise_at_the_cabinet_is_to_be_scanned_again() -> None:
    verdict = refusal_of(scan("\x00\x01", fault="noise"))
    assert verdict is not None
    assert (verdict.word, verdict.detail) == (Word.UNKNOWN_LABEL, "noise")


async def test_a_qr_at_the_scanner_opens_all_of_a_persons_cells_and_the_screen_follows_their_doors(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        await cabinet.lockers.place(WANG_1)
        await cabinet.lockers.place(WANG_2)
        await cabinet.lockers.counter.receive(LI_1)
        pulses = len(cabinet.lockers.board.pulses)
        await cabinet.scan(days.qr("demo/1"))
        assert cabinet.cells() == (Opened("1-01", Word.RELEASED), Opened("1-03", Word.RELEASED))
        assert len(cabinet.lockers.board.pulses) == pulses + 2
        assert [cabinet.pickups.stands_open(one) for one in cabinet.cells()] == [True, True]
        await cabinet.scan(days.qr("demo/1"), after_s=3.0)  # still held before the scanner
        assert cabinet.cells() == (Opened("1-01", Word.RELEASED), Opened("1-03", Word.RELEASED))
        await cabinet.lockers.closes()
        await cabinet.lockers.closes()
        while any(map(cabinet.pickups.stands_open, cabinet.cells())):
            await asyncio.sleep(0)
        cabinet.clock.pass_s(SHOWN_S - 4.0)
        assert len(cabinet.cells()) == 2
        cabinet.clock.pass_s(4.0)
        assert cabinet.pickups.seen_at(SCREEN) is None
        await cabinet.scan(days.qr("demo/1"))
        assert cabinet.word() == (Word.REFUSED, Refusal.ALREADY_RELEASED)


async def test_what_is_read_at_the_cabinet_is_never_a_scan_of_staff(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        counter = cabinet.lockers.counter
        await counter.receive(LI_1)
        facts = await counter.facts()
        counter.station.set_mode("release")
        for text in (LI_1, BADGE, BAGS, "SLOT:A1", MILK_EAN):
            await cabinet.scan(text, "C1")
            assert cabinet.word() == (Word.NOT_AT_CABINET, "")
            assert counter.station.results[0].word == Word.NOT_AT_CABINET
        assert await counter.facts() == facts
        assert (counter.people.sessions, counter.beeper.sounds[-5:]) == ({}, [Reason.NOT_AT_CABINET] * 5)
        known = await counter.outbox.run(lambda store: ledger.parcel(store.execute, counter.station.day, LI_1))
        assert known.standing.state.is_at_station


async def test_each_terminal_has_its_own_guesses_and_nobody_is_locked_out_elsewhere(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        await cabinet.lockers.place(LI_1)
        for _ in range(5):
            await cabinet.pickups.show(WRONG, OTHER)
        locked = cabinet.pickups.seen_at(OTHER)
        assert locked is not None
        assert (locked.word, locked.wait_s) == (Word.LOCKED_OUT, 60)
        assert (await cabinet.pickups.show(CODE_OF["c-li"], OTHER)).word == Word.LOCKED_OUT
        opened = await cabinet.pickups.show(CODE_OF["c-li"], SCREEN)
        assert [one.word for one in opened.opened] == [Word.RELEASED]
        (lock,) = [fact for fact in await cabinet.lockers.counter.facts() if isinstance(fact, AskingLocked)]
        assert (lock.place, lock.lock_s) == (f"cabinet/{OTHER}", 60)


async def test_whoever_has_a_code_of_their_own_cannot_guess_without_end(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        locks: list[str] = []
        wait_s = 0
        while not locks:
            await cabinet.lockers.place(LI_1)
            for _ in range(4):
                await cabinet.pickups.show(WRONG, SCREEN)
            opened = await cabinet.pickups.show(CODE_OF["c-li"], SCREEN)
            locks = [one.place for one in await cabinet.lockers.counter.facts() if isinstance(one, AskingLocked)]
            if locks:
                wait_s = opened.wait_s
                break
            await cabinet.lockers.closes()
            await cabinet.lockers.counter.station.undo(None, CHEN.actor)
        assert locks == [f"cabinet/ceiling/{SCREEN}"]
        assert wait_s > 60


async def test_a_screen_shows_its_own_and_what_scanners_read_and_nothing_of_another_screens(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        await cabinet.lockers.place(LI_1)
        await cabinet.pickups.show(CODE_OF["c-li"], OTHER)
        assert (len(cabinet.cells(OTHER)), cabinet.pickups.seen_at(SCREEN)) == (1, None)
        cabinet.pickups.forget(OTHER)
        assert cabinet.pickups.seen_at(OTHER) is None
        await cabinet.scan("5678")
        assert cabinet.word(SCREEN) == cabinet.word(OTHER) == (Word.NOT_AT_CABINET, "")


async def test_a_door_that_stands_open_stays_on_the_screen_longer_and_not_for_ever(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        await cabinet.lockers.place(LI_1)
        await cabinet.pickups.show(CODE_OF["c-li"], SCREEN)
        cabinet.clock.pass_s(OPEN_SHOWN_S - 1.0)
        assert len(cabinet.cells()) == 1
        cabinet.clock.pass_s(1.0)
        assert cabinet.pickups.seen_at(SCREEN) is None


async def test_while_a_door_takes_its_time_the_screen_says_what_is_going_on(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        await cabinet.lockers.place(WANG_1)
        cabinet.lockers.board.opens_when = asyncio.Event()
        begun = asyncio.Event()
        cabinet.lockers.board.on_open = begun.set
        asking = asyncio.create_task(cabinet.pickups.show(CODE_OF["c-wang"], SCREEN))
        async with asyncio.timeout(30):
            await begun.wait()
        seen = cabinet.pickups.seen_at(SCREEN)
        assert seen is not None
        assert (seen.is_going_on, seen.word, seen.opened) == (True, Word.ASK_MATCHES, ())
        cabinet.pickups.forget(SCREEN)  # nobody can wave it away
        cabinet.lockers.board.opens_when.set()
        done = await asking
        assert (done.is_going_on, cabinet.cells()) == (False, (Opened("1-01", Word.RELEASED),))


async def test_what_did_not_open_and_what_lies_at_the_counter_is_said(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        await cabinet.lockers.place(WANG_1)
        await cabinet.lockers.counter.receive(WANG_2)
        cabinet.lockers.board.outcome = OpenOutcome.JAMMED
        said = await cabinet.pickups.show(CODE_OF["c-wang"], SCREEN)
        assert [one.word for one in said.opened] == [Word.CELL_NOT_OPENED]
        assert (said.at_counter, cabinet.pickups.stands_open(said.opened[0])) == (1, False)


async def test_a_cell_that_the_sites_file_no_longer_names_stops_none_of_the_others(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        await cabinet.lockers.place(WANG_1)
        await cabinet.lockers.place(WANG_2)
        cabinet.lockers.cabinet.locks = {"1-03": Lock(cabinet.lockers.board, 3)}
        said = await cabinet.pickups.show(CODE_OF["c-wang"], SCREEN)
        assert said.opened == (Opened("1-01", Word.CELL_NOT_OPENED), Opened("1-03", Word.RELEASED))


async def test_a_disk_that_takes_nothing_is_said_and_the_door_that_opened_stays_on_the_screen(tmp_path: Path) -> None:
    is_broken = False

    def fails(step: Step) -> None:
        if is_broken and step == "sealed":
            raise NotKeptError("the card is full")

    async with open_cabinet(tmp_path, on_step=fails) as cabinet:
        await cabinet.lockers.place(WANG_1)
        await cabinet.lockers.place(WANG_2)
        pulses = len(cabinet.lockers.board.pulses)

        def break_at_the_second() -> None:
            nonlocal is_broken
            is_broken = len(cabinet.lockers.board.pulses) == pulses + 2

        cabinet.lockers.board.on_open = break_at_the_second
        said = await cabinet.pickups.show(CODE_OF["c-wang"], SCREEN)
        assert (said.word, said.opened, said.is_going_on) == (Word.NOT_KEPT, (Opened("1-01", Word.RELEASED),), False)
        assert cabinet.lockers.counter.beeper.sounds[-1] == Sound.ERROR
        is_broken = False
        await cabinet.lockers.cabinet.book_what_is_owed()
        released = [one.parcel for one in await cabinet.lockers.counter.facts() if isinstance(one, ParcelReleased)]
        assert released == [WANG_1, WANG_2]


async def test_a_terminal_stays_paired_over_a_restart_until_it_is_unpaired(tmp_path: Path) -> None:
    async with open_cabinet(tmp_path) as cabinet:
        terminals = Terminals(cabinet.lockers.counter.outbox)
        await terminals.load()
        assert terminals.paired == frozenset()
        await terminals.pair(SCREEN, "staff-1")
        await terminals.pair(OTHER, "staff-1")
        await terminals.unpair(OTHER, "staff-1")
        await cabinet.lockers.cabinet.pick_up(WRONG, Who(OTHER))  # a counter of wrong codes pairs nobody
    async with open_cabinet(tmp_path) as cabinet:
        terminals = Terminals(cabinet.lockers.counter.outbox)
        await terminals.load()
        assert terminals.paired == {SCREEN}
