"""The departure board (发车看板): which runs of a day are ready to leave, and which will not keep the promise."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from cloud.api.context import Planner, Transaction, require_known_operator, require_operator
from cloud.api.text import iso_or_none
from cloud.store.departures import COUNTS, PROMISE, Departing, departing

router = APIRouter(prefix="/api", tags=["plans"])


class ContainersOut(BaseModel):
    """Of one zone. ``sorted``: packed at the dock; ``loaded``: on the van."""

    zone: str
    expected: int
    sorted: int
    loaded: int


class DepartureOut(BaseModel):
    """``planned_start``: when it is to leave, loaded.

    ``late``: stops that are not reached before the promise, as last estimated, else as planned.
    ``heard_at``: of its vehicle's newest position; null: none, or no vehicle. ``driver_opened_at``: when the driver first
    opened the link on the day itself; ``has_phone``: it is known whom to call.
    """

    run: int
    name: str
    state: str
    vehicle: str | None
    vehicle_name: str | None
    planned_start: str | None
    planned_end: str | None
    departed_at: str | None
    heard_at: str | None
    driver_opened_at: str | None
    has_phone: bool
    stops: int
    done: int
    late: int
    containers: list[ContainersOut]


class DepartureBoard(BaseModel):
    """``promise``: the time of day by which every station has its goods."""

    promise: str
    runs: list[DepartureOut]


@router.get("/operators/{operator_id}/departures")
async def departures(operator_id: str, account: Planner, connection: Transaction, day: Annotated[date, Query()]) -> DepartureBoard:
    """By when they are to leave."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    return DepartureBoard(promise=PROMISE, runs=[_out(one) for one in await departing(connection, operator_id, day)])


def _out(one: Departing) -> DepartureOut:
    return DepartureOut(
        run=one.id, name=one.name, state=one.state, vehicle=one.vehicle_id, vehicle_name=one.vehicle_name,
        planned_start=iso_or_none(one.planned_start), planned_end=iso_or_none(one.planned_end),
        departed_at=iso_or_none(one.departed_at), heard_at=iso_or_none(one.heard_at),
        driver_opened_at=iso_or_none(one.driver_opened_at), has_phone=one.has_phone, stops=one.stops, done=one.done, late=one.late,
        containers=[
            ContainersOut(zone=count.zone, expected=count.expected, sorted=count.sorted, loaded=count.loaded)
            for count in COUNTS.decode(one.containers)
        ],
    )  # fmt: skip
