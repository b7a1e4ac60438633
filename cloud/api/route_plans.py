"""Routes of a day (排线): asked for, searched by the jobs process, watched, stopped, compared, made runs or discarded."""

import asyncio
from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from cloud.api.context import Planner, PlannerApart, ServicesDep, Transaction, require_known_operator, require_operator
from cloud.api.errors import ApiError
from cloud.api.replan_committing import commit_rest
from cloud.api.route_plan_asking import day_asked
from cloud.api.route_plan_committing import commit
from cloud.api.route_plan_forms import DayIn, PlanComparison, PlanHead, PlanList, PlanOut
from cloud.api.route_plan_showing import comparison_out, day_of, head_of, plan_out, plan_seen, result_of
from cloud.auth.audit import write_audit
from cloud.routing.answer import PlanSaid
from cloud.routing.comparison import differences
from cloud.routing.day import Day, problem_of
from cloud.routing.hand import calls_of, tours_of
from cloud.routing.matrix import Matrix
from cloud.routing.plan import Tour
from cloud.routing.road_matrix import RoadMatrix
from cloud.routing.sifting import sift
from cloud.routing.transfers import Transfer, transfers
from cloud.store import route_plans

router = APIRouter(prefix="/api", tags=["plans"])


@router.post("/operators/{operator_id}/plans", status_code=201)
async def ask_for_plan(
    operator_id: str, wanted: DayIn, account: Planner, services: ServicesDep, connection: Transaction
) -> PlanOut:
    """Of a frozen date's containers; one that is not packed yet is packed first. The search begins within seconds."""
    require_operator(account, operator_id)
    await require_known_operator(connection, operator_id)
    day = await day_asked(connection, operator_id, wanted, services.now())
    asked = msgspec.json.encode(day)
    plan_id = await route_plans.ask(connection, operator_id, wanted.service_date, asked, account.id, services.now())
    detail = {"plan": plan_id, "vans": len(day.vans), "stations": len(day.stations)}
    await write_audit(connection, services.now(), account.id, "plan.ask", f"{operator_id}/{wanted.service_date}", detail)
    return plan_out(await plan_seen(connection, account, plan_id))


@router.get("/operators/{operator_id}/plans")
async def list_plans(operator_id: str, account: Planner, connection: Transaction, day: Annotated[date, Query()]) -> PlanList:
    """Of a date, the newest first."""
    require_operator(account, operator_id)
    found = await route_plans.listed(connection, account.scope, operator_id=operator_id, day=day)
    return PlanList(plans=[PlanHead.model_validate(head_of(plan)) for plan in found])


@router.get("/plans/{plan_id}")
async def look_at_plan(plan_id: int, account: Planner, connection: Transaction) -> PlanOut:
    """One, with how its search goes."""
    return plan_out(await plan_seen(connection, account, plan_id))


@router.post("/plans/{plan_id}/stop")
async def stop_plan(plan_id: int, account: Planner, connection: Transaction) -> PlanOut:
    """Enough searched: the best so far is the plan, within seconds."""
    plan = await plan_seen(connection, account, plan_id)
    if not await route_plans.ask_to_stop(connection, plan_id):
        raise ApiError(409, "plan_state", "plan_id", state=plan.state)
    return plan_out(await plan_seen(connection, account, plan_id))


@router.post("/plans/{plan_id}/commit")
async def commit_plan(plan_id: int, account: Planner, services: ServicesDep, connection: Transaction) -> PlanOut:
    """Its routes become runs, and its containers go on them. What was committed for the date before is replaced; by a plan of
    the rest of a day, what is left of its runs.
    """
    plan = await plan_seen(connection, account, plan_id)
    result = result_of(plan)
    if result is None or plan.state not in route_plans.OPEN:
        raise ApiError(409, "plan_state", "plan_id", state=plan.state)
    now = day_of(plan).situation
    if now is None:
        runs = await commit(connection, plan, result, account.id, services.now())
    else:
        runs = await commit_rest(connection, plan, now, result, account.id, services.now())
    await write_audit(connection, services.now(), account.id, "plan.commit", str(plan_id), {"runs": runs})
    return plan_out(await plan_seen(connection, account, plan_id))


@router.post("/plans/{plan_id}/discard")
async def discard_plan(plan_id: int, account: Planner, services: ServicesDep, connection: Transaction) -> PlanOut:
    """Nothing becomes of it; it can still be looked at."""
    plan = await plan_seen(connection, account, plan_id)
    if not await route_plans.decide(connection, plan_id, "discarded", account.id, services.now()):
        raise ApiError(409, "plan_state", "plan_id", state=plan.state)
    await write_audit(connection, services.now(), account.id, "plan.discard", str(plan_id))
    return plan_out(await plan_seen(connection, account, plan_id))


@router.get("/plans/{plan_id}/comparison/{other_id}")
async def compare_plans(plan_id: int, other_id: int, account: PlannerApart, services: ServicesDep) -> PlanComparison:
    """What the other plan of the same date costs and does more, or less, and which stations another van comes to.

    Of whole days also why; what a plan of the rest of a day changes stands in its moves.
    """
    async with services.pool.connection() as connection:
        one, other = await plan_seen(connection, account, plan_id), await plan_seen(connection, account, other_id)
    if (one.operator_id, one.service_date) != (other.operator_id, other.service_date):
        raise ApiError(422, "plans_of_two_days", "other_id")
    before, after, day = result_of(one), result_of(other), day_of(other)
    if _span(day_of(one)) != _span(day):
        raise ApiError(422, "plans_of_two_spans", "other_id")
    if before is None or after is None:
        raise ApiError(409, "plan_state", "plan_id", state=one.state if before is None else other.state)
    if day.situation is not None:
        plain = [Transfer(move.site, move.name, move.before, move.after, None) for move in differences(before, after).moved]
        return comparison_out(before, after, plain)
    # It takes a connection itself, and nobody waits for one who holds one.
    matrix = await RoadMatrix(services.matrix).matrix(day.places)
    return await asyncio.to_thread(_compared, day, matrix, before, after)


def _span(day: Day) -> tuple[int, int] | None:
    """Of what is left of a day, since when and of which plan; None: of a whole day."""
    return None if day.situation is None else (day.situation.base, day.situation.now_s)


def _compared(day: Day, matrix: Matrix, before: PlanSaid, after: PlanSaid) -> PlanComparison:
    problem, _ = sift(problem_of(day, matrix))
    known = [tour for tour in tours_of(after) if tour.van in problem.van]
    tours = [Tour(tour.van, calls_of(day.depot.site, tour.trips)) for tour in known]
    return comparison_out(before, after, transfers(before, after, problem, tours))
