"""A resident's order by its signed link, and the making and taking back of links.

The link is all a resident has: it shows one order and can do nothing.
"""

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel

from cloud.api.clock import ClockOut, clock_out
from cloud.api.context import CurrentAccount, Planner, Services, ServicesDep, Transaction, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.link_holder import read_link
from cloud.api.text import iso_of
from cloud.auth.audit import write_audit
from cloud.auth.links import LINK_LIFE_MS, Link
from cloud.domain.order import iso
from cloud.domain.rooms import order_room
from cloud.domain.scope import ORDERS_IN_SCOPE
from cloud.store.folding import order_view
from cloud.store.pool import Connection

router = APIRouter(prefix="/api", tags=["links"])


class LinkView(BaseModel):
    """What the resident's page starts from. ``order`` is an OrderView; ``cursor`` where to go on live.

    ``pickup_until``: the time of the order's pickup date, in ``time_zone``, by which to come: ``21:00``.
    ``reminder``: the leader's last one, as the room has it; null: none.
    """

    order: dict[str, Any]
    reminder: dict[str, Any] | None
    room: str
    cursor: int
    live_url: str
    clock: ClockOut
    time_zone: str
    pickup_until: str
    expires_at: str
    as_of: str


class LinkOut(BaseModel):
    url: str
    token: str
    expires_at: str


def live_address(services: Services) -> str:
    """The full address of the live socket."""
    base = services.config.live_url.rstrip("/")
    return base if base.endswith("/live") else f"{base}/live"


@router.get("/links/{token}")
async def follow_link(token: str, response: Response, services: ServicesDep, connection: Transaction) -> LinkView:
    """The order a link stands for: 404 where the link is none of ours, 410 where it has expired or was taken back."""
    response.headers["Cache-Control"] = "no-store"
    link = read_link(services, token)
    time_zone, pickup_until = await _operators_day(connection, link)
    order, reminder, cursor = await _newest(connection, link.order_id)
    return LinkView(
        order=order, reminder=reminder, room=order_room(link.order_id), cursor=cursor, live_url=live_address(services),
        clock=clock_out(services.clock), time_zone=time_zone, pickup_until=pickup_until, expires_at=iso(link.expires_ms),
        as_of=iso_of(services.now()),
    )  # fmt: skip


async def _operators_day(connection: Connection, link: Link) -> tuple[str, str]:
    """The operator's time zone, and until when residents pick up."""
    cursor = await connection.execute(
        """
        SELECT o.link_version, op.time_zone, to_char(op.pickup_until, 'HH24:MI')
        FROM customer_order o JOIN operator op ON op.id = o.operator_id WHERE o.id = %s
        """,
        [link.order_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise ApiError(404, "order_gone", "token")
    if row[0] != link.version:
        raise ApiError(410, "link_taken_back", "token")
    return str(row[1]), str(row[2])


async def _newest(connection: Connection, order_id: str) -> tuple[dict[str, Any], dict[str, Any] | None, int]:
    """The order as last folded, the leader's last reminder, and the version from which the live socket goes on exactly there.

    In one statement: of two, the second would bring a version that is newer than what the first has read.
    """
    cursor = await connection.execute(
        "SELECT key, body, version FROM room_entry WHERE room = %s AND key IN ('order', 'reminder') AND body IS NOT NULL",
        [order_room(order_id)],
    )
    rows = await cursor.fetchall()
    found = {row[0]: row[1] for row in rows}
    order = found.get("order")
    if order is None:
        view = await order_view(connection, order_id)
        if view is None:
            raise ApiError(404, "order_gone", "token")
        order = msgspec.to_builtins(view)
    return order, found.get("reminder"), max((row[2] for row in rows), default=0)


@router.post("/operators/{operator_id}/orders/{external_id}/link", status_code=201)
async def make_link(
    operator_id: str, external_id: str, account: CurrentAccount, services: ServicesDep, connection: Transaction
) -> LinkOut:
    """A link for the order's resident, good for a week."""
    require_operator(account, operator_id)
    order_id, version = await _order_in_scope(connection, account.scope.order_filter(), operator_id, external_id)
    token = services.signer.sign(order_id, version)
    await write_audit(connection, services.now(), account.id, "link.make", order_id)
    expires = iso(services.clock.now_ms() + LINK_LIFE_MS)
    return LinkOut(url=f"{services.config.public_url.rstrip('/')}/o/{token}", token=token, expires_at=expires)


@router.delete("/operators/{operator_id}/orders/{external_id}/link", status_code=204)
async def take_back_links(
    operator_id: str, external_id: str, account: Planner, services: ServicesDep, connection: Transaction
) -> None:
    """Make all links of this order invalid."""
    require_operator(account, operator_id)
    order_id, _ = await _order_in_scope(connection, account.scope.order_filter(), operator_id, external_id)
    await connection.execute("UPDATE customer_order SET link_version = link_version + 1 WHERE id = %s", [order_id])
    await write_audit(connection, services.now(), account.id, "link.revoke", order_id)


async def _order_in_scope(connection: Connection, limits: dict[str, object], operator_id: str, external_id: str) -> tuple[str, int]:
    cursor = await connection.execute(
        f"""
        SELECT o.id, o.link_version FROM customer_order o
        WHERE o.operator_id = %(operator)s AND o.external_id = %(external)s AND {ORDERS_IN_SCOPE}
        """,  # noqa: S608  # literals only
        {**limits, "operator": operator_id, "external": external_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("external_id", "order")
    return row[0], row[1]
