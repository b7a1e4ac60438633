"""A plan's routes become runs (车次) of the day, and its containers go on them; what was committed before goes."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

import msgspec

from cloud.api.errors import ApiError
from cloud.domain import sort_wall
from cloud.routing.answer import PlanSaid, RouteSaid
from cloud.store import plans, route_plans
from cloud.store.pool import Connection
from cloud.store.rooms import change
from cloud.store.route_plans import PlanStanding
from cloud.store.run_rooms import run_entries
from cloud.store.runs import WantedStop, plan_run, step
from cloud.store.runs_underway import StopToCome

_BEFORE_LOADING = ("planned", "assigned")
_OVER = ("completed", "aborted")


async def commit(connection: Connection, plan: PlanStanding, said: PlanSaid, account_id: int, now: datetime) -> list[str]:
    """The names of its runs. ApiError, and nothing done, where one of them, or of those it replaces, is underway."""
    before = await route_plans.replaced(connection, plan.operator_id, plan.service_date, account_id, now)
    names = [run_name(plan.service_date, number) for number in range(1, len(said.routes) + 1)]
    if not await route_plans.decide(connection, plan.id, "committed", account_id, now, names):
        raise ApiError(409, "plan_state", "plan_id", state=plan.state)
    await _end(connection, plan, sorted(set(before) - set(names)), now)
    midnight = await midnight_of(connection, plan.operator_id, plan.service_date)
    for name, route in zip(names, said.routes, strict=True):
        run_id = await write_run(connection, plan, name, route, stops_to_come(route, midnight), midnight, now)
        await change(connection, await run_entries(connection, run_id, now), now)
    routes = [
        sort_wall.Route(name, tuple(stop.site for stop in route.stops)) for name, route in zip(names, said.routes, strict=True)
    ]
    await plans.set_plan(connection, plan.operator_id, plan.service_date, routes, now)
    return names


async def midnight_of(connection: Connection, operator_id: str, day: date) -> datetime:
    """When the day begins where the operator is."""
    cursor = await connection.execute("SELECT time_zone FROM operator WHERE id = %s", [operator_id])
    row = await cursor.fetchone()
    return datetime.combine(day, time_of_day(0), ZoneInfo(row[0] if row else "UTC"))


def run_name(day: date, number: int) -> str:
    """Of a day's runs, numbers from 1."""
    return f"R{day:%m%d}-{number}"


def stops_to_come(route: RouteSaid, midnight: datetime, served: Collection[str] = ()) -> list[StopToCome]:
    """As the route says; who is ``served`` by now, is."""
    return [
        StopToCome(
            stop.site, midnight + timedelta(seconds=stop.arrival_s), midnight + timedelta(seconds=stop.departure_s),
            msgspec.json.encode(stop.load).decode(),
        )
        for stop in route.stops
        if stop.site not in served
    ]  # fmt: skip


async def write_run(
    connection: Connection, plan: PlanStanding, name: str, route: RouteSaid, stops: Sequence[StopToCome], midnight: datetime,
    now: datetime,
) -> int:  # fmt: skip
    """A run of a route, with those of its stops. Its number. ApiError where one of that name is underway."""
    wanted = [WantedStop(one.site, one.arrival, one.departure) for one in stops]
    run_id = await plan_run(connection, plan.operator_id, plan.service_date, name, route.vehicle or None, wanted, now)
    if run_id is None:
        raise ApiError(409, "run_underway", "plan_id", name=name)
    await connection.execute(
        "UPDATE run SET planned_start = %s, planned_end = %s, load = %s::jsonb WHERE id = %s",
        [
            midnight + timedelta(seconds=route.sets_out_s), midnight + timedelta(seconds=route.end_s),
            msgspec.json.encode(route.load).decode(), run_id,
        ],
    )  # fmt: skip
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "UPDATE run_stop SET load = %s::jsonb WHERE run_id = %s AND site_id = %s",
            [(one.load, run_id, one.site) for one in stops],
        )
    return run_id


async def _end(connection: Connection, plan: PlanStanding, names: Sequence[str], now: datetime) -> None:
    """Runs of the plan before that this one does not write anew."""
    cursor = await connection.execute(
        "SELECT id, name, state FROM run WHERE operator_id = %s AND service_date = %s AND name = ANY(%s) FOR UPDATE",
        [plan.operator_id, plan.service_date, list(names)],
    )
    for run_id, name, state in await cursor.fetchall():
        if state in _OVER:
            continue
        if state not in _BEFORE_LOADING:
            raise ApiError(409, "run_underway", "plan_id", name=name)
        await step(connection, run_id, "aborted", now)
        await change(connection, await run_entries(connection, run_id, now), now)
