"""The outbox as the event loop sees it: one thread owns the file, and every call is a job for it.

A job costs two thread switches. They are most of what a scan costs beyond its fsync, hence the eventfd.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from edge.outbox.start import StoreSettings
from edge.outbox.store import Store
from edge.outbox.transaction import Transaction

T = TypeVar("T")

MAX_JOBS = 1_000  # callers await their job, so this is only reached by a fault; overflow policy: the newest is refused


class OutboxBusyError(Exception):
    """So many jobs wait for the disk that another one makes no sense."""


class Outbox:
    """``async with`` starts the thread and opens the file; leaving waits for the jobs that were accepted."""

    def __init__(self, settings: StoreSettings, read_now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._read_now_ms = read_now_ms
        self._jobs: SimpleQueue[tuple[asyncio.Future[Any], Callable[[Store], Any]] | None] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._pending = 0
        self._has_sealed = False  # set by the owner's thread before it wakes the loop
        self._listeners: list[Callable[[], None]] = []

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

    def on_sealed(self, listener: Callable[[], None]) -> None:
        """Call this on the loop whenever something may be waiting to be sent."""
        self._listeners.append(listener)

    def transact(self, work: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        """``Store.transact`` in the owner's thread. Once accepted it is carried out, also if the caller is cancelled."""
        return self.run(lambda store: store.transact(work))

    def run(self, job: Callable[[Store], T]) -> "asyncio.Future[T]":
        """Anything else with the store, in its thread, in order."""
        if self._pending >= MAX_JOBS:
            raise OutboxBusyError(f"{MAX_JOBS} jobs wait for the disk")
        future: asyncio.Future[T] = self._loop.create_future()
        self._pending += 1
        self._jobs.put((future, job))
        return future

    def notify(self) -> None:
        """Something may be waiting to be sent."""
        for listener in self._listeners:
            listener()

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
        if self._has_sealed:
            self._has_sealed = False
            self.notify()

    def _finish(self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
        self._done.append((future, result, error))
        os.eventfd_write(self._wake_fd, 1)

    def _note_sealed(self) -> None:
        self._has_sealed = True

    def _own(self, opened: "asyncio.Future[None]") -> None:
        """The owner's thread."""
        self._pending += 1
        with ExitStack() as stack:
            try:
                store = stack.enter_context(Store(self._settings, self._read_now_ms(), self._note_sealed))
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
