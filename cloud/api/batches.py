"""A pickup date's orders as a batch: frozen, allocated, planned into containers; pick list, sort wall and loading lists from it."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Planner, ServicesDep, Transaction, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.text import SiteIdText, Text, iso_of, iso_or_none
from cloud.auth.audit import write_audit
from cloud.domain import allocation, sort_wall
from cloud.domain.cut_off import CutOff
from cloud.store import batches, plans
from cloud.store.pool import Connection

router = APIRouter(prefix="/api/operators/{operator_id}/batches", tags=["batches"])

_MAX_STATIONS = 2_000


class BatchOut(BaseModel):
    """``closes_at``: the cut-off, after which orders of the date are frozen by themselves. ``frozen_at`` null: still open."""

    pickup_date: date
    closes_at: str
    frozen_at: str | None
    allocated_at: str | None
    planned_at: str | None
    orders: int
    short_lines: int
    containers: int


class BatchList(BaseModel):
    batches: list[BatchOut]


class FreezeIn(BaseModel):
    """``early``: before the cut-off, on purpose."""

    model_config = ConfigDict(extra="forbid")
    early: bool = False


class StockIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: Text = Field(min_length=1, max_length=64)
    quantity: Annotated[int, Field(ge=0, le=10_000_000)]


class AllocationIn(BaseModel):
    """What there is to give out. An article that is not named is enough for all."""

    model_config = ConfigDict(extra="forbid")
    stock: list[StockIn] = Field(max_length=20_000)


class ShortageOut(BaseModel):
    order: str
    line: int
    short: int


class AllocationOut(BaseModel):
    batch: BatchOut
    shortages: list[ShortageOut]


class RouteIn(BaseModel):
    """A run and its stations in the order of delivery."""

    model_config = ConfigDict(extra="forbid")
    run: Text = Field(min_length=1, max_length=64)
    stops: list[SiteIdText] = Field(min_length=1, max_length=_MAX_STATIONS)


class PlanIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    routes: list[RouteIn] = Field(max_length=500)


class LineOut(BaseModel):
    sku: str
    quantity: int


class PlannedContainer(BaseModel):
    """``run`` "": its station is on no route. ``lines``: what comes by SKU (``sku_bulk``); then there are no ``parcels``."""

    container: str
    site: str
    zone: str
    number: int
    run: str
    stop: int
    lane: str
    parcels: list[str]
    pack_mode: str
    lines: list[LineOut]


class PickOut(BaseModel):
    zone: str
    sku: str
    name: str
    quantity: int
    stations: int


class PickList(BaseModel):
    picks: list[PickOut]


class LaneOut(BaseModel):
    lane: str
    run: str
    stop: int
    site: str
    containers: list[PlannedContainer]


class SortWall(BaseModel):
    """``unrouted``: containers of stations that no run goes to: they are packed and stay, until a plan names the station.

    ``idle``: stations of the operator that nothing goes to that day; they are on no run, whatever the routes said.
    """

    lanes: list[LaneOut]
    unrouted: list[PlannedContainer]
    idle: list[str]


class LoadingOut(BaseModel):
    stop: int
    site: str
    lane: str
    containers: list[str]


class LoadingList(BaseModel):
    """In the order of loading: the last stop first."""

    run: str
    loadings: list[LoadingOut]


@router.get("")
async def list_batches(operator_id: str, account: Planner, connection: Transaction) -> BatchList:
    """The newest hundred pickup dates with orders."""
    require_operator(account, operator_id)
    return BatchList(batches=await _batches(connection, operator_id, None))


@router.get("/{pickup_date}")
async def look_at_batch(operator_id: str, pickup_date: date, account: Planner, connection: Transaction) -> BatchOut:
    """One of them."""
    require_operator(account, operator_id)
    return await _batch(connection, operator_id, pickup_date)


@router.post("/{pickup_date}/freeze")
async def freeze_batch(
    operator_id: str, pickup_date: date, wanted: FreezeIn, account: Planner, services: ServicesDep, connection: Transaction
) -> BatchOut:
    """Freeze the date's orders now. The cut-off does it by itself; before it only ``early``."""
    require_operator(account, operator_id)
    await _batch(connection, operator_id, pickup_date)
    cut_off = await _cut_off(connection, operator_id)
    if not wanted.early and not cut_off.is_closed(pickup_date, services.now()):
        raise ApiError(409, "cut_off_ahead", "early", at=cut_off.closes(pickup_date).isoformat())
    await batches.freeze(connection, operator_id, pickup_date, services.now(), account.id)
    await write_audit(connection, services.now(), account.id, "batch.freeze", f"{operator_id}/{pickup_date}")
    return await _batch(connection, operator_id, pickup_date)


