"""The staff page's server: uvicorn as one part of the agent, on its own socket, without its signal handlers."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator, Sequence

import uvicorn

from edge.config import HttpSettings
from edge.devices.photo import MAX_BYTES
from edge.devices.ports import Scanner
from edge.http.acts import Operations
from edge.http.api import make_app
from edge.http.cold import Cold
from edge.http.guard import Guard, own_names
from edge.http.live import Watchers
from edge.http.photo_scan import PHOTO_SCAN
from edge.http.photos import PHOTOS
from edge.http.views import Views
from edge.photos import MAX_PHOTO_BYTES
from edge.station.rules import RuleBook

_KEPT_OPEN_S = 30  # longer than the 5 s that clients keep an idle connection: none is closed under the request that is on its way
MAX_HEARD_BYTES = 1024  # of one message at the live socket: pages only listen there


class PortTakenError(Exception):
    """The text says which, and what to do."""


class CertificateError(Exception):
    """What is to make the page secure is no such thing; the text says which file, and what to do."""


class _Server(uvicorn.Server):
    """The agent stops as a whole; uvicorn must not take its signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class PageServer:
    """``run`` until cancelled; then open streams are closed at once."""

    def __init__(
        self,
        settings: HttpSettings,
        views: Views,
        rules: RuleBook,
        ops: Operations,
        watchers: Watchers,
        scanners: Sequence[Scanner],
        cold: Cold,
    ) -> None:
        self._settings = settings
        self._watchers = watchers
        app = make_app(views, rules, ops, watchers, scanners, cold, settings.pages_dir, settings.framed_by)
        self._app = Guard(app, own_names(socket.gethostname(), settings.names), {PHOTOS: MAX_PHOTO_BYTES, PHOTO_SCAN: MAX_BYTES})

    async def run(self) -> None:
        """Serve."""
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            timeout_keep_alive=_KEPT_OPEN_S,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=MAX_HEARD_BYTES,
            timeout_graceful_shutdown=1,
            ssl_certfile=self._settings.cert_file,
            ssl_keyfile=self._settings.key_file,
        )
        server = _Server(config)
        with listen(self._settings) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                await asyncio.shield(serving)
            except asyncio.CancelledError:
                server.should_exit = True
                self._watchers.end()
                await serving
                raise


def check_certificate(settings: HttpSettings) -> None:
    """Both files, where they are named. CertificateError."""
    if settings.cert_file is None or settings.key_file is None:
        return
    remedy = "name PEM files of one certificate with its chain, and of its key without a passphrase, that the agent's user may read"
    for file in (settings.cert_file, settings.key_file):
        try:
            file.read_bytes()
        except OSError as error:
            raise CertificateError(f"[http] {file}: {error.strerror}; {remedy}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.cert_file, settings.key_file, lambda: "")
    except (ssl.SSLError, ValueError) as error:
        raise CertificateError(f"[http] {settings.cert_file}, {settings.key_file}: {error}; {remedy}") from None


def listen(settings: HttpSettings) -> socket.socket:
    """The listening socket. PortTakenError."""
    try:
        listener = socket.create_server((settings.host, settings.port), backlog=64)
    except OSError as error:
        raise PortTakenError(f"[http] {settings.host}:{settings.port}: {error.strerror}; choose another port") from None
    # Handed down to every connection. asyncio sets it only for sockets that name their protocol, which this one does not: an
    # answer's body would wait 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
