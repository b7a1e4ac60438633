"""After-sales cases for the operator's people and the stations': listed, looked at, opened for a resident, decided.

What a resident does by the link is `resident_cases`'; which action a case allows is `cloud.domain.case`'s.
"""

from typing import Annotated, Literal, assert_never

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.case_room import require_room
from cloud.api.case_views import AT_THE_STATION, CaseList, CaseOut, ItemList, items_of, list_cases, look
from cloud.api.context import (
    CurrentAccount,
    Planner,
    ServicesDep,
    Transaction,
    require_known_operator,
    require_operator,
)
from cloud.api.errors import ApiError, not_found
from cloud.api.photos import Sha256
from cloud.api.text import OperatorIdText, Text
from cloud.auth.accounts import Account
from cloud.auth.audit import write_audit
from cloud.domain.case import Action, Case, Liability, Origin, RefusedMoveError, Said, Step, Why, decide, opened
from cloud.domain.case import CaseProblem as Problem
from cloud.domain.scope import ORDERS_IN_SCOPE, Role
from cloud.store.cases import NewCase, lock_case, open_case, write_case, write_steps
from cloud.store.pool import Connection

router = APIRouter(prefix="/api", tags=["cases"])

Reportable = Literal["short", "wrong_item", "damaged", "spoiled", "underweight", "temp_breach", "missing", "other"]
CaseId = Annotated[int, Path(ge=1, le=2**53)]
MAX_TEXT = 500
_IS_OPEN = "c.state NOT IN ('refunded', 'refused', 'closed')"


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CaseIn(_Form):
    """``order``: the shop system's number. ``sku`` "": the whole parcel. ``said``: what the resident says."""

    operator: OperatorIdText
    order: Text = Field(min_length=1, max_length=64)
    parcel: Text = Field(min_length=1, max_length=64)
    sku: Text = Field(default="", max_length=64)
    problem: Reportable
    quantity: Annotated[int, Field(ge=1, le=10_000)] = 1
    said: Text = Field(default="", max_length=MAX_TEXT)


class ActionIn(_Form):
    """``said``: with ``ask_evidence``, ``approve``, ``refuse`` the answer that the resident reads; else a note for the record."""

    action: Literal[
        "ask_evidence", "give_evidence", "review", "approve", "approve_return", "refuse", "refund", "refund_failed", "refunded",
        "take_back", "close",
    ]  # fmt: skip
    said: Text = Field(default="", max_length=MAX_TEXT)
    liability: Literal["supplier", "centre", "grid", "driver", "station", "resident"] | None = None
    refund_fen: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    reference: Text = Field(default="", max_length=100)


class CaseRules(_Form):
    """What a count or an allocation finds and that is refunded without anybody looking at it."""

    refunds_at_once: list[Literal["short", "missing", "wrong_item", "damaged", "spoiled", "underweight", "temp_breach"]] = Field(
        max_length=7
    )


@router.get("/cases")
async def list_all(
    account: CurrentAccount,
    connection: Transaction,
    state: Literal["open", "over", "all"] = "open",
    order: Annotated[str | None, Query(max_length=200)] = None,
) -> CaseList:
    """The newest two hundred that this account may see; ``order``: of one order, by its whole id."""
    where = {"open": _IS_OPEN, "over": f"NOT ({_IS_OPEN})", "all": "true"}[state]
    found = await list_cases(
        connection, account, f"{where} AND (%(order)s::text IS NULL OR c.order_id = %(order)s)", {"order": order}
    )
    return CaseList(cases=found)


@router.get("/cases/{case_id}")
async def look_at_case(case_id: CaseId, account: CurrentAccount, connection: Transaction) -> CaseOut:
    """One, with its record, the events it names and what may be done about it."""
    return await _in_scope(connection, account, case_id)


@router.get("/operators/{operator_id}/orders/{external_id}/items")
async def list_items(operator_id: str, external_id: str, account: CurrentAccount, connection: Transaction) -> ItemList:
    """What a case about this order can be about."""
    row = await _order(connection, account, operator_id, external_id)
    return ItemList(items=await items_of(connection, row[0]))


@router.post("/cases", status_code=201)
async def open_for_resident(wanted: CaseIn, account: CurrentAccount, services: ServicesDep, connection: Transaction) -> CaseOut:
    """Somebody stands at the counter, or calls: a case in their name. 409 where one is about it already, and which."""
    row = await _order(connection, account, wanted.operator, wanted.order)
    await require_room(connection, row[0], wanted.parcel.upper(), wanted.sku, wanted.problem, wanted.quantity)
    case, steps = opened(Origin.STAFF, Problem(wanted.problem), at_once=False)
    new = NewCase(
        problem=wanted.problem, operator=wanted.operator, order=row[0], parcel=wanted.parcel.upper(), sites=(row[1],),
        sku=wanted.sku, quantity=wanted.quantity, said=wanted.said,
    )  # fmt: skip
    case_id = await open_case(connection, new, case, steps, services.now(), by="account", account=account.id)
    assert case_id is not None  # noqa: S101  # it has no key that could be taken
    await write_audit(connection, services.now(), account.id, "case.open", str(case_id), {"order": row[0]})
    return await _in_scope(connection, account, case_id)


