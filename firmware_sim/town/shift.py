"""A van's day at work, phase by phase: what its driver does next, as its run stands now. Leaves when to look to driver, ways to
road, who has which goods to handover, what comes before setting out to yard.
"""

import asyncio
from collections.abc import Sequence
from datetime import date

import msgspec
import structlog

from edge.wire.clock import Clock
from firmware_sim.compartments import Compartments
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town.at_van import AtVan
from firmware_sim.town.dispatching import OVER, Dispatching, Run, RunStop
from firmware_sim.town.dock_staff import DockStaff
from firmware_sim.town.habits import Habits
from firmware_sim.town.handover import Handover
from firmware_sim.town.memory import Memory
from firmware_sim.town.road import Road
from firmware_sim.town.seldom import Seldom
from firmware_sim.town.settings import Station, TownSettings
from firmware_sim.town.trips import Phase, Trip
from firmware_sim.town.yard import Yard

_DOOR_S = 40.0  # the cargo door stands open for as long
_SETTLES_S = 0.8  # of real time: until the agent has heard where it stands
_HEARS_S = 2.0  # of real time
_ASKS_S = 15.0  # of real time: whether there is another run to drive, once one is over

_log = structlog.get_logger()


class Shift:
    """One driver's. Every step of a trip is remembered as it is taken."""

    def __init__(
        self, van: Station, scanner: SimulatedScanner, compartments: Compartments, dispatching: Dispatching, dock: DockStaff,
        memory: Memory, clock: Clock, settings: TownSettings,
    ) -> None:  # fmt: skip
        self.road = Road(van, dispatching, settings)
        self._van = van.id
        self._hands = AtVan(van, scanner, settings)
        self._handover = Handover(dispatching, self._hands)
        self._habits = Habits(van.id, settings)
        self.yard = Yard(van.id, dispatching, dock, memory, self.road, self._handover, self._habits)
        self._compartments = compartments
        self._dispatching = dispatching
        self._dock = dock
        self._memory = memory
        self._clock = clock
        self._hearing = Seldom()

    async def work(self, day: date, trip: Trip | None, now_ms: int) -> None:
        """What is to be done next. RestError, NotBookedError, UnpluggedError, TimeoutError: it is not done yet."""
        if trip is None:
            await self._find_run(day, None)
            return
        match trip.phase:
            case Phase.WAITING:
                await self._wait(day, trip, now_ms)
            case Phase.LOADING:
                await self._load(day, trip, now_ms)
            case Phase.DRIVING:
                await self._drive_on(day, trip, now_ms)
            case Phase.AT_STOP | Phase.MEETING:
                await self._work_here(day, trip, now_ms)
            case Phase.PAUSED:
                await self._stand(day, trip, now_ms)
            case Phase.BACK:
                await self._find_run(day, trip)

    def keep(self, day: date, trip: Trip) -> None:
        self._memory.keep_trip(self._van, day, trip)

    async def _find_run(self, day: date, before: Trip | None) -> None:
        if before is None or self._hearing.may_ask(_ASKS_S):
            found = await self.yard.find(day, before)
            if found is not None:
                self.keep(day, found)

    async def _wait(self, day: date, trip: Trip, now_ms: int) -> None:
        after = await self.yard.wait(day, trip, now_ms)
        if after != trip:
            self.keep(day, after)

    async def _load(self, day: date, trip: Trip, now_ms: int) -> None:
        run = await self.yard.ready(day, trip, now_ms)
        if run is not None:
            await self._dispatching.step(trip.run, "departed")
            _log.info("van_leaves", van=self._van, run=run.name, stops=len(run.stops))
            await self._set_out(day, trip, run, now_ms)

    async def _set_out(self, day: date, trip: Trip, run: Run, since_ms: int) -> None:
        """To the next stop of the run as it stands, to where its goods are, or home."""
        ahead = _ahead(trip, run)
        meeting = await self._handover.next(day, run, ahead)
        gone = msgspec.structs.replace(
            trip, phase=Phase.DRIVING, since_ms=since_ms, begin=self.road.stands_at(trip),
            goal=ahead[0].site if ahead and meeting is None else "", meeting=meeting,
        )  # fmt: skip
        await self.road.drive(day, gone)
        self.keep(day, gone)

    async def _drive_on(self, day: date, trip: Trip, now_ms: int) -> None:
        way = await self.road.drive(day, trip)
        arrives_ms = trip.since_ms + round(way.duration_s * 1000)
        if now_ms < arrives_ms:
            await self._hear(day, trip, now_ms)
            return
        if trip.goal or trip.meeting is not None:
            phase = Phase.AT_STOP if trip.goal else Phase.MEETING
            self.keep(day, msgspec.structs.replace(trip, phase=phase, since_ms=arrives_ms))
            self._compartments.open_for(_DOOR_S)
            await asyncio.sleep(_SETTLES_S)
            return
        run = await self._dispatching.run(trip.run)
        if _ahead(trip, run):
            await self._set_out(day, trip, run, now_ms)  # something new came on it
            return
        if run.state not in OVER:
            await self._dispatching.step(trip.run, "completed")
        _log.info("van_is_back", van=self._van, run=run.name)
        self.keep(day, msgspec.structs.replace(trip, phase=Phase.BACK, since_ms=arrives_ms, begin=self.road.home))

    async def _hear(self, day: date, trip: Trip, now_ms: int) -> None:
        """Now and then, what dispatch says: a van whose run is paused stands where it is."""
        if not self._hearing.may_ask(_HEARS_S):
            return
        run = await self._dispatching.run(trip.run)
        if run.state in ("paused", *OVER):
            self._stop(day, trip, Phase.PAUSED if run.state == "paused" else Phase.BACK, now_ms)

    def _stop(self, day: date, trip: Trip, phase: Phase, now_ms: int) -> None:
        """Where it is."""
        here = self.road.place(trip, now_ms)
        stands = msgspec.structs.replace(trip, phase=phase, since_ms=now_ms, begin=(here.lat, here.lon), goal="", meeting=None)
        self.keep(day, stands)

    async def _stand(self, day: date, trip: Trip, now_ms: int) -> None:
        """Until it goes on, or others have taken all over."""
        run = await self._dispatching.run(trip.run)
        if run.state == "departed":
            await self._set_out(day, trip, run, now_ms)
        elif not await self._ends_here(day, trip, run, now_ms):
            await asyncio.sleep(_HEARS_S)

    async def stand_broken(self, day: date, trip: Trip, since_ms: int) -> None:
        """It drives no further. What is for the stop it stands at is left there all the same."""
        if trip.phase is Phase.AT_STOP and trip.is_at_work:
            await self._leave(day, trip)
        elif trip.phase is not Phase.BACK and self._hearing.may_ask(_HEARS_S):
            await self._ends_here(day, trip, await self._dispatching.run(trip.run), since_ms)

    async def _ends_here(self, day: date, trip: Trip, run: Run, now_ms: int) -> bool:
        """Whether its run is over, or is ended now because others have all that it still had."""
        if run.state not in OVER:
            if not await self._handover.is_relieved(day, run, _ahead(trip, run)):
                return False
            await self._dispatching.step(trip.run, "completed")
            _log.info("van_is_relieved", van=self._van, run=run.name)
        self._stop(day, trip, Phase.BACK, now_ms)
        return True

    async def _work_here(self, day: date, trip: Trip, now_ms: int) -> None:
        """At a stop leave what is for it, beside another van take over what is to be; and go on when the stay is over."""
        await self.road.drive(day, trip)
        if trip.is_at_work:
            run = await self._dispatching.run(trip.run)
            if run.state in OVER or not _is_wanted(trip, run):
                await self._set_out_or_end(day, trip, run, now_ms)
                return
            trip = await self._take_over(day, trip, run) if trip.meeting is not None else await self._leave(day, trip)
        leaves_ms = trip.since_ms + self.stay_ms(day, trip)
        if self._clock.now_ms() < leaves_ms:
            return
        self._compartments.set_door(is_open=False)
        run = await self._dispatching.run(trip.run)
        since_ms = max(leaves_ms, self._clock.now_ms() - round(_SETTLES_S * 1000 * self._clock.rate))
        await self._set_out_or_end(day, trip, run, since_ms)

    async def _leave(self, day: date, trip: Trip) -> Trip:
        await self._hands.leave_all(trip.goal)
        left = msgspec.structs.replace(trip, brought=(*trip.brought, trip.goal))
        self.keep(day, left)
        return left

    async def _take_over(self, day: date, trip: Trip, run: Run) -> Trip:
        meeting = await self._handover.take(day, run, trip)
        met = msgspec.structs.replace(trip, meeting=meeting)
        self.keep(day, met)
        _log.info("goods_changed_vans", van=self._van, run=run.name)
        return met

    async def _set_out_or_end(self, day: date, trip: Trip, run: Run, since_ms: int) -> None:
        """On from a stop or a meeting; from a run that somebody has ended, nowhere."""
        left = trip if trip.meeting is not None else msgspec.structs.replace(trip, visited=(*trip.visited, trip.goal))
        if run.state in OVER:
            self._stop(day, left, Phase.BACK, since_ms)
            return
        await self._set_out(day, left, run, since_ms)

    def stay_ms(self, day: date, trip: Trip) -> int:
        if trip.meeting is not None:
            return self._habits.meeting_ms(trip.meeting.containers)
        return self._habits.stay_ms(day, len(trip.visited), self._dock.containers_for(day, trip.goal))


def _ahead(trip: Trip, run: Run) -> Sequence[RunStop]:
    """The stops it is still to come to, in their order."""
    behind = {*trip.visited, *([trip.goal] if trip.goal in trip.brought else [])}
    return [one for one in sorted(run.stops, key=lambda one: one.stop) if not one.is_settled and one.site not in behind]


def _is_wanted(trip: Trip, run: Run) -> bool:
    """Whether this van is still the one to come here: others may be since a new plan. Who meets is told by the plan itself."""
    return trip.meeting is not None or any(one.site == trip.goal and one.state != "skipped" for one in run.stops)
