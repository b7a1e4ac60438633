"""The dock page's local API: what the plan wants, how far it is, and the acts that are no scans. Thin: all of it is the dock's."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response

from edge.dock import loading
from edge.dock.dock import Dock, NotPlannedError
from edge.dock.known import LoadNow
from edge.dock.places import SHARED
from edge.dock.progress import LoadProgress
from edge.http import dock_forms as f
from edge.http.act_forms import ActAnswer
from edge.http.act_views import article_name
from edge.http.acts import Operations, add_people, page_of
from edge.http.photo_scan import add_photo_scan
from edge.http.refusals import Refusal
from edge.http.views import scan_view
from edge.rules.custody import ContainerState
from edge.station.day import Day
from edge.station.results import ScanResult
from edge.wire.manifest import PlannedLoad

_CLOSED = (ContainerState.SEALED, ContainerState.LOADED)


def add_dock(app: FastAPI, dock: Dock, ops: Operations) -> None:
    """All of it."""
    add_people(app, ops)
    _add_looking(app, dock, ops)
    _add_places(app, dock, ops)
    _add_acts(app, dock, ops)
    add_photo_scan(app, ops.photo_reader, ops.who)

    @app.exception_handler(NotPlannedError)
    async def not_planned(_request: Request, error: NotPlannedError) -> Response:
        return Refusal(409, "", str(error), "look at GET /api/dock for what there is", "not_planned").response()


def _add_looking(app: FastAPI, dock: Dock, ops: Operations) -> None:
    @app.get("/api/dock")
    async def look(request: Request) -> f.DockView:
        return await read_dock(dock, ops.device(request))

    @app.get("/api/dock/loads")
    async def loads(run: Annotated[str, Query(max_length=500)] = "") -> f.LoadList:
        plan = dock.plan
        progress = await dock.progress.read(plan)
        wanted = plan.runs.get(run, ()) if run else (one for one in plan.loads.values() if not one.run)
        return f.LoadList(loads=[load_view(progress[one.container], dock.day) for one in wanted if one.container in progress])

    @app.get("/api/dock/articles")
    async def articles() -> f.ArticleList:
        day = dock.day
        return f.ArticleList(articles=[f.ArticleView(sku=sku, name=article_name(day, sku)) for sku in dock.plan.of_sku])

    @app.get("/api/dock/load")
    async def load(container: Annotated[str, Query(min_length=1, max_length=64)]) -> f.LoadView:
        plan = dock.plan
        progress = await dock.progress.read(plan)
        found = next((one for one in progress.values() if container == one.now.container), progress.get(container))
        if found is None:
            raise NotPlannedError(f"{container}: the plan has no such container")
        return load_view(found, dock.day)


def _add_places(app: FastAPI, dock: Dock, ops: Operations) -> None:
    @app.post("/api/dock/sit")
    async def sit(form: f.SitForm, request: Request, page: Annotated[str, Depends(page_of)]) -> f.DockView:
        ops.who(request, form.actor)
        if form.place != SHARED and form.place not in ops.scanners:
            raise Refusal(404, "place", f"{form.place}: no scanner of this site", "see devices in GET /api/status")
        await dock.sit(page, form.place)
        return await read_dock(dock, page)

    @app.post("/api/dock/share")
    async def share(form: f.SitForm, request: Request) -> f.DockView:
        ops.who(request, form.actor)
        await dock.share(form.place)
        return await read_dock(dock, ops.device(request))

    @app.post("/api/dock/run")
    async def run(form: f.RunForm, request: Request) -> f.DockView:
        device = ops.who(request, form.actor).device
        await dock.open_run(dock.seat(device), form.run)
        return await read_dock(dock, device)

    @app.post("/api/dock/stand-in")
    async def stand_in(form: f.StandInForm, request: Request) -> f.DockView:
        device = ops.who(request, form.actor).device
        await dock.await_container(dock.seat(device), form.load)
        return await read_dock(dock, device)


def _add_acts(app: FastAPI, dock: Dock, ops: Operations) -> None:
    @app.post("/api/dock/mode")
    async def mode(form: f.DockModeForm, request: Request) -> f.DockView:
        device = ops.who(request, form.actor).device
        if (seat := dock.seat(device)) == SHARED:
            await ops.rules.choose_mode(form.mode)
        else:
            await dock.choose_mode(seat, form.mode)
        return await read_dock(dock, device)

    @app.post("/api/seal")
    async def seal(form: f.SealForm, request: Request) -> ActAnswer:
        return _done(await dock.seal(form.container, ops.who(request, form.actor), is_short=form.short))

    @app.post("/api/count-goods")
    async def count_goods(form: f.CountForm, request: Request) -> ActAnswer:
        return _done(await dock.count_goods(form.container, form.sku, form.quantity, ops.who(request, form.actor)))

    @app.post("/api/take-back")
    async def take_back(form: f.EmptyForm, request: Request) -> ActAnswer:
        return _done(await dock.take_back(form.container, ops.who(request, form.actor)))

    @app.post("/api/lose")
    async def lose(form: f.LostForm, request: Request) -> ActAnswer:
        return _done(await dock.lose(form.container, form.note, ops.who(request, form.actor)))


def _done(result: ScanResult) -> ActAnswer:
    return ActAnswer(act=scan_view(result))


async def read_dock(dock: Dock, device: str) -> f.DockView:
    """The whole dock, as it is seen by a page."""
    seat = dock.seat(device)
    plan, manifest = dock.plan, dock.day.manifest
    progress = await dock.progress.read(plan)
    place = dock.places[seat]
    opened = next((one for one in progress.values() if one.now.is_bound and one.now.container == place.container), None)
    lost = [one for one in progress.values() if one.now.state is ContainerState.LOST]
    return f.DockView(
        version=manifest.version if manifest else 0,
        day=manifest.day if manifest else "",
        made_at_ms=manifest.made_at_ms if manifest else 0,
        has_staff=bool(dock.day.staff),
        device=device,
        place=_place_view(dock, seat),
        places=[_place_view(dock, name) for name in sorted(dock.places)],
        runs=[view for key, loads in plan.runs.items() if (view := run_view(key, loads, progress)) is not None],
        open=None if opened is None else load_view(opened, dock.day),
        unrouted=sum(not one.run for one in plan.loads.values()),
        lost=[load_view(one, dock.day) for one in lost],
    )


def run_view(key: str, loads: Iterable[PlannedLoad], progress: Mapping[str, LoadProgress]) -> f.RunView | None:
    """One run in numbers; None where nothing is known of it yet."""
    of_run = [progress[one.container] for one in loads if one.container in progress]
    if not of_run:
        return None
    first, states = of_run[0].now.load, [one.now.state for one in of_run]
    waiting = loading.next_to_load([one.now for one in of_run])
    return f.RunView(
        run=key,
        name=first.run,
        operator=first.operator,
        day=first.day,
        containers=len(of_run),
        sealed=sum(state in _CLOSED for state in states),
        loaded=states.count(ContainerState.LOADED),
        lost=states.count(ContainerState.LOST),
        left=sum(one.now.is_to_load for one in of_run),
        parcels=sum(len(one.now.load.parcels) for one in of_run),
        sorted=sum(one.sorted for one in of_run),
        packed=sum(len(one.now.packed) for one in of_run),
        next=waiting.load.lane if waiting else "",
        short=[_short_view(one.now) for one in of_run if one.now.state in _CLOSED and one.now.lacks],
    )


def _short_view(now: LoadNow) -> f.ShortView:
    load = now.load
    return f.ShortView(container=now.container, lane=load.lane, zone=load.zone.value, number=load.number, lacks=now.lacks)


def load_view(one: LoadProgress, day: Day) -> f.LoadView:
    """One load."""
    now, load = one.now, one.now.load
    return f.LoadView(
        load=load.container,
        container=now.container,
        bound=now.is_bound,
        state=now.state,
        operator=load.operator,
        day=load.day,
        station=load.station,
        station_name=load.station_name or load.station,
        zone=load.zone.value,
        number=load.number,
        run=load.run,
        stop=load.stop,
        lane=load.lane,
        parcels=len(load.parcels),
        sorted=one.sorted,
        packed=len(now.packed),
        lacks=list(now.lacking),
        goods=[
            f.GoodsView(sku=piece.sku, name=article_name(day, piece.sku), quantity=piece.wanted, counted=piece.counted)
            for piece in now.pieces
        ],
        lacking_pieces=now.lacking_pieces,
    )


def _place_view(dock: Dock, name: str) -> f.PlaceView:
    place = dock.places[name]
    return f.PlaceView(place=name, mode=place.mode, container=place.container, load=place.load, run=place.run)
