"""A plan changed by hand (调整): tours as a dispatcher wants them, tried without keeping anything, or kept as a plan of its own."""

import asyncio
from dataclasses import dataclass

import msgspec
from fastapi import APIRouter

from cloud.api.context import PlannerApart, Services, ServicesDep
from cloud.api.errors import ApiError
from cloud.api.route_plan_forms import PlanOut, RefusalOut, ToursIn, TrialOut
from cloud.api.route_plan_showing import comparison_out, day_of, plan_out, plan_seen, result_of, said_out
from cloud.auth.accounts import Account
from cloud.auth.audit import write_audit
from cloud.routing.answer import PlanSaid
from cloud.routing.day import Day
from cloud.routing.faults import ProblemError
from cloud.routing.hand import Handmade, TourWanted, by_hand
from cloud.routing.matrix import Matrix
from cloud.routing.refusals import Refusal, refusal
from cloud.routing.road_matrix import RoadMatrix
from cloud.routing.transfers import Transfer, transfers
from cloud.store import route_plans
from cloud.store.route_plans import PlanStanding

router = APIRouter(prefix="/api", tags=["plans"])


@dataclass(frozen=True, slots=True)
class _Tried:
    """``moved``: from the plan it began from."""

    made: Handmade
    before: PlanSaid
    moved: tuple[Transfer, ...]
    refusals: tuple[Refusal, ...]


@router.post("/plans/{plan_id}/trial")
async def try_tours(plan_id: int, wanted: ToursIn, account: PlannerApart, services: ServicesDep) -> TrialOut:
    """What these tours would come to, and what moves; nothing is kept. What does not hold is told, with all that is wrong."""
    _, tried = await _tried(services, account, plan_id, wanted)
    said = tried.made.said
    return TrialOut(
        result=None if said is None else said_out(said),
        comparison=None if said is None else comparison_out(tried.before, said, tried.moved),
        refusals=[
            RefusalOut(
                field=one.field, code=one.code, van=one.van, site=one.site, said_en=one.said.en, said_zh=one.said.zh,
                remedy_en=one.remedy.en, remedy_zh=one.remedy.zh,
            )
            for one in tried.refusals
        ],
    )  # fmt: skip


@router.post("/plans/{plan_id}/moves", status_code=201)
async def keep_tours(plan_id: int, wanted: ToursIn, account: PlannerApart, services: ServicesDep) -> PlanOut:
    """These tours as a new plan of the date, to be committed or discarded. The one it began from stays as it is."""
    plan, tried = await _tried(services, account, plan_id, wanted)
    said = tried.made.said
    if said is None:
        first = tried.refusals[0]
        raise ApiError(
            422, "plan_problem", first.field, detail=first.said.en, remedy=first.remedy.en, detail_zh=first.said.zh,
            remedy_zh=first.remedy.zh,
        )  # fmt: skip
    async with services.pool.connection() as connection, connection.transaction():
        number = await route_plans.keep_moved(
            connection, plan, msgspec.json.encode(said), account.id, services.now(), is_estimate=said.is_estimate
        )
        detail = {"plan": number, "moved": len(tried.moved)}
        await write_audit(connection, services.now(), account.id, "plan.move", str(plan_id), detail)
        return plan_out(await plan_seen(connection, account, number))


async def _tried(services: Services, account: Account, plan_id: int, wanted: ToursIn) -> tuple[PlanStanding, _Tried]:
    # Its own transaction: the ways take a connection themselves, and nobody waits for one who holds one.
    async with services.pool.connection() as connection:
        plan = await plan_seen(connection, account, plan_id)
    before = result_of(plan)
    if before is None:
        raise ApiError(409, "plan_state", "plan_id", state=plan.state)
    day = day_of(plan)
    if day.situation is not None:
        raise ApiError(409, "plan_of_rest", "plan_id")
    tours = [TourWanted(tour.van, tuple(tuple(trip) for trip in tour.trips)) for tour in wanted.tours]
    matrix = await RoadMatrix(services.matrix).matrix(day.places)
    try:
        return plan, await asyncio.to_thread(_try, day, matrix, before, tours)
    except ProblemError as error:
        first = error.faults[0]
        raise ApiError(
            422, "plan_problem", first.field, detail=first.said, remedy=first.remedy, detail_zh=first.said_zh,
            remedy_zh=first.remedy_zh,
        ) from None  # fmt: skip


def _try(day: Day, matrix: Matrix, before: PlanSaid, tours: list[TourWanted]) -> _Tried:
    made = by_hand(day, matrix, tours)
    moved = () if made.said is None else transfers(before, made.said, made.problem, made.tours)
    return _Tried(made, before, moved, tuple(refusal(day, made.problem, one) for one in made.violations))
