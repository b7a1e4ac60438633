"""When vans come: to the stops of a run, and to a resident's station while a van carries their order; and how true it was."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from cloud.api.context import Planner, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.link_holder import order_behind
from cloud.api.text import iso_of
from cloud.domain.coarse import area_of
from cloud.domain.scope import RUNS_IN_SCOPE
from cloud.store.last_leg import SEEN_WITHIN, LastLeg, last_leg
from edge.wire.clock import utc

router = APIRouter(prefix="/api", tags=["arrivals"])

_ALMOST_A_MINUTE = timedelta(minutes=1) - timedelta(microseconds=1)


class WindowOut(BaseModel):
    """In four of five cases between ``early`` and ``late``. ``stops_before``: others the van goes to first.

    ``as_of``: of the newest that is known of the van. ``is_estimate``: by straight lines, not roads.
    """

    early: str
    expected: str
    late: str
    stops_before: int
    as_of: str
    is_estimate: bool


class StopWindowOut(WindowOut):
    stop: int
    site: str
    site_name: str
    planned_arrival: str | None


class RunEtaOut(BaseModel):
    """The stops ahead, in the order they are driven to; none where the run is not under way or was not heard yet."""

    run: int
    stops: list[StopWindowOut]


class StationPlace(BaseModel):
    name: str
    lat: float
    lon: float


class LastLegOut(BaseModel):
    """About where the van is on its way from the last stop before the order's station: within ``radius_m`` of a place.

    WGS-84, at whole minutes. Never so near that it told the house a driver stands at.
    """

    lat: float
    lon: float
    radius_m: int
    as_of: str
    station: StationPlace


class OrderEtaOut(BaseModel):
    """``window`` null: no van carries the order, or it is there already, or nobody knows.

    At whole minutes. ``last_leg`` null as well: stops before it are not left, the van is on a break or on another run, or it has
    not been heard for ten minutes.
    """

    window: WindowOut | None
    last_leg: LastLegOut | None


class AccuracyRow(BaseModel):
    """How true what was said was. Minutes; null, not 0, where nothing was said, or where the plan said no time.

    ``stops_before``: the least of its group, null for all together. ``coverage``: how often the van came within the window.
    """

    route: str
    stops_before: int | None
    said: int
    mae_min: float
    coverage: float
    width_min: float
    schedule_mae_min: float | None
    delay_mae_min: float | None


class AccuracyOut(BaseModel):
    """``runs``: of how many the operator's experience is."""

    first: date
    last: date
    runs: int
    rows: list[AccuracyRow]


