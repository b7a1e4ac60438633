"""How a station is set up: its key for fetching the manifest, staff, shelves, locker cells, rules.

Whatever is changed here reaches the station with its next manifest, within a minute.
"""

import base64
import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import anyio.to_thread
import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cloud.api.context import Planner, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.text import Text
from cloud.auth.accounts import Account
from cloud.auth.audit import write_audit
from cloud.auth.broker_passwords import mosquitto_hash
from cloud.domain.scope import Role
from cloud.store.manifest_facts import changed, ensure_station
from cloud.store.pool import Connection
from cloud.store.site_keys import add_key, revoke_keys
from edge.wire.manifest import StationRules
from edge.wire.pickup import BADGE_PREFIX, Scrypt, badge_key, read_pin, secret_key

router = APIRouter(prefix="/api", tags=["stations"])

Zone = Literal["ambient", "chilled", "frozen"]
_KEY_BYTES = 24


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CredentialIn(_Form):
    """``key``: one that the site has already, such as its password at the broker; left out, one is made."""

    key: Annotated[str, StringConstraints(min_length=16, max_length=200, pattern=r"^[!-~]+$")] | None = None


class CredentialOut(BaseModel):
    """Shown this once: HTTP Basic for the site's manifest."""

    username: str
    key: str


class StaffIn(_Form):
    """``pin``: 4 to 8 digits, of nobody else at the station. ``with_badge``: make a badge; its text is shown once."""

    name: Text = Field(min_length=1, max_length=60)
    role: Literal["staff", "leader"] = "staff"
    pin: Text | None = Field(default=None, max_length=16)
    with_badge: bool = False


class StaffOut(BaseModel):
    """``badge``: the text of a new badge, to be printed as a QR; null otherwise."""

    staff: str
    name: str
    role: str
    has_pin: bool
    has_badge: bool
    badge: str | None = None


class StaffList(BaseModel):
    staff: list[StaffOut]


class ShelfIn(_Form):
    slot: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}[0-9]{1,3}$")]
    zone: Zone
    capacity: Annotated[int, Field(ge=1, le=1000)] = 1


class ShelvesForm(_Form):
    """All slots, in the order in which they are to be filled."""

    shelves: list[ShelfIn] = Field(max_length=2000)


class CellIn(_Form):
    cell: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,19}$")]
    zone: Zone
    size: Literal["S", "M", "L"]


class CellsForm(_Form):
    cells: list[CellIn] = Field(max_length=2000)


class RulesForm(_Form):
    """A station's rules (StationRules), and what one derivation of a code's key costs: scrypt's n."""

    rules: dict[str, Any] = {}
    code_cost: Literal[1024, 2048, 4096, 8192, 16384, 32768] = 16384


WITH_AGENT = ("station", "dock", "van")  # kinds of sites that fetch a manifest, by a key of their own, and where people log in

StaffIdText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


async def own_station(connection: Connection, account: Account, site_id: str) -> None:
    """404 where there is no such station for the account; 403 where other operators share it and no admin asks."""
    await own_site(connection, account, site_id, ("station",))


async def own_site(connection: Connection, account: Account, site_id: str, kinds: Sequence[str] = ("station", "dock")) -> None:
    """As `own_station`, for what stations and docks both have."""
    cursor = await connection.execute("SELECT kind FROM site WHERE id = %s", [site_id])
    row = await cursor.fetchone()
    if row is None or row[0] not in kinds or not account.scope.may_see_site(site_id):
        raise not_found("site_id", "site")
    if site_id in account.scope.shared_site_ids and account.role != Role.ADMIN:
        raise ApiError(403, "shared_site", "site_id")


@router.post("/sites/{site_id}/credentials", status_code=201)
async def add_credential(
    site_id: str, wanted: CredentialIn, account: Planner, services: ServicesDep, connection: Transaction
) -> CredentialOut:
    """A key for the site; one that it has already is not given twice. Those it has go on until they are taken back."""
    await own_site(connection, account, site_id, WITH_AGENT)
    key = wanted.key or secrets.token_urlsafe(_KEY_BYTES)
    if await add_key(connection, site_id, key, mosquitto_hash(key), services.now()):
        await write_audit(connection, services.now(), account.id, "site.key.add", site_id)
    return CredentialOut(username=site_id, key=key)


@router.delete("/sites/{site_id}/credentials", status_code=204)
async def take_back_credentials(site_id: str, account: Planner, services: ServicesDep, connection: Transaction) -> None:
    """All keys of the site."""
    await own_site(connection, account, site_id, WITH_AGENT)
    await revoke_keys(connection, site_id, services.now())
    await write_audit(connection, services.now(), account.id, "site.key.revoke", site_id)


@router.get("/sites/{site_id}/staff")
async def list_staff(site_id: str, account: Planner, connection: Transaction) -> StaffList:
    """Who may log in there."""
    await own_site(connection, account, site_id, WITH_AGENT)
    cursor = await connection.execute(
        """
        SELECT staff, name, role, pin_key IS NOT NULL, badge_key IS NOT NULL FROM staff_member
        WHERE site_id = %s AND disabled_at IS NULL ORDER BY staff
        """,
        [site_id],
    )
    return StaffList(
        staff=[StaffOut(staff=row[0], name=row[1], role=row[2], has_pin=row[3], has_badge=row[4]) async for row in cursor]
    )


