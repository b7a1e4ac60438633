"""The outbox as the event loop sees it: one thread owns the file, and every call is a job for it.

A job costs two thread switches, on a quick disk as much again as all that a scan computes. So where commits have lately been
quick, and the thread has nothing to do, the loop makes a commit itself: that is less time than a page takes to be rendered.
After one slow commit the next ones are the thread's again. On an SD card, where a commit takes 3 to 100 ms, all of them are.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from edge.outbox.records import Bounds, NotKeptError, SealedBatch
from edge.outbox.start import StoreSettings
from edge.outbox.store import Store
from edge.outbox.transaction import Transaction

T = TypeVar("T")

MAX_JOBS = 1_000  # callers await their job, so this is only reached by a fault; overflow policy: the newest is refused
QUICK_S = 0.002  # nobody notices that a page or a message comes later by this
# So many quick ones in a row, and the loop does the next itself: a disk that is slow now and then holds the loop up for one
# commit in as many, not for each that follows.
TRIAL_COMMITS = 64
FIRST_TRIAL_COMMITS = 8  # of a disk of which nothing is known

Told = Callable[[Sequence[tuple[SealedBatch, Bounds]]], None]


class OutboxBusyError(NotKeptError):
    """So many jobs wait for the disk that another one makes no sense: nothing was written, and a moment later it may be."""


class Outbox:
    """``async with`` starts the thread and opens the file; leaving waits for the jobs that were accepted."""

    def __init__(
        self, settings: StoreSettings, read_now_ms: Callable[[], int], read_monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._read_now_ms = read_now_ms
        self._read_monotonic_s = read_monotonic_s
        self._jobs: SimpleQueue[tuple[asyncio.Future[Any], Callable[[Store], Any]] | None] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._pending = 0  # jobs whose result has not come back; while there is none the thread sleeps and the store is free
        self._trial_left = FIRST_TRIAL_COMMITS
        self._fresh: deque[tuple[SealedBatch, Bounds]] = deque()  # sealed, and nobody was told yet
        self._listeners: list[Told] = []

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._loop.add_reader(self._wake_fd, self._collect)
        opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = Thread(target=self._own, args=(opened,), name="outbox")
        self._thread.start()
        try:
            await opened
        except BaseException:
            self._stop()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.shield(self.run(lambda _store: None))
        self._stop()

    def on_sealed(self, listener: Told) -> None:
        """Call this on the loop, soon after the commit, with what was sealed, in order."""
        self._listeners.append(listener)

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """``Store.transact``. Once begun it is carried out, also if the caller is cancelled."""
        if self._trial_left or self._pending:
            return await self.run(lambda store: self._timed(store, work))
        try:
            return self._timed(self._store, work)
        finally:
            if self._fresh:
                self._loop.call_soon(self._tell)

    def run(self, job: Callable[[Store], T]) -> "asyncio.Future[T]":
        """Anything else with the store, in its thread, in order."""
        if self._pending >= MAX_JOBS:
            raise OutboxBusyError(f"{MAX_JOBS} jobs wait for the disk")
        future: asyncio.Future[T] = self._loop.create_future()
        self._pending += 1
        self._jobs.put((future, job))
        return future

    def _timed(self, store: Store, work: Callable[[Transaction], T]) -> T:
        """In whichever thread has the store. A commit that took its time, or did not come about, begins a new trial."""
        began_s = self._read_monotonic_s()
        trial_left, self._trial_left = self._trial_left, TRIAL_COMMITS
        result = store.transact(work)
        if self._read_monotonic_s() - began_s < QUICK_S:
            self._trial_left = trial_left - 1 if trial_left else 0
        return result

    def _tell(self) -> None:
        fresh = [self._fresh.popleft() for _ in range(len(self._fresh))]
        for listener in self._listeners:
            listener(fresh)

    def _stop(self) -> None:
        self._jobs.put(None)
        self._thread.join()
        self._loop.remove_reader(self._wake_fd)
        os.close(self._wake_fd)

    def _collect(self) -> None:
        os.eventfd_read(self._wake_fd)
        done = self._done
        while done:
            future, result, error = done.popleft()
            self._pending -= 1
            if future.cancelled():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
        if self._fresh:
            self._tell()

    def _finish(self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
        self._done.append((future, result, error))
        os.eventfd_write(self._wake_fd, 1)

    def _take_sealed(self, sealed: Sequence[SealedBatch]) -> None:
        """In whichever thread has the store; before the result is handed over, so that the loop finds it with that."""
        if self._listeners:
            bounds = self._store.list.bounds
            self._fresh.extend((batch, bounds(batch.key.epoch, batch.key.lane, batch.key.seq)) for batch in sealed)

    def _own(self, opened: "asyncio.Future[None]") -> None:
        """The owner's thread."""
        self._pending += 1
        with ExitStack() as stack:
            try:
                self._store = store = stack.enter_context(Store(self._settings, self._read_now_ms(), self._take_sealed))
            except BaseException as error:  # noqa: BLE001  # it is the caller's, on the other side of the thread
                self._finish(opened, None, error)
                return
            self._finish(opened, None, None)
            while (entry := self._jobs.get()) is not None:
                future, job = entry
                try:
                    result = job(store)
                except BaseException as error:  # noqa: BLE001  # as above
                    self._finish(future, None, error)
                else:
                    self._finish(future, result, None)
