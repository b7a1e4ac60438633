"""Any interleaving of screens, scanners, crashes and a failing disk hands each parcel out at most once at a time.

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
from edge.devices.ports import Sound
from edge.outbox import NotKeptError, Step
from edge.rules.custody import parcel_standing
from edge.station import ledger
from edge.station.day import Day
from edge.station.decide import Mode
from edge.station.known import KnownParcel
from edge.station.questions import NoSuchQuestionError, OpenQuestion
from edge.station.results import ScanResult
from edge.station.station import NoSuchScanError, Who
from edge.wire.codec import decode_events
from edge.wire.ids import EventNumber, SiteId
from edge.wire.messages import AnyFact, ParcelReleased
from edge.wire.order import Hlc
from tests.edge.outbox.sites import waiting
from tests.edge.station import days
from tests.edge.station.counters import Counter, TestClock, open_counter
from tests.edge.station.days import CODE_OF, LI_1, PROXY_CODE, PROXY_TOKEN, STRANGE, WANG_1, WANG_2

DAY = days.manifest()
DAY_INDEX = Day.of(DAY)
PARCELS = (WANG_1, WANG_2, LI_1, STRANGE)
SHOWN = (*CODE_OF.values(), *[PROXY_CODE] * 5, "5678", days.qr("demo/1"), days.qr("demo/2", token="t-2", is_proxy=True), "00000000")
CHOICES = ((), (WANG_1,), (WANG_2,), (WANG_1, WANG_2), (LI_1, WANG_1))
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

    def close(self) -> None:
        self.disk_fails = False
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
        facts = self.standing_facts()
        for label in PARCELS:
            of_parcel = [fact for _, fact in facts if getattr(fact, "parcel", "") == label]
            assert sum(isinstance(fact, ParcelReleased) for fact in of_parcel) <= 1
            standing = parcel_standing(of_parcel)
            assert self.known(label).standing == standing
        for token in (PROXY_TOKEN, "t-2"):  # used once: what left for it left in one act, whose events lie side by side
            acts = [n for n, fact in facts if isinstance(fact, ParcelReleased) and fact.token == token]
            assert acts == list(range(acts[0], acts[0] + len(acts))) if acts else True

    def standing_facts(self) -> list[tuple[int, AnyFact]]:
        """Every event of the file with its number, in the order of all sites, without what was undone."""
        recorded = []
        for batch in self.loop.run_until_complete(self.counter.outbox.run(waiting)):
            (event,) = decode_events(batch.payload).events
            recorded.append(
                RecordedEvent(
                    SiteId(days.SITE), batch.epoch, EventNumber(event.n), Hlc(event.hlc), event.measured_at_ms,
                    event.measured_at_ms, event.clock, event.fact, 0, event.boot,
                )
            )  # fmt: skip
        return [(entry.event.n, entry.event.fact) for entry in effective(recorded)]

    def known(self, label: str) -> KnownParcel:
        return self.loop.run_until_complete(self.counter.outbox.run(lambda store: ledger.parcel(store.execute, DAY_INDEX, label)))

    def teardown(self) -> None:
        if hasattr(self, "counter"):
            events = {event.n for event in self.loop.run_until_complete(self.counter.events())}
            for one in self.told:  # whatever staff heard as booked is in the file
                if one.sound in (Sound.OK, Sound.ATTENTION) and one.event is not None:
                    assert one.event.n in events
            self.close()
        self.loop.close()
        shutil.rmtree(self.folder)


TestStationOfTwoScreens = StationOfTwoScreens.TestCase
TestStationOfTwoScreens.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