@router.put("/sites/{site_id}/staff/{staff}")
async def set_staff(
    site_id: str, staff: StaffIdText, wanted: StaffIn, account: Planner, services: ServicesDep, connection: Transaction
) -> StaffOut:
    """Add somebody, or change them. Without ``pin`` or ``with_badge`` what they had stays."""
    await own_site(connection, account, site_id, WITH_AGENT)
    salt = await ensure_station(connection, site_id)
    pin_key, badge = None, None
    if wanted.pin is not None:
        pin = read_pin(wanted.pin)
        if pin is None:
            raise ApiError(422, "bad_pin", "pin")
        pin_key = await anyio.to_thread.run_sync(secret_key, pin, Scrypt(salt=salt))
        cursor = await connection.execute(
            "SELECT FROM staff_member WHERE site_id = %s AND pin_key = %s AND staff <> %s AND disabled_at IS NULL",
            [site_id, pin_key, staff],
        )
        if await cursor.fetchone() is not None:
            raise ApiError(409, "pin_taken", "pin")
    if wanted.with_badge:
        badge = BADGE_PREFIX + _base32(16)
    cursor = await connection.execute(
        """
        INSERT INTO staff_member AS held (site_id, staff, name, role, pin_key, badge_key) VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (site_id, staff) DO UPDATE SET name = excluded.name, role = excluded.role, disabled_at = NULL,
            pin_key = coalesce(excluded.pin_key, held.pin_key), badge_key = coalesce(excluded.badge_key, held.badge_key)
        RETURNING pin_key IS NOT NULL, badge_key IS NOT NULL
        """,
        [site_id, staff, wanted.name, wanted.role, pin_key, badge_key(badge, salt) if badge else None],
    )
    has_pin, has_badge = await cursor.fetchone() or (False, False)
    await changed(connection, site_id)
    await write_audit(connection, services.now(), account.id, "staff.set", f"{site_id}/{staff}")
    return StaffOut(staff=staff, name=wanted.name, role=wanted.role, has_pin=has_pin, has_badge=has_badge, badge=badge)


@router.delete("/sites/{site_id}/staff/{staff}", status_code=204)
async def remove_staff(site_id: str, staff: StaffIdText, account: Planner, services: ServicesDep, connection: Transaction) -> None:
    """They may not log in any more, once the station has its next manifest. Their PIN is free again."""
    await own_site(connection, account, site_id, WITH_AGENT)
    cursor = await connection.execute(
        """
        UPDATE staff_member SET disabled_at = %s, pin_key = NULL, badge_key = NULL
        WHERE site_id = %s AND staff = %s AND disabled_at IS NULL
        """,
        [services.now(), site_id, staff],
    )
    if not cursor.rowcount:
        raise not_found("staff", "staff")
    await changed(connection, site_id)
    await write_audit(connection, services.now(), account.id, "staff.remove", f"{site_id}/{staff}")


@router.put("/sites/{site_id}/shelves")
async def set_shelves(
    site_id: str, wanted: ShelvesForm, account: Planner, services: ServicesDep, connection: Transaction
) -> ShelvesForm:
    """Replace the station's shelf slots."""
    await own_station(connection, account, site_id)
    if len({shelf.slot for shelf in wanted.shelves}) != len(wanted.shelves):
        raise ApiError(422, "place_twice", "shelves")
    await connection.execute("DELETE FROM shelf WHERE site_id = %s", [site_id])
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO shelf (site_id, slot, zone, capacity, place) VALUES (%s, %s, %s, %s, %s)",
            [(site_id, shelf.slot, shelf.zone, shelf.capacity, place) for place, shelf in enumerate(wanted.shelves)],
        )
    await changed(connection, site_id)
    await write_audit(connection, services.now(), account.id, "site.shelves", site_id, {"shelves": len(wanted.shelves)})
    return wanted


@router.put("/sites/{site_id}/cells")
async def set_cells(site_id: str, wanted: CellsForm, account: Planner, services: ServicesDep, connection: Transaction) -> CellsForm:
    """Replace the station's locker cells. Which board and lock each is stands in the site's TOML."""
    await own_station(connection, account, site_id)
    if len({cell.cell for cell in wanted.cells}) != len(wanted.cells):
        raise ApiError(422, "place_twice", "cells")
    await connection.execute("DELETE FROM locker_cell WHERE site_id = %s", [site_id])
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO locker_cell (site_id, cell, zone, size) VALUES (%s, %s, %s, %s)",
            [(site_id, cell.cell, cell.zone, cell.size) for cell in wanted.cells],
        )
    await changed(connection, site_id)
    await write_audit(connection, services.now(), account.id, "site.cells", site_id, {"cells": len(wanted.cells)})
    return wanted


@router.put("/sites/{site_id}/rules")
async def set_rules(site_id: str, wanted: RulesForm, account: Planner, services: ServicesDep, connection: Transaction) -> RulesForm:
    """Replace the station's rules; what is not named has its default."""
    await own_station(connection, account, site_id)
    unknown = set(wanted.rules) - set(StationRules.__struct_fields__)
    try:
        rules = msgspec.convert(wanted.rules, StationRules)
    except msgspec.ValidationError as error:
        raise ApiError(422, "bad_rules", "rules", detail=str(error)) from None
    if unknown:
        raise ApiError(422, "bad_rules", "rules", detail=f"there is no rule {min(unknown)}")
    await ensure_station(connection, site_id)
    await connection.execute(
        "UPDATE station SET rules = %s::jsonb, code_cost = %s WHERE site_id = %s",
        [msgspec.json.encode(rules).decode(), wanted.code_cost, site_id],
    )
    await changed(connection, site_id)
    await write_audit(connection, services.now(), account.id, "site.rules", site_id)
    return RulesForm(rules=msgspec.to_builtins(rules), code_cost=wanted.code_cost)


def _base32(count: int) -> str:
    return base64.b32encode(secrets.token_bytes(count)).decode().rstrip("=")
