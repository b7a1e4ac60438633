"""What changes vans of a run, as its driver is told: whom to meet where and when, which containers, for which stops."""

from datetime import datetime, timedelta

from cloud.api.crate_lists import crate_list
from cloud.api.driver_forms import CrateToMove, DriverMeet, UnlabelledToTake
from cloud.api.replan_forms import TransferOut
from cloud.api.route_plan_committing import midnight_of
from cloud.api.route_plan_showing import day_of
from cloud.api.text import iso_of
from cloud.store import route_plans
from cloud.store.pool import Connection
from cloud.store.route_plans import PlanStanding


async def meets_of(connection: Connection, run_id: int, name: str) -> list[DriverMeet]:
    """By time; of the plan that is committed now. ``name``: the run's."""
    plan = await route_plans.committed_for(connection, run_id)
    if plan is None:
        return []
    mine = [one for one in await crate_list(connection, plan) if name in (one.from_run, one.to_run)]
    if not mine:
        return []
    midnight = await midnight_of(connection, plan.operator_id, plan.service_date)
    stations = {one.place.site: one.place.name for one in day_of(plan).stations}
    vans = await _vans(connection, plan)
    stops = await _stops(connection, run_id)
    return [_meet(one, name, midnight, stations, vans, stops) for one in sorted(mine, key=lambda one: one.at_s)]


def _meet(
    one: TransferOut, name: str, midnight: datetime, stations: dict[str, str], vans: dict[str, str], stops: dict[str, int]
) -> DriverMeet:
    is_taking = one.to_run == name
    other = one.from_run if is_taking else one.to_run
    return DriverMeet(
        is_taking=is_taking, other_run=other, other_van=vans.get(other, ""), near=one.near, lat=one.lat, lon=one.lon,
        at=iso_of(midnight + timedelta(seconds=one.at_s)),
        containers=[
            CrateToMove(
                id=crate.container, zone=crate.zone, site=crate.site, name=stations.get(crate.site, crate.site),
                stop=stops.get(crate.site) if is_taking else None, is_done=crate.is_done,
            )
            for crate in one.containers
        ],
        unlabelled=[
            UnlabelledToTake(
                site=goods.site, name=stations.get(goods.site, goods.site), stop=stops.get(goods.site) if is_taking else None,
                load=goods.load, is_done=goods.is_done,
            )
            for goods in one.unlabelled
        ],
    )  # fmt: skip


async def _vans(connection: Connection, plan: PlanStanding) -> dict[str, str]:
    """What the van of each of the day's runs is called."""
    cursor = await connection.execute(
        "SELECT r.name, s.name FROM run r JOIN site s ON s.id = r.vehicle_id WHERE r.operator_id = %s AND r.service_date = %s",
        [plan.operator_id, plan.service_date],
    )
    return dict(await cursor.fetchall())


async def _stops(connection: Connection, run_id: int) -> dict[str, int]:
    """By station, those that the run comes to: not one that is passed over."""
    cursor = await connection.execute("SELECT site_id, stop FROM run_stop WHERE run_id = %s AND state <> 'skipped'", [run_id])
    return dict(await cursor.fetchall())
