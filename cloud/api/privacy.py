"""A resident's right to what is known of them (PIPL): given out on request, erased on request; who erased when, and why."""

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Planner, Services, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.order_forms import PhoneText
from cloud.api.text import Text, iso_of
from cloud.auth.audit import write_audit
from cloud.store import erasure
from cloud.store.pool import Connection

router = APIRouter(prefix="/api/operators/{operator_id}", tags=["privacy"])

_MOST = 200


class ExportIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    phone: PhoneText


class EraseIn(ExportIn):
    """``reason``: such as how it was asked for; no personal data."""

    reason: Text = Field(min_length=1, max_length=200)


class ExportedLine(BaseModel):
    name: str
    quantity: int


class ExportedOrder(BaseModel):
    order: str
    site: str
    pickup_date: str
    placed_at: str
    state: str
    lines: list[ExportedLine]


class ExportedWord(BaseModel):
    at: str
    action: str
    said: str


class ExportedCase(BaseModel):
    """``photos``: their addresses, for the same account."""

    id: int
    order: str
    problem: str
    state: str
    words: list[ExportedWord]
    photos: list[str]


class Export(BaseModel):
    name: str
    phone: str
    orders: list[ExportedOrder]
    cases: list[ExportedCase]


class ErasedOut(BaseModel):
    """``is_unnamed`` false: an order is still open; ask again when it is over, and name and phone go too."""

    cases: int
    photos: int
    is_unnamed: bool


class ErasureOut(ErasedOut):
    """``by`` "": the schedule."""

    at: str
    by: str
    reason: str


class ErasureList(BaseModel):
    erasures: list[ErasureOut]


@router.post("/residents/export")
async def export_resident(
    operator_id: str, wanted: ExportIn, response: Response, account: Planner, services: ServicesDep, connection: Transaction
) -> Export:
    """All that is known of who has this phone: who they are, their orders, what they said of them and showed."""
    response.headers["Cache-Control"] = "no-store"
    require_operator(account, operator_id)
    resident = await _resident(connection, services, operator_id, wanted.phone)
    await write_audit(connection, services.now(), account.id, "resident.export", f"{operator_id}/{resident}")
    cursor = await connection.execute("SELECT name_encrypted, phone_encrypted FROM resident WHERE id = %s", [resident])
    name, phone = await cursor.fetchone() or (b"", b"")
    return Export(
        name=services.vault.open(operator_id, name), phone=services.vault.open(operator_id, phone),
        orders=await _orders(connection, resident), cases=await _cases(connection, resident),
    )  # fmt: skip


@router.post("/residents/erase")
async def erase_resident(
    operator_id: str, wanted: EraseIn, account: Planner, services: ServicesDep, connection: Transaction
) -> ErasedOut:
    """Erase what they said and showed; name and phone too where no order of theirs is open. It cannot be taken back."""
    require_operator(account, operator_id)
    if not wanted.reason:  # blanks are none
        raise ApiError(422, "case_text", "reason")
    resident = await _resident(connection, services, operator_id, wanted.phone)
    done = await erasure.erase_resident(connection, operator_id, resident, wanted.reason, account.id, services.now())
    detail = {"cases": done.cases, "photos": done.photos, "is_unnamed": done.is_unnamed}
    await write_audit(connection, services.now(), account.id, "resident.erase", f"{operator_id}/{resident}", detail)
    return ErasedOut(cases=done.cases, photos=done.photos, is_unnamed=done.is_unnamed)


@router.get("/erasures")
async def list_erasures(operator_id: str, account: Planner, connection: Transaction) -> ErasureList:
    """Who erased when, the newest first; the schedule too."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    cursor = await connection.execute(
        """
        SELECT e.cases, e.photos, e.is_unnamed, e.at, coalesce(a.display_name, ''), e.reason
        FROM erasure e LEFT JOIN account a ON a.id = e.account_id WHERE e.operator_id = %s ORDER BY e.id DESC LIMIT %s
        """,
        [operator_id, _MOST],
    )
    return ErasureList(
        erasures=[
            ErasureOut(cases=row[0], photos=row[1], is_unnamed=row[2], at=iso_of(row[3]), by=row[4], reason=row[5])
            for row in await cursor.fetchall()
        ]
    )


async def _resident(connection: Connection, services: Services, operator_id: str, phone: str) -> int:
    found = await erasure.find_resident(connection, operator_id, services.vault.phone_hash(operator_id, phone))
    if found is None:
        raise not_found("phone", "resident")
    return found


async def _orders(connection: Connection, resident: int) -> list[ExportedOrder]:
    cursor = await connection.execute(
        """
        SELECT o.id, s.name, o.pickup_date::text, o.placed_at, o.state,
               ARRAY(SELECT jsonb_build_object('name', l.name, 'quantity', l.quantity)
                     FROM order_line l WHERE l.order_id = o.id ORDER BY l.line)
        FROM customer_order o JOIN site s ON s.id = o.site_id WHERE o.resident_id = %s ORDER BY o.placed_at
        """,
        [resident],
    )
    return [
        ExportedOrder(order=row[0], site=row[1], pickup_date=row[2], placed_at=iso_of(row[3]), state=row[4], lines=row[5])
        for row in await cursor.fetchall()
    ]


async def _cases(connection: Connection, resident: int) -> list[ExportedCase]:
    cursor = await connection.execute(
        """
        SELECT c.id, c.order_id, c.problem, c.state,
               ARRAY(SELECT p.sha256 FROM case_photo p JOIN case_step s ON p.sha256 = ANY(s.photos)
                     WHERE p.order_id = c.order_id AND s.case_id = c.id ORDER BY 1)
        FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id WHERE o.resident_id = %s ORDER BY c.id
        """,
        [resident],
    )
    cases = await cursor.fetchall()
    cursor = await connection.execute(
        "SELECT case_id, at, action, said FROM case_step WHERE case_id = ANY(%s) AND said <> '' ORDER BY case_id, step",
        [[row[0] for row in cases]],
    )
    words: dict[int, list[ExportedWord]] = {}
    for case_id, at, action, said in await cursor.fetchall():
        words.setdefault(case_id, []).append(ExportedWord(at=iso_of(at), action=action, said=said))
    return [
        ExportedCase(
            id=row[0], order=row[1], problem=row[2], state=row[3], words=words.get(row[0], []),
            photos=[f"/api/cases/{row[0]}/photos/{sha256}" for sha256 in row[4]],
        )
        for row in cases
    ]  # fmt: skip
