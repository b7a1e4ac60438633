"""The rest of a day planned anew (途中改派): asked for once something happened, answered by two plans; how goods change vans."""

import msgspec
from fastapi import APIRouter
from msgspec.structs import replace

from cloud.api.context import Planner, ServicesDep, Transaction
from cloud.api.crate_lists import crate_list
from cloud.api.errors import ApiError
from cloud.api.replan_asking import rest_asked
from cloud.api.replan_forms import ReplanIn, ReplanOut, TransferList
from cloud.api.route_plan_showing import plan_out, plan_seen, result_of
from cloud.auth.audit import write_audit
from cloud.routing.day import Day
from cloud.store import route_plans

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
    return TransferList(transfers=await crate_list(connection, plan))
