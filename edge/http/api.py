"""The staff page's local API, and the page itself where it is built. Thin: what a scan means is the station's."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from edge.devices.camera import scan_of
from edge.devices.eye_words import SymbolWord
from edge.devices.ports import DeviceError, Scanner, Triggered
from edge.devices.symbols import split_aim
from edge.dock.dock import Dock
from edge.http.acts import Operations, add_acts, page_of
from edge.http.cabinet import Doorway, add_cabinet
from edge.http.cold import Cold, add_cold
from edge.http.dock import add_dock
from edge.http.forms import CloseForm, ModeForm, ScanAnswer, ScanForm, ScanList, StatusView, TriggerForm, UndoForm
from edge.http.live import TooManyWatchersError, Watchers
from edge.http.refusals import Refusal, error_body
from edge.http.van import add_van
from edge.http.views import Views, scan_view
from edge.outbox import NotKeptError, OutboxBusyError
from edge.station.decide import ScanKind
from edge.station.rules import NoSuchModeError, RuleBook
from edge.station.station import NoSuchScanError, Who
from edge.van.van import Van
from edge.wire.ids import EventId
from edge.wire.pickup import badge_key

_NO_SCREEN = "a van has no page of its own: its driver's page is the link that dispatch sends; what is aboard is at GET /api/van"
# WebAssembly: what reads the camera's pictures, out of our own build.
_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'self'"
)

_NO_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<style>body{max-width:36rem;margin:3rem auto;padding:0 1.25rem;font:1.25rem/1.6 system-ui,sans-serif}
a{display:inline-block;padding:.75rem 1.25rem;border:2px solid;border-radius:.75rem;font-weight:700}</style>
<title>团途 Tuantu</title><h1>团途 Tuantu</h1><p>没有这个页面。请检查网址。<p lang="en">There is no such page. Check the address.
<p><a href="/">回到本站页面 · <span lang="en">This box's page</span></a></html>
"""


def make_app(
    views: Views,
    rules: RuleBook,
    ops: Operations,
    watchers: Watchers,
    scanners: Sequence[Scanner],
    cold: Cold,
    pages_dir: Path | None,
    framed_by: Sequence[str] = (),
) -> FastAPI:
    """The whole site of the agent. ``framed_by``: origins whose pages may show it in a frame."""
    app = FastAPI(title="Tuantu station", version=views.version, docs_url=None, redoc_url=None)
    _add_errors(app, " ".join((_POLICY, *framed_by)))
    _add_reading(app, views, watchers)
    _add_writing(app, views, rules, ops)
    match ops.station:
        case Dock() as dock:
            add_dock(app, dock, ops)
        case Van() as van:
            add_van(app, van, ops, views.clock)

            @app.get("/", include_in_schema=False)
            async def front() -> Response:
                raise Refusal(404, "", "the page is not here", _NO_SCREEN)
        case _:
            add_acts(app, ops)
            doorway = Doorway(ops.terminals, ops.pickups, ops.people, ops.device, has_kiosk=views.config.http.cabinet_kiosk)
            add_cabinet(app, doorway, ops.who, page_of, views.clock_view, views.config.site.name or views.config.site.id)
            app.get("/cabinet", include_in_schema=False)(_page(pages_dir, "cabinet.html"))
    add_cold(app, cold, ops)
    _add_triggers(app, scanners, views.triggered, ops)
    if not isinstance(ops.station, Van):
        _add_pages(app, pages_dir, "dock.html" if isinstance(ops.station, Dock) else "pickup.html")
    return app


