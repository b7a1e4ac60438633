"""What ingest could not apply: looked at, asked to be tried again, or put away. Ingest itself does the replay.

A dispatcher sees what came on the operator's topics; what came on no readable topic is an admin's.
"""

import base64
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from cloud.api.context import Planner, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.text import iso_of, iso_or_none
from cloud.auth.accounts import Account
from cloud.auth.audit import write_audit
from cloud.store import quarantine as stored
from cloud.store.pool import Connection
from edge.wire.topics import ROOT

router = APIRouter(prefix="/api", tags=["quarantine"])

State = Literal["kept", "requested", "replayed", "discarded"]


class QuarantineItem(BaseModel):
    id: int
    first_at: str
    last_at: str
    seen: int
    topic: str
    site_id: str | None
    reason: str
    detail: str
    state: str
    state_at: str | None
    outcome: str
    payload_bytes: int


class QuarantineList(BaseModel):
    """``after``: give it back as a parameter for the next page; null on the last."""

    items: list[QuarantineItem]
    after: int | None


class QuarantineOne(QuarantineItem):
    """``payload_base64`` may be cut at 1 MiB; ``payload_bytes`` is the true length."""

    properties: Any
    content_type: str
    batch_key: str
    payload_base64: str
    payload_sha256: str


def _limits(account: Account) -> dict[str, object]:
    operator_id = account.scope.operator_id
    return {"topic": None if operator_id is None else f"{ROOT}/{operator_id}/"}


@router.get("/quarantine")
async def list_quarantine(
    account: Planner,
    connection: Transaction,
    state: State | None = None,
    after: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> QuarantineList:
    """Newest first."""
    cursor = await connection.execute(
        """
        SELECT id, first_at, last_at, seen, topic, site_id, reason, detail, state, state_at, outcome, payload_bytes FROM quarantine
        WHERE (%(topic)s::text IS NULL OR starts_with(topic, %(topic)s)) AND (%(state)s::text IS NULL OR state = %(state)s)
          AND (%(after)s::bigint IS NULL OR id < %(after)s)
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {**_limits(account), "state": state, "after": after, "limit": limit},
    )
    items = [QuarantineItem(**_item(row)) async for row in cursor]
    return QuarantineList(items=items, after=items[-1].id if len(items) == limit else None)


def _item(row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "id": row[0], "first_at": iso_of(row[1]), "last_at": iso_of(row[2]), "seen": row[3], "topic": row[4], "site_id": row[5],
        "reason": row[6], "detail": row[7], "state": row[8], "state_at": iso_or_none(row[9]), "outcome": row[10],
        "payload_bytes": row[11],
    }  # fmt: skip


@router.get("/quarantine/{quarantine_id}")
async def look_at_quarantine(quarantine_id: int, account: Planner, connection: Transaction) -> QuarantineOne:
    """One message with its bytes."""
    return await _one(connection, account, quarantine_id)


@router.post("/quarantine/{quarantine_id}/replay", status_code=202)
async def replay(quarantine_id: int, account: Planner, services: ServicesDep, connection: Transaction) -> QuarantineOne:
    """Ask ingest to try it again; within seconds it is ``replayed``, or ``kept`` with the reason in ``outcome``."""
    return await _turn(connection, services, account, quarantine_id, "requested")


@router.post("/quarantine/{quarantine_id}/discard")
async def discard(quarantine_id: int, account: Planner, services: ServicesDep, connection: Transaction) -> QuarantineOne:
    """Put it away for good; the row stays."""
    return await _turn(connection, services, account, quarantine_id, "discarded")


async def _turn(
    connection: Connection, services: ServicesDep, account: Account, quarantine_id: int, state: Literal["requested", "discarded"]
) -> QuarantineOne:
    before = await _one(connection, account, quarantine_id)
    move = stored.request_replay if state == "requested" else stored.discard
    try:
        await move(connection, quarantine_id, services.now())
    except stored.StateError:
        raise ApiError(409, "message_settled", "state", state=before.state) from None
    action = "quarantine.replay" if state == "requested" else "quarantine.discard"
    await write_audit(connection, services.now(), account.id, action, str(quarantine_id))
    return await _one(connection, account, quarantine_id)


async def _one(connection: Connection, account: Account, quarantine_id: int) -> QuarantineOne:
    if not 0 <= quarantine_id < 2**62:
        raise not_found("quarantine_id", "message")
    cursor = await connection.execute(
        """
        SELECT id, first_at, last_at, seen, topic, site_id, reason, detail, state, state_at, outcome, payload_bytes,
               properties, content_type, batch_key, payload, payload_sha256
        FROM quarantine WHERE id = %(id)s AND (%(topic)s::text IS NULL OR starts_with(topic, %(topic)s))
        """,
        {**_limits(account), "id": quarantine_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("quarantine_id", "message")
    return QuarantineOne(
        **_item(row), properties=row[12], content_type=row[13], batch_key=row[14],
        payload_base64=base64.b64encode(row[15]).decode(), payload_sha256=row[16].hex(),
    )  # fmt: skip
