"""The town as a whole: opens what it needs, owns every task, presses the buttons of the control socket.

Leaves what happens at a station to its staff.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import msgspec
import structlog

from edge.wire.clock import Clock, decode_town, encode_town
from firmware_sim.cold_room import ColdRoom
from firmware_sim.faults import LineFaults
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError
from firmware_sim.town.agents import Agent, edge_command
from firmware_sim.town.control import Answer, ControlServer, Request
from firmware_sim.town.memory import Memory
from firmware_sim.town.office import RETRY_S, Office
from firmware_sim.town.plan import CUT_OFF, plan_day, service_date
from firmware_sim.town.rest import RestError
from firmware_sim.town.settings import OPERATOR, TownSettings
from firmware_sim.town.site_files import write_site
from firmware_sim.town.staff import NotBookedError, Staff

# A line as they are: now and then a read is cut, rarely there is noise; the pause stays far below the reader's idle time-out.
LINE = LineFaults(split=0.2, noise=0.01, pause_s=0.002)
OFFICE_TICK_S = 1.0

_log = structlog.get_logger()


class Town:
    """Runs until cancelled. ``folder`` keeps everything between two runs."""

    def __init__(self, settings: TownSettings, clock: Clock, read_monotonic_s: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._read_monotonic_s = read_monotonic_s
        self._staff: dict[str, Staff] = {}
        self._agents: dict[str, Agent] = {}
        self._cold_rooms: dict[str, ColdRoom] = {}

    async def run(self) -> None:
        """ForgottenError where the folder is another town's; RestError where the cloud refuses."""
        settings = self._settings
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        memory = Memory.recall(settings.folder / "memory.json", settings.seed)
        office = Office(settings, memory, self._clock)
        async with AsyncExitStack() as stack:
            for station in settings.stations:
                room = ColdRoom(station.cold_room_folder, self._clock, f"{settings.seed}/{station.id}")
                self._cold_rooms[station.id] = room
                write_site(settings, station, room.toml())
                stack.enter_context(room.plugged())
                scanner = SimulatedScanner(
                    station.scanner_path, Random(f"{settings.seed}/{station.id}/line"), suffix=b"\r\n", aim="]C0", faults=LINE
                )
                stack.enter_context(scanner)
                self._staff[station.id] = Staff(station, scanner, office, memory, self._clock, settings.seed)
                self._agents[station.id] = Agent(station.id, edge_command(station.config_path), station.folder / "agent.log")
            await stack.enter_async_context(ControlServer(settings.folder, self.handle))
            async with asyncio.TaskGroup() as tasks:
                for agent in self._agents.values():
                    tasks.create_task(agent.run(), name=f"agent {agent.station}")
                for station_id, room in self._cold_rooms.items():
                    tasks.create_task(room.run(), name=f"cold room {station_id}")
                await office.open()
                tasks.create_task(self._send_orders(office), name="office")
                for staff in self._staff.values():
                    tasks.create_task(staff.live(), name=f"staff {staff.station.id}")

    async def handle(self, request: Request) -> Answer:
        """Press one button."""
        if request.do == "pace":
            return self._pace(request.rate)
        if request.do == "status":
            return Answer(True, "\n".join(self._status(staff) for staff in self._staff.values()))
        staff = self._staff.get(request.site)
        if staff is None:
            return Answer(False, f"site: want one of {', '.join(self._staff)}, got {request.site[:40]!r}")
        try:
            return await self._press(staff, request)
        except (UnpluggedError, TimeoutError, NotBookedError, RestError, ValueError) as error:
            return Answer(False, str(error), request.label)

    async def _press(self, staff: Staff, request: Request) -> Answer:
        match request.do:
            case "scan":
                label = request.label or await staff.expected()
                if not label:
                    return Answer(
                        False,
                        f"{staff.station.id}: everything ordered so far is in; the next orders come at {CUT_OFF:%H:%M} of the "
                        "town's day. Another station may have more, or start over with: make run FRESH=1",
                    )
                return Answer(True, await staff.press(label, request.aim, is_arrival=not request.label), label)
            case "write":
                data = bytes.fromhex(request.data_hex)
                await staff.write(data)
                return Answer(True, f"{staff.station.id}: {len(data)} bytes written")
            case "unplug" | "replug" if request.device:
                return Answer(True, self._cold_rooms[request.site].plug(request.device, is_in=request.do == "replug"))
            case "unplug":
                staff.scanner.unplug()
            case "replug":
                staff.scanner.plug()
            case "door" | "cold":
                return Answer(True, self._cold_rooms[request.site].press(request.do, request.device, request.way))
        return Answer(True, self._status(staff))

    def _status(self, staff: Staff) -> str:
        agent = self._agents[staff.station.id]
        plugged = "plugged in" if staff.scanner.is_plugged else "unplugged"
        station = staff.station
        return f"{station.id} {station.place.name}: {station.agent_url}, scanner {plugged}, agent started {agent.starts} times"

    def _pace(self, rate: float) -> Answer:
        file = self._settings.clock_file
        try:
            town = decode_town(file.read_bytes()).changed(self._read_monotonic_s(), rate)
        except (ValueError, OSError) as error:
            return Answer(False, str(error))
        replace(file, encode_town(town))
        return Answer(True, f"the clock runs at {rate:g}")

    async def _send_orders(self, office: Office) -> None:
        """Send what is closed, again and again; then say where the town can be seen."""
        announced = False
        while True:
            try:
                await office.send_orders()
            except RestError as error:
                _log.warning("orders_not_sent", reason=str(error))
                await asyncio.sleep(RETRY_S)
                continue
            if not announced:
                replace(self._settings.folder / "town.json", self._announcement())
                announced = True
            await asyncio.sleep(OFFICE_TICK_S)

    def _announcement(self) -> bytes:
        today = service_date(self._clock.now_ms())
        stations = []
        for station in self._settings.stations:
            orders = plan_day(self._settings.seed, station.id, station.number, today).orders
            stations.append(
                _Announced(station.id, station.place.name, station.agent_url, str(station.scanner_path), orders[0].external_id)
            )
        return msgspec.json.encode({"operator": OPERATOR, "stations": stations})


class _Announced(msgspec.Struct, frozen=True):
    id: str
    name: str
    url: str
    scanner: str
    order_example: str


def replace(path: Path, data: bytes) -> None:
    """Whoever reads ``path`` sees the old or the new content, never a part."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)
