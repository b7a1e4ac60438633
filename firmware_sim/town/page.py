"""The staff page of one station as a person at it uses it: log in, look, tap. By the agent's own API.

Leaves scanning to hands, and what to tap to whoever has the day's plan.
"""

import asyncio
from typing import Any, TypeVar

import msgspec
import structlog

from firmware_sim.town.rest import Rest, RestError

_log = structlog.get_logger()

T = TypeVar("T")


class Act(msgspec.Struct, frozen=True):
    """What came of a scan or a tap, as the page shows it."""

    text: str = ""
    kind: str = ""
    word: str = ""
    at_ms: int = 0
    id: str = ""
    device: str = ""
    parcel: str = ""
    slot: str = ""
    detail: str = ""
    question: str = ""
    heard_s: float = 0.0
    booked_s: float = 0.0


class Item(msgspec.Struct, frozen=True):
    sku: str
    quantity: int


class ParcelRow(msgspec.Struct, frozen=True):
    parcel: str
    state: str
    place: str = ""
    zone: str = ""
    container: str = ""
    problems: list[str] = []
    overdue: bool = False
    ready: bool = False
    too_warm: bool = False
    items: list[Item] = []


class ContainerRow(msgspec.Struct, frozen=True):
    container: str
    state: str
    signed: bool
    counted: bool


class DayPage(msgspec.Struct, frozen=True):
    day: str
    containers: list[ContainerRow]


class ContainerPage(msgspec.Struct, frozen=True):
    container: str
    zone: str
    state: str
    signed: bool
    counted: bool
    parcels: list[ParcelRow]


class HerePage(msgspec.Struct, frozen=True):
    parcels: list[ParcelRow]


class ClaimRow(msgspec.Struct, frozen=True):
    claim: str
    parcels: list[ParcelRow]


class AnswerPage(msgspec.Struct, frozen=True):
    """``claims`` empty: refused, and ``act`` says why."""

    question: str
    act: Act
    claims: list[ClaimRow]


class OpenedCell(msgspec.Struct, frozen=True):
    cell: str
    word: str


class CabinetPage(msgspec.Struct, frozen=True):
    """``at_counter``: so many parcels are theirs too, and do not lie in the cabinet. ``busy``: doors are still opening."""

    number: int
    busy: bool
    word: str
    detail: str
    opened: list[OpenedCell]
    at_counter: int


class CabinetScreen(msgspec.Struct, frozen=True):
    """``pickup`` None: nobody stands there."""

    paired: bool
    pickup: CabinetPage | None


class Device(msgspec.Struct, frozen=True):
    name: str
    state: str


class UplinkPage(msgspec.Struct, frozen=True):
    online: bool = False


class LanePage(msgspec.Struct, frozen=True):
    unsent: int = 0


class StatusPage(msgspec.Struct, frozen=True):
    """``queue``: by lane, what waits to be sent."""

    mode: str = ""
    devices: list[Device] = []
    uplink: UplinkPage = UplinkPage()
    queue: dict[str, LanePage] = {}


class ScansPage(msgspec.Struct, frozen=True):
    scans: list[Act]


class ScanPage(msgspec.Struct, frozen=True):
    scan: Act


class _Done(msgspec.Struct, frozen=True):
    act: Act


class Terminal:
    """The touch screen at the cabinet, a browser of its own. Staff pair it by the station's PIN when it says that it is not."""

    def __init__(self, url: str, pin: str) -> None:
        self._rest = Rest(url)
        self._pin = pin

    async def look(self) -> CabinetPage | None:
        """What it shows now; None: nobody stands there. RestError."""
        screen = _read("/api/cabinet", await asyncio.to_thread(self._rest.get, "/api/cabinet"), CabinetScreen)
        if not screen.paired:
            await self._pair()
            return None
        return screen.pickup

    async def type(self, code: str) -> CabinetPage:
        """Eight digits; answered when the last door has opened. RestError."""
        await self.look()
        return _read("/api/cabinet", await asyncio.to_thread(self._rest.post, "/api/cabinet", {"text": code}), CabinetPage)

    async def _pair(self) -> None:
        said = await asyncio.to_thread(self._rest.post, "/api/cabinet/pair", {"secret": self._pin})
        act = _read("/api/cabinet/pair", said, _Done).act
        if act.word != "logged_in":
            raise RestError(503, f"the cabinet's screen does not know the PIN: {act.word}")
        _log.info("terminal_paired", page=self._rest.base)


class Page:
    """Talks in threads. Whoever is asked to log in does so by the station's PIN, and does it again when the shift has ended."""

    def __init__(self, url: str, pin: str) -> None:
        self._rest = Rest(url)
        self._pin = pin

    async def look(self, path: str, kind: type[T]) -> T:
        """Read something. RestError."""
        return _read(path, await self._logged_in("GET", path, None), kind)

    async def tap(self, path: str, body: object) -> Act:
        """Do something. RestError where it was not even understood."""
        return _read(path, await self._logged_in("POST", path, body), _Done).act

    async def ask(self, text: str) -> AnswerPage:
        """Type what somebody says or shows. RestError."""
        return await self.post("/api/ask", {"text": text}, AnswerPage)

    async def post(self, path: str, body: object, kind: type[T]) -> T:
        """What answers otherwise. RestError."""
        return _read(path, await self._logged_in("POST", path, body), kind)

    async def _logged_in(self, method: str, path: str, body: object) -> Any:
        try:
            return await asyncio.to_thread(self._call, method, path, body)
        except RestError as error:
            if error.status != 401:
                raise
        act = _read("/api/log-in", await asyncio.to_thread(self._rest.post, "/api/log-in", {"secret": self._pin}), _Done).act
        if act.word != "logged_in":
            raise RestError(503, f"the station's page does not know the PIN: {act.word}")  # its list may be older than the PIN
        _log.info("staff_logged_in", page=self._rest.base)
        return await asyncio.to_thread(self._call, method, path, body)

    def _call(self, method: str, path: str, body: object) -> Any:
        return self._rest.get(path) if method == "GET" else self._rest.post(path, body)


def _read(path: str, answer: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:  # another release's page, or something else that listens there
        raise RestError(502, f"{path}: {error}") from None
