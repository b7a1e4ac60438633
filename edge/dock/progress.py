"""How far every load is, for the screens. Read once a plan, then only what an act has touched: a dock has thousands of parcels."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from edge.dock import books
from edge.dock.known import LoadNow
from edge.dock.plan import NO_PLAN, DockPlan
from edge.outbox import Outbox
from edge.outbox.transaction import Execute
from edge.wire.manifest import PlannedLoad
from edge.wire.messages import AnyFact, ContainerBound

LOADS_AT_ONCE = 100  # of a first look: scans go between


class LoadProgress(NamedTuple):
    """``sorted``: parcels that have been at the wall."""

    now: LoadNow
    sorted: int


class Progress:
    """``read`` before showing; ``touched`` by every act."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._plan = NO_PLAN
        self._loads: dict[str, LoadProgress] = {}
        self._carried: dict[str, set[str]] = {}  # container → loads it was seen with: its own, and one it stands in for
        self._stale: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    def touched(self, facts: Iterable[AnyFact], plan: DockPlan) -> None:
        """These were booked, or taken back."""
        for fact in facts:
            self.touched_thing(getattr(fact, "parcel", ""), getattr(fact, "container", ""), plan)
            if isinstance(fact, ContainerBound):
                self._stale.add(fact.stands_for or fact.container)

    def touched_thing(self, parcel: str, container: str, plan: DockPlan) -> None:
        """Something was booked of them."""
        if (load := plan.of_parcel.get(parcel)) is not None:
            self._stale.add(load.container)
        if container:
            self._stale |= {container, *self._carried.get(container, ())}

    async def read(self, plan: DockPlan) -> Mapping[str, LoadProgress]:
        """By the plan's container. Who comes while another reads waits, and does not see what is being read anew."""
        async with self._one_at_a_time:
            await self._refresh(plan)
        return self._loads

    async def _refresh(self, plan: DockPlan) -> None:
        if plan is not self._plan:
            self._plan, self._loads, self._carried, self._stale = plan, {}, {}, set(plan.loads)
        while self._stale:
            some = list(self._stale)[:LOADS_AT_ONCE]
            wanted = [plan.loads[label] for label in some if label in plan.loads]
            self._stale.difference_update(some)  # before, for what is touched meanwhile is stale again
            try:
                read = await self._outbox.run(lambda store, wanted=wanted: _read(store.execute, wanted))  # type: ignore[misc]
            except BaseException:
                self._stale.update(some)
                raise
            for one in read:
                self._loads[one.now.load.container] = one
                self._carried.setdefault(one.now.container, set()).add(one.now.load.container)


def _read(execute: Execute, loads: Iterable[PlannedLoad]) -> list[LoadProgress]:
    return [LoadProgress(books.load(execute, one, with_parcels=True), books.sorted_parcels(execute, one)) for one in loads]
