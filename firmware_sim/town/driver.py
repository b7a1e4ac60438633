"""A van's driver: loads with the dock, sets out, drives the roads, leaves at each stop what is for it, and comes home.

As staff do: a container counts as left when the van's agent shows that it booked it. Where the next stop is, the run says each
time: it may have been planned anew, and goods may have to be fetched first. What is done is shift's, hardware truck's.
"""

import asyncio
from dataclasses import replace
from datetime import date, time

import msgspec
import structlog

from edge.wire.clock import Clock, to_ms
from firmware_sim.compartments import Compartments
from firmware_sim.driving import Fix
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError
from firmware_sim.town import night
from firmware_sim.town import staff as station_staff
from firmware_sim.town.dispatching import Dispatching
from firmware_sim.town.dock_staff import DockStaff
from firmware_sim.town.hands import NotBookedError
from firmware_sim.town.memory import Memory
from firmware_sim.town.plan import at
from firmware_sim.town.rest import RestError
from firmware_sim.town.settings import Station, TownSettings
from firmware_sim.town.shift import Shift
from firmware_sim.town.trips import Phase, Trip

_log = structlog.get_logger()


class Driver:
    """``live`` owns it."""

    def __init__(
        self, van: Station, scanner: SimulatedScanner, compartments: Compartments, dispatching: Dispatching, dock: DockStaff,
        memory: Memory, clock: Clock, settings: TownSettings,
    ) -> None:  # fmt: skip
        self.van = van
        self._shift = Shift(van, scanner, compartments, dispatching, dock, memory, clock, settings)
        self._dispatching = dispatching
        self._dock = dock
        self._memory = memory
        self._clock = clock
        self._broken: tuple[date, int] | None = None  # the day, and since when it stands (domain ms)
        self.waits_for = ""

    @property
    def trip(self) -> Trip | None:
        """Of today; None: nothing is known of one."""
        return self._memory.trip(self.van.id, self._day())

    def place(self, now_ms: int) -> Fix:
        """Where the van is."""
        if self._broken is None:
            return self._shift.road.place(self.trip, now_ms)
        return replace(self._shift.road.place(self.trip, self._broken[1]), speed_m_s=0.0)

    @property
    def is_under_way(self) -> bool:
        """Whether it is on the road, or stands at a stop."""
        trip = self.trip
        return trip is not None and trip.is_under_way

    @property
    def is_broken(self) -> bool:
        """Whether it stands on its way and can't go on."""
        return self._broken is not None and self._broken[0] == self._day()

    async def break_down(self) -> None:
        """It stands where it is, and its driver tells the dispatcher: the run is interrupted. ValueError, RestError."""
        trip = self.trip
        if trip is None or not self.is_under_way or self.is_broken:
            raise ValueError(f"{self.van.id}: not on the road, or broken already")
        await self._dispatching.step(trip.run, "paused")
        self._broken = self._day(), self._clock.now_ms()

    async def mend(self) -> None:
        """It goes on from where it stands, so much later. ValueError, RestError."""
        trip = self.trip
        if trip is None or self._broken is None or not self.is_broken:
            raise ValueError(f"{self.van.id}: not broken")
        if trip.phase is Phase.BACK:  # others have taken over all that it had
            self._broken = None
            return
        await self._dispatching.step(trip.run, "departed")
        lost_ms = self._clock.now_ms() - self._broken[1]
        self._shift.keep(self._broken[0], msgspec.structs.replace(trip, since_ms=trip.since_ms + lost_ms))
        self._broken = None

    async def live(self) -> None:
        """Do what is to be done next when it is due; what does not work is tried again."""
        while True:
            try:
                await self._work()
                self.waits_for = ""
                await asyncio.sleep(station_staff.TICK_S)
            except (RestError, NotBookedError, UnpluggedError, TimeoutError) as error:
                if str(error) != self.waits_for:
                    _log.info("driver_waits", van=self.van.id, reason=str(error))
                self.waits_for = str(error)
                await asyncio.sleep(station_staff.AGAIN_S)

    def leaving(self, day: date) -> station_staff.Progress:
        """With the van's setting out from the yard."""
        trip = self._memory.trip(self.van.id, day)
        has_left = trip is not None and trip.phase not in (Phase.WAITING, Phase.LOADING)
        return station_staff.Progress(self._shift.yard.leaves_ms(day), has_left)

    def has_brought(self, day: date, station: str) -> bool:
        """Whether this van has left there all that it carried for it."""
        trip = self._memory.trip(self.van.id, day)
        return trip is not None and station in trip.brought

    @property
    def is_at_stop(self) -> bool:
        """Whether it stands at one, or beside another van."""
        trip = self.trip
        return trip is not None and trip.is_standing

    @property
    def is_busy(self) -> bool:
        """Whether its driver has hands full."""
        trip = self.trip
        return trip is not None and trip.is_at_work

    def next_due_ms(self) -> int:
        """When there is something to be done again; now or earlier: at once."""
        day, trip = self._day(), self.trip
        tomorrow = to_ms(at(day, time(0))) + 25 * 3_600_000
        if trip is None:
            return self._dock.next_due_ms()
        if self.is_broken:
            return tomorrow
        way = self._shift.road.known(trip)
        match trip.phase:
            case Phase.WAITING | Phase.LOADING:
                return self._shift.yard.next_due_ms(day)
            case Phase.DRIVING if way is not None:
                return trip.since_ms + round(way.duration_s * 1000)
            case Phase.AT_STOP | Phase.MEETING if not trip.is_at_work:
                return trip.since_ms + self._shift.stay_ms(day, trip)
            case Phase.BACK:
                return tomorrow
            case _:
                return 0

    def _day(self) -> date:
        return night.night_date(self._clock.now_ms())

    async def _work(self) -> None:
        day, now_ms, trip = self._day(), self._clock.now_ms(), self.trip
        if self._broken is not None and self.is_broken and trip is not None:
            await self._shift.stand_broken(day, trip, self._broken[1])
            return
        self._broken = None  # of another day: somebody has towed it home
        await self._shift.work(day, trip, now_ms)
