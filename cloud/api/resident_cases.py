"""What a resident does about their own order by the link: say what is wrong, show it, see what became of it.

To say something takes the phone's last four besides, for links get forwarded to the group; what is shown to the link alone is
which article, and where its case stands. No words and no photographs.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile
from pydantic import BaseModel, Field

from cloud.api.case_room import require_room
from cloud.api.case_views import ANSWERS, Item, items_of
from cloud.api.cases import MAX_TEXT, CaseId, Reportable, moved
from cloud.api.context import Services, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.link_holder import address_of, admit, check_tail, order_behind
from cloud.api.photos import picture_type
from cloud.api.text import Text, iso_of
from cloud.domain.case import Action, CaseProblem, CaseState, Origin, Said, opened
from cloud.store.cases import NewCase, lock_case, open_case, write_case, write_steps
from cloud.store.pool import Connection

router = APIRouter(prefix="/api/links/{token}/cases", tags=["cases"])

MAX_PHOTOS = 3  # of one report
MAX_PHOTO_BYTES = 2 * 1024 * 1024  # the page makes them smaller before it sends them
MAX_ORDER_PHOTOS = 20
MAX_ORDER_CASES = 10
REPORT_WITHIN = timedelta(days=7)  # after the pickup day; links live as long
_TAIL = Annotated[Text, Form(max_length=32)]


class OwnCase(BaseModel):
    """``name`` "": the whole parcel. ``asks_evidence``: something more is to be shown. ``refund_fen`` null: its price."""

    id: int
    parcel: str | None
    sku: str
    name: str
    quantity: int
    problem: str
    state: str
    asks_evidence: bool
    refund_fen: int | None
    opened_at: str
    changed_at: str


class OwnCases(BaseModel):
    """``may_report``: now. From ``report_from`` to ``report_until`` something can be reported, of one of ``items``."""

    items: list[Item]
    cases: list[OwnCase]
    may_report: bool
    report_from: str
    report_until: str


class OwnCaseOut(OwnCase):
    """With what was answered, for who knows the phone's last four."""

    said: str
    answer: str


class OwnCasesOut(BaseModel):
    cases: list[OwnCaseOut]


class ReportIn(BaseModel):
    """The fields of the form besides the photographs."""

    parcel: Text = Field(min_length=1, max_length=64)
    sku: Text = Field(default="", max_length=64)
    problem: Reportable
    quantity: Annotated[int, Field(ge=1, le=10_000)] = 1
    text: Text = Field(default="", max_length=MAX_TEXT)


class TailIn(BaseModel):
    tail: Text = Field(max_length=32)


@router.get("")
async def list_own(token: str, response: Response, services: ServicesDep, connection: Transaction) -> OwnCases:
    """Where the order's cases stand."""
    response.headers["Cache-Control"] = "no-store"
    order_id = await order_behind(connection, services, token)
    begins, ends, is_cancelled = await _window(connection, order_id)
    return OwnCases(
        items=await items_of(connection, order_id),
        cases=[
            OwnCase.model_validate(one.model_dump(include=set(OwnCase.model_fields))) for one in await _own(connection, order_id)
        ],
        may_report=begins <= services.now() < ends and not is_cancelled,
        report_from=iso_of(begins),
        report_until=iso_of(ends),
    )


@router.post("/look")
async def look_at_own(
    token: str, wanted: TailIn, request: Request, response: Response, services: ServicesDep, connection: Transaction
) -> OwnCasesOut:
    """The same with the words: one's own, and the operator's answer."""
    response.headers["Cache-Control"] = "no-store"
    order_id = await order_behind(connection, services, token)
    await check_tail(connection, services, request, order_id, wanted.tail)
    return OwnCasesOut(cases=await _own(connection, order_id))


@router.post("", status_code=201)
async def report(
    token: str,
    tail: _TAIL,
    wanted: Annotated[ReportIn, Form()],
    request: Request,
    services: ServicesDep,
    connection: Transaction,
) -> OwnCaseOut:
    """Say what is wrong with an article, or with a whole parcel; up to three photographs as files ``photos``."""
    order_id = await order_behind(connection, services, token)
    await check_tail(connection, services, request, order_id, tail)
    await admit(services, f"case of {order_id}", f"cases from {address_of(request)}", "token")
    await _require_window(connection, order_id, services.now())
    await require_room(connection, order_id, wanted.parcel.upper(), wanted.sku, wanted.problem, wanted.quantity)
    await _require_few(connection, order_id)
    if not wanted.text and wanted.problem == "other":
        raise ApiError(422, "case_text", "text")
    photos = await _kept_photos(connection, services, order_id, request)
    case, steps = opened(Origin.RESIDENT, CaseProblem(wanted.problem), at_once=False)
    cursor = await connection.execute("SELECT operator_id, site_id FROM customer_order WHERE id = %s", [order_id])
    operator, site = await cursor.fetchone() or ("", "")
    new = NewCase(
        problem=wanted.problem, operator=operator, order=order_id, parcel=wanted.parcel.upper(), sites=(site,), sku=wanted.sku,
        quantity=wanted.quantity, said=wanted.text, photos=photos,
    )  # fmt: skip
    case_id = await open_case(connection, new, case, steps, services.now(), by="resident")
    return next(one for one in await _own(connection, order_id) if one.id == case_id)


