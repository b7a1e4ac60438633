"""Commands to a site, for people at a distance: open a cell, beep, report. Each with a reason, on record, sent once.

What came of one is the site's own event (`command_finished`); an opening tells its door's feedback besides (`cell_opened`).
"""

import secrets
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cloud.api.context import CurrentAccount, Services, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.text import Text, iso_of
from cloud.auth.accounts import Account
from cloud.auth.audit import write_audit
from cloud.domain.scope import Role
from cloud.store.downlink_call import call_downlink
from cloud.store.pool import Connection

router = APIRouter(prefix="/api/sites/{site_id}/commands", tags=["commands"])


class CommandIn(BaseModel):
    """``ttl_s``: for how long it is worth doing, from now. ``reason``: why, for whoever looks at the record."""

    model_config = ConfigDict(extra="forbid")
    action: Literal["identify", "report", "open_cell"]
    cell: Annotated[str, StringConstraints(pattern=r"^([A-Z0-9][A-Z0-9-]{0,19})?$")] = ""
    reason: Text = Field(min_length=3, max_length=300)
    ttl_s: Annotated[float, Field(ge=1, le=300)] = 15.0

    @model_validator(mode="after")
    def _names_a_cell(self) -> "CommandIn":
        if (self.action == "open_cell") != bool(self.cell):
            raise ValueError("cell: want one where a cell is to be opened, and only there")
        return self


class CommandOut(BaseModel):
    """``outcome`` null: nothing was heard yet; ``late``: it was not sent in time and never will be."""

    id: str
    action: str
    cell: str
    reason: str
    account: int
    asked_at: str
    is_sent: bool
    is_late: bool
    outcome: str | None
    detail: str
    door: str | None


class CommandList(BaseModel):
    commands: list[CommandOut]


@router.post("", status_code=202)
async def ask(
    site_id: str, wanted: CommandIn, account: CurrentAccount, services: ServicesDep, connection: Transaction
) -> CommandOut:
    """Send a command. 409 where the site is not there: a command that waits would surprise whoever stands before the door."""
    _may_command(account, site_id)
    return await send(connection, services, account, site_id, Wanted(wanted.action, wanted.reason, wanted.ttl_s, wanted.cell))


class Wanted(NamedTuple):
    """What is to be done, and why. ``detail``: what it says besides its cell."""

    action: str
    reason: str
    ttl_s: float
    cell: str = ""
    detail: Mapping[str, str] = {}  # nobody writes to it


async def send(connection: Connection, services: Services, account: Account, site_id: str, wanted: Wanted) -> CommandOut:
    """Put a command on record and on its way; the caller knows that the account may. 409 where the site is not there."""
    cursor = await connection.execute(
        "SELECT t.online AND t.nonce <> '' FROM site s LEFT JOIN site_status t ON t.site_id = s.id WHERE s.id = %s", [site_id]
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("site_id", "site")
    if not row[0]:
        raise ApiError(409, "site_away", "site_id")
    command_id = secrets.token_hex(12)
    await connection.execute(
        """
        INSERT INTO command (id, site_id, action, cell, account_id, reason, asked_at, expires_at, ttl_s, detail)
        VALUES (%(id)s, %(site)s, %(action)s, %(cell)s, %(account)s, %(reason)s, %(now)s,
                now() + make_interval(secs => %(ttl)s), %(ttl)s, %(detail)s)
        """,
        {
            "id": command_id, "site": site_id, "action": wanted.action, "cell": wanted.cell, "account": account.id,
            "reason": wanted.reason, "now": services.now(), "ttl": wanted.ttl_s, "detail": Jsonb(dict(wanted.detail)),
        },
    )  # fmt: skip
    detail = {"command": command_id, "cell": wanted.cell, "reason": wanted.reason, **wanted.detail}
    await write_audit(connection, services.now(), account.id, f"command.{wanted.action}", site_id, detail)
    await call_downlink(connection)
    return (await _commands(connection, site_id, command_id))[0]


@router.get("")
async def list_commands(site_id: str, account: CurrentAccount, connection: Transaction) -> CommandList:
    """The last hundred, with what came of them."""
    _may_command(account, site_id)
    return CommandList(commands=await _commands(connection, site_id, None))


@router.get("/{command_id}")
async def look_at_command(site_id: str, command_id: str, account: CurrentAccount, connection: Transaction) -> CommandOut:
    """One, with what came of it."""
    _may_command(account, site_id)
    found = await _commands(connection, site_id, command_id)
    if not found:
        raise not_found("command_id", "command")
    return found[0]


def _may_command(account: Account, site_id: str) -> None:
    if not account.scope.may_see_site(site_id):
        raise not_found("site_id", "site")
    if account.role == Role.STAFF:  # they stand there
        raise ApiError(403, "role_may_not", "authorization", role=account.role, roles="a leader or a dispatcher")


async def _commands(connection: Connection, site_id: str, command_id: str | None) -> list[CommandOut]:
    cursor = await connection.execute(
        """
        SELECT c.id, c.action, c.cell, c.reason, c.account_id, c.asked_at, c.sent_at IS NOT NULL,
               c.sent_at IS NULL AND c.expires_at < now(), e.fact->>'outcome', coalesce(e.fact->>'detail', ''),
               (SELECT d.fact->>'outcome' FROM event d WHERE d.site_id = c.site_id AND d.kind = 'cell_opened'
                AND d.fact->>'command' = c.id AND d.received_at >= c.asked_at - interval '1 day' LIMIT 1)
        FROM command c
        LEFT JOIN LATERAL (
            SELECT fact FROM event WHERE kind = 'command_finished' AND fact->>'command' = c.id AND site_id = c.site_id LIMIT 1
        ) AS e ON true
        WHERE c.site_id = %(site)s AND (%(id)s::text IS NULL OR c.id = %(id)s) ORDER BY c.asked_at DESC, c.id LIMIT 100
        """,
        {"site": site_id, "id": command_id},
    )
    return [
        CommandOut(
            id=row[0], action=row[1], cell=row[2], reason=row[3], account=row[4], asked_at=iso_of(row[5]), is_sent=row[6],
            is_late=row[7], outcome=row[8], detail=row[9], door=row[10],
        )
        async for row in cursor
    ]  # fmt: skip
