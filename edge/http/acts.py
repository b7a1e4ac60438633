"""The acts of the staff page: arrivals, shelves, hand-outs, stock-take, leftovers, people. Thin: what each means is the station's.

Who acts is who is logged in at the page, known by a cookie. Where the manifest names staff, an act that must name a person is
refused until somebody is; where it names none, the page's own word is taken.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response

from edge.devices.photo import PhotoReader
from edge.http import act_forms as f
from edge.http.act_views import Here, answer_view, parcel_view, read_day
from edge.http.cells import add_cells
from edge.http.looking import add_looking
from edge.http.photo_scan import add_photo_scan
from edge.http.photos import add_photos
from edge.http.refusals import Refusal
from edge.http.views import scan_view
from edge.outbox import Outbox
from edge.photos import Photos
from edge.station.benches import PAGE, WEDGE
from edge.station.cabinet import Cabinet
from edge.station.desk import Desk, NotInManifestError
from edge.station.people import People
from edge.station.pickups import Pickups
from edge.station.questions import NoSuchQuestionError, Questions
from edge.station.results import ScanResult
from edge.station.rules import RuleBook
from edge.station.station import Station, Who
from edge.station.terminals import Terminals
from edge.wire import messages

COOKIE = "tt_page"  # 128 random bits: this browser, for the log-in; it says nothing by itself
PAGE_NAME_DIGITS = 24  # 96 bits; the 32 that eight digits are can be met by trying cookies for a few minutes


@dataclass(frozen=True, slots=True)
class Operations:
    """What the acts work on."""

    outbox: Outbox
    station: Station
    desk: Desk
    questions: Questions
    people: People
    cabinet: Cabinet
    photos: Photos
    photo_reader: PhotoReader
    rules: RuleBook
    pickups: Pickups
    terminals: Terminals
    scanners: frozenset[str]  # by which a dock's places are named

    def device(self, request: Request) -> str:
        """The page's name as a device: the same as long as its cookie."""
        cookie = request.cookies.get(COOKIE, "")
        return _named(cookie) if cookie else WEDGE

    def who(self, request: Request, claimed: str) -> Who:
        """Who acts. Refusal: nobody is logged in, and somebody could be."""
        device = self.device(request)
        if not self.people.are_known:
            return Who(device, claimed)
        session = self.people.sessions.get(device)
        if session is None or session.staff not in self.station.day.staff:  # or has left since
            raise Refusal(401, "actor", "nobody is logged in at this page", "log in with a PIN or a badge", "no_log_in")
        return Who(device, session.staff)


def page_of(request: Request, response: Response) -> str:
    """The page's name as a device; a page that had none is given its cookie."""
    value = request.cookies.get(COOKIE) or secrets.token_hex(16)
    is_secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, value, httponly=True, samesite="strict", secure=is_secure, max_age=400 * 86_400)
    return _named(value)


def _named(cookie: str) -> str:
    """Everybody at the page reads this name: so long that nobody finds another cookie with the same."""
    return PAGE + hashlib.sha256(cookie.encode()).hexdigest()[:PAGE_NAME_DIGITS]


def add_acts(app: FastAPI, ops: Operations) -> None:
    """All of a station's."""
    _add_reading(app, ops)
    _add_arrivals(app, ops)
    _add_shelves(app, ops)
    _add_leftovers(app, ops)
    _add_hand_out(app, ops)
    add_people(app, ops)
    add_looking(app, ops.station, ops.outbox)
    add_cells(app, ops.cabinet, ops.station, ops.outbox, ops.who)
    add_photos(app, ops.photos, ops.who)
    add_photo_scan(app, ops.photo_reader, ops.who)

    @app.exception_handler(NotInManifestError)
    async def not_in_manifest(_request: Request, error: NotInManifestError) -> Response:
        return Refusal(409, "", str(error), "wait for the manifest, or ask the warehouse", "not_in_manifest").response()

    @app.exception_handler(NoSuchQuestionError)
    async def no_question(_request: Request, error: NoSuchQuestionError) -> Response:
        return Refusal(409, "question", str(error), "scan the code again", "no_question").response()


