"""The town's vans, and what they mean for its stations: how far goods are, when they are expected, whether they are at the door."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from random import Random
from types import TracebackType
from typing import Self

from firmware_sim.town.casting import leads
from firmware_sim.town.dispatching import Dispatching, Run
from firmware_sim.town.dock_staff import DockStaff
from firmware_sim.town.house import Tools
from firmware_sim.town.rounds import FormulaRound
from firmware_sim.town.staff import Progress
from firmware_sim.town.truck import Truck
from firmware_sim.town.van import Stop

_OPENS_LATER_MIN = (60.0, 150.0)  # after the van was at a closed door, until somebody comes


class Fleet:
    """Entered, all vans are plugged in. A `Round` for whoever waits at a station, a `Carriage` for whoever follows their goods."""

    has_vans = True

    def __init__(self, tools: Tools, dock: DockStaff) -> None:
        self._tools = tools
        self._dock = dock
        self._stack = AsyncExitStack()
        self.dispatching = Dispatching(tools.settings, tools.office.ask, self._lead)
        self.trucks = [Truck(van, tools, self.dispatching, dock) for van in tools.settings.vans]
        self._formula = FormulaRound(tools.settings, dock.has_loaded)
        self._runs: dict[date, Sequence[Run]] = {}

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        for truck in self.trucks:
            await self._stack.enter_async_context(truck)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def plan(self, day: date) -> bool:
        """One step towards the day's runs; True: they are there, and it is known when they come where. RestError."""
        if day in self._runs:
            return True
        if not await self.dispatching.plan(day):
            return False
        runs = await self.dispatching.runs(day)
        self._runs = {known: one for known, one in self._runs.items() if known >= day - timedelta(days=1)} | {day: runs}
        return True

    def stop(self, day: date, station: str) -> Stop:
        """As planned, or, before that, as the formula expects it."""
        expected = self._formula.stop(day, station)
        arrives_at = self._arrives_at(day, station)
        if arrives_at is None:
            return expected
        return Stop(station, arrives_at, arrives_at + self._opens_later(day, station))

    def is_known(self, day: date, station: str) -> bool:  # noqa: ARG002  # a plan is of all stations
        return day in self._runs

    def has_come(self, day: date, station: str) -> bool:
        """Also where nobody drives: a night that nobody worked is brought by others."""
        if self._dock.is_planned(day) and self._dock.loads_from_ms(day) is None:
            return True
        if day in self._runs and self._arrives_at(day, station) is None:
            return self._dock.has_loaded(day)  # on no run: somebody else's car brings it
        return any(truck.driver.has_brought(day, station) for truck in self.trucks)

    def loaded(self, day: date, station: str, but: int = 0) -> Progress:
        run = self._run_to(day, station)
        return self._dock.loading(day, None if run is None else run.name, but)

    def left(self, day: date, station: str) -> Progress:
        run = self._run_to(day, station)
        truck = next((one for one in self.trucks if run is not None and one.van.id == run.vehicle), None)
        return self._dock.loading(day) if truck is None else truck.driver.leaving(day)

    def before(self, day: date, station: str) -> Sequence[str]:
        run = self._run_to(day, station)
        sites = [] if run is None else [one.site for one in sorted(run.stops, key=lambda one: one.stop)]
        return sites[: sites.index(station)] if station in sites else ()

    def _arrives_at(self, day: date, station: str) -> datetime | None:
        """As the day was planned; None: on no run, or not planned yet."""
        stops = (stop for run in reversed(self._runs.get(day, ())) for stop in run.stops if stop.site == station)
        return next((stop.planned_arrival for stop in stops if stop.planned_arrival is not None), None)

    def _run_to(self, day: date, station: str) -> Run | None:
        """As the day was planned; None: on no run, or not planned yet."""
        runs = self._runs.get(day, ())
        return next((run for run in runs if any(stop.site == station for stop in run.stops)), None)

    def _opens_later(self, day: date, station: str) -> timedelta:
        """After the van was at a closed door; 0: it is open."""
        settings = self._tools.settings
        random = Random(f"{settings.seed}/{day.isoformat()}/{station}/closed")
        is_closed = random.random() < settings.chances.closed
        return timedelta(minutes=random.uniform(*_OPENS_LATER_MIN)) if is_closed else timedelta()

    def _lead(self, day: date) -> str:
        """The station that the story follows, where one is played and anybody is worth it."""
        settings = self._tools.settings
        if not settings.has_story:
            return ""
        found = (one.station.id for one in leads(settings, self._tools.office.day, day))
        return next((station for station in found if not self._opens_later(day, station)), "")