@router.get("/runs/{run_id}/eta")
async def run_eta(run_id: int, account: Planner, connection: Transaction) -> RunEtaOut:
    """When its van comes to the stops ahead."""
    cursor = await connection.execute(
        f"SELECT FROM run r WHERE r.id = %(run)s AND {RUNS_IN_SCOPE}",  # a constant
        {**account.scope.order_filter(), "run": run_id},
    )
    if await cursor.fetchone() is None:
        raise not_found("run_id", "run_id")
    cursor = await connection.execute(
        """
        SELECT e.stop, t.site_id, s.name, t.planned_arrival, e.early, e.expected, e.late, e.stops_before, e.as_of, k.is_estimate
        FROM eta_stop e JOIN run_stop t USING (run_id, stop) JOIN site s ON s.id = t.site_id JOIN run r ON r.id = e.run_id
            JOIN eta_run k ON k.run_id = e.run_id
        WHERE e.run_id = %s AND r.state IN ('departed', 'paused') AND t.arrived_at IS NULL AND t.state IN ('pending', 'approaching')
        ORDER BY e.stops_before, e.stop
        """,
        [run_id],
    )
    stops = [
        StopWindowOut(
            stop=row[0], site=row[1], site_name=row[2], planned_arrival=None if row[3] is None else iso_of(row[3]),
            **_window(*row[4:]).model_dump(),
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip
    return RunEtaOut(run=run_id, stops=stops)


@router.get("/links/{token}/eta")
async def order_eta(token: str, response: Response, services: ServicesDep, connection: Transaction) -> OrderEtaOut:
    """When the van that carries the order comes to its station. Of several vans the last: then all of it is there."""
    response.headers["Cache-Control"] = "no-store"
    order_id = await order_behind(connection, services, token)
    cursor = await connection.execute(
        """
        SELECT r.id, t.stop, e.early, e.expected, e.late, e.stops_before, e.as_of, k.is_estimate
        FROM customer_order o JOIN parcel p ON p.order_id = o.id
            JOIN container c ON c.id = coalesce(p.container_id, p.planned_container_id) AND c.state = 'loaded'
            JOIN run r ON r.operator_id = o.operator_id AND r.name = c.run AND r.state IN ('departed', 'paused')
            JOIN run_stop t ON t.run_id = r.id AND t.site_id = o.site_id AND t.arrived_at IS NULL
                AND t.state IN ('pending', 'approaching')
            JOIN eta_stop e ON e.run_id = r.id AND e.stop = t.stop JOIN eta_run k ON k.run_id = r.id
        WHERE o.id = %s AND o.cancelled_at IS NULL ORDER BY e.late DESC LIMIT 1
        """,
        [order_id],
    )
    row = await cursor.fetchone()
    if row is None:
        return OrderEtaOut(window=None, last_leg=None)
    run, stop, early, expected, late, stops_before, as_of, is_estimate = row
    # Seconds would tell by how far the van has come where on its road it is.
    window = _window(_minute(early), _minute(expected), _minute(late + _ALMOST_A_MINUTE), stops_before, _minute(as_of), is_estimate)
    now = services.now()
    is_known = stops_before == 0 and as_of > now - SEEN_WITHIN
    leg = await last_leg(connection, run, stop, now) if is_known else None
    return OrderEtaOut(window=window, last_leg=None if leg is None else _last_leg(leg))


@router.get("/operators/{operator_id}/eta-accuracy")
async def accuracy(
    operator_id: str,
    account: Planner,
    connection: Transaction,
    first: Annotated[date, Query()],
    last: Annotated[date, Query()],
) -> AccuracyOut:
    """By route, and of each by how many stops came before, over service dates from ``first`` to ``last``."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    if last < first:
        raise ApiError(422, "bad_range", "last", wanted="want a day that is not before first")
    cursor = await connection.execute(
        """
        SELECT route, stops_before, sum(said)::bigint, sum(off_s), sum(covered)::bigint, sum(width_s), sum(planned)::bigint,
            sum(schedule_off_s), sum(delay_off_s)
        FROM eta_accuracy WHERE operator_id = %s AND service_date BETWEEN %s AND %s
        GROUP BY GROUPING SETS ((route), (route, stops_before)) ORDER BY route, stops_before NULLS FIRST
        """,
        [operator_id, first, last],
    )
    rows = [_row(*row) for row in await cursor.fetchall()]
    cursor = await connection.execute("SELECT runs FROM eta_experience WHERE operator_id = %s", [operator_id])
    known = await cursor.fetchone()
    return AccuracyOut(first=first, last=last, runs=0 if known is None else known[0], rows=rows)


def _row(
    route: str, stops_before: int | None, said: int, off_s: float, covered: int, width_s: float, planned: int,
    schedule_off_s: float, delay_off_s: float,
) -> AccuracyRow:  # fmt: skip
    return AccuracyRow(
        route=route, stops_before=stops_before, said=said, mae_min=_minutes(off_s, said), coverage=round(covered / said, 3),
        width_min=_minutes(width_s, said), schedule_mae_min=_minutes(schedule_off_s, planned) if planned else None,
        delay_mae_min=_minutes(delay_off_s, planned) if planned else None,
    )  # fmt: skip


def _minutes(seconds: float, count: int) -> float:
    return round(seconds / count / 60, 1)


def _last_leg(leg: LastLeg) -> LastLegOut:
    area = area_of(leg.lat, leg.lon)
    return LastLegOut(
        lat=area.lat, lon=area.lon, radius_m=area.radius_m, as_of=iso_of(_minute(utc(leg.at_ms))),
        station=StationPlace(name=leg.station, lat=leg.station_lat, lon=leg.station_lon),
    )  # fmt: skip


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _window(
    early: datetime, expected: datetime, late: datetime, stops_before: int, as_of: datetime, is_estimate: bool
) -> WindowOut:
    return WindowOut(
        early=iso_of(early), expected=iso_of(expected), late=iso_of(late), stops_before=stops_before, as_of=iso_of(as_of),
        is_estimate=is_estimate,
    )  # fmt: skip
