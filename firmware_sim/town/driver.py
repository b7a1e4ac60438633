"""A van's driver: loads with the dock, sets out, drives the roads, leaves at each stop what is for it, and comes home.

As staff do: a container counts as left when the van's agent shows that it booked it. Where the next stop
is, the run says each time: it may have been planned anew. Leaves hardware to truck.
"""

import asyncio
import time as time_of
from datetime import date, time
from random import Random

import msgspec
import structlog

from edge.wire.clock import Clock, to_ms, utc
from firmware_sim.compartments import Compartments
from firmware_sim.driving import Drive, Fix, drive
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError
from firmware_sim.town import night
from firmware_sim.town import staff as station_staff
from firmware_sim.town.dispatching import Dispatching, Run
from firmware_sim.town.dock_staff import DockStaff
from firmware_sim.town.hands import NotBookedError
from firmware_sim.town.memory import Memory
from firmware_sim.town.plan import LOCAL, at
from firmware_sim.town.rest import RestError
from firmware_sim.town.settings import Station, TownSettings
from firmware_sim.town.trips import Phase, Trip, place_of
from firmware_sim.town.unloading import Unloading

LEAVES = time(7, 0)
_LEAVES_WITHIN_S = 240.0  # not all at once through one gate
_DWELL_S, _DWELL_A_CONTAINER_S = 180.0, 24.0
_DOOR_S = 40.0  # the cargo door stands open for as long
_EARLY_S = 180.0  # before a stop's hour; a plan is a little slow
_PACE = 1.1  # seconds for one of a van alone on the road
_SETTLES_S = 0.8  # of real time: until the agent has heard where it stands
_HEARS_S = 2.0  # of real time
_OVER = ("completed", "aborted")

_log = structlog.get_logger()


