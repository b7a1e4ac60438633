"""The rest of a day planned anew (途中改派): asked for once something happened, answered by two plans; how goods change vans."""

import msgspec
from fastapi import APIRouter
from msgspec.structs import replace

from cloud.api.context import Planner, ServicesDep, Transaction
from cloud.api.day_standing import run_names
from cloud.api.errors import ApiError
from cloud.api.replan_asking import rest_asked
from cloud.api.replan_forms import ReplanIn, ReplanOut, TransferContainer, TransferList, TransferOut
from cloud.api.route_plan_showing import plan_out, plan_seen, result_of
from cloud.auth.audit import write_audit
from cloud.routing.answer import MeetSaid
from cloud.routing.day import Day
from cloud.routing.situation import Situation
from cloud.store import route_plans
from cloud.store.runs_underway import PlannedNow, containers_for

router = APIRouter(prefix="/api", tags=["plans"])


@router.post("/plans/{plan_id}/replans", status_code=201)
async def replan(plan_id: int, wanted: ReplanIn, account: Planner, services: ServicesDep, connection: Transaction) -> ReplanOut:
    """Of a committed plan. The smallest change is there within seconds, the best ``seconds`` later; either can be committed."""
    plan = await plan_seen(connection, account, plan_id)
    said = result_of(plan)
    if said is None or plan.state != "committed":
        raise ApiError(409, "plan_state", "plan_id", state=plan.state)
    rest = await rest_asked(connection, plan, msgspec.json.decode(plan.day, type=Day), said, wanted, services.now())
    asked = []
    for answer in ("smallest", "best"):
        day = replace(rest, situation=replace(rest.situation, answer=answer))  # type: ignore[type-var]
        number = await route_plans.ask(
            connection, plan.operator_id, plan.service_date, msgspec.json.encode(day), account.id, services.now()
        )
        asked.append(plan_out(await plan_seen(connection, account, number)))
    detail = {"event": wanted.event.model_dump(mode="json"), "plans": [one.id for one in asked]}
    await write_audit(connection, services.now(), account.id, "plan.replan", str(plan_id), detail)
    return ReplanOut(smallest=asked[0], best=asked[1])


@router.get("/plans/{plan_id}/transfers")
async def list_transfers(plan_id: int, account: Planner, connection: Transaction) -> TransferList:
    """Which containers change vans by this plan, where and when the vans meet, and which were scanned over already."""
    plan = await plan_seen(connection, account, plan_id)
    day, said = msgspec.json.decode(plan.day, type=Day), result_of(plan)
    if said is None or day.situation is None:
        return TransferList(transfers=[])
    runs = run_names(plan, day, said) if plan.runs else {van.id: van.run for van in day.situation.vans}
    sites = [site for route in said.routes for meet in route.meets for site in meet.sites]
    containers = await containers_for(connection, plan.operator_id, plan.service_date, sites)
    return TransferList(
        transfers=[
            _transfer(day.situation, meet, route.van, runs, [one for one in containers if one.site in meet.sites])
            for route in said.routes
            for meet in route.meets
        ]
    )


def _transfer(now: Situation, meet: MeetSaid, van: str, runs: dict[str, str], containers: list[PlannedNow]) -> TransferOut:
    run = runs.get(van, "")
    return TransferOut(
        from_van=meet.van, from_run=now.van[meet.van].run if meet.van in now.van else "", to_van=van, to_run=run, lat=meet.lat,
        lon=meet.lon, at_s=meet.arrival_s,
        containers=[
            TransferContainer(container=one.container, site=one.site, zone=one.zone, is_done=run != "" and one.aboard_of == run)
            for one in containers
        ],
    )  # fmt: skip
