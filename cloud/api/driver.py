"""A driver's run by its signed link: looked at, and what the driver says of its stops taken once, in order.

The link comes as a bearer token, so that no log has it. The driver has no account: the link shows one run, for two days, and can be
taken back.
"""

from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from cloud.api.clock import clock_out
from cloud.api.context import Planner, Services, ServicesDep, Transaction, token_of
from cloud.api.driver_forms import (
    ActAnswer,
    ActIn,
    ActsIn,
    ActsOut,
    ContainerToDrop,
    DriverLinkOut,
    DriverRunOut,
    DriverStop,
    DriverWindow,
    GateNote,
    TrackerNow,
)
from cloud.api.driver_meets import meets_of
from cloud.api.errors import ApiError, not_found
from cloud.api.faults import Fault, Param, fault
from cloud.api.qr import qr_rows
from cloud.api.route_plan_forms import ZonesOut
from cloud.api.stations import own_site
from cloud.api.text import iso_of, iso_or_none
from cloud.auth.audit import write_audit
from cloud.auth.links import Link, LinkError, LinkExpiredError, LinkSigner
from cloud.domain.driving import REASONS, WITH_CONTAINERS, ActKind, RunTimes, happened_ms, judge
from cloud.domain.order import iso
from cloud.domain.scope import Scope
from cloud.store import driver_acts as acts
from cloud.store.driver_acts import Act, DriverRun, StopNow
from cloud.store.driver_runs import StopAhead, note_opened, run_head, stops_ahead
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, change
from cloud.store.run_rooms import run_entries
from cloud.store.runs import listed
from edge.wire.clock import to_ms, utc

router = APIRouter(prefix="/api", tags=["driver"])

# The evening before until the evening of the day after: a phone that was offline still hands in what it has.
LINK_LIFE_MS = 48 * 3600 * 1000


def driver_links(services: Services) -> LinkSigner:
    """Signs drivers' links; a resident's link is none of them, and the other way round."""
    return LinkSigner(services.config.secret, services.clock, "driver-link-1")


async def driver_link(request: Request, services: ServicesDep, connection: Transaction) -> Link:
    """What the link says whose token was sent; 404 where it is none of ours, 410 where it is good no more."""
    try:
        link = driver_links(services).read(token_of(request) or "")
    except LinkExpiredError:
        raise ApiError(410, "driver_link_expired", "authorization") from None
    except LinkError:
        raise ApiError(404, "driver_link_invalid", "authorization") from None
    version = await acts.link_version(connection, int(link.order_id))
    if version is None:
        raise ApiError(404, "driver_link_invalid", "authorization")
    if version != link.version:
        raise ApiError(410, "driver_link_taken_back", "authorization")
    return link


DriverLink = Annotated[Link, Depends(driver_link, scope="function")]


@router.get("/driver/run")
async def look_at_own_run(link: DriverLink, response: Response, services: ServicesDep, connection: Transaction) -> DriverRunOut:
    """The run with its stops in order."""
    response.headers["Cache-Control"] = "no-store"
    await note_opened(connection, int(link.order_id), services.now())
    return await _run(connection, services, link)


@router.post("/driver/acts")
async def take_acts(
    wanted: ActsIn, link: DriverLink, response: Response, services: ServicesDep, connection: Transaction
) -> ActsOut:
    """What the driver said, in its order. Each is answered: one that is refused holds up none of the others."""
    response.headers["Cache-Control"] = "no-store"
    run = await acts.lock_run(connection, int(link.order_id))
    if run is None:
        raise ApiError(404, "driver_link_invalid", "authorization")
    answers: list[ActAnswer] = []
    entries: list[RoomEntry] = []
    for said in wanted.acts:
        answer, told = await _take(connection, services, run, said, wanted.sent_at_ms)
        answers.append(answer)
        entries += told
    if any(answer.outcome == "done" for answer in answers):
        entries += await run_entries(connection, run.id, services.now())
    if entries:
        await change(connection, {(one.room, one.key): one for one in entries}.values(), services.now())
    return ActsOut(answers=answers, run=await _run(connection, services, link))


async def _take(
    connection: Connection, services: Services, run: DriverRun, said: ActIn, sent_at_ms: int
) -> tuple[ActAnswer, list[RoomEntry]]:
    now = services.now()
    at_ms = happened_ms(said.at_ms, sent_at_ms, to_ms(now), services.clock.rate, _ms(run.departed_at))
    act = Act(
        said.key, said.kind, said.stop, said.site, utc(at_ms), said.reason, said.note,
        sorted({one.upper() for one in said.containers}),
    )  # fmt: skip
    before = await acts.kept_act(connection, run.id, act.key)
    if before is not None and (before.kind, before.site_id) != (act.kind, act.site_id):
        return _refused(said, fault("act_key_taken", "key", key=said.key)), []
    if before is not None and before.refusal == "":
        return ActAnswer(key=said.key, outcome="already"), []
    weighed = await _weigh(connection, run, act)
    if isinstance(weighed, Fault):
        await acts.keep(connection, run.id, act, weighed.code, now)
        return _refused(said, weighed), []
    stop, state = weighed
    await acts.keep(connection, run.id, act, "", now)
    if state != stop.state:
        await acts.set_stop(connection, run.id, stop.stop, state)
    told = await acts.tell_containers(connection, run, act, now) if act.containers else ()
    return ActAnswer(key=said.key, outcome="done"), list(told)


