"""What a leader sees of the stations the group fetches at: vans that come with goods for them, and how cold their boxes are."""

from datetime import datetime, timedelta

from fastapi import APIRouter

from cloud.api.cold_chain import sensors_now
from cloud.api.cold_views import BandOut, PointOut
from cloud.api.context import ServicesDep, Transaction
from cloud.api.leader import BoundLeader
from cloud.api.leader_forms import ComingVanOut, ComingVans, LeaderBox, LeaderCold, VanPlace, VanWindow
from cloud.api.text import iso_of, iso_or_none
from cloud.domain.coarse import area_of
from cloud.store.group_vans import ComingVan, GroupStation, coming_vans, group_stations
from cloud.store.pool import Connection
from cloud.store.site_boxes import boxes_of
from cloud.store.telemetry import QUARTER, readings, sensors_of
from edge.rules.places import metres

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
    # As residents see it: two grids, laid over each other, would tell more than either.
    area = area_of(one.lat, one.lon)
    distance_km = None
    if one.site_lat is not None and one.site_lon is not None:
        halves = round(metres(area.lat, area.lon, one.site_lat, one.site_lon) / _HALF_KM)
        distance_km = halves / 2
    return VanPlace(lat=area.lat, lon=area.lon, at=iso_of(one.fix_at), distance_km=distance_km)


@router.get("/cold")
async def look_at_boxes(me: BoundLeader, services: ServicesDep, connection: Transaction) -> LeaderCold:
    """Every box that the group's stations told of, with its last day and the limits of its goods."""
    now = services.now()
    boxes = [
        box
        for station in await group_stations(connection, me.scope, me.day.today)
        for box in await _boxes(connection, station, me.leader.operator_id, now)
    ]
    return LeaderCold(boxes=boxes, start=iso_of(now - _DAY), end=iso_of(now), as_of=iso_of(now))


async def _boxes(connection: Connection, station: GroupStation, operator: str, now: datetime) -> list[LeaderBox]:
    said = (await boxes_of(connection, {station.id})).get(station.id, [])
    known = {one.name: one.id for one in await sensors_of(connection, station.id)}
    health = {one.sensor: one for one in await sensors_now(connection, station.id, operator, now)}
    found: list[LeaderBox] = []
    for box in said[-1].boxes if said else ():
        series = [] if box.sensor not in known else await readings(connection, known[box.sensor], now - _DAY, now, QUARTER)
        seen = health[box.sensor]
        found.append(
            LeaderBox(
                site=station.id, site_name=station.name, box=box.name, zone=seen.zone,
                limits=BandOut(low_c=seen.low_c, high_c=seen.high_c), last_at=seen.last_at, last_c=seen.last_value,
                is_silent=seen.is_silent, alarms=seen.alarms,
                series=[PointOut(at=iso_of(one.at), low=one.low, mean=one.mean, high=one.high) for one in series],
            )
        )  # fmt: skip
    return found