@router.post("/{case_id}/evidence")
async def give_evidence(
    token: str,
    case_id: CaseId,
    tail: _TAIL,
    request: Request,
    services: ServicesDep,
    connection: Transaction,
    text: Annotated[Text, Form(max_length=MAX_TEXT)] = "",
) -> OwnCaseOut:
    """What was asked for, or more than was shown at first."""
    order_id = await order_behind(connection, services, token)
    await check_tail(connection, services, request, order_id, tail)
    await admit(services, f"case of {order_id}", f"cases from {address_of(request)}", "token")
    own = {one.id for one in await _own(connection, order_id)}
    case = await lock_case(connection, case_id) if case_id in own else None
    if case is None:
        raise not_found("case_id", "case")
    photos = await _kept_photos(connection, services, order_id, request)
    case, steps = moved(case, Said(Action.GIVE_EVIDENCE, text, has_photos=bool(photos)))
    await write_case(connection, case_id, case, services.now())
    await write_steps(connection, case_id, steps, services.now(), by="resident", said=text, photos=photos)
    return next(one for one in await _own(connection, order_id) if one.id == case_id)


async def _window(connection: Connection, order_id: str) -> tuple[datetime, datetime, bool]:
    """From the pickup day's first minute there to REPORT_WITHIN after the day."""
    cursor = await connection.execute(
        """
        SELECT o.pickup_date::timestamp AT TIME ZONE op.time_zone, (o.pickup_date + 1)::timestamp AT TIME ZONE op.time_zone,
               o.cancelled_at IS NOT NULL
        FROM customer_order o JOIN operator op ON op.id = o.operator_id WHERE o.id = %s
        """,
        [order_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise ApiError(404, "order_gone", "token")
    return row[0], row[1] + REPORT_WITHIN, row[2]


async def _require_window(connection: Connection, order_id: str, now: datetime) -> None:
    begins, ends, is_cancelled = await _window(connection, order_id)
    if is_cancelled:
        raise ApiError(409, "order_cancelled", "token")
    if now < begins:
        raise ApiError(409, "report_too_early", "token")
    if now >= ends:
        raise ApiError(409, "report_too_late", "token")


async def _require_few(connection: Connection, order_id: str) -> None:
    """No more reports than anybody could mean. The caller holds the order's row."""
    cursor = await connection.execute(
        "SELECT count(*) FROM after_sales_case WHERE order_id = %s AND origin = 'resident'", [order_id]
    )
    (count,) = await cursor.fetchone() or (0,)
    if count >= MAX_ORDER_CASES:
        raise ApiError(409, "too_many_reports", "token", most=MAX_ORDER_CASES)


async def _kept_photos(connection: Connection, services: Services, order_id: str, request: Request) -> tuple[str, ...]:
    """The form's files ``photos``, each a picture; kept with the order, so that what one may keep here is bounded."""
    form = await request.form()
    files = [one for one in form.getlist("photos") if isinstance(one, UploadFile) or hasattr(one, "read")]
    if len(files) > MAX_PHOTOS:
        raise ApiError(422, "too_many_photos", "photos", most=MAX_PHOTOS)
    names = []
    for one in files:
        body = await one.read()
        if not body:
            continue  # a browser sends an empty file where none was chosen
        if len(body) > MAX_PHOTO_BYTES:
            raise ApiError(413, "too_large", "photos", most=MAX_PHOTO_BYTES)
        content_type = picture_type(body)
        if content_type is None:
            raise ApiError(422, "no_picture", "photos")
        names.append(await _keep(connection, order_id, content_type, body, services.now()))
    cursor = await connection.execute("SELECT count(*) FROM case_photo WHERE order_id = %s", [order_id])
    row = await cursor.fetchone()
    if row is not None and row[0] > MAX_ORDER_PHOTOS:
        raise ApiError(409, "too_many_photos", "photos", most=MAX_ORDER_PHOTOS)
    return tuple(dict.fromkeys(names))


async def _keep(connection: Connection, order_id: str, content_type: str, body: bytes, now: datetime) -> str:
    sha256 = hashlib.sha256(body).hexdigest()
    await connection.execute(
        """
        INSERT INTO case_photo (order_id, sha256, content_type, bytes, body, received_at) VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        [order_id, sha256, content_type, len(body), body, now],
    )
    return sha256


async def _own(connection: Connection, order_id: str) -> list[OwnCaseOut]:
    """All but conflicts: two stations' events are their own affair."""
    cursor = await connection.execute(
        """
        SELECT c.id, c.parcel_id, c.sku, coalesce((
                   SELECT min(l.name) FROM order_line l WHERE l.order_id = c.order_id AND l.sku = c.sku), ''),
               c.quantity, c.problem, c.state, c.refund_fen, c.opened_at, c.changed_at, c.said, coalesce((
                   SELECT s.said FROM case_step s WHERE s.case_id = c.id AND s.action = ANY(%s) AND s.said <> ''
                   ORDER BY s.step DESC LIMIT 1), '')
        FROM after_sales_case c WHERE c.order_id = %s AND c.origin <> 'conflict' ORDER BY c.opened_at DESC, c.id DESC LIMIT 50
        """,
        [[str(action) for action in ANSWERS], order_id],
    )
    return [
        OwnCaseOut(
            id=row[0], parcel=row[1], sku=row[2], name=row[3], quantity=row[4], problem=row[5], state=row[6],
            asks_evidence=row[6] == CaseState.EVIDENCE_NEEDED, refund_fen=row[7], opened_at=iso_of(row[8]),
            changed_at=iso_of(row[9]), said=row[10], answer=row[11],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip
