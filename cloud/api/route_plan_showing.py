"""Plans of a day as they stand, for the routes that find and show them."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import msgspec

from cloud.api.day_standing import run_names
from cloud.api.errors import not_found
from cloud.api.route_plan_forms import MovedOut, PlanComparison, PlanDay, PlanOut, PlanResult, ProgressOut, ZonesOut
from cloud.api.text import iso_of, iso_or_none
from cloud.auth.accounts import Account
from cloud.routing.answer import PlanSaid
from cloud.routing.comparison import differences
from cloud.routing.day import ByZone, Day
from cloud.routing.transfers import Transfer
from cloud.store import route_plans
from cloud.store.pool import Connection
from cloud.store.route_plans import PlanStanding


async def plan_seen(connection: Connection, account: Account, plan_id: int) -> PlanStanding:
    """404 where it is not there, or not for this account."""
    found = await route_plans.listed(connection, account.scope, plan_id=plan_id)
    if not found:
        raise not_found("plan_id", "plan")
    return found[0]


def day_of(plan: PlanStanding) -> Day:
    return msgspec.json.decode(plan.day, type=Day)


def result_of(plan: PlanStanding) -> PlanSaid | None:
    return None if plan.result is None else msgspec.json.decode(plan.result, type=PlanSaid)


def zones_out(load: ByZone) -> ZonesOut:
    return ZonesOut(ambient=load.ambient, chilled=load.chilled, frozen=load.frozen)


def head_of(plan: PlanStanding) -> dict[str, object]:
    day = day_of(plan)
    now = day.situation
    rest: dict[str, object] = (
        {"base": None} if now is None else {"base": now.base, "answer": now.answer, "event": msgspec.to_builtins(now.event)}
    )
    return {
        "id": plan.id, "operator": plan.operator_id, "service_date": plan.service_date, "state": plan.state,
        "asked_by": plan.asked_by, "asked_at": iso_of(plan.asked_at), "ended_at": iso_or_none(plan.ended_at),
        "run_of_van": _run_of_van(plan, day),
        "seconds": day.seconds, "stop_asked": plan.stop_asked, "is_estimate": plan.is_estimate, "trouble": plan.trouble,
        "stations": len(day.stations), "runs": plan.runs, "moved_from": plan.moved_from, **rest,
    }  # fmt: skip


def _run_of_van(plan: PlanStanding, day: Day) -> dict[str, str]:
    if not plan.runs:  # not committed: its result, which is long, is not asked for
        return {}
    said = result_of(plan)
    return {} if said is None else run_names(plan, day, said)


def plan_out(plan: PlanStanding) -> PlanOut:
    progress = [ProgressOut(seconds=seconds, cost_fen=fen) for seconds, fen in json.loads(plan.progress)]
    result = None if plan.result is None else PlanResult.model_validate_json(plan.result)
    return PlanOut.model_validate({**head_of(plan), "day": _day_out(day_of(plan)), "progress": progress, "result": result})


def said_out(said: PlanSaid) -> PlanResult:
    return PlanResult.model_validate_json(msgspec.json.encode(said))


def comparison_out(before: PlanSaid, after: PlanSaid, moved: Sequence[Transfer]) -> PlanComparison:
    """After minus before."""
    told = [
        MovedOut(
            site=one.site, name=one.name, before=one.before, after=one.after, said_en=one.said.en if one.said else "",
            said_zh=one.said.zh if one.said else "",
        )
        for one in moved
    ]  # fmt: skip
    return PlanComparison.model_validate({**asdict(differences(before, after)), "moved": told})


def _day_out(day: Day) -> PlanDay:
    stations = [{**msgspec.to_builtins(one), **msgspec.to_builtins(one.place)} for one in day.stations]
    return PlanDay.model_validate({**msgspec.to_builtins(day), "stations": stations})
