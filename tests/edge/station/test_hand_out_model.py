"""Any interleaving of screens, scanners, a cabinet, crashes and a failing disk hands each parcel out at most once at a time.

What is true is what the file holds: every event that was sealed, undone ones taken out. What staff were told must be in it.
"""

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from cloud.domain.events import RecordedEvent, effective
from edge.devices.locker import Article, Door, OpenOutcome
from edge.devices.ports import Sound
from edge.outbox import NotKeptError, SealedBatch, Step, Store
from edge.rules.custody import parcel_standing
from edge.site_clock import SiteClock
from edge.station import cell_book, ledger
from edge.station.cabinet import Cabinet, Lock
from edge.station.cells import Purpose, Wish
from edge.station.day import Day
from edge.station.decide import Mode
from edge.station.known import KnownParcel
from edge.station.questions import NoSuchQuestionError, OpenQuestion
from edge.station.results import ScanResult
from edge.station.station import NoSuchScanError, Who
from edge.wire.codec import decode_events
from edge.wire.ids import EventNumber, SiteId
from edge.wire.messages import AnyFact, CellChanged, CellOpened, How, ParcelDisposed, ParcelPlaced, ParcelReleased
from edge.wire.order import Hlc
from tests.edge.outbox.sites import waiting
from tests.edge.station import days
from tests.edge.station.boards import TestBoard
from tests.edge.station.counters import Counter, TestClock, open_counter
from tests.edge.station.days import CODE_OF, LI_1, PROXY_CODE, PROXY_TOKEN, STRANGE, WANG_1, WANG_2
from tests.examples import examples

DAY = days.manifest()
DAY_INDEX = Day.of(DAY)
PARCELS = (WANG_1, WANG_2, LI_1, STRANGE)
SHOWN = (*CODE_OF.values(), *[PROXY_CODE] * 5, "5678", days.qr("demo/1"), days.qr("demo/2", token="t-2", is_proxy=True), "00000000")
CHOICES = ((), (WANG_1,), (WANG_2,), (WANG_1, WANG_2), (LI_1, WANG_1))
TURNS = 4  # whoever watches the door sees it closed, pays what is owed, looks and books: each may wait for the file once
SCREENS = st.sampled_from((Who("page-1", "staff-1"), Who("page-2", "staff-2")))


