"""One van with everything in it: receiver, scanner, compartments, line, agent, driver. Entered, all of it is plugged in."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, suppress
from random import Random
from types import TracebackType
from typing import Any, Self

from edge.wire.clock import utc
from firmware_sim.compartments import Compartments
from firmware_sim.gnss import Place, SimulatedGnss
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError
from firmware_sim.toml_text import quoted
from firmware_sim.town.agents import Agent, edge_command
from firmware_sim.town.broker_line import BrokerLine
from firmware_sim.town.control import VanSeen
from firmware_sim.town.dispatching import Dispatching
from firmware_sim.town.dock_staff import DockStaff
from firmware_sim.town.driver import Driver
from firmware_sim.town.house import LINE, Tools
from firmware_sim.town.plan import LOCAL
from firmware_sim.town.settings import Station
from firmware_sim.town.site_files import write_site

TELL_S = 0.5  # of real time; at 30 times a fix each 15 s, as often as vans tell of themselves
_WANDERS_M = 4.0  # a receiver's σ east and north
_METRE_DEG = 1 / 111_195


class Truck:
    """Within a running loop."""

    def __init__(self, van: Station, tools: Tools, dispatching: Dispatching, dock: DockStaff) -> None:
        settings, seed = tools.settings, f"{tools.settings.seed}/{van.id}"
        self.van = van
        self._tools = tools
        self._stack = AsyncExitStack()
        self._wander = Random(f"{seed}/gnss")
        self.compartments = Compartments(van.folder / "compartments", tools.clock, seed)
        self.gnss = SimulatedGnss(van.gnss_path, Random(f"{seed}/gnss-line"), LINE, drops=True)
        self.scanner = SimulatedScanner(van.scanner_path, Random(f"{seed}/line"), suffix=b"\r\n", aim="]C0", faults=LINE)
        self.line = BrokerLine(settings.broker_host, settings.broker_port)
        self.driver = Driver(van, self.scanner, self.compartments, dispatching, dock, tools.memory, tools.clock, settings)
        self.agent = Agent(van.id, edge_command(van.config_path), van.folder / "agent.log")

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        await self._stack.enter_async_context(self.line)
        self._stack.enter_context(self.compartments.plugged())
        self._stack.enter_context(self.gnss)
        self._stack.enter_context(self.scanner)
        write_site(self._tools.settings, self.van, ("127.0.0.1", self.line.port), self._gnss_toml() + self.compartments.toml())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.__aexit__(kind, error, trace)

    def machines(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What runs by itself, whether or not anybody is there."""
        yield "agent", self.agent.run()
        yield "compartments", self.compartments.run()
        yield "receiver", self._tell()

    def seen(self) -> VanSeen:
        """As its button finds it."""
        driver = self.driver
        return VanSeen(self.van.id, self.van.place.name, driver.is_under_way, driver.is_broken)

    async def press(self, way: str) -> str:
        """The button: ``broken`` or ``sound``. What was done, for people; ValueError, RestError."""
        match way:
            case "broken":
                await self.driver.break_down()
            case "sound":
                await self.driver.mend()
            case _:
                raise ValueError(f"way: want broken or sound, got {way[:40]!r}")
        return f"{self.van.id}: {way}"

    def status(self) -> str:
        """One line for people."""
        trip, now_ms = self.driver.trip, self._tools.clock.now_ms()
        words = [f"{self.van.id} {self.van.place.name}: {self.van.agent_url}", f"agent started {self.agent.starts} times"]
        if trip is None:
            words.append("in the yard")
        else:
            at = f"{utc(trip.since_ms or now_ms).astimezone(LOCAL):%H:%M}"
            goal = trip.goal or "the warehouse"
            if trip.meeting is not None and trip.meeting.from_run:
                goal = f"the van of {trip.meeting.from_run}"
            words.append(f"{trip.phase.value} {goal} since {at}, {len(trip.visited)} stops behind it")
        if self.driver.waits_for:
            words.append(f"waits: {self.driver.waits_for}")
        return ", ".join(words)

    async def _tell(self) -> None:
        """What the receiver says, twice a second; of an unplugged one nothing."""
        while True:
            now_ms = self._tools.clock.now_ms()
            fix = self.driver.place(now_ms)
            north, east = (self._wander.gauss(0.0, _WANDERS_M) * _METRE_DEG for _ in range(2))
            place = Place(fix.lat + north, fix.lon + east, fix.speed_m_s, fix.course_deg)
            with suppress(UnpluggedError, TimeoutError):
                await asyncio.to_thread(self.gnss.tell, place, now_ms)
            await asyncio.sleep(TELL_S)

    def _gnss_toml(self) -> str:
        return f'[[gnss]]\nname = "gnss"\nport = {quoted(self.van.gnss_path)}\n\n'
