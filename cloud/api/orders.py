"""Orders of an operator: brought in as JSON or CSV, listed, looked at.

Every query is limited by the account's scope; what is out of it is not there.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Query, Request, UploadFile
from pydantic import BaseModel, SkipValidation, ValidationError

from cloud.api.context import CurrentAccount, Planner, Services, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.faults import form_fault
from cloud.api.order_csv import CsvError, ReadOrders, read_orders
from cloud.api.order_forms import GivenUp, ImportReport, LineFault, Numbered, OrderIn
from cloud.api.order_import import MAX_ORDERS, import_orders
from cloud.api.text import Text, iso_of, iso_or_none
from cloud.auth.accounts import Account
from cloud.auth.audit import write_audit
from cloud.auth.masking import masked_name, masked_phone
from cloud.domain.cancellation import Cancellable, open_until
from cloud.domain.cut_off import CutOff
from cloud.domain.order import OrderState
from cloud.domain.scope import ORDERS_IN_SCOPE
from cloud.store.folding import order_view
from cloud.store.pool import Connection

router = APIRouter(prefix="/api/operators/{operator_id}/orders", tags=["orders"])

# Of customer_order AS o, operator AS op: what `Cancellable` and `CutOff` ask for.
CANCELLABLE = """o.pickup_date, o.locked_at IS NOT NULL, EXISTS (
    SELECT FROM parcel p JOIN event_subject e ON e.entity = 'parcel' AND e.entity_id = p.id WHERE p.order_id = o.id),
    op.cut_off, op.time_zone"""
_MAX_FAULTS = 1_000  # of a report; a file that is wrong throughout says so a thousand times, not fifty thousand


class ParcelRow(BaseModel):
    id: str
    zone: str | None
    state: str


class OrderRow(BaseModel):
    """An order in a list. ``phone_tail``: the last four digits, null where no resident is known.

    ``cancel_until``: until when it can be cancelled, null where it can not.
    """

    order_id: str
    external_id: str
    site: str
    site_name: str
    pickup_date: date
    state: str
    state_at: str
    phone_tail: str | None
    cancel_until: str | None
    parcels: list[ParcelRow]


class OrderList(BaseModel):
    """``after``: give it back as a parameter for the next page; null on the last."""

    orders: list[OrderRow]
    after: str | None


class ResidentOut(BaseModel):
    """Masked: one character of the name and six digits of the phone are hidden."""

    name: str
    phone: str


class CancelledOut(BaseModel):
    """Who cancelled an order, when and why."""

    at: str
    by: str
    reason: str


class OrderOut(BaseModel):
    """``order`` is an OrderView. ``cancelled`` null: it was not."""

    order: dict[str, Any]
    resident: ResidentOut | None
    cancelled: CancelledOut | None


@router.post("")
async def import_json(
    operator_id: str,
    orders: Annotated[list[SkipValidation[OrderIn]], Body()],
    account: Planner,
    services: ServicesDep,
    connection: Transaction,
) -> ImportReport:
    """Import a list of orders. Good ones are imported; each other one is named with its place in the list (the first is 1)."""
    require_operator(account, operator_id)
    good: list[Numbered] = []
    faults: list[LineFault] = []
    for number, said in enumerate(orders, start=1):
        try:
            good.append(Numbered(line=number, order=OrderIn.model_validate(said)))
        except ValidationError as error:
            faults += [LineFault.of(number, form_fault(one)) for one in error.errors(include_url=False, include_input=False)]
    return await _import(services, connection, account.id, operator_id, ReadOrders(good, faults, _none_of(faults), {}))


@router.post("/csv", openapi_extra={"requestBody": {"content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}})
async def import_csv(
    operator_id: str, request: Request, account: Planner, services: ServicesDep, connection: Transaction
) -> ImportReport:
    """Import a CSV, as the body itself or as a form's file: UTF-8, UTF-16 or GBK; one row an item; Chinese or English headers."""
    require_operator(account, operator_id)
    try:
        read = read_orders(await _file_of(request))
    except CsvError as error:
        raise ApiError(422, error.code, error.field, **error.params) from None
    return await _import(services, connection, account.id, operator_id, read)


def _none_of(faults: Sequence[LineFault]) -> list[GivenUp]:
    """Of a list's orders that are none; where they would go is not looked at."""
    return [GivenUp(line=line, site="", leader="") for line in sorted({fault.line for fault in faults})]


