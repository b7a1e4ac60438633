"""Whether the books of a pickup date balance, and which parcels they do not balance by. Read anew each time; nothing is closed.

A date of a few hundred stations is some ten thousand parcels: summed up in a thread.
"""

from datetime import date

import anyio.to_thread
from fastapi import APIRouter
from pydantic import BaseModel

from cloud.api.context import Planner, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.text import iso_of
from cloud.domain import books
from cloud.domain.books import Books, Side
from cloud.store import books as stored
from cloud.store.pool import Connection

router = APIRouter(prefix="/api/operators/{operator_id}/books", tags=["books"])

_DATES = 7  # a week; older ones are asked for by date
_MAX_UNRESOLVED = 1_000


class SumsOut(BaseModel):
    """Pieces. ``open``: sent, and nobody can say what became of them."""

    sent: int
    released: int
    returned: int
    disposed: int
    in_cases: int
    open: int


class LineOut(SumsOut):
    sku: str
    zone: str


class UnresolvedOut(BaseModel):
    parcel: str
    site: str
    state: str
    pieces: int


class DateOut(SumsOut):
    """``unresolved``: how many parcels do not balance."""

    pickup_date: date
    balanced: bool
    unresolved: int


class DateList(BaseModel):
    as_of: str
    dates: list[DateOut]


class BooksOut(BaseModel):
    """``unresolved``: the first thousand parcels that do not balance; ``total.unresolved`` counts them all."""

    as_of: str
    total: DateOut
    lines: list[LineOut]
    unresolved: list[UnresolvedOut]


@router.get("")
async def show_books(operator_id: str, date: date, account: Planner, services: ServicesDep, connection: Transaction) -> BooksOut:
    """A pickup date's, by zone and article. A date without frozen orders balances: nothing was sent."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    closed = await _close(connection, operator_id, date)
    return BooksOut(
        as_of=iso_of(services.now()),
        total=_total(date, closed),
        lines=[
            LineOut(
                sku=one.account.sku, zone=one.account.zone, sent=one.sent, released=one.released, returned=one.returned,
                disposed=one.disposed, in_cases=one.in_cases, open=one.open,
            )
            for one in closed.lines
        ],
        unresolved=[
            UnresolvedOut(parcel=one.parcel, site=one.site, state=one.state, pieces=one.pieces)
            for one in closed.unresolved[:_MAX_UNRESOLVED]
        ],
    )  # fmt: skip


@router.get("/dates")
async def list_books(operator_id: str, account: Planner, services: ServicesDep, connection: Transaction) -> DateList:
    """The newest week of frozen pickup dates, the newest first."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    found = [_total(day, await _close(connection, operator_id, day)) for day in await stored.dates(connection, operator_id, _DATES)]
    return DateList(as_of=iso_of(services.now()), dates=found)


async def _close(connection: Connection, operator_id: str, day: date) -> Books:
    deliveries = await stored.deliveries(connection, operator_id, day)
    return await anyio.to_thread.run_sync(books.close, deliveries)


def _total(day: date, closed: Books) -> DateOut:
    sides = {side.value: closed.total(side) for side in Side}
    left = sides["sent"] - sum(count for side, count in sides.items() if side != "sent")
    return DateOut(pickup_date=day, balanced=closed.is_balanced, unresolved=len(closed.unresolved), open=left, **sides)
