"""Operators, sites and their relation: registered by people, shown with what the site last said of itself."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from psycopg.types.range import DateRange
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from cloud.api.context import Admin, CurrentAccount, Planner, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.text import OperatorIdText, SiteIdText, Text, iso_or_none
from cloud.auth.audit import write_audit
from cloud.domain.rooms import sites_room
from cloud.domain.scope import SITES_IN_SCOPE, Role, Scope
from cloud.store.pool import Connection
from cloud.store.rooms import change, entry

router = APIRouter(prefix="/api", tags=["sites"])

Degrees = Annotated[float, Field(allow_inf_nan=False)]


# As people say it: 21:00.
PickupTime = Annotated[time, PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str)]


class OperatorIn(BaseModel):
    """``pickup_until``: the time of the pickup day, in the operator's zone, by which residents are to come."""

    model_config = ConfigDict(extra="forbid")
    id: OperatorIdText
    name: Text = Field(min_length=1, max_length=120)
    time_zone: Text = Field(default="Asia/Shanghai", max_length=60)
    pickup_until: PickupTime = time(21)


class OperatorList(BaseModel):
    operators: list[OperatorIn]


class SiteIn(BaseModel):
    """A station, van or dock. Coordinates are WGS-84; without ``operators`` a dispatcher's own is meant."""

    model_config = ConfigDict(extra="forbid")
    id: SiteIdText
    kind: Literal["station", "van", "dock"]
    name: Text = Field(min_length=1, max_length=120)
    address: Text = Field(default="", max_length=300)
    lat: Annotated[Degrees, Field(ge=-90, le=90)] | None = None
    lon: Annotated[Degrees, Field(ge=-180, le=180)] | None = None
    operators: list[OperatorIdText] = Field(default=[], max_length=50)


class RelationIn(BaseModel):
    """From when (inclusive) to when (exclusive) a site serves an operator; null is open."""

    model_config = ConfigDict(extra="forbid")
    operator: OperatorIdText
    valid_from: date | None = None
    valid_to: date | None = None


class SiteOut(BaseModel):
    """A site and what it last said. ``online`` null: it never spoke. ``heard_at``: when anything of it was last taken.

    ``changed_at``: when it last said something of itself, such as that it is there.
    """

    id: str
    kind: str
    name: str
    address: str
    lat: float | None
    lon: float | None
    operators: list[str]
    online: bool | None
    changed_at: str | None
    heard_at: str | None
    queue: dict[str, Any] | None
    devices: dict[str, Any] | None
    version: str | None


class SiteList(BaseModel):
    sites: list[SiteOut]


@router.get("/operators")
async def list_operators(account: CurrentAccount, connection: Transaction) -> OperatorList:
    """The operators this account belongs to; all of them for an admin."""
    cursor = await connection.execute(
        "SELECT id, name, time_zone, pickup_until FROM operator WHERE %(only)s::text IS NULL OR id = %(only)s ORDER BY id",
        {"only": account.scope.operator_id},
    )
    return OperatorList(
        operators=[OperatorIn(id=row[0], name=row[1], time_zone=row[2], pickup_until=row[3]) async for row in cursor]
    )


@router.post("/operators", status_code=201)
async def add_operator(wanted: OperatorIn, account: Admin, services: ServicesDep, connection: Transaction) -> OperatorIn:
    """Register an operator. Said again with the same content nothing changes."""
    cursor = await connection.execute("SELECT FROM pg_timezone_names WHERE name = %s", [wanted.time_zone])
    if await cursor.fetchone() is None:
        raise ApiError(422, "no_time_zone", "time_zone", name=wanted.time_zone)
    cursor = await connection.execute(
        "INSERT INTO operator (id, name, time_zone, pickup_until) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
        [wanted.id, wanted.name, wanted.time_zone, wanted.pickup_until],
    )
    if await cursor.fetchone() is None:
        cursor = await connection.execute("SELECT name, time_zone, pickup_until FROM operator WHERE id = %s", [wanted.id])
        if await cursor.fetchone() != (wanted.name, wanted.time_zone, wanted.pickup_until):
            raise ApiError(409, "operator_differs", "id", id=wanted.id)
        return wanted
    await write_audit(connection, services.now(), account.id, "operator.add", wanted.id)
    return wanted


@router.get("/sites")
async def list_sites(account: CurrentAccount, connection: Transaction) -> SiteList:
    """The sites this account may see."""
    return SiteList(sites=await _sites(connection, account.scope, None))


@router.get("/sites/{site_id}")
async def look_at_site(site_id: str, account: CurrentAccount, connection: Transaction) -> SiteOut:
    """One site."""
    found = await _sites(connection, account.scope, site_id)
    if not found:
        raise not_found("site_id", "site")
    return found[0]


