"""Runs of a day (车次): planned by hand or by routing, sent off, interrupted, ended; with when their vehicle was where."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from cloud.api.context import Planner, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.sites import require_vehicle
from cloud.api.text import SiteIdText, iso_of, iso_or_none
from cloud.auth.audit import write_audit
from cloud.domain.scope import Scope
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, change
from cloud.store.run_alarms import clear_of
from cloud.store.run_rooms import run_entries
from cloud.store.runs import RunStanding, StopStanding, WantedStop, listed, plan_run, step, stops_of

router = APIRouter(prefix="/api", tags=["positions"])

RunName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")]


class StopIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    site: SiteIdText
    planned_arrival: AwareDatetime | None = None
    planned_departure: AwareDatetime | None = None


class RunIn(BaseModel):
    """``stops`` in the order of the drive; ``vehicle`` null: none yet."""

    model_config = ConfigDict(extra="forbid")
    vehicle: SiteIdText | None = None
    stops: list[StopIn] = Field(min_length=1, max_length=500)


class StepIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    state: Literal["loading", "departed", "paused", "completed", "aborted"]


class StopOut(BaseModel):
    """``arrived_at`` and ``departed_at`` are what the vehicle's fixes say; null: not yet."""

    stop: int
    site: str
    site_name: str
    state: str
    planned_arrival: str | None
    arrived_at: str | None
    departed_at: str | None


class RunOut(BaseModel):
    id: int
    operator: str
    day: date
    name: str
    vehicle: str | None
    state: str
    state_at: str
    departed_at: str | None
    ended_at: str | None
    stops: list[StopOut]


class RunList(BaseModel):
    runs: list[RunOut]


@router.get("/runs")
async def list_runs(account: Planner, connection: Transaction, day: Annotated[date, Query()]) -> RunList:
    """All of the operator's that day."""
    return RunList(runs=await _runs(connection, account.scope, day))


@router.get("/runs/{run_id}")
async def look_at_run(run_id: int, account: Planner, connection: Transaction) -> RunOut:
    """One run."""
    found = await _runs(connection, account.scope, None, run_id)
    if not found:
        raise not_found("run_id", "run_id")
    return found[0]


@router.put("/operators/{operator_id}/runs/{day}/{name}")
async def set_run(
    operator_id: str, day: date, name: RunName, wanted: RunIn, account: Planner, services: ServicesDep, connection: Transaction
) -> RunOut:
    """Plan a run, or plan it anew while nothing of it is loaded."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    if wanted.vehicle is not None:
        await require_vehicle(connection, operator_id, wanted.vehicle, services.now())
    await _require_stations(connection, operator_id, [stop.site for stop in wanted.stops])
    stops = [WantedStop(stop.site, stop.planned_arrival, stop.planned_departure) for stop in wanted.stops]
    run_id = await plan_run(connection, operator_id, day, name, wanted.vehicle, stops, services.now())
    if run_id is None:
        raise ApiError(409, "run_underway", "name", name=name)
    await change(connection, await run_entries(connection, run_id, services.now()), services.now())
    await write_audit(connection, services.now(), account.id, "run.plan", f"{operator_id}/{day}/{name}", {"stops": len(stops)})
    return (await _runs(connection, account.scope, None, run_id))[0]


@router.post("/runs/{run_id}/state")
async def step_run(run_id: int, wanted: StepIn, account: Planner, services: ServicesDep, connection: Transaction) -> RunOut:
    """Loading, sent off, interrupted, ended. While it is underway its vehicle is followed."""
    found = await _runs(connection, account.scope, None, run_id)
    if not found:
        raise not_found("run_id", "run_id")
    if not await step(connection, run_id, wanted.state, services.now()):
        raise ApiError(409, "run_state", "state", state=found[0].state, wanted=wanted.state)
    entries: list[RoomEntry] = []
    vehicle = found[0].vehicle
    if wanted.state in ("completed", "aborted") and vehicle is not None:
        entries += await clear_of(connection, vehicle, services.now())
    entries += await run_entries(connection, run_id, services.now())
    await change(connection, entries, services.now())
    await write_audit(connection, services.now(), account.id, f"run.{wanted.state}", str(run_id))
    return (await _runs(connection, account.scope, None, run_id))[0]


async def _require_stations(connection: Connection, operator_id: str, sites: list[str]) -> None:
    cursor = await connection.execute(
        """
        SELECT given.site FROM unnest(%s::text[]) AS given (site)
        WHERE NOT EXISTS (
            SELECT FROM site_operator r JOIN site s ON s.id = r.site_id
            WHERE r.site_id = given.site AND r.operator_id = %s AND s.kind <> 'van'
        ) LIMIT 1
        """,
        [sites, operator_id],
    )
    row = await cursor.fetchone()
    if row is not None:
        raise ApiError(422, "no_station", "stops", site=row[0], operator=operator_id)


async def _runs(connection: Connection, scope: Scope, day: date | None, run_id: int | None = None) -> list[RunOut]:
    found = await listed(connection, scope, day, run_id)
    stops = await stops_of(connection, [run.id for run in found])
    return [_out(run, stops[run.id]) for run in found]


def _out(run: RunStanding, stops: list[StopStanding]) -> RunOut:
    return RunOut(
        id=run.id, operator=run.operator_id, day=run.service_date, name=run.name, vehicle=run.vehicle_id, state=run.state,
        state_at=iso_of(run.state_at), departed_at=iso_or_none(run.departed_at), ended_at=iso_or_none(run.ended_at),
        stops=[
            StopOut(
                stop=stop.stop, site=stop.site_id, site_name=stop.site_name, state=stop.state,
                planned_arrival=iso_or_none(stop.planned_arrival), arrived_at=iso_or_none(stop.arrived_at),
                departed_at=iso_or_none(stop.departed_at),
            )
            for stop in stops
        ],
    )  # fmt: skip