class StationOfTwoScreens(RuleBasedStateMachine):
    """One file, two pages, a scanner."""

    questions = Bundle("questions")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.loop = asyncio.new_event_loop()
        self.clock = TestClock()
        self.disk_fails = False
        self.told: list[ScanResult] = []
        self.blocked: set[str] = set()  # by staff, and not freed by them
        self.board = TestBoard()  # its doors and its count of pulses outlive the agent

    def on_step(self, step: Step) -> None:
        if step == "sealed" and self.disk_fails:
            self.disk_fails = False
            raise NotKeptError("the card is gone for a moment")

    @initialize()
    def begin(self) -> None:
        self.open()
        for label in PARCELS[:3]:
            self.told.append(self.loop.run_until_complete(self.counter.scan(label)))

    def open(self) -> None:
        self.stack = AsyncExitStack()
        is_new = not (self.folder / "site.db").exists()
        opening = open_counter(self.folder, "receive", DAY if is_new else None, self.on_step, self.clock)
        self.counter: Counter = self.loop.run_until_complete(self.stack.enter_async_context(opening))
        site_clock = SiteClock(self.clock, self.clock.monotonic_s, lambda: True, 0)
        locks = {f"1-0{number}": Lock(self.board, number) for number in self.board.cells}
        self.cabinet = Cabinet(self.counter.outbox, site_clock, self.counter.station, self.counter.questions, locks)
        self.loop.run_until_complete(self.cabinet.load())
        self.watching = self.loop.create_task(self.cabinet.run())

    def close(self) -> None:
        self.disk_fails = False
        self.watching.cancel()
        self.loop.run_until_complete(asyncio.gather(self.watching, return_exceptions=True))
        self.loop.run_until_complete(self.stack.aclose())

    @rule()
    def crash(self) -> None:
        """What was only in memory is gone: questions, benches, counters."""
        self.close()
        self.open()

    @rule()
    def disk_fails_once(self) -> None:
        self.disk_fails = True

    @rule(mode=st.sampled_from(get_args(Mode)))
    def switch(self, mode: Mode) -> None:
        self.counter.station.set_mode(mode)

    @rule(label=st.sampled_from(PARCELS), device=st.sampled_from(("scanner-1", "page-1")))
    def scan(self, label: str, device: str) -> None:
        self.told.append(self.loop.run_until_complete(self.counter.scan(label, device)))

    @rule(target=questions, shown=st.sampled_from(SHOWN), who=SCREENS)
    def ask(self, shown: str, who: Who) -> object:
        self.clock.pass_s(1)
        try:
            asked = self.loop.run_until_complete(self.counter.questions.ask(shown, who))
        except NotKeptError:
            return multiple()
        return asked if asked.claims else multiple()

    @rule(asked=questions, who=SCREENS, some=st.sampled_from(CHOICES))
    def hand_out(self, asked: OpenQuestion, who: Who, some: tuple[str, ...]) -> None:
        try:
            done = self.counter.questions.hand_out(asked.id, asked.claims[0].claim.claim, some, who)
            self.told.append(self.loop.run_until_complete(done))
        except (NoSuchQuestionError, NotKeptError):
            return

    @rule(asked=consumes(questions), who=SCREENS)
    def both_screens_at_once(self, asked: OpenQuestion, who: Who) -> None:
        async def both() -> list[ScanResult | BaseException]:
            claim = asked.claims[-1].claim.claim
            acts = (self.counter.questions.hand_out(asked.id, claim, (), one) for one in (who, Who("page-9", "staff-1")))
            return await asyncio.gather(*acts, return_exceptions=True)

        for done in self.loop.run_until_complete(both()):
            if isinstance(done, BaseException):
                assert isinstance(done, NoSuchQuestionError | NotKeptError)
            else:
                self.told.append(done)

    @rule(outcome=st.sampled_from(OpenOutcome), dies=st.booleans(), article=st.sampled_from(Article))
    def the_board_is_in_a_mood(self, outcome: OpenOutcome, dies: bool, article: Article) -> None:
        self.board.outcome, self.board.dies, self.board.article = outcome, dies and outcome is OpenOutcome.OPENED, article

    @rule(door=st.sampled_from((Door.CLOSED, Door.CLOSED, Door.OPEN)))
    def somebody_closes_a_door(self, door: Door) -> None:
        async def while_the_file_is_asked() -> None:
            for _ in range(TURNS):
                await self.counter.outbox.run(lambda _: None)

        self.board.closing.put_nowait(door)
        self.loop.run_until_complete(while_the_file_is_asked())

    @rule(label=st.sampled_from(PARCELS[:3]), who=SCREENS, purpose=st.sampled_from(("placing", "removal", "check")))
    def open_a_cell(self, label: str, who: Who, purpose: Purpose) -> None:
        try:
            reserved = self.loop.run_until_complete(self.cabinet.reserve(label, who))
            wish = Wish(reserved.slot or "1-01", purpose, label)
            self.told.append(self.loop.run_until_complete(self.cabinet.open(wish, who)))
        except (NotKeptError, asyncio.CancelledError):
            self.crash()

    @rule(cell=st.sampled_from(("1-01", "1-02", "1-03")), purpose=st.sampled_from(("check", "remote")), who=SCREENS)
    def look_into_a_cell(self, cell: str, purpose: Purpose, who: Who) -> None:
        try:
            self.told.append(self.loop.run_until_complete(self.cabinet.open(Wish(cell, purpose), who)))
        except (NotKeptError, asyncio.CancelledError):
            self.crash()

    @rule(cell=st.sampled_from(("1-01", "1-02", "1-03")), is_blocked=st.booleans(), who=SCREENS)
    def take_a_cell_out_of_use_or_free_it(self, cell: str, is_blocked: bool, who: Who) -> None:
        try:
            self.told.append(self.loop.run_until_complete(self.cabinet.set_in_use(cell, who, is_blocked=is_blocked)))
        except NotKeptError:
            return
        (self.blocked.add if is_blocked else self.blocked.discard)(cell)

    @rule(shown=st.sampled_from(SHOWN))
    def show_at_the_cabinet(self, shown: str) -> None:
        try:
            _, opened = self.loop.run_until_complete(self.cabinet.pick_up(shown, Who("cabinet")))
            self.told += opened
        except (NotKeptError, asyncio.CancelledError):
            self.crash()

    @rule(label=st.sampled_from(PARCELS), who=SCREENS)
    def dispose(self, label: str, who: Who) -> None:
        try:
            self.told.append(self.loop.run_until_complete(self.counter.desk.dispose(label, "spoiled", "", who)))
        except NotKeptError:
            return

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        done = [one.event for one in self.told if one.event is not None and one.can_undo]
        event = data.draw(st.sampled_from(done)) if done else None
        try:
            self.loop.run_until_complete(self.counter.station.undo(event, "staff-2"))
        except (NoSuchScanError, NotKeptError):
            return

    @rule(seconds=st.sampled_from((1, 70, 400)))
    def time_passes(self, seconds: int) -> None:
        self.clock.pass_s(seconds)

    @invariant()
    def each_parcel_left_at_most_once(self) -> None:
        if not hasattr(self, "counter"):
            return
        facts, known = self.look()
        for label in PARCELS:
            of_parcel = [fact for _, fact in facts if getattr(fact, "parcel", "") == label]
            assert sum(isinstance(fact, ParcelReleased) for fact in of_parcel) <= 1
            assert known[label].standing == parcel_standing(of_parcel)
        for token in (PROXY_TOKEN, "t-2"):  # used once: what left for it left in one act, whose events lie side by side
            acts = [n for n, fact in facts if isinstance(fact, ParcelReleased) and fact.token == token]
            assert acts == list(range(acts[0], acts[0] + len(acts))) if acts else True

    @invariant()
    def blocked_stays_blocked_until_staff_free_it_and_reserved_stays_reserved_for_its_parcel(self) -> None:
        if not hasattr(self, "counter"):
            return
        noted = self.loop.run_until_complete(self.counter.outbox.run(lambda store: cell_book.notes(store.execute)))
        for cell in self.blocked:
            assert noted[cell].state in ("blocked", "fault")
        facts = self.loop.run_until_complete(self.counter.facts())  # the undone, too: undoing moves no parcel out of a cell
        for cell in ("1-01", "1-02", "1-03"):
            said = [n for n, fact in enumerate(facts) if isinstance(fact, CellChanged | ParcelPlaced) and fact.cell == cell]
            lasting = [n for n in said if getattr(facts[n], "state", "") != "open"]
            last = facts[lasting[-1]] if lasting else None
            if isinstance(last, CellChanged) and last.state == "reserved":
                left = [fact for fact in facts[lasting[-1] :] if isinstance(fact, ParcelReleased | ParcelDisposed)]
                if all(fact.parcel != last.parcel for fact in left):
                    assert noted[cell].parcel == last.parcel

    @invariant()
    def no_lock_was_pulsed_without_a_wish_on_the_disk(self) -> None:
        if not hasattr(self, "counter"):
            return
        wishes = self.loop.run_until_complete(self.counter.outbox.run(wished))
        assert len(self.board.pulses) <= wishes
        facts, _ = self.look()
        opened = {(fact.cell, fact.parcel) for _, fact in facts if isinstance(fact, CellOpened)}
        for _, fact in facts:
            if isinstance(fact, ParcelReleased) and fact.cell and fact.how is not How.SCAN and fact.took_s is None:
                assert (fact.cell, fact.parcel) in opened

    def look(self) -> tuple[list[tuple[int, AnyFact]], dict[str, KnownParcel]]:
        """At one moment: every event of the file with its number, in order, the undone left out; and what the ledger says."""

        def read(store: Store) -> tuple[list[SealedBatch], dict[str, KnownParcel]]:
            return waiting(store), {label: ledger.parcel(store.execute, DAY_INDEX, label) for label in PARCELS}

        batches, known = self.loop.run_until_complete(self.counter.outbox.run(read))
        recorded = []
        for batch in batches:
            (event,) = decode_events(batch.payload).events
            recorded.append(
                RecordedEvent(
                    SiteId(days.SITE), batch.epoch, EventNumber(event.n), Hlc(event.hlc), event.measured_at_ms,
                    event.measured_at_ms, event.clock, event.fact, 0, event.boot,
                )
            )  # fmt: skip
        return [(entry.event.n, entry.event.fact) for entry in effective(recorded)], known

    def teardown(self) -> None:
        if hasattr(self, "counter"):
            events = {event.n for event in self.loop.run_until_complete(self.counter.events())}
            for one in self.told:  # whatever staff heard as booked is in the file
                if one.sound in (Sound.OK, Sound.ATTENTION) and one.event is not None:
                    assert one.event.n in events
            self.close()
        self.loop.close()
        shutil.rmtree(self.folder)


def wished(store: Store) -> int:
    ((count,),) = store.execute("SELECT count(*) FROM cell_wish").fetchall()
    return int(count)


TestStationOfTwoScreens = StationOfTwoScreens.TestCase
TestStationOfTwoScreens.settings = settings(max_examples=examples(30), stateful_step_count=30, deadline=None)
