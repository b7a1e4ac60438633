"""Lockers: reserved, opened once, placed when the door has closed, handed out when it has opened; crashes in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import structs

from edge.devices.locker import Article, Door, OpenOutcome, Pulse
from edge.devices.ports import Sound
from edge.downlink import Received
from edge.outbox import NotKeptError, OutboxBusyError, Step, no_step
from edge.site_clock import SiteClock
from edge.station import cabinet as cabinets
from edge.station import cell_book
from edge.station.cabinet import Cabinet, Lock
from edge.station.cells import CellNote, Wish
from edge.station.commands import CommandDesk
from edge.station.desk import NotInManifestError
from edge.station.results import ScanResult
from edge.station.station import Who
from edge.station.verdict import Word
from edge.wire.messages import (
    CellChanged,
    CellOpened,
    Command,
    CommandFinished,
    How,
    ParcelPlaced,
    ParcelReceived,
    ParcelReleased,
    ParcelRemoved,
    Refusal,
)
from tests.edge.station import days
from tests.edge.station.boards import TestBoard
from tests.edge.station.counters import CHEN, Counter, TestClock, open_counter
from tests.edge.station.days import CODE_OF, LI_1, PROXY_CODE, WANG_1, WANG_2

DAY = days.manifest()


class Lockers:
    """A counter with a cabinet of three cells."""

    def __init__(self, counter: Counter, cabinet: Cabinet, board: TestBoard, running: asyncio.Task[None]) -> None:
        self.counter, self.cabinet, self.board, self.running = counter, cabinet, board, running

    async def closes(self, door: Door = Door.CLOSED) -> None:
        """Somebody closes the door, or does not in time; waits until that is booked."""
        heard: asyncio.Queue[ScanResult] = asyncio.Queue()
        self.counter.station.on_result(heard.put_nowait)
        self.board.closing.put_nowait(door)
        await asyncio.wait_for(heard.get(), 10)

    async def notes(self) -> dict[str, CellNote]:
        return dict(await self.counter.outbox.run(lambda store: cell_book.notes(store.execute)))

    async def place(self, parcel: str) -> str:
        reserved = await self.cabinet.reserve(parcel, CHEN)
        await self.cabinet.open(Wish(reserved.slot, "placing", parcel), CHEN)
        await self.closes()
        return reserved.slot


@asynccontextmanager
async def open_lockers(
    folder: Path, clock: TestClock | None = None, board: TestBoard | None = None, on_step: Callable[[Step], None] = no_step
) -> AsyncIterator[Lockers]:
    board = board or TestBoard()
    manifest = None if (folder / "site.db").exists() else DAY
    async with open_counter(folder, "release", manifest, clock=clock, on_step=on_step) as counter:
        site_clock = SiteClock(counter.clock, counter.clock.monotonic_s, lambda: True, 0)
        locks = {f"1-0{number}": Lock(board, number) for number in board.cells}
        cabinet = Cabinet(counter.outbox, site_clock, counter.station, counter.questions, locks)
        await cabinet.load()
        running = asyncio.create_task(cabinet.run())
        try:
            yield Lockers(counter, cabinet, board, running)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_a_parcel_is_reserved_placed_when_its_door_has_closed_and_fetched_by_a_code(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        assert await lockers.place(WANG_1) == "1-01"
        asked, opened = await lockers.cabinet.pick_up(CODE_OF["c-wang"], CHEN)
        assert (asked.how, [one.word for one in opened]) == (How.CODE, [Word.RELEASED])
        await lockers.closes()
        assert await lockers.counter.facts() == [
            CellChanged(cell="1-01", state="reserved", parcel=WANG_1),
            CellOpened(cell="1-01", purpose="placing", outcome="opened", parcel=WANG_1),
            ParcelReceived(parcel=WANG_1),
            ParcelPlaced(parcel=WANG_1, cell="1-01"),
            CellOpened(cell="1-01", purpose="pickup", outcome="opened", parcel=WANG_1),
            ParcelReleased(parcel=WANG_1, how=How.CODE, claim="c-wang", cell="1-01"),
        ]
        assert lockers.board.pulses == [1, 1]


async def test_all_cells_of_a_person_open_and_no_cell_opens_again_for_the_same_code(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.place(WANG_1)
        await lockers.place(WANG_2)
        _, opened = await lockers.cabinet.pick_up(PROXY_CODE, CHEN)
        assert [one.slot for one in opened] == ["1-01", "1-03"]
        again, nothing = await lockers.cabinet.pick_up(CODE_OF["c-wang"], CHEN)
        assert (again.result.detail, nothing) == (Refusal.ALREADY_RELEASED, [])
        assert len(lockers.board.pulses) == 4


@pytest.mark.parametrize("shown", ["5678", "00000000", days.qr("demo/1", site="st-2"), days.qr("demo/1", key="k9"), "x"])
async def test_no_door_opens_for_four_digits_a_guess_or_anothers_qr(tmp_path: Path, shown: str) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.place(WANG_1)
        asked, opened = await lockers.cabinet.pick_up(shown, CHEN)
        assert (asked.claims, opened, lockers.board.pulses) == ((), [], [1])


async def test_guesses_at_the_cabinet_lock_the_cabinet(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.place(WANG_1)
        for _ in range(5):
            await lockers.cabinet.pick_up("00000000", CHEN)
        asked, opened = await lockers.cabinet.pick_up(CODE_OF["c-wang"], CHEN)
        assert (asked.result.word, opened) == (Word.LOCKED_OUT, [])
        assert (await lockers.counter.questions.ask(CODE_OF["c-wang"], CHEN)).result.word == Word.ASK_MATCHES


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (OpenOutcome.JAMMED, Word.CELL_NOT_OPENED),
        (OpenOutcome.FAILED, Word.CELL_NOT_OPENED),
        (OpenOutcome.UNKNOWN, Word.CELL_UNCERTAIN),
    ],
)
async def test_a_door_that_does_not_open_hands_nothing_out(tmp_path: Path, outcome: OpenOutcome, word: Word) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.place(LI_1)
        lockers.board.outcome = outcome
        _, (result,) = await lockers.cabinet.pick_up(CODE_OF["c-li"], CHEN)
        assert (result.word, result.sound) == (word, Sound.ERROR)
        assert not any(isinstance(fact, ParcelReleased) for fact in await lockers.counter.facts())
        lockers.board.outcome = OpenOutcome.OPENED
        _, (again,) = await lockers.cabinet.pick_up(CODE_OF["c-li"], CHEN)
        assert again.word == Word.RELEASED


async def test_a_faulty_cell_is_given_to_nobody_until_staff_say_it_is_right(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        lockers.board.outcome = OpenOutcome.JAMMED
        await lockers.cabinet.reserve(WANG_1, CHEN)
        await lockers.cabinet.open(Wish("1-01", "placing", WANG_1), CHEN)
        assert (await lockers.cabinet.reserve(WANG_1, CHEN)).slot == "1-02"
        await lockers.cabinet.set_in_use("1-01", CHEN, is_blocked=False)
        await lockers.cabinet.set_in_use("1-02", CHEN, is_blocked=True)
        assert (await lockers.cabinet.reserve(LI_1, CHEN)).word == Word.NO_CELL
        lockers.board.outcome = OpenOutcome.OPENED
        assert (await lockers.cabinet.open(Wish("1-02", "placing", LI_1), CHEN)).word == Word.CELL_OUT_OF_USE
        with pytest.raises(NotInManifestError):
            await lockers.cabinet.set_in_use("9-99", CHEN, is_blocked=True)


async def test_a_door_left_open_and_a_cell_that_is_not_as_booked_are_said(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        lockers.board.article = Article.ABSENT
        await lockers.cabinet.reserve(WANG_1, CHEN)
        await lockers.cabinet.open(Wish("1-01", "placing", WANG_1), CHEN)
        await lockers.closes()
        lockers.board.article = Article.PRESENT
        await lockers.cabinet.open(Wish("1-01", "placing", WANG_1), CHEN)
        await lockers.closes()
        await lockers.cabinet.pick_up(CODE_OF["c-wang"], CHEN)
        await lockers.closes()
        await lockers.cabinet.open(Wish("1-02", "check"), CHEN)
        await lockers.closes(Door.OPEN)
        changed = [(fact.cell, fact.state, fact.cause) for fact in await lockers.counter.facts() if isinstance(fact, CellChanged)]
        assert changed == [
            ("1-01", "reserved", ""),
            ("1-01", "free", "cell_mismatch"),
            ("1-01", "blocked", "cell_mismatch"),
            ("1-02", "open", "door_left_open"),
        ]
        noted = await lockers.counter.outbox.run(lambda store: cell_book.notes(store.execute))
        assert noted == {
            "1-01": CellNote("blocked", cause="cell_mismatch"),
            "1-02": CellNote("open", cause="door_left_open"),
        }
        seen = await lockers.cabinet.look()
        assert (seen["1-01"].article, seen["1-01"].door) == (Article.PRESENT, Door.UNKNOWN)  # this board has no contacts


async def test_no_door_opens_for_cold_goods_in_a_warm_cell(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        warm = await lockers.cabinet.open(Wish("1-01", "placing", WANG_2), CHEN)
        assert (warm.word, warm.detail, lockers.board.pulses) == (Word.WRONG_ZONE, "chilled", [])


async def test_an_expired_parcel_is_taken_out_by_staff_and_anothers_cell_is_not_opened(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.place(WANG_1)
        wrong = await lockers.cabinet.open(Wish("1-01", "removal", LI_1, removed_for="expired"), CHEN)
        assert wrong.word == Word.NOT_HERE
        busy = await lockers.cabinet.open(Wish("1-01", "placing", LI_1), CHEN)
        assert busy.word == Word.CELL_BUSY
        taken = await lockers.cabinet.open(Wish("1-01", "removal", WANG_1, removed_for="expired"), CHEN)
        assert taken.word == Word.REMOVED
        assert ParcelRemoved(parcel=WANG_1, cell="1-01", reason="expired") in await lockers.counter.facts()
        assert lockers.board.pulses == [1, 1]


async def test_after_a_crash_between_pulse_and_feedback_the_wish_is_unknown_and_nothing_is_pulsed_again(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.place(LI_1)
        lockers.board.dies = True
        with pytest.raises(asyncio.CancelledError):
            await lockers.cabinet.pick_up(CODE_OF["c-li"], CHEN)
    board = TestBoard()
    async with open_lockers(tmp_path, lockers.counter.clock, board) as lockers:
        last = (await lockers.counter.facts())[-1]
        assert last == CellOpened(cell="1-02", purpose="pickup", outcome="unknown", parcel=LI_1)
        assert board.pulses == []
    async with open_lockers(tmp_path, lockers.counter.clock, board) as lockers:
        assert (await lockers.counter.facts()).count(last) == 1


async def test_what_the_door_did_while_the_disk_failed_is_booked_when_it_works_again(tmp_path: Path) -> None:
    def fails(step: Step) -> None:
        if step == "sealed" and len(lockers.board.pulses) == 2:
            raise NotKeptError("the card is gone for a moment")

    async with open_lockers(tmp_path, on_step=lambda step: fails(step)) as lockers:
        await lockers.place(LI_1)
        with pytest.raises(NotKeptError):
            await lockers.cabinet.pick_up(CODE_OF["c-li"], CHEN)
        with pytest.raises(NotKeptError):
            await lockers.cabinet.book_what_is_owed()
        lockers.board.pulses.append(0)
        await lockers.cabinet.book_what_is_owed()
        await lockers.cabinet.book_what_is_owed()
        released = ParcelReleased(parcel=LI_1, how=How.CODE, claim="c-li", cell="1-02")
        assert (await lockers.counter.facts()).count(released) == 1


async def test_what_is_owed_is_booked_before_another_door_opens_and_once_whoever_books_it(tmp_path: Path) -> None:
    is_broken = False

    def fails(step: Step) -> None:
        if step == "sealed" and is_broken:
            raise NotKeptError("the card is gone for a moment")

    async with open_lockers(tmp_path, on_step=lambda step: fails(step)) as lockers:
        await lockers.place(LI_1)
        lockers.board.on_open = lambda: set_broken(True)

        def set_broken(value: bool) -> None:
            nonlocal is_broken
            is_broken = value

        with pytest.raises(NotKeptError):
            await lockers.cabinet.pick_up(CODE_OF["c-li"], CHEN)
        pulses = list(lockers.board.pulses)
        with pytest.raises(NotKeptError):
            await lockers.cabinet.open(Wish("1-01", "check"), CHEN)
        assert lockers.board.pulses == pulses
        lockers.board.on_open = None
        set_broken(False)
        booked = (lockers.cabinet.book_what_is_owed(), lockers.cabinet.open(Wish("1-01", "check"), CHEN))
        await asyncio.gather(*booked, lockers.cabinet.book_what_is_owed())
        facts = await lockers.counter.facts()
        released = ParcelReleased(parcel=LI_1, how=How.CODE, claim="c-li", cell="1-02")
        assert facts.count(released) == 1
        assert facts[-1] == CellOpened(cell="1-01", purpose="check", outcome="opened")


async def test_two_hands_at_one_cell_release_once(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.place(LI_1)
        both = await asyncio.gather(
            lockers.cabinet.open(Wish("1-02", "pickup", LI_1, "c-li", How.CODE), CHEN),
            lockers.cabinet.open(Wish("1-02", "pickup", LI_1, "c-li", How.CODE), CHEN),
        )
        assert [one.word for one in both] == [Word.RELEASED, Word.NOT_HERE]
        assert lockers.board.pulses == [2, 2]


async def test_the_cloud_opens_a_cell_once_and_hears_what_the_door_said(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        assert await lockers.cabinet.open_remotely("c-1", "1-02") == ("done", "cell_opened")
        lockers.board.outcome = OpenOutcome.JAMMED
        assert await lockers.cabinet.open_remotely("c-2", "1-02") == ("failed", "cell_not_opened")
        assert (await lockers.cabinet.open_remotely("c-3", "9-99"))[0] == "refused"
        opened = [fact for fact in await lockers.counter.facts() if isinstance(fact, CellOpened)]
        assert [(fact.purpose, fact.command, fact.outcome) for fact in opened] == [
            ("remote", "c-1", "opened"),
            ("remote", "c-2", "failed"),
        ]


async def test_a_stale_or_replayed_command_and_one_of_a_skewed_clock_open_no_door(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        clock, counter = lockers.counter.clock, lockers.counter
        site_clock = SiteClock(clock, clock.monotonic_s, lambda: True, 0)
        desk = CommandDesk(
            counter.outbox, site_clock, counter.station, lambda: None, clock.monotonic_s, lockers.cabinet.open_remotely
        )

        async def say(name: str, nonce: str = "n1", waited_s: float = 0.0) -> str:
            command = Command(id=name, nonce=nonce, ttl_s=10.0, action="open_cell", cell="1-02")
            return (await desk.carry_out(Received(command, "n1", clock.monotonic_s() - waited_s))).outcome

        assert await say("of an earlier connection", nonce="n0") == "refused"
        assert await say("too old", waited_s=10.1) == "refused"
        assert lockers.board.pulses == []
        clock.ms -= 86_400_000  # the domain clock is a day back: what counts is the time since it was received
        assert await say("too old by the real clock", waited_s=10.1) == "refused"
        assert await say("good") == "done"
        clock.ms += 10 * 86_400_000
        assert [await say("good"), await say("good", nonce="n0")] == ["done", "done"]  # the recorded result
        assert lockers.board.pulses == [2]
    async with open_lockers(tmp_path, clock) as lockers:
        without = CommandDesk(lockers.counter.outbox, site_clock, lockers.counter.station, lambda: None, clock.monotonic_s)
        command = Command(id="nowhere", nonce="n1", ttl_s=10.0, action="open_cell", cell="1-02")
        assert (await without.carry_out(Received(command, "n1", clock.monotonic_s()))).outcome == "refused"


async def test_a_command_whose_connection_breaks_at_the_pulse_is_carried_out_to_its_end_and_booked(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        clock, counter = lockers.counter.clock, lockers.counter
        site_clock = SiteClock(clock, clock.monotonic_s, lambda: True, 0)
        desk = CommandDesk(
            counter.outbox, site_clock, counter.station, lambda: None, clock.monotonic_s, lockers.cabinet.open_remotely
        )
        lockers.board.opens_when = asyncio.Event()
        command = Command(id="c-1", nonce="n1", ttl_s=10.0, action="open_cell", cell="1-02")
        carrying = asyncio.create_task(desk.carry_out(Received(command, "n1", clock.monotonic_s())))
        async with asyncio.timeout(20):
            while not lockers.board.pulses:
                await asyncio.sleep(0.001)
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
        lockers.board.opens_when.set()
        opened = CellOpened(cell="1-02", purpose="remote", outcome="opened", command="c-1")
        finished = CommandFinished(command="c-1", outcome="done", detail="cell_opened")
        async with asyncio.timeout(20):
            while finished not in await counter.facts():
                await asyncio.sleep(0.001)
        assert opened in await counter.facts()
        assert lockers.board.pulses == [2]


async def test_staff_may_look_into_a_cell_and_move_a_parcel_to_another(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.place(LI_1)
        assert (await lockers.cabinet.reserve(LI_1, CHEN)).sound is Sound.DUPLICATE
        assert (await lockers.cabinet.open(Wish("1-02", "check"), CHEN)).word == Word.CELL_OPENED
        await lockers.closes()
        moved = await lockers.cabinet.open(Wish("1-01", "placing", LI_1), CHEN)
        assert moved.word == Word.CELL_OPENED
        await lockers.closes()
        facts = await lockers.counter.facts()
        assert facts[-2:] == [ParcelRemoved(parcel=LI_1, cell="1-02", reason="moved"), ParcelPlaced(parcel=LI_1, cell="1-01")]


async def test_no_door_opens_for_what_was_too_warm_and_its_resident_is_sent_to_staff(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.place(LI_1)
        pulses = len(lockers.board.pulses)
        day = lockers.counter.station.day.manifest
        assert day is not None
        parcels = tuple(structs.replace(one, is_breached=one.parcel == LI_1) for one in day.parcels)
        await lockers.counter.put_in_force(structs.replace(day, version=day.version + 1, parcels=parcels))
        _, said = await lockers.cabinet.pick_up(CODE_OF["c-li"], CHEN)
        assert [(one.word, one.detail, one.parcel) for one in said] == [("refused", "too_warm", LI_1)]
        assert len(lockers.board.pulses) == pulses


async def test_a_look_into_a_blocked_or_a_reserved_cell_leaves_it_blocked_or_reserved(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.cabinet.set_in_use("1-01", CHEN, is_blocked=True)
        await lockers.cabinet.open(Wish("1-01", "check"), CHEN)
        await lockers.closes()
        assert (await lockers.cabinet.reserve(WANG_1, CHEN)).slot == "1-02"
        await lockers.cabinet.open_remotely("c-1", "1-02")
        await lockers.closes(Door.OPEN)
        assert (await lockers.notes())["1-02"] == CellNote("open", WANG_1, "door_left_open")
        await lockers.closes()
        assert await lockers.notes() == {"1-01": CellNote("blocked", cause="staff"), "1-02": CellNote("reserved", WANG_1)}
        assert (await lockers.cabinet.reserve(LI_1, CHEN)).word == Word.NO_CELL


async def test_a_cell_that_staff_block_while_its_door_stands_open_is_blocked_when_it_closes(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.cabinet.open(Wish("1-03", "check"), CHEN)
        await lockers.cabinet.set_in_use("1-03", CHEN, is_blocked=True)
        await lockers.closes(Door.OPEN)
        await lockers.closes()
        assert await lockers.notes() == {"1-03": CellNote("blocked", cause="staff")}


@pytest.mark.parametrize("meanwhile", ["look", "remote", "left_open"])
async def test_a_parcel_is_placed_when_its_door_closes_whatever_was_done_to_it_meanwhile(tmp_path: Path, meanwhile: str) -> None:
    async with open_lockers(tmp_path) as lockers:
        assert (await lockers.cabinet.reserve(WANG_2, CHEN)).slot == "1-03"
        await lockers.cabinet.open(Wish("1-03", "placing", WANG_2), CHEN)
        if meanwhile == "look":
            await lockers.cabinet.open(Wish("1-03", "check"), Who("page-2", "li"))
        elif meanwhile == "remote":
            await lockers.cabinet.open_remotely("c-1", "1-03")
        else:
            await lockers.closes(Door.OPEN)
            assert (await lockers.notes())["1-03"] == CellNote("open", WANG_2, "door_left_open")
        await lockers.closes()
        assert (await lockers.counter.facts())[-1] == ParcelPlaced(parcel=WANG_2, cell="1-03")
        assert lockers.counter.station.results[0].actor == CHEN.actor
        assert await lockers.notes() == {}


async def test_a_cell_that_stands_open_for_a_parcel_is_opened_for_no_other(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.cabinet.open(Wish("1-02", "placing", LI_1), CHEN)  # nobody reserved it
        assert (await lockers.cabinet.open(Wish("1-02", "placing", WANG_1), CHEN)).word == Word.CELL_BUSY
        await lockers.closes()
        assert (await lockers.counter.facts())[-1] == ParcelPlaced(parcel=LI_1, cell="1-02")


async def test_what_is_opened_again_while_its_closing_is_looked_at_is_booked_when_it_closes_again(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.cabinet.open(Wish("1-01", "placing", WANG_1), CHEN)
        lockers.board.opens_when = asyncio.Event()
        looking = asyncio.create_task(lockers.cabinet.open(Wish("1-01", "check"), CHEN))
        async with asyncio.timeout(20):
            while len(lockers.board.pulses) < 2:
                await asyncio.sleep(0.001)
        lockers.board.closing.put_nowait(Door.CLOSED)  # seen shut just before the second pulse opens it
        await asyncio.sleep(0.01)
        lockers.board.opens_when.set()
        await looking
        assert not any(isinstance(fact, ParcelPlaced) for fact in await lockers.counter.facts())
        await lockers.closes()
        assert (await lockers.counter.facts())[-1] == ParcelPlaced(parcel=WANG_1, cell="1-01")


@pytest.mark.parametrize("error", [NotKeptError("full"), OutboxBusyError("64 jobs wait")])
async def test_an_opening_and_a_closing_that_the_books_do_not_take_at_once_are_booked_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(cabinets, "AGAIN_S", 0.01)
    async with open_lockers(tmp_path) as lockers:
        station, refusals = lockers.counter.station, 0
        act = station.act

        async def refuses(*_: object, **__: object) -> ScanResult:
            nonlocal refusals
            refusals += 1
            raise error

        monkeypatch.setattr(station, "act", refuses)
        with pytest.raises(type(error)):
            await lockers.cabinet.open(Wish("1-01", "placing", WANG_1), CHEN)
        lockers.board.closing.put_nowait(Door.CLOSED)
        async with asyncio.timeout(20):
            while refusals < 2:
                await asyncio.sleep(0.001)
        monkeypatch.setattr(station, "act", act)
        await lockers.closes()
        async with asyncio.timeout(20):
            while not any(isinstance(fact, ParcelPlaced) for fact in await lockers.counter.facts()):
                await asyncio.sleep(0.001)
        assert await lockers.counter.facts() == [
            CellOpened(cell="1-01", purpose="placing", outcome="opened", parcel=WANG_1),
            ParcelReceived(parcel=WANG_1),
            ParcelPlaced(parcel=WANG_1, cell="1-01"),
        ]


async def test_doors_that_stand_open_are_watched_on_when_watching_begins_again_and_one_bad_line_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cabinets, "AGAIN_S", 0.01)
    async with open_lockers(tmp_path) as lockers:
        await lockers.cabinet.open(Wish("1-01", "placing", WANG_1), CHEN)
        await asyncio.sleep(0.01)
        lockers.running.cancel()
        await asyncio.gather(lockers.running, return_exceptions=True)
        wait_closed, failures = lockers.board.wait_closed, 0

        async def fails_twice(cell: int, within_s: float) -> Door:
            nonlocal failures
            failures += 1
            if failures <= 2:
                raise RuntimeError("a driver's mistake")
            return await wait_closed(cell, within_s)

        monkeypatch.setattr(TestBoard, "wait_closed", lambda _self, cell, within_s: fails_twice(cell, within_s))
        again = asyncio.create_task(lockers.cabinet.run())
        await lockers.closes()
        assert (await lockers.counter.facts())[-1] == ParcelPlaced(parcel=WANG_1, cell="1-01")
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)


async def test_a_cell_to_which_nothing_was_sent_is_not_faulty_and_is_kept_for_its_parcel(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await lockers.cabinet.reserve(WANG_1, CHEN)
        lockers.board.outcome, lockers.board.pulse = OpenOutcome.FAILED, Pulse.NONE
        refused = await lockers.cabinet.open(Wish("1-01", "placing", WANG_1), CHEN)
        assert refused.word == Word.CELL_NOT_OPENED
        assert (await lockers.counter.facts())[-1] == CellOpened(cell="1-01", purpose="placing", outcome="failed", parcel=WANG_1)
        assert await lockers.notes() == {"1-01": CellNote("reserved", WANG_1)}
        lockers.board.pulse = Pulse.UNKNOWN  # sent, and the board did not say that it pulsed
        await lockers.cabinet.open(Wish("1-01", "placing", WANG_1), CHEN)
        assert await lockers.notes() == {"1-01": CellNote("fault", cause="open_failed")}


async def test_whoever_looks_at_the_cabinet_shares_one_look(tmp_path: Path) -> None:
    async with open_lockers(tmp_path) as lockers:
        await asyncio.gather(*(lockers.cabinet.look() for _ in range(10)))
        assert lockers.board.looks == 1
