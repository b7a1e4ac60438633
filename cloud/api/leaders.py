"""An operator's leaders, as planners keep them: who leads which group, their links, and the rules their pages declare."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Planner, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.leader import leader_links
from cloud.api.order_forms import LeaderIdText
from cloud.api.qr import qr_rows
from cloud.api.text import SiteIdText, Text
from cloud.auth.audit import write_audit
from cloud.auth.links import LEADER_LINK_LIFE_MS
from cloud.domain.order import iso
from cloud.domain.rooms import group_room
from cloud.store import leaders
from cloud.store.leaders import Leader
from cloud.store.pool import Connection
from cloud.store.rooms import change, entry

router = APIRouter(prefix="/api/operators/{operator_id}", tags=["leaders"])


class LeaderIn(BaseModel):
    """``name`` is shown to residents. ``keeps``: the station they keep; orders there that name no leader are of their group."""

    model_config = ConfigDict(extra="forbid")
    name: Text = Field(min_length=1, max_length=60)
    keeps: SiteIdText | None = None


class LeaderOut(LeaderIn):
    id: str


class LeaderList(BaseModel):
    leaders: list[LeaderOut]


class LeaderLinkOut(BaseModel):
    url: str
    qr: list[str]
    expires_at: str


class LeaderRules(BaseModel):
    """``commission_fen``: for each piece that was handed out and not refunded. ``shortage``: who gets less.

    first: whoever ordered first gets first; even: a piece each in turn.
    """

    model_config = ConfigDict(extra="forbid")
    commission_fen: Annotated[int, Field(ge=0, le=100_000)]
    shortage: Literal["first", "even"]


@router.get("/leaders")
async def list_leaders(operator_id: str, account: Planner, connection: Transaction) -> LeaderList:
    """All of the operator's."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    return LeaderList(leaders=[_out(one) for one in await leaders.list_leaders(connection, operator_id)])


@router.put("/leaders/{leader_id}")
async def put_leader(
    operator_id: str, leader_id: LeaderIdText, wanted: LeaderIn, account: Planner, services: ServicesDep, connection: Transaction
) -> LeaderOut:
    """Add a leader, or change name and station. Links that were made stand."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    if wanted.keeps is not None:
        await _require_free_station(connection, services.now(), operator_id, leader_id, wanted.keeps)
    before = await leaders.find_leader(connection, operator_id, leader_id)
    await leaders.put_leader(connection, services.now(), operator_id, leader_id, wanted.name, wanted.keeps)
    if before is not None and before.keeps_site_id is not None and before.keeps_site_id != wanted.keeps:
        await _leave_room(connection, services.now(), before)
    await write_audit(connection, services.now(), account.id, "leader.put", f"{operator_id}/{leader_id}", {"keeps": wanted.keeps})
    return LeaderOut(id=leader_id, name=wanted.name, keeps=wanted.keeps)


async def _require_free_station(connection: Connection, now: datetime, operator_id: str, leader_id: str, site: str) -> None:
    cursor = await connection.execute(
        """
        SELECT FROM site_operator so JOIN site s ON s.id = so.site_id JOIN operator o ON o.id = so.operator_id
        WHERE so.operator_id = %s AND s.id = %s AND s.kind = 'station'
            AND so.valid @> (%s::timestamptz AT TIME ZONE o.time_zone)::date
        """,
        [operator_id, site, now],
    )
    if await cursor.fetchone() is None:
        raise ApiError(422, "no_station", "keeps", site=site, operator=operator_id)
    keeper = await leaders.keeper_of(connection, operator_id, site)
    if keeper not in (None, leader_id):
        raise ApiError(409, "leader_station_taken", "keeps", site=site, leader=keeper or "")


async def _leave_room(connection: Connection, now: datetime, before: Leader) -> None:
    """What was of the group by the station alone is so no longer, and leaves its room."""
    room = group_room(before.operator_id, before.id)
    cursor = await connection.execute(
        """
        SELECT e.key FROM room_entry e JOIN customer_order o ON o.id = substr(e.key, length('order/') + 1)
        WHERE e.room = %s AND e.body IS NOT NULL AND o.leader_id IS NULL ORDER BY e.key
        """,
        [room],
    )
    await change(connection, [entry(room, row[0], None) for row in await cursor.fetchall()], now)


@router.post("/leaders/{leader_id}/link", status_code=201)
async def make_leader_link(
    operator_id: str, leader_id: str, account: Planner, services: ServicesDep, connection: Transaction
) -> LeaderLinkOut:
    """A link that binds a leader's phone for ninety days."""
    found = await _found(connection, account.scope.operator_id, operator_id, leader_id)
    token = leader_links(services).sign(f"{operator_id}/{leader_id}", found.link_version, life_ms=LEADER_LINK_LIFE_MS)
    await write_audit(connection, services.now(), account.id, "leader_link.make", f"{operator_id}/{leader_id}")
    url = f"{services.config.public_url.rstrip('/')}/g/{token}"
    return LeaderLinkOut(url=url, qr=qr_rows(url), expires_at=iso(services.clock.now_ms() + LEADER_LINK_LIFE_MS))


@router.delete("/leaders/{leader_id}/link", status_code=204)
async def take_back_leader_links(
    operator_id: str, leader_id: str, account: Planner, services: ServicesDep, connection: Transaction
) -> None:
    """All phones that are bound to this leader are so no longer."""
    await _found(connection, account.scope.operator_id, operator_id, leader_id)
    await leaders.take_back_links(connection, operator_id, leader_id, services.now())
    await write_audit(connection, services.now(), account.id, "leader_link.revoke", f"{operator_id}/{leader_id}")


@router.get("/leader-rules")
async def look_at_rules(operator_id: str, account: Planner, services: ServicesDep, connection: Transaction) -> LeaderRules:
    """What leaders earn, and who goes short."""
    require_operator(account, operator_id)
    day = await leaders.operators_day(connection, operator_id, services.now())
    if day is None:
        raise not_found("operator_id", "operator")
    return LeaderRules.model_validate({"commission_fen": day.commission_fen, "shortage": day.shortage_rule})


@router.put("/leader-rules")
async def set_rules(
    operator_id: str, wanted: LeaderRules, account: Planner, services: ServicesDep, connection: Transaction
) -> LeaderRules:
    """Counts at once for all commission that is shown, and for shortages from the next allocation."""
    before = await look_at_rules(operator_id, account, services, connection)
    await connection.execute(
        "UPDATE operator SET commission_fen = %s, shortage_rule = %s WHERE id = %s",
        [wanted.commission_fen, wanted.shortage, operator_id],
    )
    detail = {"before": before.model_dump(), "after": wanted.model_dump()}
    await write_audit(connection, services.now(), account.id, "leader_rules.set", operator_id, detail)
    return wanted


async def _found(connection: Connection, own_operator: str | None, operator_id: str, leader_id: str) -> Leader:
    """404 for another operator's, as if there were none."""
    found = None
    if own_operator in (None, operator_id):
        found = await leaders.find_leader(connection, operator_id, leader_id)
    if found is None:
        raise not_found("leader_id", "leader")
    return found


def _out(one: Leader) -> LeaderOut:
    return LeaderOut(id=one.id, name=one.name, keeps=one.keeps_site_id)
