"""The outermost ring of the api: size and form of requests, security headers, one log line and one count a request.

Plain ASGI, for it must see what FastAPI never does. It is the named supervisor of requests: what nobody foresaw becomes a 500.
"""

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.api.errors import error_bytes
from cloud.api.faults import Fault, fault
from cloud.api.meters import Meters
from cloud.auth.origins import is_own_origin
from cloud.auth.sessions import COOKIE
from cloud.config import CloudConfig

# A day's orders of a whole city in one CSV; more is sent in parts.
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_PATH_BYTES = 2048
_TOO_LARGE = fault("too_large", "body", most=MAX_BODY_BYTES)

log = structlog.get_logger()


class _TooLargeError(Exception):
    """The body has grown past the limit while it was read."""


def content_policy(config: CloudConfig) -> str:
    """Content-Security-Policy: everything from here, and the live socket; of third parties a map that is configured.

    In frames nobody shows our pages, and we nobody's; only the town's page shows residents' and the stations' of its machine.
    """
    live = urlsplit(config.live_url)
    tiles = urlsplit(config.map_url)  # of a map that an operator has chosen instead of ours
    elsewhere = f" {tiles.scheme}://{tiles.netloc}" if tiles.netloc else ""
    frames = "frame-ancestors 'none'"
    if config.town_dir is not None:
        frames = "frame-ancestors 'self'; frame-src 'self' http://127.0.0.1:* http://localhost:*"
    return (
        f"default-src 'self'; connect-src 'self' {live.scheme}://{live.netloc}{elsewhere}; img-src 'self' data: blob:{elsewhere}; "
        "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        f"form-action 'self'; {frames}"
    )


class Gate:
    """Wraps the app."""

    def __init__(self, app: ASGIApp, config: CloudConfig, meters: Meters) -> None:
        self._app = app
        self._meters = meters
        self.public_url = config.public_url
        self._headers = [
            (b"content-security-policy", content_policy(config).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),  # a link's token stands in the address
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(self, scope, receive, send).run(self._app)

    def finish(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log one answered request, by its route's pattern."""
        route = getattr(scope.get("route"), "path", "none")
        self._meters.requests.labels(scope["method"] if scope["method"] in _METHODS else "other", route, status).inc()
        self._meters.seconds.labels(route).observe(seconds)
        if route not in _QUIET or status >= 500:
            log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return self._headers


def _is_foreign_write(method: str, headers: Mapping[str, str], public_url: str) -> bool:
    """A write of another site's page that nothing but the cookie would authorize. A bearer token no foreign page has."""
    is_bearer = headers.get("authorization", "").lower().startswith("bearer ")
    if method in _READS or is_bearer or COOKIE not in cookie_parser(headers.get("cookie", "")):
        return False
    return not is_own_origin(headers.get("origin"), headers.get("host", ""), public_url)


_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/health", "/metrics"})


class _Exchange:
    """One request and its answer."""

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        self._gate = gate
        self._scope = scope
        self._receive = receive
        self._send = send
        self._status = 0
        self._received = 0
        self._is_too_large = False
        self._is_refused = False

    async def run(self, app: ASGIApp) -> None:
        started_s = time.monotonic()
        try:
            refusal = self._refusal()
            if refusal:
                await self._refuse(*refusal)
            else:
                await app(self._scope, self._count, self._answer)
        except Exception:
            if self._is_too_large:
                await self._refuse(413, _TOO_LARGE)
            else:
                log.exception("request failed", route=getattr(self._scope.get("route"), "path", "none"))
                await self._refuse(500, fault("unforeseen", ""))
        finally:
            self._gate.finish(self._scope, self._status, time.monotonic() - started_s)

    def _refusal(self) -> tuple[int, Fault] | None:
        raw = self._scope.get("raw_path", b"") + b"?" + self._scope.get("query_string", b"")
        if len(raw) > MAX_PATH_BYTES:
            return 414, fault("path_too_long", "path", most=MAX_PATH_BYTES)
        if b"%00" in raw or b"\0" in raw:
            return 400, fault("nul_in_path", "path")
        for name, value in self._scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > MAX_BODY_BYTES:
                return 413, _TOO_LARGE
        if _is_foreign_write(self._scope["method"], Headers(scope=self._scope), self._gate.public_url):
            return 403, fault("foreign_page", "origin")
        return None

    async def _refuse(self, status: int, said: Fault) -> None:
        """Answer in the app's place, unless it has begun to; what it says afterwards goes nowhere."""
        if self._status:
            return
        self._is_refused = True
        self._status = status
        body = error_bytes(said)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if status == 413:
            headers.append((b"connection", b"close"))  # what is left of the body is not read
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers, *self._gate.headers]})
        await self._send({"type": "http.response.body", "body": body})

    async def _count(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > MAX_BODY_BYTES:
                self._is_too_large = True
                raise _TooLargeError
        return message

    async def _answer(self, message: Message) -> None:
        if self._is_refused:
            return
        if message["type"] == "http.response.start":
            if self._is_too_large and message["status"] != 413:
                # FastAPI has made "could not read the body" of the limit; the reader is told the truth.
                await self._refuse(413, _TOO_LARGE)
                return
            self._status = message["status"]
            message = {**message, "headers": [*message.get("headers", []), *self._gate.headers]}
        await self._send(message)
