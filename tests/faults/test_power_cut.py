"""The outbox on a disk that loses power, fills up or fails to sync: what was told as done is there, once, and stays the same."""

import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import UUID

import apsw
import pytest

from edge.outbox import STEPS, Limits, NotKeptError, Reading, SealedBatch, Stamp, Step, Store, StoreSettings, no_step
from edge.outbox.records import Acknowledgement
from edge.wire.codec import decode_events
from edge.wire.envelope import mark
from edge.wire.ids import Epoch, Lane, site_id
from edge.wire.messages import ClockQuality, ParcelReceived
from edge.wire.order import Hlc
from tests.faults.power import PowerCutVfs

pytestmark = pytest.mark.faults

SITE = site_id("st-1")
NOW_MS = 1_767_225_600_000
LIVES = 4
STEPS_A_LIFE = 25
UPLINKS: tuple[Step, ...] = ("sending", "published", "puback")


@dataclass
class Cloud:
    """What a cloud would hold: a key has one content, for ever. Some keys are a twin's, who runs on a copy of the card."""

    held: dict[tuple[Epoch, Lane, int], SealedBatch] = field(default_factory=dict)
    twins: set[tuple[Epoch, Lane, int]] = field(default_factory=set)

    def takes(self, batch: SealedBatch) -> bool:
        """False: the key is a twin's. A key of ours with other content than before is what must never be."""
        key = (batch.epoch, batch.key.lane, batch.key.seq)
        if key in self.twins:
            return False
        assert self.held.setdefault(key, batch).sha256 == batch.sha256, f"{key} was given to two contents"
        return True

    def take_from_twin(self, batch: SealedBatch) -> None:
        """The twin was faster with this number; where we had it acknowledged already, it was not."""
        key = (batch.epoch, batch.key.lane, batch.key.seq)
        if key not in self.held:
            self.twins.add(key)

    def labels(self) -> Counter[str]:
        batches = [batch for batch in self.held.values() if batch.key.lane is Lane.EVENT]
        events = [event for batch in batches for event in decode_events(batch.payload).events]
        return Counter(event.fact.parcel for event in events if isinstance(event.fact, ParcelReceived))


@dataclass
class Station:
    """Scans, sends and hears acks, at random; remembers what it told the person."""

    random: Random
    cloud: Cloud
    labels: Iterator[str]
    told: list[str] = field(default_factory=list)

    def live(self, store: Store, steps: int) -> None:
        for _ in range(steps):
            action = self.random.choices(
                (self.scan, self.send, self.hear_acks, self.sense, self.tidy, self.send_again), (8, 4, 4, 2, 2, 1)
            )[0]
            action(store)

    def scan(self, store: Store) -> None:
        label = next(self.labels)
        store.transact(
            lambda transaction: transaction.record(
                ParcelReceived(parcel=label), Stamp(NOW_MS, ClockQuality.SYNCED, self.random.choice((None, NOW_MS)))
            )
        )
        self.told.append(label)

    def send(self, store: Store) -> None:
        for batch, _ in store.waiting(Lane.EVENT, None, self.random.randint(1, 5)):
            if self.random.random() < 0.1:
                self.cloud.take_from_twin(batch)
            if not self.cloud.takes(batch):
                store.conflict(batch.epoch, batch.key.lane, batch.key.seq, mark(batch.sha256), NOW_MS)

    def hear_acks(self, store: Store) -> None:
        for epoch, lane, seq in self.random.sample(sorted(self.cloud.held), min(4, len(self.cloud.held))):
            content = mark(self.cloud.held[epoch, lane, seq].sha256)
            store.acknowledge([Acknowledgement(epoch, lane, [seq], [content], Hlc(0))], NOW_MS)

    def sense(self, store: Store) -> None:
        store.keep_readings([Reading("fridge-1.t_c", NOW_MS, 3.5)], ClockQuality.SYNCED)
        store.seal_backfill(NOW_MS)

    def tidy(self, store: Store) -> None:
        store.tidy(NOW_MS)

    def send_again(self, store: Store) -> None:
        for epoch in {key[0] for key in self.cloud.held}:
            store.resend(epoch, Lane.EVENT, 1, 1_000)


def settings(folder: Path, vfs: str, on_step: Callable[[Step], None] = no_step) -> StoreSettings:
    """Acknowledged copies may go at once, so that tidying up has something to do."""
    uuids = Random(str(folder))
    return StoreSettings(
        folder / "site.db",
        SITE,
        "machine-1",
        lambda: UUID(int=uuids.getrandbits(128), version=4),
        limits=Limits(keep_acked_ms=-1),
        vfs=vfs,
        on_step=on_step,
    )


def everything(store: Store) -> list[SealedBatch]:
    batches: list[SealedBatch] = []
    for lane in Lane:
        batches += [batch for batch, _ in store.waiting(lane, None, 100_000)]
    return batches


