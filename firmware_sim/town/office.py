"""The town's head office and its residents' phones: orders by the hour, the cut-off, allocation and plan, codes to be shown.

By the cloud's REST API, in threads. Leaves the handling of parcels to the staff.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
import structlog

from edge.wire.clock import Clock, to_ms
from firmware_sim.town.arrivals import Way, way_of
from firmware_sim.town.memory import Memory
from firmware_sim.town.plan import CUT_OFF, FREEZE_ROUTES, Day, OrderLine, PlannedOrder, at, plan_day, service_date, stock_of
from firmware_sim.town.rest import Rest, RestError
from firmware_sim.town.set_up import set_up_town
from firmware_sim.town.settings import OPERATOR, Station, TownSettings
from firmware_sim.town.van import run_of

RETRY_S = 2.0  # the cloud starts beside us

_log = structlog.get_logger()


class NothingToFetchError(Exception):
    """The resident's phone shows no code: all of the order has gone some other way."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel as the cloud made it of an order."""

    label: str
    zone: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Pass:
    """What a resident's phone shows."""

    code: str
    qr: str


class _ParcelView(msgspec.Struct, frozen=True):
    id: str
    zone: str | None = None


class _OrderView(msgspec.Struct, frozen=True):
    external_id: str
    parcels: list[_ParcelView]


class _Orders(msgspec.Struct, frozen=True):
    orders: list[_OrderView]


class _Report(msgspec.Struct, frozen=True):
    refused: int


class _Session(msgspec.Struct, frozen=True):
    token: str


class _Batch(msgspec.Struct, frozen=True):
    allocated_at: str | None = None
    planned_at: str | None = None


class Load(msgspec.Struct, frozen=True):
    """A container of the day's plan. ``stop`` counts from 1 along its van's way; ``run`` "": it is on none."""

    container: str
    site: str
    zone: str = ""
    stop: int = 0
    lane: str = ""
    parcels: tuple[str, ...] = ()
    run: str = ""


class _Lane(msgspec.Struct, frozen=True):
    containers: list[Load]


class _SortWall(msgspec.Struct, frozen=True):
    lanes: list[_Lane]
    unrouted: list[Load]


class _Standing(msgspec.Struct, frozen=True):
    id: str
    state: str
    at_site: str | None = None


class _Containers(msgspec.Struct, frozen=True):
    containers: list[_Standing]


class _Site(msgspec.Struct, frozen=True):
    online: bool | None = None


class _Link(msgspec.Struct, frozen=True):
    token: str


