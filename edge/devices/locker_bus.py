"""The serial line that locker boards share: one request at a time, its answer, and what boards say unasked; back after an unplug.

Leaves what is asked and what an answer means for a door to locker_board, and frames to the codecs.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import serial

from edge.devices import locker_cu16, locker_cu48, locker_wkly, locker_xor8a
from edge.devices.locker import BoardFamily, Echo, LockerBusSettings
from edge.devices.locker_exchange import BusMember, Exchange, NotSentError, flush_and_send, forget_unsent, set_rs485
from edge.devices.locker_frames import Discarded, EchoFilter, Frame, FrameDecoder, OtherFrame, Reply
from edge.devices.ports import DeviceState
from edge.devices.serial_port import open_port, read_some
from edge.devices.supervised import Supervised
from edge.wire.clock import Clock

SILENCE_S = 0.12  # ends a frame: more than a USB adapter's latency and a busy Pi, less than any board takes to answer twice
SEND_WITHIN_S = 5.0  # a request that could not be sent by then is dropped: a door must not open when nobody expects it any more
MAX_WISHES = 64  # requests waiting; overflow "refuse": whoever asks is told that it was not sent

FRAMES = {
    BoardFamily.CU16: locker_cu16.decoder,
    BoardFamily.CU48: locker_cu48.decoder,
    BoardFamily.XOR8A: locker_xor8a.decoder,
    BoardFamily.WKLY: locker_wkly.decoder,
}


@dataclass(slots=True)
class Traffic:
    """What was heard that is no frame, for the health's detail."""

    noise_bytes: int = 0
    last: str = ""

    @property
    def detail(self) -> str:
        return f"{self.noise_bytes} bytes of noise; last: {self.last}" if self.noise_bytes else ""


@dataclass(slots=True)
class _Line:
    """All that belongs to one connection."""

    port: serial.Serial
    decoder: FrameDecoder
    echo: EchoFilter
    heard_s: float = -math.inf  # the last byte, in or out
    watched_s: float = -math.inf  # the last question of the watch
    watched: int = 0
    current: Exchange | None = None
    traffic: Traffic = field(default_factory=Traffic)