@router.post("/cases/{case_id}/actions")
async def act_on_case(
    case_id: CaseId, wanted: ActionIn, account: CurrentAccount, services: ServicesDep, connection: Transaction
) -> CaseOut:
    """Do one thing about a case; 409 names why where it does not allow that now."""
    seen = await _in_scope(connection, account, case_id)
    action = Action(wanted.action)
    decides = account.role in (Role.ADMIN, Role.DISPATCHER)
    if not decides and action not in AT_THE_STATION:
        raise ApiError(403, "role_may_not", "authorization", role=account.role, roles="a dispatcher")
    is_foreign = None not in (seen.operator, account.scope.operator_id) and seen.operator != account.scope.operator_id
    if is_foreign:
        raise not_found("case_id", "case")
    case = await lock_case(connection, case_id)
    assert case is not None  # noqa: S101  # cases are never deleted
    said = Said(
        action, wanted.said, None if wanted.liability is None else Liability(wanted.liability), wanted.refund_fen, wanted.reference
    )
    case, steps = moved(case, said)
    await write_case(connection, case_id, case, services.now())
    await write_steps(connection, case_id, steps, services.now(), by="account", account=account.id, said=wanted.said)
    detail = {"state": case.state, "liability": case.liability, "refund_fen": case.refund_fen, "reference": case.reference}
    await write_audit(connection, services.now(), account.id, f"case.{action}", str(case_id), detail)
    return await _in_scope(connection, account, case_id)


@router.get("/cases/{case_id}/photos/{sha256}", response_class=Response)
async def look_at_case_photo(case_id: CaseId, sha256: Sha256, account: CurrentAccount, connection: Transaction) -> Response:
    """A photograph that the resident sent."""
    case = await _in_scope(connection, account, case_id)
    cursor = await connection.execute(
        "SELECT content_type, body FROM case_photo WHERE order_id = %s AND sha256 = %s", [case.order, sha256]
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("sha256", "photo")
    headers = {"Cache-Control": "private, max-age=86400", "Content-Disposition": "inline"}
    return Response(bytes(row[1]), media_type=row[0], headers=headers)


@router.get("/operators/{operator_id}/case-rules")
async def look_at_rules(operator_id: str, account: Planner, connection: Transaction) -> CaseRules:
    """What is refunded without anybody looking."""
    require_operator(account, operator_id)
    cursor = await connection.execute("SELECT refunds_at_once FROM operator WHERE id = %s", [operator_id])
    row = await cursor.fetchone()
    if row is None:
        raise not_found("operator_id", "operator")
    return CaseRules(refunds_at_once=row[0])


@router.put("/operators/{operator_id}/case-rules")
async def set_rules(
    operator_id: str, wanted: CaseRules, account: Planner, services: ServicesDep, connection: Transaction
) -> CaseRules:
    """For what is found from now on; cases that are open stay as they are."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    rules = sorted(set(wanted.refunds_at_once))
    await connection.execute("UPDATE operator SET refunds_at_once = %s WHERE id = %s", [rules, operator_id])
    await write_audit(connection, services.now(), account.id, "case.rules", operator_id, {"refunds_at_once": rules})
    return CaseRules(refunds_at_once=rules)


def moved(case: Case, said: Said) -> tuple[Case, tuple[Step, ...]]:
    """The domain's decision; 409 where it refuses, 422 where something is not said."""
    try:
        return decide(case, said)
    except RefusedMoveError as error:
        match error.why:
            case Why.STATE:
                raise ApiError(409, "case_state", "action", state=error.state) from None
            case Why.CONFLICT:
                raise ApiError(409, "case_conflict", "action") from None
            case Why.TEXT:
                raise ApiError(422, "case_text", "said") from None
            case Why.LIABILITY:
                raise ApiError(422, "case_liability", "liability") from None
            case Why.REFERENCE:
                raise ApiError(422, "case_reference", "reference") from None
            case _:
                assert_never(error.why)


async def _order(connection: Connection, account: Account, operator_id: str, external_id: str) -> tuple[str, str]:
    """Id and station of an order in scope; 404 where there is none."""
    require_operator(account, operator_id)
    cursor = await connection.execute(
        f"""
        SELECT o.id, o.site_id FROM customer_order o
        WHERE o.operator_id = %(operator)s AND o.external_id = %(external)s AND {ORDERS_IN_SCOPE}
        """,  # noqa: S608  # literals only
        {**account.scope.order_filter(), "operator": operator_id, "external": external_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("order", "order")
    return row[0], row[1]


async def _in_scope(connection: Connection, account: Account, case_id: int) -> CaseOut:
    found = await look(connection, account, case_id)
    if found is None:
        raise not_found("case_id", "case")
    return found