class Office:
    """One for the town."""

    def __init__(self, settings: TownSettings, memory: Memory, clock: Clock) -> None:
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._cloud = Rest(settings.api, settings.session)
        self._parcels: dict[tuple[str, date], list[Parcel]] = {}
        self._loads: dict[date, list[Load]] = {}
        self._days: dict[tuple[str, date], Day] = {}
        self._passes: dict[str, Pass] = {}
        # How a day's runs are made in a town with vans: one step at a time, True once they are there.
        self.plan_routes: Callable[[date], Awaitable[bool]] | None = None

    async def open(self) -> None:
        """Log in and register; waits for the cloud as long as it takes, also while it takes no log-ins, but not when it refuses."""
        while True:
            try:
                await asyncio.to_thread(self._register)
                return
            except RestError as error:
                if error.status not in (0, 429, 502, 503):
                    raise
                _log.info("waiting_for_the_cloud", reason=str(error))
            await asyncio.sleep(RETRY_S)

    def day(self, station: Station, day: date) -> Day:
        """What is planned for a station."""
        key = (station.id, day)
        if key not in self._days:
            settings = self._settings
            first = day - timedelta(days=2)
            self._days = {known: planned for known, planned in self._days.items() if known[1] >= first}
            self._parcels = {known: parcels for known, parcels in self._parcels.items() if known[1] >= first}
            self._loads = {known: loads for known, loads in self._loads.items() if known >= first}
            self._passes = {order: shown for order, shown in self._passes.items() if order >= f"{first:%Y%m%d}"}
            self._days[key] = plan_day(
                settings.seed, station.id, day, has_cabinet=station.has_cabinet, chances=settings.chances, mean=station.mean_orders
            )  # fmt: skip
        return self._days[key]

    async def work(self) -> None:
        """Send the orders that are placed by now, close the day whose cut-off has passed. RestError; done twice changes nothing."""
        today = service_date(self._clock.now_ms())
        for day in (today, today + timedelta(days=1)):
            for station in self._settings.stations:
                await self._send(station, day)
            await self._close(day)

    def plans_late(self, now_ms: int) -> bool:
        """Whether the day's routes should be there by this time and are not."""
        day = service_date(now_ms)
        return now_ms >= to_ms(at(day, FREEZE_ROUTES)) and not self._memory.has_batch("plan", day)

    def next_due_ms(self) -> int:
        """When there is something to be done again; now or earlier: at once."""
        today = service_date(self._clock.now_ms())
        due = [
            to_ms(moment)
            for day in (today, today + timedelta(days=1))
            for act, moment in (("allocation", _closes(day)), ("plan", at(day, FREEZE_ROUTES)))
            if not self._memory.has_batch(act, day)
        ]
        for day in (today, today + timedelta(days=1)):
            for station in self._settings.stations:
                sent = self._memory.placed(station.id, day)
                if sent is not None:
                    due.append(to_ms(_by_time(self.day(station, day))[sent].placed_at))
        return min(due, default=to_ms(_closes(today + timedelta(days=2))))

    async def _send(self, station: Station, day: date) -> None:
        sent = self._memory.placed(station.id, day)
        if sent is None:
            return
        orders = _by_time(self.day(station, day))
        now_ms = self._clock.now_ms()
        placed = [order for order in orders[sent:] if to_ms(order.placed_at) <= now_ms]
        if not placed:
            return
        body = [_order(order, station.id, day) for order in placed]
        report = msgspec.convert(await self.ask("POST", f"/api/operators/{OPERATOR}/orders", body), _Report)
        _log.info("orders_sent", station=station.id, day=day.isoformat(), sent=len(placed), refused=report.refused)
        count = sent + len(placed)
        self._memory.place(station.id, day, count, is_all=count == len(orders))

    async def _close(self, day: date) -> None:
        """At the cut-off: freeze, and give out what there is; when the routes are frozen: plan the containers along them."""
        now_ms, batch = self._clock.now_ms(), f"/api/operators/{OPERATOR}/batches/{day.isoformat()}"
        if now_ms >= to_ms(_closes(day)) and not self._memory.has_batch("allocation", day):
            await self.ask("POST", f"{batch}/freeze", {})
            orders = [order for station in self._settings.stations for order in self.day(station, day).orders]
            stock = stock_of(self._settings.seed, day, orders, self._settings.chances)
            body = {"stock": [{"sku": sku, "quantity": quantity} for sku, quantity in stock.items()]}
            if msgspec.convert(await self.ask("GET", batch, None), _Batch).allocated_at is None:
                await self.ask("POST", f"{batch}/allocation", body)
            self._memory.batch("allocation", day)
            _log.info("day_closed", day=day.isoformat(), orders=len(orders), short_articles=len(stock))
        if now_ms < to_ms(at(day, FREEZE_ROUTES)):
            return
        if self.plan_routes is not None and not await self.plan_routes(day):
            return
        if not self._memory.has_batch("plan", day):
            # Planned once: containers that are under way are not planned anew.
            if msgspec.convert(await self.ask("GET", batch, None), _Batch).planned_at is None:
                route = {"run": run_of(day), "stops": [station.id for station in self._settings.stations]}
                await self.ask("POST", f"{batch}/plan", {"routes": [route]})
            self._memory.batch("plan", day)
            _log.info("routes_frozen", day=day.isoformat())

    async def parcels(self, station: Station, day: date) -> list[Parcel]:
        """The parcels of ``station`` on ``day``, in the order of their labels; none before all its orders are sent. RestError."""
        key = (station.id, day)
        if self._memory.placed(station.id, day) is not None:
            return []
        if key not in self._parcels:
            path = f"/api/operators/{OPERATOR}/orders?site={station.id}&date={day.isoformat()}&limit=500"
            answer = msgspec.convert(await self.ask("GET", path, None), _Orders)
            found = [
                Parcel(parcel.id, parcel.zone or "ambient", order.external_id)
                for order in answer.orders
                for parcel in order.parcels
            ]
            self._parcels[key] = sorted(found, key=lambda parcel: parcel.label)
        return self._parcels[key]

    async def containers(self, station: Station, day: date) -> set[str] | None:
        """What the van is to bring to ``station`` on ``day``; None: the routes are not frozen yet. RestError."""
        loads = await self.loads(day)
        return None if loads is None else {one.container for one in loads if one.site == station.id}

    async def loads(self, day: date) -> list[Load] | None:
        """All that the van is to carry on ``day``; None: the routes are not frozen yet. RestError."""
        if not self._memory.has_batch("plan", day):
            return None
        if day not in self._loads:
            path = f"/api/operators/{OPERATOR}/batches/{day.isoformat()}/sort-wall"
            wall = msgspec.convert(await self.ask("GET", path, None), _SortWall)
            self._loads[day] = [*wall.unrouted, *(one for lane in wall.lanes for one in lane.containers)]
        return self._loads[day]

    async def left_behind(self, day: date) -> set[str]:
        """Parcels of ``day`` that nobody packs. RestError."""
        settings = self._settings
        return {
            parcel.label
            for station in settings.stations
            for parcel in await self.parcels(station, day)
            if way_of(settings.seed, parcel.external_id, parcel.zone, settings.chances) is Way.LEFT_BEHIND
        }

    async def came_back(self, day: date) -> list[str]:
        """Containers of ``day``'s plan that the van has taken back from stations, as far as the cloud has heard. RestError."""
        found: list[str] = []
        for load in await self.loads(day) or ():
            seen = msgspec.convert(await self.ask("GET", f"/api/containers/{load.container}", None), _Standing)
            if seen.state == "returned_empty":
                found.append(load.container)
        return found

    async def empties(self, station: Station) -> Sequence[str]:
        """Containers that stand there and wait for the van, as far as the cloud has heard. RestError."""
        answer = msgspec.convert(await self.ask("GET", f"/api/sites/{station.id}/containers", None), _Containers)
        return [one.id for one in answer.containers if one.at_site == station.id and one.state == "awaiting_return"]

    async def is_heard(self, station: Station) -> bool:
        """Whether the cloud takes it to be online. RestError."""
        return msgspec.convert(await self.ask("GET", f"/api/sites/{station.id}", None), _Site).online is not False

    async def show_pass(self, order: PlannedOrder) -> Pass:
        """What the resident's phone shows after its last four digits, and goes on showing. NothingToFetchError, RestError."""
        if order.external_id not in self._passes:
            answer = await self._on_the_phone(order, "pickup")
            self._passes[order.external_id] = Pass(str(answer["code"]), str(answer["qr"]))
        return self._passes[order.external_id]

    async def send_proxy(self, order: PlannedOrder) -> Pass:
        """What somebody shows who comes instead, good once. NothingToFetchError, RestError."""
        answer = await self._on_the_phone(order, "proxies")
        return Pass(str(answer["code"]), str(answer["qr"]))

    async def _on_the_phone(self, order: PlannedOrder, what: str) -> dict[str, object]:
        path = f"/api/operators/{OPERATOR}/orders/{order.external_id}/link"
        link = msgspec.convert(await self.ask("POST", path, {}), _Link)
        phone = Rest(self._settings.api)  # nobody is logged in on it
        body = {"tail": order.phone[-4:]}
        try:
            answer = await asyncio.to_thread(phone.post, f"/api/links/{link.token}/{what}", body)
        except RestError as error:
            if error.status == 409:
                raise NothingToFetchError(str(error)) from None
            raise
        return msgspec.convert(answer, dict[str, object])

    async def ask(self, method: str, path: str, body: object) -> object:
        """Of the cloud, as the office. RestError."""
        return await asyncio.to_thread(self._call, method, path, body)

    def _call(self, method: str, path: str, body: object) -> object:
        """With one new log-in where the session has ended."""
        try:
            return self._send_once(method, path, body)
        except RestError as error:
            if error.status != 401:
                raise
        self._log_in()
        return self._send_once(method, path, body)

    def _send_once(self, method: str, path: str, body: object) -> object:
        match method:
            case "GET":
                return self._cloud.get(path)
            case "PUT":
                return self._cloud.put(path, body)
            case _:
                return self._cloud.post(path, body)

    def _log_in(self) -> None:
        self._cloud.token = ""
        answer = self._cloud.post("/api/login", {"login": self._settings.login, "password": self._settings.password})
        self._cloud.token = msgspec.convert(answer, _Session).token

    def _register(self) -> None:
        if not self._cloud.token:
            self._log_in()
        set_up_town(self._call, self._settings, self._memory)


def _closes(day: date) -> datetime:
    return at(day - timedelta(days=1), CUT_OFF)


def _by_time(day: Day) -> list[PlannedOrder]:
    """As they are placed."""
    return sorted(day.orders, key=lambda order: (order.placed_at, order.external_id))


def _order(order: PlannedOrder, station: str, day: date) -> dict[str, object]:
    return {
        "external_id": order.external_id,
        "site": station,
        "pickup_date": day.isoformat(),
        "placed_at": order.placed_at.isoformat(),
        "resident": {"name": order.resident, "phone": order.phone},
        "lines": [_line(line) for line in order.lines],
    }


def _line(line: OrderLine) -> dict[str, object]:
    return {"sku": line.good.sku, "name": line.good.name, "quantity": line.quantity, "zone": line.good.zone.value}
