"""Containers: where each is and who had it; what is in it; new labels; and what two sites dispute."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import CurrentAccount, Planner, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.errors import not_found
from cloud.api.text import iso_or_none
from cloud.auth.audit import write_audit
from cloud.domain.order import iso
from cloud.domain.scope import CONTAINERS_IN_SCOPE, PARCELS_IN_SCOPE
from cloud.store.container_folding import folded_container
from cloud.store.plans import new_containers

router = APIRouter(prefix="/api", tags=["containers"])


class ContainerRow(BaseModel):
    """``site``: the station it is for; ``at_site``: where it was last seen."""

    id: str
    operator: str | None
    zone: str | None
    site: str | None
    run: str
    state: str
    state_at: str | None
    at_site: str | None
    is_signed: bool
    is_counted: bool
    problems: list[str]
    parcels: int


class ContainerList(BaseModel):
    containers: list[ContainerRow]


class CustodyOut(BaseModel):
    """From ``at`` on it was in the hands of: a site, a run, nobody at a doorstep, nobody at all. ``actor``: staff id."""

    at: str
    holder: str
    site: str
    state: str
    actor: str
    device: str
    run: str


class ParcelIn(BaseModel):
    id: str
    state: str
    is_planned: bool
    exceptions: list[str]


class ContainerOut(ContainerRow):
    """``dispute``: pairs of event ids of which a person believes one. ``contents``: what has not left yet."""

    holder: str
    is_astray: bool
    custody: list[CustodyOut]
    dispute: list[str]
    contents: list[ParcelIn]


class NewContainersIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: Annotated[int, Field(ge=1, le=1000)]


class NewContainersOut(BaseModel):
    labels: list[str]


class DisputedParcel(BaseModel):
    """``dispute``: event ids by pairs: what stands, what is disputed."""

    id: str
    operator: str | None
    site: str | None
    at_site: str | None
    state: str
    dispute: list[str]


class DisputedContainer(BaseModel):
    """``dispute``: as of a parcel; two stations have signed for it."""

    id: str
    operator: str | None
    site: str | None
    at_site: str | None
    state: str
    dispute: list[str]


class DisputeList(BaseModel):
    parcels: list[DisputedParcel]
    containers: list[DisputedContainer]


_COLUMNS = """c.id, c.operator_id, c.zone, c.site_id, c.run, c.state, c.state_at, c.at_site_id, c.is_signed, c.is_counted,
    c.problems,
    (SELECT count(*) FROM parcel p WHERE (p.container_id = c.id OR p.container_id IS NULL AND p.planned_container_id = c.id)
     AND p.state NOT IN ('released', 'returned', 'disposed'))"""


@router.get("/containers/{container_id}")
async def look_at_container(
    container_id: str, account: CurrentAccount, services: ServicesDep, connection: Transaction
) -> ContainerOut:
    """One container with who had it since when, and what is in it."""
    scope = account.scope
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM container c WHERE c.id = %(id)s AND {CONTAINERS_IN_SCOPE}",  # noqa: S608  # literals only
        {**scope.parcel_filter(), "id": container_id.upper()},
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("container_id", "container")
    folded = await folded_container(connection, row[0], services.now())
    cursor = await connection.execute(
        f"""
        SELECT p.id, p.state, p.container_id IS NULL, p.exceptions FROM parcel p
        WHERE (p.container_id = %(id)s OR p.container_id IS NULL AND p.planned_container_id = %(id)s)
            AND p.state NOT IN ('released', 'returned', 'disposed') AND {PARCELS_IN_SCOPE} ORDER BY p.id
        """,  # noqa: S608  # literals only
        {**scope.parcel_filter(), "id": row[0]},
    )
    contents = [ParcelIn(id=one[0], state=one[1], is_planned=one[2], exceptions=one[3]) for one in await cursor.fetchall()]
    return ContainerOut(
        **_row(row).model_dump(), holder=folded.holder, is_astray=folded.is_astray, contents=contents,
        custody=[
            CustodyOut(
                at=iso(step.at_ms), holder=step.holder, site=step.site, state=step.state, actor=step.actor, device=step.device,
                run=step.run,
            )
            for step in folded.custody
        ],
        dispute=[str(event) for conflict in folded.conflicts for event in (conflict.kept, conflict.disputed)],
    )  # fmt: skip


@router.get("/sites/{site_id}/containers")
async def list_containers(site_id: str, account: CurrentAccount, connection: Transaction) -> ContainerList:
    """What is at a site or on its way there."""
    if not account.scope.may_see_site(site_id):
        raise not_found("site_id", "site")
    cursor = await connection.execute(
        f"""
        SELECT {_COLUMNS} FROM container c
        WHERE (c.at_site_id = %(site)s OR c.site_id = %(site)s AND c.state IN ('bound', 'sealed', 'loaded'))
            AND c.state NOT IN ('returned_empty', 'lost') AND {CONTAINERS_IN_SCOPE} ORDER BY c.id LIMIT 1000
        """,  # noqa: S608  # literals only
        {**account.scope.parcel_filter(), "site": site_id},
    )
    return ContainerList(containers=[_row(row) async for row in cursor])


@router.post("/operators/{operator_id}/containers", status_code=201)
async def add_containers(
    operator_id: str, wanted: NewContainersIn, account: Planner, services: ServicesDep, connection: Transaction
) -> NewContainersOut:
    """Register containers under new labels, to be printed."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    labels = await new_containers(connection, operator_id, wanted.count, services.now())
    await write_audit(connection, services.now(), account.id, "container.add", operator_id, {"count": wanted.count})
    return NewContainersOut(labels=labels)


@router.get("/disputes")
async def list_disputes(account: CurrentAccount, connection: Transaction) -> DisputeList:
    """Parcels and containers of which two events cannot both be true. Undoing one of them settles it."""
    cursor = await connection.execute(
        f"""
        SELECT p.id, p.operator_id, p.site_id, p.at_site_id, p.state, p.dispute FROM parcel p
        WHERE p.dispute <> '{{}}' AND {PARCELS_IN_SCOPE} ORDER BY p.id LIMIT 1000
        """,  # noqa: S608  # literals only
        account.scope.parcel_filter(),
    )
    scope = account.scope
    parcels = [
        DisputedParcel(id=row[0], operator=row[1], site=row[2], at_site=row[3], state=row[4], dispute=row[5])
        async for row in cursor
        if row[1] is not None or scope.site_ids is None or (row[3] is not None and scope.may_see_site(row[3]))
    ]
    cursor = await connection.execute(
        f"""
        SELECT c.id, c.operator_id, c.site_id, c.at_site_id, c.state, c.dispute FROM container c
        WHERE c.dispute <> '{{}}' AND {CONTAINERS_IN_SCOPE} ORDER BY c.id LIMIT 1000
        """,  # noqa: S608  # literals only
        scope.parcel_filter(),
    )
    containers = [
        DisputedContainer(id=row[0], operator=row[1], site=row[2], at_site=row[3], state=row[4], dispute=row[5])
        async for row in cursor
    ]
    return DisputeList(parcels=parcels, containers=containers)


def _row(row: tuple[Any, ...]) -> ContainerRow:
    return ContainerRow(
        id=row[0], operator=row[1], zone=row[2], site=row[3], run=row[4], state=row[5], state_at=iso_or_none(row[6]),
        at_site=row[7], is_signed=row[8], is_counted=row[9], problems=row[10], parcels=row[11],
    )  # fmt: skip
