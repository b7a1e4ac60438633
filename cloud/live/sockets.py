"""One client's WebSocket as the gateway sees it, and those among them that do not read.

Leaves what they are sent to ``gateway``, and what they say to ``session``.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from socket import SO_SNDBUF, SOL_SOCKET

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import MultipleValuesError

from cloud.auth.origins import is_own_host
from cloud.auth.sessions import COOKIE
from cloud.live.meters import LiveMeters
from cloud.live.reading import Viewer
from cloud.live.session import Session

# More than this unsent makes a socket lagging: a few hundred frames on top of what the kernel holds.
LAGGING_BYTES = 64 * 1024
# What the kernel may hold of a socket (it doubles this); left alone it would grow to 4 MB for each that does not read.
_KERNEL_BYTES = 128 * 1024
_SWEEP_S = 0.05  # how soon a socket that has caught up is served again
CUT_OFF_S = 60.0  # without a byte taken


class Socket:
    """One client."""

    __slots__ = ("connection", "lagging_bytes", "lagging_since_s", "session", "viewer")

    def __init__(self, connection: ServerConnection, session: Session) -> None:
        self.connection = connection
        self.session = session
        self.viewer: Viewer | None = None
        self.lagging_bytes = 0
        self.lagging_since_s = 0.0

    @property
    def unsent_bytes(self) -> int:
        return self.connection.transport.get_write_buffer_size()

    def limit_buffer(self) -> None:
        """What waits for a client that does not read waits here, where it is seen."""
        self.connection.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, _KERNEL_BYTES)

    def cookie_token(self, public_url: str) -> str:
        """The cookie's log-in; none where another site's page opened the socket, for the browser sends the cookie all the same."""
        if self.connection.request is None:
            return ""
        headers = self.connection.request.headers
        try:
            if not is_own_host(headers.get("Origin"), headers.get("Host", ""), public_url):
                return ""
        except MultipleValuesError:
            return ""
        jar = SimpleCookie()
        try:
            for line in headers.get_all("Cookie"):
                jar.load(line)
        except CookieError:
            return ""
        return jar[COOKIE].value if COOKIE in jar else ""


class Lagging:
    """The sockets whose buffer is full. ``caught_up`` is called with each that has emptied it; ``sweep`` owns that."""

    def __init__(self, meters: LiveMeters, caught_up: Callable[[Socket], None]) -> None:
        self.sockets: set[Socket] = set()
        self._meters = meters
        self._caught_up = caught_up
        self._is_any = asyncio.Event()

    def look_at(self, sockets: Iterable[Socket]) -> None:
        """They were just handed a frame."""
        for socket in sockets:
            unsent = socket.connection.transport.get_write_buffer_size()
            if unsent > LAGGING_BYTES:
                socket.lagging_bytes, socket.lagging_since_s = unsent, time.monotonic()
                self.sockets.add(socket)
                self._is_any.set()

    def forget(self, socket: Socket) -> None:
        """It is closed."""
        self.sockets.discard(socket)

    async def sweep(self) -> None:
        """Bring back who has caught up; cut off who takes nothing. Until cancelled."""
        while True:
            await self._is_any.wait()
            now_s = time.monotonic()
            for socket in list(self.sockets):
                unsent = socket.unsent_bytes
                if unsent == 0:
                    self.sockets.discard(socket)
                    self._caught_up(socket)
                elif unsent < socket.lagging_bytes:
                    socket.lagging_bytes, socket.lagging_since_s = unsent, now_s
                elif now_s - socket.lagging_since_s > CUT_OFF_S:
                    self._meters.closed.labels("does not read").inc()
                    # No closing handshake: a frame of ours would wait behind all the others.
                    socket.connection.transport.abort()
                    self.sockets.discard(socket)
            self._meters.lagging.set(len(self.sockets))
            if not self.sockets:
                self._is_any.clear()
            await asyncio.sleep(_SWEEP_S)
