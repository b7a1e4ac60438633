"""The address that phones send to: OsmAnd, Traccar Client, OwnTracks. An answer says that what came is kept.

What is read but cannot be true is in quarantine and answered 200, with what is wrong: a phone would send it again for ever.
Leaves reading to the codecs and keeping to `intake`.
"""

import base64
import binascii

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloud.positions import osmand, owntracks
from cloud.positions.intake import Intake
from cloud.positions.messages import Answer, Caller, Message
from cloud.positions.report import Report, ReportError
from cloud.store.pool import Unavailable
from cloud.store.trackers import TrackerProtocol, token_hash
from edge.wire.clock import Clock

MAX_QUERY_BYTES = 8 * 1024
_FORM = "application/x-www-form-urlencoded"
_HIDDEN = b"(token)"


class Problem(msgspec.Struct, frozen=True):
    """The body of what is not a plain success."""

    field: str
    message: str
    remedy: str


class TrackerAddress:
    """The app. ``GET``/``POST /`` for OsmAnd and Traccar Client, ``POST /owntracks`` for OwnTracks, ``GET /health``."""

    def __init__(self, intake: Intake, clock: Clock) -> None:
        self._intake = intake
        self._clock = clock

    def app(self) -> Starlette:
        """What the server runs."""
        return Starlette(
            routes=[
                Route("/", self.osmand, methods=["GET", "POST"]),
                Route("/owntracks", self.owntracks, methods=["POST"]),
                Route("/health", self.health, methods=["GET"]),
            ]
        )

    async def health(self, _request: Request) -> Response:
        """Whether fixes can be kept."""
        is_away = self._intake.is_away
        return Response("the database is away\n" if is_away else "ok\n", 503 if is_away else 200, media_type="text/plain")

    async def osmand(self, request: Request) -> Response:
        """A query, a form, or Traccar Client's JSON."""
        try:
            query = request.scope["query_string"]
            body = await _body(request, osmand.MAX_BYTES)
            if len(query) > MAX_QUERY_BYTES:
                raise ReportError("query", f"want at most {MAX_QUERY_BYTES} bytes")
            report, content = _read_osmand(query, body, request.headers.get("content-type", ""))
        except TooLongError as error:
            return _problem(413, "body", str(error), "send it in parts")
        except ReportError as error:
            return _problem(400, error.field, error.wanted, "correct the app's settings: the configuration link has them all")
        hidden = content.replace(report.device.encode(), _HIDDEN)
        caller = Caller(TrackerProtocol.OSMAND, token_hash(report.device))
        return await self._keep(Message(caller, self._clock.now_ms(), hidden, "text/plain", report))

    async def owntracks(self, request: Request) -> Response:
        """A message of OwnTracks; its token is the password of HTTP Basic."""
        token = _password(request.headers.get("authorization", ""))
        if not token:
            answer = _problem(401, "authorization", "want the app's user and password", "set up the app by its configuration link")
            answer.headers["WWW-Authenticate"] = 'Basic realm="owntracks"'
            return answer
        try:
            body = await _body(request, owntracks.MAX_BYTES)
        except TooLongError as error:
            return _problem(413, "body", str(error), "send no pictures")
        caller = Caller(TrackerProtocol.OWNTRACKS, token_hash(token))
        try:
            message = Message(caller, self._clock.now_ms(), body, "application/json", owntracks.decode(body))
        except ReportError as error:
            message = Message(caller, self._clock.now_ms(), body, "application/json", None, str(error))
        return await self._keep(message, owntracks.ANSWER)

    async def _keep(self, message: Message, good: bytes = b"") -> Response:
        try:
            answer = await self._intake.take(message)
        except Unavailable as error:
            busy = _problem(503, "", str(error), "send it again in a few seconds")
            busy.headers["Retry-After"] = "5"
            return busy
        if not answer.is_known:
            return _problem(
                403, "id", "this device is not enrolled, or was revoked", "ask the dispatcher for its configuration link"
            )
        if message.report is None:
            return _problem(400, "body", message.wrong, "correct the app's settings")
        if good:
            return Response(good, media_type="application/json")
        return _refused(answer) if answer.refused else Response(good)


class TooLongError(ValueError):
    """The body is longer than anything a phone sends."""


async def _body(request: Request, most: int) -> bytes:
    taken = bytearray()
    async for piece in request.stream():
        taken += piece
        if len(taken) > most:
            raise TooLongError(f"larger than {most} bytes")
    return bytes(taken)


def _read_osmand(query: bytes, body: bytes, content_type: str) -> tuple[Report, bytes]:
    if body and not content_type.startswith(_FORM):
        return osmand.decode_json(body), body
    content = body or query
    try:
        return osmand.decode_query(content.decode("ascii")), content
    except UnicodeDecodeError:
        raise ReportError("query", "want percent-encoded UTF-8") from None


def _password(header: str) -> str:
    scheme, _, given = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _refused(answer: Answer) -> Response:
    return JSONResponse({"kept": answer.kept, "refused": list(answer.refused)})


def _problem(status: int, field: str, message: str, remedy: str) -> Response:
    body = msgspec.json.encode({"error": Problem(field, message, remedy)})
    return Response(body, status, media_type="application/json")
