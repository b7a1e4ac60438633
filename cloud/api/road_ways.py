"""Ways on roads by REST: which roads there are, a way with its turns, times and distances between sites, the pace of vans."""

import asyncio
import math
from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Admin, CurrentAccount, Planner, PlannerApart, Services, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.text import SiteIdText, iso_or_none
from cloud.auth.audit import write_audit
from cloud.domain.scope import SITES_IN_SCOPE
from cloud.eta.repacing import pace_anew
from cloud.roads import paces
from cloud.roads.narration import narrate
from cloud.roads.pace import HOURS, Pace
from cloud.roads.ways import SNAP_M, OffRoadError, Point, RoadsError, RoadSource, Route

router = APIRouter(prefix="/api/roads", tags=["roads"])

_MOST_SITES = 500
_MOST_POINTS = 100
Hour = Annotated[int, Field(ge=0, lt=HOURS)]
Factor = Annotated[float, Field(ge=0.5, le=4.0, allow_inf_nan=False)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PaceForm(_Form):
    """``factor``: seconds driven for one of the engine's, over the day; ``by_hour``: local hours 0 to 23, over that."""

    factor: Factor
    by_hour: list[Factor] = Field(min_length=HOURS, max_length=HOURS)


class RoadsOut(BaseModel):
    """``is_estimate``: ways are straight lines, not roads; ``why`` says why. ``pace_from``: a first guess, a person's word, or what
    vans drove; ``pace_at``: when it was set, or their tracks were read last; ``pace_legs``: of how many legs. The rest is of the
    imported version; null without.
    """

    is_estimate: bool
    why: str
    graph: str
    source: str | None
    made_at: str | None
    attribution: str | None
    ratio: float | None
    ratio_p95: float | None
    unreachable_share: float | None
    pace: PaceForm
    pace_from: Literal["guess", "set", "learned"]
    pace_at: str | None
    pace_legs: int | None


class PointForm(_Form):
    lat: Annotated[float, Field(allow_inf_nan=False, ge=-90, le=90)]
    lon: Annotated[float, Field(allow_inf_nan=False, ge=-180, le=180)]


class RouteForm(_Form):
    """``hour``: local, for the pace; left out, the day's."""

    points: list[PointForm] = Field(min_length=2, max_length=_MOST_POINTS)
    hour: Hour | None = None


class TurnOut(BaseModel):
    """``first_point``: where in the line it begins."""

    zh: str
    en: str
    metres: float
    seconds: float
    first_point: int


class RouteOut(BaseModel):
    """``line``: lat and lon. ``speeds_m_s``, ``edges``: of the pieces between. ``stops``, ``lights``: places in the line."""

    line: list[tuple[float, float]]
    speeds_m_s: list[float]
    edges: list[int]
    stops: list[int]
    lights: list[int]
    turns: list[TurnOut]
    seconds: float
    metres: float
    is_estimate: bool


class MatrixForm(_Form):
    """Site ids; ``hour``: local, for the pace."""

    sites: list[SiteIdText] = Field(min_length=1, max_length=_MOST_SITES)
    hour: Hour | None = None


class UnreachableOut(BaseModel):
    site: str
    why: str


class MatrixOut(BaseModel):
    """From the row's site to the column's, in the order asked; null where no way leads."""

    sites: list[str]
    seconds: list[list[float | None]]
    metres: list[list[float | None]]
    unreachable: list[UnreachableOut]
    is_estimate: bool


@router.get("")
async def look_at_roads(account: CurrentAccount, services: ServicesDep, connection: Transaction) -> RoadsOut:
    """Which roads ways are on now."""
    del account
    source, about = services.roads.source(), services.roads.about()
    pace, origin = await paces.read_pace(connection), await paces.read_origin(connection)
    graph = await _named(source)
    return RoadsOut(
        is_estimate=source.is_estimate, why=_why(services) if source.is_estimate else "", graph=graph,
        source=about.source if about else None, made_at=about.made_at if about else None,
        attribution=about.attribution if about else None,
        ratio=about.ratio if about else None, ratio_p95=about.ratio_p95 if about else None,
        unreachable_share=about.unreachable_share if about else None, pace=_pace_out(pace),
        pace_from=origin.source, pace_at=iso_or_none(origin.at), pace_legs=origin.legs,
    )  # fmt: skip


@router.put("/pace")
async def set_pace(wanted: PaceForm, account: Admin, services: ServicesDep, connection: Transaction) -> PaceForm:
    """How long vans take for what the engine says; what they drive from now on goes on from here."""
    before, pace = await paces.read_pace(connection), Pace(wanted.factor, tuple(wanted.by_hour))
    await paces.set_pace(connection, pace, services.now())
    await pace_anew(connection, before, pace)
    await write_audit(connection, services.now(), account.id, "roads.pace", "roads", {"factor": wanted.factor})
    return _pace_out(pace)


@router.post("/route")
async def find_route(wanted: RouteForm, account: Planner, services: ServicesDep, connection: Transaction) -> RouteOut:
    """A van's way through two or more points, in their order."""
    del account
    points = [Point(one.lat, one.lon) for one in wanted.points]
    pace = (await paces.read_pace(connection)).at(wanted.hour)
    try:
        found = await asyncio.to_thread(services.roads.source().route, points)
    except OffRoadError as error:
        raise ApiError(422, "off_road", "points", metres=SNAP_M, lat=error.point.lat, lon=error.point.lon) from None
    except RoadsError as error:
        raise ApiError(503, "no_roads", "", detail=str(error)) from None
    return _route_out(found, 1.0 if found.is_estimate else pace)


@router.post("/matrix")
async def find_matrix(wanted: MatrixForm, account: PlannerApart, services: ServicesDep) -> MatrixOut:
    """Times and distances between sites; who can't be reached is named."""
    # Its own transaction: the service takes a connection itself, and nobody waits for one who holds one.
    async with services.pool.connection() as connection:
        cursor = await connection.execute(
            f"SELECT s.id, s.lat, s.lon FROM site s WHERE {SITES_IN_SCOPE} AND s.id = ANY(%(sites)s)",  # noqa: S608  # literals only
            {**account.scope.site_filter(), "sites": wanted.sites},
        )
        places = {row[0]: (row[1], row[2]) async for row in cursor}
    points = []
    for site in wanted.sites:
        if site not in places:
            raise not_found("sites", "site")
        lat, lon = places[site]
        if lat is None or lon is None:
            raise ApiError(422, "no_place", "sites", site=site)
        points.append(Point(lat, lon))
    try:
        found = await services.matrix.matrix(points, hour=wanted.hour)
    except RoadsError as error:
        raise ApiError(503, "no_roads", "", detail=str(error)) from None
    return MatrixOut(
        sites=wanted.sites, seconds=[_row(row) for row in found.seconds], metres=[_row(row) for row in found.metres],
        unreachable=[UnreachableOut(site=wanted.sites[one.number], why=one.why) for one in found.unreachable],
        is_estimate=found.is_estimate,
    )  # fmt: skip


def _row(values: Iterable[float]) -> list[float | None]:
    return [None if math.isinf(value) else round(float(value), 1) for value in values]


def _pace_out(pace: Pace) -> PaceForm:
    return PaceForm(factor=round(pace.factor, 4), by_hour=[round(one, 4) for one in pace.by_hour])


def _route_out(found: Route, pace: float) -> RouteOut:
    turns = [(one, *narrate(one)) for one in found.maneuvers]
    return RouteOut(
        line=[(point.lat, point.lon) for point in found.line], speeds_m_s=[round(one, 2) for one in found.speeds_m_s],
        edges=list(found.edges), stops=list(found.stops), lights=list(found.lights),
        turns=[
            TurnOut(zh=zh, en=en, metres=round(one.metres, 1), seconds=round(one.seconds * pace, 1), first_point=one.first_point)
            for one, zh, en in turns
        ],
        seconds=round(found.seconds * pace, 1), metres=round(found.metres, 1), is_estimate=found.is_estimate,
    )  # fmt: skip


def _why(services: Services) -> str:
    about = services.roads.about()
    if about is None:
        return "no roads are imported: python -m cloud roads import FILE.osm.pbf"
    return about.why_no_graph or "Valhalla's wheel is not installed here"


async def _named(source: RoadSource) -> str:
    """The graph's name, which an engine over HTTP is asked for."""
    try:
        return await asyncio.to_thread(lambda: source.graph)
    except RoadsError as error:
        raise ApiError(503, "no_roads", "", detail=str(error)) from None
