"""One station with everything in it: devices, lockers, its line, its agent's process, its staff. Entered, all of it is plugged in.

Leaves when what happens to its parts.
"""

from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Any, Self

from edge.wire.clock import Clock, utc
from firmware_sim.cold_room import ColdRoom
from firmware_sim.faults import LineFaults
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town.accidents import Accidents
from firmware_sim.town.agents import Agent, edge_command
from firmware_sim.town.broker_line import BrokerLine
from firmware_sim.town.cabinet import Cabinet
from firmware_sim.town.control import StationSeen
from firmware_sim.town.memory import Memory
from firmware_sim.town.office import Office
from firmware_sim.town.plan import LOCAL
from firmware_sim.town.rounds import Round
from firmware_sim.town.settings import Station, TownSettings
from firmware_sim.town.site_files import SCANNER, write_site
from firmware_sim.town.staff import Staff

# A line as they are: now and then a read is cut, rarely there is noise; the pause stays far below the reader's idle time-out.
LINE = LineFaults(split=0.2, noise=0.01, pause_s=0.002)
BROKER_LINE = "line"
_LINES = ("rs485", "bluetooth", BROKER_LINE)
PLUGS = (SCANNER, *_LINES)


@dataclass(frozen=True, slots=True)
class Tools:
    """What all houses of the town share."""

    settings: TownSettings
    clock: Clock
    memory: Memory
    office: Office
    round: Round


class House:
    """Within a running loop."""

    def __init__(self, station: Station, tools: Tools) -> None:
        settings, clock, seed = tools.settings, tools.clock, f"{tools.settings.seed}/{station.id}"
        self.station = station
        self._settings = settings
        self._stack = AsyncExitStack()
        self.room = ColdRoom(station.cold_room_folder, clock, seed)
        self.scanner = SimulatedScanner(station.scanner_path, Random(f"{seed}/line"), suffix=b"\r\n", aim="]C0", faults=LINE)
        self.cabinet = Cabinet(station.cabinet_path, Random(f"{seed}/cabinet")) if station.has_cabinet else None
        self.line = BrokerLine(settings.broker_host, settings.broker_port)
        self.accidents = Accidents(settings, station, clock, self.room, self.scanner, self.line)
        self.staff = Staff(station, self.scanner, tools.office, tools.memory, clock, settings, tools.round, self.cabinet)
        self.agent = Agent(station.id, edge_command(station.config_path), station.folder / "agent.log")

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        await self._stack.enter_async_context(self.line)
        self._stack.enter_context(self.room.plugged())
        self._stack.enter_context(self.scanner)
        tables = self.room.toml()
        if self.cabinet is not None:
            self._stack.enter_context(self.cabinet.lockers)
            self._stack.enter_context(self.cabinet.scanner)
            tables += self.cabinet.toml()
        write_site(self._settings, self.station, ("127.0.0.1", self.line.port), tables)
        self.accidents.set_clock()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.__aexit__(kind, error, trace)

    def machines(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What runs by itself, whether or not anybody is there."""
        yield "agent", self.agent.run()
        yield "cold room", self.room.run()
        yield "accidents", self.accidents.run()

    def plug(self, device: str, *, is_in: bool) -> str:
        """Put in or pull the line to the broker, or one of the cold room's. What was done; ValueError names the choices."""
        if device not in PLUGS:
            raise ValueError(f"device: want one of {', '.join(PLUGS)}, got {device[:40]!r}")
        if device == SCANNER:
            scanner = self.scanner
            if is_in:
                scanner.plug()
            else:
                scanner.unplug()
            return f"{self.station.id}: {SCANNER} {'plugged in' if is_in else 'unplugged'}"
        if device != BROKER_LINE:
            return self.room.plug(device, is_in=is_in)
        if is_in:
            self.line.mend()
        else:
            self.line.cut()
        return f"{self.station.id}: line to the broker {'up' if is_in else 'cut'}"

    def seen(self) -> StationSeen:
        """As the buttons find it."""
        station = self.station
        doors = sorted(name for name, box in self.room.boxes.items() if box.door_is_open)
        return StationSeen(
            station.id, station.place.name, station.agent_url, self.scanner.is_plugged, not self.line.is_cut, doors,
            self.staff.has_parcels_left(),
        )  # fmt: skip

    def status(self) -> str:
        """One line for people."""
        station, step = self.station, self.staff.next_step()
        words = [
            f"{station.id} {station.place.name}: {station.agent_url}",
            f"scanner {'plugged in' if self.scanner.is_plugged else 'unplugged'}",
            f"agent started {self.agent.starts} times",
        ]
        if step is not None:
            words.append(f"next {utc(step.at_ms).astimezone(LOCAL):%H:%M} {step.kind} {step.label}")
        if self.staff.waits_for:
            words.append(f"waits: {self.staff.waits_for}")
        if self.accidents.words:
            words.append(f"trouble: {self.accidents.words}")
        return ", ".join(words)
