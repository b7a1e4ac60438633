"""The town's head office: registers operator and stations, sends each day's orders, knows which parcels the cloud made of them.

Leaves the handling of parcels to the staff.
"""

import asyncio
from datetime import date

import msgspec
import structlog

from edge.wire.clock import Clock
from firmware_sim.town.memory import Memory
from firmware_sim.town.plan import Day, OrderLine, Parcel, PlannedOrder, known_dates, plan_day
from firmware_sim.town.rest import Rest, RestError
from firmware_sim.town.settings import OPERATOR, OPERATOR_NAME, Station, TownSettings

RETRY_S = 2.0  # the cloud starts beside us

_log = structlog.get_logger()


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


class Office:
    """Talks to the cloud's REST API, in threads. One for the town."""

    def __init__(self, settings: TownSettings, memory: Memory, clock: Clock) -> None:
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._cloud = Rest(settings.api, settings.session)
        self._parcels: dict[tuple[str, date], list[Parcel]] = {}

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

    async def send_orders(self) -> None:
        """Send the orders that are closed by now and not in the cloud yet. RestError; sending twice changes nothing."""
        for day in known_dates(self._clock.now_ms()):
            for station in self._settings.stations:
                if not self._memory.has_sent(station.id, day):
                    planned = plan_day(self._settings.seed, station.id, station.number, day)
                    path = f"/api/operators/{OPERATOR}/orders"
                    report = msgspec.convert(await asyncio.to_thread(self._call, "POST", path, _body(planned)), _Report)
                    _log.info(
                        "orders_sent", station=station.id, day=day.isoformat(), sent=len(planned.orders), refused=report.refused
                    )
                    self._memory.sent(station.id, day)

    async def parcels(self, station: Station, day: date) -> list[Parcel]:
        """The parcels of ``station`` on ``day``, in the order of their labels. RestError."""
        key = (station.id, day)
        if key not in self._parcels:
            path = f"/api/operators/{OPERATOR}/orders?site={station.id}&date={day.isoformat()}&limit=500"
            answer = msgspec.convert(await asyncio.to_thread(self._call, "GET", path, None), _Orders)
            found = [
                Parcel(parcel.id, parcel.zone or "ambient", order.external_id)
                for order in answer.orders
                for parcel in order.parcels
            ]
            if not found:
                return []
            self._parcels[key] = sorted(found, key=lambda parcel: parcel.label)
        return self._parcels[key]

    def _call(self, method: str, path: str, body: object) -> object:
        """With one new log-in where the session has ended."""
        try:
            return self._cloud.get(path) if method == "GET" else self._cloud.post(path, body)
        except RestError as error:
            if error.status != 401:
                raise
        self._log_in()
        return self._cloud.get(path) if method == "GET" else self._cloud.post(path, body)

    def _log_in(self) -> None:
        self._cloud.token = ""
        answer = self._cloud.post("/api/login", {"login": self._settings.login, "password": self._settings.password})
        self._cloud.token = msgspec.convert(answer, _Session).token

    def _register(self) -> None:
        if not self._cloud.token:
            self._log_in()
        self._call("POST", "/api/operators", {"id": OPERATOR, "name": OPERATOR_NAME, "time_zone": "Asia/Shanghai"})
        for station in self._settings.stations:
            place = station.place
            self._call(
                "POST",
                "/api/sites",
                {
                    "id": station.id,
                    "kind": "station",
                    "name": place.name,
                    "address": place.address,
                    "lat": place.lat,
                    "lon": place.lon,
                    "operators": [OPERATOR],
                },
            )
            # By its password at the broker the agent fetches its manifest too.
            self._call("POST", f"/api/sites/{station.id}/credentials", {"key": station.password})


def _body(day: Day) -> list[dict[str, object]]:
    return [_order(order, day) for order in day.orders]


def _order(order: PlannedOrder, day: Day) -> dict[str, object]:
    return {
        "external_id": order.external_id,
        "site": day.station,
        "pickup_date": day.date.isoformat(),
        "placed_at": order.placed_at.isoformat(),
        "resident": {"name": order.resident, "phone": order.phone},
        "lines": [_line(line) for line in order.lines],
    }


def _line(line: OrderLine) -> dict[str, object]:
    return {"sku": line.good.sku, "name": line.good.name, "quantity": line.quantity, "zone": line.good.zone.value}