def _done(result: ScanResult) -> f.ActAnswer:
    return f.ActAnswer(act=scan_view(result))


def _add_reading(app: FastAPI, ops: Operations) -> None:
    @app.get("/api/day")
    async def day() -> f.DayView:
        today, standings, undone = ops.station.day, ops.station.standings, ops.station.undone
        return await ops.outbox.run(lambda store: read_day(store.execute, today, standings, undone))

    shown = Here()

    @app.get("/api/here", response_model=f.HereView)
    async def here() -> Response:
        today, standings, undone = ops.station.day, ops.station.standings, ops.station.undone
        text = await ops.outbox.run(lambda store: shown.read(store.execute, today, standings, undone))
        return Response(text, media_type="application/json")

    @app.get("/api/slot")
    async def slot(parcel: Annotated[str, Query(min_length=1, max_length=64)]) -> f.SlotView:
        return f.SlotView(slot=await ops.desk.suggest_slot(parcel))

    @app.get("/api/shelf-queue")
    async def shelf_queue(limit: Annotated[int, Query(ge=1, le=50)] = 8) -> f.ShelfQueueView:
        today, queue = ops.station.day, await ops.desk.shelf_queue(limit)
        parcels = [f.ToShelveView(parcel=parcel_view(one, today), slot=slot) for one, slot in queue.first]
        return f.ShelfQueueView(waiting=queue.total, parcels=parcels)


def _add_arrivals(app: FastAPI, ops: Operations) -> None:
    desk = ops.desk

    @app.post("/api/sign")
    async def sign(form: f.SignForm, request: Request) -> f.ActAnswer:
        return _done(await desk.sign(form.container, form.condition, form.photo, ops.who(request, form.actor)))

    @app.post("/api/open")
    async def open_container(form: f.ContainerForm, request: Request) -> f.ActAnswer:
        return _done(await desk.open_container(form.container, ops.who(request, form.actor)))

    @app.post("/api/finish-count")
    async def finish_count(form: f.ContainerForm, request: Request) -> f.ActAnswer:
        return _done(await desk.finish_count(form.container, ops.who(request, form.actor)))

    @app.post("/api/report")
    async def report(form: f.ReportForm, request: Request) -> f.ActAnswer:
        who = ops.who(request, form.actor)
        return _done(await desk.report(form.parcel, form.problem, form.sku, form.quantity, form.photo, who))

    @app.post("/api/weigh")
    async def weigh(form: f.WeighForm, request: Request) -> f.ActAnswer:
        who = ops.who(request, form.actor)
        return _done(await desk.weigh(form.parcel, form.sku, form.quantity, form.weight_g, form.photo, who))

    @app.post("/api/count-goods")
    async def count_goods(form: f.GoodsForm, request: Request) -> f.ActAnswer:
        return _done(await desk.count_goods(form.container, form.sku, form.quantity, ops.who(request, form.actor)))

    @app.post("/api/give")
    async def give(form: f.GiveForm, request: Request) -> f.ActAnswer:
        return _done(await desk.give(form.sku, form.quantity, form.parcel, ops.who(request, form.actor)))

    @app.post("/api/finish-distribution")
    async def finish_distribution(form: f.NothingForm, request: Request) -> f.ActAnswer:
        return _done(await desk.finish_distribution(ops.who(request, form.actor)))


def _add_shelves(app: FastAPI, ops: Operations) -> None:
    desk = ops.desk

    @app.post("/api/shelve")
    async def shelve(form: f.ShelveForm, request: Request) -> f.ActAnswer:
        return _done(await desk.shelve(form.parcel, form.slot, ops.who(request, form.actor)))

    @app.post("/api/place")
    async def place(form: f.PlaceForm, request: Request) -> f.ActAnswer:
        return _done(await desk.place(form.parcel, form.cell, ops.who(request, form.actor)))

    @app.post("/api/remove")
    async def remove(form: f.RemoveForm, request: Request) -> f.ActAnswer:
        return _done(await desk.remove(form.parcel, form.reason, ops.who(request, form.actor)))

    @app.post("/api/begin-stock-take")
    async def begin_stock_take(form: f.StockTakeForm, request: Request) -> f.StockTakeForm:
        ops.who(request, form.actor)
        await desk.begin_stock_take(form.scope)
        return form

    @app.post("/api/finish-stock-take")
    async def finish_stock_take(form: f.NothingForm, request: Request) -> f.ActAnswer:
        return _done(await desk.finish_stock_take(ops.who(request, form.actor)))