@router.post("/{pickup_date}/allocation")
async def allocate_batch(
    operator_id: str, pickup_date: date, wanted: AllocationIn, account: Planner, services: ServicesDep, connection: Transaction
) -> AllocationOut:
    """Give out what there is; said again, it replaces what was said. Orders that go short become ``partially_short``."""
    require_operator(account, operator_id)
    await _frozen(connection, operator_id, pickup_date)
    stock = {one.sku: one.quantity for one in wanted.stock}
    if len(stock) != len(wanted.stock):
        raise ApiError(422, "article_twice", "stock")
    short, _ = await batches.set_allocation(connection, operator_id, pickup_date, stock, services.now())
    await write_audit(connection, services.now(), account.id, "batch.allocate", f"{operator_id}/{pickup_date}")
    return AllocationOut(
        batch=await _batch(connection, operator_id, pickup_date),
        shortages=[ShortageOut(order=key.order, line=key.line, short=pieces) for key, pieces in sorted(short.items()) if pieces],
    )


@router.post("/{pickup_date}/plan")
async def plan_batch(
    operator_id: str, pickup_date: date, wanted: PlanIn, account: Planner, services: ServicesDep, connection: Transaction
) -> SortWall:
    """Pack the batch into containers along given routes; made again, it replaces the last plan."""
    require_operator(account, operator_id)
    await _frozen(connection, operator_id, pickup_date)
    try:
        routes = [sort_wall.Route(route.run, tuple(route.stops)) for route in wanted.routes]
        await plans.set_plan(connection, operator_id, pickup_date, routes, services.now())
    except ValueError as error:
        raise ApiError(422, "routes_contradict", "routes", detail=str(error)) from None
    await write_audit(connection, services.now(), account.id, "batch.plan", f"{operator_id}/{pickup_date}")
    return await _sort_wall(connection, operator_id, pickup_date)


@router.get("/{pickup_date}/pick-list")
async def show_pick_list(operator_id: str, pickup_date: date, account: Planner, connection: Transaction) -> PickList:
    """What is to be fetched from the warehouse's shelves, shortages taken off."""
    require_operator(account, operator_id)
    await _frozen(connection, operator_id, pickup_date)
    picks = allocation.pick_list(
        await batches.demand(connection, operator_id, pickup_date), await batches.shortages(connection, operator_id, pickup_date)
    )
    return PickList(
        picks=[PickOut(zone=one.zone, sku=one.sku, name=one.name, quantity=one.quantity, stations=one.stations) for one in picks]
    )


@router.get("/{pickup_date}/sort-wall")
async def show_sort_wall(operator_id: str, pickup_date: date, account: Planner, connection: Transaction) -> SortWall:
    """Which lane of the wall is whose, and what its containers carry."""
    require_operator(account, operator_id)
    await _frozen(connection, operator_id, pickup_date)
    return await _sort_wall(connection, operator_id, pickup_date)


