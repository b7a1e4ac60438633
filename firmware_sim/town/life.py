"""The town as a whole: opens what it needs, owns every task, presses the buttons of the control socket.

Leaves what happens at a station to its staff.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace as replace_fields
from typing import Any

import msgspec
import structlog

from edge.wire.clock import Clock, decode_town, encode_town, utc
from firmware_sim.terminal import UnpluggedError
from firmware_sim.town.carriage import UnseenCarriage
from firmware_sim.town.control import Answer, ControlServer, Request, Stage
from firmware_sim.town.fleet import Fleet
from firmware_sim.town.hands import NotBookedError
from firmware_sim.town.house import House, Tools
from firmware_sim.town.memory import Memory
from firmware_sim.town.office import RETRY_S, Office
from firmware_sim.town.plan import CUT_OFF, LOCAL, service_date
from firmware_sim.town.quarter import Quarter
from firmware_sim.town.rest import RestError
from firmware_sim.town.rounds import FormulaRound
from firmware_sim.town.settings import OPERATOR, TownSettings
from firmware_sim.town.site_files import SCANNER, replace
from firmware_sim.town.staff import Staff
from firmware_sim.town.story import Story
from firmware_sim.town.truck import Truck
from firmware_sim.town.waiting import LATE_MS, Waiting
from firmware_sim.town.warehouse import Warehouse

OFFICE_TICK_S = 1.0
HOLD_TICK_S = 0.2
_HELD = "clock"

_log = structlog.get_logger()


class Town:
    """Runs until cancelled. ``folder`` keeps everything between two runs."""

    def __init__(self, settings: TownSettings, clock: Clock, read_monotonic_s: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._read_monotonic_s = read_monotonic_s
        self.houses: dict[str, House] = {}
        self.warehouse: Warehouse | None = None
        self.fleet: Fleet | None = None
        self.quarter: Quarter | None = None
        self.office: Office | None = None
        self._office_waits = ""
        self.story: Story | None = None
        self._waiting: Waiting | None = None

    async def run(self) -> None:
        """ForgottenError where the folder is another town's; RestError where the cloud refuses."""
        settings = self._settings
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        memory = Memory.recall(settings.folder / "memory.json", settings.seed)
        office = Office(settings, memory, self._clock)
        tools = Tools(settings, self._clock, memory, office, FormulaRound(settings, lambda _day: True))
        async with AsyncExitStack() as stack:
            tools = await self._plug_in(stack, tools)
            await stack.enter_async_context(ControlServer(settings.folder, self.handle))
            async with asyncio.TaskGroup() as tasks:
                for name, work in self._machines():
                    tasks.create_task(work, name=name)
                await office.open()
                self.office = office
                carriage = self.fleet or UnseenCarriage(self.warehouse.staff if self.warehouse else None)
                self.story = Story(tools, self.houses, self._clock, carriage, {one.station.id: one for one in self.staff})
                if settings.has_story:
                    tasks.create_task(self.story.run(), name="story")
                tasks.create_task(self._run_office(office), name="office")
                if settings.waits:
                    tasks.create_task(self._hold_clock(memory), name="clock")
                for name, work in self._people():
                    tasks.create_task(work, name=name)

    async def _plug_in(self, stack: AsyncExitStack, tools: Tools) -> Tools:
        """Warehouse, vans and stations; who comes to the stations is known before they are. Returns what the stations work with."""
        settings = self._settings
        if settings.dock is not None:
            self.warehouse = await stack.enter_async_context(Warehouse(settings.dock, tools))
            tools = replace_fields(tools, round=FormulaRound(settings, self.warehouse.staff.has_loaded))
            if settings.vans:
                self.fleet = await stack.enter_async_context(Fleet(tools, self.warehouse.staff))
                tools.office.plan_routes = self.fleet.plan
                tools = replace_fields(tools, round=self.fleet)
        for station in settings.stations:
            if not station.is_shared:
                self.houses[station.id] = await stack.enter_async_context(House(station, tools))
        self.quarter = Quarter(tools)
        self.quarter.write_files()
        return tools

    def _machines(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        for house in self.houses.values():
            yield from ((f"{name} {house.station.id}", work) for name, work in house.machines())
        if self.warehouse is not None:
            yield from ((f"{name} of the dock", work) for name, work in self.warehouse.machines())
        for truck in self.trucks:
            yield from ((f"{name} of {truck.van.id}", work) for name, work in truck.machines())
        if self.quarter is not None:
            yield from self.quarter.machines()

    def _people(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        if self.warehouse is not None:
            yield "staff of the dock", self.warehouse.staff.live()
        for truck in self.trucks:
            yield f"driver of {truck.van.id}", truck.driver.live()
        for house in self.houses.values():
            yield f"staff {house.station.id}", house.staff.live()
        if self.quarter is not None:
            yield from self.quarter.people()

    @property
    def staff(self) -> Iterator[Staff]:
        """Of all stations."""
        yield from (house.staff for house in self.houses.values())
        if self.quarter is not None:
            yield from self.quarter.staff.values()

    @property
    def trucks(self) -> Sequence[Truck]:
        """All vans of the town."""
        return self.fleet.trucks if self.fleet is not None else ()

    def is_behind(self, late_ms: int) -> bool:
        """Whether vans would leave without what they are to bring: the plan or the warehouse is so much late."""
        office, warehouse = self.office, self.warehouse
        if not self.trucks or office is None or warehouse is None:
            return False
        then_ms = self._clock.now_ms() - late_ms
        return office.plans_late(then_ms) or warehouse.staff.next_due_ms() < then_ms

    @property
    def next_due_ms(self) -> int:
        """Before this time nobody has anything to do: whoever owns the clock may let it pass at once."""
        if self.office is None or self._office_waits:
            return 0
        due = [self.office.next_due_ms(), *(staff.next_due_ms() for staff in self.staff)]
        due += [truck.driver.next_due_ms() for truck in self.trucks]
        return min(due if self.warehouse is None else [*due, self.warehouse.staff.next_due_ms()])

    async def handle(self, request: Request) -> Answer:
        """Press one button."""
        if request.do == "pace":
            return self._pace(request.rate)
        if request.do == "stage":
            return Answer(True, "", stage=self._stage())
        if request.do == "status":
            dock = [self.warehouse.status()] if self.warehouse else []
            return Answer(
                True,
                "\n".join(
                    [
                        self._hour(),
                        *dock,
                        *(truck.status() for truck in self.trucks),
                        *(house.status() for house in self.houses.values()),
                        *(self.quarter.status() if self.quarter is not None else ()),
                    ]
                ),
            )
        if request.do == "van":
            return await self._press_van(request)
        house = self.houses.get(request.site)
        if house is None:
            return Answer(False, f"site: want one of {', '.join(self.houses)}, got {request.site[:40]!r}")
        try:
            return await self._press(house, request)
        except (UnpluggedError, TimeoutError, NotBookedError, RestError, ValueError) as error:
            return Answer(False, str(error), request.label, _code_of(error))

    async def _press_van(self, request: Request) -> Answer:
        truck = next((one for one in self.trucks if one.van.id == request.site), None)
        if truck is None:
            known = ", ".join(one.van.id for one in self.trucks) or "a van, and this town has none"
            return Answer(False, f"site: want {known}, got {request.site[:40]!r}", code="not_possible")
        try:
            return Answer(True, await truck.press(request.way))
        except (RestError, ValueError) as error:
            return Answer(False, str(error), code=_code_of(error))

    async def _press(self, house: House, request: Request) -> Answer:
        staff = house.staff
        match request.do:
            case "scan":
                cast = self.story.cast() if self.story else None
                label = request.label or await staff.expected(cast.order.external_id if cast else "")
                if not label:
                    return Answer(
                        False,
                        f"{staff.station.id}: everything ordered so far is in; the next orders come at {CUT_OFF:%H:%M} of the "
                        "town's day. Another station may have more, or start over with: make run FRESH=1",
                        code="nothing_left",
                    )
                if await self._is_at_dock(staff, label):
                    return Answer(
                        False,
                        f"{label}: the warehouse still sorts and packs what comes today; scan it in a minute",
                        label,
                        code="at_dock",
                    )
                pressed = await staff.press(label, request.aim, is_arrival=not request.label)
                return Answer(True, pressed.text, label, hops=pressed.hops)
            case "write":
                data = bytes.fromhex(request.data_hex)
                await staff.write(data)
                return Answer(True, f"{staff.station.id}: {len(data)} bytes written")
            case "unplug" | "replug":
                return Answer(True, house.plug(request.device or SCANNER, is_in=request.do == "replug"))
            case "door" | "cold":
                return Answer(True, house.room.press(request.do, request.device, request.way))
        return Answer(True, house.status())

    async def _is_at_dock(self, staff: Staff, label: str) -> bool:
        """What is scanned in at a station before the warehouse has handled it would go back to there."""
        if self.warehouse is None:
            return False
        day = await staff.day_of(label)
        return day is not None and self.warehouse.staff.holds(day, label)

    def _stage(self) -> Stage:
        """Whose order is followed, and how things stand; without one the first station's first."""
        cast = self.story.cast() if self.story else None
        day = service_date(self._clock.now_ms())
        house = cast.house if cast else next(iter(self.houses.values()))
        order = cast.order if cast else house.staff.orders(day)[0]
        return Stage(
            operator=OPERATOR, pin=self._settings.pin, day=day.isoformat(), station=house.station.id, order=order.external_id,
            phone_tail=order.phone[-4:],
            parcels=house.staff.labels_of(order, day),
            stations=[one.seen() for one in self.houses.values()],
            vans=[truck.seen() for truck in self.trucks],
            is_held=self._waiting is not None and self._waiting.held is not None,
            scenes=self.story.scenes() if self.story and self._settings.has_story else [],
            waits=self.story.waits_for if self.story else self._office_waits,
        )  # fmt: skip

    def _hour(self) -> str:
        now_ms = self._clock.now_ms()
        waits = f"; the office waits: {self._office_waits}" if self._office_waits else ""
        return f"{utc(now_ms).astimezone(LOCAL):%Y-%m-%d %H:%M} in the town, {self._clock.rate:g} times as fast{waits}"

    def _pace(self, rate: float) -> Answer:
        file = self._settings.clock_file
        try:
            town = decode_town(file.read_bytes()).changed(self._read_monotonic_s(), rate)
        except (ValueError, OSError) as error:
            return Answer(False, str(error))
        replace(file, encode_town(town))
        return Answer(True, f"the clock runs at {rate:g}")

    async def _hold_clock(self, memory: Memory) -> None:
        # A clock that was held when the town was stopped is not one that somebody has paused.
        noted = memory.noted(_HELD)
        waiting = self._waiting = Waiting((float(noted) or None) if noted else self._settings.pace)
        while True:
            pace = waiting.look(self._clock.rate, self._read_monotonic_s(), is_behind=self.is_behind(LATE_MS))
            if pace is not None:
                self._pace(pace)
                memory.note(_HELD, "0" if waiting.held is None else str(waiting.held))
                _log.info("clock_held" if waiting.held is not None else "clock_goes_on", rate=pace)
            await asyncio.sleep(HOLD_TICK_S)

    async def _run_office(self, office: Office) -> None:
        """Orders, cut-off and plan, again and again; then say where the town can be seen."""
        announced = False
        while True:
            try:
                await office.work()
                self._office_waits = ""
            except RestError as error:
                if str(error) != self._office_waits:
                    _log.warning("office_waits", reason=str(error))
                self._office_waits = str(error)
                await asyncio.sleep(RETRY_S)
                continue
            if not announced:
                replace(self._settings.folder / "town.json", self._announcement(office))
                announced = True
            await asyncio.sleep(OFFICE_TICK_S)

    def _announcement(self, office: Office) -> bytes:
        today = service_date(self._clock.now_ms())
        stations = []
        for house in self.houses.values():
            station, orders = house.station, office.day(house.station, today).orders
            stations.append(
                _Announced(station.id, station.place.name, station.agent_url, str(station.scanner_path), orders[0].external_id)
            )
        return msgspec.json.encode({"operator": OPERATOR, "stations": stations})


def _code_of(error: Exception) -> str:
    """By which a page says it in its own words."""
    match error:
        case UnpluggedError():
            return "unplugged"
        case NotBookedError():
            return "not_booked"
        case RestError():
            return "no_answer"
        case TimeoutError():
            return "nobody_reads"
        case _:
            return "not_possible"


class _Announced(msgspec.Struct, frozen=True):
    id: str
    name: str
    url: str
    scanner: str
    order_example: str
