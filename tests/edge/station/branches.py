"""A whole station on a real file that may die at any moment: counter, desk and cabinet, driven step by step by a test's loop."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from edge.devices.locker import Door
from edge.outbox import NotKeptError, SealedBatch, Step, Store
from edge.outbox.records import LANE_NUMBERS, BatchKey
from edge.site_clock import SiteClock
from edge.station.cabinet import Cabinet, Lock
from edge.wire.ids import Lane, Seq, parse_epoch
from edge.wire.manifest import Manifest
from tests.edge.station.boards import TestBoard
from tests.edge.station.counters import Counter, TestClock, open_counter


@dataclass
class Branch:
    """``open`` and ``close`` are a start and the end of a process; file, clock and doors outlast it."""

    folder: Path
    manifest: Manifest
    clock: TestClock = field(default_factory=TestClock)
    board: TestBoard = field(default_factory=TestBoard)
    disk_fails: bool = False  # once, at the next commit
    disk_failures: int = 0

    @property
    def site(self) -> str:
        return self.manifest.site

    async def open(self) -> None:
        self._stack = AsyncExitStack()
        is_new = not (self.folder / "site.db").exists()
        self.folder.mkdir(exist_ok=True)
        opening = open_counter(
            self.folder, "receive", self.manifest if is_new else None, self._on_step, self.clock, site=self.manifest.site
        )
        self.counter: Counter = await self._stack.enter_async_context(opening)
        site_clock = SiteClock(self.clock, self.clock.monotonic_s, lambda: True, 0)
        locks = {f"1-0{number}": Lock(self.board, number) for number in self.board.cells}
        self.cabinet = Cabinet(self.counter.outbox, site_clock, self.counter.station, self.counter.questions, locks)
        await self.cabinet.load()
        self._watching = asyncio.create_task(self.cabinet.run())

    async def close(self) -> None:
        """As a crash: what was only in memory is gone."""
        self.disk_fails = False
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._stack.aclose()

    async def crash(self) -> None:
        await self.close()
        await self.open()

    async def close_a_door(self, door: Door) -> None:
        """Somebody closes one of those that stand open, or leaves it so, and that is booked. Nothing where none stands open."""
        while not self.cabinet._opened.empty():
            await asyncio.sleep(0)  # it is about to be watched
        if self.cabinet._watched:
            watches = [task for task in asyncio.all_tasks() if task.get_name().startswith("cell ")]
            waits, failures = self.board.waits, self.disk_failures
            self.board.closing.put_nowait(door)  # only one watch goes on, and it is this board's
            # It ends, waits for the door again, or has failed at the disk: then it tries again by itself.
            while not (any(task.done() for task in watches) or self.board.waits > waits or self.disk_failures > failures):
                await asyncio.sleep(0)

    async def sealed(self) -> list[SealedBatch]:
        """Every event batch of the file, whether the cloud has it or not."""
        return await self.counter.outbox.run(_sealed)

    def _on_step(self, step: Step) -> None:
        if step == "sealed" and self.disk_fails:
            self.disk_fails = False
            self.disk_failures += 1
            raise NotKeptError("the card is gone for a moment")


def _sealed(store: Store) -> list[SealedBatch]:
    rows = store.execute(
        """SELECT epoch.id, uuid, seq, payload, sha256 FROM batch JOIN epoch ON epoch.id = batch.epoch
           WHERE lane = ? AND moved_epoch IS NULL ORDER BY epoch.id, seq""",
        (LANE_NUMBERS[Lane.EVENT],),
    ).fetchall()
    return [
        SealedBatch(BatchKey(number, Lane.EVENT, Seq(seq)), parse_epoch(uuid), payload, sha256)
        for number, uuid, seq, payload, sha256 in rows
    ]
