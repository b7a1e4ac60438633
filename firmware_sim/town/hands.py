"""A pair of hands with the station's scanner: write a label's bytes, look at the page until it shows what came of it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError
from firmware_sim.town.page import Act, Page, ScanPage, ScansPage, StatusPage
from firmware_sim.town.site_files import SCANNER

LOOK_S = 0.05
PATIENCE_S = 5.0  # with one scan: the agent's disk may be slow, the board may be restarting

# The agent takes a label that is scanned again within 1.5 s for the same act; hands are not that quick either.
SAME_LABEL_S = 1.7
LAST_SCANS = 30
SLOT_PREFIX = "SLOT:"  # a shelf's label; parcels scanned after it lie there
SLOT_HELD_S = 45.0  # the agent keeps a shelf open for a minute after it was scanned
QR = "]Q1"  # how a scanner names what it read a QR from


@dataclass(frozen=True, slots=True)
class Sent:
    """What was last put on the scanner's line, and when it was begun (time.monotonic)."""

    data: bytes = b""
    at_s: float = 0.0


class NotBookedError(Exception):
    """The agent did not say that it booked the scan; nothing is lost, it is scanned again."""


class RefusedError(NotBookedError):
    """The page said no. It may say otherwise in a while, when its list is newer; a person does not ask for ever."""


class Hands:
    """``busy`` is held while something is done: one scanner, one pair of hands, the plan and the buttons take turns.

    ``scanner`` None: one that types, plugged into whatever shows the page, as many stations have.
    """

    def __init__(self, scanner: SimulatedScanner | None, page: Page, mode_path: str = "/api/mode") -> None:
        self.scanner = scanner
        self.page = page
        self._mode_path = mode_path
        self.busy = asyncio.Lock()
        self.sent = Sent()
        self._scanned_s: dict[str, float] = {}  # label → time.monotonic
        self._slot = ""
        self._slot_until_s = 0.0

    async def switch_to(self, mode: str) -> None:
        """What scans are to mean. NotBookedError without a scanner, RestError."""
        status = await self.page.look("/api/status", StatusPage)
        if self.scanner is not None and not any(device.name == SCANNER and device.state == "ok" for device in status.devices):
            raise NotBookedError("the agent has no scanner: it is unplugged, or not found yet")
        if status.mode != mode:
            self._slot = ""  # a new mode closes the shelf
            await self.page.post(self._mode_path, {"mode": mode}, StatusPage)

    async def scan(self, label: str, aim: str = "") -> Act:
        """Scan once and wait until the page shows it. NotBookedError, UnpluggedError, TimeoutError, RestError.

        What somebody shows is a secret, and the page does not repeat it: then it is whatever this scanner has read.
        """
        pause_s = self._scanned_s.get(label, -SAME_LABEL_S) + SAME_LABEL_S - time.monotonic()
        await asyncio.sleep(max(0.0, pause_s))
        if self.scanner is None:
            return await self.type_in(label, aim)
        before = await self._shown()
        self.sent = await asyncio.to_thread(self._write, label, aim)
        self._remember(label)
        give_up_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_s:
            for act in fresh(await self._shown(), before):
                if act.text == label or (aim == QR and act.device == SCANNER):
                    return act
            await asyncio.sleep(LOOK_S)
        raise NotBookedError(f"{label}: scanned, and the page shows nothing")

    async def type_in(self, label: str, aim: str = "") -> Act:
        """Give it to the page, as a scanner that types does; its answer says what came of it. RestError."""
        self._remember(label)
        return (await self.page.post("/api/scan", {"text": f"{aim}{label}"}, ScanPage)).scan

    async def shelve(self, label: str, slot: str) -> Act:
        """Scan the shelf, unless its slot is the one that is open, then the parcel."""
        if slot != self._slot or time.monotonic() >= self._slot_until_s:
            await self.scan(f"{SLOT_PREFIX}{slot}")
            self._slot, self._slot_until_s = slot, time.monotonic() + SLOT_HELD_S
        return await self.scan(label)

    def _write(self, label: str, aim: str) -> Sent:
        at_s = time.monotonic()
        if self.scanner is None:
            raise UnpluggedError("nobody plugged a scanner in here")
        return Sent(self.scanner.scan(label, aim=aim or None), at_s)

    async def _shown(self) -> list[Act]:
        return (await self.page.look(f"/api/scans?limit={LAST_SCANS}", ScansPage)).scans

    def _remember(self, label: str) -> None:
        now_s = time.monotonic()
        self._scanned_s = {one: at_s for one, at_s in self._scanned_s.items() if now_s - at_s < SAME_LABEL_S} | {label: now_s}


def fresh(shown: Sequence[Act], before: Sequence[Act]) -> Sequence[Act]:
    """What a list of the newest acts, newest first, has in front of what it had before."""
    for count in range(len(shown)):
        rest = shown[count:]
        if rest == before[: len(rest)]:
            return shown[:count]
    return shown
