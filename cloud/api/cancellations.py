"""Orders cancelled before the cut-off: by whom, why, and what follows for rooms, manifests and labels.

What is decided is `cloud.domain.cancellation`'s; how a cancelled order is left out of batches and books stands in their queries.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Planner, ServicesDep, Transaction, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.order_facts import lock_imports
from cloud.api.orders import CANCELLABLE, OrderOut, order_out
from cloud.api.text import Text
from cloud.auth.audit import write_audit
from cloud.domain.cancellation import Cancellable, NotCancelled, refusal
from cloud.domain.cut_off import CutOff
from cloud.domain.rooms import site_room
from cloud.store import fold_facts
from cloud.store.folding import refold
from cloud.store.pool import Connection
from cloud.store.rooms import change, entry

router = APIRouter(prefix="/api/operators/{operator_id}/orders", tags=["orders"])


class CancelIn(BaseModel):
    """``reason``: kept with who cancelled it and when."""

    model_config = ConfigDict(extra="forbid")
    reason: Text = Field(min_length=1, max_length=200)


@router.post("/{external_id}/cancel")
async def cancel_order(
    operator_id: str, external_id: str, wanted: CancelIn, account: Planner, services: ServicesDep, connection: Transaction
) -> OrderOut:
    """Cancel an order until the cut-off of its date; 409 after it, and what to do instead.

    Said again it changes nothing: who was first, and why, stays.
    """
    require_operator(account, operator_id)
    if not wanted.reason:  # blanks are none
        raise ApiError(422, "case_text", "reason")
    now = services.now()
    order_id = f"{operator_id}/{external_id}"
    await lock_imports(connection)  # else one that changes the order now might give it parcels nobody has locked
    parcels = await _parcels(connection, order_id)
    await fold_facts.lock(connection, parcels)
    found = await _find(connection, order_id)
    if found is None:
        raise not_found("external_id", "order")
    if not found.is_cancelled:
        match refusal(found.order, found.cut_off, now):
            case NotCancelled.CUT_OFF:
                raise ApiError(409, "cancel_too_late", "external_id", order=external_id)
            case NotCancelled.SCANNED:
                raise ApiError(409, "cancel_scanned", "external_id", order=external_id)
            case None:
                pass
        await connection.execute(
            "UPDATE customer_order SET cancelled_at = %s, cancelled_by = %s, cancelled_why = %s WHERE id = %s",
            [now, account.id, wanted.reason, order_id],
        )
        folded = await refold(connection, parcels, now)
        gone = [entry(site_room(found.site), f"parcel/{parcel}", None) for parcel in parcels]
        await change(connection, [*folded.entries, *gone], now)
        await write_audit(connection, now, account.id, "order.cancel", order_id, {"reason": wanted.reason})
    return await order_out(connection, services, account, operator_id, external_id)


@dataclass(frozen=True, slots=True)
class _Found:
    order: Cancellable
    site: str
    cut_off: CutOff
    is_cancelled: bool


async def _parcels(connection: Connection, order_id: str) -> list[str]:
    cursor = await connection.execute("SELECT id FROM parcel WHERE order_id = %s ORDER BY id", [order_id])
    return [row[0] for row in await cursor.fetchall()]


async def _find(connection: Connection, order_id: str) -> _Found | None:
    """Under the lock of its parcels and its own."""
    cursor = await connection.execute(
        f"""
        SELECT {CANCELLABLE}, o.site_id, o.cancelled_at IS NOT NULL
        FROM customer_order o JOIN operator op ON op.id = o.operator_id WHERE o.id = %s
        """,  # noqa: S608  # constants
        [order_id],
    )
    row: Any = await cursor.fetchone()
    return None if row is None else _Found(Cancellable(*row[:3]), row[5], CutOff(*row[3:5]), row[6])
