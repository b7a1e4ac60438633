"""A leader's group by its signed link: the day, reminders, a phone number for a call.

The link comes as a bearer token, so that no log has it. It binds a phone for ninety days, shows the orders of one group
(cloud/domain/scope.py), and can be taken back.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cloud.api.clock import clock_out
from cloud.api.context import Services, ServicesDep, Transaction, token_of
from cloud.api.errors import ApiError, not_found
from cloud.api.leader_forms import (
    CommissionOut,
    CommissionSum,
    HotItemOut,
    LeaderDayOut,
    LeaderOrder,
    LeaderStation,
    OrderIn,
    PhoneOut,
    ReminderOut,
    ScoreOut,
    Shortage,
    ShortOrder,
)
from cloud.api.links import live_address
from cloud.api.text import iso_of, iso_or_none
from cloud.auth.audit import write_audit
from cloud.auth.links import LEADER_LINKS, Link, LinkError, LinkExpiredError, LinkSigner
from cloud.auth.masking import masked_name
from cloud.auth.residents import ResidentVault
from cloud.domain.allocation import ShortageRule
from cloud.domain.commission import COMPLAINTS, HandedOut, Refund, commission
from cloud.domain.order import OrderState, iso
from cloud.domain.rooms import group_room, order_room
from cloud.domain.scope import ORDERS_IN_SCOPE, Role, Scope
from cloud.store import group_orders, leaders
from cloud.store.group_orders import GroupOrder, ShortLine
from cloud.store.group_vans import group_stations
from cloud.store.leaders import Leader, OperatorsDay
from cloud.store.pool import Connection
from cloud.store.rooms import change, entry

router = APIRouter(prefix="/api/leader", tags=["leader"])

# Something lies there for its resident: only then is there anything to come for.
TO_FETCH = (OrderState.READY, OrderState.PARTIALLY_COLLECTED, OrderState.OVERDUE)
# Of numbers shown in clear, a day and group: a round of calls, and not a list of everybody to be carried off.
MOST_PHONES_A_DAY = 100


@dataclass(frozen=True, slots=True)
class Bound:
    """Whose link was sent, and the operator's day it is used on."""

    link: Link
    leader: Leader
    day: OperatorsDay

    @property
    def scope(self) -> Scope:
        """Own group only."""
        return Scope(Role.GROUP, self.leader.operator_id, frozenset(), leader_id=self.leader.id)


def leader_links(services: Services) -> LinkSigner:
    """Signs leaders' links; no other link is one of them, and the other way round."""
    return services.signer.of_kind(LEADER_LINKS)


async def bound(request: Request, response: Response, services: ServicesDep, connection: Transaction) -> Bound:
    """What the link says whose token was sent; 404 where it is none of ours, 410 where it is good no more."""
    response.headers["Cache-Control"] = "no-store"
    try:
        link = leader_links(services).read(token_of(request) or "")
    except LinkExpiredError:
        raise ApiError(410, "leader_link_expired", "authorization") from None
    except LinkError:
        raise ApiError(404, "leader_link_invalid", "authorization") from None
    operator, _, number = link.order_id.partition("/")
    leader = await leaders.find_leader(connection, operator, number)
    day = await leaders.operators_day(connection, operator, services.now())
    if leader is None or day is None:
        raise ApiError(404, "leader_link_invalid", "authorization")
    if leader.link_version != link.version:
        raise ApiError(410, "leader_link_taken_back", "authorization")
    return Bound(link, leader, day)


BoundLeader = Annotated[Bound, Depends(bound, scope="function")]


@router.get("/day")
async def look_at_day(me: BoundLeader, services: ServicesDep, connection: Transaction) -> LeaderDayOut:
    """The group's orders of today, of the days to come and what is left of earlier ones; what is short; what was earned."""
    scope, day, leader = me.scope, me.day, me.leader
    room = group_room(leader.operator_id, leader.id)
    # Read first: what changes while the rest is read comes once more over the socket.
    cursor = await connection.execute("SELECT version FROM room WHERE name = %s", [room])
    version = await cursor.fetchone()
    found = await group_orders.group_orders(connection, scope, day.today, day.time_zone)
    return LeaderDayOut(
        leader=leader.id, name=leader.name, operator_name=day.name,
        stations=[
            LeaderStation(site=one.id, name=one.name, is_silent=one.is_silent)
            for one in await group_stations(connection, scope, day.today)
        ],
        today=day.today.isoformat(), orders=[_order(services.vault, leader.operator_id, one) for one in found],
        shortages=_shortages(await group_orders.short_lines(connection, scope, day.today)),
        shortage_rule=ShortageRule(day.shortage_rule).value,
        hot_items=[
            HotItemOut(sku=one.sku, name=one.name, pieces=one.pieces, orders=one.orders)
            for one in await group_orders.hot_items(connection, scope, day.today)
        ],
        score=await _score(connection, scope, day), commission=await _commission(connection, scope, me), room=room,
        cursor=0 if version is None else version[0], live_url=live_address(services), pickup_until=day.pickup_until,
        time_zone=day.time_zone, clock=clock_out(services.clock), expires_at=iso(me.link.expires_ms), as_of=iso_of(services.now()),
    )  # fmt: skip


