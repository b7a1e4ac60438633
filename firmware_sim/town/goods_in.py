"""What staff do with containers and parcels between van and shelf, by scanner or page; done when the page shows it."""

import asyncio
import time
from collections.abc import Collection
from datetime import date
from urllib.parse import quote

import structlog

from firmware_sim.town.cabinet import Cabinet
from firmware_sim.town.hands import PATIENCE_S, Hands, NotBookedError, RefusedError
from firmware_sim.town.page import Act, ContainerPage, HerePage, ParcelRow
from firmware_sim.town.steps import Step, StepKind
from firmware_sim.town.van import run_of

SHUTS_AFTER_S = 0.1  # somebody puts the parcel in
_COLD = ("chilled", "frozen")
_SHELVED = {"shelved", "shelved_before", "received_surplus", "received_other_container"}
# What the page says of a step that went as planned, now or before.
_AS_PLANNED = {
    StepKind.SIGN: {"signed", "signed_before", "opened", "opened_before", "counted_before"},
    StepKind.OPEN: {"opened", "opened_before", "counted_before"},
    StepKind.RECEIVE: {"received", "received_before", "received_other_container", "found", "shelved", "shelved_before"},
    StepKind.REPORT: {"variance_noted"},
    StepKind.FINISH: {"counted", "counted_short", "counted_before"},
    StepKind.EMPTY: {"emptied"},
    StepKind.DISPOSE: {"disposed", "left_before"},
    StepKind.SHELVE: _SHELVED,
    StepKind.STORE: _SHELVED,  # where there was no cell for it
}
_TAPS = {StepKind.FINISH: "/api/finish-count", StepKind.EMPTY: "/api/empty"}
_REPEATED = "repeated"  # the trigger was held, or two read it at once: one act
_MOST_SCANS = 3

_log = structlog.get_logger()


