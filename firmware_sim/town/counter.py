"""Residents at a station: they show what their phone shows, at the counter or at the cabinet, and staff hand out what is theirs.

Leaves when somebody comes, and how, to the plan.
"""

import asyncio
import time
from collections.abc import Collection, Sequence

import structlog

from firmware_sim.terminal import UnpluggedError
from firmware_sim.town.cabinet import Cabinet
from firmware_sim.town.hands import QR, Hands, RefusedError
from firmware_sim.town.office import NothingToFetchError, Office, Pass
from firmware_sim.town.page import Act, AnswerPage, CabinetPage, ClaimRow, ParcelRow, ScanPage, Terminal
from firmware_sim.town.plan import PlannedOrder
from firmware_sim.town.steps import Visit, Way

TAKES_S = 0.2  # out of a cell with it
LOOK_S = 0.1
DOORS_S = 60.0  # for all of one person's to open
# Theirs, and there is nothing to hand out: they go away again.
_NOTHING_HERE = {"not_ready", "already_released", "left_station", "used"}
_HANDED_OUT = {"released", "released_partly"}

_log = structlog.get_logger()


class Counter:
    """One station's. ``labels``: parcels of the order whose resident came."""

    def __init__(self, station: str, hands: Hands, office: Office, cabinet: Cabinet | None, terminal: Terminal) -> None:
        self._station = station
        self._hands = hands
        self._page = hands.page
        self._office = office
        self._cabinet = cabinet
        self._terminal = terminal
        self._refused: set[str] = set()  # orders whose residents were: whoever guesses on is locked out, and so they show the QR

    async def serve(self, order: PlannedOrder, visit: Visit, labels: Collection[str]) -> None:
        """One visit. RefusedError: the list does not know them yet, or nobody is answered for a while; RestError."""
        try:
            await self._serve(order, visit, labels)
        except NothingToFetchError as error:  # they see it on their phone, and stay at home
            _log.info("nothing_to_fetch", station=self._station, order=order.external_id, why=str(error))

    async def _serve(self, order: PlannedOrder, visit: Visit, labels: Collection[str]) -> None:
        if visit.way is Way.CABINET and self._cabinet is not None:
            if await self._at_the_cabinet(order, self._cabinet):
                return
            answer = await self._page.ask((await self._office.show_pass(order)).code)
        else:
            answer = await self._ask(order, visit)
        claim = _claim_of(answer, labels)
        if claim is None:
            self._turned_away(order, answer.act)
            return
        ready = sorted((one for one in claim.parcels if one.ready and one.parcel in labels), key=lambda one: one.parcel)
        if visit.declines and ready:
            declined, *ready = ready
            body = {"question": answer.question, "claim": claim.claim, "parcels": [declined.parcel], "reason": "declined"}
            await self._page.tap("/api/refuse", body)
        taken = [one for one in ready if not visit.zones or one.zone in visit.zones]
        if not taken:
            return
        shown = await self._office.show_pass(order) if visit.is_mistaken else None
        act = await self._hand_out(answer, claim, taken)
        if shown is not None and act.word in _HANDED_OUT:
            await self._page.post("/api/undo", {"id": act.id, "reason": "handed to the wrong person"}, ScanPage)
            # The cloud may have heard that all is fetched, and taken it off the list: the next list has it again.
            again = await self._page.ask(shown.qr)
            claim = _claim_of(again, labels)
            if claim is None:
                self._turned_away(order, again.act)
            else:
                await self._hand_out(again, claim, taken)

    async def _ask(self, order: PlannedOrder, visit: Visit) -> AnswerPage:
        if order.external_id in self._refused:
            return await self._page.ask((await self._office.show_pass(order)).qr)
        match visit.way:
            case Way.TAIL:
                return await self._page.ask(order.phone[-4:])
            case Way.PROXY:
                return await self._show((await self._office.send_proxy(order)).qr)
            case Way.QR:
                return await self._show((await self._office.show_pass(order)).qr)
            case Way.CODE | Way.CABINET:
                shown = await self._office.show_pass(order)
                if visit.mistypes:
                    await self._page.ask(_mistyped(shown))
                return await self._page.ask(shown.code)

    async def _show(self, text: str) -> AnswerPage:
        """Hold a phone under the scanner; where it is unplugged, its text comes from the page's own."""
        try:
            act = await self._hands.scan(text, QR)
        except (UnpluggedError, TimeoutError):
            return await self._page.ask(text)
        if not act.question:
            return AnswerPage("", act, [])
        return await self._page.look(f"/api/questions/{act.question}", AnswerPage)

    async def _hand_out(self, answer: AnswerPage, claim: ClaimRow, taken: Sequence[ParcelRow]) -> Act:
        body = {
            "question": answer.question,
            "claim": claim.claim,
            "parcels": [one.parcel for one in taken],
            "told": any(one.too_warm for one in taken),  # staff say so, and in this town people take it all the same
        }
        act = await self._page.tap("/api/hand-out", body)
        if act.kind == "failed" or (act.word not in _HANDED_OUT and act.detail not in _NOTHING_HERE):
            raise RefusedError(f"{taken[0].parcel}: handed out, and the page says {act.word} {act.detail}")
        return act

    async def _at_the_cabinet(self, order: PlannedOrder, cabinet: Cabinet) -> bool:
        """Every cell with something of theirs opens. False: something is left for the counter."""
        shown = await self._office.show_pass(order)
        opened = await self._hold_before_scanner(shown, cabinet)
        if opened is None:
            opened = await self._terminal.type(shown.code)
        for one in opened.opened:
            await asyncio.sleep(TAKES_S)
            if one.cell in cabinet.open_cells:
                cabinet.shut(one.cell)
        if not opened.opened:
            _log.info("cabinet_opens_nothing", station=self._station, order=order.external_id, why=opened.detail)
        return opened.at_counter == 0 and all(one.word == "released" for one in opened.opened) and bool(opened.opened)

    async def _hold_before_scanner(self, shown: Pass, cabinet: Cabinet) -> CabinetPage | None:
        """Half of them hold their phone before the scanner at the cabinet, and look at its screen. None: they type their code."""
        if int(shown.code[-1]) % 2:
            return None
        before = await self._terminal.look()
        try:
            await asyncio.to_thread(cabinet.scanner.scan, shown.qr)
        except (UnpluggedError, TimeoutError):
            return None
        give_up_s = time.monotonic() + DOORS_S
        while time.monotonic() < give_up_s:
            now = await self._terminal.look()
            if now is not None and not now.busy and (before is None or now.number > before.number):
                return now
            await asyncio.sleep(LOOK_S)
        return None

    def _turned_away(self, order: PlannedOrder, act: Act) -> None:
        if act.detail in _NOTHING_HERE:
            _log.info("nothing_to_fetch", station=self._station, order=order.external_id, why=act.detail)
            return
        self._refused.add(order.external_id)
        raise RefusedError(f"{order.external_id}: the page says {act.word} {act.detail}")


def _claim_of(answer: AnswerPage, labels: Collection[str]) -> ClaimRow | None:
    """Theirs among those that the last four digits may mean: staff look at the masked name and what is on the list."""
    return next((one for one in answer.claims if any(parcel.parcel in labels for parcel in one.parcels)), None)


def _mistyped(shown: Pass) -> str:
    """The last digit is another."""
    return shown.code[:-1] + str((int(shown.code[-1]) + 1) % 10)
