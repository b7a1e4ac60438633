"""The outbox against a model, over any order of scans, acks, lost acks, crashes, conflicts, prunings and restored clouds."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge.outbox import Reading, SealedBatch, Step, Store
from edge.wire.codec import decode_events
from edge.wire.envelope import digest, mark
from edge.wire.ids import Epoch, EventId, EventNumber, Lane, SiteId
from edge.wire.labels import parcel_label
from edge.wire.messages import ClockQuality, ParcelReceived
from tests.edge.outbox.sites import ack, record, settings, waiting
from tests.examples import examples

Key = tuple[Epoch, Lane, int]


class CrashError(Exception):
    """The process dies here."""


class TheCloud:
    """What a right cloud does: one content a key, and what it holds by event."""

    def __init__(self) -> None:
        self.held: dict[Key, bytes] = {}
        self.parcels: dict[EventId, str] = {}

    def take(self, batch: SealedBatch) -> bool:
        """False: a conflict."""
        key = (batch.epoch, batch.key.lane, batch.key.seq)
        if self.held.setdefault(key, batch.payload) != batch.payload:
            return False
        if batch.key.lane is Lane.EVENT:
            for event in decode_events(batch.payload).events:
                assert isinstance(event.fact, ParcelReceived)
                self.parcels[EventId(SiteId("st-1"), batch.epoch, EventNumber(event.n))] = event.fact.parcel
        return True


class OutboxMachine(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tuantu-outbox-"))
        self.dies_at: Step | None = None
        self.cloud = TheCloud()
        self.told: list[str] = []  # labels the scanner beeped for
        self.maybe: set[str] = set()  # the process died before it could beep: it may be there, or not
        self.sealed: dict[Key, bytes] = {}  # the bytes of every key ever seen
        self.serial = 0
        self.now_ms = 1_000
        self._open()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.__exit__(None, None, None)
            shutil.rmtree(self.folder)

    def _open(self) -> None:
        self.store = Store(settings(self.folder, on_step=self._step), self.now_ms)
        self.store.__enter__()

    def _step(self, step: Step) -> None:
        if step == self.dies_at:
            raise CrashError(step)

    def _reopen(self) -> None:
        self.store.__exit__(None, None, None)
        self.dies_at = None
        self._open()

    @rule(dies_at=st.sampled_from([None, None, None, "sealed", "committed"]))
    def scan(self, dies_at: Step | None) -> None:
        self.serial += 1
        self.now_ms += 1
        self.dies_at = dies_at
        try:
            self.told.append(record(self.store, self.serial, self.now_ms))
        except CrashError:
            label = parcel_label(self.serial)
            self.maybe.add(label)
            self._reopen()

    @rule(readings=st.integers(1, 700), is_live=st.booleans())
    def measure(self, readings: int, is_live: bool) -> None:
        samples = [Reading("fridge.t_c", self.now_ms + one, 3.0) for one in range(readings)]
        if is_live:
            self.store.seal_live(samples, ClockQuality.SYNCED, self.now_ms)
        else:
            self.store.keep_readings(samples, ClockQuality.SYNCED)

    @rule()
    def seal_backfill(self) -> None:
        self.store.seal_backfill(self.now_ms)

    @rule(data=st.data(), dies_at=st.sampled_from([None, None, "ack_received", "acked"]))
    def send(self, data: st.DataObject, dies_at: Step | None) -> None:
        """Any subset is sent; the cloud takes it; any part of its acks arrives, at a process that may die of it."""
        lane = data.draw(st.sampled_from(list(Lane)))
        found = waiting(self.store, lane)
        sent = [one for one in found if data.draw(st.booleans())]
        taken = [one for one in sent if self.cloud.take(one)]
        heard = [one for one in taken if data.draw(st.booleans())]
        if not heard:
            return
        self.dies_at = dies_at
        try:
            self.store.acknowledge(ack(*heard, lane=lane), self.now_ms)
        except CrashError:
            self._reopen()

    @rule(data=st.data(), dies_at=st.sampled_from([None, None, "moving", "moved"]))
    def conflict(self, data: st.DataObject, dies_at: Step | None) -> None:
        """A twin of the card was first with one of our keys."""
        lane = data.draw(st.sampled_from(list(Lane)))
        free = [one for one in waiting(self.store, lane) if (one.epoch, lane, one.key.seq) not in self.cloud.held]
        if not free:
            return
        ours = data.draw(st.sampled_from(free))
        self.cloud.held[(ours.epoch, lane, ours.key.seq)] = b"the twin's"
        self.dies_at = dies_at
        try:
            self.store.conflict(ours.epoch, lane, ours.key.seq, mark(ours.sha256), self.now_ms)
        except CrashError:
            self._reopen()

    @rule(data=st.data(), dies_at=st.sampled_from([None, None, "pruning", "pruned"]))
    def prune(self, data: st.DataObject, dies_at: Step | None) -> None:
        self.now_ms += data.draw(st.sampled_from([0, 8 * 24 * 3600 * 1000]))
        self.dies_at = dies_at
        try:
            self.store.tidy(self.now_ms)
        except CrashError:
            self._reopen()

    @rule(data=st.data())
    def cloud_is_restored(self, data: st.DataObject) -> None:
        """It forgets some of what is still kept here, and asks for all of it."""
        for epoch, lane in {(key[0], key[1]) for key in self.cloud.held}:
            seqs = [seq for one, where, seq in self.cloud.held if (one, where) == (epoch, lane)]
            kept = self._kept(epoch, lane)
            for seq in seqs:
                if seq in kept and self.cloud.held[(epoch, lane, seq)] != b"the twin's" and data.draw(st.booleans()):
                    del self.cloud.held[(epoch, lane, seq)]
                    if lane is Lane.EVENT:  # a reading's seq is no event's number
                        self.cloud.parcels.pop(EventId(SiteId("st-1"), epoch, EventNumber(seq)), None)
            self.store.resend(epoch, lane, min(seqs), max(seqs))

    @rule()
    def crash(self) -> None:
        self._reopen()

    def _kept(self, epoch: Epoch, lane: Lane) -> set[int]:
        number = self.store.epoch_number(epoch)
        rows = self.store.execute("SELECT seq, lane FROM batch WHERE epoch = ? AND moved_epoch IS NULL", (number,)).fetchall()
        names = {1: Lane.EVENT, 2: Lane.LIVE, 3: Lane.BACKFILL}
        return {seq for seq, number_of_lane in rows if names[number_of_lane] is lane}

    @invariant()
    def the_bytes_of_a_key_never_change(self) -> None:
        for lane in Lane:
            for batch, bounds in self.store.waiting(lane, None, 10_000):
                key = (batch.epoch, lane, int(batch.key.seq))
                assert self.sealed.setdefault(key, batch.payload) == batch.payload
                assert digest(batch.payload) == batch.sha256
                batch.envelope(bounds, self.now_ms)  # its properties can be said: kept <= floor <= seq
                assert bounds.floor == min(one.key.seq for one in waiting(self.store, lane) if one.epoch == batch.epoch)

    @invariant()
    def nothing_the_scanner_was_told_is_lost_or_twice(self) -> None:
        """What was beeped is either with the cloud or waits; never as two events."""
        events: dict[str, set[EventId]] = {}
        for held, label in self.cloud.parcels.items():
            events.setdefault(label, set()).add(held)
        for batch in waiting(self.store):
            for event in decode_events(batch.payload).events:
                assert isinstance(event.fact, ParcelReceived)
                assert event.n == int(batch.key.seq)
                events.setdefault(event.fact.parcel, set()).add(EventId(SiteId("st-1"), batch.epoch, EventNumber(event.n)))
        for label in self.told:
            assert len(events.get(label, ())) == 1, (label, events.get(label))
        for label, ids in events.items():
            assert len(ids) == 1, (label, ids)

    @invariant()
    def what_memory_says_is_what_the_file_says(self) -> None:
        depth = self.store.depth()
        for number, lane in ((1, Lane.EVENT), (2, Lane.LIVE), (3, Lane.BACKFILL)):
            ((count,),) = self.store.execute(
                "SELECT count(*) FROM batch WHERE lane = ? AND settled_at_ms IS NULL", (number,)
            ).fetchall()
            assert depth.lanes[lane].batches == count
        ((size,),) = self.store.execute(
            "SELECT coalesce(sum(length(payload)), 0) FROM batch WHERE settled_at_ms IS NOT NULL"
        ).fetchall()
        assert depth.kept_bytes == size
        ((readings,),) = self.store.execute("SELECT count(*) FROM reading").fetchall()
        assert depth.lanes[Lane.BACKFILL].readings == readings


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = hypothesis_settings(
    max_examples=examples(30),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
