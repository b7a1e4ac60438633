"""Two real stations and a cloud that hears of them by a network that loses, doubles and shuffles: a machine of Hypothesis'.

Both stations know of the same parcels, as if a van had mixed them up. What a station did is what its file holds; what the cloud
knows is what came through, and in the end it must know all of it, once.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar, get_args

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cloud.domain.events import RecordedEvent, effective
from cloud.domain.parcel import fold_parcel
from edge.devices.locker import Article, Door, OpenOutcome
from edge.outbox import NotKeptError, SealedBatch, Store
from edge.outbox.records import Acknowledgement
from edge.station.cells import Purpose, Wish
from edge.station.decide import Mode
from edge.station.questions import NoSuchQuestionError
from edge.station.station import NoSuchScanError, Who
from edge.wire.codec import decode_events
from edge.wire.envelope import mark
from edge.wire.ids import EventId, EventNumber, Lane, SiteId
from edge.wire.messages import ParcelReleased
from edge.wire.order import ZERO, Hlc
from tests.edge.outbox.sites import waiting
from tests.edge.station import days
from tests.edge.station.branches import Branch
from tests.edge.station.days import BAGS, CODE_OF, LI_1, PROXY_CODE, STRANGE, WANG_1, WANG_2

T = TypeVar("T")

PARCELS = (WANG_1, WANG_2, LI_1, STRANGE)
SITES = ("st-1", "st-2")
SHOWN = (*CODE_OF.values(), PROXY_CODE, "5678", days.qr("demo/1", token="t-9", is_proxy=True))
CHEN = Who("page-1", "staff-1")
AMISS = (NotKeptError, NoSuchQuestionError, NoSuchScanError, asyncio.CancelledError)

which = st.sampled_from((0, 1))


class Packet(NamedTuple):
    """A batch on its way."""

    site: str
    batch: SealedBatch


class Cloud(Protocol):
    """Takes what comes, and knows what came."""

    async def open(self, sites: Sequence[str]) -> None: ...

    async def take(self, packets: Sequence[Packet]) -> Collection[Packet]:
        """Those it acknowledges: they are kept."""
        ...

    async def knows(self) -> list[RecordedEvent]:
        """Every event, each once, in the order in which they came."""
        ...

    async def check(self, union: Sequence[RecordedEvent]) -> None:
        """What it made of them against what both stations did."""
        ...

    async def close(self) -> None: ...


class TwoStations(RuleBasedStateMachine):
    """Steps are acts of people, faults, and moves of the network; ``teardown`` lets everything arrive, and compares."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self.cloud = cloud
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.loop = asyncio.new_event_loop()
        self.network: list[Packet] = []
        self.answers: list[Packet] = []
        manifest = days.manifest()
        self.branches = [Branch(self.folder / site, msgspec.structs.replace(manifest, site=site)) for site in SITES]
        self.branches[1].clock.ms += 700  # clocks of two machines never quite agree

    def run_(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def ask(self, branch: Branch, read: Callable[[Store], T]) -> T:
        """On the thread that has the file."""
        return self.loop.run_until_complete(branch.counter.outbox.run(read))

    @initialize()
    def begin(self) -> None:
        self.run_(self.cloud.open(SITES))
        for branch in self.branches:
            self.run_(branch.open())
            self.run_(branch.counter.receive(*PARCELS[:3]))
        self.is_open = True

    # --- what people do -------------------------------------------------------------------------------

    def try_(self, branch: Branch, work: Coroutine[Any, Any, object]) -> None:
        """Whatever goes wrong is the station's to survive; a pulse that killed it starts it anew."""
        branch.clock.pass_s(1)
        try:
            self.run_(work)
        except asyncio.CancelledError:
            self.run_(branch.crash())
        except AMISS:
            return

    @rule(at=which, label=st.sampled_from((*PARCELS, BAGS)), mode=st.sampled_from(get_args(Mode)))
    def scan(self, at: int, label: str, mode: Mode) -> None:
        branch = self.branches[at]
        branch.counter.station.set_mode(mode)
        self.try_(branch, branch.counter.scan(label))

    @rule(at=which, label=st.sampled_from(PARCELS[:3]))
    def scan_out(self, at: int, label: str) -> None:
        self.scan(at, label, "release")

    @rule(at=which, shown=st.sampled_from(SHOWN), waits=st.booleans())
    def hand_out(self, at: int, shown: str, waits: bool) -> None:
        branch = self.branches[at]

        async def serve() -> None:
            asked = await branch.counter.questions.ask(shown, CHEN)
            if waits:
                await branch.crash()
            for claim in asked.claims[:1]:
                await branch.counter.questions.hand_out(asked.id, claim.claim.claim, (), CHEN)

        self.try_(branch, serve())

    @rule(at=which, label=st.sampled_from(PARCELS), what=st.sampled_from(("shelve", "dispose", "give back", "count")))
    def desk(self, at: int, label: str, what: str) -> None:
        branch = self.branches[at]
        desk = branch.counter.desk
        match what:
            case "shelve":
                work = desk.shelve(label, "A1", CHEN)
            case "dispose":
                work = desk.dispose(label, "spoiled", "", CHEN)
            case "give back":
                work = desk.give_back(label, "", "", CHEN)
            case _:
                work = desk.finish_count(BAGS, CHEN)
        self.try_(branch, work)

    @rule(
        at=which, label=st.sampled_from(PARCELS[:3]), purpose=st.sampled_from(("placing", "removal", "check")), dies=st.booleans()
    )
    def open_a_cell(self, at: int, label: str, purpose: Purpose, dies: bool) -> None:
        branch = self.branches[at]
        branch.board.dies = dies

        async def open_() -> None:
            reserved = await branch.cabinet.reserve(label, CHEN)
            await branch.cabinet.open(Wish(reserved.slot or "1-01", purpose, label), CHEN)

        self.try_(branch, open_())
        branch.board.dies = False

    @rule(at=which, shown=st.sampled_from(SHOWN), outcome=st.sampled_from(OpenOutcome))
    def show_at_the_cabinet(self, at: int, shown: str, outcome: OpenOutcome) -> None:
        branch = self.branches[at]
        branch.board.outcome = outcome
        self.try_(branch, branch.cabinet.pick_up(shown, Who("cabinet")))
        branch.board.outcome = OpenOutcome.OPENED

    @rule(at=which, door=st.sampled_from((Door.CLOSED, Door.CLOSED, Door.OPEN)), article=st.sampled_from(Article))
    def somebody_closes_a_door(self, at: int, door: Door, article: Article) -> None:
        branch = self.branches[at]
        branch.board.article = article
        self.run_(branch.close_a_door(door))

    @rule(at=which, data=st.data())
    def undo(self, at: int, data: st.DataObject) -> None:
        branch = self.branches[at]
        done = [one.event for one in branch.counter.station.results if one.can_undo]
        event: EventId | None = data.draw(st.sampled_from(done)) if done else None
        self.try_(branch, branch.counter.station.undo(event, "staff-2"))

    # --- what goes wrong ------------------------------------------------------------------------------

    @rule(at=which)
    def crash(self, at: int) -> None:
        self.run_(self.branches[at].crash())

    @rule(at=which)
    def disk_fails_once(self, at: int) -> None:
        self.branches[at].disk_fails = True

    @rule(at=which, seconds=st.sampled_from((-3_600, -2, 70, 400)))
    def the_clock_is_set(self, at: int, seconds: int) -> None:
        self.branches[at].clock.ms += seconds * 1000

    # --- the network ----------------------------------------------------------------------------------

    @rule(at=which)
    def send(self, at: int) -> None:
        branch = self.branches[at]
        self.network += [Packet(branch.site, batch) for batch in self.ask(branch, waiting)]

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Some of what is under way, in any order, some of it twice, some of it again later."""
        if self.network:
            self.answers += self.run_(self.cloud.take(data.draw(st.lists(st.sampled_from(self.network), max_size=8))))

    @rule()
    def outage(self) -> None:
        self.network.clear()

    @rule(data=st.data())
    def hear(self, data: st.DataObject) -> None:
        """Some acknowledgements, in any order, some of them twice; a message of the wrong site is not delivered."""
        heard = data.draw(st.lists(st.sampled_from(self.answers), max_size=8)) if self.answers else []
        for branch in self.branches:
            self._acknowledge(branch, [one for one in heard if one.site == branch.site])

    def _acknowledge(self, branch: Branch, packets: Sequence[Packet]) -> None:
        acks = [
            Acknowledgement(one.batch.epoch, Lane.EVENT, [one.batch.key.seq], [mark(one.batch.sha256)], ZERO) for one in packets
        ]
        if acks:
            now_ms = branch.clock.now_ms()
            with suppress(NotKeptError):  # it is acknowledged again
                self.ask(branch, lambda store: store.acknowledge(acks, now_ms))

    # --- what must hold -------------------------------------------------------------------------------

    @invariant()
    def no_station_has_released_a_parcel_twice(self) -> None:
        for branch in self.branches if hasattr(self, "is_open") else ():
            standing = [entry.event.fact for entry in effective(self.done_at(branch))]
            for label in PARCELS:
                assert sum(isinstance(fact, ParcelReleased) and fact.parcel == label for fact in standing) <= 1

    def done_at(self, branch: Branch) -> list[RecordedEvent]:
        return [event for batch in self.run_(branch.sealed()) for event in recorded(Packet(branch.site, batch))]

    def teardown(self) -> None:
        if hasattr(self, "is_open"):
            for branch in self.branches:
                branch.disk_fails = False
            while any(self.ask(branch, waiting) for branch in self.branches):
                self.network.clear()
                self.answers.clear()
                for at in (1, 0):
                    self.send(at)
                self.answers += self.run_(self.cloud.take(self.network))
                for branch in self.branches:
                    self._acknowledge(branch, [one for one in self.answers if one.site == branch.site])
            union = [event for branch in self.branches for event in self.done_at(branch)]
            self.assert_union(union)
            self.run_(self.cloud.check(union))
            for branch in self.branches:
                self.run_(branch.close())
            self.run_(self.cloud.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def assert_union(self, union: Sequence[RecordedEvent]) -> None:
        """Lost nothing, doubled nothing, added nothing; and whoever was handed the same parcel at two stations is named."""
        known = self.run_(self.cloud.knows())
        assert sorted(event.id for event in known) == sorted(event.id for event in union)
        assert {event.id: event.fact for event in known} == {event.id: event.fact for event in union}
        for label in PARCELS:
            of_parcel = [event for event in union if about(event, label, union)]
            parcel = fold_parcel(of_parcel)
            released = [entry.event for entry in effective(of_parcel) if isinstance(entry.event.fact, ParcelReleased)]
            assert len({event.site for event in released}) == len(released)
            if len(released) == 2:
                named = {one for conflict in parcel.conflicts for one in (conflict.kept, conflict.disputed)}
                assert {event.id for event in released} <= named


def recorded(packet: Packet) -> list[RecordedEvent]:
    """As the cloud would read it, received at the time at which it happened."""
    return [
        RecordedEvent(
            SiteId(packet.site), packet.batch.epoch, EventNumber(event.n), Hlc(event.hlc), event.measured_at_ms,
            event.measured_at_ms, event.clock, event.fact, 0, event.boot,
        )
        for event in decode_events(packet.batch.payload).events
    ]  # fmt: skip


def about(event: RecordedEvent, label: str, all_events: Sequence[RecordedEvent]) -> bool:
    """A fact about a parcel, or the undoing of one."""
    target = getattr(event.fact, "target", "")
    if target:
        return any(str(one.id) == target and about(one, label, all_events) for one in all_events)
    return label in (getattr(event.fact, "parcel", ""), getattr(event.fact, "container", ""))