def _order(vault: ResidentVault, operator: str, one: GroupOrder) -> LeaderOrder:
    return LeaderOrder(
        order=one.id, external_id=one.external_id, site=one.site_id, pickup_date=one.pickup_date.isoformat(), state=one.state,
        state_at=iso_of(one.state_at),
        resident=None if one.name_encrypted is None else masked_name(vault.open(operator, one.name_encrypted)),
        phone_tail=one.phone_tail, pieces=one.pieces, short=one.short, slots=one.slots, reminded_at=iso_or_none(one.reminded_at),
        may_remind=one.state in TO_FETCH,
    )  # fmt: skip


def _shortages(lines: list[ShortLine]) -> list[Shortage]:
    by_article: dict[tuple[date, str], list[ShortLine]] = {}
    for one in lines:
        by_article.setdefault((one.pickup_date, one.sku), []).append(one)
    return [
        Shortage(
            sku=sku, name=of_article[0].name, pickup_date=day.isoformat(), short=sum(one.short for one in of_article),
            missing=sum(one.missing for one in of_article),
            orders=[
                ShortOrder(
                    order=one.order_id, external_id=one.external_id, phone_tail=one.phone_tail, wanted=one.wanted,
                    short=one.short, missing=one.missing,
                )
                for one in of_article
            ],
        )
        for (day, sku), of_article in by_article.items()
    ]  # fmt: skip


async def _score(connection: Connection, scope: Scope, day: OperatorsDay) -> ScoreOut:
    counted = await group_orders.score(connection, scope, day.today, day.time_zone)
    return ScoreOut(
        days=group_orders.SCORED.days, orders=counted.orders, on_day=_share(counted.on_day, counted.orders),
        short=_share(counted.short, counted.pieces), cases=_share(counted.cases, counted.lines),
    )  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return None if whole == 0 else part / whole


async def _commission(connection: Connection, scope: Scope, me: Bound) -> CommissionOut:
    today = me.day.today
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    handed = await group_orders.handed_out(connection, scope, before, me.day.time_zone)
    parcels = sorted({one.piece.parcel for one in handed})
    given_back = await group_orders.refunds(connection, scope, parcels, me.leader.keeps_site_id)

    def of(lines: list[HandedOut]) -> CommissionSum:
        return _sum(lines, given_back, me.day)

    return CommissionOut(
        fen_a_piece=me.day.commission_fen, complaint_days=COMPLAINTS.days, today=of([one for one in handed if one.day == today]),
        this_month=of([one for one in handed if one.day >= month]), last_month=of([one for one in handed if one.day < month]),
    )  # fmt: skip


def _sum(lines: list[HandedOut], given_back: list[Refund], day: OperatorsDay) -> CommissionSum:
    parcels = {one.piece.parcel for one in lines}
    found = commission(lines, [one for one in given_back if one.piece.parcel in parcels], day.commission_fen, day.today)
    return CommissionSum(
        pieces=found.pieces, refunded=found.refunded, liable_fen=found.liable_fen, pending_fen=found.pending_fen,
        due_fen=found.due_fen, total_fen=found.total_fen,
    )  # fmt: skip


@router.post("/reminders")
async def remind(wanted: OrderIn, me: BoundLeader, services: ServicesDep, connection: Transaction) -> ReminderOut:
    """Ask a resident to come (催提), once an order and day: it stands on their page at once. Nothing is sent besides."""
    state, _, _ = await _of_group(connection, me, wanted.order)
    if state not in TO_FETCH:
        raise ApiError(409, "nothing_waits", "order")
    now = services.now()
    before = await leaders.remind(connection, wanted.order, me.leader.id, me.day.today, now)
    if before is not None:
        return ReminderOut(order=wanted.order, outcome="already", at=iso_of(before))
    body = {"at": iso_of(now), "day": me.day.today.isoformat(), "by": me.leader.name, "until": me.day.pickup_until}
    await change(connection, [entry(order_room(wanted.order), "reminder", body)], now)
    await write_audit(connection, now, None, "leader.remind", wanted.order, {"leader": me.link.order_id})
    return ReminderOut(order=wanted.order, outcome="done", at=iso_of(now))


@router.post("/phone")
async def show_phone(wanted: OrderIn, me: BoundLeader, services: ServicesDep, connection: Transaction) -> PhoneOut:
    """A resident's number, in clear, for a call. Each time is on record with the leader's name."""
    _, name, phone = await _of_group(connection, me, wanted.order)
    if name is None or phone is None:
        raise ApiError(409, "no_phone_of_order", "order")
    now = services.now()
    # Two at once wait for each other here, else both would be the hundredth.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('leader phones ' || %s, 0))", [me.link.order_id])
    if await leaders.phones_shown(connection, me.link.order_id, now - timedelta(days=1), wanted.order) >= MOST_PHONES_A_DAY:
        raise ApiError(429, "too_many_phones", "order", most=MOST_PHONES_A_DAY)
    await write_audit(connection, now, None, "leader.phone", wanted.order, {"leader": me.link.order_id})
    operator = me.leader.operator_id
    return PhoneOut(order=wanted.order, name=services.vault.open(operator, name), phone=services.vault.open(operator, phone))


async def _of_group(connection: Connection, me: Bound, order: str) -> tuple[str, bytes | None, bytes | None]:
    """State, name and phone of an order of the group; 404 for any other, as if there were none."""
    cursor = await connection.execute(
        f"""
        SELECT o.state, r.name_encrypted, r.phone_encrypted FROM customer_order o LEFT JOIN resident r ON r.id = o.resident_id
        WHERE o.id = %(order)s AND o.cancelled_at IS NULL AND {ORDERS_IN_SCOPE}
        """,  # noqa: S608  # literals only
        {**me.scope.order_filter(), "order": order},
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("order", "order")
    return row[0], row[1], row[2]
