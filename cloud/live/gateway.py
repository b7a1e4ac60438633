"""The shell around ``session`` and ``rooms``: WebSockets in, polls and hints, one fetch for all who need it, frames out.

A socket that does not read costs one buffer and delays nobody: it is left out until its buffer is empty, cut off after a minute.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Origin

from cloud.domain.notices import RoomNotice
from cloud.domain.order import iso
from cloud.live import frames
from cloud.live.meters import LiveMeters
from cloud.live.reading import Reading, TokenRefusedError, Viewer
from cloud.live.rooms import Delivery, Rooms
from cloud.live.session import Authenticate, Close, CloseCode, Effect, Join, Leave, Send, Session
from cloud.live.sockets import Lagging, Socket
from cloud.store.pool import is_unavailable
from edge.wire.clock import Clock

PATH = "/live"
POLL_S = 2.0  # a lost hint costs this much (ARCHITECTURE, decision 6)
RECHECK_S = 30.0  # a log-out or an expired link ends its sockets within this
MAX_SOCKETS = 20_000
_RETRY_S = 1.0
# Handed over in one go before other sockets' frames are looked at: some 5 ms.
_BREATH_DELIVERIES = 256
# Longer than ``sockets.CUT_OFF_S``, so that it is the gateway that judges who is slow.
_PING_TIMEOUT_S = 75.0
_PING_EVERY_S = 20.0

log = structlog.get_logger("live")


class Gateway:
    """Serves sockets while the block lasts; ``run`` owns what moves by itself."""

    def __init__(
        self,
        reading: Reading,
        clock: Clock,
        meters: LiveMeters,
        *,
        poll_s: float = POLL_S,
        recheck_s: float = RECHECK_S,
        public_url: str = "",
    ) -> None:
        self._reading = reading
        self._clock = clock
        self._meters = meters
        self._poll_s = poll_s
        self._recheck_s = recheck_s
        self._public_url = public_url
        self._rooms: Rooms[Socket] = Rooms()
        self._sockets: set[Socket] = set()
        self._lagging = Lagging(meters, self._catch_up)
        self._work = asyncio.Event()
        self._stale_since: str | None = None
        self._reached_ms = clock.now_ms()

    @asynccontextmanager
    async def listening(self, host: str, port: int, origins: tuple[str, ...] = ()) -> AsyncIterator[Server]:
        """Take sockets on this address; at the end all are closed with 1001."""
        async with serve(
            self._serve, host, port, process_request=self._look_at_request, compression=None,
            # None among them: a client that is no browser names no origin.
            origins=[*map(Origin, origins), None] if origins else None,
            max_size=frames.MAX_FRAME_BYTES, max_queue=8, ping_interval=_PING_EVERY_S, ping_timeout=_PING_TIMEOUT_S,
            open_timeout=10, close_timeout=2, server_header=None,
        ) as server:  # fmt: skip
            yield server

    async def run(self) -> None:
        """Poll, fetch, send, sweep and check until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll())
            group.create_task(self._deliver())
            group.create_task(self._lagging.sweep())
            group.create_task(self._recheck())

    def hint(self, notices: Sequence[RoomNotice]) -> None:
        """Notices came: rooms that may have moved. What they tell goes out at once; the rest is read. On the loop."""
        moved = [one for one in notices if self._rooms.hinted(one.room, one.version)]
        for one in moved:
            delivery = self._rooms.told(one, self._lagging.sockets)
            if delivery is not None:
                self._hand_over(delivery)
        news = len(moved)
        self._meters.hints.labels("yes").inc(news)
        self._meters.hints.labels("no").inc(len(notices) - news)
        if news:
            self._work.set()

    # --- one socket -------------------------------------------------------------------------------

    async def _look_at_request(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/health":
            return connection.respond(HTTPStatus.OK, "stale\n" if self._stale_since else "ok\n")
        if path != PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"the live socket is at {PATH}\n")
        if len(self._sockets) >= MAX_SOCKETS:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many sockets\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        session = Session(self._clock, time.monotonic())
        socket = Socket(connection, session)
        socket.limit_buffer()
        self._sockets.add(socket)
        self._meters.sockets.set(len(self._sockets))
        try:
            while True:
                try:
                    async with asyncio.timeout_at(_deadline(session)):
                        data = await connection.recv()
                except TimeoutError:
                    await self._apply(socket, session.check_hello(time.monotonic()))
                    continue
                await self._apply(socket, session.receive(data, time.monotonic()))
        except ConnectionClosed:
            pass
        finally:
            self._rooms.leave(session.rooms, socket)
            self._sockets.discard(socket)
            self._lagging.forget(socket)
            self._meters.sockets.set(len(self._sockets))
            self._meters.rooms.set(len(self._rooms.served))

    async def _apply(self, socket: Socket, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(frame=frame):
                    # Waits where the client does not read: then its next frames are not read either.
                    await socket.connection.send(frame, text=True)
                case Join(room=room, cursor=cursor):
                    self._rooms.join(room, socket, cursor)
                    self._meters.rooms.set(len(self._rooms.served))
                    self._work.set()
                case Leave(room=room):
                    self._rooms.leave([room], socket)
                    self._meters.rooms.set(len(self._rooms.served))
                case Authenticate(token=token):
                    await self._apply(socket, await self._admit(socket, token or socket.cookie_token(self._public_url)))
                case Close(code=code, reason=reason):
                    self._meters.closed.labels(reason if code == CloseCode.POLICY else str(code)).inc()
                    await socket.connection.close(code, reason)

    async def _admit(self, socket: Socket, token: str) -> list[Effect]:
        session = socket.session
        try:
            socket.viewer = await self._reading.viewer(token)
        except TokenRefusedError as error:
            return session.refused(str(error), "log in again, or ask for a new link")
        except Exception as error:
            if not is_unavailable(error):
                raise
            return session.unavailable()
        effects = session.admitted(socket.viewer.scope)
        if self._stale_since is not None:
            effects.append(Send(frames.stale(self._stale_since)))
        return effects

    # --- all sockets ------------------------------------------------------------------------------

    async def _poll(self) -> None:
        while True:
            try:
                self._rooms.polled(await self._reading.versions(self._rooms.served))
            except Exception as error:
                if not is_unavailable(error):
                    raise
                self._database_is_away(error)
            else:
                self._database_answers()
                if self._rooms.is_due:
                    self._work.set()
            await asyncio.sleep(self._poll_s)

    async def _deliver(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            wanted = self._rooms.fetches(self._lagging.sockets)
            if not wanted:
                continue
            began_s = time.monotonic()
            try:
                fetched = await self._reading.entries(wanted)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                self._database_is_away(error)
                self._rooms.drained({fetch.room for fetch in wanted})
                await asyncio.sleep(_RETRY_S)
                self._work.set()
                continue
            self._meters.fetch_seconds.observe(time.monotonic() - began_s)
            self._reached_ms = self._clock.now_ms()
            handed_over = 0
            for one in fetched:
                delivery = self._rooms.take(one, self._lagging.sockets)
                if delivery is not None:
                    handed_over += self._hand_over(delivery)
                    if handed_over >= _BREATH_DELIVERIES:
                        handed_over = 0
                        await asyncio.sleep(0)
            if self._rooms.is_due:
                self._work.set()

    def _hand_over(self, delivery: Delivery[Socket]) -> int:
        broadcast([socket.connection for socket in delivery.sockets], delivery.frame, text=True)
        self._lagging.look_at(delivery.sockets)
        count = len(delivery.sockets)
        self._meters.deliveries.inc(count)
        self._meters.encoded.inc()
        return count

    def _catch_up(self, socket: Socket) -> None:
        """It has read all it was sent; what came meanwhile it was not told."""
        broadcast([socket.connection], self._freshness(), text=True)
        self._rooms.drained(socket.session.rooms)
        self._work.set()

    def _freshness(self) -> bytes:
        return frames.fresh() if self._stale_since is None else frames.stale(self._stale_since)

    async def _recheck(self) -> None:
        """End sockets whose log-in or link stands no more."""
        while True:
            await asyncio.sleep(self._recheck_s)
            known = [(socket, socket.viewer) for socket in self._sockets if socket.viewer is not None and socket.session.is_open]
            if not known:
                continue
            try:
                standing = await self._reading.standing([viewer for _, viewer in known])
            except Exception as error:
                if not is_unavailable(error):
                    raise
                continue  # nobody can tell; stale is shown already
            # Each for itself: one that does not read must not hold up the others.
            async with asyncio.TaskGroup() as group:
                for (socket, before), now in zip(known, standing, strict=True):
                    if now != before:
                        group.create_task(self._change_viewer(socket, now))

    async def _change_viewer(self, socket: Socket, viewer: Viewer | None) -> None:
        socket.viewer = viewer
        if viewer is None:
            effects = socket.session.refused("this log-in or link has ended", "log in again, or ask for a new link")
        else:
            effects = socket.session.rescoped(viewer.scope)
        try:
            async with asyncio.timeout(_RETRY_S):
                await self._apply(socket, effects)
        except (ConnectionClosed, TimeoutError):
            socket.connection.transport.abort()

    def _database_is_away(self, error: BaseException) -> None:
        if self._stale_since is not None:
            return
        self._stale_since = iso(self._reached_ms)
        self._meters.stale.set(1)
        log.warning("database is away", why=str(error).partition("\n")[0], sockets=len(self._sockets))
        self._tell_all(frames.stale(self._stale_since))

    def _database_answers(self) -> None:
        self._reached_ms = self._clock.now_ms()
        if self._stale_since is None:
            return
        self._stale_since = None
        self._meters.stale.set(0)
        log.info("database is back", sockets=len(self._sockets))
        self._tell_all(frames.fresh())

    def _tell_all(self, frame: bytes) -> None:
        broadcast(
            [socket.connection for socket in self._sockets if socket.session.is_open and socket not in self._lagging.sockets],
            frame,
            text=True,
        )


def _deadline(session: Session) -> float | None:
    """When to look at the session again though nothing came; loop time is the monotonic clock."""
    return session.hello_by_s if session.is_silent else None
