"""A plan of the rest of a day is committed: its runs' rest is written anew, done stops stay, containers go with them.

Leaves what a new day's plan does to `route_plan_committing`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from string import digits

from cloud.api.errors import ApiError
from cloud.api.route_plan_committing import midnight_of, run_name, stops_to_come, write_run
from cloud.domain import sort_wall
from cloud.routing.answer import PlanSaid
from cloud.routing.situation import Situation, VanNow
from cloud.store import route_plans
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, change
from cloud.store.route_plans import PlanStanding
from cloud.store.run_rooms import run_entries
from cloud.store.runs import step
from cloud.store.runs_underway import RunNow, move_containers, runs_now, write_rest


async def commit_rest(
    connection: Connection, plan: PlanStanding, situation: Situation, said: PlanSaid, account_id: int, now: datetime
) -> list[str]:
    """The names of its runs, in the order of its routes. ApiError, and nothing done, where the day has gone on meanwhile."""
    await route_plans.lock_day(connection, plan.operator_id, plan.service_date)
    if not await route_plans.is_committed(connection, situation.base):
        raise ApiError(409, "plan_outdated", "plan_id", name=f"#{situation.base}")
    await route_plans.replaced(connection, plan.operator_id, plan.service_date, account_id, now)
    runs = await runs_now(connection, plan.operator_id, plan.service_date, [van.run for van in situation.vans if van.run])
    _require_the_same(situation, runs)
    served = {stop.site for run in runs.values() for stop in run.stops if stop.is_served}
    midnight = await midnight_of(connection, plan.operator_id, plan.service_date)
    names = await _names(connection, plan, situation, said)
    if not await route_plans.decide(connection, plan.id, "committed", account_id, now, [names[one.van] for one in said.routes]):
        raise ApiError(409, "plan_state", "plan_id", state=plan.state)
    routes = {route.van: route for route in said.routes}
    coming = {stop.site for route in said.routes for stop in route.stops}
    entries: list[RoomEntry] = []
    for van in situation.vans:
        route = routes.get(van.id)
        stops = [] if route is None else stops_to_come(route, midnight, served)
        end = None if route is None else midnight + timedelta(seconds=route.end_s)
        if van.run:
            run = runs[van.run]
            await write_rest(connection, run, stops, _skipped(situation, said, van), coming, end)
            await _stand(connection, van, run, is_empty=not stops, now=now)
            entries += await run_entries(connection, run.id, now)
        elif route is not None and stops:
            run_id = await write_run(connection, plan, names[van.id], route, stops, midnight, now)
            entries += await run_entries(connection, run_id, now)
    await change(connection, entries, now)
    await _send_containers(connection, plan, names, said)
    return [names[route.van] for route in said.routes]


def _require_the_same(situation: Situation, runs: Mapping[str, RunNow]) -> None:
    """A van that has been loaded, or is done, since this was asked is another day."""
    for van in situation.vans:
        run = runs.get(van.run)
        if van.run and (run is None or run.state in ("completed", "aborted") or run.is_loaded != van.is_loaded):
            raise ApiError(409, "plan_outdated", "plan_id", name=van.run)


def _skipped(situation: Situation, said: PlanSaid, van: VanNow) -> list[str]:
    """Of what this van carries, or stands there with: what nobody is brought."""
    nobody = {one.site for one in said.unassigned}
    mine = {one.site for one in situation.aside if one.van == van.id}
    mine |= {one.site for one in van.ahead if situation.is_aboard(one.site)}
    mine |= {one.site for one in situation.lying if one.van == van.id}
    return sorted(nobody & mine)


async def _stand(connection: Connection, van: VanNow, run: RunNow, *, is_empty: bool, now: datetime) -> None:
    """A van that is out stands, and is followed until its goods are gone; one that never left ends."""
    if run.is_loaded and van.is_out and run.state == "departed":
        await step(connection, run.id, "paused", now)
    elif not run.is_loaded and is_empty:
        await step(connection, run.id, "aborted", now)


async def _names(connection: Connection, plan: PlanStanding, situation: Situation, said: PlanSaid) -> dict[str, str]:
    """By van; one that had no run gets the next number of the day."""
    cursor = await connection.execute(
        "SELECT name FROM run WHERE operator_id = %s AND service_date = %s", [plan.operator_id, plan.service_date]
    )
    taken = {str(row[0]) for row in await cursor.fetchall()}
    free = (
        name for number in range(1, len(taken) + len(said.routes) + 1) if (name := run_name(plan.service_date, number)) not in taken
    )
    names = {van.id: van.run for van in situation.vans if van.run}
    return names | {route.van: next(free) for route in said.routes if route.van not in names}


async def _send_containers(connection: Connection, plan: PlanStanding, names: Mapping[str, str], said: PlanSaid) -> None:
    """The wall's lanes and the loading lists say what runs say. What nobody is brought, and nobody has aboard, is on no run."""
    runs = await runs_now(connection, plan.operator_id, plan.service_date, set(names.values()))
    ordered = [run for run in sorted(runs.values(), key=lambda run: run.id) if run.stops]
    routes = [sort_wall.Route(run.name, tuple(stop.site for stop in run.stops)) for run in ordered]
    wall = sort_wall.stops(routes)
    numbers = {stop.site: stop.stop for run in ordered for stop in run.stops}
    places = [(site, at.run, numbers[site], f"{at.lane.rstrip(digits)}{numbers[site]}") for site, at in wall.items()]
    on_a_run = {site for site, *_ in places}
    places += [(site, "", 0, "") for site in sorted({one.site for one in said.unassigned} - on_a_run)]
    kept = [{"run": route.run, "stops": route.stops} for route in routes]
    await move_containers(connection, plan.operator_id, plan.service_date, places, kept)