def _add_reading(app: FastAPI, views: Views, watchers: Watchers) -> None:
    @app.get("/api/status")
    async def status() -> StatusView:
        return await views.status()

    @app.get("/api/scans")
    async def scans(limit: Annotated[int, Query(ge=1, le=200)] = 30) -> ScanList:
        return ScanList(scans=[scan_view(one) for one in list(views.station.results)[:limit]])

    @app.get("/api/live")
    async def live_events() -> StreamingResponse:
        return StreamingResponse(_events(watchers), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @app.websocket("/api/live")
    async def live_socket(socket: WebSocket) -> None:
        await socket.accept()
        try:
            async for text in watchers.watch():
                await socket.send_text(text)
            if watchers.has_ended:
                await socket.close(1012, "the agent stops; come back")
            else:
                await socket.close(1013, "too slow; come back")
        except TooManyWatchersError as error:
            await socket.close(1013, str(error))
        except (WebSocketDisconnect, RuntimeError):  # the page went away in the middle of a message
            return


async def _events(watchers: Watchers) -> AsyncIterator[str]:
    try:
        async for text in watchers.watch():
            yield f"data: {text}\n\n"
    except TooManyWatchersError as error:
        yield f"retry: 30000\n: {error}\n\n"


def _add_writing(app: FastAPI, views: Views, rules: RuleBook, ops: Operations) -> None:
    @app.post("/api/scan")
    async def scan(form: ScanForm, request: Request, response: Response) -> ScanAnswer:
        is_log_in = badge_key(form.text, b"") is not None  # a badge, read by a scanner that types
        who = Who(page_of(request, response)) if is_log_in else ops.who(request, form.actor)
        symbology, text = (form.symbology, form.text) if form.symbology else split_aim(form.text)
        measured = scan_of(SymbolWord(text, symbology), who.device, views.clock.now_ms(), time.monotonic())
        result = await views.station.handle(measured, who.actor)
        if result.kind is ScanKind.FAILED:
            raise Refusal(503, "text", result.detail, "make room in the data folder, then scan again", "not_kept")
        return ScanAnswer(scan=scan_view(result))

    @app.post("/api/undo")
    async def undo(form: UndoForm, request: Request) -> ScanAnswer:
        actor = ops.who(request, form.actor).actor
        try:
            event = EventId.parse(form.id) if form.id else None
        except ValueError as error:
            raise Refusal(422, "id", str(error), "take the id of a scan of GET /api/scans", "bad_request") from None
        try:
            return ScanAnswer(scan=scan_view(await views.station.undo(event, actor, form.reason)))
        except NoSuchScanError as error:
            raise Refusal(409, "id", str(error), "look at GET /api/scans for what can be undone", "no_scan") from None

    @app.post("/api/mode")
    async def mode(form: ModeForm, request: Request) -> StatusView:
        ops.who(request, "")
        try:
            await rules.choose_mode(form.mode)
        except NoSuchModeError as error:
            raise Refusal(422, "mode", str(error), "see GET /api/status for what kind of site this is", "bad_request") from None
        return await views.status()

    @app.post("/api/close-question")
    async def close_question(form: CloseForm, request: Request) -> StatusView:
        ops.who(request, "")
        ops.questions.close(form.question)
        return await views.status()


def _add_triggers(app: FastAPI, scanners: Sequence[Scanner], triggered: frozenset[str], ops: Operations) -> None:
    by_name = {scanner.name: scanner for scanner in scanners}

    @app.post("/api/devices/{name}/trigger", status_code=204)
    async def trigger(name: str, form: TriggerForm, request: Request) -> None:
        ops.who(request, "")
        scanner = by_name.get(name)
        if scanner is None:
            raise Refusal(404, "name", f"{name}: no scanner of this site", "see devices in GET /api/status", "no_device")
        if not isinstance(scanner, Triggered) or name not in triggered:
            remedy = "set trigger in its [[scanner]], or use one that has it"
            raise Refusal(409, "name", f"{name}: cannot be told to read", remedy, "no_trigger")
        try:
            await scanner.trigger(on=form.on)
        except DeviceError as error:
            message, _, remedy = str(error).partition("; ")
            raise Refusal(409, "name", message, remedy, "device_away") from None


def _add_errors(app: FastAPI, policy: str) -> None:
    @app.exception_handler(Refusal)
    async def refused(_request: Request, error: Refusal) -> JSONResponse:
        return error.response()

    @app.exception_handler(NotKeptError)
    async def not_kept(_request: Request, error: NotKeptError) -> JSONResponse:
        return JSONResponse(error_body("", str(error), "make room in the data folder, then try again", "not_kept"), 503)

    @app.exception_handler(OutboxBusyError)
    async def busy(_request: Request, error: OutboxBusyError) -> JSONResponse:
        return JSONResponse(error_body("", str(error), "wait a moment, then try again", "busy"), 503)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
        first: dict[str, Any] = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part not in ("body", "query"))
        return JSONResponse(error_body(field, first["msg"], "see GET /openapi.json for what is wanted", "bad_request"), 422)

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        is_of_a_person = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
        if error.status_code == 404 and is_of_a_person:
            return HTMLResponse(_NO_PAGE, 404, {"Cache-Control": "no-store"})
        return JSONResponse(
            error_body("", str(error.detail), "see GET /openapi.json for what there is", "nothing_here"), error.status_code
        )

    @app.middleware("http")
    async def with_policy(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = policy
        return response


def _page(pages_dir: Path | None, name: str) -> Callable[[], Awaitable[Response]]:
    page = None if pages_dir is None else pages_dir / name

    async def send() -> Response:
        if page is None or not page.is_file():
            where = "[http] pages_dir is not set" if page is None else f"{page.name} is not built"
            raise Refusal(
                404, "pages_dir", f"the page is not here: {where}", "make pages, and set [http] pages_dir to dashboards/dist"
            )
        return FileResponse(page, headers={"Cache-Control": "no-cache"})

    return send


def _add_pages(app: FastAPI, pages_dir: Path | None, name: str) -> None:
    app.get("/", include_in_schema=False)(_page(pages_dir, name))

    # What opens the page without us, its manifest and its icons.
    for file in sorted(pages_dir.glob("desk-*")) if pages_dir is not None else ():
        media_type = "application/manifest+json" if file.suffix == ".webmanifest" else None
        app.get(f"/{file.name}", include_in_schema=False)(_sender(file, media_type))

    if pages_dir is not None and (pages_dir / "assets").is_dir():
        app.mount("/assets", StaticFiles(directory=pages_dir / "assets"), name="assets")


def _sender(file: Path, media_type: str | None) -> Callable[[], Awaitable[Response]]:
    async def send() -> Response:
        return FileResponse(file, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return send
