"""A case as people see it: in a list, whole with its record and events, and as its resident reads it. Reads only."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from cloud.api.text import iso_of
from cloud.auth.accounts import Account
from cloud.domain.case import Action, Case, Origin, possible
from cloud.domain.events import believed_at_ms, offset_for
from cloud.domain.order import iso
from cloud.domain.scope import CASES_IN_SCOPE, Role
from cloud.store.cases import case_of
from cloud.store.pool import Connection
from edge.wire.clock import to_ms
from edge.wire.ids import EventId
from edge.wire.messages import ClockQuality

# Who stands at the counter helps the case along; who decides is the operator, for a station may be the one that is liable.
AT_THE_STATION = frozenset({Action.GIVE_EVIDENCE, Action.TAKE_BACK})
# What these say is the operator's answer to the resident.
ANSWERS = (Action.ASK_EVIDENCE, Action.APPROVE, Action.APPROVE_RETURN, Action.REFUSE)


class CaseRow(BaseModel):
    """A case in a list. ``sku`` "": the whole parcel. ``order`` null: none is known, or it is another operator's."""

    id: int
    origin: str
    problem: str
    state: str
    operator: str | None
    order: str | None
    parcel: str | None
    container: str | None
    sites: list[str]
    sku: str
    name: str
    quantity: int
    said: str
    liability: str | None
    refund_fen: int | None
    reference: str
    opened_at: str
    changed_at: str


class CaseList(BaseModel):
    cases: list[CaseRow]


class CaseEvent(BaseModel):
    """An event that a case names. ``undone``: a person has said that it did not happen."""

    id: str
    kind: str
    site: str
    site_name: str
    at: str
    device: str
    actor: str
    how: str
    undone: bool


class Item(BaseModel):
    """What can be reported: an article of a parcel."""

    parcel: str
    sku: str
    name: str
    quantity: int


class ItemList(BaseModel):
    items: list[Item]


class StepOut(BaseModel):
    """``by``: resident, account (``who``), rule or fold. ``photos``: their addresses."""

    at: str
    by: Literal["resident", "account", "rule", "fold"]
    who: str
    action: str
    state: str
    said: str
    photos: list[str]


class ErasedWords(BaseModel):
    """When the resident's words and photographs were erased. ``by`` "": by schedule."""

    at: str
    by: str


class CaseOut(CaseRow):
    """``actions``: what this account may do now. ``words_erased`` null: nothing was."""

    events: list[CaseEvent]
    photos: list[str]
    steps: list[StepOut]
    actions: list[str]
    words_erased: ErasedWords | None


COLUMNS = """c.state, c.origin, c.liability, c.refund_fen, c.reference, c.is_settled, c.id, c.problem, c.operator_id, c.order_id,
    c.parcel_id, c.container_id, c.sites, c.sku, c.quantity, c.said, c.opened_at, c.changed_at, c.events, c.photos,
    coalesce((SELECT min(l.name) FROM order_line l WHERE l.order_id = c.order_id AND l.sku = c.sku), c.sku)"""


async def list_cases(connection: Connection, account: Account, where: str, values: Mapping[str, object]) -> list[CaseRow]:
    """The newest two hundred in scope. ``where``: a literal condition over ``c``."""
    cursor = await connection.execute(
        f"""
        SELECT {COLUMNS} FROM after_sales_case c WHERE {CASES_IN_SCOPE} AND {where}
        ORDER BY c.changed_at DESC, c.id DESC LIMIT 200
        """.encode(),  # noqa: S608  # literals only
        {**account.scope.case_filter(), **values},
    )
    return [_row(row, account) for row in await cursor.fetchall()]