def _add_leftovers(app: FastAPI, ops: Operations) -> None:
    desk = ops.desk

    @app.post("/api/dispose")
    async def dispose(form: f.DisposeForm, request: Request) -> f.ActAnswer:
        return _done(await desk.dispose(form.parcel, form.reason, form.photo, ops.who(request, form.actor)))

    @app.post("/api/give-back")
    async def give_back(form: f.ReturnForm, request: Request) -> f.ActAnswer:
        return _done(await desk.give_back(form.parcel, form.container, form.run, ops.who(request, form.actor)))

    @app.post("/api/empty")
    async def empty(form: f.ContainerForm, request: Request) -> f.ActAnswer:
        return _done(await desk.empty(form.container, ops.who(request, form.actor)))

    @app.post("/api/send-back")
    async def send_back(form: f.ContainerForm, request: Request) -> f.ActAnswer:
        return _done(await desk.send_back(form.container, form.run, ops.who(request, form.actor)))


def _add_hand_out(app: FastAPI, ops: Operations) -> None:
    @app.post("/api/ask")
    async def ask(form: f.AskForm, request: Request) -> f.AnswerView:
        asked = await ops.questions.ask(form.text, ops.who(request, form.actor))
        return answer_view(asked, ops.station.day)

    @app.get("/api/questions/{question}")
    async def question(question: str, request: Request) -> f.AnswerView:
        ops.who(request, "")
        return answer_view(ops.questions.find(question), ops.station.day)

    @app.post("/api/hand-out")
    async def hand_out(form: f.HandOutForm, request: Request) -> f.ActAnswer:
        who = ops.who(request, form.actor)
        return _done(await ops.questions.hand_out(form.question, form.claim, form.parcels, who, is_told=form.told))

    @app.post("/api/hand-out-told")
    async def hand_out_told(form: f.ToldForm, request: Request) -> f.ActAnswer:
        return _done(await ops.desk.hand_out_told(form.parcel, ops.who(request, form.actor)))

    @app.post("/api/refuse")
    async def refuse(form: f.RefuseForm, request: Request) -> f.ActAnswer:
        who, reason = ops.who(request, form.actor), messages.Refusal(form.reason)
        return _done(await ops.questions.refuse(form.question, form.claim, form.parcels, reason, who))


def add_people(app: FastAPI, ops: Operations) -> None:
    """Who works here: a station and a dock alike."""

    @app.get("/api/staff")
    async def staff(_request: Request) -> f.StaffList:
        return f.StaffList(staff=[f.StaffView(staff=one.staff, name=one.name) for one in ops.station.day.staff.values()])

    @app.get("/api/worker")
    async def worker(request: Request) -> f.WorkerView:
        device = ops.device(request)
        session = ops.people.sessions.get(device)
        if session is None:
            return f.WorkerView(staff="", name="", since_ms=None, device=device)
        member = ops.station.day.staff.get(session.staff)
        name = member.name if member else ""
        return f.WorkerView(staff=session.staff, name=name, since_ms=session.since_ms, device=device)

    @app.post("/api/log-in")
    async def log_in(form: f.LogInForm, request: Request, device: Annotated[str, Depends(page_of)]) -> f.ActAnswer:
        address = request.client.host if request.client else ""
        return _done(await ops.people.log_in(form.secret, device, address))

    @app.post("/api/log-out")
    async def log_out(request: Request) -> f.ActAnswer:
        return _done(await ops.people.log_out(ops.device(request)))
