"""The outbox as the loop sees it: who sends hears what was sealed, and a slow disk never holds the loop up for long."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.outbox import NotKeptError, Outbox, SealedBatch, Step, Transaction
from edge.outbox.owner import FIRST_TRIAL_COMMITS, QUICK_S, TRIAL_COMMITS
from edge.wire.messages import ParcelReceived
from tests.edge.outbox.sites import record, settings, stamp, waiting

NOW_MS = 1_795_390_000_000


async def test_a_recorded_fact_wakes_the_sender_and_a_question_does_not(tmp_path: Path) -> None:
    async with Outbox(settings(tmp_path), lambda: NOW_MS) as outbox:
        woken = asyncio.Event()
        outbox.on_sealed(lambda _sealed: woken.set())
        await outbox.run(lambda store: store.depth())
        assert not woken.is_set()
        await outbox.run(lambda store: record(store, 1))
        async with asyncio.timeout(5.0):
            await woken.wait()


class Disk:
    """Monotonic time that passes only while a commit is under way, and the threads that made the commits."""

    def __init__(self) -> None:
        self.commit_s = 0.0
        self.now_s = 0.0
        self.threads: list[int] = []

    def step(self, step: Step) -> None:
        if step == "sealed":
            self.now_s += self.commit_s
            self.threads.append(threading.get_ident())


@asynccontextmanager
async def outbox_on(disk: Disk, folder: Path) -> AsyncIterator[Outbox]:
    async with Outbox(settings(folder, on_step=disk.step), lambda: NOW_MS, lambda: disk.now_s) as outbox:
        yield outbox


async def scan(outbox: Outbox, count: int) -> None:
    for _ in range(count):
        await outbox.transact(lambda transaction: transaction.record(ParcelReceived(parcel="P"), stamp(NOW_MS)))


async def test_a_quick_disk_is_the_loops_own_after_a_trial(tmp_path: Path) -> None:
    disk = Disk()
    async with outbox_on(disk, tmp_path) as outbox:
        await scan(outbox, FIRST_TRIAL_COMMITS + 5)
        ours = [thread == threading.get_ident() for thread in disk.threads]
        assert ours == [False] * FIRST_TRIAL_COMMITS + [True] * 5


async def test_after_one_slow_commit_the_loop_makes_none_until_as_many_were_quick(tmp_path: Path) -> None:
    disk = Disk()
    async with outbox_on(disk, tmp_path) as outbox:
        await scan(outbox, FIRST_TRIAL_COMMITS)
        disk.commit_s = 2 * QUICK_S
        await scan(outbox, 3)
        disk.commit_s = 0.0
        await scan(outbox, TRIAL_COMMITS + 1)
        ours = [thread == threading.get_ident() for thread in disk.threads]
        assert ours == [False] * FIRST_TRIAL_COMMITS + [True] + [False] * (2 + TRIAL_COMMITS) + [True]


async def test_a_card_never_holds_the_loop_up(tmp_path: Path) -> None:
    disk = Disk()
    disk.commit_s = 0.02
    async with outbox_on(disk, tmp_path) as outbox:
        await scan(outbox, 3 * TRIAL_COMMITS)
        assert threading.get_ident() not in disk.threads


async def test_nothing_overtakes_what_the_thread_has_not_done_yet(tmp_path: Path) -> None:
    disk = Disk()
    async with outbox_on(disk, tmp_path) as outbox:
        await scan(outbox, FIRST_TRIAL_COMMITS)
        first = outbox.run(lambda store: record(store, 1))
        await scan(outbox, 1)
        await first
        assert threading.get_ident() not in disk.threads
        await scan(outbox, 1)
        assert disk.threads[-1] == threading.get_ident()


async def test_what_fails_on_the_loop_fails_as_in_the_thread_and_nothing_is_told(tmp_path: Path) -> None:
    disk = Disk()
    async with outbox_on(disk, tmp_path) as outbox:
        await scan(outbox, FIRST_TRIAL_COMMITS)
        told: list[int] = []
        outbox.on_sealed(lambda fresh: told.extend(batch.key.seq for batch, _ in fresh))

        def fail(transaction: Transaction) -> None:
            transaction.record(ParcelReceived(parcel="P"), stamp(NOW_MS))
            raise NotKeptError("the card is gone")

        with pytest.raises(NotKeptError):
            await outbox.transact(fail)
        assert await outbox.run(lambda store: store.counters.next_event) == FIRST_TRIAL_COMMITS + 1
        assert told == []


async def test_what_was_sealed_is_told_in_order_from_the_loop_and_from_the_thread(tmp_path: Path) -> None:
    disk = Disk()
    async with outbox_on(disk, tmp_path) as outbox:
        told: list[SealedBatch] = []
        outbox.on_sealed(lambda fresh: told.extend(batch for batch, _ in fresh))
        await scan(outbox, FIRST_TRIAL_COMMITS + 5)
        await outbox.run(lambda store: record(store, 1))
        assert told == await outbox.run(waiting)
