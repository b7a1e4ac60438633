"""How an operator's goods come to its stations: as bags, or by SKU and distributed there (分货). Counts from the next plan on."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Planner, ServicesDep, Transaction, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.text import SiteIdText
from cloud.auth.audit import write_audit
from cloud.store.pool import Connection

router = APIRouter(prefix="/api/operators/{operator_id}/pack-modes", tags=["batches"])

Mode = Literal["order_bag", "sku_bulk"]


class PackModes(BaseModel):
    """``stations``: those where it is not ``default``, and that the operator has today or will have."""

    model_config = ConfigDict(extra="forbid")
    default: Mode
    stations: dict[SiteIdText, Mode] = Field(default={}, max_length=5000)


@router.get("")
async def look_at_modes(operator_id: str, account: Planner, services: ServicesDep, connection: Transaction) -> PackModes:
    """What counts now."""
    require_operator(account, operator_id)
    return await _modes(connection, operator_id, services.now())


@router.put("")
async def set_modes(
    operator_id: str, wanted: PackModes, account: Planner, services: ServicesDep, connection: Transaction
) -> PackModes:
    """Say all of it anew. Plans that are made already stay as they are."""
    require_operator(account, operator_id)
    now = services.now()
    before = await _modes(connection, operator_id, now)
    cursor = await connection.execute(
        """
        SELECT r.site_id FROM site_operator r JOIN site s ON s.id = r.site_id JOIN operator o ON o.id = r.operator_id
        WHERE r.operator_id = %s AND s.kind = 'station' AND r.valid && daterange((%s AT TIME ZONE o.time_zone)::date, NULL)
        """,
        [operator_id, now],
    )
    stations = {row[0] for row in await cursor.fetchall()}
    if strangers := sorted(set(wanted.stations) - stations):
        raise ApiError(422, "no_station", f"stations.{strangers[0]}", site=strangers[0], operator=operator_id)
    own = {site: mode for site, mode in wanted.stations.items() if mode != wanted.default}
    await connection.execute("UPDATE operator SET pack_mode = %s WHERE id = %s", [wanted.default, operator_id])
    await connection.execute(
        """
        UPDATE site_operator r SET pack_mode = (
            SELECT given.mode FROM unnest(%s::text[], %s::text[]) AS given (site, mode) WHERE given.site = r.site_id)
        WHERE r.operator_id = %s
        """,
        [list(own), list(own.values()), operator_id],
    )
    detail = {"before": before.model_dump(), "after": wanted.model_dump()}
    await write_audit(connection, now, account.id, "pack_modes.set", operator_id, detail)
    return await _modes(connection, operator_id, now)


async def _modes(connection: Connection, operator_id: str, now: datetime) -> PackModes:
    cursor = await connection.execute("SELECT pack_mode FROM operator WHERE id = %s", [operator_id])
    row = await cursor.fetchone()
    if row is None:
        raise not_found("operator_id", "operator")
    cursor = await connection.execute(
        """
        SELECT r.site_id, r.pack_mode FROM site_operator r JOIN operator o ON o.id = r.operator_id
        WHERE r.operator_id = %s AND r.pack_mode <> %s AND r.valid && daterange((%s AT TIME ZONE o.time_zone)::date, NULL)
        ORDER BY 1
        """,
        [operator_id, row[0], now],
    )
    return PackModes(default=row[0], stations=dict(await cursor.fetchall()))
