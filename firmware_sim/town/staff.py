"""One station's staff: do what the day's plan says when the Clock says so, with the scanner in the hand and an eye on the page.

A step counts as done when the agent's page shows it as booked; a scan that nothing came of is scanned again, as people do.
"""

import asyncio
import time
from datetime import date

import msgspec
import structlog

from edge.wire.clock import Clock
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError
from firmware_sim.town.memory import Memory
from firmware_sim.town.office import Office
from firmware_sim.town.plan import Parcel, Step, StepKind, known_dates, plan_day, service_date, steps
from firmware_sim.town.rest import Rest, RestError
from firmware_sim.town.settings import Station
from firmware_sim.town.site_files import SCANNER

TICK_S = 0.2  # of real time, between two looks at the Clock
LOOK_S = 0.05
PATIENCE_S = 5.0  # with one scan: the agent's disk may be slow, the board may be restarting
AGAIN_S = 5.0  # after something did not work

# The agent takes a label that is scanned again within 1.5 s for the same act; hands are not that quick either.
SAME_LABEL_S = 1.7
LAST_SCANS = 20
PAGE_SCANS = 200  # all that the page keeps
SLOT_PREFIX = "SLOT:"  # a shelf's label; parcels scanned after it lie there

# What the page shows of a step that went as planned, now or before.
_AS_PLANNED = {
    StepKind.RECEIVE: {"received", "repeated", "shelved"},
    StepKind.SHELVE: {"shelved", "repeated"},
    StepKind.RELEASE: {"released", "repeated"},
}

_log = structlog.get_logger()


class _Scan(msgspec.Struct, frozen=True):
    text: str
    kind: str
    at_ms: int = 0
    detail: str = ""


class _Scans(msgspec.Struct, frozen=True):
    scans: list[_Scan]


class _Device(msgspec.Struct, frozen=True):
    name: str
    state: str


class _Status(msgspec.Struct, frozen=True):
    mode: str = ""
    devices: list[_Device] = []


class NotBookedError(Exception):
    """The agent did not say that it booked the scan; nothing is lost, it is scanned again."""


class Staff:
    """Runs one station's day; ``live`` owns it."""

    def __init__(
        self, station: Station, scanner: SimulatedScanner, office: Office, memory: Memory, clock: Clock, seed: int
    ) -> None:
        self.station = station
        self.scanner = scanner
        self._office = office
        self._memory = memory
        self._clock = clock
        self._seed = seed
        self._page = Rest(station.agent_url)
        self._scanned_s: dict[str, float] = {}  # label → time.monotonic
        self._hands = asyncio.Lock()  # one scanner, one pair of hands: the plan and the buttons take turns

    async def live(self) -> None:
        """Do each step when it is due; what does not work is tried again."""
        while True:
            try:
                await self._catch_up()
                await asyncio.sleep(TICK_S)
            except (RestError, NotBookedError, UnpluggedError, TimeoutError) as error:
                _log.info("staff_wait", station=self.station.id, reason=str(error))
                await asyncio.sleep(AGAIN_S)

    async def expected(self) -> str:
        """The next label to be scanned in here, today's first; empty when all that are ordered are in. RestError."""
        for day in known_dates(self._clock.now_ms()):
            for step in await self._steps(day):
                if step.kind is StepKind.RECEIVE and not self._memory.is_done(day, step):
                    return step.label
        return ""

    async def press(self, label: str, aim: str, *, is_arrival: bool = False) -> str:
        """Somebody pressed 扫一件: scan ``label``, say what the page shows. UnpluggedError, TimeoutError, NotBookedError.

        ``is_arrival``: to take it in, whatever the station is doing just now; else it means what the station is doing.
        """
        async with self._hands:
            if is_arrival:
                await self._switch_to("receive")
            shown = await self._scan(label, aim)
        if shown.kind in ("received", "shelved"):
            for day in known_dates(self._clock.now_ms()):
                for step in await self._steps(day):
                    if step.label == label and step.kind is StepKind.RECEIVE:
                        self._memory.done(day, step)
        return f"{label} {shown.kind} {shown.detail}".rstrip()

    async def write(self, data: bytes) -> None:
        """Put bytes on the line as they are, such as noise. UnpluggedError, TimeoutError."""
        async with self._hands:
            await asyncio.to_thread(self.scanner.write, data)

    async def _catch_up(self) -> None:
        day = service_date(self._clock.now_ms())
        for step in await self._steps(day):
            if step.at_ms > self._clock.now_ms():
                return
            if not self._memory.is_done(day, step):
                await self._do(step)
                self._memory.done(day, step)

    async def _do(self, step: Step) -> None:
        async with self._hands:
            await self._switch_to("release" if step.kind is StepKind.RELEASE else "receive")
            if step.kind is StepKind.SHELVE:
                await self._scan(SLOT_PREFIX + step.slot, "")
            shown = await self._scan(step.label, "")
        if shown.kind == "failed":
            raise NotBookedError(f"{step.label}: the page says {shown.kind} {shown.detail}")
        if shown.kind not in _AS_PLANNED[step.kind]:  # somebody else had this parcel in the hand: theirs to sort out
            _log.warning("not_as_planned", station=self.station.id, step=step.kind.value, label=step.label, page=shown.kind)

    async def _switch_to(self, mode: str) -> None:
        status = msgspec.convert(await asyncio.to_thread(self._page.get, "/api/status"), _Status)
        if not any(device.name == SCANNER and device.state == "ok" for device in status.devices):
            raise NotBookedError("the agent has no scanner: it is unplugged, or not found yet")
        if status.mode != mode:
            await asyncio.to_thread(self._page.post, "/api/mode", {"mode": mode})

    async def _scan(self, label: str, aim: str) -> _Scan:
        """Scan once and wait until the page shows it."""
        pause_s = self._scanned_s.get(label, -SAME_LABEL_S) + SAME_LABEL_S - time.monotonic()
        await asyncio.sleep(max(0.0, pause_s))
        from_ms = self._clock.now_ms()
        # While the Clock stands still, a time alone does not tell this scan from an earlier one: then the page is counted through.
        stands_still = self._clock.rate == 0.0
        limit = PAGE_SCANS if stands_still else LAST_SCANS
        before = len(await self._shown(label, from_ms, limit)) if stands_still else 0
        await asyncio.to_thread(self.scanner.scan, label, aim=aim or None)
        self._remember(label)
        give_up_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_s:
            shown = await self._shown(label, from_ms, limit)
            if len(shown) > before:
                return shown[0]
            await asyncio.sleep(LOOK_S)
        raise NotBookedError(f"{label}: scanned, and the page shows nothing")

    async def _shown(self, label: str, from_ms: int, limit: int) -> list[_Scan]:
        """What the page shows of ``label`` since then, newest first."""
        answer = msgspec.convert(await asyncio.to_thread(self._page.get, f"/api/scans?limit={limit}"), _Scans)
        return [scan for scan in answer.scans if scan.text == label and scan.at_ms >= from_ms]

    def _remember(self, label: str) -> None:
        now_s = time.monotonic()
        self._scanned_s = {one: at_s for one, at_s in self._scanned_s.items() if now_s - at_s < SAME_LABEL_S} | {label: now_s}

    async def _steps(self, day: date) -> list[Step]:
        parcels: list[Parcel] = await self._office.parcels(self.station, day)
        return steps(self._seed, plan_day(self._seed, self.station.id, self.station.number, day), parcels)