@router.post("/sites", status_code=201)
async def add_site(wanted: SiteIn, account: Planner, services: ServicesDep, connection: Transaction) -> SiteOut:
    """Register a site; it may send as soon as the broker knows its password. Said again with the same content nothing changes."""
    scope = account.scope
    operators = sorted(set(wanted.operators or ([scope.operator_id] if scope.operator_id else [])))
    for operator_id in operators:
        if not scope.may_act_for(operator_id):
            raise ApiError(403, "not_your_operator", "operators", operator=operator_id)
    if (wanted.lat is None) != (wanted.lon is None):
        raise ApiError(422, "half_coordinates", "lat" if wanted.lat is None else "lon")
    cursor = await connection.execute(
        """
        INSERT INTO site (id, kind, name, address, lat, lon, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT DO NOTHING RETURNING id
        """,
        [wanted.id, wanted.kind, wanted.name, wanted.address, wanted.lat, wanted.lon, services.now()],
    )
    if await cursor.fetchone() is None:
        there = await _sites(connection, scope, wanted.id)
        if not there or not _is_same(there[0], wanted, operators):
            # The same words for another operator's site: that it is there is all the id's being taken tells.
            raise ApiError(409, "site_taken", "id", id=wanted.id)
        return there[0]
    await _relate(connection, wanted.id, [RelationIn(operator=operator_id) for operator_id in operators])
    await write_audit(connection, services.now(), account.id, "site.add", wanted.id, {"operators": operators})
    # As an admin sees it: the account's own list of sites was read before this one was there.
    return (await _sites(connection, _SEES_ALL, wanted.id))[0]


@router.post("/sites/{site_id}/operators", status_code=201)
async def relate_site(site_id: str, wanted: RelationIn, account: Admin, services: ServicesDep, connection: Transaction) -> SiteOut:
    """Let a site serve an operator, from a day to a day; said again, the days are changed."""
    if not await _sites(connection, account.scope, site_id):
        raise not_found("site_id", "site")
    if wanted.valid_from and wanted.valid_to and wanted.valid_from >= wanted.valid_to:
        raise ApiError(422, "dates_reversed", "valid_to")
    await _relate(connection, site_id, [wanted])
    if not await _serves_today(connection, services.now(), site_id, wanted.operator):
        # What the site last said of itself is not for that operator's people any more.
        await change(connection, [entry(sites_room(wanted.operator), f"site/{site_id}", None)], services.now())
    await write_audit(connection, services.now(), account.id, "site.relate", site_id, wanted.model_dump(mode="json"))
    return (await _sites(connection, account.scope, site_id))[0]


async def _serves_today(connection: Connection, now: datetime, site_id: str, operator_id: str) -> bool:
    cursor = await connection.execute(
        """
        SELECT FROM site_operator r JOIN operator o ON o.id = r.operator_id
        WHERE r.site_id = %s AND r.operator_id = %s AND r.valid @> (%s::timestamptz AT TIME ZONE o.time_zone)::date
        """,
        [site_id, operator_id, now],
    )
    return await cursor.fetchone() is not None


def _is_same(there: SiteOut, wanted: SiteIn, operators: list[str]) -> bool:
    said = wanted.model_dump(exclude={"operators"})
    return there.model_dump(include=set(said)) == said and set(operators) <= set(there.operators)


_SEES_ALL = Scope(Role.ADMIN)


async def _relate(connection: Connection, site_id: str, relations: list[RelationIn]) -> None:
    for relation in relations:
        cursor = await connection.execute(
            """
            INSERT INTO site_operator (site_id, operator_id, valid) SELECT %s, id, %s FROM operator WHERE id = %s
            ON CONFLICT (site_id, operator_id) DO UPDATE SET valid = excluded.valid RETURNING site_id
            """,
            [site_id, DateRange(relation.valid_from, relation.valid_to), relation.operator],
        )
        if await cursor.fetchone() is None:
            raise ApiError(422, "unknown_operator", "operators", operator=relation.operator)


async def require_vehicle(connection: Connection, operator_id: str, site_id: str, now: datetime) -> None:
    """422 where it is no vehicle that serves the operator now."""
    cursor = await connection.execute("SELECT FROM site WHERE id = %s AND kind = 'van'", [site_id])
    if await cursor.fetchone() is None or not await _serves_today(connection, now, site_id, operator_id):
        raise ApiError(422, "no_vehicle", "vehicle", site=site_id, operator=operator_id)


async def _sites(connection: Connection, scope: Scope, site_id: str | None) -> list[SiteOut]:
    # Which other operators a shared site serves is theirs to tell.
    cursor = await connection.execute(
        f"""
        SELECT s.id, s.kind, s.name, s.address, s.lat, s.lon, t.online, t.heard_at,
               greatest(t.heard_at, (SELECT max(f.heard_at) FROM lane_floor f WHERE f.site_id = s.id)),
               t.said->'queue', t.said->'devices',
               t.said->>'version',
               ARRAY(SELECT operator_id FROM site_operator r WHERE r.site_id = s.id
                     AND (%(only)s::text IS NULL OR operator_id = %(only)s) ORDER BY operator_id)
        FROM site s LEFT JOIN site_status t ON t.site_id = s.id
        WHERE {SITES_IN_SCOPE} AND (%(site)s::text IS NULL OR s.id = %(site)s) ORDER BY s.id
        """,  # noqa: S608  # literals only
        {**scope.site_filter(), "only": scope.operator_id, "site": site_id},
    )
    return [
        SiteOut(
            id=row[0], kind=row[1], name=row[2], address=row[3], lat=row[4], lon=row[5], online=row[6],
            changed_at=iso_or_none(row[7]), heard_at=iso_or_none(row[8]),
            queue=row[9], devices=row[10], version=row[11], operators=row[12],
        )
        async for row in cursor
    ]  # fmt: skip
