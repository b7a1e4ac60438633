"""What a van's driver does before setting out: finds the run, waits for the dock, loads with it. Says when the van may leave."""

from datetime import date

import msgspec

from edge.wire.clock import to_ms
from firmware_sim.town.dispatching import OVER, Dispatching, Run
from firmware_sim.town.dock_staff import DockStaff
from firmware_sim.town.habits import Habits
from firmware_sim.town.handover import Handover
from firmware_sim.town.memory import Memory
from firmware_sim.town.road import Road
from firmware_sim.town.seldom import Seldom
from firmware_sim.town.trips import Phase, Trip

_ASKS_S = 5.0  # of real time
_EARLY_S = 180.0  # before a stop's hour; a plan is a little slow


class Yard:
    """One van's."""

    def __init__(
        self, van: str, dispatching: Dispatching, dock: DockStaff, memory: Memory, road: Road, handover: Handover, habits: Habits
    ) -> None:  # fmt: skip
        self._van = van
        self._dispatching = dispatching
        self._dock = dock
        self._memory = memory
        self._road = road
        self._handover = handover
        self._habits = habits
        self._handovers = Seldom()
        self._not_before_ms = 0  # the hour of the run's first stop, less the way there

    async def find(self, day: date, before: Trip | None) -> Trip | None:
        """The day's run; once that is over, another that a new plan has made. None: nothing new. RestError."""
        if not self._memory.has_batch("plan", day) or (before is not None and before.begin != self._road.home):
            return None
        runs = await self._dispatching.runs(day)
        driven = 0 if before is None else before.run
        mine = next((one for one in runs if one.vehicle == self._van and one.state not in OVER and one.id != driven), None)
        if mine is not None:
            return Trip(mine.id, begin=self._road.home, brought=() if before is None else before.brought)
        # The others take it all.
        return Trip(0, Phase.BACK, begin=self._road.home) if runs and before is None else None

    async def wait(self, day: date, trip: Trip, now_ms: int) -> Trip:
        """Until the dock begins to load. A day whose night nobody worked is brought by others. RestError."""
        if not self._dock.is_planned(day):
            return trip
        due_ms = self._dock.loads_from_ms(day)
        if due_ms is None:
            await self._dispatching.step(trip.run, "aborted")
            return msgspec.structs.replace(trip, phase=Phase.BACK)
        if now_ms < due_ms:
            return trip
        await self._dispatching.step(trip.run, "loading")
        return msgspec.structs.replace(trip, phase=Phase.LOADING, since_ms=now_ms)

    async def ready(self, day: date, trip: Trip, now_ms: int) -> Run | None:
        """The run, once all of it is loaded and its time has come. RestError."""
        if now_ms < self._habits.leaves_ms(day):
            return None
        run = await self._dispatching.run(trip.run)
        if not self._dock.has_loaded_run(day, run.name):
            return None
        first = min(run.stops, key=lambda one: one.stop, default=None)
        if first is None or first.planned_arrival is None:
            return run
        way = await self._road.drive(day, msgspec.structs.replace(trip, goal=first.site, since_ms=now_ms))
        self._not_before_ms = to_ms(first.planned_arrival) - round((way.duration_s + _EARLY_S) * 1000)
        if now_ms >= self._not_before_ms:
            return run
        # Nobody would be there yet; but who fetches goods first leaves at once.
        return run if self._handovers.may_ask(_ASKS_S) and await self._handover.next(day, run, run.stops) is not None else None

    def leaves_ms(self, day: date) -> int:
        """When a van that is loaded sets out, as far as anybody knows."""
        return max(self._habits.leaves_ms(day), self._not_before_ms)

    def next_due_ms(self, day: date) -> int:
        """When there is something to be done again."""
        return min(self.leaves_ms(day), self._dock.next_due_ms())
