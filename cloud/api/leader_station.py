"""What a leader sees of the stations the group fetches at: vans that come with goods for them, and how cold their boxes are."""

from datetime import datetime, timedelta

from fastapi import APIRouter

from cloud.api.cold_chain import sensors_now
from cloud.api.cold_views import BandOut, PointOut
from cloud.api.context import ServicesDep, Transaction
from cloud.api.leader import BoundLeader
from cloud.api.leader_forms import ComingVanOut, ComingVans, LeaderBox, LeaderCold, VanPlace, VanWindow
from cloud.api.text import iso_of, iso_or_none
from cloud.domain.boxes import zone_of
from cloud.domain.whereabouts import coarse
from cloud.store.goods_limits import limits_by_operator
from cloud.store.group_vans import ComingVan, GroupStation, coming_vans, group_stations
from cloud.store.pool import Connection
from cloud.store.site_boxes import boxes_of
from cloud.store.telemetry import QUARTER, readings, sensors_of
from edge.rules.alarm_limits import Goods, Limits, limits_of
from edge.rules.places import metres
from edge.wire.messages import ColdBox

router = APIRouter(prefix="/api/leader", tags=["leader"])

_DAY = timedelta(days=1)
_HALF_KM = 500.0


@router.get("/vans")
async def look_at_vans(me: BoundLeader, services: ServicesDep, connection: Transaction) -> ComingVans:
    """Only vans under way that have containers for the group's stations on board; nothing of where else they go."""
    stations = await group_stations(connection, me.scope, me.day.today)
    found = await coming_vans(connection, me.scope, [one.id for one in stations])
    return ComingVans(vans=[_van(one) for one in found], as_of=iso_of(services.now()))


def _van(one: ComingVan) -> ComingVanOut:
    window = None
    if one.early is not None and one.late is not None and one.as_of is not None:
        window = VanWindow(
            early=iso_of(one.early), late=iso_of(one.late), as_of=iso_of(one.as_of), is_estimate=bool(one.is_estimate)
        )
    return ComingVanOut(
        run=one.run, name=one.run_name, vehicle=one.vehicle_name, site=one.site_id, site_name=one.site_name, site_lat=one.site_lat,
        site_lon=one.site_lon, stops_before=one.stops_ahead, containers=one.containers,
        planned_arrival=iso_or_none(one.planned_arrival), window=window, place=_place(one),
    )  # fmt: skip


def _place(one: ComingVan) -> VanPlace | None:
    if one.lat is None or one.lon is None or one.fix_at is None:
        return None
    lat, lon = coarse(one.lat, one.lon)
    distance_km = None
    if one.site_lat is not None and one.site_lon is not None:
        halves = round(metres(lat, lon, one.site_lat, one.site_lon) / _HALF_KM)
        distance_km = halves / 2
    return VanPlace(lat=lat, lon=lon, at=iso_of(one.fix_at), distance_km=distance_km)


@router.get("/cold")
async def look_at_boxes(me: BoundLeader, services: ServicesDep, connection: Transaction) -> LeaderCold:
    """Every box that the group's stations told of, with its last day and the limits of its goods."""
    now = services.now()
    stations = await group_stations(connection, me.scope, me.day.today)
    said = await boxes_of(connection, {one.id for one in stations})
    limits = limits_of((await limits_by_operator(connection)).get(me.leader.operator_id, {}))
    boxes = [
        await _box(connection, station, box, limits, now)
        for station in stations
        for box in (said[station.id][-1].boxes if station.id in said else ())
    ]
    return LeaderCold(boxes=boxes, start=iso_of(now - _DAY), end=iso_of(now), as_of=iso_of(now))


async def _box(
    connection: Connection, station: GroupStation, box: ColdBox, limits: dict[Goods, Limits], now: datetime
) -> LeaderBox:
    known = {one.name: one.id for one in await sensors_of(connection, station.id)}
    series = [] if box.sensor not in known else await readings(connection, known[box.sensor], now - _DAY, now, QUARTER)
    health = next((one for one in await sensors_now(connection, station.id, now) if one.sensor == box.sensor), None)
    of_goods = limits.get(Goods(box.goods)) if box.goods in list(Goods) else None
    return LeaderBox(
        site=station.id, site_name=station.name, box=box.name, zone=zone_of(box),
        limits=BandOut(low_c=None if of_goods is None else of_goods.low_c, high_c=None if of_goods is None else of_goods.high_c),
        last_at=None if health is None else health.last_at, last_c=None if health is None else health.last_value,
        is_silent=health is None or health.is_silent, alarms=[] if health is None else health.alarms,
        series=[PointOut(at=iso_of(one.at), low=one.low, mean=one.mean, high=one.high) for one in series],
    )  # fmt: skip
