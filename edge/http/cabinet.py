"""The cabinet over the local API: its terminals ask for residents, and staff pair them. Thin.

A terminal is a browser that staff paired once, known by its page's cookie, or this machine's own where the site's file says so.
Any other device of the network is refused before anything is counted: it could lock residents out by guessing.
"""

import ipaddress
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from edge.http import act_forms as f
from edge.http.forms import ClockView
from edge.http.refusals import Refusal
from edge.http.views import scan_view
from edge.station.people import People
from edge.station.pickups import Pickup, Pickups
from edge.station.station import Who
from edge.station.terminals import Terminals
from edge.station.verdict import Word

KIOSK = "cabinet-kiosk"  # this machine's own browser as a device


class Doorway:
    """Who may ask at the cabinet. ``name``: the site's; ``device_of``: a browser by its cookie."""

    def __init__(
        self,
        terminals: Terminals,
        pickups: Pickups,
        people: People,
        device_of: Callable[[Request], str],
        *,
        has_kiosk: bool,
    ) -> None:
        self.terminals = terminals
        self.pickups = pickups
        self.people = people
        self.has_kiosk = has_kiosk
        self._device_of = device_of

    def find(self, request: Request) -> str | None:
        """The terminal that asks, as a device; None: it is none."""
        if self.has_kiosk and request.client is not None and _is_this_machine(request.client.host):
            return KIOSK
        device = self._device_of(request)
        return device if device in self.terminals.paired else None

    def terminal(self, request: Request) -> str:
        """The same. Refusal: it is none, and how it becomes one."""
        found = self.find(request)
        if found is None:
            raise Refusal(
                403,
                "",
                "this device is no terminal of the cabinet",
                "open /cabinet on it, and let staff pair it once with a PIN or a badge",
                "not_paired",
            )
        return found


def add_cabinet(
    app: FastAPI,
    doorway: Doorway,
    who: Callable[[Request, str], Who],
    page_of: Callable[..., str],
    read_clock: Callable[[], ClockView],
    name: str,
) -> None:
    """All of it. ``who``: who acts, or a refusal; ``page_of``: a page's name as a device, which it is given where it has none."""
    pickups, people, terminals = doorway.pickups, doorway.people, doorway.terminals

    @app.get("/api/cabinet")
    async def look(request: Request) -> f.CabinetView:
        """Once a second, from memory."""
        terminal = doorway.find(request)
        pickup = pickups.seen_at(terminal) if terminal is not None else None
        return f.CabinetView(
            name=name,
            paired=terminal is not None,
            scanner=pickups.has_scanner,
            clock=read_clock(),
            pickup=None if pickup is None else _view(pickup, pickups),
        )

    @app.post("/api/cabinet")
    async def pick_up(form: f.CabinetForm, request: Request) -> f.CabinetAnswer:
        """Answers when the last door has opened; meanwhile what happens is to be looked at."""
        return _view(await pickups.show(form.text, doorway.terminal(request)), pickups)

    @app.post("/api/cabinet/done", status_code=204)
    async def done(request: Request) -> None:
        """Whoever stood there has read it: it is shown no more."""
        pickups.forget(doorway.terminal(request))

    @app.post("/api/cabinet/pair")
    async def pair(form: f.PairForm, request: Request, device: Annotated[str, Depends(page_of)]) -> f.ActAnswer:
        """Staff log in at it, which is on record and counted as any log-in, and are logged out again: it is nobody's desk."""
        if not people.are_known:
            remedy = "name them in the cloud, and wait for the manifest; or set [http] cabinet_kiosk for this machine's own screen"
            raise Refusal(409, "secret", "nobody could vouch for it: the manifest names no staff", remedy, "no_staff")
        result = await people.log_in(form.secret, device, request.client.host if request.client else "")
        if result.word == Word.LOGGED_IN:
            await terminals.pair(device, result.actor)
            await people.log_out(device)
        return f.ActAnswer(act=scan_view(result))

    @app.get("/api/cabinet/terminals")
    async def paired(request: Request) -> f.TerminalList:
        who(request, "")
        return f.TerminalList(terminals=sorted(terminals.paired), kiosk=doorway.has_kiosk)

    @app.post("/api/cabinet/unpair")
    async def unpair(form: f.UnpairForm, request: Request) -> f.TerminalList:
        """One that was stolen, or is to be a desk."""
        await terminals.unpair(form.device, who(request, form.actor).actor)
        return f.TerminalList(terminals=sorted(terminals.paired), kiosk=doorway.has_kiosk)


def _view(pickup: Pickup, pickups: Pickups) -> f.CabinetAnswer:
    return f.CabinetAnswer(
        number=pickup.number,
        busy=pickup.is_going_on,
        word=pickup.word,
        detail=pickup.detail,
        wait_s=pickup.wait_s,
        opened=[
            f.OpenedView(cell=one.cell, word=one.word, detail=one.detail, open=pickups.stands_open(one)) for one in pickup.opened
        ],
        at_counter=pickup.at_counter,
        ask_staff=pickup.ask_staff,
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
