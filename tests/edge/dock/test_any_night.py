"""Any interleaving of scans, jobs, undos, crashes and a failing disk: parcels lie only where they belong, and the cloud agrees.

What is true is what the file holds: every event that was sealed, undone ones taken out.
"""

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cloud.domain.container import fold_container
from cloud.domain.events import RecordedEvent
from cloud.domain.parcel import fold_parcel
from edge.devices.ports import Sound
from edge.dock import books
from edge.outbox import NotKeptError, SealedBatch, Step
from edge.outbox.transaction import Execute
from edge.rules.custody import ParcelState, container_standing, parcel_standing
from edge.station.ledger import decode_fact, facts_of
from edge.station.results import ScanResult
from edge.station.station import NoSuchScanError
from edge.wire.codec import decode_events
from edge.wire.ids import EventNumber, SiteId
from edge.wire.messages import ContainerBound
from edge.wire.order import Hlc
from edge.wire.presence import DockMode
from tests.edge.dock.plans import A1, A2, A_COLD, B1, C1, SITE, SPARE, STRANGE, WANG, Bay, P, manifest, open_bay
from tests.edge.outbox.sites import waiting
from tests.edge.station.counters import TestClock
from tests.examples import examples

CONTAINERS = (A1, A2, A_COLD, B1, C1, SPARE)
PARCELS = (*P[:8], STRANGE)
BOOKED = {Sound.OK, Sound.ATTENTION}