@contextlib.contextmanager
def last_moments() -> Iterator[None]:
    """The process's last words are of no interest: its power is gone."""
    with contextlib.suppress(apsw.Error, NotKeptError):
        yield


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # power lost while opening: closing fails too
@pytest.mark.parametrize("seed", range(25))
def test_after_a_power_cut_at_any_write_what_was_told_is_there_once(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    cloud = Cloud()
    station = Station(random, cloud, (f"P{n}" for n in itertools.count()))
    folder = tmp_path / "life-0"
    folder.mkdir()
    for life in range(LIVES):
        with PowerCutVfs(f"cut-{seed}-{life}") as vfs:
            vfs.dies_at = random.randint(1, 40 if life == 0 else 300)
            next_folder = tmp_path / f"life-{life + 1}"
            with last_moments(), Store(settings(folder, vfs.name), NOW_MS) as store:
                with last_moments():
                    station.live(store, STEPS_A_LIFE)
                vfs.cut(next_folder, random, survival=random.choice((0.0, 0.5, 0.9, 1.0)))
            if not vfs.is_cut:
                vfs.cut(next_folder, random, survival=0.5)
            folder = next_folder
    books_are_even(folder, station, cloud)


def books_are_even(folder: Path, station: Station, cloud: Cloud) -> None:
    with Store(settings(folder, "unix"), NOW_MS) as store:
        while any(waiting := [batch for batch in everything(store) if not cloud.takes(batch)]):
            for batch in waiting:
                store.conflict(batch.epoch, batch.key.lane, batch.key.seq, mark(batch.sha256), NOW_MS)
    counted = cloud.labels()
    assert [label for label in station.told if counted[label] != 1] == []
    assert max(counted.values(), default=0) <= 1


@pytest.mark.parametrize("step", STEPS)
def test_the_power_may_go_at_every_step_of_the_outbox(step: Step, tmp_path: Path) -> None:
    if step in UPLINKS:
        pytest.skip("a step of the uplink: see test_every_step")
    for seed in range(3):
        random = Random(f"{step} {seed}")
        cloud = Cloud()
        station = Station(random, cloud, (f"P{n}" for n in itertools.count()))
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        with PowerCutVfs(f"{step}-{seed}") as vfs:
            left = [1 + seed]

            def on_step(reached: Step, vfs: PowerCutVfs = vfs, left: list[int] = left) -> None:
                if reached == step:
                    left[0] -= 1
                    vfs.is_dead = vfs.is_dead or left[0] == 0

            made = settings(folder, vfs.name, on_step=on_step)
            with last_moments(), Store(made, NOW_MS) as store:
                with last_moments():
                    station.live(store, 2_000)
                assert left[0] <= 0, "the step was never reached"
                vfs.cut(folder / "after", random, survival=random.choice((0.0, 0.5, 1.0)))
        books_are_even(folder / "after", station, cloud)


@pytest.mark.parametrize("level", ["OFF", "NORMAL"])
def test_the_rig_notices_a_commit_that_was_not_synced(level: str, tmp_path: Path) -> None:
    lost = 0
    for seed in range(3):
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        station = Station(Random(seed), Cloud(), (f"P{n}" for n in itertools.count()))
        with (
            PowerCutVfs(f"weak-{level}-{seed}") as vfs,
            last_moments(),
            Store(settings(folder, vfs.name), NOW_MS) as store,
        ):
            store.connection.execute(f"PRAGMA synchronous = {level}")
            for _ in range(10):
                station.scan(store)
            vfs.cut(folder / "after", Random(seed), survival=0.0)
        with Store(settings(folder / "after", "unix"), NOW_MS) as store:
            lost += len(station.told) - len(everything(store))
    assert lost > 0


@pytest.mark.parametrize("seed", range(6))
def test_on_a_full_disk_a_scan_is_refused_or_kept_and_goes_on_when_there_is_room(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    cloud = Cloud()
    station = Station(random, cloud, (f"P{n}" for n in itertools.count()))
    refused = 0
    with PowerCutVfs(f"full-{seed}") as vfs, Store(settings(tmp_path, vfs.name), NOW_MS) as store:
        station.live(store, 40)
        vfs.full_from = vfs.operations
        while refused < 5:  # the room that acknowledged copies and the WAL had is used up first
            try:
                station.scan(store)
            except NotKeptError:
                refused += 1
        vfs.full_from = None
        station.live(store, 40)
    books_are_even(tmp_path, station, cloud)
    assert set(cloud.labels()) == set(station.told)


def test_a_disk_that_does_not_sync_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    station = Station(Random(1), Cloud(), (f"P{n}" for n in itertools.count()))
    with PowerCutVfs("no-sync") as vfs, Store(settings(tmp_path, vfs.name), NOW_MS) as store:
        station.scan(store)
        vfs.syncs_fail = True
        with pytest.raises(NotKeptError):
            station.scan(store)
        vfs.syncs_fail = False
        station.scan(store)
        kept = [decode_events(batch.payload).events[0].fact for batch, _ in store.waiting(Lane.EVENT, None, 9)]
    assert kept == [ParcelReceived(parcel="P0"), ParcelReceived(parcel="P2")]
    assert station.told == ["P0", "P2"]
