"""The lockers over the local API: staff reserve and open, take out of use. Thin; residents are ``edge.http.cabinet``'s."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request

from edge.devices.locker import Cell
from edge.http import act_forms as f
from edge.http.views import scan_view
from edge.outbox import Outbox
from edge.outbox.transaction import Execute
from edge.station import cell_book, ledger
from edge.station.cabinet import Cabinet
from edge.station.cells import Wish
from edge.station.day import Day
from edge.station.station import Station, Who


def add_cells(
    app: FastAPI, cabinet: Cabinet, station: Station, outbox: Outbox, who: Callable[[Request, str], Who]
) -> None:  # fmt: skip
    """All of them. ``who``: who acts, or a refusal."""

    @app.get("/api/cells")
    async def cells(request: Request, *, look: bool = False) -> f.CellList:
        """``look``: ask the boards too, which takes up to a second and a log-in; doors and articles are unknown otherwise."""
        if look:
            who(request, "")
        day, locks = station.day, set(cabinet.locks)
        seen = await cabinet.look() if look else {}
        return f.CellList(cells=await outbox.run(lambda store: _read_cells(store.execute, day, locks, seen)))

    @app.post("/api/cells/reserve")
    async def reserve(form: f.ReserveForm, request: Request) -> f.ActAnswer:
        return f.ActAnswer(act=scan_view(await cabinet.reserve(form.parcel, who(request, form.actor))))

    @app.post("/api/cells/open")
    async def open_cell(form: f.OpenCellForm, request: Request) -> f.ActAnswer:
        wish = Wish(form.cell, form.purpose, form.parcel, removed_for=form.reason)
        return f.ActAnswer(act=scan_view(await cabinet.open(wish, who(request, form.actor))))

    @app.post("/api/cells/use")
    async def use(form: f.CellUseForm, request: Request) -> f.ActAnswer:
        actor = who(request, form.actor)
        return f.ActAnswer(act=scan_view(await cabinet.set_in_use(form.cell, actor, is_blocked=form.blocked)))


def _read_cells(execute: Execute, day: Day, locks: set[str], seen: Mapping[str, Cell]) -> list[f.CellView]:
    notes, inside = cell_book.notes(execute), ledger.taken_cells(execute, day)
    views: list[f.CellView] = []
    for cell in day.cells.values():
        note = notes.get(cell.cell)
        state = note.state if note else "occupied" if cell.cell in inside else "free"
        parcel = inside.get(cell.cell, note.parcel if note else "")
        signals = seen.get(cell.cell, Cell())
        views.append(
            f.CellView(
                cell=cell.cell,
                zone=cell.zone,
                size=cell.size,
                state=state,
                cause=note.cause if note else "",
                parcel=parcel,
                overdue=cell.cell in inside and ledger.parcel(execute, day, parcel).standing.is_overdue,
                door=signals.door.value,
                article=signals.article.value,
                lock=cell.cell in locks,
            )
        )
    return views