class DockOfTwoScanners(RuleBasedStateMachine):
    """One file, one scanner at the shared place, one that has a job of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.loop = asyncio.new_event_loop()
        self.clock = TestClock()
        self.disk_fails = False

    def on_step(self, step: Step) -> None:
        if step == "sealed" and self.disk_fails:
            self.disk_fails = False
            raise NotKeptError("the card is gone for a moment")

    @initialize()
    def begin(self) -> None:
        self.open()
        self.loop.run_until_complete(self.bay.dock.sit("page-1", "scanner-2"))

    def open(self) -> None:
        self.stack = AsyncExitStack()
        is_new = not (self.folder / "site.db").exists()
        opening = open_bay(self.folder, manifest() if is_new else None, self.on_step, self.clock)
        self.bay: Bay = self.loop.run_until_complete(self.stack.enter_async_context(opening))

    @rule()
    def crash(self) -> None:
        self.disk_fails = False
        self.loop.run_until_complete(self.stack.aclose())
        self.open()

    @rule()
    def disk_fails_once(self) -> None:
        self.disk_fails = True

    @rule(mode=st.sampled_from(get_args(DockMode)), device=st.sampled_from(("", "scanner-2")))
    def switch(self, mode: DockMode, device: str) -> None:
        try:
            work = self.bay.dock.choose_mode(device, mode) if device else self.bay.rules.choose_mode(mode)
            self.loop.run_until_complete(work)
        except NotKeptError:
            return

    @rule(label=st.sampled_from((*CONTAINERS, *PARCELS)), device=st.sampled_from(("scanner-1", "scanner-2")))
    def scan(self, label: str, device: str) -> None:
        self.tell(self.loop.run_until_complete(self.bay.scan(label, device)))

    @rule(container=st.sampled_from(CONTAINERS[:5]))
    def pack_whole(self, container: str) -> None:
        """What somebody does who makes no mistake."""
        self.switch("pack", "scanner-2")
        self.scan(container, "scanner-2")
        for parcel in self.bay.dock.plan.loads[container].parcels:
            self.scan(parcel, "scanner-2")

    @rule(label=st.sampled_from(CONTAINERS[:5]))
    def stand_in(self, label: str) -> None:
        try:
            self.loop.run_until_complete(self.bay.dock.await_container("scanner-2", label))
        except NotKeptError:
            return

    @rule(container=st.sampled_from(CONTAINERS), is_short=st.booleans())
    def seal(self, container: str, is_short: bool) -> None:
        try:
            self.tell(self.loop.run_until_complete(self.bay.dock.seal(container, WANG, is_short=is_short)))
        except NotKeptError:
            return

    @rule(container=st.sampled_from(CONTAINERS))
    def lose(self, container: str) -> None:
        try:
            self.tell(self.loop.run_until_complete(self.bay.dock.lose(container, "", WANG)))
        except NotKeptError:
            return

    @rule()
    def undo(self) -> None:
        try:
            self.loop.run_until_complete(self.bay.dock.undo(None, "staff-1"))
        except (NoSuchScanError, NotKeptError):
            return

    def tell(self, result: ScanResult) -> None:
        """Only what is on the disk sounds as if it were; being opened again is the one thing that books nothing."""
        assert (result.event is not None) == (result.sound in BOOKED and result.word != "open"), result

    @invariant()
    def parcels_lie_only_where_they_belong(self) -> None:
        assert self.loop.run_until_complete(self.bay.outbox.run(lambda store: self.astray(store.execute))) == []

    def astray(self, execute: Execute) -> list[str]:
        """Parcels that lie in a container which does not carry their load."""
        plan, found = self.bay.dock.plan, []
        loads = ((one.container, plan.loads[one.stands_for or one.container]) for one in self.binds(execute))
        carried = {(container, parcel) for container, load in loads for parcel in load.parcels}
        for label in PARCELS:
            standing = parcel_standing(facts_of(execute, label))
            if standing.state is ParcelState.PACKED and (standing.container, label) not in carried:
                found.append(f"{label} lies in {standing.container}")
        return found

    def binds(self, execute: Execute) -> list[ContainerBound]:
        """Every time a container was bound, taken back or not: a parcel stays where it was put."""
        rows = execute("SELECT fact FROM booking WHERE kind = 'container_bound'").fetchall()
        return [fact for (text,) in rows if isinstance(fact := decode_fact(text), ContainerBound)]

    @invariant()
    def the_cloud_agrees(self) -> None:
        events = [event for batch in self.loop.run_until_complete(self.bay.outbox.run(waiting)) for event in recorded(batch)]

        def standings(execute: Execute) -> list[object]:
            return [
                *(container_standing(facts_of(execute, one)).state for one in CONTAINERS),
                *(parcel_standing(facts_of(execute, one)) for one in PARCELS),
            ]

        here = self.loop.run_until_complete(self.bay.outbox.run(lambda store: standings(store.execute)))
        cloud: list[object] = [fold_container(of(events, "container", one)).state for one in CONTAINERS]
        assert here[: len(CONTAINERS)] == cloud
        for label, standing in zip(PARCELS, here[len(CONTAINERS) :], strict=True):
            folded = fold_parcel(of(events, "parcel", label))
            assert folded.state == standing.state, label  # type: ignore[attr-defined]

    @invariant()
    def screens_show_what_the_file_holds(self) -> None:
        progress = self.loop.run_until_complete(self.bay.dock.progress.read(self.bay.dock.plan))
        for label, load in self.bay.dock.plan.loads.items():
            read = self.bay.outbox.run(lambda store, load=load: books.load(store.execute, load, with_parcels=True))  # type: ignore[misc]
            assert progress[label].now == self.loop.run_until_complete(read)

    def teardown(self) -> None:
        self.loop.run_until_complete(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.folder)


def recorded(batch: SealedBatch) -> list[RecordedEvent]:
    """As the cloud holds it."""
    return [
        RecordedEvent(
            SiteId(SITE), batch.epoch, EventNumber(one.n), Hlc(one.hlc), one.measured_at_ms, one.measured_at_ms, one.clock, one.fact
        )
        for one in decode_events(batch.payload).events
    ]


def of(events: list[RecordedEvent], field: str, label: str) -> list[RecordedEvent]:
    """Those about one thing, and undos of them."""
    about = [one for one in events if getattr(one.fact, field, "") == label]
    ids = {str(one.id) for one in about}
    return [*about, *(one for one in events if getattr(one.fact, "target", "") in ids)]


TestAnyNight = DockOfTwoScanners.TestCase
TestAnyNight.settings = settings(max_examples=examples(60), stateful_step_count=25, deadline=None)


def test_an_undone_stand_in_is_off_the_screen_though_it_has_a_load_of_its_own() -> None:
    night = DockOfTwoScanners()
    try:
        night.begin()
        night.screens_show_what_the_file_holds()
        night.pack_whole(A1)
        night.stand_in(A1)
        night.scan(A2, "scanner-2")
        night.screens_show_what_the_file_holds()
        night.undo()
        night.screens_show_what_the_file_holds()
    finally:
        night.teardown()
