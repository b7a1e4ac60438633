"""The cold chain by REST: a parcel's account, a resident's parcels by their link, parcels that an alarm touched, limits."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.cold_views import ColdChainOut, ColdSummary, cold_chain_out, cold_summary
from cloud.api.context import CurrentAccount, Planner, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.link_holder import order_behind
from cloud.api.parcels import find_parcel
from cloud.api.text import iso_of, iso_or_none
from cloud.auth.audit import write_audit
from cloud.domain.boxes import most_gap_s, zone_of
from cloud.domain.scope import PARCELS_IN_SCOPE, SITES_IN_SCOPE
from cloud.store.cold_reading import cold_records
from cloud.store.goods_limits import limits_by_operator, set_limits
from cloud.store.pool import Connection
from cloud.store.site_boxes import boxes_of
from edge.rules.alarm_limits import Limits, limits_of
from edge.wire.messages import ColdBox, GoodsLimits

router = APIRouter(prefix="/api", tags=["cold chain"])

# A sensor that nobody told of in a box has no interval to be held to; older readings than these say nothing of its health.
_LOOKS_BACK = timedelta(days=7)
_UNDERWAY_S = 60.0  # live readings travel for seconds, and the minute's clock of a station may differ
_GoodsName = Literal["chilled", "chilled_wide", "frozen"]


class LimitsForm(BaseModel):
    """What each number does: edge/rules/alarm_limits.py. A number left out has its default; ``low_c`` null: no such limit."""

    model_config = ConfigDict(extra="forbid")
    low_c: float | None = Field(default=None, ge=-60, le=60)
    high_c: float | None = Field(default=None, ge=-60, le=60)
    rebound_c: float | None = Field(default=None, ge=-60, le=60)
    at_once_c: float = 4.0
    warn_s: int = 600
    alarm_s: int = 1200
    clear_c: float = 1.0
    clear_s: int = 300


class GoodsForm(BaseModel):
    """By class of goods; a class left out has the defaults."""

    model_config = ConfigDict(extra="forbid")
    limits: dict[_GoodsName, LimitsForm]


class GoodsOut(BaseModel):
    """What is in force for every class. ``is_own``: the operator has set it."""

    limits: dict[str, LimitsForm]
    is_own: list[str]


class TouchedParcel(BaseModel):
    """A parcel that lay where an alarm's sensor measures while it stood. ``out_min``: of the whole stay there.

    ``verdict`` breach: it was too warm for too long, and has ``temp_breach``; others were there and are good.
    """

    id: str
    operator: str | None
    site: str | None
    at_site: str | None
    state: str
    slot: str
    start: str
    end: str
    is_over: bool
    basis: str
    out_min: float
    verdict: str
    exceptions: list[str]


class TouchedList(BaseModel):
    parcels: list[TouchedParcel]


class LinkedColdChain(BaseModel):
    """Of every parcel of the order that is kept cold. ``waiting``: those of which nothing is known yet."""

    parcels: list[ColdSummary]
    waiting: list[str]
    as_of: str


class SensorHealth(BaseModel):
    """``box`` and ``zone`` "": it stands in none that the site told of. ``is_silent``: it owes its reading, or has an alarm.

    ``low_c``, ``high_c``: what its box is to keep, as the operator has set it; ``door``: the sensor of the box's door.
    """

    sensor: str
    box: str
    zone: str
    holds: list[str]
    last_at: str | None
    last_value: float | None
    is_silent: bool
    alarms: list[str]
    door: str
    low_c: float | None
    high_c: float | None


class SiteSensors(BaseModel):
    site: str
    as_of: str
    sensors: list[SensorHealth]


@router.get("/parcels/{parcel_id}/cold-chain")
async def parcel_cold_chain(
    parcel_id: str, account: CurrentAccount, services: ServicesDep, connection: Transaction
) -> ColdChainOut:
    """Where it lay, what was measured there, and what follows from it; 404 where nothing has to keep it cold."""
    found = await find_parcel(connection, account.scope, parcel_id)
    record = (await cold_records(connection, [found.id])).get(found.id)
    if record is None:
        raise not_found("parcel_id", "cold_account")
    out = await cold_chain_out(connection, record, services.now())
    if not found.is_foreign:
        return out
    # Of another operator's parcel only what happened at one's own sites is shown.
    seen = [stay for stay in out.stays if account.scope.may_see_site(stay.site)]
    series = [one for one in out.series if any(stay.start <= one.at < stay.end for stay in seen)]
    return out.model_copy(update={"stays": seen, "series": series})


@router.get("/links/{token}/cold-chain")
async def linked_cold_chain(token: str, response: Response, services: ServicesDep, connection: Transaction) -> LinkedColdChain:
    """The resident's own: their order's parcels, and no others."""
    response.headers["Cache-Control"] = "no-store"
    order_id = await order_behind(connection, services, token)
    cursor = await connection.execute(
        "SELECT id FROM parcel WHERE order_id = %s AND zone IN ('chilled', 'frozen') ORDER BY id", [order_id]
    )
    ids = [row[0] for row in await cursor.fetchall()]
    records = await cold_records(connection, ids)
    known = [record for one in ids if (record := records.get(one)) is not None and record.stays]
    return LinkedColdChain(
        parcels=[await cold_summary(connection, record, services.now()) for record in known],
        waiting=[one for one in ids if one not in {record.parcel for record in known}],
        as_of=iso_of(services.now()),
    )


@router.get("/alarms/{alarm_id}/parcels")
async def touched_parcels(alarm_id: int, account: CurrentAccount, services: ServicesDep, connection: Transaction) -> TouchedList:
    """Those that lay in the alarm's box while it stood: only they are to be pulled. The breaches first."""
    cursor = await connection.execute(
        f"SELECT a.site_id, a.subject, a.since, a.raised_at, a.cleared_at FROM alarm a JOIN site s ON s.id = a.site_id "  # noqa: S608
        f"WHERE a.id = %(id)s AND {SITES_IN_SCOPE}",
        {**account.scope.site_filter(), "id": alarm_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("alarm_id", "alarm")
    site, subject, since, raised_at, cleared_at = row
    cursor = await connection.execute(
        f"""
        SELECT p.id, p.operator_id, p.site_id, p.at_site_id, p.state, p.slot, t.from_at, t.to_at, t.is_over, t.basis, t.out_min,
               a.verdict, p.exceptions
        FROM cold_stay t JOIN parcel p ON p.id = t.parcel_id JOIN cold_account a ON a.parcel_id = p.id
        WHERE t.site_id = %(site)s AND %(subject)s = ANY(t.sensors) AND t.from_at < %(to)s
            AND t.from_at > %(from)s - interval '15 days' AND (NOT t.is_over OR t.to_at > %(from)s) AND {PARCELS_IN_SCOPE}
        ORDER BY a.verdict <> 'breach', t.out_min DESC, p.id LIMIT 1000
        """,  # noqa: S608  # literals only
        {
            **account.scope.parcel_filter(), "site": site, "subject": await _thermometer(connection, site, subject),
            "from": since or raised_at, "to": cleared_at or services.now(),
        },
    )  # fmt: skip
    return TouchedList(
        parcels=[
            TouchedParcel(
                id=one[0], operator=one[1], site=one[2], at_site=one[3], state=one[4], slot=one[5], start=iso_of(one[6]),
                end=iso_of(one[7]), is_over=one[8], basis=one[9], out_min=one[10], verdict=one[11], exceptions=one[12],
            )
            for one in await cursor.fetchall()
        ]
    )  # fmt: skip


async def _thermometer(connection: Connection, site: str, subject: str) -> str:
    """What measures behind a door that stands open; else the subject itself."""
    said = (await boxes_of(connection, {site})).get(site, [])
    return next((box.sensor for box in (said[-1].boxes if said else ()) if box.door and box.door == subject), subject)


@router.get("/sites/{site_id}/sensor-health")
async def sensor_health(site_id: str, account: CurrentAccount, services: ServicesDep, connection: Transaction) -> SiteSensors:
    """Every sensor a site has or ever had: when it last said something, and which alarms of it are open."""
    if not account.scope.may_see_site(site_id):
        raise not_found("site_id", "site")
    now = services.now()
    sensors = await sensors_now(connection, site_id, account.scope.operator_id, now)
    return SiteSensors(site=site_id, as_of=iso_of(now), sensors=sensors)


async def sensors_now(connection: Connection, site_id: str, operator_id: str | None, now: datetime) -> list[SensorHealth]:
    """Of one site, by name. ``operator_id``: who asks, None: an admin."""
    said = (await boxes_of(connection, {site_id})).get(site_id, [])
    by_sensor = {name: box for box in (said[-1].boxes if said else ()) for name in (box.sensor, box.door) if name}
    cursor = await connection.execute(
        """
        SELECT s.name, newest.at, newest.value,
               ARRAY(SELECT a.rule FROM alarm a WHERE a.site_id = s.site_id AND a.subject = s.name AND a.cleared_at IS NULL
                     AND a.closed_at IS NULL ORDER BY a.rule)
        FROM sensor s LEFT JOIN LATERAL (
            SELECT r.at, r.value FROM reading r WHERE r.sensor_id = s.id AND r.at > %(since)s ORDER BY r.at DESC LIMIT 1
        ) AS newest ON true
        WHERE s.site_id = %(site)s ORDER BY s.name
        """,
        {"site": site_id, "since": now - _LOOKS_BACK},
    )
    found = {row[0]: row[1:] for row in await cursor.fetchall()}
    names = sorted({*found, *by_sensor})
    limits = await _limits_at(connection, site_id, operator_id)
    return [_health(name, by_sensor.get(name), found.get(name, (None, None, [])), limits, now) for name in names]


async def _limits_at(connection: Connection, site_id: str, operator_id: str | None) -> Mapping[str, Limits]:
    """Of the operator who asks; for an admin, of the first that the site serves."""
    if operator_id is None:
        cursor = await connection.execute("SELECT min(operator_id) FROM site_operator WHERE site_id = %s", [site_id])
        row = await cursor.fetchone()
        operator_id = row[0] if row else None
    in_force = limits_of((await limits_by_operator(connection)).get(operator_id or "", {}))
    return {goods.value: one for goods, one in in_force.items()}


def _health(
    name: str, box: ColdBox | None, newest: tuple[Any, ...], limits: Mapping[str, Limits], now: datetime
) -> SensorHealth:  # fmt: skip
    at, value, alarms = newest
    kept = limits.get(box.goods) if box and box.sensor == name else None
    is_late = box is not None and (at is None or (now - at).total_seconds() > most_gap_s(box) + _UNDERWAY_S)
    return SensorHealth(
        sensor=name, box=box.name if box else "", zone=zone_of(box) if box else "", holds=list(box.holds) if box else [],
        last_at=iso_or_none(at), last_value=value, is_silent=is_late or "silent" in alarms, alarms=alarms,
        door=box.door if box and box.sensor == name else "",
        low_c=kept.low_c if kept else None, high_c=kept.high_c if kept else None,
    )  # fmt: skip


@router.get("/operators/{operator_id}/goods-limits")
async def look_at_limits(operator_id: str, account: CurrentAccount, connection: Transaction) -> GoodsOut:
    """How warm each class of goods may be."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    own = (await limits_by_operator(connection)).get(operator_id, {})
    in_force = limits_of(own)
    return GoodsOut(
        limits={
            goods.value: LimitsForm(
                low_c=one.low_c, high_c=one.high_c, rebound_c=one.rebound_c, at_once_c=one.at_once_c, warn_s=int(one.warn_s),
                alarm_s=int(one.alarm_s), clear_c=one.clear_c, clear_s=int(one.clear_s),
            )
            for goods, one in in_force.items()
        },
        is_own=sorted(own),
    )  # fmt: skip


@router.put("/operators/{operator_id}/goods-limits")
async def change_limits(
    operator_id: str, wanted: GoodsForm, account: Planner, services: ServicesDep, connection: Transaction
) -> GoodsOut:
    """Replace them. Stations hear of it when they are next connected; parcels that have left stay judged as they were."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    limits: dict[str, GoodsLimits] = {goods: GoodsLimits(**one.model_dump()) for goods, one in wanted.limits.items()}
    try:
        limits_of(limits)
    except ValueError as error:
        raise ApiError(422, "bad_limits", "limits", detail=str(error)) from None
    await set_limits(connection, operator_id, limits, services.now())
    detail = {goods: msgspec.to_builtins(one) for goods, one in limits.items()}
    await write_audit(connection, services.now(), account.id, "goods_limits.set", operator_id, detail)
    return await look_at_limits(operator_id, account, connection)