class LockerBus(Supervised):
    """Boards join it one by one and leave it; the first opens the line, the last closes it, and it can't be opened again."""

    def __init__(self, settings: LockerBusSettings, clock: Clock) -> None:
        super().__init__(settings.name, settings.port, clock)
        self._settings = settings
        self._members: Mapping[int, BusMember] = {}
        self._joined = 0
        self._wishes: deque[Exchange] = deque()
        self._line: _Line | None = None
        self._port: serial.Serial | None = None
        traits = settings.traits
        self._baud = traits.baud if settings.baud is None else settings.baud
        self._wait_s = traits.wait_s if settings.wait_s is None else settings.wait_s
        self.reply_s = traits.reply_s if settings.reply_s is None else settings.reply_s

    def introduce(self, members: Mapping[int, BusMember]) -> None:
        """Its boards by address, before any joins."""
        self._members = members

    async def join(self) -> None:
        self._joined += 1
        if self._joined == 1:
            await self.__aenter__()

    async def leave(self) -> None:
        self._joined -= 1
        if self._joined == 0:
            await self.__aexit__(None, None, None)
            await self._lost()

    @property
    def traffic(self) -> Traffic:
        """Of this connection."""
        return self._line.traffic if self._line is not None else Traffic()

    async def ask(
        self,
        request: bytes,
        answers: Callable[[Reply], bool],
        *,
        reply_s: float | None = None,
        send_by_s: float | None = None,
        member: BusMember | None = None,
        on_sent: Callable[[], None] | None = None,
    ) -> Reply | None:
        """Send once, and wait for the first frame that answers. None: it was sent, or may have been, and nothing answered.

        NotSentError: certainly nothing went out, also where it could not by ``send_by_s`` (monotonic). Cancelled before its
        turn, it is not sent. ``member``: whose health the answer tells of. ``on_sent``: called once it is out, when all that
        was heard before has been dealt with.
        """
        if self._line is None:
            raise NotSentError(self.health().detail)
        if len(self._wishes) >= MAX_WISHES:
            raise NotSentError(f"{self._place}: {MAX_WISHES} requests are waiting already")
        result: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        exchange = Exchange(
            request,
            answers,
            self.reply_s if reply_s is None else reply_s,
            time.monotonic() + SEND_WITHIN_S if send_by_s is None else send_by_s,
            result,
            member,
            on_sent or _nothing,
        )
        self._wishes.append(exchange)
        return await result

    async def _open(self) -> None:
        await self._blocking(self._open_blocking)
        port = self._port
        if port is None:
            return
        known = {Echo.YES: True, Echo.NO: False}.get(self._settings.echo)
        decoder = FRAMES[self._settings.family](self._settings.board)
        self._line = _Line(port, decoder, EchoFilter(known), heard_s=time.monotonic())
        self._say(DeviceState.OK)

    def _open_blocking(self) -> None:
        # Kept by the thread itself: a cancellation that comes while it opens then still finds the port and closes it.
        self._port = open_port(self._settings.port, self._baud)
        if self._settings.rs485:
            set_rs485(self._port)

    async def _serve(self) -> None:
        line = self._line
        while line is not None:
            if line.current is None:
                await asyncio.sleep(0)  # who was just answered may have another question: not a READ_TIMEOUT_S later
                await self._begin(line)
            self._hear(line, await self._blocking(read_some, line.port))

    def _close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            forget_unsent(port)
            port.close()

    async def _lost(self) -> None:
        line, self._line = self._line, None
        if line is not None and line.current is not None:
            if line.current.may_be_sent:
                self._conclude(line, line.current, None)
            else:
                self._wishes.appendleft(line.current)
        while self._wishes:
            self._wishes.popleft().refuse(self.health().detail)

    async def _begin(self, line: _Line) -> None:
        """Send what waits longest, once the line has been silent for long enough."""
        now_s = time.monotonic()
        self._watch(line, now_s)
        for lapsed in [wish for wish in self._wishes if wish.has_lapsed]:
            self._wishes.remove(lapsed)
            lapsed.refuse(f"{self._place}: its turn did not come in time")
        if not self._wishes or now_s - line.heard_s < self._wait_s:
            return
        exchange = self._wishes.popleft()
        line.current = exchange
        stale, was_sent = await self._blocking(flush_and_send, line.port, exchange)
        self._hear_before(line, stale)
        if not was_sent:
            line.current = None
            exchange.refuse(f"{self._place}: its turn did not come in time")
            return
        line.echo.sent(exchange.request)
        exchange.on_sent()
        line.heard_s = time.monotonic()
        exchange.until_s = line.heard_s + exchange.reply_s

    def _watch(self, line: _Line, now_s: float) -> None:
        """Ask a board that nobody asks whether it is there, one after another; all of them at once after the line was opened."""
        if self._wishes or not self._members:
            return
        is_first_round = line.watched < len(self._members)
        if not is_first_round and now_s - line.watched_s < self._settings.watch_s / len(self._members):
            return
        member = list(self._members.values())[line.watched % len(self._members)]
        line.watched_s, line.watched = now_s, line.watched + 1
        address = member.codec.board.address
        self._wishes.append(
            Exchange(
                member.codec.ask_door(1),
                lambda frame: not isinstance(frame, OtherFrame) and frame.address == address,
                self.reply_s,
                now_s + SEND_WITHIN_S,
                None,  # what it tells goes to the board's health
                member,
                _nothing,
            )
        )

    def _hear_before(self, line: _Line, stale: bytes) -> None:
        """What came before the request went out answers something else."""
        current, line.current = line.current, None
        self._take(line, [*line.decoder.feed(line.echo.end() + stale), *line.decoder.end()])
        line.current = current

    def _hear(self, line: _Line, data: bytes) -> None:
        now_s = time.monotonic()
        if data:
            line.heard_s = now_s
            self._take(line, line.decoder.feed(line.echo.feed(data)))
        elif now_s - line.heard_s >= SILENCE_S and line.decoder.held:
            self._take(line, line.decoder.end())
        if line.current is not None and now_s >= line.current.until_s:
            self._take(line, [*line.decoder.feed(line.echo.end()), *line.decoder.end()])
            if line.current is not None:
                self._conclude(line, line.current, None)

    def _take(self, line: _Line, frames: list[Frame]) -> None:
        for frame in frames:
            if isinstance(frame, Discarded):
                line.traffic.noise_bytes += len(frame.raw)
                line.traffic.last = frame.reason
                continue
            member = self._members.get(frame.address)
            if member is not None:
                member.hear(frame)
            current = line.current
            if current is None:
                continue
            if isinstance(frame, OtherFrame) and frame.raw == current.request:
                if line.echo.echoes is False and self._settings.echo is Echo.DETECT:
                    line.echo.echoes = True  # its first echo was spoilt, and taken for none
            elif current.answers(frame):
                line.echo.answered()
                self._conclude(line, current, frame)

    def _conclude(self, line: _Line, exchange: Exchange, answer: Reply | None) -> None:
        line.current = None
        if exchange.member is not None:
            exchange.member.note_answer(came=answer is not None)
        exchange.conclude(answer)


def _nothing() -> None:
    """Of no interest to whoever asks."""