class GoodsIn:
    """One station's."""

    def __init__(self, station: str, hands: Hands, cabinet: Cabinet | None) -> None:
        self._station = station
        self._hands = hands
        self._page = hands.page
        self._cabinet = cabinet

    async def do(self, step: Step, *, was_begun: bool) -> None:
        """One step with a container or a parcel. ``was_begun``: before a stop, and nobody knows how far."""
        match step.kind:
            case StepKind.SIGN if (await self._container(step.label)).signed:
                return  # a second scan would open it
            case StepKind.SIGN | StepKind.RECEIVE:
                self._settle(step, await self._hands.scan(step.label))
            case StepKind.OPEN:
                await self._open(step)
            case StepKind.REPORT:
                await self._report(step, was_begun=was_begun)
            case StepKind.FINISH | StepKind.EMPTY:
                self._settle(step, await self._page.tap(_TAPS[step.kind], {"container": step.label}))
            case StepKind.DISPOSE:
                await self._dispose(step.label, str(step.problem), step)
            case StepKind.STORE if self._cabinet is not None and await self._store(step, self._cabinet):
                return
            case StepKind.STORE | StepKind.SHELVE:
                self._settle(step, await self._hands.shelve(step.label, step.slot))
            case _:
                raise ValueError(f"{step.kind}: no step with goods")

    async def clear(self, expected: Collection[str]) -> None:
        """In the morning: of what nobody fetched, that which must be kept cold is thrown away. ``expected``: today's parcels."""
        for one in await self._leftovers(expected):
            if one.zone in _COLD:
                await self._take_out(one)
                await self._dispose(one.parcel, "expired", None)

    async def give_back(self, expected: Collection[str], day: date) -> None:
        """The van is here: it takes along what else nobody fetched."""
        for one in await self._leftovers(expected):
            await self._take_out(one)
            act = await self._page.tap("/api/give-back", {"parcel": one.parcel, "run": run_of(day)})
            if act.word == "never_goes_back":
                await self._dispose(one.parcel, "expired", None)
            elif act.word not in ("returned", "left_before"):
                self._note(StepKind.GIVE_BACK, one.parcel, act)

    async def send_back(self, empties: Collection[str], day: date) -> None:
        """And the containers that stand there empty."""
        for container in empties:
            act = await self._page.tap("/api/send-back", {"container": container, "run": run_of(day)})
            if act.word not in ("sent_back", "not_here"):
                self._note(StepKind.SEND_BACK, container, act)

    async def _open(self, step: Step) -> None:
        """A scan signs for a container that nobody signed for; the next one opens it."""
        for _ in range(_MOST_SCANS):
            container = await self._container(step.label)
            if container.counted or container.state == "opened":
                return
            act = await self._hands.scan(step.label)
            if act.word in _AS_PLANNED[StepKind.OPEN]:
                return
            self._settle(step, act, besides=_AS_PLANNED[StepKind.SIGN] | {"signed_surplus"})

    async def _report(self, step: Step, *, was_begun: bool) -> None:
        if was_begun and str(step.problem) in (await self._parcel(step.label)).problems:
            return
        body = {"parcel": step.label, "problem": step.problem, "sku": step.sku, "quantity": step.quantity}
        self._settle(step, await self._page.tap("/api/report", body))

    async def _dispose(self, parcel: str, reason: str, step: Step | None) -> None:
        act = await self._page.tap("/api/dispose", {"parcel": parcel, "reason": reason})
        if step is not None:
            self._settle(step, act)
        elif act.word not in _AS_PLANNED[StepKind.DISPOSE]:
            self._note(StepKind.CLEAR, parcel, act)

    async def _store(self, step: Step, cabinet: Cabinet) -> bool:
        """Into a cell: reserved, opened, filled, shut. False: there is none for it, or its door does not open."""
        if (await self._parcel(step.label)).state == "in_locker":
            return True
        reserved = await self._page.tap("/api/cells/reserve", {"parcel": step.label})
        if reserved.word != "cell_reserved":
            return False
        body = {"cell": reserved.slot, "purpose": "placing", "parcel": step.label}
        opened = await self._page.tap("/api/cells/open", body)
        if opened.word != "cell_opened":
            self._note(step.kind, step.label, opened)
            return False
        await self._shut(cabinet, reserved.slot)
        return await self._becomes(step.label, "in_locker")

    async def _take_out(self, one: ParcelRow) -> None:
        """Of a cell, where it lies in one."""
        if one.state != "in_locker" or self._cabinet is None:
            return
        body = {"cell": one.place, "purpose": "removal", "parcel": one.parcel, "reason": "expired"}
        act = await self._page.tap("/api/cells/open", body)
        if act.word not in ("removed", "cell_opened"):
            raise RefusedError(f"{one.parcel}: cell {one.place} does not open, the page says {act.word}")
        await self._shut(self._cabinet, one.place)

    async def _shut(self, cabinet: Cabinet, cell: str) -> None:
        await asyncio.sleep(SHUTS_AFTER_S)
        cabinet.shut(cell)

    async def _becomes(self, parcel: str, state: str) -> bool:
        give_up_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_s:
            if (await self._parcel(parcel)).state == state:
                return True
            await asyncio.sleep(0.1)
        return False

    async def _leftovers(self, expected: Collection[str]) -> list[ParcelRow]:
        here = await self._page.look("/api/here", HerePage)
        return [one for one in here.parcels if one.parcel not in expected]

    async def _container(self, label: str) -> ContainerPage:
        return await self._page.look(f"/api/container?container={quote(label)}", ContainerPage)

    async def _parcel(self, label: str) -> ParcelRow:
        return await self._page.look(f"/api/parcel?parcel={quote(label)}", ParcelRow)

    def _settle(self, step: Step, act: Act, *, besides: Collection[str] = ()) -> None:
        """NotBookedError where it has to be done again. What somebody else had in the hand is theirs to sort out."""
        # To an agent that reads the scan late, when its page is for something else by now, what is to be signed for is not here.
        is_late = step.kind is StepKind.SIGN and act.word == "not_here"
        if is_late or act.kind == "failed" or act.word == "not_kept":
            raise NotBookedError(f"{step.label}: the page says {act.word} {act.detail}")
        if act.word not in _AS_PLANNED[step.kind] and act.word not in besides and act.kind != _REPEATED:
            self._note(step.kind, step.label, act)

    def _note(self, kind: StepKind, label: str, act: Act) -> None:
        _log.warning("not_as_planned", station=self._station, step=kind.value, label=label, page=act.word, detail=act.detail)
