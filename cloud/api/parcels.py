"""One parcel with everything that was scanned of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from cloud.api.context import CurrentAccount, Transaction
from cloud.api.errors import not_found
from cloud.api.text import iso_of, iso_or_none
from cloud.domain.events import believed_at_ms, offset_for
from cloud.domain.order import iso
from cloud.domain.scope import PARCELS_IN_SCOPE, Scope
from cloud.store.pool import Connection
from edge.wire.clock import to_ms
from edge.wire.messages import ClockQuality

router = APIRouter(prefix="/api", tags=["parcels"])


class EventOut(BaseModel):
    """``at``: the corrected time; ``measured_at``: what the device's clock said; ``undone``: it counts as not having happened."""

    id: str
    kind: str
    site: str
    at: str
    measured_at: str
    received_at: str
    clock: str
    device: str
    actor: str
    fact: dict[str, Any]
    undone: bool


class ParcelOut(BaseModel):
    """``site``: the station it is meant for; ``at_site``: where it was last seen. ``order`` null: none, or another operator's.

    ``order_state``: of that order; a parcel of a cancelled one is not to come.
    """

    id: str
    operator: str | None
    order: str | None
    order_state: str | None
    site: str | None
    at_site: str | None
    zone: str | None
    state: str
    state_at: str | None
    slot: str
    exceptions: list[str]
    events: list[EventOut]


@router.get("/parcels/{parcel_id}")
async def look_at_parcel(parcel_id: str, account: CurrentAccount, connection: Transaction) -> ParcelOut:
    """A parcel by its label. One scanned before its order is known belongs to those who see the site where it lies.

    Who works at a site sees every parcel there; of another operator's neither the order nor what happened elsewhere.
    """
    scope = account.scope
    found = await find_parcel(connection, scope, parcel_id)
    row, is_foreign = found.row, found.is_foreign
    events = await _events(connection, row[0])
    return ParcelOut(
        id=row[0], operator=row[1], order=None if is_foreign else row[2], site=row[3], at_site=row[4], zone=row[5], state=row[6],
        state_at=iso_or_none(row[7]), slot=row[8], exceptions=row[9],
        order_state=None if is_foreign else row[10],
        events=[event for event in events if not is_foreign or scope.may_see_site(event.site)],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundParcel:
    """``row``: its columns, in the order of the query. ``is_foreign``: another operator's, at one's own site."""

    id: str
    row: tuple[Any, ...]
    is_foreign: bool


async def find_parcel(connection: Connection, scope: Scope, parcel_id: str) -> FoundParcel:
    """404 where there is none, or none for this account."""
    cursor = await connection.execute(
        f"""
        SELECT p.id, p.operator_id, p.order_id, p.site_id, p.at_site_id, p.zone, p.state, p.state_at, p.slot, p.exceptions,
               o.state
        FROM parcel p LEFT JOIN customer_order o ON o.id = p.order_id WHERE p.id = %(id)s AND {PARCELS_IN_SCOPE}
        """,  # noqa: S608  # literals only
        {**scope.parcel_filter(), "id": parcel_id.upper()},
    )
    row = await cursor.fetchone()
    if row is None or (row[1] is None and not _may_see_skeleton(scope, row[4])):
        raise not_found("parcel_id", "parcel")
    return FoundParcel(row[0], row, None not in (row[1], scope.operator_id) and row[1] != scope.operator_id)


def _may_see_skeleton(scope: Scope, at_site: str | None) -> bool:
    return scope.site_ids is None or (at_site is not None and scope.may_see_site(at_site))


def _believed(measured_at: datetime, received_at: datetime, clock: str, offset_ms: int) -> str:
    corrected_ms = to_ms(measured_at) + offset_for(ClockQuality(clock), offset_ms)
    return iso(believed_at_ms(corrected_ms, to_ms(received_at)))


async def _events(connection: Connection, parcel_id: str) -> list[EventOut]:
    cursor = await connection.execute(
        """
        SELECT e.site_id || '/' || e.epoch || '/' || e.n, e.kind, e.site_id, e.measured_at, e.received_at, e.clock, e.device,
               e.actor, e.fact,
               EXISTS (SELECT FROM event_undo u WHERE (u.target_site_id, u.target_epoch, u.target_n) = (e.site_id, e.epoch, e.n)),
               coalesce(c.offset_ms, 0)
        FROM event_subject s JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
        LEFT JOIN clock_correction c ON (c.site_id, c.epoch, c.boot) = (e.site_id, e.epoch, e.boot)
        WHERE s.entity = 'parcel' AND s.entity_id = %s
        ORDER BY e.hlc, e.site_id, e.n
        """,
        [parcel_id],
    )
    return [
        EventOut(
            id=row[0], kind=row[1], site=row[2], at=_believed(row[3], row[4], row[5], row[10]), measured_at=iso_of(row[3]),
            received_at=iso_of(row[4]), clock=row[5], device=row[6], actor=row[7], fact=row[8], undone=row[9],
        )
        async for row in cursor
    ]  # fmt: skip