async def _file_of(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form(max_files=1, max_fields=10) as form:
        for value in form.values():
            if isinstance(value, UploadFile) or hasattr(value, "read"):
                return bytes(await value.read())
    raise ApiError(422, "no_file", "file")


async def _import(services: Services, connection: Connection, account_id: int, operator_id: str, read: ReadOrders) -> ImportReport:
    if len(read.orders) > MAX_ORDERS:
        raise ApiError(422, "too_many_orders", "orders", count=len(read.orders), most=MAX_ORDERS)
    await require_known_operator(connection, operator_id)
    done = await import_orders(connection, services.now(), services.vault, operator_id, read.orders, read.given_up)
    everything = sorted(map(read.in_its_words, [*read.faults, *done.faults]), key=lambda fault: fault.line)
    given_up = {one.line for one in read.given_up}
    report = ImportReport(
        imported=done.created + done.updated, created=done.created, updated=done.updated, unchanged=done.unchanged,
        refused=len(given_up | {one.line for one in done.faults}),
        errors=everything[:_MAX_FAULTS], errors_left_out=max(0, len(everything) - _MAX_FAULTS),
    )  # fmt: skip
    counts = report.model_dump(include={"created", "updated", "unchanged", "refused"})
    await write_audit(connection, services.now(), account_id, "order.import", operator_id, counts)
    for outcome, count in counts.items():
        services.meters.orders.labels(outcome).inc(count)
    return report


@router.get("")
async def list_orders(
    operator_id: str,
    account: CurrentAccount,
    services: ServicesDep,
    connection: Transaction,
    site: Text | None = None,
    date: date | None = None,
    state: OrderState | None = None,
    q: Annotated[Text | None, Query(max_length=80)] = None,
    after: Annotated[Text | None, Query(max_length=120)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> OrderList:
    """Orders by number. ``q``: the beginning of an order number, a parcel's label, or a phone's last four digits."""
    require_operator(account, operator_id)
    cursor = await connection.execute(
        f"""
        SELECT o.id, o.external_id, o.site_id, s.name, o.pickup_date, o.state, o.state_at, r.phone_tail,
               ARRAY(SELECT jsonb_build_object('id', p.id, 'zone', p.zone, 'state', p.state)
                     FROM parcel p WHERE p.order_id = o.id ORDER BY p.id), o.cancelled_at IS NOT NULL, {CANCELLABLE}
        FROM customer_order o JOIN site s ON s.id = o.site_id JOIN operator op ON op.id = o.operator_id
        LEFT JOIN resident r ON r.id = o.resident_id
        WHERE o.operator_id = %(operator)s AND {ORDERS_IN_SCOPE}
          AND (%(site)s::text IS NULL OR o.site_id = %(site)s)
          AND (%(date)s::date IS NULL OR o.pickup_date = %(date)s)
          AND (%(state)s::text IS NULL OR o.state = %(state)s)
          AND (%(q)s::text IS NULL OR starts_with(o.external_id, %(q)s) OR r.phone_tail = %(q)s
               OR EXISTS (SELECT FROM parcel p WHERE p.order_id = o.id AND p.id = upper(%(q)s)))
          AND (%(after)s::text IS NULL OR o.external_id > %(after)s)
        ORDER BY o.external_id LIMIT %(limit)s
        """,  # noqa: S608  # literals only
        {
            **account.scope.order_filter(), "operator": operator_id, "site": site, "date": date, "state": state,
            "q": q or None, "after": after, "limit": limit,
        },
    )  # fmt: skip
    rows = [
        OrderRow(
            order_id=row[0], external_id=row[1], site=row[2], site_name=row[3], pickup_date=row[4], state=row[5],
            state_at=iso_of(row[6]), phone_tail=row[7], parcels=row[8],
            cancel_until=None if row[9] else iso_or_none(open_until(Cancellable(*row[10:13]), CutOff(*row[13:15]), services.now())),
        )
        async for row in cursor
    ]  # fmt: skip
    return OrderList(orders=rows, after=rows[-1].external_id if len(rows) == limit else None)


@router.get("/{external_id}")
async def look_at_order(
    operator_id: str, external_id: str, account: CurrentAccount, services: ServicesDep, connection: Transaction
) -> OrderOut:
    """One order as its resident sees it, who that is, masked, and who cancelled it."""
    require_operator(account, operator_id)
    return await order_out(connection, services, account, operator_id, external_id)


async def order_out(
    connection: Connection, services: Services, account: Account, operator_id: str, external_id: str
) -> OrderOut:  # fmt: skip
    """404 where there is none in the account's scope."""
    cursor = await connection.execute(
        f"""
        SELECT o.id, r.name_encrypted, r.phone_encrypted, o.cancelled_at, coalesce(a.display_name, ''), o.cancelled_why
        FROM customer_order o LEFT JOIN resident r ON r.id = o.resident_id LEFT JOIN account a ON a.id = o.cancelled_by
        WHERE o.operator_id = %(operator)s AND o.external_id = %(external)s AND {ORDERS_IN_SCOPE}
        """,  # noqa: S608  # literals only
        {**account.scope.order_filter(), "operator": operator_id, "external": external_id},
    )
    row = await cursor.fetchone()
    view = None if row is None else await order_view(connection, row[0])
    if row is None or view is None:
        raise not_found("external_id", "order")
    resident = None
    if row[1] is not None:
        resident = ResidentOut(
            name=masked_name(services.vault.open(operator_id, row[1])), phone=masked_phone(services.vault.open(operator_id, row[2]))
        )
    cancelled = None if row[3] is None else CancelledOut(at=iso_of(row[3]), by=row[4], reason=row[5])
    return OrderOut(order=msgspec.to_builtins(view), resident=resident, cancelled=cancelled)