@router.get("/{pickup_date}/loading-list/{run}")
async def show_loading_list(
    operator_id: str, pickup_date: date, run: str, account: Planner, connection: Transaction
) -> LoadingList:
    """What goes into the van of a run, last stop first."""
    require_operator(account, operator_id)
    await _frozen(connection, operator_id, pickup_date)
    planned = [one for one in await plans.plan(connection, operator_id, pickup_date) if one.run == run]
    if not planned:
        raise not_found("run", "run")
    places = {one.site: sort_wall.Stop(one.run, one.stop, one.lane) for one in planned}
    route = sort_wall.Route(run, tuple(sorted(places, key=lambda site: places[site].number)))
    loadings = sort_wall.loading_list(route, places, [(one.container, one.site) for one in planned])
    return LoadingList(
        run=run,
        loadings=[LoadingOut(stop=one.number, site=one.site, lane=one.lane, containers=list(one.containers)) for one in loadings],
    )


async def _sort_wall(connection: Connection, operator_id: str, pickup_date: date) -> SortWall:
    lanes: dict[str, LaneOut] = {}
    unrouted: list[PlannedContainer] = []
    for one in await plans.plan(connection, operator_id, pickup_date):
        shown = PlannedContainer(
            container=one.container, site=one.site, zone=one.zone, number=one.number, run=one.run, stop=one.stop, lane=one.lane,
            parcels=list(one.parcels), pack_mode=one.pack_mode,
            lines=[LineOut(sku=line.sku, quantity=line.quantity) for line in one.lines],
        )  # fmt: skip
        if not one.run:
            unrouted.append(shown)
            continue
        lane = lanes.setdefault(one.lane, LaneOut(lane=one.lane, run=one.run, stop=one.stop, site=one.site, containers=[]))
        lane.containers.append(shown)
    busy = {one.site for lane in lanes.values() for one in lane.containers} | {one.site for one in unrouted}
    idle = [site for site in await plans.stations(connection, operator_id, pickup_date) if site not in busy]
    return SortWall(lanes=list(lanes.values()), unrouted=unrouted, idle=idle)


async def _cut_off(connection: Connection, operator_id: str) -> CutOff:
    cursor = await connection.execute("SELECT cut_off, time_zone FROM operator WHERE id = %s", [operator_id])
    row = await cursor.fetchone()
    if row is None:
        raise not_found("operator_id", "operator")
    return CutOff(row[0], row[1])


async def _batch(connection: Connection, operator_id: str, pickup_date: date) -> BatchOut:
    found = await _batches(connection, operator_id, pickup_date)
    if not found:
        raise not_found("pickup_date", "batch")
    return found[0]


async def _frozen(connection: Connection, operator_id: str, pickup_date: date) -> None:
    if (await _batch(connection, operator_id, pickup_date)).frozen_at is None:
        raise ApiError(409, "batch_open", "pickup_date")


async def _batches(connection: Connection, operator_id: str, pickup_date: date | None) -> list[BatchOut]:
    cut_off = await _cut_off(connection, operator_id)
    cursor = await connection.execute(
        """
        SELECT o.pickup_date, b.frozen_at, b.allocated_at, b.planned_at, count(DISTINCT o.id),
               count(*) FILTER (WHERE l.short > 0),
               (SELECT count(*) FROM planned_container c WHERE (c.operator_id, c.pickup_date) = (o.operator_id, o.pickup_date))
        FROM customer_order o LEFT JOIN order_line l ON l.order_id = o.id
        LEFT JOIN pickup_batch b ON (b.operator_id, b.pickup_date) = (o.operator_id, o.pickup_date)
        WHERE o.operator_id = %(operator)s AND (%(date)s::date IS NULL OR o.pickup_date = %(date)s) AND o.cancelled_at IS NULL
        GROUP BY o.operator_id, o.pickup_date, b.frozen_at, b.allocated_at, b.planned_at ORDER BY o.pickup_date DESC LIMIT 100
        """,
        {"operator": operator_id, "date": pickup_date},
    )
    return [
        BatchOut(
            pickup_date=row[0], closes_at=iso_of(cut_off.closes(row[0])), frozen_at=iso_or_none(row[1]),
            allocated_at=iso_or_none(row[2]), planned_at=iso_or_none(row[3]), orders=row[4], short_lines=row[5], containers=row[6],
        )
        async for row in cursor
    ]  # fmt: skip