async def _weigh(connection: Connection, run: DriverRun, act: Act) -> Fault | tuple[StopNow, str]:
    """The stop it is about and what that becomes, or why it is refused."""
    wrong = _malformed(act)
    if wrong is not None:
        return wrong
    stop = await acts.stop_now(connection, run.id, act.stop, act.site_id)
    if stop is None:
        return fault("not_of_run", "site", site=act.site_id, run=run.name)
    times = RunTimes(run.state, _ms(run.departed_at), _ms(run.ended_at))
    judged = judge(ActKind(act.kind), to_ms(act.at), times, stop.state, _ms(stop.said_at))
    if judged.refusal:
        return fault(judged.refusal, "kind", **_params(judged.refusal, run))
    if act.kind == ActKind.TAKEN_OVER and not act.containers and await acts.is_labelled(connection, run.id, act.site_id):
        return fault("act_no_containers", "containers")
    if act.containers and (others := await acts.strangers(connection, run, act)):
        return fault("not_for_stop", "containers", container=others[0], site=act.site_id)
    return stop, judged.state


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)


def _params(code: str, run: DriverRun) -> dict[str, Param]:
    return {"run": run.name} if code in ("run_not_left", "run_over") else {}


def _refused(said: ActIn, wrong: Fault) -> ActAnswer:
    return ActAnswer(key=said.key, outcome="refused", error=wrong)


def _malformed(act: Act) -> Fault | None:
    """What no later try makes good."""
    if act.kind not in list(ActKind):
        return fault("act_unknown", "kind", kind=act.kind)
    if act.kind == ActKind.FAILED and act.reason not in REASONS:
        return fault("act_no_reason", "reason")
    if act.kind != ActKind.TAKEN_OVER and (act.kind in WITH_CONTAINERS) != bool(act.containers):
        return fault("act_no_containers", "containers")
    return None


async def _run(connection: Connection, services: Services, link: Link) -> DriverRunOut:
    head = await run_head(connection, int(link.order_id))
    if head is None:
        raise ApiError(404, "driver_link_invalid", "authorization")
    return DriverRunOut(
        id=head.id, name=head.name, day=head.service_date.isoformat(), vehicle=head.vehicle, state=head.state,
        stops=[_stop(one) for one in await stops_ahead(connection, head.id)], meets=await meets_of(connection, head.id, head.name),
        tracker=TrackerNow(enrolled=head.trackers, fix_at=iso_or_none(head.fix_at)), time_zone=head.time_zone,
        clock=clock_out(services.clock), expires_at=iso(link.expires_ms), as_of=iso_of(services.now()),
    )  # fmt: skip


def _stop(one: StopAhead) -> DriverStop:
    window = None
    if one.early is not None and one.late is not None and one.as_of is not None:
        window = DriverWindow(
            early=iso_of(one.early), late=iso_of(one.late), as_of=iso_of(one.as_of), is_estimate=bool(one.is_estimate)
        )
    return DriverStop(
        stop=one.stop, site=one.site_id, name=one.name, address=one.address, gate_note=one.gate_note, lat=one.lat, lon=one.lon,
        state=one.state, planned_arrival=iso_or_none(one.planned_arrival), arrived_at=iso_or_none(one.arrived_at), window=window,
        drop=[
            ContainerToDrop(id=each.id, zone=each.zone, state=each.state, is_signed=each.is_signed) for each in one.containers()
        ],
        unlabelled=None if one.unlabelled is None else ZonesOut.model_validate_json(one.unlabelled),
        empties=one.empties,
    )  # fmt: skip


@router.post("/runs/{run_id}/driver-link", status_code=201)
async def make_driver_link(run_id: int, account: Planner, services: ServicesDep, connection: Transaction) -> DriverLinkOut:
    """A link for who drives the run, good for two days."""
    await _require_run(connection, account.scope, run_id)
    version = cast(int, await acts.link_version(connection, run_id))
    token = driver_links(services).sign(str(run_id), version, life_ms=LINK_LIFE_MS)
    await write_audit(connection, services.now(), account.id, "driver_link.make", str(run_id))
    url = f"{services.config.public_url.rstrip('/')}/d/{token}"
    return DriverLinkOut(url=url, qr=qr_rows(url), expires_at=iso(services.clock.now_ms() + LINK_LIFE_MS))


@router.delete("/runs/{run_id}/driver-link", status_code=204)
async def take_back_driver_links(run_id: int, account: Planner, services: ServicesDep, connection: Transaction) -> None:
    """All links to this run are good no more."""
    await _require_run(connection, account.scope, run_id)
    await acts.take_back_links(connection, run_id)
    await write_audit(connection, services.now(), account.id, "driver_link.revoke", str(run_id))


async def _require_run(connection: Connection, scope: Scope, run_id: int) -> None:
    if not await listed(connection, scope, None, run_id):
        raise not_found("run_id", "run_id")


@router.put("/sites/{site_id}/gate-note")
async def set_gate_note(
    site_id: str, wanted: GateNote, account: Planner, services: ServicesDep, connection: Transaction
) -> GateNote:  # fmt: skip
    """What drivers must know to get in there."""
    await own_site(connection, account, site_id)
    await connection.execute("UPDATE site SET gate_note = %s WHERE id = %s", [wanted.gate_note, site_id])
    await write_audit(connection, services.now(), account.id, "site.gate_note", site_id)
    return wanted
