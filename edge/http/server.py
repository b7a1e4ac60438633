"""The staff page's server: uvicorn as one part of the agent, on its own socket, without its signal handlers."""

import asyncio
import contextlib
import socket
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

MAX_HEARD_BYTES = 1024  # of one message at the live socket: pages only listen there


class PortTakenError(Exception):
    """The text says which, and what to do."""


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
        app = make_app(views, rules, ops, watchers, scanners, cold, settings.pages_dir)
        self._app = Guard(app, own_names(socket.gethostname(), settings.names), {PHOTOS: MAX_PHOTO_BYTES, PHOTO_SCAN: MAX_BYTES})

    async def run(self) -> None:
        """Serve."""
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=MAX_HEARD_BYTES,
            timeout_graceful_shutdown=1,
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