async def look(connection: Connection, account: Account, case_id: int) -> CaseOut | None:
    """One; None: it is not there for this account."""
    cursor = await connection.execute(
        f"SELECT {COLUMNS} FROM after_sales_case c WHERE {CASES_IN_SCOPE} AND c.id = %(id)s",  # noqa: S608  # literals only
        {**account.scope.case_filter(), "id": case_id},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    is_foreign = _is_foreign(row, account)
    case = case_of(row[:6])
    steps = [] if is_foreign else await _steps(connection, case_id)
    return CaseOut(
        **_row(row, account).model_dump(), events=await case_events(connection, row[18]),
        photos=[] if is_foreign else photo_addresses(case_id, row[19]), steps=steps, actions=actions_of(case, account),
        words_erased=await _words_erased(connection, case_id),
    )  # fmt: skip


async def _words_erased(connection: Connection, case_id: int) -> ErasedWords | None:
    cursor = await connection.execute(
        """
        SELECT c.words_erased_at, coalesce(a.display_name, '') FROM after_sales_case c
        LEFT JOIN account a ON a.id = c.words_erased_by WHERE c.id = %s AND c.words_erased_at IS NOT NULL
        """,
        [case_id],
    )
    row = await cursor.fetchone()
    return None if row is None else ErasedWords(at=iso_of(row[0]), by=row[1])


def actions_of(case: Case, account: Account) -> list[str]:
    """What somebody may do about a case now."""
    found = list(possible(case))
    if Action.ASK_EVIDENCE in found and case.origin is not Origin.CONFLICT:
        found.append(Action.GIVE_EVIDENCE)
    if account.role not in (Role.ADMIN, Role.DISPATCHER):
        found = [action for action in found if action in AT_THE_STATION]
    return [str(action) for action in found]


def _is_foreign(row: Sequence[Any], account: Account) -> bool:
    return None not in (row[8], account.scope.operator_id) and row[8] != account.scope.operator_id


def _row(row: Sequence[Any], account: Account) -> CaseRow:
    is_foreign = _is_foreign(row, account)
    return CaseRow(
        id=row[6], origin=row[1], problem=row[7], state=row[0], operator=row[8], order=None if is_foreign else row[9],
        parcel=row[10], container=row[11], sites=row[12], sku=row[13], name=row[20], quantity=row[14],
        said="" if is_foreign else row[15], liability=row[2], refund_fen=row[3], reference=row[4], opened_at=iso_of(row[16]),
        changed_at=iso_of(row[17]),
    )  # fmt: skip


def photo_addresses(case_id: int, photos: Sequence[str]) -> list[str]:
    """Where each is to be had: a station's under its site, a resident's under the case."""
    parts = [photo.rpartition("/") for photo in photos]
    return [f"/api/sites/{site}/photos/{sha}" if site else f"/api/cases/{case_id}/photos/{sha}" for site, _, sha in parts]


async def _steps(connection: Connection, case_id: int) -> list[StepOut]:
    cursor = await connection.execute(
        """
        SELECT s.at, s.by, coalesce(a.display_name, ''), s.action, s.state, s.said, s.photos
        FROM case_step s LEFT JOIN account a ON a.id = s.account_id WHERE s.case_id = %s ORDER BY s.step
        """,
        [case_id],
    )
    return [
        StepOut(
            at=iso_of(row[0]), by=row[1], who=row[2], action=row[3], state=row[4], said=row[5],
            photos=photo_addresses(case_id, row[6]),
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


async def case_events(connection: Connection, ids: Sequence[str]) -> list[CaseEvent]:
    """In the order of ``ids``."""
    events = [EventId.parse(one) for one in ids]
    cursor = await connection.execute(
        """
        SELECT e.site_id || '/' || e.epoch || '/' || e.n, e.kind, e.site_id, coalesce(s.name, ''), e.measured_at, e.received_at,
               e.clock, coalesce(c.offset_ms, 0), e.device, e.actor, coalesce(e.fact->>'how', ''),
               EXISTS (SELECT FROM event_undo u WHERE (u.target_site_id, u.target_epoch, u.target_n) = (e.site_id, e.epoch, e.n))
        FROM event e LEFT JOIN site s ON s.id = e.site_id
        LEFT JOIN clock_correction c ON (c.site_id, c.epoch, c.boot) = (e.site_id, e.epoch, e.boot)
        WHERE (e.site_id, e.epoch, e.n) IN (SELECT * FROM unnest(%s::text[], %s::uuid[], %s::bigint[]))
        """,
        [[one.site for one in events], [one.epoch for one in events], [one.n for one in events]],
    )
    found = {
        row[0]: CaseEvent(
            id=row[0], kind=row[1], site=row[2], site_name=row[3],
            at=iso(believed_at_ms(to_ms(row[4]) + offset_for(ClockQuality(row[6]), row[7]), to_ms(row[5]))),
            device=row[8], actor=row[9], how=row[10], undone=row[11],
        )
        for row in await cursor.fetchall()
    }  # fmt: skip
    return [found[one] for one in ids if one in found]


async def items_of(connection: Connection, order_id: str) -> list[Item]:
    """An order's articles, each once a parcel."""
    cursor = await connection.execute(
        """
        SELECT parcel_id, sku, min(name), sum(quantity)::int FROM order_line WHERE order_id = %s GROUP BY 1, 2 ORDER BY min(line)
        """,
        [order_id],
    )
    return [Item(parcel=row[0], sku=row[1], name=row[2], quantity=row[3]) for row in await cursor.fetchall()]