class Driver:
    """``live`` owns it."""

    def __init__(
        self, van: Station, scanner: SimulatedScanner, compartments: Compartments, dispatching: Dispatching, dock: DockStaff,
        memory: Memory, clock: Clock, settings: TownSettings,
    ) -> None:  # fmt: skip
        self.van = van
        self._unloading = Unloading(van, scanner, settings)
        self._compartments = compartments
        self._dispatching = dispatching
        self._dock = dock
        self._memory = memory
        self._clock = clock
        self._settings = settings
        self._home = (van.place.lat, van.place.lon)
        self._places = {one.id: (one.place.lat, one.place.lon) for one in settings.stations}
        self._drive: Drive | None = None
        self._driven: tuple[object, ...] = ()
        self._heard_s = 0.0
        self._not_before_ms = 0  # the hour of the run's first stop, less the way there
        self._broken: tuple[date, int] | None = None  # the day, and since when it stands (domain ms)
        self.waits_for = ""

    @property
    def trip(self) -> Trip | None:
        """Of today; None: nothing is known of one."""
        return self._memory.trip(self.van.id, self._day())

    def place(self, now_ms: int) -> Fix:
        """Where the van is."""
        trip = self.trip
        known = self._drive if trip is not None and self._driven == (trip.begin, trip.goal) else None
        return place_of(trip, known, self._home, now_ms if self._broken is None else self._broken[1])

    @property
    def is_under_way(self) -> bool:
        """Whether it is on the road, or stands at a stop."""
        trip = self.trip
        return trip is not None and trip.phase in (Phase.DRIVING, Phase.AT_STOP)

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
        await self._dispatching.step(trip.run, "departed")
        lost_ms = self._clock.now_ms() - self._broken[1]
        self._keep(self._broken[0], msgspec.structs.replace(trip, since_ms=trip.since_ms + lost_ms))
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

    def has_brought(self, day: date, station: str) -> bool:
        """Whether this van has left there all that it carried for it."""
        trip = self._memory.trip(self.van.id, day)
        return trip is not None and station in trip.brought

    @property
    def is_at_stop(self) -> bool:
        """Whether it stands at one."""
        trip = self.trip
        return trip is not None and trip.phase is Phase.AT_STOP

    @property
    def is_busy(self) -> bool:
        """Whether it has its hands full: what takes a moment of real time, however fast the town's goes."""
        trip = self.trip
        return trip is not None and trip.phase is Phase.AT_STOP and trip.goal not in trip.brought

    def next_due_ms(self) -> int:
        """When there is something to be done again; now or earlier: at once."""
        day, trip = self._day(), self.trip
        tomorrow = to_ms(at(day, time(0))) + 25 * 3_600_000
        if trip is None:
            return self._dock.next_due_ms()
        if self.is_broken:
            return tomorrow
        match trip.phase:
            case Phase.WAITING | Phase.LOADING:
                return min(max(self._leaves_ms(day), self._not_before_ms), self._dock.next_due_ms())
            case Phase.DRIVING if self._drive is not None:
                return trip.since_ms + round(self._drive.duration_s * 1000)
            case Phase.AT_STOP if trip.goal in trip.brought:
                return trip.since_ms + self._stay_ms(day, trip)
            case Phase.BACK:
                return tomorrow
            case _:
                return 0

    def _day(self) -> date:
        return night.night_date(self._clock.now_ms())

    async def _work(self) -> None:
        day, now_ms = self._day(), self._clock.now_ms()
        if self.is_broken:
            return
        self._broken = None  # of another day: somebody has towed it home
        trip = self.trip
        if trip is None:
            await self._find_run(day)
            return
        match trip.phase:
            case Phase.WAITING:
                await self._wait(day, trip, now_ms)
            case Phase.LOADING:
                await self._load(day, trip, now_ms)
            case Phase.DRIVING:
                await self._drive_on(day, trip, now_ms)
            case Phase.AT_STOP:
                await self._serve(day, trip, now_ms)
            case Phase.PAUSED:
                await self._stand(day, trip, now_ms)
            case Phase.BACK:
                return

    def _keep(self, day: date, trip: Trip) -> None:
        self._memory.keep_trip(self.van.id, day, trip)

    async def _find_run(self, day: date) -> None:
        if not self._memory.has_batch("plan", day):
            return
        runs = await self._dispatching.runs(day)
        mine = next((one for one in runs if one.vehicle == self.van.id and one.state not in _OVER), None)
        if mine is not None:
            self._keep(day, Trip(mine.id, begin=self._home))
        elif runs:  # the others take it all
            self._keep(day, Trip(0, Phase.BACK, begin=self._home))

    async def _wait(self, day: date, trip: Trip, now_ms: int) -> None:
        """Until the dock begins to load. A day whose night nobody worked is brought by others."""
        if not self._dock.is_planned(day):
            return
        due_ms = self._dock.loads_from_ms(day)
        if due_ms is None:
            await self._dispatching.step(trip.run, "aborted")
            self._keep(day, msgspec.structs.replace(trip, phase=Phase.BACK))
        elif now_ms >= due_ms:
            await self._dispatching.step(trip.run, "loading")
            self._keep(day, msgspec.structs.replace(trip, phase=Phase.LOADING, since_ms=now_ms))

    async def _load(self, day: date, trip: Trip, now_ms: int) -> None:
        if now_ms < self._leaves_ms(day):
            return
        run = await self._dispatching.run(trip.run)
        if not self._dock.has_loaded_run(day, run.name):
            return
        first = min(run.stops, key=lambda one: one.stop, default=None)
        if first is not None and first.planned_arrival is not None:
            way = await self._know_way(day, msgspec.structs.replace(trip, goal=first.site, since_ms=now_ms))
            self._not_before_ms = to_ms(first.planned_arrival) - round((way.duration_s + _EARLY_S) * 1000)
            if now_ms < self._not_before_ms:
                return  # nobody would be there yet
        await self._dispatching.step(trip.run, "departed")
        _log.info("van_leaves", van=self.van.id, run=run.name, stops=len(run.stops))
        await self._set_out(day, trip, run, now_ms)

    async def _set_out(self, day: date, trip: Trip, run: Run, since_ms: int) -> None:
        """To the next stop of the run as it stands, or home."""
        ahead = [one for one in sorted(run.stops, key=lambda one: one.stop) if not one.is_settled and one.site not in trip.visited]
        goal = ahead[0].site if ahead else ""
        if trip.phase is not Phase.PAUSED:
            trip = msgspec.structs.replace(trip, begin=self._home if not trip.visited else self._places[trip.visited[-1]])
        gone = msgspec.structs.replace(trip, phase=Phase.DRIVING, since_ms=since_ms, goal=goal)
        await self._know_way(day, gone)
        self._keep(day, gone)

    async def _know_way(self, day: date, trip: Trip) -> Drive:
        """The drive of the leg it is on; the same again after a restart."""
        key = (trip.begin, trip.goal)
        if self._drive is None or self._driven != key:
            end = self._places[trip.goal] if trip.goal else self._home
            hour = utc(trip.since_ms).astimezone(LOCAL).hour
            way = await self._dispatching.way(trip.begin, end, hour)
            self._drive = drive(way, Random(f"{self._settings.seed}/{day.isoformat()}/{self.van.id}/{trip.goal}"), pace=_PACE)
            self._driven = key
        return self._drive

    async def _drive_on(self, day: date, trip: Trip, now_ms: int) -> None:
        way = await self._know_way(day, trip)
        arrives_ms = trip.since_ms + round(way.duration_s * 1000)
        if now_ms < arrives_ms:
            await self._hear(day, trip, now_ms)
            return
        if trip.goal:
            self._keep(day, msgspec.structs.replace(trip, phase=Phase.AT_STOP, since_ms=arrives_ms))
            self._compartments.open_for(_DOOR_S)
            await asyncio.sleep(_SETTLES_S)
            return
        run = await self._dispatching.run(trip.run)
        if any(not one.is_settled and one.site not in trip.visited for one in run.stops):
            await self._set_out(day, trip, run, now_ms)  # something new came on it
            return
        if run.state not in _OVER:
            await self._dispatching.step(trip.run, "completed")
        _log.info("van_is_back", van=self.van.id, run=run.name)
        self._keep(day, msgspec.structs.replace(trip, phase=Phase.BACK, since_ms=arrives_ms, begin=self._home))

    async def _hear(self, day: date, trip: Trip, now_ms: int) -> None:
        """Now and then, what dispatch says: a van whose run is paused stands where it is."""
        if time_of.monotonic() - self._heard_s < _HEARS_S:
            return
        self._heard_s = time_of.monotonic()
        run = await self._dispatching.run(trip.run)
        if run.state in ("paused", *_OVER):
            here = self.place(now_ms)
            phase = Phase.PAUSED if run.state == "paused" else Phase.BACK
            self._keep(day, msgspec.structs.replace(trip, phase=phase, since_ms=now_ms, begin=(here.lat, here.lon), goal=""))

    async def _stand(self, day: date, trip: Trip, now_ms: int) -> None:
        """Until it goes on, or others have taken all over."""
        run = await self._dispatching.run(trip.run)
        if run.state == "departed":
            await self._set_out(day, trip, run, now_ms)
        elif run.state in _OVER:
            self._keep(day, msgspec.structs.replace(trip, phase=Phase.BACK, since_ms=now_ms))
        else:
            await asyncio.sleep(_HEARS_S)

    async def _serve(self, day: date, trip: Trip, now_ms: int) -> None:
        """Leave what is for the stop, and go on when the stay is over."""
        await self._know_way(day, trip)
        if trip.goal not in trip.brought:
            run = await self._dispatching.run(trip.run)
            if run.state in _OVER or all(one.site != trip.goal or one.state == "skipped" for one in run.stops):
                await self._set_out_or_end(day, trip, run, now_ms)  # others come here now
                return
            await self._unloading.leave_all(trip.goal)
            trip = msgspec.structs.replace(trip, brought=(*trip.brought, trip.goal))
            self._keep(day, trip)
        leaves_ms = trip.since_ms + self._stay_ms(day, trip)
        if self._clock.now_ms() < leaves_ms:
            return
        self._compartments.set_door(is_open=False)
        run = await self._dispatching.run(trip.run)
        since_ms = max(leaves_ms, self._clock.now_ms() - round(_SETTLES_S * 1000 * self._clock.rate))
        await self._set_out_or_end(day, trip, run, since_ms)

    async def _set_out_or_end(self, day: date, trip: Trip, run: Run, since_ms: int) -> None:
        """On from a stop; from a run that somebody has ended, nowhere."""
        left = msgspec.structs.replace(trip, visited=(*trip.visited, trip.goal))
        if run.state in _OVER:
            here = self._places[trip.goal]
            self._keep(day, msgspec.structs.replace(left, phase=Phase.BACK, since_ms=since_ms, begin=here, goal=""))
            return
        await self._set_out(day, left, run, since_ms)

    def _stay_ms(self, day: date, trip: Trip) -> int:
        stay_s = _DWELL_S + _DWELL_A_CONTAINER_S * self._dock.containers_for(day, trip.goal)
        return round((stay_s + self._trouble_s(day, len(trip.visited))) * 1000)

    def _leaves_ms(self, day: date) -> int:
        return to_ms(at(day, LEAVES)) + round(self._random(day, "leaves").uniform(0, _LEAVES_WITHIN_S) * 1000)

    def _trouble_s(self, day: date, stop: int) -> float:
        """A flat tyre at one of the stops."""
        random = self._random(day, "breakdown")
        if random.random() >= self._settings.chances.breakdown:
            return 0.0
        return random.uniform(45 * 60, 120 * 60) if stop == random.randrange(6) else 0.0

    def _random(self, day: date, what: str) -> Random:
        return Random(f"{self._settings.seed}/{day.isoformat()}/{self.van.id}/{what}")
